"""discord.py works with the playground as with Discord."""

from __future__ import annotations

import io

import discord
import pytest

from bot.playground.faults import GatewayDrop
from bot.playground.server import Playground
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from .conftest import Bot, Start, png


async def test_login_and_guild_data(playground: Playground, start: Start) -> None:
    bot = await start()
    guild = bot.get_guild(int(playground.scene.guild.id))
    assert guild is not None
    assert guild.name == "The Atelier"
    assert {m.display_name for m in guild.members} == {"Ada", "Vincent", "Hilma", "StyleBot"}
    assert guild.owner.display_name == "Ada"
    assert [c.name for c in guild.text_channels] == ["general", "stylize"]
    assert guild.me.guild_permissions.attach_files
    assert bot.application_id == int(playground.state.application.id)
    assert bot.application_flags.gateway_message_content_limited
    info = await bot.application_info()
    assert info.owner.name == "ada"


async def test_login_with_a_wrong_token(playground: Playground, start: Start, discord_at) -> None:
    discord_at(playground)
    bot = Bot()
    async with bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("no.such.token")


async def test_receives_and_replies_with_files(playground: Playground, start: Start) -> None:
    bot = await start()
    channel, ada = playground.scene.stylize, playground.scene.members[0]
    sent = playground.post_message(
        ada,
        f"!stylize <@{playground.scene.bot.id}>",
        channel=channel,
        files=[("cat.png", png(8, 6)), ("SPOILER_dog.png", png(4, 4))],
    )
    heard = await bot.next_message()
    assert heard.content == sent.content
    assert heard.author.display_name == "Ada"
    assert [(a.filename, a.width, a.height) for a in heard.attachments] == [
        ("cat.png", 8, 6),
        ("SPOILER_dog.png", 4, 4),
    ]
    assert heard.attachments[1].is_spoiler()
    assert await heard.attachments[0].read() == png(8, 6)
    assert bot.user in heard.mentions

    reply = await heard.reply(
        "Here you are.",
        files=[discord.File(io.BytesIO(png(16, 9)), "out.png", description="A cat, repainted")],
    )
    assert reply.type is discord.MessageType.reply
    assert reply.reference.resolved.id == heard.id
    assert reply.attachments[0].description == "A cat, repainted"
    kept = channel.messages[str(reply.id)]
    assert kept.replied_to == sent.id
    assert [u.id for u in kept.mentions] == [ada.id]


async def test_edits_keep_replace_and_remove_files(playground: Playground, start: Start) -> None:
    bot = await start()
    channel = bot.get_channel(int(playground.scene.stylize.id))
    message = await channel.send("one", file=discord.File(io.BytesIO(png()), "one.png"))
    first = message.attachments[0]
    message = await message.edit(
        content="two", attachments=[first, discord.File(io.BytesIO(png()), "two.png")]
    )
    assert [a.filename for a in message.attachments] == ["one.png", "two.png"]
    assert message.edited_at is not None
    message = await message.edit(attachments=[discord.File(io.BytesIO(png()), "three.png")])
    assert [a.filename for a in message.attachments] == ["three.png"]
    assert message.content == "two"
    message = await message.edit(attachments=[])
    assert message.attachments == []


async def test_embed_shows_its_attachment(playground: Playground, start: Start) -> None:
    bot = await start()
    channel = bot.get_channel(int(playground.scene.stylize.id))
    embed = discord.Embed(title="Painting", description="step 3")
    embed.set_image(url="attachment://snap.png").set_author(
        name="Ada", icon_url="https://a.b/c.png"
    )
    message = await channel.send(embed=embed, file=discord.File(io.BytesIO(png(9, 5)), "snap.png"))
    image = message.embeds[0].image
    assert image.url.startswith(f"{playground.url}/cdn/attachments/")
    assert (image.width, image.height) == (9, 5)
    assert message.attachments == []  # shown in the embed only
    # An edit of the text keeps the picture.
    embed = message.embeds[0].copy()
    embed.description = "step 4"
    embed.set_image(url="attachment://snap.png")
    message = await message.edit(embed=embed)
    assert message.embeds[0].image.width == 9


async def test_history_pagination(playground: Playground, start: Start) -> None:
    bot = await start()
    ada, general = playground.scene.members[0], playground.scene.general
    sent = [playground.post_message(ada, str(i), channel=general) for i in range(7)]
    channel = bot.get_channel(int(general.id))
    assert [m.content async for m in channel.history(limit=3)] == ["6", "5", "4"]
    middle = discord.Object(int(sent[3].id))
    assert [m.content async for m in channel.history(before=middle)] == ["2", "1", "0"]
    assert [m.content async for m in channel.history(after=middle)] == ["4", "5", "6"]
    around = [m.content async for m in channel.history(around=middle, limit=3)]
    assert sorted(around) == ["2", "3", "4"]
    assert (await channel.fetch_message(middle.id)).content == "3"


