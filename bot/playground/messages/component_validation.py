"""Validate message components against Discord's limits, assign ids, and find components."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from bot.playground.errors import FormErrors
from bot.playground.state.records import COMPONENTS_V2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.playground.state.records import Attachment, Json

__all__ = [
    "check_components",
    "check_file_references",
    "check_modal_components",
    "find_component",
    "walk",
]

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
SELECTS = frozenset({3, 5, 6, 7, 8})
LINK, PREMIUM = 5, 6
MAX_ROWS, MAX_BUTTONS, MAX_V2, MAX_TEXT = 5, 5, 40, 4000
_TOP_V2 = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER})
_INTEGERS = frozenset({"type", "id", "style", "min_values", "max_values"})
_OBJECTS = frozenset({"accessory", "component", "media", "file", "emoji"})
_ARRAYS = frozenset({"components", "items", "options"})
_Path = tuple[str | int, ...]


def walk(components: list[Json]) -> Iterator[Json]:
    """Yield every component of a tree, parents first."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        if "accessory" in component:
            yield from walk([component["accessory"]])
        if isinstance(component.get("component"), dict):
            yield from walk([component["component"]])


def find_component(components: list[Json], custom_id: str) -> Json | None:
    """Return the component with this custom id, or None."""
    return next((c for c in walk(components) if c.get("custom_id") == custom_id), None)


def check_components(components: object, flags: int, errors: FormErrors) -> list[Json]:
    """Return the components in the form in which they are stored; add violations to ``errors``."""
    found = FormErrors()
    given = [
        _convert_types(component, ("components", index), found)
        for index, component in enumerate(found.read_objects(("components",), components))
    ]
    if found:  # the other checks rely on these types
        errors.merge(found)
        return []
    return _Validator(errors, v2=bool(flags & COMPONENTS_V2)).validate(given)


def check_file_references(components: list[Json], attachments: list[Attachment]) -> None:
    """Refuse components that refer to a file that was not uploaded.

    Raises:
        ApiError: 400/50035.
    """
    names = {attachment.filename for attachment in attachments}
    errors = FormErrors()
    for component in walk(components):
        shown = [component, *component.get("items", [])]
        for media in (item.get("media") or item.get("file") for item in shown):
            url = str((media or {}).get("url", ""))
            if url.startswith("attachment://") and url[13:] not in names:
                errors.add(
                    ("components",),
                    "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
                    "The specified attachment could not be found",
                )
    errors.raise_if_any()


def check_modal_components(components: object, path: _Path, errors: FormErrors) -> list[Json]:
    """Return a modal's components, each with an id; add violations to ``errors``."""
    found = [
        _convert_types(component, (*path, index), errors)
        for index, component in enumerate(errors.read_objects(path, components))
    ]
    used = {component["id"] for component in walk(found) if component.get("id")}
    unused = (number for number in itertools.count(1) if number not in used)
    for component in walk(found):
        component["id"] = component.get("id") or next(unused)
    return found


def _convert_types(component: Json, path: _Path, errors: FormErrors) -> Json:
    """Return the component with each field converted to the type that the checks expect."""
    converted = {key: value for key, value in component.items() if value is not None}
    for key in converted.keys() & _INTEGERS:
        converted[key] = errors.read_integer((*path, key), converted[key])
    for key in converted.keys() & _OBJECTS:
        inner = errors.read_object((*path, key), converted[key])
        converted[key] = _convert_types(inner, (*path, key), errors)
    for key in converted.keys() & _ARRAYS:
        converted[key] = [
            _convert_types(inner, (*path, key, index), errors)
            for index, inner in enumerate(errors.read_objects((*path, key), converted[key]))
        ]
    return converted


