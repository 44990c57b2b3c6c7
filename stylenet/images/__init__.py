"""Decode, resize and encode pictures. Free of torch."""

from __future__ import annotations

from stylenet.images.decoding import (
    FORMATS,
    MAX_PIXELS,
    ImageInfo,
    decode,
    decode_mask,
    inspect,
    inspect_with_preview,
)
from stylenet.images.encoding import (
    Format,
    encode,
    encode_to_fit,
    fit_area,
    fit_exactly,
    fit_longest_side,
    to_pixels,
)
from stylenet.images.formats import file_extension
from stylenet.images.painting_record import PaintingRecord, picture_hash, read_record

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "Format",
    "ImageInfo",
    "PaintingRecord",
    "decode",
    "decode_mask",
    "encode",
    "encode_to_fit",
    "file_extension",
    "fit_area",
    "fit_exactly",
    "fit_longest_side",
    "inspect",
    "inspect_with_preview",
    "picture_hash",
    "read_record",
    "to_pixels",
]
