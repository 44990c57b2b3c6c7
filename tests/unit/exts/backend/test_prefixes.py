"""Prefixes of guilds, and what is left to other bots that share one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.client import StyleBot
from bot.errors import StoreUnavailableError
from bot.exts.backend.prefixes import Prefixes, is_valid_prefix
from bot.jobs.models import GuildSettings
from bot.settings import Settings
from bot.views.components.routes import GuildSetting
from bot.views.guild_settings import CONTROLS, settings_embed


class Guilds:
    """The table of guilds' settings."""

    def __init__(self, prefix=None, *, is_available=True):
        self.settings, self.is_available, self.reads = GuildSettings(prefix=prefix), is_available, 0

    async def get_settings(self, guild_id):
        self.reads += 1
        if not self.is_available:
            raise StoreUnavailableError("locked")
        return self.settings


async def test_a_guilds_prefix_is_read_once_until_it_changes():
    guilds = Guilds("s!")
    prefixes = Prefixes(guilds, "!")
    assert [await prefixes.of_guild(1) for _ in range(3)] == ["s!"] * 3
    assert guilds.reads == 1
    assert await prefixes.of_guild(None) == "!"
    guilds.settings = GuildSettings()
    prefixes.forget(1)
    assert await prefixes.of_guild(1) == "!"


async def test_the_default_is_used_while_the_database_is_away():
    guilds = Guilds("s!", is_available=False)
    prefixes = Prefixes(guilds, "!")
    assert await prefixes.of_guild(1) == "!"
    guilds.is_available = True
    assert await prefixes.of_guild(1) == "s!"


@pytest.mark.parametrize("prefix", ["!", "?", "s!", "style!", "…", "&&"])
def test_prefixes_end_in_a_symbol(prefix):
    assert is_valid_prefix(prefix)


@pytest.mark.parametrize(
    "prefix",
    [
        *("", "reset", "a b!", "/", "<@1>!", "@!", "123456789!", "\n!"),
        *("`", "s`!", "\u2800", "\u3164!", "!\u202e", "!" + "\u0335" * 7),
    ],
)
def test_words_and_mentions_are_no_prefixes(prefix):
    assert not is_valid_prefix(prefix)


@pytest.mark.parametrize("is_on", [True, False])
async def test_short_aliases_are_off_by_default(tmp_path, is_on):
    changes = {"short_aliases": True} if is_on else {}
    dependencies = SimpleNamespace(
        settings=Settings(_env_file=None, data_dir=tmp_path, **changes),
        store=SimpleNamespace(guilds=None),
        reply_pacer=None,
        prefixes=Prefixes(Guilds(), "!"),
        **dict.fromkeys(
            ["artefacts", "intake", "repeats", "scheduler", "catalog", "preset_editor"]
        ),
    )
    async with StyleBot(dependencies) as bot:
        await bot.setup_hook()
        for name in ("q", "stop", "paint", "paintings", "styles"):
            assert (bot.get_command(name) is not None) == is_on
        assert bot.get_command("stylise") is not None


def test_settings_show_the_prefix_and_offer_others():
    control = CONTROLS[GuildSetting.PREFIX]
    menu = control.menu(GuildSettings(prefix="art!"), "rules:prefix")
    assert [each.value for each in menu.options if each.default] == ["art!"]
    assert (control.parse(("?",)), control.parse(())) == ("?", None)
    for settings, shown in ((GuildSettings(), "`+`"), (GuildSettings(prefix="?"), "`?`")):
        embed = settings_embed(settings, default_prefix="+")
        assert shown in str(embed.to_dict())
