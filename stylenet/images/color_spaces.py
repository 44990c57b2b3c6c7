"""Convert pixels to 8-bit sRGB: ICC profiles, cICP and nclx code points, gamma, wide samples."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageCms

from stylenet.errors import UnsupportedImageError

if TYPE_CHECKING:
    from stylenet.arrays import Values


__all__ = ["apply_code_points", "apply_gamma", "apply_icc_profile", "lab_to_rgb", "to_eight_bits"]

_ICC_MODES: Final = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}
_D65: Final = (0.3127, 0.3290)
_SRGB_PRIMARIES: Final = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_PRIMARIES: Final = {
    1: _SRGB_PRIMARIES,
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
"""x and y of red, green and blue, by the number of ITU-T H.273, table 2; white is D65."""

_SDR_TRANSFERS: Final = frozenset({1, 6, 13, 14, 15})
"""Transfer functions that displays show as sRGB: BT.709's is for cameras."""

_EXPONENTS: Final = {4: 2.2, 5: 2.8, 8: 1.0}
_PQ, _HLG = 16, 18

_BRADFORD: Final = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_WHITE_NITS: Final = 203.0
"""Luminance of diffuse white in PQ, by ITU-R BT.2408."""

_SAME_GAMMA: Final = 0.05
"""Relative difference from sRGB's exponent below which a gamma is sRGB's, as in libpng."""


def to_eight_bits(
    image: Image.Image, *, highest: int = 65535, inverted: bool = False
) -> Image.Image:
    """Scale and round grey samples of up to 16 bits to mode L.

    Args:
        image: of a 16-bit mode.
        highest: the value of white.
        inverted: whether 0 is white.
    """
    values = np.asarray(image).astype(np.int64).clip(0, highest)
    scaled = (values * 255 + highest // 2) // highest
    return Image.fromarray((255 - scaled if inverted else scaled).astype(np.uint8))


def apply_icc_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert to sRGB; with a broken or unsuitable profile return the image as is."""
    try:
        transform = _transform_to_srgb(profile, image.mode)
        return image if transform is None else transform.apply(image)
    except (OSError, ValueError, ImageCms.PyCMSError):
        return image  # ignore a broken profile, as browsers do


@functools.lru_cache(maxsize=1)  # for the next strip of the same picture
def _transform_to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform; None if the profile is not for pictures of this mode.

    Raises:
        OSError, ValueError, ImageCms.PyCMSError: the profile is broken.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if _ICC_MODES.get(source.profile.xcolor_space) != mode:
        return None
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def lab_to_rgb(image: Image.Image) -> Image.Image:
    """Convert mode LAB to RGB.

    Raises:
        UnsupportedImageError: it cannot be converted.
    """
    try:
        converted = ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (OSError, ValueError, ImageCms.PyCMSError) as error:
        raise UnsupportedImageError("this Lab picture cannot be converted") from error
    return image if converted is None else converted


def apply_gamma(
    image: Image.Image, gamma: float, chromaticities: tuple[float, ...] | None
) -> Image.Image:
    """Convert from PNG's gAMA and cHRM to sRGB.

    Args:
        image: in mode RGB or L.
        gamma: exponent of the encoding.
        chromaticities: x and y of white, red, green and blue; None for sRGB's.
    """
    matrix = None
    if chromaticities is not None:
        matrix = _matrix_to_srgb(chromaticities[2:], chromaticities[:2])
    is_srgb = abs(gamma * 2.2 - 1) < _SAME_GAMMA
    if matrix is None and is_srgb:
        return image
    curve = np.arange(256) / 255
    linear = _decode_srgb(curve) if is_srgb else curve ** (1 / gamma)
    return _convert(image, linear, matrix)


def apply_code_points(image: Image.Image, code_points: tuple[int, int, int, int]) -> Image.Image:
    """Convert from cICP's or nclx's primaries and transfer function to sRGB.

    Highlights brighter than diffuse white are clipped. Unknown numbers leave the image as is.

    Args:
        image: in mode RGB or L.
        code_points: colour primaries, transfer function, matrix and full-range flag.
    """
    primaries, transfer, _, is_full_range = code_points
    curve = np.arange(256) / 255
    if not is_full_range:
        curve = ((curve * 255 - 16) / 219).clip(0, 1)
    linear = _decode(curve, transfer)
    if linear is None or primaries not in _PRIMARIES:
        return image
    matrix = _matrix_to_srgb(_PRIMARIES[primaries], _D65)
    if matrix is None and transfer in _SDR_TRANSFERS and is_full_range:
        return image
    return _convert(image, linear, matrix)


def _convert(image: Image.Image, linear: Values, matrix: Values | None) -> Image.Image:
    """Map the levels to linear light, apply the matrix, and encode as sRGB."""
    if matrix is None or image.mode != "RGB":
        levels = np.rint(_encode_srgb(linear) * 255).astype(np.uint8).tolist()
        return image.point(levels * len(image.getbands()))
    values = linear.astype(np.float32)[np.asarray(image)]
    encoded = _encode_srgb(values @ matrix.T.astype(np.float32))
    return Image.fromarray(np.rint(encoded * 255).astype(np.uint8))


def _matrix_to_srgb(primaries: tuple[float, ...], white: tuple[float, ...]) -> Values | None:
    """Return the matrix (3, 3) between linear values; None if it changes nothing, or is singular.

    Args:
        primaries: x and y of red, green and blue.
        white: x and y.
    """
    if min(*primaries[1::2], white[1]) <= 0:
        return None
    try:
        there = np.linalg.inv(_to_xyz(_SRGB_PRIMARIES, _D65))
        scale = (_BRADFORD @ _xyz(*_D65)) / (_BRADFORD @ _xyz(*white))
        adapted = np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD
        matrix: Values = there @ adapted @ _to_xyz(primaries, white)
    except np.linalg.LinAlgError:
        return None
    is_identity = np.abs(matrix - np.eye(3)).max() < 0.01
    return None if is_identity or not np.isfinite(matrix).all() else matrix


def _to_xyz(primaries: tuple[float, ...], white: tuple[float, ...]) -> Values:
    columns = np.stack([_xyz(*primaries[i : i + 2]) for i in (0, 2, 4)], axis=1)
    scaled: Values = columns * np.linalg.solve(columns, _xyz(*white))
    return scaled


def _xyz(x: float, y: float) -> Values:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _decode(curve: Values, transfer: int) -> Values | None:
    """Return linear light, 1 for diffuse white, of encoded values in 0..1; None if unknown."""
    if transfer in _SDR_TRANSFERS:
        return _decode_srgb(curve)
    if transfer in _EXPONENTS:
        return curve ** _EXPONENTS[transfer]
    if transfer == _PQ:
        return _decode_pq(curve)
    return _decode_hlg(curve) if transfer == _HLG else None


def _decode_srgb(values: Values) -> Values:
    result: Values = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return result


def _encode_srgb(values: Values) -> Values:
    values = values.clip(0, 1)
    result: Values = np.where(
        values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055
    )
    return result


def _decode_pq(values: Values) -> Values:
    """SMPTE ST 2084."""
    root = values ** (32 / 2523)
    ratio = (root - 107 / 128).clip(0) / (2413 / 128 - 2392 / 128 * root)
    result: Values = 10_000 / _WHITE_NITS * ratio ** (8192 / 1305)
    return result


def _decode_hlg(values: Values) -> Values:
    """ARIB STD-B67; diffuse white is at 75 % of the signal."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    white = (np.exp((0.75 - c) / a) + b) / 12
    result: Values = (scene / white) ** 1.2
    return result
