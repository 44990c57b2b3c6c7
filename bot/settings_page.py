"""Render all settings as Markdown; ``docs/settings.md`` is this page."""

from __future__ import annotations

from bot.setting_formats import format_value
from bot.settings import Settings, variable_of

__all__ = ["settings_page"]

HEAD = """# Settings

Every setting is an environment variable; a file `.env` in the working directory is read too. All
have defaults that suit a small server, except the token. This page is made by
`python -m bot settings`.

How values are written:

- An empty value means the default. Quotes around a value are removed.
- Sizes are numbers of bytes, or have a unit: `512 MiB`, `25 MB`, `1.5 GiB`.
- Times are numbers of the unit that the setting's name ends in, or have a unit: `500 ms`, `90 s`,
  `10 min`, `2 h`, `30 d`.
- What is on or off is `true`, `yes`, `on` or `1`; `false`, `no`, `off` or `0`.
- Lists are separated by commas; spaces are ignored. Words may be in any case.
- A path may begin with `~`, the home folder of the user that runs the bot.

A value that cannot work stops the start with one line that names the setting. A variable that
begins with `STYLEBOT_` and is no setting is reported at the start and by `python -m bot check`.
"""


def settings_page() -> str:
    """Return all settings as Markdown: variable, default, meaning."""
    lines = [HEAD, "| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if field.default_factory is not None:
            default = "the user's data folder"
        else:
            written = format_value(name, field.default)
            default = f"`{written}`" if written else ""
        lines.append(f"| `{variable_of(name)}` | {default} | {field.description} |")
    return "\n".join(lines)
