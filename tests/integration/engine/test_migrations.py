"""The database of an earlier version, brought up to date with what is in it."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from bot.jobs import migrations
from bot.jobs.schema import HEAD

FOLDER = Path(migrations.__file__).parent


def _revisions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [HEAD], "two branches: renumber the newer one"
    return [each.revision for each in script.walk_revisions()][::-1]


def test_the_revisions_are_one_line_and_the_schema_names_its_end():
    revisions = _revisions()
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    files = sorted(path.name for path in (FOLDER / "versions").glob("v*.py"))
    assert [name[1:5] for name in files] == revisions
