"""What a flood does to an honest member: ``python benchmarks/flood.py``.

The real bot, in a process of its own, at a local Discord with Discord's rate limits, with a worker
that only sleeps. Members of several guilds press, type and react for a minute. Meanwhile, and
before, others ask for a painting now and then; the time until their card appears is printed, with
and without the flood, with the event loop's lag, the interactions that were not answered within
Discord's three seconds, the pool's time-outs and the peak of the bot's memory. With ``--uploads``,
some requests of six large pictures each are made of another bot, and the peak of its memory is
printed too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot_process import StandInExecutor, bot_environment, noise, run_bot_until_terminated

from bot.executors.protocol import Cancelled, Finished
from bot.playground.default_scene import add_user
from bot.playground.errors import ApiError
from bot.playground.server import Playground
from stylenet.events import Losses, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from bot.executors.protocol import Event, Work
    from bot.playground.interactions.interaction_payloads import Interaction
    from bot.playground.state.records import Channel, Guild, Message, User

PATIENCE_SECONDS = 60.0
PAINTING_SECONDS = 4.0
LAG_INTERVAL = 0.02
HONEST_INTERVAL = 5.0


# The bot's process.


class SleepingExecutor(StandInExecutor):
    """Sleeps a few seconds for each job, then returns a small picture."""

    async def run(
        self, work: Work, *, stop: asyncio.Event | None = None
    ) -> AsyncGenerator[Event, None]:
        stop = stop or asyncio.Event()
        losses = Losses({"content": 1.0})
        for step in range(1, 11):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAINTING_SECONDS / 10)
            if stop.is_set():
                yield Cancelled()
                return
            yield Progress(
                step=step, total=10, scale=0, losses=losses, passes=step, seconds=step * 0.4
            )
        yield Finished(image=noise(96, 64), report={})


async def run_bot(lag_file: Path) -> None:
    """Run the bot until SIGTERM, and write down how late the event loop was, and when."""
    lags: list[tuple[float, float]] = []

    async def watch() -> None:
        while True:
            due = time.monotonic() + LAG_INTERVAL
            await asyncio.sleep(LAG_INTERVAL)
            now = time.monotonic()
            lags.append((now, now - due))

    watching = asyncio.create_task(watch())
    try:
        await run_bot_until_terminated(SleepingExecutor(), lambda: print("ready", flush=True))
    finally:
        watching.cancel()
        lag_file.write_text(json.dumps(lags))


# The other side: members at a local Discord.


@dataclass
class Bot:
    """The bot's process."""

    process: asyncio.subprocess.Process
    log: Path
    lag_file: Path

    def peak_bytes(self) -> int:
        """Largest resident memory so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def read_log(self, copy: str | None) -> str:
        """Return the log, and keep a copy if asked to."""
        log = self.log.read_text(errors="replace")
        if copy is not None:
            Path(copy).write_text(log)
        return log

    def lags(self, begin: float, end: float) -> list[float]:
        """How late the event loop was between two moments, in seconds; sorted."""
        samples = json.loads(self.lag_file.read_text())
        return sorted(lag for at, lag in samples if begin <= at <= end)


@contextlib.asynccontextmanager
async def running_bot(playground: Playground, folder: Path) -> AsyncIterator[Bot]:
    folder.mkdir()
    log, lag_file = folder / "bot.log", folder / "lags.json"
    variables = bot_environment(playground, folder)
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--bot", str(lag_file),
            env=variables, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=sink,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        if await process.stdout.readline() != b"ready\n":
            raise RuntimeError(log.read_text())
        yield Bot(process, log, lag_file)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@dataclass
class Tally:
    """What the members saw."""

    actions: int = 0
    refused: int = 0
    interactions: list[Interaction] = field(default_factory=list)

    @property
    def unanswered(self) -> int:
        return sum(interaction.failed for interaction in self.interactions)


CONTENT = ("harbour.png", noise(320, 240, seed=1))
STYLE = ("brushes.png", noise(320, 240, seed=2))
TYPED = (
    ("!queue", ()), ("!gallery", ()), ("!presets", ()), ("!help", ()), ("!style list", ()),
    ("!again", ()), ("!stylize", (CONTENT,)), ("!stylize", (CONTENT, STYLE)), ("!stylize", ()),
)  # fmt: skip
SLASHES = ("queue", "gallery", "presets", "help", "again", "cancel", "privacy", "style list")
EMOJI = ("🌌", "🌊", "🔥", "❤️", "🧩", "🪟")


class Flooder:
    """A member who acts without pause."""

    def __init__(
        self, playground: Playground, user: User, channel: Channel, tally: Tally, seed: int
    ) -> None:
        self.playground, self.user, self.channel, self.tally = playground, user, channel, tally
        self.random = random.Random(seed)

    async def run(self, interval: float) -> None:
        await asyncio.sleep(interval * self.random.random())
        actions: list[Callable[[], None]] = [self.type, self.press, self.react]
        while True:
            self.tally.actions += 1
            try:
                self.random.choice(actions)()
            except ApiError:
                self.tally.refused += 1
            await asyncio.sleep(interval)

    def type(self) -> None:
        text, files = self.random.choice(TYPED)
        self.playground.post_message(self.user, text, channel=self.channel, files=files)

    def press(self) -> None:
        pressable = [
            (message, component)
            for message in self._of_bot()
            for row in message.components
            for component in row["components"]
            if not component.get("disabled")
        ]
        if not pressable or self.random.random() < 0.4:
            name = self.random.choice(SLASHES)
            self.tally.interactions.append(
                self.playground.slash(self.user, name, channel=self.channel)
            )
            return
        message, component = self.random.choice(pressable)
        if component["type"] == 2:
            pressed = self.playground.press(self.user, message, component["custom_id"])
        else:
            value = self.random.choice(component["options"])["value"]
            pressed = self.playground.select(self.user, message, component["custom_id"], [value])
        self.tally.interactions.append(pressed)

    def react(self) -> None:
        if messages := self._of_bot():
            message = self.random.choice(messages)
            offered = [str(each.emoji["name"]) for each in message.reactions.values()]
            self.playground.react(self.user, message, self.random.choice(offered or EMOJI))

    def _of_bot(self) -> list[Message]:
        """The bot's newest messages here."""
        newest = list(self.channel.messages.values())[-60:]
        state = self.playground.state
        return [
            message
            for message in newest
            if message.author is state.bot and state.can_see(self.user.id, message)
        ]


