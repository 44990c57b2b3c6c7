"""Number formats of the convolutions. Free of torch."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Precision"]


class Precision(StrEnum):
    """Number format of the convolutions; losses, Gram matrices and the picture are float32.

    On CUDA, torch computes float32 convolutions in TF32 by default.
    """

    AUTO = "auto"  # MIXED on CUDA devices with bfloat16, else FLOAT32
    FLOAT32 = "float32"
    MIXED = "mixed"  # the draft in bfloat16, then float32: late steps need exact gradients
