"""Draw the presets' pictures: ``python -m bot.presets.drawing [NAME ...] [--out DIR]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bot.presets.drawing.drawings import DRAWINGS, draw, encode


def main() -> None:
    """Draw the given pictures, or all of them, into a folder."""
    parser = argparse.ArgumentParser(prog="python -m bot.presets.drawing", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DRAWINGS))
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).parents[1] / "pictures",
        help="folder for the pictures (default: where the bot reads them)",
    )
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(DRAWINGS))
    if unknown:
        parser.error(f"unknown drawing: {', '.join(unknown)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or DRAWINGS:
        data = encode(draw(name))
        path = options.out / f"{name}.webp"
        path.write_bytes(data)
        sys.stdout.write(f"{path}  {len(data) / 1024:.0f} KiB\n")


if __name__ == "__main__":
    main()