async def ask(playground: Playground, user: User, channel: Channel, words: str) -> float:
    """Ask for a painting; return the seconds until its card, at most `PATIENCE_SECONDS`."""
    begin = time.monotonic()
    asked = playground.post_message(user, words, channel=channel, files=(CONTENT, STYLE))

    def has_card() -> bool:
        return any(
            (message.reference or {}).get("message_id") == asked.id and _is_card(message)
            for message in list(channel.messages.values())[-200:]
        )

    with contextlib.suppress(TimeoutError):
        await playground.wait_for(has_card, PATIENCE_SECONDS)
    return time.monotonic() - begin


def _is_card(message: Message) -> bool:
    return any(
        str(embed.get("footer", {}).get("text", "")).startswith("job ") for embed in message.embeds
    )


async def honest_latencies(
    playground: Playground, places: list[tuple[User, Channel]], seconds: float
) -> list[float]:
    """Let another honest member ask every few seconds, each in turn."""
    asking = []
    for number in range(int(seconds / HONEST_INTERVAL)):
        user, channel = places[number % len(places)]
        asking.append(asyncio.create_task(ask(playground, user, channel, "!stylize")))
        await asyncio.sleep(HONEST_INTERVAL)
    return [await each for each in asking]


def add_guilds(
    playground: Playground, guilds: int, members: int, honest: int
) -> tuple[list[tuple[User, Channel]], list[tuple[User, Channel]]]:
    """Add guilds with the bot; return the places of the flooders and of the honest members."""
    state = playground.state
    flooders, others = [], []
    for number in range(guilds):
        owner = add_user(state, playground.cdn, f"Owner {number}")
        guild: Guild = state.add_guild(f"Guild {number}", owner)
        bot_role = next(
            role for role in playground.scene.guild.roles.values() if role.bot_id is not None
        )
        role = state.add_role(guild, "StyleBot", bot_role.permissions)
        state.add_member(guild, state.bot, role)
        channel = state.add_channel(guild, "stylize")
        for index in range(members // guilds):
            user = add_user(state, playground.cdn, f"Flooder {number} {index}")
            state.add_member(guild, user)
            flooders.append((user, channel))
        for index in range(honest // guilds):
            user = add_user(state, playground.cdn, f"Member {number} {index}")
            state.add_member(guild, user)
            others.append((user, channel))
    # Honest members of different guilds take turns.
    each = honest // guilds
    return flooders, [place for index in range(each) for place in others[index::each]]


async def flood(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    playground = Playground(rate_limit_scale=options.rate_limits)
    flooders, honest = add_guilds(playground, options.guilds, options.members, 5 * options.guilds)
    tally = Tally()
    async with playground, running_bot(playground, folder) as bot:
        quiet_began = time.monotonic()
        quiet = await honest_latencies(playground, honest, options.quiet)
        quiet_ended = time.monotonic()
        idle_peak = bot.peak_bytes()
        acting = [
            asyncio.create_task(
                Flooder(playground, user, channel, tally, seed).run(options.interval)
            )
            for seed, (user, channel) in enumerate(flooders)
        ]
        flood_began = time.monotonic()
        honest = honest[len(quiet) % len(honest) :] + honest[: len(quiet) % len(honest)]
        asking = asyncio.create_task(honest_latencies(playground, honest, options.seconds))
        ended, _ = await asyncio.wait(
            acting, timeout=options.seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for task in ended:
            task.result()  # raises, since a flooder never ends
        flood_ended = time.monotonic()
        for task in acting:
            task.cancel()
        flooded = await asking
        await asyncio.sleep(3.5)  # until the last interaction is answered or failed
        peak = bot.peak_bytes()
    log = bot.read_log(options.keep)
    lags, quiet_lags = bot.lags(flood_began, flood_ended), bot.lags(quiet_began, quiet_ended)
    return {
        "actions": tally.actions,
        "card_seconds_quiet": _spread(quiet),
        "card_seconds_flooded": _spread(flooded),
        "cards_within_3_s": sum(seconds <= 3 for seconds in flooded),
        "cards_asked_for": len(flooded),
        "lag_ms_quiet": _percentiles(quiet_lags),
        "lag_ms_flooded": _percentiles(lags),
        "interactions": len(tally.interactions),
        "interactions_unanswered": tally.unanswered,
        "pool_timeouts": log.count("QueuePool limit"),
        "tracebacks": log.count("Traceback (most recent call last)"),
        "peak_mib_quiet": idle_peak >> 20,
        "peak_mib_flooded": peak >> 20,
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(seconds), 2),
        "max": round(max(seconds), 2),
    }


def _percentiles(lags: list[float]) -> dict[str, float]:
    def at(share: float) -> float:
        return round(1000 * lags[min(len(lags) - 1, int(share * len(lags)))], 1)

    return {"p50": at(0.5), "p99": at(0.99), "max": at(1.0)}


async def uploads(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Have members ask with six large pictures each, all at once."""
    playground = Playground(rate_limit_scale=0)
    _, places = add_guilds(playground, options.uploads, 0, options.uploads)
    side = 1777  # 9.5 million bytes
    files = [
        (f"{number}.png", noise(side, side, seed=number, compress_level=0)) for number in range(6)
    ]
    async with playground, running_bot(playground, folder) as bot:
        before = bot.peak_bytes()
        for user, channel in places:
            playground.post_message(user, "!stylize mask", channel=channel, files=files)
        bot_user = playground.state.bot

        def answered() -> list[Message]:
            return [
                message
                for _, channel in places
                for message in channel.messages.values()
                if message.author is bot_user
            ]

        with contextlib.suppress(TimeoutError):
            await playground.wait_for(lambda: len(answered()) >= len(places), 300)
        return {
            "requests": options.uploads,
            "cards": sum(map(_is_card, answered())),
            "other_answers": [each.content for each in answered() if not _is_card(each)][:2],
            "bytes_per_request": sum(len(data) for _, data in files),
            "peak_mib_before": before >> 20,
            "peak_mib": bot.peak_bytes() >> 20,
        }


async def main(options: argparse.Namespace) -> None:
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        if options.seconds > 0:
            figures |= await flood(options, Path(folder, "flood"))
        if options.uploads:
            figures["uploads"] = await uploads(options, Path(folder, "uploads"))
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        shown = (
            ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        )
        print(f"{name:26} {shown}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=20, help="who flood (default 20)")
    parser.add_argument("--guilds", type=int, default=5, help="they are in (default 5)")
    parser.add_argument("--seconds", type=float, default=60, help="of the flood (default 60)")
    parser.add_argument("--quiet", type=float, default=30, help="seconds before it (default 30)")
    parser.add_argument(
        "--interval", type=float, default=1.0, help="seconds between a member's acts (default 1)"
    )
    parser.add_argument(
        "--rate-limits", type=float, default=1.0, help="scale of Discord's; 0 for none (default 1)"
    )
    parser.add_argument(
        "--uploads", type=int, default=10, help="requests of six large pictures (default 10)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--keep", metavar="FILE", help="keep the bot's log")
    parser.add_argument("--bot", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.bot:
        asyncio.run(run_bot(chosen.bot))
    else:
        asyncio.run(main(chosen))
