"""A function of one tensor that CUDA devices run from a recording, without waiting for Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

__all__ = ["CudaGraph"]


class CudaGraph:
    """A function whose launches are recorded once, as a CUDA graph, and replayed from then on.

    An evaluation of the loss launches some hundreds of kernels. A fast device is done with each,
    at the sizes that members ask for, sooner than Python hands it the next one.

    The first call runs the function as it is: it sets up what may not be set up while recording.
    The second one records. Off CUDA every call is a plain one.

    Args:
        function: of one tensor, always of the same shape; it waits for nothing on the device.
    """

    def __init__(self, function: Callable[[Tensor], tuple[Tensor, ...]]) -> None:
        self._function = function
        self._is_warm = False
        self._graph: torch.cuda.CUDAGraph | None = None
        self._input: Tensor | None = None
        self._outputs: tuple[Tensor, ...] = ()

    def __call__(self, values: Tensor) -> tuple[Tensor, ...]:
        """Return what the function returns, in tensors that no later call overwrites."""
        if not (values.is_cuda and self._is_warm):
            self._is_warm = True
            return self._function(values)
        if self._graph is None or self._input is None:
            self._graph, self._input = self._record(values)
        self._input.copy_(values)
        self._graph.replay()
        return tuple(output.clone() for output in self._outputs)

    def _record(self, values: Tensor) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        fixed = values.clone()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(values.device):
            # A recording has memory of its own, about as much as the plain call has left behind.
            free, _ = torch.cuda.mem_get_info()
            if free < torch.cuda.memory_reserved():
                torch.cuda.empty_cache()
            with torch.cuda.graph(graph):
                self._outputs = self._function(fixed)
        return graph, fixed
