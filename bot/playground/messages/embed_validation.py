"""Validate embeds against Discord's limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.playground.serializers import iso

if TYPE_CHECKING:
    from bot.playground.errors import FormErrors
    from bot.playground.state.records import Json

__all__ = ["check_embeds"]

MAX_EMBEDS = 10
MAX_TOTAL = 6000
MAX_FIELDS = 25
_LENGTHS = {"title": 256, "description": 4096}
_PARTS = {"footer": ("text", 2048), "author": ("name", 256)}
_Path = tuple[str | int, ...]


def check_embeds(embeds: object, errors: FormErrors) -> list[Json]:
    """Return the embeds in the form in which they are stored; add violations to ``errors``."""
    given = errors.read_objects(("embeds",), embeds)
    if len(given) > MAX_EMBEDS:
        errors.too_long(("embeds",), MAX_EMBEDS)
        return []
    kept = [_embed(embed, ("embeds", index), errors) for index, embed in enumerate(given)]
    if sum(_length(embed) for embed in kept) > MAX_TOTAL:
        errors.add(
            ("embeds",),
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {MAX_TOTAL}",
        )
    return kept


def _embed(embed: Json, path: _Path, errors: FormErrors) -> Json:
    kept: Json = {"type": "rich"}
    for key, limit in _LENGTHS.items():
        if embed.get(key):
            kept[key] = _text(embed[key], (*path, key), limit, errors)
    if embed.get("url"):
        kept["url"] = _url(embed["url"], (*path, "url"), errors, attachment=False)
    if embed.get("color") is not None:
        color = embed["color"]
        if not isinstance(color, int) or not 0 <= color <= 0xFFFFFF:
            errors.add(
                (*path, "color"),
                "NUMBER_TYPE_MAX",
                "int value should be less than or equal to 16777215.",
            )
        kept["color"] = color
    if embed.get("timestamp"):
        kept["timestamp"] = _timestamp(embed["timestamp"], (*path, "timestamp"), errors)
    for key, (text_key, limit) in _PARTS.items():
        if embed.get(key):
            part = errors.read_object((*path, key), embed[key])
            kept[key] = _part(part, (*path, key), text_key, limit, errors)
    for key in ("image", "thumbnail"):
        picture = errors.read_object((*path, key), embed.get(key))
        if picture.get("url"):
            kept[key] = {"url": _url(picture["url"], (*path, key, "url"), errors)}
    if embed.get("fields"):
        kept["fields"] = _fields(embed["fields"], (*path, "fields"), errors)
    if len(kept) == 1:
        errors.required((*path, "description"))
    return kept


def _part(part: Json, path: _Path, text_key: str, limit: int, errors: FormErrors) -> Json:
    kept: Json = {}
    if part.get(text_key):
        kept[text_key] = _text(part[text_key], (*path, text_key), limit, errors)
    else:
        errors.required((*path, text_key))
    for key in ("url", "icon_url"):
        if part.get(key):
            kept[key] = _url(part[key], (*path, key), errors, attachment=key == "icon_url")
    return kept


def _fields(fields: object, path: _Path, errors: FormErrors) -> list[Json]:
    given = errors.read_objects(path, fields)
    if len(given) > MAX_FIELDS:
        errors.too_long(path, MAX_FIELDS)
        return []
    kept = []
    for index, one in enumerate(given):
        where = (*path, index)
        entry: Json = {"inline": bool(one.get("inline", False))}
        for key, limit in (("name", 256), ("value", 1024)):
            if one.get(key):
                entry[key] = _text(one[key], (*where, key), limit, errors)
            else:
                errors.required((*where, key))
                entry[key] = ""
        kept.append(entry)
    return kept


def _text(value: object, path: _Path, limit: int, errors: FormErrors) -> str:
    text = str(value)
    if len(text) > limit:
        errors.too_long(path, limit)
    return text


def _url(value: object, path: _Path, errors: FormErrors, *, attachment: bool = True) -> str:
    schemes = ("http", "https", "attachment") if attachment else ("http", "https")
    url = str(value)
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in schemes:
        errors.add(path, "URL_TYPE_INVALID_SCHEME", f'Scheme "{scheme}" must be one of {schemes}.')
    return url


def _timestamp(value: object, path: _Path, errors: FormErrors) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        errors.add(path, "DATE_TIME_TYPE_PARSE", f'Could not parse "{value}" as a date.')
        return str(value)
    return iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _length(embed: Json) -> int:
    """Count the characters that are limited over all embeds of a message."""
    texts = [embed.get("title", ""), embed.get("description", "")]
    texts += [embed.get(key, {}).get(text_key, "") for key, (text_key, _) in _PARTS.items()]
    for one in embed.get("fields", []):
        texts += [one["name"], one["value"]]
    return sum(len(text) for text in texts)
