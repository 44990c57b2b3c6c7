"""Where it happens: the channel, the members who keep asking, and the bot that is killed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..conftest import painting, text_of
from .bot_under_test import BotUnderTest
from .ledger import Channel

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from bot.playground.server import Playground
    from bot.settings import Settings

__all__ = ["Scene"]

MOST_UNDER_WAY = 5
"""Jobs that wait or are painted while the members go on asking."""

FEWEST_PASSES, MOST_PASSES = 2, 12
ASK_SECONDS = (0.3, 3.0)
CONNECT_SECONDS = 90.0
POLL_SECONDS = 0.004
"""How often the disk is looked at by whoever waits for a file to appear."""


class Scene:
    """Everything an aim may look at and touch.

    Attributes:
        bot: the bot in its present life.
        asked: how many requests were posted.
        deleted_cards: jobs whose card a member deleted.
    """

    def __init__(
        self, playground: Playground, settings: Settings, *, rng: random.Random, log: Path
    ) -> None:
        self.playground = playground
        self.settings = settings
        self.rng = rng
        self.channel = Channel(playground)
        self.asked = 0
        self.deleted_cards: set[str] = set()
        self.bot: BotUnderTest | None = None
        self._log = log
        self._members = playground.scene.members
        self._pictures = [(f"picture-{seed}.png", painting(seed, 72, 64)) for seed in range(6)]

    async def ensure_bot(self) -> BotUnderTest:
        """The bot, started if it is dead.

        Raises:
            AssertionError: it ended without having been killed.
        """
        if self.bot is None:
            self.bot = await BotUnderTest.start(self.settings, self._log)
        self.check_alive()
        return self.bot

    def check_alive(self) -> None:
        """Make sure that nobody but the run kills the bot."""
        assert self.bot is not None
        assert self.bot.exit_code is None, f"the bot ended by itself with {self.bot.exit_code}"

    async def connected(self) -> None:
        """Wait until the bot hears members."""
        await self._until(lambda: self.playground.gateway.online, CONNECT_SECONDS, 0.02)

    async def worker(self) -> int:
        """Wait until there is a worker process, ready or not, and give its id."""
        bot = await self.ensure_bot()
        await self._until(lambda: bot.worker() is not None, CONNECT_SECONDS, 0.05)
        return bot.worker() or 0

    def ask(self) -> None:
        """A member posts two pictures and asks for a painting."""
        member = self.rng.choice(self._members)
        passes = self.rng.randint(FEWEST_PASSES, MOST_PASSES)
        files = self.rng.sample(self._pictures, 2)
        self.playground.post_message(
            member, f"!stylize passes={passes}", channel=self.playground.scene.stylize, files=files
        )
        self.asked += 1

    async def keep_asking(self) -> None:
        """Post requests now and then, as long as not too many are under way."""
        while True:
            await asyncio.sleep(self.rng.uniform(*ASK_SECONDS))
            if self.playground.gateway.online and len(self.under_way()) < MOST_UNDER_WAY:
                self.ask()

    def under_way(self) -> list[str]:
        """The ids of the jobs that have a card and no picture yet."""
        done = {job_id for job_id, _ in self.channel.finals()}
        return [job_id for job_id, _ in self.channel.cards() if job_id not in done]

    async def some_job(self) -> None:
        """Wait until the bot is connected and there is a job under way."""
        await self.connected()
        if not self.under_way():
            self.ask()
        await self._until(self.under_way, CONNECT_SECONDS, 0.02)

    async def painting(self) -> None:
        """Wait until a card says that a step was painted in this life of the bot."""
        await self.some_job()
        await self.new_file("checkpoint-*")

    async def new_file(self, pattern: str) -> None:
        """Wait until a file that was not there appears among the jobs' artefacts."""
        await self._until(self._appearance_of(pattern), CONNECT_SECONDS, POLL_SECONDS)

    async def new_final(self) -> None:
        """Wait until another picture is in the channel."""
        known = len(self.channel.finals())
        await self._until(lambda: len(self.channel.finals()) > known, CONNECT_SECONDS, POLL_SECONDS)

    def delete_a_card(self) -> bool:
        """A member with the right to it deletes the card of a job under way."""
        under_way = set(self.under_way())
        for job_id, card in self.channel.cards():
            if job_id in under_way and "Painting" in text_of(card):
                self.playground.delete_message(self._members[0], card)
                self.deleted_cards.add(job_id)
                return True
        return False

    def _appearance_of(self, pattern: str) -> Callable[[], bool]:
        jobs = self.settings.data_dir / "artefacts" / "jobs"
        watched = [*(jobs / job_id for job_id in self.under_way())]
        known = {file for folder in watched for file in folder.glob(pattern)}
        looks = 0

        def look() -> bool:
            nonlocal looks, watched
            looks += 1
            if looks % 50 == 0:
                watched = [*(jobs / job_id for job_id in self.under_way())]
            return any(file not in known for folder in watched for file in folder.glob(pattern))

        return look

    async def _until(self, look: Callable[[], object], seconds: float, every: float) -> None:
        async with asyncio.timeout(seconds):
            while not look():
                self.check_alive()
                await asyncio.sleep(every)
