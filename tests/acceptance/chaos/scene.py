"""The playground's channels, the members who ask in them, and the bots."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ..conftest import painting, text_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bot.playground.server import Playground
    from bot.playground.state.records import Channel, Message

    from .bot_under_test import BotUnderTest
    from .ledger import Ledger

__all__ = ["Scene"]

CHANNELS = 3
MAX_UNFINISHED = 5
"""Members post no further request while so many jobs are unfinished."""

MIN_PASSES, MAX_PASSES = 2, 12
ASK_SECONDS = (0.3, 3.0)
CONNECT_SECONDS = 90.0
POLL_SECONDS = 0.004
"""How often the disk is read while a new file is waited for."""

PAINTING_STARTS = 0.1
"""Share of the starts of a bot with workers that paint; the others sleep, which is cheaper."""

ABSENCE_SECONDS = 9.0
"""The longest time for which one of several bots stays away after it was killed or stopped."""


class Scene:
    """All that an aim may use.

    Attributes:
        playground: the local Discord.
        bots: the bots, running or not.
        ledger: their database and their messages.
        rng: for every choice.
        asked: how many requests were posted.
        deleted_cards: ids of the jobs whose card a member deleted.
        to_answer: requests that were in flight when a bot was stopped.
    """

    def __init__(
        self,
        playground: Playground,
        bots: Sequence[BotUnderTest],
        ledger: Ledger,
        *,
        rng: random.Random,
    ) -> None:
        self.playground = playground
        self.bots = bots
        self.ledger = ledger
        self.rng = rng
        self.asked = 0
        self.deleted_cards: set[str] = set()
        self.to_answer: list[Message] = []
        self.channels = [
            playground.scene.stylize,
            *(self.new_channel(f"stylize-{number}") for number in range(2, CHANNELS + 1)),
        ]
        self._members = playground.scene.members
        self._pictures = [(f"picture-{seed}.png", painting(seed, 72, 64)) for seed in range(6)]
        self._absent_until = dict.fromkeys(bots, 0.0)

    async def ensure_bots(self, *, all_of_them: bool = False) -> None:
        """Start the bots that are not running, except for those that stay away for a while.

        Raises:
            AssertionError: one ended without having been killed or stopped.
        """
        self.check_alive()
        stopped = [bot for bot in self.bots if not bot.is_running]
        due = [bot for bot in stopped if all_of_them or time.monotonic() > self._absent_until[bot]]
        if len(stopped) == len(self.bots):
            due = due or stopped[:1]
        for bot in due:
            await bot.start(paints=self.rng.random() < PAINTING_STARTS)

    def check_alive(self) -> None:
        """Raise an AssertionError if a bot ended by itself."""
        for bot in self.bots:
            assert bot.exit_code is None, f"a bot ended by itself with {bot.exit_code}: {bot.log}"

    def stay_away(self, bot: BotUnderTest) -> None:
        """Let a bot that was killed or stopped be started later: at once, or after a while."""
        if len(self.bots) > 1 and self.rng.random() < 0.5:
            self._absent_until[bot] = time.monotonic() + self.rng.uniform(0.0, ABSENCE_SECONDS)

    async def choose_bot(self) -> BotUnderTest:
        """Return the bot that sends or paints at this moment; any one that runs if none does."""
        running = [bot for bot in self.bots if bot.is_running]
        if len(running) > 1:
            by_pid = {bot.pid: bot for bot in running}
            for pid in await self.ledger.active_pids():
                if pid in by_pid:
                    return by_pid[pid]
        return self.rng.choice(running)

    async def worker(self) -> int:
        """Wait until a bot has a worker process, ready or not, and return its id."""
        pids: list[int] = []

        def look() -> bool:
            pids[:] = [pid for bot in self.bots if bot.is_running and (pid := bot.worker())]
            return bool(pids)

        await self.until(look, every=0.05)
        return self.rng.choice(pids)

    async def connected(self) -> None:
        """Wait until a bot hears the members."""
        await self.until(lambda: self.playground.gateway.online, every=0.02)

    def new_channel(self, name: str) -> Channel:
        """Add a channel to the guild."""
        return self.playground.add_channel(self.playground.scene.guild, name)

    def ask(self, channel: Channel | None = None, *, passes: int | None = None) -> Message:
        """Post two pictures and a request as a member, in any channel if none is given."""
        passes = passes or self.rng.randint(MIN_PASSES, MAX_PASSES)
        self.asked += 1
        return self.playground.post_message(
            self.rng.choice(self._members),
            f"!stylize passes={passes}",
            channel=channel or self.rng.choice(self.channels),
            files=self.rng.sample(self._pictures, 2),
        )

    async def keep_asking(self) -> None:
        """Post requests now and then, as long as not too many jobs are unfinished."""
        while True:
            await asyncio.sleep(self.rng.uniform(*ASK_SECONDS))
            if self.playground.gateway.online and len(self.unfinished()) < MAX_UNFINISHED:
                self.ask()

    def chat(self, channel: Channel, messages: int) -> None:
        """Post messages that are no requests."""
        for number in range(messages):
            author = self._members[number % len(self._members)]
            self.playground.post_message(author, f"message {number}", channel=channel)

    def unfinished(self) -> list[str]:
        """Return the ids of the jobs that have a card and no picture yet."""
        done = {job_id for job_id, _ in self.ledger.messages.pictures()}
        return [job_id for job_id, _ in self.ledger.messages.cards() if job_id not in done]

    async def card_in(self, channel: Channel) -> None:
        """Wait until there is a card in the channel."""
        await self.until(
            lambda: any(card.channel_id == channel.id for _, card in self.ledger.messages.cards()),
            every=POLL_SECONDS,
        )

    async def some_job(self) -> None:
        """Wait until a bot is connected and there is an unfinished job."""
        await self.connected()
        if not self.unfinished():
            self.ask()
        await self.until(self.unfinished, every=0.02)

    async def painting(self) -> None:
        """Wait until a checkpoint is written."""
        await self.some_job()
        await self.new_file("checkpoint-*")

    async def new_file(self, pattern: str) -> None:
        """Wait until a file that was not there appears among the jobs' artefacts."""
        await self.until(self._appearance_of(pattern))

    async def new_picture(self) -> None:
        """Wait until another picture is delivered."""
        known = len(self.ledger.messages.pictures())
        await self.until(lambda: len(self.ledger.messages.pictures()) > known)

    def delete_a_card(self) -> bool:
        """Delete the card of an unfinished job as a member who may."""
        unfinished = set(self.unfinished())
        for job_id, card in self.ledger.messages.cards():
            if job_id in unfinished and "Painting" in text_of(card):
                self.playground.delete_message(self._members[0], card)
                self.deleted_cards.add(job_id)
                return True
        return False

    async def until(
        self,
        look: Callable[[], object],
        *,
        seconds: float = CONNECT_SECONDS,
        every: float = POLL_SECONDS,
    ) -> None:
        """Wait until `look` finds something.

        Raises:
            TimeoutError: it does not, for so many seconds.
            AssertionError: a bot ended by itself.
        """
        async with asyncio.timeout(seconds):
            while not look():
                self.check_alive()
                await asyncio.sleep(every)

    async def settle(self, seconds: float) -> None:
        """Run every bot undisturbed until all jobs have ended and all messages are sent.

        What is still open after so many seconds is reported by the audit.
        """
        await self.ensure_bots(all_of_them=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not await self.ledger.is_settled():
                    self.check_alive()
                    await asyncio.sleep(0.2)

    def _appearance_of(self, pattern: str) -> Callable[[], bool]:
        def folders() -> list[Path]:
            return [self.ledger.artefacts / "jobs" / job_id for job_id in self.unfinished()]

        watched = folders()
        known = {file for folder in watched for file in folder.glob(pattern)}
        looks = 0

        def look() -> bool:
            nonlocal looks, watched
            looks += 1
            if looks % 50 == 0:
                watched = folders()
            return any(file not in known for folder in watched for file in folder.glob(pattern))

        return look
