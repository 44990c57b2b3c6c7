"""A function of one tensor that is recorded as a CUDA graph and replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

__all__ = ["CudaGraph"]


class CudaGraph:
    """A function whose kernel launches are recorded once, as a CUDA graph, and then replayed.

    An evaluation of the loss launches hundreds of kernels. At usual sizes a fast device runs them
    faster than Python can launch them.

    The first call is a plain one, for initialisation that must not be recorded. The second call
    records. On other devices every call is a plain one.

    Args:
        function: of one tensor, always of the same shape; it must not synchronize the device.
    """

    def __init__(self, function: Callable[[Tensor], tuple[Tensor, ...]]) -> None:
        self._function = function
        self._is_warm = False
        self._graph: torch.cuda.CUDAGraph | None = None
        self._input: Tensor | None = None
        self._outputs: tuple[Tensor, ...] = ()

    def __call__(self, values: Tensor) -> tuple[Tensor, ...]:
        """Return the function's results, in tensors that later calls do not overwrite."""
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
            # A graph has a memory pool of its own, about as large as the cache of the plain call.
            free, _ = torch.cuda.mem_get_info()
            if free < torch.cuda.memory_reserved():
                torch.cuda.empty_cache()
            with torch.cuda.graph(graph):
                self._outputs = self._function(fixed)
        return graph, fixed
