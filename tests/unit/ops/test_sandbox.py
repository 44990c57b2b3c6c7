"""An intruder in a confined process: everything it tries is refused."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest

from bot.ops.sandbox import _ALLOWED, _ARCHITECTURES

SPECIAL = {"clone", "clone3", "mmap", "mprotect", "tgkill"}

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in _ARCHITECTURES,
    reason="confinement is by Linux's seccomp, on x86-64 and 64-bit ARM",
)

INTRUDER = """
import json, mmap, os, signal, socket, subprocess, sys, threading, ctypes
from bot.ops.sandbox import confine
attempts = {}
libc = ctypes.CDLL(None, use_errno=True)
listening = socket.socket(); listening.bind(("127.0.0.1", 0)); listening.listen()
secret, folder, parent = sys.argv[1], sys.argv[2], os.getppid()
confinement = confine()

def attempt(name):
    def register(function):
        try:
            attempts[name] = repr(function())
        except BaseException as error:
            attempts[name] = type(error).__name__
    return register

@attempt("read the parent's environment")
def _(): return open(f"/proc/{parent}/environ", "rb").read()
@attempt("read a file")
def _(): return open(secret).read()
@attempt("read its own environment by path")
def _(): return open("/proc/self/environ", "rb").read()
@attempt("write a file")
def _(): return open(f"{folder}/new", "w")
@attempt("list a folder")
def _(): return os.listdir("/")
@attempt("open a socket")
def _(): return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
@attempt("open a datagram socket")
def _(): return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
@attempt("open a local socket")
def _(): return socket.socket(socket.AF_UNIX)
@attempt("accept a connection")
def _(): return listening.accept()
@attempt("execute a program")
def _(): return os.execv("/bin/true", ["true"])
@attempt("start a process")
def _(): return subprocess.run(["/bin/true"])
@attempt("fork")
def _(): return os.fork() or os._exit(0)
@attempt("kill the parent")
def _(): return os.kill(parent, signal.SIGTERM)
@attempt("map executable memory")
def _(): return mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
@attempt("trace another process")
def _():
    if libc.ptrace(16, parent, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "refused")
@attempt("read another process's memory")
def _():
    if libc.process_vm_readv(parent, None, 0, None, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "refused")
@attempt("make a namespace")
def _():
    if libc.unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno(), "refused")
@attempt("raise its own limits")
def _():
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
@attempt("limit another process")
def _():
    import resource
    resource.prlimit(parent, resource.RLIMIT_NOFILE, (0, 0))

allowed = []
thread = threading.Thread(target=lambda: allowed.append(sum(range(1000))))
thread.start(); thread.join()
allowed.append(len(bytearray(50_000_000)))
print(json.dumps({"attempts": attempts, "allowed": allowed,
                  "landlock": confinement.landlock, "seccomp": confinement.seccomp}))
"""


@pytest.fixture(scope="module")
def intruder(tmp_path_factory):
    """What came of each attempt, by name."""
    folder = tmp_path_factory.mktemp("intruder")
    (folder / "secret").write_text("token")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            INTRUDER,
            str(folder / "secret"),
            str(folder),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "DISCORD_TOKEN": "token"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_attempt_is_refused(intruder):
    got_through = {
        name: result
        for name, result in intruder["attempts"].items()
        if result not in {"PermissionError", "OSError", "ValueError"}  # how resource says EPERM
    }
    assert got_through == {}
    assert intruder["seccomp"]


def test_computing_goes_on(intruder):
    assert intruder["allowed"] == [499500, 50_000_000]


@pytest.mark.parametrize("machine", _ARCHITECTURES)
def test_every_allowed_call_has_its_number(machine):
    calls = _ARCHITECTURES[machine].calls
    assert len(set(calls.values())) == len(calls)
    assert set(_ALLOWED) - set(calls) <= {"poll"}  # which 64-bit ARM never had
    assert set(calls) - set(_ALLOWED) == SPECIAL
