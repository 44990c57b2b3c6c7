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

from .conftest import CONTENT, STYLE, custom_ids, job_id_of, said

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.asyncio(loop_scope="module")]


async def _press(room, member, message, custom_id):
    interaction = room.playground.press(member, message, custom_id)
    await interaction.settled.wait()
    assert not interaction.failed


async def _private_answer(room, member, *words, channel=None):
    """Wait for a message for this member alone that contains all these words."""
    messages = (channel or room.channel).messages

    def look():
        return next(
            (
                each
                for each in messages.values()
                if each.visible_to == member.id and all(word in said(each) for word in words)
            ),
            None,
        )

    return await room.wait(look)


async def _slash(room, member, name, options=None, **more):
    called = room.playground.slash(member, name, options, channel=room.channel, **more)
    await called.settled.wait()
    assert not called.failed


async def _until(look):
    """Wait for something that no channel shows."""
    while not await look():
        await asyncio.sleep(0.05)


def _store(app):
    return app._bot._dependencies.store


async def test_a_server_has_styles_of_its_own(room):
    room.ask("!style add Blue Harbour 🐳", STYLE, author=room.other)
    await room.answer("members who can manage this server")

    room.ask("!style add Blue Harbour 🐳", STYLE)
    added = await room.answer("🐳 Blue Harbour is now a style of this server")
    assert room.picture(added.attachments[0]).size == (80, 64)
    assert added.attachments[0].description

    room.ask("!style list")
    listed = await room.answer("This server's own styles", "🐳 **Blue Harbour** `blue-harbour`")
    assert "🐳 Blue Harbour" in listed.attachments[0].description
    offered = await room.playground.autocomplete(
        room.other, "stylize", "preset", "harb", channel=room.channel
    )
    assert [choice["value"] for choice in offered] == ["blue-harbour"]

    room.ask("!stylize blue harbour passes=1", CONTENT, author=room.other)
    assert "harbour.png × Blue Harbour" in said(await room.final())

    await _slash(room, room.other, "style show", {"name": "blue-harbour"})
    shown = await _private_answer(room, room.other, "🐳 Blue Harbour", f"Added by <@{room.me.id}>")
    assert shown.attachments[0].description

    room.ask("!style remove blue harbour")
    asked = await room.answer("Remove 🐳 **Blue Harbour**")
    await _press(room, room.other, asked, "styles:remove:blue-harbour")
    await _private_answer(room, room.other, "members who can manage this server")
    await _press(room, room.me, asked, "styles:remove:blue-harbour")
    await room.wait(lambda: "Removed: 🐳 **Blue Harbour**" in asked.content)
    assert custom_ids(asked) == []
    await _press(room, room.me, added, "styles:ask:blue-harbour")  # an old message's button
    await _private_answer(room, room.me, "no style of its own called `blue-harbour`")
    form = room.playground.press(room.me, added, "ask:blue-harbour")
    await form.settled.wait()
    room.playground.submit_modal(room.me, form, files={"content": CONTENT})
    await room.answer("There is no style called `blue-harbour`")  # with a picker, no upload lost
    assert room.pickers()


@pytest.mark.parametrize(
    ("text", "files", "sentence"),
    [
        ("!style add Mosaic", [STYLE], "`Mosaic` is a built-in style"),
        ("!style add !", [STYLE], "cannot be a style's name"),
        ("!style add Night 🌌", [STYLE], "🌌 stands for another style already"),
        ("!style add Night <:own:123456789012345678>", [STYLE], "not one standard emoji"),
        ("!style add Night", [], "Attach the picture"),
        ("!style add Night", [("night.txt", b"words")], "not a picture"),
        ("!style show nothing-like-it", [], "no style of its own called `nothing-like-it`"),
        ("!style remove mosaic", [], "no style of its own called `mosaic`"),
    ],
)
async def test_what_cannot_be_added_is_refused_in_one_sentence(room, text, files, sentence):
    room.ask(text, *files)
    await room.answer(sentence)


async def test_style_with_pictures_is_stylize(room):
    room.ask("!style passes=1", CONTENT, STYLE)
    assert "harbour.png × brushes.png" in said(await room.final())


