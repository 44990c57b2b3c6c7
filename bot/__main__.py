"""``python -m bot``: wires and starts, nothing else."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bot.errors import StyleBotError
from bot.jobs.models import QueueMode
from bot.settings import Settings, settings_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; the process's exit status comes back, 0 for success."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ValidationError as error:
        for problem in error.errors():
            _complain(f"{_variable(problem['loc'])}: {problem['msg']}")
        return 2
    except (StyleBotError, OSError) as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="A Discord bot that repaints pictures."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, does: Callable[[argparse.Namespace], int], summary: str) -> None:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(command=does)
        if name == "demo":
            from bot.demo import add_arguments  # noqa: PLC0415 - only the demo needs it

            add_arguments(command)
        if name == "drain":
            command.add_argument(
                "--wait", action="store_true", help="return when everything accepted is done"
            )

    add("run", _run, "run the bot until it is asked to stop")
    add("demo", _demo, "a local Discord, the bot, and one painting; then a page to go on in")
    add("migrate", _migrate, "bring the database up to date, and do nothing else")
    add("check", _check, "look at settings, weights, database and disk, without connecting")
    add("settings", _settings, "every setting, as the table in docs/settings.md")
    add("commands", _commands, "every command, as the page docs/commands.md")
    add("sync", _sync, "publish the slash commands now, changed or not")
    add("pause", _mode(QueueMode.PAUSED), "accept paintings and let them wait, until `resume`")
    add("drain", _mode(QueueMode.DRAINING), "finish what was accepted, accept nothing new")
    add("resume", _mode(QueueMode.OPEN), "accept and begin paintings again")
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


def _mode(mode: QueueMode) -> Callable[[argparse.Namespace], int]:
    def tell(options: argparse.Namespace) -> int:
        from bot.app import set_mode  # noqa: PLC0415

        wait = getattr(options, "wait", False)
        print(asyncio.run(set_mode(Settings(), mode, wait=wait)))  # noqa: T201
        return 0

    return tell


def _check(_: argparse.Namespace) -> int:
    from bot.app import check  # noqa: PLC0415

    findings = asyncio.run(check(Settings()))
    for finding in findings:
        mark = "ok  " if finding.is_fine else "FAIL"
        print(f"{mark}  {finding.subject}: {finding.text}")  # noqa: T201
    return 0 if all(finding.is_fine for finding in findings) else 1


def _settings(_: argparse.Namespace) -> int:
    print(settings_table())  # noqa: T201
    return 0


def _commands(_: argparse.Namespace) -> int:
    from bot.app import describe_commands  # noqa: PLC0415

    print(asyncio.run(describe_commands(Settings())))  # noqa: T201
    return 0


def _variable(location: tuple[int | str, ...]) -> str:
    """The environment variable that set what is wrong."""
    if not location:
        return "settings"
    name = str(location[0]).upper()
    is_whole = name == "DISCORD_TOKEN" or name.startswith("STYLEBOT_")
    return name if is_whole else f"STYLEBOT_{name}"


def _complain(line: str) -> None:
    print(f"stylebot: {line}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
