"""Events of a running painting: progress, snapshots, checkpoints, the result. Free of torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylenet.arrays import Pixels


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
    """One optimiser step has finished.

    Attributes:
        step: steps done so far, from 1. A step for which L-BFGS needs several trials counts as
            that many, and `step` then skips numbers.
        total: number of steps that the budget pays for, over all scales. It stays the same to the
            end; the last steps may be left over.
        scale: pyramid level being painted, from 0.
        losses: after this step, down to the deepest layer that is minimised; during a draft they
            are the reduced network's.
        passes: full-size-equivalent VGG forward+backward passes spent so far.
        seconds: wall-clock time of painting so far, including the time before a resumption.
    """

    step: int
    total: int
    scale: int
    losses: Losses
    passes: float
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Snapshot:
    """The picture mid-run.

    Attributes:
        step: steps done so far; 0 is the start, before any step.
        pixels: (height, width, 3) uint8 sRGB; 4 channels if transparency is kept.
        losses: of this picture; None at step 0.
    """

    step: int
    pixels: Pixels
    losses: Losses | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Checkpoint:
    """Resumable state, opaque outside stylenet; see `stylenet.paint`."""

    step: int
    state: bytes


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Painting:
    """The finished pastiche: the last event, unless painting was stopped.

    Attributes:
        pixels: (height, width, 3) uint8 sRGB; 4 channels if transparency is kept.
        losses: of these pixels, after rounding and clipping.
        steps: optimiser steps taken, counted as in `Progress`.
        passes: full-size-equivalent VGG forward+backward passes spent.
        seconds: wall-clock time of painting, including the time before a resumption.
        device: description of the device: ``"cpu"``, ``"cuda:0 (NVIDIA …)"``.
        weights: fingerprint of the network's weights.
    """

    pixels: Pixels
    losses: Losses
    steps: int
    passes: float
    seconds: float
    device: str
    weights: str


PaintingEvent = Progress | Snapshot | Checkpoint | Painting