async def test_again_paints_the_last_one_with_another_seed(room, app):
    stranger = room.playground.scene.members[2]
    room.ask("!again", author=stranger)
    await room.answer("no painting to make again yet")
    room.ask("!stylize passes=1 seed=7", CONTENT, STYLE)
    first = await room.final()
    asked = room.ask("!again")
    second = (await room.wait(lambda: len(room.finals()) == 2 and room.finals()))[1]
    assert second.reference["message_id"] == asked.id
    await _slash(room, room.me, "again")
    room.ask("!again", author=stranger, reply_to=first)
    finals = await room.wait(lambda: len(room.finals()) == 4 and room.finals())
    assert {user.id for final in finals[2:] for user in final.mentions} == {
        room.me.id,
        stranger.id,
    }
    jobs = [await _store(app).get(job_id_of(card)) for card in room.cards()]
    assert {job.title for job in jobs} == {"harbour.png × brushes.png"}
    assert len({job.recipe.seed for job in jobs}) == 4
    await _store(app).retention.delete_member_data(int(stranger.id), delete_messages=False)


async def test_the_gallery_shows_what_its_viewers_may_see_and_only_its_member_pages(
    room, app, monkeypatch
):
    playground = room.playground
    for module in (bot.exts.jobs.gallery, bot.views.gallery):
        monkeypatch.setattr(module, "PAGE", 1)
    room.ask("!stylize passes=1", CONTENT, STYLE)  # for an older page
    await room.final()
    secret = playground.add_channel(playground.scene.guild, "secret")
    playground.set_overwrite(
        secret, Overwrite(id=playground.scene.guild.id, type=0, deny=Permission.VIEW_CHANNEL)
    )
    playground.set_overwrite(
        secret, Overwrite(id=playground.scene.bot.id, type=1, allow=Permission.VIEW_CHANNEL)
    )
    playground.post_message(
        room.me, "!stylize passes=1", channel=secret, files=[("hidden.png", CONTENT[1]), STYLE]
    )
    await room.wait(lambda: any("here is" in each.content for each in secret.messages.values()))
    room.ask("!stylize passes=1 mosaic", ("SPOILER_ending.png", CONTENT[1]))
    _, final = await room.wait(lambda: len(room.finals()) == 2 and room.finals())

    async def is_recorded():  # a moment after it was posted
        return (await _store(app).list_succeeded(int(room.me.id)))[0].outcome_message_id

    await _until(is_recorded)

    room.ask("!gallery")
    page = await room.answer("Paintings of Ada", "ending.png × Mosaic", final.id)
    assert "hidden.png" not in said(page)
    assert "1 more from channels that not everyone here can see" in said(page)
    older = next(each for each in custom_ids(page) if ":older:" in each)
    await _press(room, room.other, page, older)
    await _private_answer(room, room.other, "Only the member who opened this gallery")
    await _press(room, room.me, page, older)
    await room.wait(lambda: "**2**" in said(page))
    assert "ending.png" not in said(page)
    assert "2:" in page.attachments[0].description

    await _slash(room, room.me, "gallery")
    mine = await _private_answer(room, room.me, "Paintings of Ada", "ending.png")
    await _press(room, room.me, mine, next(c for c in custom_ids(mine) if ":older:" in c))
    await room.wait(lambda: "hidden.png × brushes.png" in said(mine))

    room.ask(f"!gallery <@{room.me.id}>", author=room.other)
    theirs = await room.wait(
        lambda: next((a for a in room.answers()[1:] if "Paintings of Ada" in said(a)), None)
    )
    assert "hidden.png" not in said(theirs)
    playground.delete_channel(secret)


async def test_an_empty_gallery_says_what_to_do(room):
    stranger = room.playground.scene.members[2]
    room.ask("!gallery", author=stranger)
    await room.answer("Nothing here yet. Send `!stylize` with a picture")


async def test_the_queue_names_requesters_and_moderators_may_cancel(room):
    room.ask("!queue")
    await room.answer("Queue")
    room.ask("!stylize passes=300 size=128", CONTENT, STYLE, author=room.other)
    card = await room.card_saying("Painting")
    job_id = job_id_of(card)
    room.ask("!queue")
    queue = await room.wait(
        lambda: next((a for a in room.answers()[1:] if said(a).startswith("\nQueue")), None)
    )
    mine, guild = queue.embeds[0]["fields"]
    assert "Nothing right now" in mine["value"]
    assert f"Painting now: <@{room.other.id}>" in guild["value"]
    assert queue.mentions == []

    stranger = room.playground.scene.members[2]
    room.ask(f"!cancel {job_id}", author=stranger)
    await room.answer("nothing to cancel")
    room.ask("!cancel", reply_to=card)  # the owner of the guild manages messages
    await room.answer("Cancelled **harbour.png × brushes.png**.")
    await room.card_saying("Cancelled")


