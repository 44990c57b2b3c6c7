"""Parametrizations of a picture, and the one that paints only a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MaskedPicture", "Parametrization"]


class Parametrization(Protocol):
    """A map from parameters to a picture, both (1, 3, height, width)."""

    def to_picture(self, parameters: Tensor) -> Tensor:
        """Return the picture of these parameters."""
        ...

    def to_parameters(self, picture: Tensor) -> Tensor:
        """Return parameters of this picture."""
        ...

    def pull_back(self, gradient: Tensor) -> Tensor:
        """Return the gradient with respect to the parameters, given that of the picture."""
        ...


class MaskedPicture:
    """x = K + c ∘ (y − K): the painted picture y over the content K, by the coverage c.

    The search goes over the composite x. So the network sees the border as it will be written,
    everything outside stays the content picture bit by bit, and the loss is that of the result.

    Args:
        inner: parametrization of y.
        coverage: c, (height, width) in 0..1.
        content: K, (1, 3, height, width).
    """

    def __init__(self, inner: Parametrization, *, coverage: Tensor, content: Tensor) -> None:
        self._inner = inner
        self._coverage = coverage
        self._content = content

    def to_picture(self, parameters: Tensor) -> Tensor:
        """Return x; see `Parametrization.to_picture`."""
        painted = self._inner.to_picture(parameters)
        return self._content + self._coverage * (painted - self._content)

    def to_parameters(self, picture: Tensor) -> Tensor:
        """Return the parameters of a y that equals `picture` wherever it is covered."""
        return self._inner.to_parameters(picture)

    def pull_back(self, gradient: Tensor) -> Tensor:
        """Return ∂/∂z, given ∂/∂x; uncovered pixels do not contribute."""
        return self._inner.pull_back(self._coverage * gradient)
