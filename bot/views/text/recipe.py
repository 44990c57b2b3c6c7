"""A recipe in a few words, as cards and results show it."""

from __future__ import annotations

from typing import Final

SIZE: Final = "{size} px"
FULL_SIZE: Final = "full size"
RECIPE: Final = "recipe {name}"
STRENGTH: Final = "style ×{factor:.2g}"
STROKES: Final = "strokes ×{factor:.2g}"
OWN_COLOURS: Final = "own colours kept"
PASSES: Final = "{passes:g} passes"
BLENDED: Final = "blended {shares}"
SEED: Final = "seed {seed}"
