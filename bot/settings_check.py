"""Describe what is wrong with the settings: invalid values, variables that are no settings."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING, Final

from dotenv import dotenv_values
from pydantic_settings import SettingsError

from bot.settings import Settings, variable_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError

__all__ = ["INVALID_FILE", "describe_invalid", "find_unknown_variables"]

PREFIX: Final = "STYLEBOT_"

INVALID_FILE: Final = (SettingsError, UnicodeDecodeError)
"""What reading the file ``.env`` raises if it is no such file."""

_LEAST_LIKENESS: Final = 0.8
"""How alike the beginning of a variable must be to the prefix to be taken for a misspelt one."""


def describe_invalid(error: ValidationError) -> Iterator[str]:
    """Yield a line for each invalid setting, which begins with its variable."""
    for problem in error.errors():
        cause = problem.get("ctx", {}).get("error")
        text = str(cause) if isinstance(cause, ValueError) else problem["msg"]
        if not problem["loc"]:  # several settings that do not go together, named in the text
            yield text
            continue
        variable = _variable(str(problem["loc"][0]))
        written = problem["input"]
        if isinstance(written, str) and cause is None and "TOKEN" not in variable:
            text += f"; it is `{written}`"
        yield f"{variable}: {text}"


def find_unknown_variables() -> list[str]:
    """Return a sentence for each variable that looks like a setting and is none.

    The environment and the file ``.env`` are read.

    Raises:
        UnicodeDecodeError: the file is not text.
    """
    known = {variable_of(name) for name in Settings.model_fields} | {"STYLEBOT_DISCORD_TOKEN"}
    given = {name.upper() for name in (*os.environ, *dotenv_values(".env"))}
    sentences = []
    for name in sorted(given - known):
        if not _looks_like_setting(name):
            continue
        rest = name.partition("_")[2]
        close = difflib.get_close_matches(f"{PREFIX}{rest}", known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        sentences.append(f"{name} is not a setting{hint}")
    return sentences


def _looks_like_setting(name: str) -> bool:
    start, separator, _ = name.partition("_")
    likeness = difflib.SequenceMatcher(None, f"{start}{separator}", PREFIX).ratio()
    return bool(separator) and likeness >= _LEAST_LIKENESS


def _variable(location: str) -> str:
    """Return the environment variable for pydantic's name of a field or of its alias."""
    name = location.lower().removeprefix(PREFIX.lower())
    return variable_of(name)
