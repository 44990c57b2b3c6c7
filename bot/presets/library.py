"""The built-in styles: a name, a picture, a thumbnail painted with it, and what it changes.

The pictures lie beside this module, drawn by `bot.presets.drawing`; the thumbnails were
painted by `bot.presets.thumbnails`. Nothing is drawn or painted here.
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

__all__ = ["PRESETS", "Preset", "get", "plain"]

PREVIEW_SIDE = 320
"""Longest side of a reduced style picture, in pixels."""


def _keep_proportions() -> Mapping[str, object]:
    """Return recipe changes that keep the proportions of the style picture."""
    return MappingProxyType({"style_fit": "area"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """A named style.

    Attributes:
        name: what members type; lower case, stable.
        title: what they read.
        emoji: one Unicode emoji, which no other preset has.
        alt_text: what the picture shows, for those who cannot see it.
        recipe_changes: the recipe's fields it sets.
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
        alt_text="Luminous panes of red, gold, blue and green glass between dark lead.",
    ),
    Preset(
        name="mosaic",
        title="Mosaic",
        emoji="🏺",
        alt_text="Small stones of gold, terracotta and sea blue set in rings and waves.",
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
        alt_text="A riverside in summer made of dots of pure colour.",
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
        alt_text="Breaking waves in Prussian blue with white foam, as a Japanese print.",
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
        alt_text="Flowers in silk stitches, red, gold, blue and violet, among green leaves.",
    ),
    Preset(
        name="batik",
        title="Batik",
        emoji="🪷",
        alt_text="Wax-drawn rings and dots in indigo and rust on cream cloth.",
    ),
    Preset(
        name="palette-knife",
        title="Palette knife",
        emoji="🌅",
        alt_text="A sunset over the sea in thick slabs of yellow, crimson and teal paint.",
    ),
    Preset(
        name="watercolour",
        title="Watercolour",
        emoji="💧",
        alt_text="Thin washes of many colours with wet edges on rough paper.",
    ),
)
"""Every built-in style, in the order in which they are offered."""


def get(name: str) -> Preset | None:
    """Return the preset with this name or title, or None.

    Case, accents, spaces, dashes and underscores make no difference.
    """
    return _by_spelling().get(plain(name))


@cache
def _reduced(filename: str) -> bytes:
    picture = images.decode(_read(filename))
    picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    return images.encode(picture, "webp")


@cache
def _by_spelling() -> Mapping[str, Preset]:
    return {plain(word): preset for preset in PRESETS for word in (preset.name, preset.title)}


def plain(word: str) -> str:
    """Normalize a name: drop case, accents, spaces, dashes and underscores."""
    letters = unicodedata.normalize("NFKD", word).casefold()
    return "".join(letter for letter in letters if letter.isalnum())


def _read(filename: str) -> bytes:
    return (resources.files("bot.presets") / "pictures" / filename).read_bytes()
