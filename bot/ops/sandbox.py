"""Confine this process to computing: no files, no network, no other programs, for good.

For processes that decode a stranger's bytes. Four features of the Linux kernel, none of which
needs a privilege; each that is there is used, and each alone holds against part of the list:

- ``no_new_privs``, and not dumpable: nothing can be gained by executing, nor read out of memory;
- Landlock: no path can be opened, no TCP port reached, no other process signalled;
- seccomp: of about 350 system calls those of `_ALLOWED` are left, which serve memory, threads,
  time and the descriptors that are open already. Anything else fails with ``EPERM``.

The calls are made through ctypes: libseccomp and Landlock's Python package are not everywhere,
and what is needed of them is shorter than their wiring. Numbers and structures are those of
Linux's ``uapi`` headers (``linux/landlock.h``, ``linux/seccomp.h``, ``linux/filter.h``).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Confinement", "ResourceLimits", "clean_environment", "confine"]

_INHERITED_VARIABLES: Final = (
    "PATH",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "LANG",
    "LC_ALL",
)
"""The only variables that a process that decodes gets; no secret is among them."""

_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2

_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_VERSION: Final = 1
# By the first version of the interface that knows them: rights of files, of TCP, and scopes.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}  # how many of the bits, counted from the lowest
_NETWORK_RIGHTS_SINCE, _NETWORK_RIGHTS = 4, 0b11
_SCOPES_SINCE, _SCOPES = 6, 0b11

_RET_KILL_PROCESS: Final = 0x8000_0000
_RET_ERRNO: Final = 0x0005_0000
_RET_ALLOW: Final = 0x7FFF_0000
_EPERM, _ENOSYS = 1, 38
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # in struct seccomp_data
_X32_CALLS: Final = 0x4000_0000
_PROT_EXEC: Final = 0x4
_CLONE_THREAD: Final = 0x0001_0000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Architecture:
    """A processor's audit number and its numbers of the system calls named in `_ALLOWED`."""

    audit: int
    calls: dict[str, int]


