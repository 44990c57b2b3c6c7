"""Extract a compact table of facts from Discord's published OpenAPI document.

    python -m tests.contract.extract OPENAPI.json

The table holds the objects that the playground's operations answer with: their fields, types,
formats, and which fields are required or nullable; no text. See `tests.contract.checker` for its
form. The list of all operations, which the playground's route table reads, is written too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bot.playground.rest.route_table import OPERATIONS_FILE, operation_key
from bot.playground.server import Playground

FACTS = Path(__file__).with_name("facts.json")
Json = dict[str, Any]
_PREFIX = "#/components/schemas/"
_ANY = "any"


class Extractor:
    """Translates schemas into facts, and collects the objects that they refer to."""

    def __init__(self, document: Json) -> None:
        self._schemas = document["components"]["schemas"]
        self.objects: dict[str, Json] = {}

    def type_of(self, schema: Json) -> Any:
        """Return the type that a schema describes."""
        if "$ref" in schema:
            return self._named(schema["$ref"].removeprefix(_PREFIX))
        if "enum" in schema:
            return ["enum", *schema["enum"]]
        choices = schema.get("oneOf") or schema.get("anyOf")
        if choices and all("const" in choice for choice in choices):
            return ["enum", *(choice["const"] for choice in choices)]
        if choices:
            return _one_of([self.type_of(choice) for choice in choices])
        kinds = schema.get("type", _ANY)
        if isinstance(kinds, list):
            return _one_of([self.type_of({**schema, "type": kind}) for kind in kinds])
        if kinds == "array":
            return ["list", self.type_of(schema.get("items", {}))]
        if kinds == "object":
            return self._object_of(schema)
        return schema.get("format", kinds) if kinds != "null" else "null"

    def _named(self, name: str) -> Any:
        schema = self._schemas[name]
        fields = self._fields_of(schema)
        if fields is None:
            return self.type_of(schema)
        if name not in self.objects:
            self.objects[name] = {}
            self.objects[name] = self._types_of(fields)
        return name

    def _object_of(self, schema: Json) -> Any:
        if isinstance(schema.get("additionalProperties"), dict):
            return ["map", self.type_of(schema["additionalProperties"])]
        fields = self._fields_of(schema)
        return self._types_of(fields) if fields else ["map", _ANY]

    def _types_of(self, fields: dict[str, tuple[Json, bool]]) -> Json:
        return {
            name if required else f"{name}?": self.type_of(schema)
            for name, (schema, required) in fields.items()
        }

    def _fields_of(self, schema: Json) -> dict[str, tuple[Json, bool]] | None:
        """Return an object's fields and whether each is required; None for other schemas."""
        if "$ref" in schema:
            return self._fields_of(self._schemas[schema["$ref"].removeprefix(_PREFIX)])
        if schema.get("type") != "object" or "oneOf" in schema:
            return None
        fields: dict[str, tuple[Json, bool]] = {}
        for part in schema.get("allOf", []):
            fields |= self._fields_of(part) or {}
        required = schema.get("required", [])
        for name, field in schema.get("properties", {}).items():
            fields[name] = (field, name in required)
        return fields or None


def _one_of(types: list[Any]) -> Any:
    unique = [kind for index, kind in enumerate(types) if kind not in types[:index]]
    return unique[0] if len(unique) == 1 else ["one", *unique]


def extract(document: Json) -> Json:
    """Return the facts about the operations that the playground serves."""
    served = {operation_key(route.method, route.path) for route in Playground().rest_routes()}
    extractor = Extractor(document)
    operations: dict[str, Json] = {}
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            if operation_key(method.upper(), path) not in served:
                continue
            answers: Json = {}
            for status, response in operation["responses"].items():
                content = response.get("content", {}).get("application/json")
                if status.startswith("2"):
                    answers[status] = extractor.type_of(content["schema"]) if content else None
            operations[f"{method.upper()} {path}"] = answers
    return {"operations": operations, "objects": dict(sorted(extractor.objects.items()))}


def main(path: str) -> None:
    """Write both files."""
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    operations = sorted(
        (path, method.upper())
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    )
    lines = [f"{method} {path}\n" for path, method in operations]
    OPERATIONS_FILE.write_text("".join(lines), encoding="utf-8")
    FACTS.write_text(render(extract(document)), encoding="utf-8")


def render(facts: Json) -> str:
    """Return the facts as JSON, one operation or object a line."""
    sections = []
    for section, entries in facts.items():
        rows = [
            f"{json.dumps(name)}: {json.dumps(entry, separators=(',', ':'))}"
            for name, entry in entries.items()
        ]
        sections.append(f"{json.dumps(section)}: {{\n" + ",\n".join(rows) + "\n}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


if __name__ == "__main__":
    main(sys.argv[1])
