"""An intruder in the processes that decode strangers' files: everything it tries is refused."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import platform
import sys

import pytest

from bot.executors import pipe
from bot.executors.picture_decoder import PictureDecoder
from bot.executors.pipe import Frame
from bot.intake import inspection
from bot.intake.inspection import Inspector
from bot.ops.sandbox import _ALLOWED, _ARCHITECTURES, Confinement, ResourceLimits
from bot.settings import Settings

SPECIAL = {"clone", "clone3", "mmap", "mprotect", "tgkill"}

on_linux = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in _ARCHITECTURES,
    reason="confinement is by Linux's seccomp, on x86-64 and 64-bit ARM",
)

PICTURE = b"\x89PNG\r\n\x1a\n"
"""What the intruder is in: as far as its process knows, it is Pillow's PNG plugin."""

INTRUDER = """
import ctypes, errno, json, mmap, os, signal, socket, subprocess, sys, threading
from PIL.PngImagePlugin import PngImageFile

libc = ctypes.CDLL(None, use_errno=True)
secret, folder, parent = {secret!r}, {folder!r}, os.getppid()
listening = None
attempts = {{}}

def attempt(name):
    def register(function):
        try:
            attempts[name] = repr(function())
        except BaseException as error:
            attempts[name] = type(error).__name__
    return register

def call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def call_number(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def intrude(self):
    @attempt("read the parent's environment")
    def _(): return open(f"/proc/{{parent}}/environ", "rb").read()
    @attempt("read the parent's memory")
    def _(): return open(f"/proc/{{parent}}/mem", "rb")
    @attempt("read its own environment by path")
    def _(): return open("/proc/self/environ", "rb").read()
    @attempt("read its own memory by path")
    def _(): return open("/proc/self/mem", "rb")
    @attempt("read a file")
    def _(): return open(secret).read()
    @attempt("read a file of the system")
    def _(): return open("/etc/passwd").read()
    @attempt("look at a file")
    def _(): return os.stat(secret)
    @attempt("write a file")
    def _(): return open(f"{{folder}}/new", "w")
    @attempt("append to a file")
    def _(): return open(secret, "a")
    @attempt("delete a file")
    def _(): return os.unlink(secret)
    @attempt("rename a file")
    def _(): return os.rename(secret, secret + "2")
    @attempt("make a folder")
    def _(): return os.mkdir(f"{{folder}}/folder")
    @attempt("list a folder")
    def _(): return os.listdir("/")
    @attempt("make a file in memory")
    def _(): return os.memfd_create("new")
    @attempt("open a socket")
    def _(): return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    @attempt("open a socket of IPv6")
    def _(): return socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    @attempt("open a datagram socket")
    def _(): return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    @attempt("open a local socket")
    def _(): return socket.socket(socket.AF_UNIX)
    @attempt("open a pair of sockets")
    def _(): return socket.socketpair()
    @attempt("accept a connection")
    def _(): return listening.accept()
    @attempt("execute a program")
    def _(): return os.execv("/bin/true", ["true"])
    @attempt("start a process")
    def _(): return subprocess.run(["/bin/true"])
    @attempt("spawn a process")
    def _(): return os.posix_spawn("/bin/true", ["true"], {{}})
    @attempt("fork")
    def _(): return os.fork() or os._exit(0)
    @attempt("kill the parent")
    def _(): return os.kill(parent, signal.SIGTERM)
    @attempt("map executable memory")
    def _(): return mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    @attempt("trace another process")
    def _(): call("ptrace", 16, parent, 0, 0)
    @attempt("read another process's memory")
    def _(): call("process_vm_readv", parent, None, 0, None, 0, 0)
    @attempt("write another process's memory")
    def _(): call("process_vm_writev", parent, None, 0, None, 0, 0)
    @attempt("take a descriptor of another process")
    def _(): return os.pidfd_open(parent)
    @attempt("queue input and output past the filter")  # io_uring_setup, the same everywhere
    def _(): call_number(425, 1, ctypes.create_string_buffer(120))
    @attempt("make shared memory by path")
    def _(): return open("/dev/shm/intruder", "w")
    @attempt("make shared memory of System V")
    def _(): call("shmget", 0, 4096, 0o1600)
    @attempt("make a message queue")
    def _(): call("msgget", 0, 0o1600)
    @attempt("make a page executable")
    def _():
        libc.mmap.restype = ctypes.c_void_p
        page = libc.mmap(None, 4096, 3, 0x22, -1, 0)
        if libc.mprotect(ctypes.c_void_p(page), 4096, 5) < 0:
            raise OSError(ctypes.get_errno(), "refused")
    @attempt("make a descriptor for a timer")
    def _(): call("timerfd_create", 0, 0)
    @attempt("change its user")
    def _(): call("setresuid", 0, 0, 0)
    @attempt("make a namespace")
    def _(): call("unshare", 0x10000000)
    @attempt("become dumpable")
    def _(): call("prctl", 4, 1, 0, 0, 0)
    @attempt("duplicate a descriptor")
    def _(): return os.dup(1)
    @attempt("raise its own limits")
    def _():
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    @attempt("limit another process")
    def _():
        import resource
        resource.prlimit(parent, resource.RLIMIT_NOFILE, (0, 0))

    descriptors = []
    for number in range(1024):
        try:
            os.lseek(number, 0, os.SEEK_CUR)
            descriptors.append(number)
        except OSError as error:
            if error.errno != errno.EBADF:
                descriptors.append(number)
    allowed = []
    thread = threading.Thread(target=lambda: allowed.append(sum(range(1000))))
    thread.start(); thread.join()
    allowed.append(len(bytearray(50_000_000)))
    os.write(1, json.dumps({{
        "attempts": attempts, "allowed": allowed, "environment": dict(os.environ),
        "descriptors": [each for each in descriptors if each != listening.fileno()],
    }}).encode())
    os._exit(0)

if sys.argv[0] == "-m":  # not in the interpreters that pytest's own tools start
    listening = socket.socket(); listening.bind(("127.0.0.1", 0)); listening.listen()
PngImageFile._open = intrude
"""


