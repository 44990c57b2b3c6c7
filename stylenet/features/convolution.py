"""A convolution with padding, bias and ReLU as one autograd function that saves little."""

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
"""Dtypes for which cuDNN has one kernel for convolution, bias and ReLU."""


def convolve(
    x: Tensor,
    kernel: Tensor,
    bias: Tensor | None = None,
    *,
    padding: Padding = Padding.ZEROS,
    rectified: bool = False,
) -> Tensor:
    """Convolve, keeping the size of the input. Only `x` gets a gradient.

    For the backward pass only the rectified output is saved: the gradient depends on nothing but
    where it is above zero.

    Args:
        x: (1, in, height, width).
        kernel: (out, in, side, side) with a side of 3 or 1.
        bias: (out,), or None for zeros.
        padding: of the input, for a side of 3.
        rectified: whether to apply ReLU to the output.

    Returns:
        (1, out, height, width), channels_last.
    """
    features: Tensor = _Convolution.apply(x, kernel, bias, padding, rectified)
    return features


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917 - torch passes them by position
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
        ctx.geometry = (x.shape, reach, extended)  # type: ignore[attr-defined]
        return y

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Tensor) -> tuple[Tensor, None, None, None, None]:
        kernel, y = cast("tuple[Tensor, Tensor | None]", ctx.saved_tensors)  # type: ignore[attr-defined]
        shape, reach, extended = ctx.geometry  # type: ignore[attr-defined]
        (grad,) = grads
        if y is not None:
            grad = torch.ops.aten.threshold_backward(grad, y, 0)
        # The gradient with respect to the input depends on the input's shape only.
        x = torch.empty(
            shape, dtype=grad.dtype, device=grad.device, memory_format=torch.channels_last
        )
        input_grad: Tensor = torch.ops.aten.convolution_backward(
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
        return (_fold(input_grad) if extended else input_grad), None, None, None, None


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
    """Replicate the borders: (1, C, height, width) → (1, C, height + 2, width + 2).

    torch's own padding loses channels_last on CUDA, and its gradient there is not deterministic.
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
    """Return the gradient of `_extend`; modifies its argument.

    (1, C, height + 2, width + 2) → (1, C, height, width)
    """
    for axis in (-1, -2):
        last = gradient.shape[axis] - 1
        gradient.select(axis, 1).add_(gradient.select(axis, 0))
        gradient.select(axis, last - 1).add_(gradient.select(axis, last))
    return gradient[:, :, 1:-1, 1:-1]
