"""Values that members enter: numbers of options, choices of menus and fields of modals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.errors import invalid_form
from bot.playground.messages.component_validation import find_component

if TYPE_CHECKING:
    from bot.playground.state.records import Json

__all__ = ["NUMBERS", "check_values", "parse_number", "submitted_component"]

NUMBERS: dict[int, type] = {4: int, 10: float}
"""The numeric types of command options."""


def submitted_component(component: Json, given: list[Json]) -> Json:
    """Return a modal's component as Discord submits it, with what the user entered.

    Args:
        component: the component as the application sent it.
        given: the components that the user filled in, found by their custom ids.
    """
    shape: Json = {"type": component.get("type"), "id": component["id"]}
    if "components" in component:
        shape["components"] = [
            submitted_component(child, given) for child in component["components"]
        ]
    if "component" in component:
        shape["component"] = submitted_component(component["component"], given)
    if "custom_id" in component:
        entered = find_component(given, component["custom_id"]) or {}
        shape["custom_id"] = component["custom_id"]
        shape |= {key: entered[key] for key in ("value", "values") if key in entered}
    return shape


def parse_number(definition: Json, value: object, where: tuple[str, str]) -> int | float:
    """Return the number for a command's option.

    Raises:
        ApiError: 400/50035 when it is not one, or out of the option's bounds.
    """
    kind = NUMBERS[definition["type"]]
    try:
        number: int | float = kind(str(value))
    except ValueError:
        raise invalid_form(
            where, "NUMBER_TYPE_COERCE", f'Value "{value}" is not {kind.__name__}.'
        ) from None
    minimum, maximum = definition.get("min_value"), definition.get("max_value")
    if minimum is not None and number < minimum:
        raise invalid_form(
            where, "NUMBER_TYPE_MIN", f"Value should be greater than or equal to {minimum}."
        )
    if maximum is not None and number > maximum:
        raise invalid_form(
            where, "NUMBER_TYPE_MAX", f"Value should be less than or equal to {maximum}."
        )
    return number


def check_values(component: Json, values: list[str]) -> None:
    """Refuse values that the menu does not have.

    Raises:
        ApiError: 400/50035.
    """
    offered = {option["value"] for option in component.get("options", [])}
    fits = component["min_values"] <= len(values) <= component["max_values"]
    if not fits or (offered and not set(values) <= offered):
        raise invalid_form(
            ("data", "values"), "COMPONENT_VALIDATION_FAILED", "Component validation failed"
        )
