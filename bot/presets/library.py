"""The built-in presets: name, style picture, thumbnail and recipe changes.

This module reads the picture files in ``pictures/``: style pictures drawn by
`bot.presets.drawing`, and thumbnails painted by `bot.presets.thumbnails`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from stylenet import images

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PRESETS", "Preset", "get", "normalize_name"]

PREVIEW_SIDE = 320
"""Longer side of a reduced style picture, in pixels."""


def _keep_proportions(**changes: object) -> Mapping[str, object]:
    """Return recipe changes that keep the proportions of the style picture, and these."""
    return MappingProxyType({"style_fit": "area", **changes})


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """A built-in preset.

    Attributes:
        name: the name that members type, in lower case; never changes.
        title: the name that members read.
        emoji: one Unicode emoji, unique among the presets.
        alt_text: description of the style picture.
        recipe_changes: the fields of the recipe that it sets.
    """

    name: str
    title: str
    emoji: str
    alt_text: str
    recipe_changes: Mapping[str, object] = field(default_factory=_keep_proportions)

    @property
    def picture_filename(self) -> str:
        """The style picture's file name."""
        return f"{self.name}.webp"

    def picture_bytes(self) -> bytes:
        """Return the style picture, encoded. Reads a file: not for the event loop."""
        return _read(self.picture_filename)

    def preview_bytes(self) -> bytes:
        """Return the reduced style picture (WebP). Reads a file: not for the event loop."""
        return _reduced(self.picture_filename)

    def thumbnail_bytes(self) -> bytes:
        """Return the thumbnail (WebP). Reads a file: not for the event loop."""
        return _read(f"{self.name}.thumbnail.webp")


PRESETS: tuple[Preset, ...] = (
    Preset(
        name="starlight",
        title="Starlight",
        emoji="🌌",
        alt_text="Thick swirling brush strokes: golden lights in a deep blue night over hills.",
    ),
    Preset(
        name="stained-glass",
        title="Stained glass",
        emoji="🪟",
        alt_text="A sunrise over green hills in luminous panes of glass between dark lead.",
        # The lead would otherwise cross eyes and mouths.
        recipe_changes=_keep_proportions(content_weight=8),
    ),
    Preset(
        name="mosaic",
        title="Mosaic",
        emoji="🏺",
        alt_text="Small stones of gold, marble, terracotta and deep blue set in rings and waves.",
    ),
    Preset(
        name="comic",
        title="Comic print",
        emoji="💥",
        alt_text="Halftone dots of printing ink between bold black brush lines.",
    ),
    Preset(
        name="pointillism",
        title="Pointillism",
        emoji="🌻",
        alt_text="A riverside in autumn made of round dots of colour.",
    ),
    Preset(
        name="woodcut",
        title="Woodcut",
        emoji="🪵",
        alt_text="Carved black lines streaming around a red sun on cream paper.",
    ),
    Preset(
        name="waves",
        title="Floating world",
        emoji="🌊",
        alt_text="A red mountain with snow behind blue waves, as a Japanese print.",
        # Waves would otherwise cover the lower half of faces.
        recipe_changes=_keep_proportions(content_weight=12),
    ),
    Preset(
        name="discs",
        title="Colour discs",
        emoji="🌈",
        alt_text="Overlapping discs of contrasting colours, brushed ring by ring.",
    ),
    Preset(
        name="crystal",
        title="Crystal",
        emoji="💎",
        alt_text="Cut facets of ice blue, violet and rose with bright ridges.",
    ),
    Preset(
        name="ink",
        title="Ink wash",
        emoji="🎋",
        alt_text="Misty mountains and reeds in black ink on rice paper, with red seals.",
    ),
    Preset(
        name="neon",
        title="Neon",
        emoji="🌃",
        alt_text="Glowing lines of pink, cyan and yellow light over a violet night.",
    ),
    Preset(
        name="blossom",
        title="Blossom",
        emoji="🌸",
        alt_text="Flowers in silk stitches, red, gold, rose, cream and blue, among dark leaves.",
    ),
    Preset(
        name="batik",
        title="Batik",
        emoji="🪷",
        alt_text="Wax-outlined leaves in saffron, brick and teal on dark, dotted cloth.",
    ),
    Preset(
        name="palette-knife",
        title="Palette knife",
        emoji="🌅",
        alt_text="A sunset over the sea in thick, flat slabs of gold, rose and teal paint.",
    ),
    Preset(
        name="watercolour",
        title="Watercolour",
        emoji="💧",
        alt_text="Hills and trees in transparent washes of many colours over loose pen lines.",
    ),
)
"""Every built-in preset, in the order shown."""


def get(name: str) -> Preset | None:
    """Return the preset with this name or title, or None.

    Case, accents, spaces, dashes and underscores make no difference.
    """
    return _by_spelling().get(normalize_name(name))


@cache
def _reduced(filename: str) -> bytes:
    picture = images.decode(_read(filename))
    picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    return images.encode(picture, "webp")


@cache
def _by_spelling() -> Mapping[str, Preset]:
    return {
        normalize_name(word): preset for preset in PRESETS for word in (preset.name, preset.title)
    }


def normalize_name(word: str) -> str:
    """Normalize a name: drop case, accents, spaces, dashes and underscores.

    Digits of all scripts become those of ASCII.
    """
    letters = unicodedata.normalize("NFKD", word).casefold()
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
        for letter in letters
        if letter.isalnum()
    )


def _read(filename: str) -> bytes:
    return (resources.files("bot.presets") / "pictures" / filename).read_bytes()
