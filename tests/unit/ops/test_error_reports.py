"""Every place of the code that catches or logs an error for the operator counts it too."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import NamedTuple

import pytest

from bot import errors as tree
from bot.ops.error_report import Where

ROOT = Path(__file__).resolve().parents[3]
APART = {"playground", "demo", "migrations"}
"""Programs of their own."""

PROCESSES = {
    "bot/__main__.py": "a command prints the error and ends",
    "bot/app/self_check.py": "the command `check` prints each error",
    "bot/executors/decoding_process.py": "reported to the worker",
    "bot/executors/picture_decoder.py": "runs in the worker",
    "bot/executors/worker.py": "reported to the bot, whose executor counts it",
    "bot/intake/inspecting_process.py": "reported to the bot, whose intake counts it",
}
"""Modules without the bot's counters, and why nothing is lost."""

CONDITIONS = {
    ("bot/app/lifecycle.py", "run"): "unknown variables, named at the start",
    ("bot/delivery/outbox_worker.py", "_deliver"): "a second message, deleted again",
    ("bot/exts/backend/in_flight.py", "drain"): "the members are told; the shutdown is late",
    ("bot/intake/inspection.py", "start"): "the kernel confines less",
    ("bot/ops/health.py", "_find_problem"): "the answer of a probe",
    ("bot/scheduler/scheduler.py", "start"): "the queue was paused before",
    ("bot/scheduler/scheduler.py", "_recover_stalled"): "another process died",
}
"""Warnings without an error of this process."""

HANDED_ON = {
    ("bot/executors/execution.py", "close"): "the supervisor counts the death of the worker",
    ("bot/executors/process.py", "run"): "a failed outcome, which the job's runner counts",
    ("bot/ops/health.py", "_find_problem"): "the answer of a probe",
    ("bot/ops/logging.py", "configure_logging"): "raised again where the token is used",
}
"""Handlers that make another value of an error, which is counted where it is taken."""

NOT_LOST = (
    tree.DiscordError,  # counted by status where the request is made
    tree.Refusal,  # for members alone
    tree.ArtefactMissingError,
    tree.UnknownJobError,
)
"""Errors that a handler may take without a log line."""

LOGGING = {f"logger.{each}" for each in ("warning", "error", "critical", "exception", "log")}


FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


class Place(NamedTuple):
    """A statement and the blocks around it, innermost first."""

    file: str
    function: str
    node: ast.AST
    blocks: tuple[ast.AST, ...]

    @property
    def name(self):
        return f"{self.file}:{self.node.lineno} in {self.function}"


def _places(source, file):
    def walk(node, function, blocks):
        yield Place(file, function, node, blocks)
        if isinstance(node, FUNCTIONS):
            function = node.name
        for child in ast.iter_child_nodes(node):
            yield from walk(child, function, (node, *blocks))

    return list(walk(ast.parse(source), "", ()))


def _calls(nodes):
    return [
        ast.unparse(each.func)
        for node in nodes
        for each in ast.walk(node)
        if isinstance(each, ast.Call)
    ]


def _is_counted(nodes):
    """Whether one of the statements counts something or makes the member's reference."""
    return any(
        call in {"count_error", "report_error", "sentence_for"} or call.endswith(".inc")
        for call in _calls(nodes)
    )


def _passes_on(nodes):
    """Whether one of the statements raises an error that is not for a member alone."""
    return any(
        isinstance(each, ast.Raise) and "Refused" not in (ast.unparse(each.exc or ast.Pass()))
        for node in nodes
        for each in ast.walk(node)
    )


def _statements(place):
    """The statements that run whenever a call does: around it, up to its handler or branch."""
    found, inner = [], place.node
    for block in place.blocks:
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(block, name, ())
            if isinstance(statements, list) and inner in statements:
                found += [each for each in statements if not found or not hasattr(each, "body")]
        if isinstance(block, ast.ExceptHandler | FUNCTIONS):
            return found
        inner = block
    return found