async def test_reactions_of_bot_and_members(playground: Playground, start: Start) -> None:
    bot = await start()
    channel = bot.get_channel(int(playground.scene.general.id))
    message = await channel.send("choose")
    for emoji in ("🌊", "1️⃣"):
        await message.add_reaction(emoji)
    kept = playground.scene.general.messages[str(message.id)]
    ada = playground.scene.members[0]
    event = bot.wait_for("raw_reaction_add", check=lambda e: e.user_id == int(ada.id), timeout=60)
    playground.react(ada, kept, "🌊")
    payload = await event
    assert str(payload.emoji) == "🌊"
    assert payload.member.display_name == "Ada"
    message = await channel.fetch_message(message.id)
    assert [(str(r.emoji), r.count, r.me) for r in message.reactions] == [
        ("🌊", 2, True),
        ("1️⃣", 1, True),
    ]
    assert {u.name async for u in message.reactions[0].users()} == {"StyleBot", "ada"}
    await message.remove_reaction("🌊", discord.Object(int(ada.id)))
    await message.clear_reactions()
    assert kept.reactions == {}


async def test_direct_messages(playground: Playground, start: Start) -> None:
    bot = await start()
    ada, vincent, _ = playground.scene.members
    user = await bot.fetch_user(int(ada.id))
    message = await user.send("hello")
    assert isinstance(message.channel, discord.DMChannel)
    direct = playground.state.direct_channel(ada, playground.scene.bot)
    playground.post_message(ada, "hello yourself", channel=direct)
    assert (await bot.next_message()).content == "hello yourself"
    vincent.accepts_dms = False
    with pytest.raises(discord.Forbidden) as refused:
        await (await bot.fetch_user(int(vincent.id))).send("hello")
    assert refused.value.code == 50007


async def test_message_deletion(playground: Playground, start: Start) -> None:
    bot = await start()
    ada, general = playground.scene.members[0], playground.scene.general
    sent = playground.post_message(ada, "gone soon", channel=general)
    heard = await bot.next_message()
    event = bot.wait_for("raw_message_delete", timeout=60)
    await heard.delete()
    assert (await event).message_id == int(sent.id)
    with pytest.raises(discord.HTTPException) as refused:
        await heard.reply("too late", mention_author=False)
    assert refused.value.code == 50035
    lenient = heard.to_reference(fail_if_not_exists=False)
    sent_anyway = await heard.channel.send("never mind", reference=lenient)
    assert sent_anyway.reference is None


async def test_a_forward_has_a_snapshot(playground: Playground, start: Start) -> None:
    bot = await start()
    ada = playground.scene.members[0]
    source = playground.post_message(
        ada, "look", channel=playground.scene.general, files=[("a.png", png(7, 7))]
    )
    await bot.next_message()
    playground.post_message(ada, channel=playground.scene.stylize, forward=source)
    forwarded = await bot.next_message()
    assert forwarded.content == ""
    snapshot = forwarded.message_snapshots[0]
    assert snapshot.content == "look"
    assert await snapshot.attachments[0].read() == png(7, 7)


async def test_custom_and_application_emoji(playground: Playground, start: Start) -> None:
    bot = await start()
    emoji = await bot.create_application_emoji(name="brush", image=png(16, 16))
    assert [e.name for e in await bot.fetch_application_emojis()] == ["brush"]
    message = await bot.get_channel(int(playground.scene.general.id)).send("choose")
    await message.add_reaction(emoji)
    assert await emoji.read() == png(16, 16)
    await emoji.delete()
    assert await bot.fetch_application_emojis() == []


async def test_avatars_are_images(playground: Playground, start: Start) -> None:
    bot = await start()
    member = bot.guilds[0].get_member(int(playground.scene.members[0].id))
    assert (await member.display_avatar.read()).startswith(b"\x89PNG")


async def test_without_the_message_content_intent(playground: Playground, start: Start) -> None:
    playground.state.application.message_content = False
    bot = await start(Bot(intents=discord.Intents.default()))
    ada, general = playground.scene.members[0], playground.scene.general
    playground.post_message(ada, "secret", channel=general, files=[("a.png", png())])
    heard = await bot.next_message()
    assert (heard.content, heard.attachments) == ("", [])
    fetched = await heard.channel.fetch_message(heard.id)
    assert (fetched.content, fetched.attachments) == ("", [])
    playground.post_message(
        ada, f"<@{bot.user.id}> look", channel=general, files=[("a.png", png())]
    )
    heard = await bot.next_message()
    assert heard.content.endswith("look")
    assert len(heard.attachments) == 1
    direct = playground.state.direct_channel(ada, playground.scene.bot)
    playground.post_message(ada, "in private", channel=direct)
    assert (await bot.next_message()).content == "in private"


