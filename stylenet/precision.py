"""In which numbers convolutions are reckoned. Free of torch."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Precision"]


class Precision(StrEnum):
    """How exactly convolutions are reckoned. Losses, Gram matrices and the picture are float32.

    On CUDA, torch reckons float32 convolutions in TF32 unless it is told otherwise.
    """

    AUTO = "auto"  # MIXED on CUDA devices that have bfloat16, FLOAT32 elsewhere
    FLOAT32 = "float32"
    MIXED = "mixed"  # a draft in bfloat16, then float32: exact gradients matter late