def uncounted_log_lines(places):
    """The warnings and errors that are logged where nothing is counted."""
    for place in places:
        if not (isinstance(place.node, ast.Call) and isinstance(place.node.func, ast.Attribute)):
            continue
        if ast.unparse(place.node.func) not in LOGGING:
            continue
        statements = _statements(place)
        if not (_is_counted(statements) or _passes_on(statements)):
            yield place


def _classes(node, module):
    """The classes that an expression after `except` names; none for a parameter."""
    if isinstance(node, ast.Tuple):
        for each in node.elts:
            yield from _classes(each, module)
        return
    if isinstance(node, ast.Starred):
        node = node.value
    try:
        found = eval(ast.unparse(node), vars(module))
    except NameError:
        return
    yield from found if isinstance(found, tuple) else (found,)


def _is_for_operators(cls):
    """Whether an error of the class, or of one that it stands for, concerns the operator."""
    if cls in {OSError, Exception, BaseException, tree.StyleBotError}:
        return True
    return issubclass(cls, tree.StyleBotError) and not issubclass(cls, NOT_LOST)


def silent_handlers(places, module):
    """The handlers, and uses of `suppress`, by which an error for the operator is lost."""
    for place in places:
        match place.node:
            case ast.ExceptHandler(type=type_, body=body):
                caught = _classes(type_, module) if type_ is not None else [BaseException]
                is_silent = not (_is_counted(body) or _passes_on(body))
            case ast.Call(func=func, args=args) if ast.unparse(func).endswith("suppress"):
                caught = [cls for arg in args for cls in _classes(arg, module)]
                is_silent = True
            case _:
                continue
        if is_silent and any(map(_is_for_operators, caught)):
            yield place


def unlogged_counts(places):
    """The errors that are counted in a function without a warning."""
    for place in places:
        if not (isinstance(place.node, ast.Call) and ast.unparse(place.node.func) == "count_error"):
            continue
        function = next(each for each in place.blocks if isinstance(each, FUNCTIONS))
        if not LOGGING & set(_calls([function])):
            yield place


FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "bot").rglob("*.py")
    if not APART & set(path.parts) and path.relative_to(ROOT).as_posix() not in PROCESSES
)


def _read(file):
    return _places((ROOT / file).read_text("utf-8"), file)


def _module(file):
    return importlib.import_module(
        file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    )


def test_every_error_that_is_logged_is_counted_there():
    found = [each for file in FILES for each in uncounted_log_lines(_read(file))]
    assert [each.name for each in found if (each.file, each.function) not in CONDITIONS] == []
    assert {(each.file, each.function) for each in found} == set(CONDITIONS)


def test_every_error_that_is_counted_is_logged_there():
    found = [each for file in FILES for each in unlogged_counts(_read(file))]
    assert [each.name for each in found] == []


def test_no_handler_loses_an_error_for_the_operator():
    found = [each for file in FILES for each in silent_handlers(_read(file), _module(file))]
    assert [each.name for each in found if (each.file, each.function) not in HANDED_ON] == []
    assert {(each.file, each.function) for each in found} == set(HANDED_ON)


def test_every_part_of_the_bot_reports_errors():
    """Each member of `Where` is named where errors are reported, or tasks are owned."""
    code = "".join((ROOT / file).read_text("utf-8") for file in FILES)
    assert [each.name for each in Where if f"Where.{each.name}" not in code] == []


@pytest.mark.parametrize(
    "handler",
    [
        'except ValueError as error:\n    logger.warning("%s", error)',
        'except ValueError as error:\n    logger.error("%s", error)\n    raise PictureRefused()',
        "except StyleBotError:\n    pass",
        'except Exception:\n    logger.info("no")',
        "except (OSError, StoreUnavailableError):\n    return",
        "except WorkerDiedError as error:\n    count_error(Where.EXECUTOR, error)",
        """except ValueError as error:
    if error:
        count_error(Where.INTAKE, error)
    else:
        logger.warning("%s", error)""",
    ],
)
def test_a_place_that_reports_half_is_found(handler):
    lines = ["def run():", "    try:", "        work()", *(f"    {x}" for x in handler.split("\n"))]
    places = _places("\n".join(lines), "bot/a.py")
    assert [
        *uncounted_log_lines(places),
        *unlogged_counts(places),
        *silent_handlers(places, tree),
    ]
