"""A convolution of pictures' features, with what lies beyond borders, its bias and rectifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation
from torch import Tensor

from stylenet.recipe import Padding

if TYPE_CHECKING:
    from torch.autograd.function import FunctionCtx

__all__ = ["convolve"]

_FUSED = (torch.float32, torch.bfloat16, torch.float16)
"""What cuDNN convolves, biases and rectifies in one kernel."""


def convolve(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None = None,
    *,
    padding: Padding = Padding.ZEROS,
    rectified: bool = False,
) -> Tensor:
    """Return a convolution of the size of its input. Gradients flow to `x` alone.

    It remembers nothing but its own rectified features for the backward pass: the gradient needs
    only to know where they are above zero.

    Args:
        x: (1, in, height, width).
        kernel: (out, in, side, side) with a side of 3 or 1.
        bias: (out,), or None for zeros.
        padding: what lies beyond the borders, for a side of 3.
        rectified: whether what is below zero becomes zero.

    Returns:
        (1, out, height, width), channels_last.
    """
    features: Tensor = _Convolution.apply(x, kernel, bias, padding, rectified)
    return features


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917 - torch hands them on by position
        ctx: FunctionCtx,
        x: Tensor,
        kernel: Tensor,
        bias: Tensor | None,
        padding: Padding,
        rectified: bool,
    ) -> Tensor:
        reach = kernel.shape[-1] // 2
        extended = reach > 0 and padding is Padding.REPLICATE
        if extended:
            x, reach = _extend(x), 0
        y = _forward(x, kernel, bias, reach, rectified=rectified)
        ctx.save_for_backward(kernel, y if rectified else None)  # type: ignore[arg-type]
        ctx.seen = (x.shape, reach, extended)  # type: ignore[attr-defined]
        return y

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Tensor) -> tuple[Tensor, None, None, None, None]:
        kernel, y = cast("tuple[Tensor, Tensor | None]", ctx.saved_tensors)  # type: ignore[attr-defined]
        shape, reach, extended = ctx.seen  # type: ignore[attr-defined]
        (grad,) = grads
        if y is not None:
            grad = torch.ops.aten.threshold_backward(grad, y, 0)
        # Of what was convolved only the shape matters to the gradient with respect to it.
        x = torch.empty(
            shape, dtype=grad.dtype, device=grad.device, memory_format=torch.channels_last
        )
        found: Tensor = torch.ops.aten.convolution_backward(
            grad,
            x,
            kernel,
            None,
            (1, 1),
            (reach, reach),
            (1, 1),
            False,
            (0, 0),
            1,
            (True, False, False),
        )[0]
        return (_fold(found) if extended else found), None, None, None, None


def _forward(
    x: Tensor, kernel: Tensor, bias: Tensor | None, reach: int, *, rectified: bool
) -> Tensor:
    if not rectified:
        return F.conv2d(x, kernel, bias, padding=reach)
    if x.is_cuda and torch.version.hip is None and x.dtype in _FUSED:
        y: Tensor = torch.cudnn_convolution_relu(x, kernel, bias, (1, 1), (reach, reach), (1, 1), 1)
        return y
    return F.relu_(F.conv2d(x, kernel, bias, padding=reach))


def _extend(x: Tensor) -> Tensor:
    """Repeat the outermost pixels once: (1, C, height, width) → (1, C, height + 2, width + 2).

    torch's own padding does not know channels_last on CUDA, and its gradient there is not the
    same from run to run.
    """
    batch, channels, height, width = x.shape
    out = torch.empty(
        (batch, channels, height + 2, width + 2),
        dtype=x.dtype,
        device=x.device,
        memory_format=torch.channels_last,
    )
    out[:, :, 1:-1, 1:-1] = x
    out[:, :, :: height + 1, 1:-1] = x[:, :, :: max(height - 1, 1)]
    out[:, :, :, :: width + 1] = out[:, :, :, 1 : width + 1 : max(width - 1, 1)]
    return out


def _fold(gradient: Tensor) -> Tensor:
    """The gradient of `_extend`; what is given is written over."""
    for axis in (-1, -2):
        last = gradient.shape[axis] - 1
        gradient.select(axis, 1).add_(gradient.select(axis, 0))
        gradient.select(axis, last - 1).add_(gradient.select(axis, last))
    return gradient[:, :, 1:-1, 1:-1]
