"""``weights``: show VGG-19's weights, and fit the reduced network to them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]


def add_parser(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "weights", help="show VGG-19's weights, and fit the reduced network of drafts to them"
    )
    parser.add_argument("--weights", type=Path, help="a .mat file (default: the bundled weights)")
    parser.set_defaults(run=_show)
    return parser


def _show(options: argparse.Namespace) -> int:
    from stylenet.features.reduced import load_reduced  # noqa: PLC0415 - imports torch
    from stylenet.features.weights import bundled_weights, load_weights  # noqa: PLC0415

    weights = bundled_weights() if options.weights is None else load_weights(options.weights)
    load_reduced(weights)
    print(f"weights: {weights.origin}")  # noqa: T201 - a command's own output
    print(f"checksum: {weights.fingerprint()}")  # noqa: T201
    print(f"order of the kernels' axes: {weights.kernel_axes or 'height-first'}")  # noqa: T201
    print("reduced network: ready")  # noqa: T201
    return 0
