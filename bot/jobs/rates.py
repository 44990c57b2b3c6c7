"""How fast each device paints, measured and remembered over restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.jobs.schema import rates

if TYPE_CHECKING:
    from bot.jobs.database import Database

__all__ = ["Rates"]

WEIGHT = 0.3
"""How much the newest measurement counts in the moving average."""


class Rates:
    """The table of rates, used as ``store.rates``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[tuple[str, str], float]:
        """Seconds per megapixel and pass of the recipe's budget, by device and recipe name."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(rates.c.device, rates.c.recipe, rates.c.seconds_per_megapixel_pass)
            )
            return {(device, recipe): rate for device, recipe, rate in found}

    async def learn(self, *, device: str, recipe: str, seconds_per_megapixel_pass: float) -> float:
        """Let a measurement into the moving average; gives the new average."""
        async with self._database.write() as change:
            found = await change.connection.execute(
                select(rates.c.seconds_per_megapixel_pass, rates.c.samples)
                .where(rates.c.device == device, rates.c.recipe == recipe)
                .with_for_update()
            )
            known = found.one_or_none()
            samples = 1 if known is None else known.samples + 1
            average = seconds_per_megapixel_pass
            if known is not None:
                before = known.seconds_per_megapixel_pass
                average = before + max(WEIGHT, 1 / samples) * (average - before)
            await change.upsert(
                rates,
                {
                    "device": device,
                    "recipe": recipe,
                    "seconds_per_megapixel_pass": average,
                    "samples": samples,
                },
            )
            return average