async def report_from_inspection(folder):
    (folder / "picture").write_bytes(PICTURE)
    async with Inspector(Settings()) as inspector:
        process = await inspector._acquire()
        reply = await inspection._exchange(process, folder / "picture")
        await process.wait()
        return reply


async def report_from_decoding(_folder):
    process = PictureDecoder(ResourceLimits(memory_bytes=1 << 30, cpu_seconds=20)).launch()
    options = {"keep_alpha": False}
    request = Frame("decode", {"part": "content", "options": options}, (PICTURE,))
    reply, _ = process.communicate(b"".join(pipe.encode(request)))
    return reply


@pytest.fixture(
    params=[
        pytest.param(report_from_inspection, id="inspecting"),
        pytest.param(report_from_decoding, id="decoding"),
    ]
)
async def report(request, tmp_path, monkeypatch):
    """What came of each attempt, from where a stranger's bytes are decoded."""
    (tmp_path / "secret").write_text("token")
    site = tmp_path / "site"
    site.mkdir()
    intruder = INTRUDER.format(secret=str(tmp_path / "secret"), folder=str(tmp_path))
    (site / "sitecustomize.py").write_text(intruder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("DISCORD_TOKEN", "a secret token")
    monkeypatch.setenv("STYLEBOT_DATABASE_URL", "postgresql://secret@host/")
    with (tmp_path / "open").open("w") as inherited:
        os.set_inheritable(inherited.fileno(), True)
        return json.loads(await request.param(tmp_path))


@on_linux
async def test_every_attempt_of_an_intruder_is_refused(report):
    refusals = {"PermissionError", "OSError", "ValueError"}  # the last is how resource says it
    got_through = {
        name: result for name, result in report["attempts"].items() if result not in refusals
    }
    assert got_through == {}
    assert len(report["attempts"]) == 42
    assert report["descriptors"] == [0, 1, 2]
    assert not {"DISCORD_TOKEN", "STYLEBOT_DATABASE_URL"} & set(report["environment"])
    assert not any("secret" in value for value in report["environment"].values() if value)
    assert report["allowed"] == [499500, 50_000_000]  # computing goes on


@pytest.mark.parametrize("machine", _ARCHITECTURES)
def test_every_allowed_call_has_its_number(machine):
    calls = _ARCHITECTURES[machine].calls
    assert len(set(calls.values())) == len(calls)
    assert set(_ALLOWED) - set(calls) <= {"poll"}  # which 64-bit ARM never had
    assert set(calls) - set(_ALLOWED) == SPECIAL


@pytest.mark.parametrize(
    ("confinement", "words"),
    [
        (Confinement(landlock=6, seccomp=True), ()),
        (Confinement(landlock=7, seccomp=True), ()),
        (Confinement(landlock=3, seccomp=True), ("Landlock's version 3", "6.12")),
        (Confinement(landlock=0, seccomp=True), ("no Landlock", "5.13")),
        (Confinement(landlock=7, seccomp=False), ("no seccomp", "sockets")),
        (Confinement(), ("neither", "Linux", "files", "network")),
    ],
)
def test_the_operator_is_told_what_the_kernel_lacks(confinement, words):
    text = "; ".join(confinement.gaps)
    assert bool(text) == bool(words)
    assert all(word in text for word in words)


@pytest.mark.parametrize(("version", "warnings"), [(7, 0), (0, 1)])
async def test_a_start_warns_once_of_an_incomplete_confinement(
    monkeypatch, caplog, version, warnings
):
    confinement = dataclasses.asdict(Confinement(landlock=version, seccomp=True))
    monkeypatch.setattr(inspection, "PROCESS", ("-c", f"print('{json.dumps(confinement)}')"))
    with caplog.at_level(logging.WARNING, "bot.intake.inspection"):
        async with Inspector(Settings()):
            pass
    said = [each for each in caplog.messages if "not fully confined: no Landlock" in each]
    assert len(said) == warnings