_ALLOWED: Final = (
    *("read", "write", "readv", "writev", "pread64", "lseek", "close", "fstat", "poll", "ppoll"),
    *("munmap", "mremap", "madvise", "brk", "futex", "membarrier", "rseq", "set_robust_list"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "set_tid_address"),
    *("clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "times"),
    *("getpid", "gettid", "getrusage", "sysinfo", "uname", "sched_yield", "sched_getaffinity"),
    *("getrandom", "exit", "exit_group"),
)

# fmt: off
_ARCHITECTURES: Final = {
    "x86_64": _Architecture(audit=0xC000_003E, calls={
        "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9,
        "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14,
        "rt_sigreturn": 15, "pread64": 17, "readv": 19, "writev": 20, "sched_yield": 24,
        "mremap": 25, "madvise": 28, "nanosleep": 35, "getpid": 39, "clone": 56, "exit": 60,
        "uname": 63, "gettimeofday": 96, "getrusage": 98, "sysinfo": 99, "times": 100,
        "sigaltstack": 131, "gettid": 186, "futex": 202, "sched_getaffinity": 204,
        "set_tid_address": 218, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230,
        "exit_group": 231, "tgkill": 234, "ppoll": 271, "set_robust_list": 273,
        "getrandom": 318, "membarrier": 324, "rseq": 334, "clone3": 435,
    }),
    "aarch64": _Architecture(audit=0xC000_00B7, calls={
        "close": 57, "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66,
        "pread64": 67, "ppoll": 73, "fstat": 80, "exit": 93, "exit_group": 94,
        "set_tid_address": 96, "futex": 98, "set_robust_list": 99, "nanosleep": 101,
        "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115,
        "sched_getaffinity": 123, "sched_yield": 124, "tgkill": 131, "sigaltstack": 132,
        "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "times": 153,
        "uname": 160, "getrusage": 165, "gettimeofday": 169, "getpid": 172, "gettid": 178,
        "sysinfo": 179, "brk": 214, "munmap": 215, "mremap": 216, "clone": 220, "mmap": 222,
        "mprotect": 226, "madvise": 233, "getrandom": 278, "membarrier": 283,
        "rseq": 293, "clone3": 435,
    }),
}
# fmt: on


_NO_CONFINEMENT: Final = (
    "neither Landlock nor seccomp (both are Linux's): a member's file that exploits a decoder can "
    "read this user's files and reach the network; run the bot on Linux 5.13 or later, or in a "
    "container that holds nothing else"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Confinement:
    """What holds this process from now on.

    Attributes:
        landlock: the version of Landlock's interface in force; 0 where the kernel has none.
        seccomp: whether system calls are filtered.
    """

    landlock: int = 0
    seccomp: bool = False

    @property
    def gaps(self) -> tuple[str, ...]:
        """What this system lacks and what that means, for the operator; empty if it is nothing."""
        if not self.landlock and not self.seccomp:
            return (_NO_CONFINEMENT,)
        gaps = []
        if not self.seccomp:
            gaps.append(
                "no seccomp (switched off, or neither x86-64 nor 64-bit ARM): files are closed by "
                "Landlock, but a file that exploits a decoder can use sockets and start processes"
            )
        if not self.landlock:
            gaps.append(
                "no Landlock (Linux 5.13 and later have it, if it is not switched off): files and "
                "network are closed by seccomp alone, without a second layer"
            )
        elif self.landlock < _SCOPES_SINCE:
            gaps.append(
                f"Landlock's version {self.landlock} of {_SCOPES_SINCE} (Linux 6.12 has it): "
                "signals and the network are closed by seccomp alone, without a second layer"
            )
        return tuple(gaps)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceLimits:
    """Limits of a process that decodes.

    Attributes:
        memory_bytes: address space.
        cpu_seconds: CPU time.
    """

    memory_bytes: int
    cpu_seconds: int

    def apply(self) -> None:
        """Limit this process for good; do nothing where the system has no such limits.

        Hard limits are set, so that code injected by a malicious picture cannot raise them.
        """
        if sys.platform == "win32":
            return
        import resource  # noqa: PLC0415 - not on Windows

        limits = {
            resource.RLIMIT_CPU: self.cpu_seconds,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_CORE: 0,
        }
        if sys.platform == "linux":  # other systems do not enforce it usefully
            limits[resource.RLIMIT_AS] = self.memory_bytes
        for which, limit in limits.items():
            resource.setrlimit(which, (limit, limit))


def clean_environment() -> dict[str, str]:
    """Return the environment for a process that decodes, without secrets."""
    inherited = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
    # Every BLAS thread reserves address space, which is limited; none is needed.
    return inherited | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}


def confine() -> Confinement:
    """Give up files, network and other programs, as far as the kernel allows it.

    Everything that will be needed must be imported and open by now. Where a layer is missing
    (another system, an old kernel, a container that forbids it) the others still hold.
    """
    if sys.platform != "linux":
        return Confinement()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return Confinement()
    # seccomp last: Landlock's own calls are not among those that it leaves.
    landlock = _restrict_by_landlock(libc)
    return Confinement(landlock=landlock, seccomp=_filter_system_calls(libc))


def _restrict_by_landlock(libc: ctypes.CDLL) -> int:
    """Allow no path, port or signal; returns the version in force, or 0."""
    version = int(libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_VERSION))
    if version < 1:
        return 0
    bits = max(count for since, count in _FILE_RIGHTS.items() if since <= version)
    fields = [(1 << bits) - 1]
    if version >= _NETWORK_RIGHTS_SINCE:
        fields.append(_NETWORK_RIGHTS)
    if version >= _SCOPES_SINCE:
        fields.append(_SCOPES)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return 0
    try:
        return version if libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _filter_system_calls(libc: ctypes.CDLL) -> bool:
    architecture = _ARCHITECTURES.get(platform.machine())
    if architecture is None:
        return False
    program = b"".join(_instructions(architecture, own_pid=os.getpid()))
    code = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        """``struct sock_fprog``."""

        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    wanted = Program(len(program) // 8, ctypes.addressof(code))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(wanted), 0, 0) == 0)


def _instructions(architecture: _Architecture, *, own_pid: int) -> Iterator[bytes]:
    """The filter, as BPF: an instruction is 8 bytes, a jump counts instructions to skip."""

    def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_true, if_false, value)

    def argument(index: int) -> bytes:  # the lower half; these architectures are little-endian
        return instruction(_LOAD, _ARGUMENTS_AT + 8 * index)

    calls, refuse = architecture.calls, instruction(_RETURN, _RET_ERRNO | _EPERM)
    allow = instruction(_RETURN, _RET_ALLOW)
    yield instruction(_LOAD, _ARCHITECTURE_AT)
    yield instruction(_JUMP_EQUAL, architecture.audit, if_true=1)
    yield instruction(_RETURN, _RET_KILL_PROCESS)
    yield instruction(_LOAD, _NUMBER_AT)
    yield instruction(_JUMP_AT_LEAST, _X32_CALLS, if_false=1)
    yield refuse
    for name in _ALLOWED:
        if name in calls:  # some are of one architecture only
            yield instruction(_JUMP_EQUAL, calls[name], if_false=1)
            yield allow
    # glibc asks for clone where clone3, whose flags no filter can see, is missing.
    yield instruction(_JUMP_EQUAL, calls["clone3"], if_false=1)
    yield instruction(_RETURN, _RET_ERRNO | _ENOSYS)
    for name, index, code, value, is_allowed in (
        ("clone", 0, _JUMP_BITS, _CLONE_THREAD, True),  # threads, no processes
        ("mmap", 2, _JUMP_BITS, _PROT_EXEC, False),
        ("mprotect", 2, _JUMP_BITS, _PROT_EXEC, False),
        ("tgkill", 0, _JUMP_EQUAL, own_pid, True),  # abort()
    ):
        yield instruction(_JUMP_EQUAL, calls[name], if_false=4)
        yield argument(index)
        yield instruction(code, value, if_false=1)
        yield allow if is_allowed else refuse
        yield refuse if is_allowed else allow
    yield refuse