class _Validator:
    def __init__(self, errors: FormErrors, *, v2: bool) -> None:
        self._errors = errors
        self._v2 = v2
        self._seen: set[str] = set()
        self._next_id = 1
        self._used: set[int] = set()

    def validate(self, components: list[Json]) -> list[Json]:
        all_components = list(walk(components))
        self._used = {c["id"] for c in all_components if "id" in c}
        if self._v2:
            if len(all_components) > MAX_V2:
                self._errors.add(
                    ("components",),
                    "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
                    f"The total number of components ({len(all_components)}) exceeds the maximum "
                    f"of {MAX_V2}",
                )
            if sum(len(str(c.get("content", ""))) for c in all_components) > MAX_TEXT:
                self._errors.add(
                    ("components",),
                    "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
                    f"The total size of displayable text exceeds the maximum of {MAX_TEXT}",
                )
        elif len(components) > MAX_ROWS:
            self._errors.too_long(("components",), MAX_ROWS)
        allowed = _TOP_V2 if self._v2 else frozenset({ROW})
        return [self._validate_one(c, ("components", i), allowed) for i, c in enumerate(components)]

    def _validate_one(self, component: Json, path: _Path, allowed: frozenset[int]) -> Json:
        kind = component.get("type")
        if kind not in allowed:
            self._errors.add(
                (*path, "type"),
                "BASE_TYPE_CHOICES",
                f'Value of field "type" must be one of {tuple(sorted(allowed))}.',
            )
            return dict(component)
        kept: Json = dict(component)
        kept["id"] = component.get("id") or self._new_id()
        if kind == ROW:
            kept["components"] = self._row(component.get("components") or [], path)
        elif kind == BUTTON:
            self._button(kept, path)
        elif kind in SELECTS:
            self._select(kept, path)
        elif kind == CONTAINER:
            kept["components"] = self._children(component, path, _TOP_V2 - {CONTAINER})
            kept.setdefault("accent_color", None)
            kept.setdefault("spoiler", False)
        elif kind == SECTION:
            kept["components"] = self._children(component, path, frozenset({TEXT}))
            kept["accessory"] = self._validate_one(
                component.get("accessory") or {},
                (*path, "accessory"),
                frozenset({BUTTON, THUMBNAIL}),
            )
        elif kind == TEXT:
            self._length(kept, "content", 1, MAX_TEXT, path)
        elif kind == SEPARATOR:
            kept.setdefault("divider", True)
            kept.setdefault("spacing", 1)
        elif kind == GALLERY:
            kept["items"] = [self._with_media(item) for item in component.get("items") or []]
            if not 1 <= len(kept["items"]) <= 10:
                self._errors.bad_length((*path, "items"), 1, 10)
        elif kind in (THUMBNAIL, FILE):
            kept = self._with_media(kept)
            if kind == FILE:
                del kept["description"]
        return kept

    def _children(self, component: Json, path: _Path, allowed: frozenset[int]) -> list[Json]:
        children = component.get("components") or []
        if not children:
            self._errors.required((*path, "components"))
        return [
            self._validate_one(child, (*path, "components", index), allowed)
            for index, child in enumerate(children)
        ]

    def _row(self, children: list[Json], path: _Path) -> list[Json]:
        if not 1 <= len(children) <= MAX_BUTTONS:
            self._errors.bad_length((*path, "components"), 1, MAX_BUTTONS)
        kinds = {child.get("type") for child in children}
        if kinds & SELECTS and len(children) > 1:
            self._errors.add(
                (*path, "components"),
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            )
        return [
            self._validate_one(child, (*path, "components", index), frozenset({BUTTON}) | SELECTS)
            for index, child in enumerate(children)
        ]

    def _button(self, kept: Json, path: _Path) -> None:
        style = kept.setdefault("style", 1)
        kept.setdefault("disabled", False)
        if style not in range(1, 7):
            self._errors.add(
                (*path, "style"),
                "BASE_TYPE_CHOICES",
                'Value of field "style" must be one of (1, 2, 3, 4, 5, 6).',
            )
        if style == LINK:
            if not kept.get("url"):
                self._errors.required((*path, "url"))
            if kept.get("custom_id"):
                self._errors.add(
                    (*path, "custom_id"),
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    "A custom id and url cannot both be specified",
                )
        elif style != PREMIUM:
            self._custom_id(kept, path)
        if "label" in kept:
            self._length(kept, "label", 0, 80, path)
        if not kept.get("label") and not kept.get("emoji") and style != PREMIUM:
            self._errors.add(
                (*path, "label"),
                "BUTTON_COMPONENT_INVALID_LABEL_EMOJI",
                "A button must have a label or an emoji",
            )

    def _select(self, kept: Json, path: _Path) -> None:
        kept.setdefault("min_values", 1)
        kept.setdefault("max_values", 1)
        kept.setdefault("disabled", False)
        self._custom_id(kept, path)
        if "placeholder" in kept:
            self._length(kept, "placeholder", 0, 150, path)
        if kept["type"] != STRING_SELECT:
            return
        options = kept.get("options") or []
        if not 1 <= len(options) <= 25:
            self._errors.bad_length((*path, "options"), 1, 25)
        values = [str(option.get("value")) for option in options]
        for index, option in enumerate(options):
            where = (*path, "options", index)
            self._length(option, "label", 1, 100, where)
            self._length(option, "value", 1, 100, where)
            if option.get("description"):
                self._length(option, "description", 0, 100, where)
            if values.index(str(option.get("value"))) != index:
                self._errors.add(
                    (*where, "value"),
                    "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                    "The specified option value is already used",
                )
        if options and not 0 <= kept["min_values"] <= kept["max_values"] <= len(options):
            self._errors.add(
                (*path, "max_values"),
                "SELECT_COMPONENT_MAX_VALUES_INVALID",
                "The values must lie between min_values and the number of options",
            )

    def _custom_id(self, kept: Json, path: _Path) -> None:
        custom_id = kept.get("custom_id")
        if not custom_id:
            self._errors.required((*path, "custom_id"))
            return
        self._length(kept, "custom_id", 1, 100, path)
        if custom_id in self._seen:
            self._errors.add(
                (*path, "custom_id"),
                "COMPONENT_CUSTOM_ID_DUPLICATED",
                "Component custom id cannot be duplicated",
            )
        self._seen.add(str(custom_id))

    def _with_media(self, item: Json) -> Json:
        kept = {"description": None, "spoiler": False, **item}
        for key in ("media", "file"):
            if key in kept:
                kept[key] = {"id": str(self._new_id()), "url": str(kept[key].get("url", ""))}
        return kept

    def _length(self, record: Json, key: str, minimum: int, maximum: int, path: _Path) -> None:
        if not minimum <= len(str(record.get(key) or "")) <= maximum:
            self._errors.bad_length((*path, key), minimum, maximum)

    def _new_id(self) -> int:
        while self._next_id in self._used:
            self._next_id += 1
        self._used.add(self._next_id)
        return self._next_id
