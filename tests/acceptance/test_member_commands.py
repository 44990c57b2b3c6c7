"""The commands gallery, queue, again, style, privacy, settings and help."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile

import pytest
from PIL import Image

import bot.exts.jobs.gallery
import bot.views.gallery
from bot.jobs.models import GuildSettings
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from .conftest import CONTENT, STYLE, custom_ids, job_id_of, text_of

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.asyncio(loop_scope="module")]


async def _press(channel, member, message, custom_id):
    interaction = channel.playground.press(member, message, custom_id)
    await interaction.settled.wait()
    assert not interaction.failed


async def _ephemeral_reply(channel, member, *words, where=None):
    """Wait for a message for this member alone that contains all these words."""
    messages = (where or channel.record).messages

    def look():
        return next(
            (
                each
                for each in messages.values()
                if each.visible_to == member.id and all(word in text_of(each) for word in words)
            ),
            None,
        )

    return await channel.wait(look)


async def _slash(channel, member, name, options=None, **more):
    called = channel.playground.slash(member, name, options, channel=channel.record, **more)
    await called.settled.wait()
    assert not called.failed


async def _until(look):
    """Wait for something that no channel shows."""
    while not await look():
        await asyncio.sleep(0.05)


def _store(app):
    return app._bot._dependencies.store


async def test_a_server_has_styles_of_its_own(channel):
    channel.ask("!style add Blue Harbour 🐳", STYLE, author=channel.other)
    await channel.answer("members who can manage this server")

    channel.ask("!style add Blue Harbour 🐳", STYLE)
    added = await channel.answer("🐳 Blue Harbour is now a style of this server")
    assert channel.picture(added.attachments[0]).size == (80, 64)
    assert added.attachments[0].description

    channel.ask("!style list")
    listed = await channel.answer("This server's own styles", "🐳 **Blue Harbour** `blue-harbour`")
    assert "🐳 Blue Harbour" in listed.attachments[0].description
    offered = await channel.playground.autocomplete(
        channel.other, "stylize", "preset", "harb", channel=channel.record
    )
    assert [choice["value"] for choice in offered] == ["blue-harbour"]

    channel.ask("!stylize blue harbour passes=1", CONTENT, author=channel.other)
    assert "harbour.png × Blue Harbour" in text_of(await channel.final())

    await _slash(channel, channel.other, "style show", {"name": "blue-harbour"})
    shown = await _ephemeral_reply(
        channel, channel.other, "🐳 Blue Harbour", f"Added by <@{channel.me.id}>"
    )
    assert shown.attachments[0].description

    channel.ask("!style remove blue harbour")
    asked = await channel.answer("Remove 🐳 **Blue Harbour**")
    await _press(channel, channel.other, asked, "styles:remove:blue-harbour")
    await _ephemeral_reply(channel, channel.other, "members who can manage this server")
    await _press(channel, channel.me, asked, "styles:remove:blue-harbour")
    await channel.wait(lambda: "Removed: 🐳 **Blue Harbour**" in asked.content)
    assert custom_ids(asked) == []
    await _press(channel, channel.me, added, "styles:ask:blue-harbour")  # an old message's button
    await _ephemeral_reply(channel, channel.me, "no style called `blue-harbour`")
    form = channel.playground.press(channel.me, added, "ask:blue-harbour")
    await form.settled.wait()
    channel.playground.submit_modal(channel.me, form, files={"content": CONTENT})
    await channel.answer("There is no style called `blue-harbour`")  # with a picker, no upload lost
    assert channel.pickers()


@pytest.mark.parametrize(
    ("text", "files", "sentence"),
    [
        ("!style add Mosaic", [STYLE], "`Mosaic` is a built-in style"),
        ("!style add !", [STYLE], "cannot be a style's name"),
        ("!style add Night 🌌", [STYLE], "🌌 is already used by another style"),
        ("!style add Night <:own:123456789012345678>", [STYLE], "not a standard emoji"),
        ("!style add Night", [], "Attach the picture"),
        ("!style add Night", [("night.txt", b"words")], "not a picture"),
        ("!style show nothing-like-it", [], "no style called `nothing-like-it`"),
        ("!style remove mosaic", [], "no style called `mosaic`"),
    ],
)
async def test_what_cannot_be_added_is_refused_in_one_sentence(channel, text, files, sentence):
    channel.ask(text, *files)
    await channel.answer(sentence)


async def test_style_with_pictures_is_stylize(channel):
    channel.ask("!style passes=1", CONTENT, STYLE)
    assert "harbour.png × brushes.png" in text_of(await channel.final())


async def test_again_paints_the_last_one_with_another_seed(channel, app):
    stranger = channel.playground.scene.members[2]
    channel.ask("!again", author=stranger)
    await channel.answer("no painting to repeat yet")
    channel.ask("!stylize passes=1 seed=7", CONTENT, STYLE)
    first = await channel.final()
    asked = channel.ask("!again")
    second = (await channel.wait(lambda: len(channel.finals()) == 2 and channel.finals()))[1]
    assert second.reference["message_id"] == asked.id
    await _slash(channel, channel.me, "again")
    channel.ask("!again", author=stranger, reply_to=first)
    finals = await channel.wait(lambda: len(channel.finals()) == 4 and channel.finals())
    assert {user.id for final in finals[2:] for user in final.mentions} == {
        channel.me.id,
        stranger.id,
    }
    jobs = [await _store(app).get(job_id_of(card)) for card in channel.cards()]
    assert {job.title for job in jobs} == {"harbour.png × brushes.png"}
    assert len({job.recipe.seed for job in jobs}) == 4
    await _store(app).retention.delete_member_data(int(stranger.id), delete_messages=False)


async def test_the_gallery_shows_what_its_viewers_may_see_and_only_its_member_pages(
    channel, app, monkeypatch
):
    playground = channel.playground
    for module in (bot.exts.jobs.gallery, bot.views.gallery):
        monkeypatch.setattr(module, "PAGE", 1)
    channel.ask("!stylize passes=1", CONTENT, STYLE)  # for an older page
    await channel.final()
    secret = playground.add_channel(playground.scene.guild, "secret")
    playground.set_overwrite(
        secret, Overwrite(id=playground.scene.guild.id, type=0, deny=Permission.VIEW_CHANNEL)
    )
    playground.set_overwrite(
        secret, Overwrite(id=playground.scene.bot.id, type=1, allow=Permission.VIEW_CHANNEL)
    )
    playground.post_message(
        channel.me, "!stylize passes=1", channel=secret, files=[("hidden.png", CONTENT[1]), STYLE]
    )
    await channel.wait(lambda: any("here is" in each.content for each in secret.messages.values()))
    channel.ask("!stylize passes=1 mosaic", ("SPOILER_ending.png", CONTENT[1]))
    _, final = await channel.wait(lambda: len(channel.finals()) == 2 and channel.finals())

    async def is_recorded():  # a moment after it was posted
        return (await _store(app).list_succeeded(int(channel.me.id)))[0].outcome_message_id

    await _until(is_recorded)

    channel.ask("!gallery")
    page = await channel.answer("Paintings of Ada", "ending × Mosaic", final.id)
    assert "hidden × " not in text_of(page)
    assert "1 more from channels that not everyone here can see" in text_of(page)
    older = next(each for each in custom_ids(page) if ":older:" in each)
    await _press(channel, channel.other, page, older)
    await _ephemeral_reply(channel, channel.other, "Only the member who opened this gallery")
    await _press(channel, channel.me, page, older)
    await channel.wait(lambda: "**2**" in text_of(page))
    assert "ending × " not in text_of(page)
    assert "2:" in page.attachments[0].description

    await _slash(channel, channel.me, "gallery")
    mine = await _ephemeral_reply(channel, channel.me, "Paintings of Ada", "ending × ")
    await _press(channel, channel.me, mine, next(c for c in custom_ids(mine) if ":older:" in c))
    await channel.wait(lambda: "hidden × brushes" in text_of(mine))

    channel.ask(f"!gallery <@{channel.me.id}>", author=channel.other)
    theirs = await channel.wait(
        lambda: next((a for a in channel.answers()[1:] if "Paintings of Ada" in text_of(a)), None)
    )
    assert "hidden × " not in text_of(theirs)
    playground.delete_channel(secret)


async def test_an_empty_gallery_says_what_to_do(channel):
    stranger = channel.playground.scene.members[2]
    channel.ask("!gallery", author=stranger)
    await channel.answer("Nothing here yet. Send `!stylize` with a picture")


async def test_the_queue_names_requesters_and_moderators_may_cancel(channel):
    channel.ask("!queue")
    await channel.answer("Queue")
    channel.ask("!stylize passes=300 size=128", CONTENT, STYLE, author=channel.other)
    card = await channel.card_saying("Painting")
    job_id = job_id_of(card)
    channel.ask("!queue")
    queue = await channel.wait(
        lambda: next((a for a in channel.answers()[1:] if text_of(a).startswith("\nQueue")), None)
    )
    mine, guild = queue.embeds[0]["fields"]
    assert "Nothing right now" in mine["value"]
    assert f"Painting now: <@{channel.other.id}>" in guild["value"]
    assert queue.mentions == []

    stranger = channel.playground.scene.members[2]
    channel.ask(f"!cancel {job_id}", author=stranger)
    await channel.answer("no such painting")
    channel.ask("!cancel", reply_to=card)  # the owner of the guild manages messages
    await channel.answer("Cancelled **harbour × brushes · ")
    await channel.card_saying("Cancelled")


async def test_data_can_be_shown_exported_and_deleted(channel, app):
    member = channel.playground.scene.members[2]
    private = channel.playground.state.direct_channel(channel.playground.scene.bot, member)
    channel.ask("!stylize passes=1", CONTENT, STYLE, author=member)
    final = await channel.final()
    channel.ask("!stylize", ("undecided.png", CONTENT[1]), author=member)
    picker = (await channel.wait(channel.pickers))[0]

    async def is_kept():  # a moment after it was posted
        return await _store(app).pickers.list_for_member(int(member.id))

    await _until(is_kept)
    channel.ask("!privacy", author=member)
    await channel.answer("I have sent you a direct message")

    def private_message():
        return next((m for m in private.messages.values() if "hold about you" in text_of(m)), None)

    message = await channel.wait(private_message)
    assert "1 finished painting" in text_of(message)
    assert "1 picture waiting for a style" in text_of(message)

    export, forget = custom_ids(message)
    await _press(channel, member, message, export)
    sent = await channel.wait(
        lambda: next((m for m in private.messages.values() if m.attachments), None)
    )
    with zipfile.ZipFile(io.BytesIO(channel.playground.cdn.read(sent.attachments[0]))) as archive:
        names = archive.namelist()
        data = json.loads(archive.read("data.json"))
        result = next(name for name in names if "/result-" in name)
        assert Image.open(archive.open(result)).width == 64
    assert [job["title"] for job in data["jobs"]] == ["harbour.png × brushes.png"]
    assert {name.split("/")[0] for name in names} == {"data.json", "paintings", "waiting"}
    assert data["left_out"] == []

    await _press(channel, member, message, forget)
    question = await channel.wait(
        lambda: next((m for m in private.messages.values() if "for good?" in text_of(m)), None)
    )
    erase = next(each for each in custom_ids(question) if ":erase:" in each)
    await _press(channel, member, question, erase)
    await channel.wait(lambda: "Forgotten: 1 painting, 1 waiting picture." in text_of(question))
    assert "3 messages of mine deleted" in text_of(question)
    assert final.id not in channel.record.messages
    assert picker.id not in channel.record.messages
    assert await _store(app).list_for_member(int(member.id)) == []

    channel.ask("!privacy", author=member)
    await channel.wait(
        lambda: next((m for m in private.messages.values() if "Nothing at all" in text_of(m)), None)
    )


async def test_privacy_names_the_slash_command_to_members_who_accept_no_direct_messages(channel):
    channel.other.accepts_dms = False
    try:
        channel.ask("!privacy", author=channel.other)
        await channel.answer("use `/privacy` here")
        await _slash(channel, channel.other, "privacy")
        await _ephemeral_reply(channel, channel.other, "What I hold about you")
    finally:
        channel.other.accepts_dms = True


async def test_managers_choose_the_channels_and_the_role(channel, app):
    playground = channel.playground
    general = playground.scene.general
    channel.ask("!settings", author=channel.other)
    await channel.answer("Only members who can manage this server")
    channel.ask("!settings")
    settings = await channel.answer("Server settings")

    async def choose(member, custom_id, values):
        chosen = playground.select(member, settings, custom_id, values)
        await chosen.settled.wait()
        assert not chosen.failed

    await choose(channel.other, "rules:channels", [general.id])
    await _ephemeral_reply(channel, channel.other, "Only members who can manage this server")
    await choose(channel.me, "rules:channels", [general.id])
    await channel.wait(lambda: f"<#{general.id}>" in settings.embeds[0]["fields"][0]["value"])
    channel.ask("!stylize mosaic passes=1", CONTENT)
    await channel.answer(f"I do not paint in this channel; try <#{general.id}>.")
    assert channel.cards() == []

    role = next(each for each in playground.scene.guild.roles.values() if each.name == "Artists")
    await choose(channel.me, "rules:role", [role.id])
    await channel.wait(lambda: f"<@&{role.id}>" in settings.embeds[0]["fields"][1]["value"])
    channel.ask("!style add Painted by Artists", STYLE, author=channel.other)
    await channel.answer("Painted by Artists is now a style of this server")

    await _press(channel, channel.me, settings, "rules:channels:reset")
    await channel.wait(lambda: "every channel" in settings.embeds[0]["fields"][0]["value"])
    await _press(channel, channel.me, settings, "rules:role:reset")
    await channel.wait(lambda: "<@&" not in settings.embeds[0]["fields"][1]["value"])
    guild_id = int(playground.scene.guild.id)
    assert await _store(app).guilds.get_settings(guild_id) == GuildSettings()

    removed = playground.remove_bot(playground.scene.guild)

    async def is_away():
        return app._bot.get_guild(guild_id) is None

    await _until(is_away)
    playground.invite_bot(playground.scene.guild, removed)

    async def is_back():
        return app._bot.get_guild(guild_id) is not None

    await _until(is_back)
    channel.ask("!style list")
    await channel.answer("Painted by Artists")


async def test_help_explains_one_command_and_hints_at_misspelt_ones(channel):
    channel.ask("!help style add")
    explained = await channel.answer("!style add", "Add a style from the attached picture")
    assert "`/style add`" in text_of(explained)
    channel.ask("!help stylise")
    await channel.answer("!stylize", "Repaint the first picture")
    channel.ask("!galery")
    await channel.answer("Did you mean `!gallery`?")
    answers = len(channel.answers())
    channel.ask("!play something")  # may belong to another bot
    channel.ask("!help queue")
    await channel.answer("!queue")
    assert len(channel.answers()) == answers + 1


async def test_what_is_meant_for_another_bot_is_left_alone(channel):
    for text in (
        "!q",
        "!stop",
        "!paint the town red",
        "!queue never gonna give you up",
        "!help play",
        "!cancel my order",
        "!gallery shuffle",
        "!presets loud",
        "!privacy policy",
        "!settings volume 50",
        "!style bold text",
        "!again and again",
        "!play",
    ):
        channel.ask(text)
    channel.ask("!help queue")
    await channel.answer("!queue")
    assert len(channel.answers()) == 1, [text_of(each) for each in channel.answers()]
    bot = channel.playground.scene.bot
    channel.ask(f"<@{bot.id}> help play")
    await channel.answer("I have no command `play`")


async def test_a_guild_chooses_its_prefix(channel):
    playground = channel.playground
    await _slash(channel, channel.other, "help")  # any member may read the prefix
    await _slash(channel, channel.me, "settings", {"prefix": "loud"})
    await _ephemeral_reply(channel, channel.me, "ends in a symbol")
    await _slash(channel, channel.me, "settings", {"prefix": "s!"})
    settings = await _ephemeral_reply(channel, channel.me, "Server settings")
    try:
        assert "`s!`" in settings.embeds[0]["fields"][2]["value"]
        channel.ask("!help")
        channel.ask("s!help")
        await channel.answer("`s!stylize`")
        channel.ask("s!stylize")
        await channel.answer("to `s!stylize`")
        channel.ask(f"<@{playground.scene.bot.id}> queue")
        await channel.answer("Queue")
        assert not [each for each in channel.answers() if "`!" in text_of(each)]
    finally:
        await _press(channel, channel.me, settings, "rules:prefix:reset")
    await channel.wait(lambda: "`!`" in settings.embeds[0]["fields"][2]["value"])
    channel.ask("!queue")
    await channel.wait(lambda: len([e for e in channel.answers() if "Queue" in text_of(e)]) == 2)
