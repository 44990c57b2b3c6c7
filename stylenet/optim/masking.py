"""Painting on a part of a picture: the rest of it stays the content picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MaskedPicture", "Variables"]


class Variables(Protocol):
    """A change of variables between a picture and its parameters, both (1, 3, height, width)."""

    def picture(self, parameters: Tensor) -> Tensor:
        """Return the picture of these parameters."""
        ...

    def parameters(self, picture: Tensor) -> Tensor:
        """Return parameters of which the picture is made."""
        ...

    def gradient(self, gradient: Tensor) -> Tensor:
        """Return the gradient with respect to the parameters, given that of the picture."""
        ...


class MaskedPicture:
    """x = K + c ∘ (y − K): what is painted, y, shows by the coverage c over the content K.

    The search itself goes over such pictures. So the network sees the border as it will be, what
    lies outside is the content picture to the last bit, and the loss is that of what is written.

    Args:
        variables: of y.
        coverage: c, (height, width) in 0..1.
        content: K, (1, 3, height, width).
    """

    def __init__(self, variables: Variables, *, coverage: Tensor, content: Tensor) -> None:
        self._variables = variables
        self._coverage = coverage
        self._content = content

    def picture(self, parameters: Tensor) -> Tensor:
        """Return x; see `Variables.picture`."""
        painted = self._variables.picture(parameters)
        return self._content + self._coverage * (painted - self._content)

    def parameters(self, picture: Tensor) -> Tensor:
        """Return the parameters of a y that looks like `picture` wherever it shows."""
        return self._variables.parameters(picture)

    def gradient(self, gradient: Tensor) -> Tensor:
        """Return ∂/∂z; nothing that does not show pulls."""
        return self._variables.gradient(self._coverage * gradient)
