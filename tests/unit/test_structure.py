"""The structure of both packages: unique module names, bounded lengths, complete `__all__`."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path.relative_to(ROOT)
    for package in ("bot", "stylenet")
    for path in (ROOT / package).rglob("*.py")
    if "versions" not in path.parts
)

CONVENTIONAL = {"__init__", "__main__", "cog", "env"}
"""Names that Python, the command extensions and Alembic give a module; each is its package's."""

SHARED_NAMES: dict[str, set[str]] = {
    # The error tree of each package, and the sentences that members read for the bot's.
    "errors": {"bot", "bot/playground", "bot/views/text", "stylenet"},
    # The gallery: its commands and buttons, its message, and that message's sentences.
    "gallery": {"bot/exts/jobs", "bot/views", "bot/views/text"},
    # The help: its commands, its messages, and their sentences.
    "help": {"bot/exts/backend", "bot/views", "bot/views/text"},
    # The options of `stylize`: their table, and their help texts.
    "options": {"bot/exts/stylize", "bot/views/text"},
    # The owner's commands, and their sentences.
    "owner": {"bot/exts/backend", "bot/views/text"},
    # The picker: its choices, and its message.
    "picker": {"bot/exts/stylize", "bot/views"},
    # What members may see and delete: the messages, and their sentences.
    "privacy": {"bot/views", "bot/views/text"},
    # The queue of jobs: its order in the database, and the message that shows it.
    "queue": {"bot/jobs", "bot/views"},
}
"""The folders of each name that several modules have: one subject, seen from several layers."""

LONGEST_MODULE_LINES = 400


def test_a_module_name_stands_for_one_subject():
    folders = defaultdict(set)
    for path in MODULES:
        if path.stem not in CONVENTIONAL:
            folders[path.stem].add(path.parent.as_posix())
    assert {name: where for name, where in folders.items() if len(where) > 1} == SHARED_NAMES


def test_a_class_name_stands_for_one_class():
    modules = defaultdict(set)
    for path in MODULES:
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules[node.name].add(path.as_posix())
    # Discord's members: the demo's client of the playground, and the playground's record.
    shared = {"Member": {"bot/demo/member.py", "bot/playground/state/records.py"}}
    assert {name: where for name, where in modules.items() if len(where) > 1} == shared


def test_no_module_is_longer_than_the_limit():
    lines = {path: len((ROOT / path).read_text("utf-8").splitlines()) for path in MODULES}
    assert not {path: count for path, count in lines.items() if count > LONGEST_MODULE_LINES}


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.stem not in {"__main__", "env"}], ids=str
)
def test_every_public_class_and_function_is_exported(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and not node.name.startswith("_")
    }
    exported = next(
        (
            set(ast.literal_eval(node.value))
            for node in tree.body
            if isinstance(node, ast.Assign)
            and any(isinstance(name, ast.Name) and name.id == "__all__" for name in node.targets)
        ),
        set(),
    )
    assert defined <= exported, f"public, but not in __all__: {sorted(defined - exported)}"
