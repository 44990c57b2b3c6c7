"""The content term: how far the picture's features are from the content picture's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stylenet.losses.term import TermValue

if TYPE_CHECKING:
    from stylenet.losses.measurement import Measurement
    from stylenet.losses.term import TermInputs

__all__ = ["ContentTerm"]


class ContentTerm:
    """Σ_l w_l · mean((F_l − F*_l)²) over the content layers."""

    name = "content"
    is_reported = True

    def __init__(self, inputs: TermInputs) -> None:
        self._weights = inputs.content_weights
        self._minimised = inputs.minimised

    def __call__(self, measured: Measurement) -> TermValue:
        """See `Term`."""
        reported = measured.picture.new_zeros(())
        minimised = []
        for layer, weight in self._weights.items():
            if layer not in measured.content:
                continue
            value = weight * measured.content[layer]
            reported = reported + value.detach()
            if layer in self._minimised:
                minimised.append(value)
        return TermValue(minimised=tuple(minimised), reported=reported)
