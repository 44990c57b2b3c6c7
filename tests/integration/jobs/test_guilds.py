"""Settings and presets of guilds, and their deletion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import PresetProblem, PresetRefused
from bot.jobs.models import GuildPreset, GuildSettings

LETTERS = ("🇦", "🇧", "🇨")


@pytest.fixture
def preset():
    def make(name="harbour", *, guild=7, emoji="", member=10, folder="one"):
        return GuildPreset(
            guild_id=guild,
            name=name,
            title=name.title(),
            emoji=emoji,
            alt_text=f"A picture of {name}.",
            picture_key=f"guilds/{guild}/{folder}/picture",
            thumbnail_key=f"guilds/{guild}/{folder}/thumbnail",
            added_by=member,
            created_at=datetime.now(UTC),
        )

    return make


async def test_settings_have_defaults(store):
    assert await store.guilds.get_settings(7) == GuildSettings()
    rules = GuildSettings(channel_ids=(1, 2), manager_role_id=3)
    await store.guilds.set_settings(7, rules)
    assert await store.guilds.get_settings(7) == rules
    await store.guilds.set_settings(7, GuildSettings())
    assert await store.guilds.get_settings(7) == GuildSettings()
    assert await store.guilds.get_settings(8) == GuildSettings()


async def test_styles_get_the_next_free_letter(store, preset):
    first = await store.guild_presets.add(preset("harbour"), limit=5, spare_emoji=LETTERS)
    second = await store.guild_presets.add(
        preset("night", emoji="🐳"), limit=5, spare_emoji=LETTERS
    )
    third = await store.guild_presets.add(preset("dawn"), limit=5, spare_emoji=LETTERS)
    assert [each.emoji for each in (first, second, third)] == ["🇦", "🐳", "🇧"]
    assert await store.guild_presets.list_for_guild(7) == [first, second, third]
    assert await store.guild_presets.list_for_guild(8) == []
    assert await store.guild_presets.list_added_by(10) == [first, second, third]

    await store.guild_presets.remove(7, "harbour")
    assert (
        await store.guild_presets.add(preset("dusk"), limit=5, spare_emoji=LETTERS)
    ).emoji == "🇦"


async def test_names_emoji_and_numbers_are_limited_per_guild(store, preset):
    await store.guild_presets.add(preset("harbour", emoji="🐳"), limit=2)
    await store.guild_presets.add(
        preset("harbour", guild=8, emoji="🐳"), limit=2
    )  # another guild's

    async def refused(new, limit=2):
        with pytest.raises(PresetRefused) as refusal:
            await store.guild_presets.add(new, limit=limit, spare_emoji=LETTERS)
        return refusal.value.problem

    assert await refused(preset("harbour")) is PresetProblem.NAME_TAKEN
    assert await refused(preset("night", emoji="🐳")) is PresetProblem.EMOJI_TAKEN
    await store.guild_presets.add(preset("night"), limit=2, spare_emoji=LETTERS)
    assert await refused(preset("dawn")) is PresetProblem.TOO_MANY
    assert await refused(preset("dawn", guild=9), limit=0) is PresetProblem.TOO_MANY


async def test_a_removed_style_s_pictures_are_discarded_with_it(store, preset):
    await store.guild_presets.add(preset("harbour", emoji="🐳"), limit=2)
    removed = await store.guild_presets.remove(7, "harbour")
    assert removed.title == "Harbour"
    assert await store.retention.list_discarded() == ["guilds/7/one/"]
    assert store.retention.discarded.is_set()
    assert await store.guild_presets.remove(7, "harbour") is None


async def test_a_thumbnail_comes_later_unless_the_style_is_gone(store, preset):
    kept = await store.guild_presets.add(preset("harbour", emoji="🐳"), limit=2)
    assert await store.guild_presets.set_thumbnail(kept, "guilds/7/one/painted")
    assert (await store.guild_presets.list_for_guild(7))[0].thumbnail_key == "guilds/7/one/painted"
    await store.guild_presets.remove(7, "harbour")
    assert not await store.guild_presets.set_thumbnail(kept, "guilds/7/one/painted")


async def test_a_guild_is_deleted_some_time_after_it_was_left(store, preset):
    for guild in (7, 8):
        await store.guild_presets.add(preset(guild=guild, emoji="🐳"), limit=2)
        await store.guilds.set_settings(guild, GuildSettings(manager_role_id=1))
    await store.guilds.sync_membership({8})
    left = datetime.now(UTC)
    assert await store.retention.delete_left_guilds(left_before=left - timedelta(minutes=1)) == 0
    await store.guilds.sync_membership({7, 8})  # invited again in time
    assert await store.retention.delete_left_guilds(left_before=left + timedelta(minutes=1)) == 0

    await store.guilds.mark_left(7)
    await store.guilds.mark_left(8)
    await store.guilds.mark_joined(8)
    assert await store.retention.delete_left_guilds(left_before=left + timedelta(minutes=1)) == 1
    assert await store.guild_presets.list_for_guild(7) == []
    assert await store.guilds.get_settings(7) == GuildSettings()
    assert await store.retention.list_discarded() == ["guilds/7/one/"]
    assert len(await store.guild_presets.list_for_guild(8)) == 1


async def test_a_members_presets_are_deleted_with_their_data(store, preset):
    await store.guild_presets.add(preset("mine", emoji="🐳"), limit=2)
    await store.guild_presets.add(preset("theirs", emoji="🐙", member=11, folder="two"), limit=2)
    deleted = await store.retention.delete_member_data(10, delete_messages=False)
    assert [each.name for each in deleted.presets] == ["mine"]
    assert [each.name for each in await store.guild_presets.list_for_guild(7)] == ["theirs"]
    assert await store.retention.list_discarded() == ["guilds/7/one/"]
    folders = {"guilds/7/one/", "guilds/7/two/"}
    assert await store.retention.find_unknown_preset_folders(folders) == {"guilds/7/one/"}
