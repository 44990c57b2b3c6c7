"""Check what the playground sends against facts about Discord's objects.

``facts.json`` is generated from Discord's OpenAPI document by `tests.contract.extract`; the
payloads of the gateway, which that document leaves out, are in `tests.contract.gateway`. A type is
one of

- a name: ``string``, ``integer``, ``snowflake``, ``date-time``, …, or of an object;
- an object: its fields' types; a name that ends with ``?`` may be absent, any other field and
  every field without an entry is a fault;
- ``["list", type]``, ``["map", type]``, ``["one", type, …]``, ``["enum", value, …]``.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .gateway import EVENTS, FRAMES, OBJECTS

FACTS = json.loads(Path(__file__).with_name("facts.json").read_text(encoding="utf-8"))
API = re.compile(r"/api/v\d+(/.*)")

ADDED_FIELDS: dict[str, dict[str, Any]] = {
    # Fields that Discord sends and its reference describes, but that the document lacks.
    "PrivateApplicationResponse": {"summary": "string"},
    "IntegrationApplicationResponse": {"summary": "string"},
}
ERROR = {
    "code": "integer",
    "message": "string",
    "errors?": "FormErrors",
    "retry_after?": "number",
    "global?": "boolean",
}
_SNOWFLAKE = re.compile(r"0|[1-9][0-9]{0,19}")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_timestamp(value: Any) -> bool:
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_uri(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return bool(parts.scheme and (parts.netloc or parts.scheme == "attachment"))


def _is_form_errors(value: Any) -> bool:
    """Errors by field: each leaf lists codes, which are strings, and messages."""
    if not isinstance(value, dict):
        return False
    return all(
        [entry.keys() for entry in node] == [{"code", "message"}] * len(node)
        and all(isinstance(text, str) for entry in node for text in entry.values())
        if key == "_errors"
        else _is_form_errors(node)
        for key, node in value.items()
    )


PRIMITIVES = {
    "any": lambda value: True,
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "int32": lambda value: _is_integer(value) and -(2**31) <= value < 2**31,
    "int53": lambda value: _is_integer(value) and abs(value) < 2**53,
    "int64": lambda value: _is_integer(value) and -(2**63) <= value < 2**63,
    "number": lambda value: _is_integer(value) or isinstance(value, float),
    "double": lambda value: _is_integer(value) or isinstance(value, float),
    "snowflake": lambda value: (
        isinstance(value, str) and bool(_SNOWFLAKE.fullmatch(value)) and int(value) < 2**64
    ),
    "permissions": lambda value: isinstance(value, str) and value.isdecimal(),
    "nonce": lambda value: isinstance(value, str) and len(value) <= 25,
    "date-time": _is_timestamp,
    "uri": _is_uri,
    "FormErrors": _is_form_errors,
}


def _fields_of(name: str) -> dict[str, Any] | None:
    """Return the fields of a named object, with those of the object that it extends."""
    found = OBJECTS.get(name) or FACTS["objects"].get(name)
    if found is None:
        return None
    fields: dict[str, Any] = {}
    if "extends" in found:
        fields |= _fields_of(found["extends"]) or {}
    return fields | {k: v for k, v in found.items() if k != "extends"} | ADDED_FIELDS.get(name, {})


def faults_of(value: Any, kind: Any, path: str = "$") -> list[str]:
    """Return where and how the value differs from the type."""
    if isinstance(kind, str):
        fields = _fields_of(kind)
        if fields is not None:
            return _object_faults(value, fields, path)
        return [] if PRIMITIVES[kind](value) else [f"{path}: {value!r} is not {kind}"]
    if isinstance(kind, dict):
        return _object_faults(value, kind, path)
    name, *parts = kind
    if name == "enum":
        fits = any(value == part and type(value) is type(part) for part in parts)
        return [] if fits else [f"{path}: {value!r} is not one of {parts}"]
    if name == "one":
        # The alternative that was meant is of the value's own JSON type and has the fewest faults.
        found = [faults_of(value, part, path) for part in parts]
        return min(found, key=lambda faults: (f"{path}:" in str(faults), len(faults)))
    expected = list if name == "list" else dict
    if not isinstance(value, expected):
        return [f"{path}: {value!r} is not a {name}"]
    items = enumerate(value) if name == "list" else value.items()
    return [fault for key, item in items for fault in faults_of(item, parts[0], f"{path}.{key}")]


def _object_faults(value: Any, fields: dict[str, Any], path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is not an object"]
    known = {name.removesuffix("?"): kind for name, kind in fields.items()}
    faults = [f"{path}.{name} is unknown" for name in value.keys() - known.keys()]
    for name, kind in fields.items():
        key = name.removesuffix("?")
        if key in value:
            faults += faults_of(value[key], kind, f"{path}.{key}")
        elif key == name:
            faults.append(f"{path}.{key} is missing")
    return faults


def operation_of(method: str, path: str) -> str | None:
    """Return the operation that a request's path belongs to; None if there is no such one."""
    segments = path.split("/")
    best: tuple[list[bool], str] | None = None
    for operation in FACTS["operations"]:
        name, pattern = operation.split(" ")
        parts = pattern.split("/")
        if name != method or len(parts) != len(segments):
            continue
        if all(p.startswith("{") or p == s for p, s in zip(parts, segments, strict=True)):
            rank = [part.startswith("{") for part in parts]
            if best is None or rank < best[0]:
                best = (rank, operation)
    return best[1] if best else None


def response_faults(method: str, path: str, status: int, body: Any) -> list[str]:
    """Return the faults of a response's JSON body.

    Args:
        method: the HTTP method.
        path: the path of the request, from the API's base path on.
        status: the HTTP status.
        body: the JSON, or None without one.
    """
    if status >= 400:
        return faults_of(body, ERROR)
    operation = operation_of(method, path)
    if operation is None:
        return [f"{method} {path} is no operation"]
    answers = FACTS["operations"][operation]
    if str(status) not in answers:
        return [f"{operation} does not answer {status}"]
    kind = answers[str(status)]
    return (
        ([] if body is None else [f"{operation}: a body"])
        if kind is None
        else faults_of(body, kind)
    )


def frame_faults(frame: Any) -> list[str]:
    """Return the faults of a frame that the gateway sent."""
    faults = faults_of(frame, {"op": "integer", "d": "any", "s": "any", "t": "any"})
    if faults:
        return faults
    if frame["op"] != 0:
        faults += faults_of([frame["s"], frame["t"]], ["list", "null"], "$.s, $.t")
        return faults + faults_of(frame["d"], FRAMES[frame["op"]], f"op {frame['op']}")
    faults += faults_of(frame["s"], "integer", "$.s")
    if frame["t"] not in EVENTS:
        return [*faults, f"{frame['t']} is no event"]
    return faults + faults_of(frame["d"], EVENTS[frame["t"]], frame["t"])
