"""Default avatars: the initial of a name on a gradient."""

from __future__ import annotations

import colorsys
import functools
import hashlib
import io

from PIL import Image, ImageDraw, ImageFont

__all__ = ["avatar_hash", "draw_avatar"]

SIDE = 128


def avatar_hash(name: str) -> str:
    """Return the hash that identifies the avatar of this name."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


@functools.cache
def draw_avatar(name: str) -> bytes:
    """Draw a PNG of 128 × 128 pixels, always the same for the same name."""
    digest = hashlib.sha256(name.encode()).digest()
    hue = digest[0] / 256
    light, dark = _rgb(hue, 0.55, 0.88), _rgb(hue + 0.06, 0.75, 0.55)
    # Rotate at twice the size and crop the middle: a rotated square has empty corners.
    ramp = Image.linear_gradient("L").rotate(digest[1] % 91 - 45, fillcolor=128)
    edge = (ramp.width - SIDE) // 2
    ramp = ramp.crop((edge, edge, edge + SIDE, edge + SIDE))
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


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