async def test_a_referenced_message_is_as_readable_as_it_is_by_itself(
    playground: Playground, start: Start
) -> None:
    playground.state.application.message_content = False
    bot = await start(Bot(intents=discord.Intents.default()))
    ada, general = playground.scene.members[0], playground.scene.general
    files = [("a.png", png())]
    secret = playground.post_message(ada, "secret", channel=general, files=files)
    await bot.next_message()
    to_bot = playground.post_message(ada, f"<@{bot.user.id}> look", channel=general, files=files)
    await bot.next_message()
    for target, content, attachments in ((secret, "", 0), (to_bot, to_bot.content, 1)):
        playground.post_message(ada, "see above", channel=general, reply_to=target)
        heard = await bot.next_message()
        assert heard.content == ""
        referenced = heard.reference.resolved
        assert (referenced.content, len(referenced.attachments)) == (content, attachments)


async def test_privileged_intent_not_enabled(playground: Playground, start: Start) -> None:
    playground.state.application.message_content = False
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await start()


@pytest.mark.parametrize("how", [GatewayDrop.ABORT, GatewayDrop.RECONNECT])
async def test_resumes_without_losing_events(
    playground: Playground, start: Start, how: GatewayDrop
) -> None:
    bot = await start()
    ada, general = playground.scene.members[0], playground.scene.general
    playground.faults.drop_gateway(how)
    await playground.wait_for(lambda: not playground.gateway.online)
    playground.post_message(ada, "while you were away", channel=general)
    assert (await bot.next_message()).content == "while you were away"
    await playground.wait_for(lambda: playground.gateway.online)
    assert "RESUMED" in bot.events
    assert bot.events.count("READY") == 1


async def test_identifies_again_after_an_invalid_session(
    playground: Playground, start: Start
) -> None:
    bot = await start()
    again = bot.wait_for("ready", timeout=60)
    playground.faults.drop_gateway(GatewayDrop.INVALIDATE)
    await again
    assert bot.events.count("READY") == 2
    playground.post_message(
        playground.scene.members[0], "hello again", channel=playground.scene.general
    )
    assert (await bot.next_message()).content == "hello again"


async def test_two_shards(playground: Playground, start: Start) -> None:
    playground.state.application.shards = 2
    bot = await start()
    assert set(bot.shards) == {0, 1}
    assert len(bot.guilds) == 1
    playground.post_message(playground.scene.members[0], "once", channel=playground.scene.general)
    assert (await bot.next_message()).content == "once"
    assert bot.received.empty()


async def test_denied_permissions(playground: Playground, start: Start) -> None:
    bot = await start()
    general = playground.scene.general
    channel = bot.get_channel(int(general.id))
    changed = bot.wait_for("guild_channel_update", timeout=60)
    playground.set_overwrite(
        general, Overwrite(id=bot_id(playground), type=1, deny=Permission.SEND_MESSAGES)
    )
    _, after = await changed
    assert not after.permissions_for(after.guild.me).send_messages
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("hello?")
    assert refused.value.code == 50013
    playground.set_overwrite(
        general, Overwrite(id=bot_id(playground), type=1, deny=Permission.VIEW_CHANNEL)
    )
    with pytest.raises(discord.Forbidden) as refused:
        await bot.fetch_channel(channel.id)
    assert refused.value.code == 50001
    playground.post_message(playground.scene.members[0], "unseen", channel=general)
    playground.post_message(playground.scene.members[0], "seen", channel=playground.scene.stylize)
    assert (await bot.next_message()).content == "seen"


def bot_id(playground: Playground) -> str:
    return playground.scene.bot.id


async def test_age_restricted_channels(playground: Playground, start: Start) -> None:
    bot = await start()
    general = bot.get_channel(int(playground.scene.general.id))
    assert not general.is_nsfw()
    update = bot.wait_for("guild_channel_update", timeout=60)
    playground.set_nsfw(playground.scene.general, True)
    before, after = await update
    assert (before.is_nsfw(), after.is_nsfw()) == (False, True)
    assert (await bot.fetch_channel(general.id)).is_nsfw()
    created = bot.wait_for("guild_channel_create", timeout=60)
    playground.add_channel(playground.scene.guild, "adults", nsfw=True)
    assert (await created).is_nsfw()


async def test_age_restricted_scene() -> None:
    playground = Playground(nsfw=True)
    assert playground.scene.stylize.nsfw
    assert not playground.scene.general.nsfw
