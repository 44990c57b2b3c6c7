"""The command line: ``stylebot`` or ``python -m bot``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bot.errors import StyleBotError
from bot.jobs.models import QueueMode
from bot.settings import Settings
from bot.settings_check import INVALID_FILE, describe_invalid
from bot.settings_page import settings_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.app import CheckResult

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit status, 0 for success."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ValidationError as error:
        for line in describe_invalid(error):
            _print_error(line)
        return 2
    except INVALID_FILE as error:
        _print_error(f"the file .env cannot be read: {error}")
        return 2
    except (StyleBotError, OSError) as error:
        _print_error(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_program_name(), description="A Discord bot that repaints pictures by style transfer."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, run: Callable[[argparse.Namespace], int], summary: str) -> None:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(command=run)
        if name == "demo":
            from bot.demo import add_arguments  # noqa: PLC0415 - only the demo needs it

            add_arguments(command)
        if name == "drain":
            command.add_argument(
                "--wait", action="store_true", help="return when no job is queued or running"
            )

    add("run", _run, "run the bot until SIGINT (Ctrl-C) or SIGTERM")
    add(
        "demo",
        _demo,
        "start a local Discord and the bot, paint one picture, then serve a chat page",
    )
    add("migrate", _migrate, "update the database's schema and exit")
    add("check", _check, "try everything that a start needs, without connecting to Discord")
    add("settings", _settings, "print all settings as Markdown (docs/settings.md)")
    add("commands", _commands, "print all Discord commands as Markdown (docs/commands.md)")
    add("sync", _sync, "publish the slash commands, changed or not")
    add("pause", _set_mode(QueueMode.PAUSED), "accept jobs but start none until `resume`")
    add(
        "drain",
        _set_mode(QueueMode.DRAINING),
        "finish the accepted jobs and accept no new ones until `resume`",
    )
    add("resume", _set_mode(QueueMode.OPEN), "accept and start jobs again")
    return parser


def _run(_: argparse.Namespace) -> int:
    from bot.app import run  # noqa: PLC0415 - other subcommands do not need all of it

    asyncio.run(run(Settings()))
    return 0


def _demo(options: argparse.Namespace) -> int:
    from bot.demo import run_demo  # noqa: PLC0415 - only the demo needs it

    return run_demo(options)


def _migrate(_: argparse.Namespace) -> int:
    from bot.app import migrate  # noqa: PLC0415

    print(asyncio.run(migrate(Settings())))  # noqa: T201 - this is a command line
    return 0


def _sync(_: argparse.Namespace) -> int:
    from bot.app import publish  # noqa: PLC0415

    print(asyncio.run(publish(Settings())))  # noqa: T201
    return 0


def _set_mode(mode: QueueMode) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        from bot.app import set_mode  # noqa: PLC0415

        wait = getattr(options, "wait", False)
        print(asyncio.run(set_mode(Settings(), mode, wait=wait)))  # noqa: T201
        return 0

    return run


def _check(_: argparse.Namespace) -> int:
    from bot.app import check  # noqa: PLC0415

    def report(result: CheckResult) -> None:
        mark = "ok  " if result.passed else "FAIL"
        print(f"{mark}  {result.subject}: {result.text}", flush=True)  # noqa: T201

    return 0 if asyncio.run(check(Settings(), report=report)) else 1


def _settings(_: argparse.Namespace) -> int:
    print(settings_page())  # noqa: T201
    return 0


def _commands(_: argparse.Namespace) -> int:
    from bot.app import describe_commands  # noqa: PLC0415

    print(asyncio.run(describe_commands(Settings())))  # noqa: T201
    return 0


def _program_name() -> str:
    """Return the command as it was typed: ``stylebot``, or ``python -m bot``."""
    name = Path(sys.argv[0]).name
    return "python -m bot" if name == "__main__.py" else name


def _print_error(line: str) -> None:
    print(f"stylebot: {line}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
