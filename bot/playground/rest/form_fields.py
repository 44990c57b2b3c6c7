"""Read the fields of a JSON body by type and limit, collecting Discord's errors."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.playground.errors import FormErrors
from bot.playground.media_files import dimensions
from bot.playground.state.records import MIB

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.playground.state.records import Json

__all__ = ["FormFields", "ImageUpload"]

_DATA_URI = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,(.+)", re.DOTALL)
MAX_IMAGE_BYTES = 10 * MIB


@dataclass(frozen=True, kw_only=True)
class ImageUpload:
    """A picture in a data URI: its bytes and its content type."""

    data: bytes
    content_type: str

    @property
    def hash(self) -> str:
        """The hash that identifies the picture on the CDN."""
        return hashlib.sha256(self.data).hexdigest()[:32]


class FormFields:
    """A body's fields; each method returns a default for a wrong value, and notes the error."""

    def __init__(self, body: Json) -> None:
        self.body = body
        self.errors = FormErrors()

    def __contains__(self, name: str) -> bool:
        return name in self.body

    def raise_if_any(self) -> None:
        """Raise if any field was wrong.

        Raises:
            ApiError: 400/50035 with all errors.
        """
        self.errors.raise_if_any()

    def text(self, name: str, default: str | None, minimum: int, maximum: int) -> str:
        """Return a text that must be there, unless there is a default; its ends are stripped."""
        given = self.body.get(name, default)
        if given is None:
            self.errors.required((name,))
            return ""
        return self._bounded(name, given, minimum, maximum)

    def optional_text(self, name: str, default: str | None, maximum: int) -> str | None:
        """Return a text, or None for null and an empty one."""
        given = self.body.get(name, default)
        return None if given is None else self._bounded(name, given, 0, maximum) or None

    def integer(self, name: str, default: int, minimum: int, maximum: int) -> int:
        """Return a number within bounds; null counts as the default."""
        value = self.errors.read_integer((name,), self.body.get(name))
        if self.body.get(name) is None:
            return default
        if not minimum <= value <= maximum:
            self.errors.add(
                (name,),
                "NUMBER_TYPE_RANGE",
                f"int value should be between {minimum} and {maximum}.",
            )
        return value

    def choice(self, name: str, default: int, choices: Collection[int]) -> int:
        """Return one of the numbers; null counts as the default."""
        value = self.errors.read_integer((name,), self.body.get(name))
        if self.body.get(name) is None:
            return default
        if value not in choices:
            listed = ", ".join(str(each) for each in choices)
            self.errors.add((name,), "BASE_TYPE_CHOICES", f"Value must be one of ({listed}).")
            return default
        return value

    def boolean(self, name: str, default: bool) -> bool:
        """Return a boolean; null counts as the default."""
        value = self.body.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.errors.add((name,), "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
            return default
        return value

    def snowflake(self, name: str, default: str | None) -> str | None:
        """Return an id or None."""
        value = self.body.get(name, default)
        if value is None or (str(value).isascii() and str(value).isdecimal()):
            return None if value is None else str(value)
        self.errors.add((name,), "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return default

    def snowflakes(self, name: str, maximum: int) -> list[str]:
        """Return a list of ids without repetitions."""
        found = [str(each) for each in self.errors.read_array((name,), self.body.get(name))]
        for index, each in enumerate(found):
            if not (each.isascii() and each.isdecimal()):
                message = f'Value "{each}" is not snowflake.'
                self.errors.add((name, index), "NUMBER_TYPE_COERCE", message)
        if len(found) > maximum:
            self.errors.too_long((name,), maximum)
        return list(dict.fromkeys(found))

    def image(self, name: str, maximum: int = MAX_IMAGE_BYTES) -> ImageUpload | None:
        """Return the picture in a data URI; None for null or a missing field."""
        given = self.body.get(name)
        if given is None:
            return None
        match = _DATA_URI.fullmatch(str(given))
        try:
            data = base64.b64decode(match[2], validate=True) if match else b""
        except binascii.Error:
            data = b""
        if match is None or dimensions(data) is None:
            self.errors.add((name,), "IMAGE_INVALID", "Invalid image data")
            return None
        if len(data) > maximum:
            kib = maximum / 1024
            self.errors.add(
                (name,), "BINARY_TYPE_MAX_SIZE", f"File cannot be larger than {kib} kb."
            )
        return ImageUpload(data=data, content_type=match[1])

    def _bounded(self, name: str, given: object, minimum: int, maximum: int) -> str:
        if not isinstance(given, str | int | float):
            self.errors.add((name,), "STRING_TYPE_CONVERT", "Could not interpret as string.")
            return ""
        text = str(given).strip()
        if not minimum <= len(text) <= maximum:
            self.errors.bad_length((name,), minimum, maximum)
        return text
