"""One table of options feeds the parser, the slash command, the help and the docs page."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.app.commands_page import commands_page
from bot.client import StyleBot
from bot.exts.backend.command_docs import command_docs
from bot.exts.backend.prefixes import Prefixes
from bot.exts.stylize import options
from bot.exts.stylize.option_types import Choice, Number, WholeNumber
from bot.exts.stylize.options import OPTIONS, SLASH_INPUTS, Option
from bot.exts.stylize.parser import parse_text
from bot.exts.stylize.slash_command import build_slash_command
from bot.settings import Settings
from bot.views.help import command_embed
from bot.views.text.options import HELP
from stylenet.recipe import Recipe


def slash_parameters():
    async def callback(interaction, values):
        pass

    async def suggest(interaction, typed):
        return []

    command = build_slash_command(callback, suggest_presets=suggest)
    return {parameter.name: parameter for parameter in command.parameters}


@pytest.fixture
def make_dependencies(tmp_path):
    return SimpleNamespace(
        settings=Settings(_env_file=None, data_dir=tmp_path),
        store=SimpleNamespace(guilds=None),
        artefacts=None,
        intake=None,
        repeats=None,
        scheduler=None,
        catalog=None,
        preset_editor=None,
        prefixes=Prefixes(None, "!"),
        reply_pacer=None,
    )


def test_slash_command_has_every_input_and_option_once():
    names = [slash_input.name for slash_input in SLASH_INPUTS] + list(OPTIONS)
    assert list(slash_parameters()) == names
    assert len(set(names)) == len(names) <= 25


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
def test_slash_command_has_the_ranges_choices_and_texts_of_the_table(option):
    parameter = slash_parameters()[option.name]
    assert str(parameter.description) == option.label
    assert not parameter.required
    limits = (parameter.min_value, parameter.max_value)
    if isinstance(option.type, WholeNumber | Number):
        assert limits == (option.type.lowest, option.type.highest)
    else:
        assert limits == (None, None)
    choices = option.type.choices if isinstance(option.type, Choice) else ()
    assert tuple(choice.value for choice in parameter.choices) == choices


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
def test_every_option_explains_itself_and_fits_the_recipe(option):
    assert option.help
    assert option.expected
    recipe = Recipe.named("default")
    if option.default is not None:
        changed = recipe.evolve(**option.recipe_changes(recipe, option.default))
        assert changed == recipe, "the default is not the recipe's own value"


def test_names_and_aliases_are_unique():
    names = [name for option in OPTIONS.values() for name in (option.name, *option.aliases)]
    assert len(set(names)) == len(names)


async def test_a_new_row_reaches_parser_slash_command_help_and_docs(monkeypatch, make_dependencies):
    row = Option(
        name="smoothness",
        type=Number(lowest=0.5, highest=8),
        recipe_field="tv_weight",
        is_factor=True,
        aliases=("smooth",),
    )
    monkeypatch.setitem(options.OPTIONS, row.name, row)
    monkeypatch.setitem(HELP, row.name, "how smooth the painting is")

    parsed = parse_text("smooth=2")
    assert parsed.options == {"smoothness": 2.0}
    recipe = Recipe.named("default")
    assert parsed.recipe_changes(recipe) == {"tv_weight": 2 * recipe.tv_weight}
    assert parse_text("smoothness=9").error.suggestion == "a number from 0.5 to 8"

    parameter = slash_parameters()["smoothness"]
    assert (parameter.min_value, parameter.max_value) == (0.5, 8)
    assert str(parameter.description) == "How smooth the painting is"

    async with StyleBot(make_dependencies) as bot:
        await bot.setup_hook()
        entry = next(
            entry
            for section in command_docs(bot)
            for entry in section.commands
            if entry.name == "stylize"
        )
    shown = command_embed(entry, prefix="!").to_dict()["fields"][0]["value"]
    assert "`smoothness=` how smooth the painting is" in shown

    page = await commands_page(make_dependencies)
    assert "| `smoothness=` | how smooth the painting is |" in page
    assert "| `smoothness` | How smooth the painting is |" in page
