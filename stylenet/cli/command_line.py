"""Parse the arguments, run the command and turn every failure into a line and an exit status."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from stylenet.cli import (
    again_command,
    paint_command,
    recipes_command,
    resume_command,
    weights_command,
)
from stylenet.errors import StylenetError
from stylenet.threads import wait_passively

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_COMMANDS = (paint_command, again_command, resume_command, recipes_command, weights_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    The status is 0 for success, 1 for a failure, 2 for wrong usage, 70 for an unexpected error
    and 130 for an interruption. Every failure prints one line on standard error.
    """
    options = _parser().parse_args(arguments)
    wait_passively()
    try:
        return int(options.run(options))
    except KeyboardInterrupt as error:
        return _fail(str(error) or "interrupted", status=130)
    except (StylenetError, OSError, ValueError) as error:
        return _fail(str(error), status=1)
    except Exception as error:
        if options.debug:
            raise
        message = f"unexpected {type(error).__name__}: {error} (--debug shows the traceback)"
        return _fail(message, status=70)


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage in one line, like any other failure."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit with status 2."""
        self.exit(_fail(f"{message} (see {self.prog} --help)", status=2))


def _fail(message: str, *, status: int) -> int:
    line = " ".join(message.split())
    print(f"stylenet: {line}", file=sys.stderr)  # noqa: T201 - a command's own output
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=_program_name(), description="Repaint a picture in the style of another.")
    commands = parser.add_subparsers(dest="command", required=True)
    for module in _COMMANDS:
        command = module.add_parser(commands)
        command.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def _program_name() -> str:
    """Return the command as it was typed: ``stylenet``, or ``python -m stylenet``."""
    name = Path(sys.argv[0]).name
    return "python -m stylenet" if name == "__main__.py" else name
