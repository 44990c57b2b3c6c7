"""Column types that convert between the database and the records' fields."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import JSON, DateTime, String, Text
from sqlalchemy.types import TypeDecorator

from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from sqlalchemy import Dialect

__all__ = ["EnumText", "RecipeText", "TypedJson", "UtcDateTime"]

_Enum = TypeVar("_Enum", bound=StrEnum)
_Value = TypeVar("_Value")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC, also on databases without time zones (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to the database's form.

        Raises:
            ValueError: the time is naive.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"naive time {value!r} given to the database"
            raise ValueError(msg)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EnumText(TypeDecorator[_Enum]):
    """A member of a `StrEnum`, stored as its value."""

    impl = String
    cache_ok = True

    def __init__(self, enum: type[_Enum], length: int) -> None:
        super().__init__(length)
        self.enum = enum

    def process_bind_param(self, value: _Enum | None, dialect: Dialect) -> str | None:
        """Return the member's value."""
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> _Enum | None:
        """Return the member."""
        return None if value is None else self.enum(value)


class RecipeText(TypeDecorator[Recipe]):
    """A recipe, stored as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Recipe | None, dialect: Dialect) -> str | None:
        """Return the recipe's JSON."""
        return None if value is None else _format_recipe(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Recipe | None:
        """Return the recipe."""
        return None if value is None else _parse_recipe(value)


@functools.lru_cache(maxsize=1024)
def _format_recipe(value: Recipe) -> str:
    return value.to_json()


@functools.lru_cache(maxsize=1024)
def _parse_recipe(value: str) -> Recipe:
    """Parse a recipe; the jobs of a queue have few different ones."""
    return Recipe.from_json(value)


class TypedJson(TypeDecorator[_Value]):
    """A dataclass or a tuple, stored as JSON and validated when read."""

    impl = JSON
    cache_ok = True

    def __init__(self, python_type: Any) -> None:  # noqa: ANN401 - a class, or tuple[str, ...]
        super().__init__()
        self._adapter: TypeAdapter[_Value] = TypeAdapter(python_type)

    def process_bind_param(self, value: _Value | None, dialect: Dialect) -> Any:  # noqa: ANN401
        """Return what JSON can represent."""
        return None if value is None else self._adapter.dump_python(value, mode="json")

    def process_result_value(self, value: Any, dialect: Dialect) -> _Value | None:  # noqa: ANN401
        """Return the typed value."""
        return None if value is None else self._adapter.validate_python(value)
