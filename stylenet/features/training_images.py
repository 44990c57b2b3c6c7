"""Synthetic pictures with the statistics of photographs: the dead leaves model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from stylenet.arrays import Values


__all__ = ["dead_leaves"]

_SHAPES = 240
_SMALLEST, _LARGEST = 1.5, 60.0


def dead_leaves(height: int, width: int, *, seed: int) -> Values:
    """Draw a dead leaves picture: random shapes on top of each other.

    Radii are distributed as r^−3. The occlusions give the edges, corners and scale invariance of
    natural pictures (Lee, Mumford and Huang, 2001). Shapes are plain, shaded or textured with
    1/f^a noise. Networks trained on photographs respond to them much as to photographs.

    Args:
        height: in pixels.
        width: in pixels.
        seed: of all random choices.

    Returns:
        (height, width, 3) in 0..255; the same seed gives the same picture.
    """
    from scipy import ndimage  # noqa: PLC0415 - slow to import, and rarely needed

    random = np.random.default_rng(seed)
    picture = _texture(random, height, width) * 40 + random.uniform(60, 190, 3)
    textures = [_texture(random, height, width) for _ in range(3)]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    for _ in range(_SHAPES):
        radius = random.uniform(_LARGEST**-2, _SMALLEST**-2) ** -0.5
        row, column = random.uniform(0, height), random.uniform(0, width)
        top, left = (max(int(at - 1.5 * radius), 0) for at in (row, column))
        box = np.s_[top : int(row + 1.5 * radius) + 2, left : int(column + 1.5 * radius) + 2]
        angle = random.uniform(0, np.pi)
        along = (columns[box] - column) * np.cos(angle) + (rows[box] - row) * np.sin(angle)
        across = (rows[box] - row) * np.cos(angle) - (columns[box] - column) * np.sin(angle)
        across /= random.uniform(0.25, 1)
        if random.uniform() < 0.5:
            inside = np.hypot(along, across) < radius
        else:
            inside = np.maximum(abs(along), abs(across)) < radius
        color = random.uniform(0, 255) + random.normal(0, 45, 3)
        shade = random.normal(0, 35) * along[inside, None] / radius
        grain = random.choice([0, 0, 12, 40]) * textures[random.integers(3)][box][inside]
        picture[box][inside] = color + shade + grain
    softness = random.choice([0, 0.6, 1.0])
    if softness:
        picture = ndimage.gaussian_filter(picture, (softness, softness, 0))
    clipped: Values = picture.clip(0, 255)
    return clipped


def _texture(random: np.random.Generator, height: int, width: int) -> Values:
    """Return 1/f^a noise of standard deviation 1, (height, width, 3), for a random exponent a."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = 1
    noise = np.fft.rfft2(random.standard_normal((3, height, width)))
    shaped = np.fft.irfft2(noise / frequency ** random.uniform(0.6, 1.6), s=(height, width))
    texture: Values = (shaped / shaped.std()).transpose(1, 2, 0)  # (height, width, 3)
    return texture
