"""The record that a painting's file carries: what it was painted with, so that it can be repeated.

A PNG keeps it as the text ``stylenet``, a WebP or JPEG in its XMP packet. It has hashes of the
input pictures and never their names, their metadata or the pictures themselves.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from xml.sax import saxutils

from PIL import Image, PngImagePlugin

from stylenet.errors import RecipeError, UnreadableImageError
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from stylenet.images.encoding import Format

__all__ = ["PaintingRecord", "picture_hash", "program_version", "read_record", "record_options"]

_KEY: Final = "stylenet"
_XMP: Final = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:stylenet="urn:stylenet:painting">'
    "<stylenet:record>{record}</stylenet:record>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)
_XMP_RECORD: Final = re.compile(rb"<stylenet:record>([^<]*)</stylenet:record>")


@dataclass(frozen=True, kw_only=True, slots=True)
class PaintingRecord:
    """What a picture was painted with. The hashes are those of `picture_hash`.

    Attributes:
        recipe: every choice that shaped it.
        content: hash of the content picture.
        styles: hash of each style picture.
        masks: hash of the mask of each style picture, None for a style without one; empty where
            there were no masks.
        start: hash of the picture it started from; None where there was none.
        weights: fingerprint of the network's weights.
        device: description of the device; another kind of device rounds differently.
        precision: number format of the convolutions.
        version: of the program.
    """

    recipe: Recipe
    content: str
    styles: tuple[str, ...]
    masks: tuple[str | None, ...] = ()
    start: str | None = None
    weights: str
    device: str
    precision: str
    version: str

    def to_json(self) -> str:
        """Return the record as a JSON object."""
        return json.dumps(dataclasses.asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> PaintingRecord:
        """Parse the output of `to_json`.

        Raises:
            RecipeError: the text is not a record, or its recipe is not valid.
        """
        try:
            fields = json.loads(text)
            recipe = fields.pop("recipe")
            record = cls(recipe=Recipe(), **fields)
        except (ValueError, RecursionError, TypeError, AttributeError, KeyError) as error:
            raise RecipeError("record", text[:80], "a painting's record") from error
        names = [record.content, record.weights, record.device, record.precision, record.version]
        lists = [record.styles, record.masks]
        hashes = [*record.styles, *record.masks, record.start] if _are_lists(lists) else [0]
        if not all(isinstance(name, str) for name in names):
            raise RecipeError("record", text[:80], "a painting's record")
        if not all(isinstance(each, (str, type(None))) for each in hashes):
            raise RecipeError("record", text[:80], "a painting's record")
        return dataclasses.replace(
            record,
            recipe=Recipe.from_json(json.dumps(recipe)),
            styles=tuple(record.styles),
            masks=tuple(record.masks),
        )


def _are_lists(values: list[Any]) -> bool:
    return all(isinstance(value, (list, tuple)) for value in values)


def picture_hash(picture: Image.Image) -> str:
    """Return the SHA-256 of a decoded picture's mode, size and pixels.

    It is the same for the same picture in another file format without loss.
    """
    digest = hashlib.sha256(f"{picture.mode} {picture.width} {picture.height}\n".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


def program_version() -> str:
    """Return the version of the installed program; ``"unknown"`` if it is not installed."""
    try:
        return importlib.metadata.version("stylebot")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def record_options(record: PaintingRecord, format: Format) -> dict[str, Any]:  # noqa: A002
    """Return the arguments of `PIL.Image.Image.save` that write a record in this format."""
    text = record.to_json()
    if format == "png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt(_KEY, text)
        return {"pnginfo": info}
    return {"xmp": _XMP.format(record=saxutils.escape(text)).encode()}


def read_record(data: bytes) -> PaintingRecord | None:
    """Return the record in an encoded picture; None where it has none.

    Raises:
        UnreadableImageError: the bytes are not a picture.
        RecipeError: the record is not valid, such as one of a later version.
    """
    try:
        with Image.open(io.BytesIO(data)) as picture:
            info = dict(picture.info)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableImageError("not a picture that can be read") from error
    text = info.get(_KEY)
    if isinstance(text, str):
        return PaintingRecord.from_json(text)
    packet = info.get("xmp")
    found = _XMP_RECORD.search(packet) if isinstance(packet, bytes) else None
    if found is None:
        return None
    return PaintingRecord.from_json(saxutils.unescape(found[1].decode("utf-8", "replace")))