async def test_data_can_be_shown_exported_and_deleted(room, app):
    member = room.playground.scene.members[2]
    private = room.playground.state.direct_channel(room.playground.scene.bot, member)
    room.ask("!stylize passes=1", CONTENT, STYLE, author=member)
    final = await room.final()
    room.ask("!stylize", ("undecided.png", CONTENT[1]), author=member)
    picker = (await room.wait(room.pickers))[0]

    async def is_kept():  # a moment after it was posted
        return await _store(app).pickers.list_for_member(int(member.id))

    await _until(is_kept)
    room.ask("!privacy", author=member)
    await room.answer("I have sent you a direct message")

    def private_message():
        return next((m for m in private.messages.values() if "hold about you" in said(m)), None)

    message = await room.wait(private_message)
    assert "1 finished painting" in said(message)
    assert "1 picture waiting for a style" in said(message)

    export, forget = custom_ids(message)
    await _press(room, member, message, export)
    sent = await room.wait(
        lambda: next((m for m in private.messages.values() if m.attachments), None)
    )
    with zipfile.ZipFile(io.BytesIO(room.playground.cdn.read(sent.attachments[0]))) as archive:
        names = archive.namelist()
        data = json.loads(archive.read("data.json"))
        result = next(name for name in names if "/result-" in name)
        assert Image.open(archive.open(result)).width == 64
    assert [job["title"] for job in data["jobs"]] == ["harbour.png × brushes.png"]
    assert {name.split("/")[0] for name in names} == {"data.json", "paintings", "waiting"}
    assert data["left_out"] == []

    await _press(room, member, message, forget)
    question = await room.wait(
        lambda: next((m for m in private.messages.values() if "for good?" in said(m)), None)
    )
    erase = next(each for each in custom_ids(question) if ":erase:" in each)
    await _press(room, member, question, erase)
    await room.wait(lambda: "Forgotten: 1 painting, 1 waiting picture." in said(question))
    assert "3 messages of mine deleted" in said(question)
    assert final.id not in room.channel.messages
    assert picker.id not in room.channel.messages
    assert await _store(app).list_for_member(int(member.id)) == []

    room.ask("!privacy", author=member)
    await room.wait(
        lambda: next((m for m in private.messages.values() if "Nothing at all" in said(m)), None)
    )


async def test_privacy_names_the_slash_command_to_members_who_accept_no_direct_messages(room):
    room.other.accepts_dms = False
    try:
        room.ask("!privacy", author=room.other)
        await room.answer("use `/privacy` here")
        await _slash(room, room.other, "privacy")
        await _private_answer(room, room.other, "What I hold about you")
    finally:
        room.other.accepts_dms = True


async def test_managers_choose_the_channels_and_the_role(room, app):
    playground = room.playground
    general = playground.scene.general
    room.ask("!settings", author=room.other)
    await room.answer("Only members who can manage this server")
    room.ask("!settings")
    settings = await room.answer("Server settings")

    async def choose(member, custom_id, values):
        chosen = playground.select(member, settings, custom_id, values)
        await chosen.settled.wait()
        assert not chosen.failed

    await choose(room.other, "rules:channels", [general.id])
    await _private_answer(room, room.other, "Only members who can manage this server")
    await choose(room.me, "rules:channels", [general.id])
    await room.wait(lambda: f"<#{general.id}>" in settings.embeds[0]["fields"][0]["value"])
    room.ask("!stylize mosaic passes=1", CONTENT)
    await room.answer(f"I do not paint in this channel; try <#{general.id}>.")
    assert room.cards() == []

    role = next(each for each in playground.scene.guild.roles.values() if each.name == "Artists")
    await choose(room.me, "rules:role", [role.id])
    await room.wait(lambda: f"<@&{role.id}>" in settings.embeds[0]["fields"][1]["value"])
    room.ask("!style add Painted by Artists", STYLE, author=room.other)
    await room.answer("Painted by Artists is now a style of this server")

    await _press(room, room.me, settings, "rules:channels:reset")
    await room.wait(lambda: "every channel" in settings.embeds[0]["fields"][0]["value"])
    await _press(room, room.me, settings, "rules:role:reset")
    await room.wait(lambda: "<@&" not in settings.embeds[0]["fields"][1]["value"])
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
    room.ask("!style list")
    await room.answer("Painted by Artists")


async def test_help_explains_one_command_and_hints_at_misspelt_ones(room):
    room.ask("!help style add")
    explained = await room.answer("!style add", "Add a style from the attached picture")
    assert "`/style add`" in said(explained)
    room.ask("!help stylise")
    await room.answer("!stylize", "Repaint the first picture")
    room.ask("!help nonsense")
    await room.answer("I have no command `nonsense`")
    room.ask("!galery")
    await room.answer("Did you mean `!gallery`?")
    answers = len(room.answers())
    room.ask("!play something")  # may belong to another bot
    room.ask("!help queue")
    await room.answer("!queue")
    assert len(room.answers()) == answers + 1
