"""Inspect hostile files by the bot's own inspecting process, forked instead of started anew."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import sys
import time
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, NoReturn

from bot.errors import PictureProblem, PictureRefused
from bot.executors import decoding_process, pipe
from bot.executors.pipe import Frame
from bot.intake import inspecting_process, inspection_reply
from bot.intake.inspection import Inspector
from bot.settings import Settings
from bot.views.text.errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable

HANG_SECONDS = 240.0
"""A generous wall clock: the process's own limit is in CPU seconds."""

SETTINGS = Settings(_env_file=None)
LIMITS = Inspector(SETTINGS)._limits
DECODING_LIMITS = json.dumps(
    {
        "memory_bytes": SETTINGS.inspection_memory_bytes,
        "cpu_seconds": SETTINGS.inspection_cpu_seconds,
    }
)
REQUEST = {"part": "content", "options": {"keep_alpha": True, "longest_side": 384}}
CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT})


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What came of a file.

    Attributes:
        outcome: ``"accepted"`` or the problem's name.
        failure: why this must not happen; None if all is well.
        seconds: CPU time.
        peak_bytes: resident memory, the interpreter's included.
    """

    outcome: str
    failure: str | None
    seconds: float
    peak_bytes: int


def inspect(data: bytes) -> Inspection:
    """Inspect a file within the bot's default limits; decode it as a worker would if it passes."""
    run = _run(inspecting_process.main, LIMITS, data)
    outcome, failure = _judge(run.output)
    if outcome == "accepted":
        request = b"".join(pipe.encode(Frame("decode", REQUEST, (data,))))
        decoding = _run(decoding_process.main, DECODING_LIMITS, request)
        reply = pipe.read(io.BytesIO(decoding.output)) if decoding.output else None
        if reply is None or reply.kind != "picture":
            failure = f"accepted, and then not decoded: {reply and reply.fields}"
        failure = decoding.failure or failure
        run = replace(run, seconds=max(run.seconds, decoding.seconds))
        run = replace(run, peak_bytes=max(run.peak_bytes, decoding.peak_bytes))
    return Inspection(
        outcome=outcome,
        failure=run.failure or failure,
        seconds=run.seconds,
        peak_bytes=run.peak_bytes,
    )


@dataclass(frozen=True, kw_only=True)
class _Run:
    output: bytes
    failure: str | None
    seconds: float
    peak_bytes: int


def _run(main: Callable[[], None], limits: str, data: bytes) -> _Run:
    """Fork a process of the bot's, from its own limits to its answer."""
    output, child_output = os.pipe()
    errors, child_errors = os.pipe()
    pid = os.fork()
    if pid == 0:
        _be_child(main, limits, data, child_output, child_errors)
    os.close(child_output)
    os.close(child_errors)
    answer, text, hangs = _read(output, errors)
    if hangs:
        os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    exit_code = os.waitstatus_to_exitcode(status)
    failure = None
    if hangs:
        failure = f"hangs for {HANG_SECONDS:g} s"
    elif -exit_code in CRASHES:
        failure = f"crash: {signal.Signals(-exit_code).name}"
    elif b"Traceback (" in text:  # libraries print warnings too
        failure = text.decode("utf-8", "replace")
    return _Run(
        output=answer,
        failure=failure,
        seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * 1024,
    )


def _be_child(
    main: Callable[[], None], limits: str, data: bytes, output: int, errors: int
) -> NoReturn:
    try:
        os.dup2(errors, 2)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        sys.stdout = os.fdopen(output, "w")
        sys.stdin = SimpleNamespace(buffer=io.BytesIO(data))
        sys.argv = ["", limits]
        main()
        sys.stdout.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _read(output: int, errors: int) -> tuple[bytes, bytes, bool]:
    """Return what was written to both pipes, and whether they stayed open for too long."""
    written = {output: b"", errors: b""}
    waiting, deadline = set(written), time.monotonic() + HANG_SECONDS
    while waiting and (left := deadline - time.monotonic()) > 0:
        for ready in select.select(waiting, [], [], left)[0]:
            if piece := os.read(ready, 1 << 16):
                written[ready] += piece
            else:
                waiting.discard(ready)
    for descriptor in written:
        os.close(descriptor)
    return written[output], written[errors], bool(waiting)


def _judge(reply: bytes) -> tuple[str, str | None]:
    """Return the outcome, and what is wrong with what a member would read."""
    confinement, _, report = reply.partition(b"\n")
    if not json.loads(confinement or b"{}").get("seccomp") and sys.platform == "linux":
        return "unconfined", "it was not confined"
    try:
        inspection_reply.parse_reply(report, "a.png", max_pixels=SETTINGS.max_pixels)
    except PictureRefused as refused:
        sentence = explain(refused)
        failure = None if sentence else f"no sentence for {refused}"
        if refused.problem is PictureProblem.INSPECTION_FAILED:
            return f"inspection_failed: {refused.got}", failure
        return str(refused.problem), failure
    return "accepted", None
