"""Round-cornered initials on a gradient: a face for everyone who has none."""

from __future__ import annotations

import functools
import hashlib
import io

from PIL import Image, ImageDraw, ImageFont

__all__ = ["avatar_hash", "draw_avatar"]

SIDE = 128
_PALETTES = (
    ((255, 154, 118), (201, 62, 110)),
    ((124, 200, 160), (28, 112, 124)),
    ((140, 170, 255), (74, 66, 168)),
    ((255, 209, 102), (226, 109, 42)),
    ((214, 160, 255), (122, 60, 160)),
    ((130, 216, 232), (32, 96, 176)),
)


def avatar_hash(name: str) -> str:
    """The hash that names the avatar drawn for this name."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


@functools.cache
def draw_avatar(name: str) -> bytes:
    """A PNG of 128 × 128 pixels, always the same for the same name."""
    digest = hashlib.sha256(name.encode()).digest()
    light, dark = _PALETTES[digest[0] % len(_PALETTES)]
    ramp = (
        Image.linear_gradient("L")
        .resize((SIDE, SIDE))
        .rotate(digest[1] % 4 * 15 - 20, expand=False)
    )
    picture = Image.composite(
        Image.new("RGB", (SIDE, SIDE), dark), Image.new("RGB", (SIDE, SIDE), light), ramp
    )
    draw = ImageDraw.Draw(picture)
    initial = next((c for c in name if c.isalnum()), "?").upper()
    draw.text(
        (SIDE / 2, SIDE / 2),
        initial,
        fill=(255, 255, 255),
        font=ImageFont.load_default(size=64),
        anchor="mm",
    )
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
