"""The two array types of pictures."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Pixels", "Values"]

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""Pixels as they are stored: (height, width, channels) in 0..255."""

Values: TypeAlias = npt.NDArray[np.float64]
"""Numbers to calculate with: pictures in 0..255, shares in 0..1, or statistics of these."""
