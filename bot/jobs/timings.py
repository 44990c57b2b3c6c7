"""Measured speed of each device, kept across restarts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.jobs.db.schema import timings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.db.engine import Database

__all__ = ["TimingSums", "Timings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimingSums:
    """The sums that a least-squares fit of run times needs, with older runs decayed.

    The fit is ``effort · cost = 1``, where a run's effort is divided by its run time in seconds.

    Attributes:
        squares: the normal matrix, row by row: the sum of the efforts' outer products.
        products: the right-hand side: the sum of the efforts.
    """

    squares: tuple[float, ...]
    products: tuple[float, ...]


class Timings:
    """The table of timings, as ``store.timings``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_all(self) -> dict[tuple[str, str], TimingSums]:
        """Return the sums by device and recipe name."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(timings.c.device, timings.c.recipe, timings.c.squares, timings.c.products)
            )
            return {
                (device, recipe): TimingSums(squares=tuple(squares), products=tuple(products))
                for device, recipe, squares, products in found
            }

    async def add(
        self, *, device: str, recipe: str, effort: Sequence[float], fading: float
    ) -> TimingSums:
        """Add a run to the sums and return them.

        Args:
            device: the device's name.
            recipe: the recipe's name.
            effort: the run's effort, divided by its run time in seconds.
            fading: factor that the earlier sums are multiplied by, from 0 to 1.
        """
        squares = [one * other for one in effort for other in effort]
        products = list(effort)
        async with self._database.write() as change:
            found = await change.connection.execute(
                select(timings.c.squares, timings.c.products)
                .where(timings.c.device == device, timings.c.recipe == recipe)
                .with_for_update()
            )
            known = found.one_or_none()
            if known is not None:
                squares = _add_decayed(known.squares, squares, fading)
                products = _add_decayed(known.products, products, fading)
            await change.upsert(
                timings,
                {"device": device, "recipe": recipe, "squares": squares, "products": products},
            )
        return TimingSums(squares=tuple(squares), products=tuple(products))


def _add_decayed(old: Sequence[float], new: Sequence[float], fading: float) -> list[float]:
    return [fading * before + now for before, now in zip(old, new, strict=True)]
