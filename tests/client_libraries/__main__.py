"""Run a small bot of each client library against the playground: ``make clients``.

Every library is installed from its ordinary index into an environment of its own, unmodified.
A bot logs in, becomes ready, receives a message, replies with a button, and answers a press and
a slash command. The result is a table in Markdown, on standard output.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bot.playground.server import Playground

ROOT = Path(__file__).resolve().parents[2]
BOTS = Path(__file__).with_name("bots")
ENVIRONMENTS = ROOT / ".venv" / "client-libraries"
FEATURES = ("login", "ready", "message", "reply", "button", "slash command")
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Library:
    """A client library.

    Attributes:
        name: as its users call it.
        packages: its packages in the index; first the one whose version is shown. nextcord needs
            an older setuptools than it asks for.
        script: its bot, in ``bots``.
    """

    name: str
    packages: tuple[str, ...]
    script: str

    @property
    def folder(self) -> Path:
        return ENVIRONMENTS / self.script.rpartition(".")[0]

    @property
    def is_python(self) -> bool:
        return self.script.endswith(".py")


LIBRARIES = (
    Library(name="discord.py", packages=("discord.py",), script="discord_py_bot.py"),
    Library(name="disnake", packages=("disnake",), script="disnake_bot.py"),
    Library(name="hikari", packages=("hikari",), script="hikari_bot.py"),
    Library(
        name="interactions.py",
        packages=("discord-py-interactions",),
        script="interactions_py_bot.py",
    ),
    Library(name="nextcord", packages=("nextcord", "setuptools<81"), script="nextcord_bot.py"),
    Library(name="py-cord", packages=("py-cord",), script="py_cord_bot.py"),
    Library(name="discord.js", packages=("discord.js",), script="discord_js_bot.js"),
    Library(
        name="@discordjs/core",
        packages=("@discordjs/core", "@discordjs/rest", "@discordjs/ws"),
        script="discordjs_core_bot.js",
    ),
    Library(name="eris", packages=("eris",), script="eris_bot.js"),
    Library(name="oceanic.js", packages=("oceanic.js",), script="oceanic_bot.js"),
)


def install(library: Library) -> str:
    """Install the library unless it is installed; return its version."""
    if library.is_python:
        python = library.folder / "bin" / "python"
        if not python.exists():
            _run(sys.executable, "-m", "venv", str(library.folder))
            _run(str(python), "-m", "pip", "install", "--quiet", *library.packages)
        program = f"from importlib.metadata import version; print(version({library.packages[0]!r}))"
        return _run(str(python), "-c", program)
    if not (library.folder / "node_modules").exists():
        library.folder.mkdir(parents=True, exist_ok=True)
        (library.folder / "package.json").write_text("{}", encoding="utf-8")
        command = (shutil.which("npm") or "npm", "install", "--no-audit", "--no-fund")
        _run(*command, *library.packages, folder=library.folder)
    program = (
        f"console.log(JSON.parse(require('fs').readFileSync("
        f"'node_modules/{library.packages[0]}/package.json')).version)"
    )
    return _run("node", "-e", program, folder=library.folder)


def _run(*command: str, folder: Path | None = None) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


async def exercise(library: Library) -> tuple[list[str], str]:
    """Run the library's bot; return the features that worked and what it wrote."""
    worked: list[str] = []
    async with Playground(rate_limit_scale=0) as playground:
        process = await asyncio.create_subprocess_exec(
            str(library.folder / "bin" / "python") if library.is_python else "node",
            str(_script_of(library)),
            env=_environment(library, playground),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = bytearray()
        reading = asyncio.create_task(_read(process, output))
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await _use_every_feature(playground, output, worked)
        except TimeoutError:
            pass
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await reading
    return worked, output.decode(errors="replace")


async def _use_every_feature(playground: Playground, output: bytearray, worked: list[str]) -> None:
    ada, channel = playground.scene.members[0], playground.scene.general
    await playground.wait_for(lambda: playground.gateway.online)
    worked.append("login")
    while b"ready" not in output or not playground.commands.list_commands(None):
        await asyncio.sleep(0.05)
    worked.append("ready")
    asked = playground.post_message(ada, "hello", channel=channel)
    replies = lambda: [m for m in channel.messages.values() if m.author.bot]  # noqa: E731
    await playground.wait_for(replies)
    worked.append("message")
    [reply] = replies()
    if (reply.content, reply.replied_to) == ("hello yourself", asked.id):
        worked.append("reply")
    for feature, use, answer in (
        ("button", lambda: playground.press(ada, reply, "press"), "pressed"),
        ("slash command", lambda: playground.slash(ada, "ping", channel=channel), "pong"),
    ):
        interaction = use()
        await interaction.settled.wait()
        while interaction.failed:  # pressed before the bot knew that its reply was sent
            interaction = use()
            await interaction.settled.wait()
        # A library may defer first and edit or follow up then.
        await playground.wait_for(
            lambda answer=answer: any(m.content == answer for m in channel.messages.values())
        )
        worked.append(feature)


def _script_of(library: Library) -> Path:
    """Return the bot's script, copied next to its packages for Node to find them."""
    if library.is_python:
        return BOTS / library.script
    return Path(shutil.copy(BOTS / library.script, library.folder))


def _environment(library: Library, playground: Playground) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(library.folder),
        "PLAYGROUND_API": f"{playground.url}/api/v10",
        "PLAYGROUND_API_ROOT": f"{playground.url}/api",
        "PLAYGROUND_GATEWAY": playground.gateway.url,
        "PLAYGROUND_TOKEN": playground.bot_token,
    }


async def _read(process: asyncio.subprocess.Process, output: bytearray) -> None:
    assert process.stdout is not None
    while chunk := await process.stdout.read(4096):
        output += chunk


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.client_libraries", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these libraries")
    names = parser.parse_args().names
    print(f"| library | {' | '.join(FEATURES)} |")
    print("|---|" + "---|" * len(FEATURES))
    failed = False
    for library in LIBRARIES:
        if names and library.name not in names:
            continue
        if not library.is_python and shutil.which("npm") is None:
            print(f"{library.name}: Node is not installed", file=sys.stderr)
            continue
        try:
            version = install(library)
        except subprocess.CalledProcessError as error:
            print(f"{library.name} did not install: {error.stderr}", file=sys.stderr)
            failed = True
            continue
        worked, output = asyncio.run(exercise(library))
        marks = ["yes" if feature in worked else "no" for feature in FEATURES]
        print(f"| {library.name} {version} | {' | '.join(marks)} |", flush=True)
        if "no" in marks:
            failed = True
            print(f"{library.name} wrote:\n{output}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
