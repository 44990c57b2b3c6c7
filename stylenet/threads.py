"""How torch's threads wait for one another. Free of torch; to be used before torch is imported."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PASSIVE_WAITING", "wait_passively"]

# Between two convolutions, torch's threads spin while they wait for one another. If other programs
# use the cores as well, the threads that spin keep those that compute from running: on two busy
# cores a painting took two to three times as long, and three times the CPU time, as with sleeping.
PASSIVE_WAITING: Final[Mapping[str, str]] = MappingProxyType({"OMP_WAIT_POLICY": "PASSIVE"})
"""Environment variables that make OpenMP's threads sleep while they wait."""


def wait_passively() -> None:
    """Set `PASSIVE_WAITING` in this process, unless the environment says otherwise.

    OpenMP reads it once, when torch is imported.
    """
    for name, value in PASSIVE_WAITING.items():
        os.environ.setdefault(name, value)
