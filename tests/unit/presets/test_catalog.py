"""The catalog of built-in and guild presets."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from bot.artefacts import open_artefacts
from bot.errors import ArtefactMissingError
from bot.jobs.models import GuildPreset
from bot.presets import library
from bot.presets.catalog import PresetCatalog
from bot.presets.contact_sheet import contact_sheet


def picture(color):
    out = io.BytesIO()
    Image.new("RGB", (48, 32), color).save(out, "WEBP")
    return out.getvalue()


class OwnPresets:
    def __init__(self):
        self.presets = []

    async def list_for_guild(self, guild_id):
        return [each for each in self.presets if each.guild_id == guild_id]


@pytest.fixture
async def artefacts(tmp_path):
    opened = open_artefacts(str(tmp_path))
    await opened.put("guilds/7/a/picture", b"the picture")
    await opened.put("guilds/7/a/thumbnail", picture("red"))
    return opened


@pytest.fixture
def own():
    kept = OwnPresets()
    kept.presets.append(
        GuildPreset(
            guild_id=7,
            name="blue-harbour",
            title="Blue Harbour",
            emoji="🐳",
            alt_text="A harbour.",
            picture_key="guilds/7/a/picture",
            thumbnail_key="guilds/7/a/thumbnail",
            added_by=1,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    )
    return kept


async def test_a_guild_lists_its_own_presets_first(own, artefacts):
    catalog = PresetCatalog(own, artefacts)
    here = [each.name for each in await catalog.presets(7)]
    built_in = [each.name for each in library.PRESETS]
    assert here == ["blue-harbour", *built_in]
    assert [each.name for each in await catalog.presets(8)] == built_in
    assert [each.name for each in await catalog.presets(None)] == built_in


@pytest.mark.parametrize("word", ["blue-harbour", "Blue Harbour", "BLUE_HARBOUR", "blueharbour"])
async def test_lookup_ignores_case_spaces_and_separators(own, artefacts, word):
    found = await PresetCatalog(own, artefacts).get(word, guild_id=7)
    assert found.emoji == "🐳"
    picture = await found.picture()
    assert await artefacts.get(picture.key) == b"the picture"
    assert picture.size == len(b"the picture")
    assert await PresetCatalog(own, artefacts).get(word, guild_id=8) is None


async def test_built_in_presets_are_found_everywhere(own, artefacts):
    catalog = PresetCatalog(own, artefacts)
    for guild_id in (7, None):
        found = await catalog.get("stained glass", guild_id=guild_id)
        assert found.name == "stained-glass"
        assert found.recipe_changes == library.get("stained-glass").recipe_changes
        assert await found.picture() == library.get("stained-glass").picture_bytes()
    assert await catalog.get("", guild_id=7) is None


async def test_nearest_includes_the_guilds_own_presets(own, artefacts):
    catalog = PresetCatalog(own, artefacts)
    assert await catalog.nearest("blu harbor", guild_id=7) == "blue-harbour"
    assert await catalog.nearest("blu harbor", guild_id=8) is None
    assert await catalog.nearest("mosiac", guild_id=7) == "mosaic"


async def test_contact_sheets_are_cached(own, artefacts):
    catalog = PresetCatalog(own, artefacts)
    sheet = await catalog.sheet(await catalog.guild_presets(7))
    assert Image.open(io.BytesIO(sheet)).width > 48
    await artefacts.delete("guilds/7/a/thumbnail")
    assert await catalog.sheet(await catalog.guild_presets(7)) == sheet
    with pytest.raises(ArtefactMissingError):
        await catalog.sheet(await catalog.guild_presets(7), first=9)


def test_captions_are_shortened_and_spoilers_covered():
    samples = [
        ("A title that is much longer than a card is wide", picture("red")),
        ("浮世", picture("red")),
        ("hidden", None),
    ]
    sheet = Image.open(io.BytesIO(contact_sheet(samples, columns=2, tile=(100, 60))))
    card_height = sheet.height // 2
    assert sheet.width > 200
    first, third = (sheet.convert("RGB").getpixel(at) for at in ((50, 5), (106, card_height + 10)))
    assert first[0] > 200 > first[1]  # the picture
    assert third[0] < 100  # the cover


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("mosiac", "mosaic"),
        ("watercolor", "watercolour"),
        ("wood cuts", "woodcut"),
        ("stainedglas", "stained-glass"),
    ],
)
async def test_nearest(own, artefacts, word, name):
    assert await PresetCatalog(own, artefacts).nearest(word, guild_id=None) == name


async def test_nearest_without_a_similar_name(own, artefacts):
    for word in ("xylophone", ""):
        assert await PresetCatalog(own, artefacts).nearest(word, guild_id=None) is None
