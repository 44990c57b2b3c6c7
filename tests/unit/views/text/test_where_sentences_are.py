"""Every sentence that members read is in `bot/views/text`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
TEXT = ROOT / "bot" / "views" / "text"
MODULES = sorted(
    path
    for folder in ("bot/exts", "bot/views")
    for path in (ROOT / folder).rglob("*.py")
    if TEXT not in path.parents
)
SENTENCE = re.compile(r"[*_#\-> ]*[A-Z][^ ]* +\S")

ALLOWED = {
    "View Channel",  # Discord's own names of permissions, which it does not translate for bots
    "Send Messages",
    "Embed Links",
    "Attach Files",
}


def sentences_in(tree):
    """Literals that look like a sentence: a capital, a space, and neither docstring nor log."""
    ignored = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            ignored.add(node.value)  # docstrings
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith("logger."):
            ignored.update(ast.walk(node))
        elif isinstance(node, ast.Raise):
            ignored.update(ast.walk(node))  # errors carry fields; `views.text.errors` words them
        elif isinstance(node, ast.AnnAssign):
            ignored.update(ast.walk(node.annotation))
    for node in ast.walk(tree):
        if node in ignored:
            continue
        if isinstance(node, ast.JoinedStr):
            literal = "".join(
                part.value if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
            ignored.update(ast.walk(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            literal = node.value
        else:
            continue
        if SENTENCE.match(literal) and literal not in ALLOWED:
            yield f"{node.lineno}: {literal}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sentence_is_elsewhere(path):
    assert list(sentences_in(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code", ['x = "Choose a style"', 'x = f"Page {n} of {m}"', 'f(label="**Yes** do")']
)
def test_a_sentence_is_noticed(code):
    assert len(list(sentences_in(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code", ['"""A docstring here."""', 'logger.info("Not for members")', 'x = "lower case words"']
)
def test_what_members_do_not_read_is_left_alone(code):
    assert list(sentences_in(ast.parse(code))) == []


DESCRIBED = {"command", "hybrid_command", "hybrid_group"}


def undescribed(tree):
    """Commands and cogs with commands, whose docstring discord.py would show to members."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            for call in node.decorator_list:
                is_command = isinstance(call, ast.Call) and (
                    ast.unparse(call.func).rpartition(".")[2] in DESCRIBED
                )
                if is_command and "help" not in {each.arg for each in call.keywords}:
                    yield node.name
        elif isinstance(node, ast.ClassDef) and "commands.Cog" in map(ast.unparse, node.bases):
            has_commands = any(
                isinstance(each, ast.AsyncFunctionDef)
                and any("command(" in ast.unparse(call) for call in each.decorator_list)
                for each in node.body
            )
            if has_commands and "description" not in {each.arg for each in node.keywords}:
                yield node.name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_docstring_is_shown_to_members(path):
    assert list(undescribed(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_a_command_without_its_help_is_noticed():
    code = """
class Cog(commands.Cog):
    @commands.command(name="x")
    async def x(self, ctx):
        "Read by members."
"""
    assert list(undescribed(ast.parse(code))) == ["Cog", "x"]
