"""How fast each device paints, measured and remembered over restarts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.jobs.db.schema import rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.db.engine import Database

__all__ = ["Measured", "Timings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Sums over paintings, older ones faded: all that a least-squares fit needs to know.

    Attributes:
        squares: the sum of the outer products of the efforts, row by row; an effort is divided
            by the seconds that the painting took.
        products: the sum of the efforts, which is their product with a relative time of one.
    """

    squares: tuple[float, ...]
    products: tuple[float, ...]


class Timings:
    """The table of rates, used as ``store.rates``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[tuple[str, str], Measured]:
        """What was measured, by device and recipe name."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(rates.c.device, rates.c.recipe, rates.c.squares, rates.c.products)
            )
            return {
                (device, recipe): Measured(squares=tuple(squares), products=tuple(products))
                for device, recipe, squares, products in found
            }

    async def learn(
        self, *, device: str, recipe: str, effort: Sequence[float], fading: float
    ) -> Measured:
        """Add a painting to the sums, and give the new ones.

        Args:
            device: what painted.
            recipe: by which recipe.
            effort: divided by the seconds it took.
            fading: what the earlier sums are multiplied with.
        """
        squares = [one * other for one in effort for other in effort]
        products = list(effort)
        async with self._database.write() as change:
            found = await change.connection.execute(
                select(rates.c.squares, rates.c.products)
                .where(rates.c.device == device, rates.c.recipe == recipe)
                .with_for_update()
            )
            known = found.one_or_none()
            if known is not None:
                squares = _faded(known.squares, squares, fading)
                products = _faded(known.products, products, fading)
            await change.upsert(
                rates,
                {"device": device, "recipe": recipe, "squares": squares, "products": products},
            )
        return Measured(squares=tuple(squares), products=tuple(products))


def _faded(old: Sequence[float], new: Sequence[float], fading: float) -> list[float]:
    return [fading * before + now for before, now in zip(old, new, strict=True)]
