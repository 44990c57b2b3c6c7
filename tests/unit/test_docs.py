"""What the documents promise is true: commands, links, permissions, code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import discord
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKE_TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page):
    named = re.findall(r"(?:^|`)make ([a-z]+)\b", page.read_text("utf-8"), re.MULTILINE)
    assert set(named) <= MAKE_TARGETS


def test_readme_names_the_two_commands():
    assert "```sh\nmake demo\n```" in README
    assert "```sh\nmake test\n```" in README


def test_invitation_asks_for_exactly_the_permissions_it_names():
    asked = discord.Permissions(int(re.search(r"permissions=(\d+)", README)[1]))
    assert asked == discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        embed_links=True,
        attach_files=True,
        read_message_history=True,
        add_reactions=True,
    )


def test_python_in_the_readme_is_python_and_imports_what_exists():
    import stylenet

    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert node.value.id != "stylenet" or node.attr in stylenet.__all__


async def test_the_list_of_commands_is_the_one_the_code_gives(tmp_path):
    from bot.app import describe_commands
    from bot.settings import Settings

    page = await describe_commands(Settings(_env_file=None, data_dir=tmp_path))
    documented = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert documented.strip() == page, "run: python -m bot commands > docs/commands.md"


ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
TASKS = {
    "a built-in preset",
    "a loss term",
    "a recipe option, end to end",
    "a command",
    "a button that works forever",
    "an executor",
    "a guild setting",
    "a language",
    "a file type",
    "a migration",
}
MOST_FILES = 5


def test_architecture_names_every_package():
    for package in (ROOT / "bot").iterdir():
        if package.is_dir() and not package.name.startswith("_"):
            assert f"`bot/{package.name}/`" in ARCHITECTURE, f"{package.name} is missing"


def test_architecture_names_files_that_exist():
    for path in re.findall(r"`((?:bot|stylenet|docs|tests)/[\w./]+)`", ARCHITECTURE):
        assert (ROOT / path).exists(), f"there is no {path}"


def test_architecture_names_the_top_modules_that_are_free_of_torch():
    stated = re.search(r"modules at its top \((.*?)\) except `api`", ARCHITECTURE, re.DOTALL)[1]
    top = {path.stem for path in (ROOT / "stylenet").glob("*.py") if path.stem[0] != "_"}
    assert set(re.findall(r"`(\w+)`", stated)) == top - {"api", "cli"}


def test_every_task_takes_few_files():
    section = ARCHITECTURE.split("## Where do I add …")[1].split("\n## ")[0]
    tasks = dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", section, re.DOTALL | re.MULTILINE))
    assert set(tasks) == TASKS
    for title, text in tasks.items():
        steps = re.findall(r"^\d+\. ", text, re.MULTILINE)
        assert len(steps) <= MOST_FILES, title
        assert re.search(r"`(?:bot|stylenet)/[\w./]+`", text), f"{title} names no file"


def test_the_threat_model_names_tests_that_exist():
    page = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert named
    for path, test in named:
        assert (ROOT / path).is_file(), f"there is no {path}"
        assert f"def {test}" in (ROOT / path).read_text(encoding="utf-8"), f"{path} has no {test}"


def test_the_glossary_gives_names_that_are_in_the_code():
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`([\w.]+)`", page))
    assert names
    assert not names - _names_in_the_code()


def test_quoted_log_lines_are_logged():
    """Each part between ellipses in the log column of the table of failures."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.split("## When things fail")[1].split("\n\n")[2]
    rows = [row.split(" | ") for row in table.splitlines()[2:]]
    spans = [span for row in rows for span in re.findall(r"`([^`]+)`", row[2])]
    lines = [span for span in spans if " " in span]
    assert lines
    texts = "\n".join(_texts_in_the_code())
    for line in lines:
        for part in re.split(r"\s*…\s*", line):
            # The name of a retried action is filled in: "%s failed, next attempt".
            for words in [part] if part in texts else part.split(" failed, "):
                assert words in texts, f"nothing logs {words!r}"


def _modules():
    for package in ("bot", "stylenet"):
        for path in (ROOT / package).rglob("*.py"):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _names_in_the_code():
    names = set()
    for path, tree in _modules():
        names.add(path.stem)
        for node in ast.walk(tree):
            names.update(getattr(node, each, None) for each in ("id", "attr", "name", "arg"))
    return names


def _texts_in_the_code():
    for _, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_pins_are_versions_only():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line), line
