"""What a running painting says of itself, step by step. Free of torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

__all__ = ["Checkpoint", "Losses", "Painting", "PaintingEvent", "Progress", "Snapshot"]


class Losses(Mapping[str, float]):
    """The weighted terms of the loss by name, such as ``"content"``; immutable.

    The names are those of the terms in `stylenet.losses.loss.TERMS`. They are kept in
    alphabetical order, so that the same terms always have the same total.
    """

    __slots__ = ("_terms",)

    def __init__(self, terms: Mapping[str, float]) -> None:
        self._terms = dict(sorted(terms.items()))

    def __getitem__(self, name: str) -> float:
        """Return the value of a term.

        Raises:
            KeyError: there is no term of this name.
        """
        return self._terms[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._terms)

    def __len__(self) -> int:
        """Return the number of terms."""
        return len(self._terms)

    def __repr__(self) -> str:
        """Show the terms."""
        return f"Losses({self._terms})"

    @property
    def total(self) -> float:
        """The sum of the terms."""
        return sum(self._terms.values())

    def with_total(self) -> dict[str, float]:
        """Return the terms and, under ``"total"``, their sum."""
        return {**self._terms, "total": self.total}


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """One optimiser step is done.

    Attributes:
        step: steps done so far, from 1.
        total: steps in all, over every scale, as far as can be foreseen: a step that needs
            more than one trial takes from the budget of later ones.
        scale: pyramid level being painted, from 0.
        losses: the losses after this step, down to the deepest layer that is minimised; during
            a draft they are the reduced network's.
        passes: full-size-equivalent VGG forward+backward passes spent so far.
        seconds: wall-clock seconds spent on painting so far, over every resumption.
    """

    step: int
    total: int
    scale: int
    losses: Losses
    passes: float
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Snapshot:
    """The picture as it stands.

    Attributes:
        step: steps done so far; 0 is the start, before any step.
        pixels: (height, width, 3) uint8 sRGB.
        losses: the losses at this picture, None at step 0.
    """

    step: int
    pixels: Pixels
    losses: Losses | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Checkpoint:
    """All that is needed to go on from here: resumable state only, opaque outside stylenet."""

    step: int
    state: bytes


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Painting:
    """The finished pastiche; always the last event, and only of a painting run to its end.

    Attributes:
        pixels: (height, width, 3) uint8 sRGB.
        losses: the losses of these very pixels, rounded and clipped as they are.
        steps: optimiser steps taken.
        passes: full-size-equivalent VGG forward+backward passes spent.
        seconds: wall-clock seconds spent on painting, over every resumption.
        device: what painted it, for people: ``"cpu"``, ``"cuda:0 (NVIDIA …)"``.
    """

    pixels: Pixels
    losses: Losses
    steps: int
    passes: float
    seconds: float
    device: str


PaintingEvent = Progress | Snapshot | Checkpoint | Painting
