"""Invites, the audit log, emoji, stickers, the bot's own account and command permissions."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import discord
import pytest

from bot.playground.errors import ApiError
from bot.playground.state.permissions import Permission

from .conftest import png

if TYPE_CHECKING:
    from .conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_invites(server: Server) -> None:
    created = server.bot.loop.create_task(server.event("invite_create"))
    invite = await server.general.create_invite(max_age=60, max_uses=1, reason="a friend")
    assert (await created).code == invite.code
    same = await server.general.create_invite(max_age=60, max_uses=1, unique=False)
    assert same.code == invite.code
    other = await server.general.create_invite(unique=True)
    assert {each.code for each in await server.guild.invites()} == {invite.code, other.code}
    assert len(await server.general.invites()) == 2
    fetched = await server.bot.fetch_invite(invite.code)
    assert fetched.approximate_member_count == len(server.scene.guild.members)
    server.playground.use_invite("Paul", invite.code)
    with pytest.raises(ApiError):
        server.playground.use_invite("Frida", invite.code)
    path = f"/channels/{server.general.id}/invites"
    assert await server.code("GET", f"/invites/{invite.code}") == (404, 10006)
    assert await server.code("POST", path, {"max_age": 604_801}) == (400, 50035)
    with server.denied(Permission.CREATE_INSTANT_INVITE):
        assert await server.code("POST", path, {}) == (403, 50013)
    with server.denied(Permission.MANAGE_GUILD, Permission.MANAGE_CHANNELS):
        assert await server.code("GET", f"/guilds/{server.guild.id}/invites") == (403, 50013)
        assert await server.code("DELETE", f"/invites/{other.code}") == (403, 50013)
    gone = server.bot.loop.create_task(server.event("invite_delete"))
    await other.delete()
    assert (await gone).code == other.code
    temporary = await server.general.create_invite(max_age=60, unique=True)
    server.playground.clock.advance(61)
    assert await server.code("GET", f"/invites/{temporary.code}") == (404, 10006)


async def test_the_audit_log(server: Server) -> None:
    noted = server.bot.loop.create_task(server.event("audit_log_entry_create"))
    role = await server.guild.create_role(name="Critics", reason="für die Ausstellung")
    assert (await noted).target == role
    vincent = server.member(1)
    await vincent.edit(nick="Vince", reason="shorter")
    await vincent.add_roles(role, reason="expert")
    await server.general.set_permissions(role, add_reactions=False)
    posted = server.playground.post_message(
        server.scene.members[1], "rude", channel=server.scene.general
    )
    await server.general.get_partial_message(int(posted.id)).delete()
    thread = await server.general.create_thread(name="Talk", type=discord.ChannelType.public_thread)
    await thread.edit(locked=True)
    await server.general.create_webhook(name="News")
    entries = [entry async for entry in server.guild.audit_logs(limit=None)]
    assert [entry.action.name for entry in entries[:8]] == [
        "webhook_create",
        "thread_update",
        "thread_create",
        "message_delete",
        "overwrite_create",
        "member_role_update",
        "member_update",
        "role_create",
    ]
    assert entries[7].reason == "für die Ausstellung"
    assert (entries[6].before.nick, entries[6].after.nick) == (None, "Vince")
    assert entries[5].after.roles == [role]
    assert entries[3].target == vincent
    assert entries[3].extra.channel == server.general
    assert entries[1].after.locked
    logs = server.guild.audit_logs(action=discord.AuditLogAction.member_update, limit=1)
    assert [entry.reason async for entry in logs] == ["shorter"]
    oldest = discord.Object(int(server.scene.guild.audit_log[0].id))
    after = [each async for each in server.guild.audit_logs(after=oldest, oldest_first=True)]
    assert [each.id for each in after] == sorted(each.id for each in after)
    path = f"/guilds/{server.guild.id}/audit-logs"
    assert await server.code("GET", f"{path}?limit=101") == (400, 50035)
    with server.denied(Permission.VIEW_AUDIT_LOG):
        assert await server.code("GET", path) == (403, 50013)


async def test_emoji(server: Server) -> None:
    updated = server.bot.loop.create_task(server.event("guild_emojis_update"))
    emoji = await server.guild.create_custom_emoji(name="brush", image=png(16, 16))
    await updated
    assert (await server.guild.fetch_emoji(emoji.id)).user == server.guild.me
    assert (await emoji.edit(name="pencil")).name == "pencil"
    assert (await emoji.read()).startswith(b"\x89PNG")
    own = await server.bot.create_application_emoji(name="mine", image=png())
    assert (await own.edit(name="ours")).name == "ours"
    await own.delete()
    emojis = f"/guilds/{server.guild.id}/emojis"
    for wrong in ({}, {"name": "x"}, {"name": "ok", "image": "x"}, {"name": "not ok"}):
        assert await server.code("POST", emojis, wrong) == (400, 50035), wrong
    assert await server.code("GET", f"{emojis}/1") == (404, 10014)
    foreign = next(iter(server.scene.guild.emojis))
    with server.denied(Permission.MANAGE_GUILD_EXPRESSIONS):
        assert await server.code("PATCH", f"{emojis}/{foreign}", {"name": "xx"}) == (403, 50013)
        await emoji.edit(name="crayon")  # one's own needs only the right to create
    await emoji.delete()
    with server.denied(Permission.CREATE_GUILD_EXPRESSIONS):
        assert await server.code("POST", emojis, {}) == (403, 50013)


async def test_stickers(server: Server) -> None:
    updated = server.bot.loop.create_task(server.event("guild_stickers_update"))
    sticker = await server.guild.create_sticker(
        name="Stroke", description="A stroke", emoji="🖌️", file=_file(png())
    )
    await updated
    assert sticker.format is discord.StickerFormatType.png
    assert (await sticker.edit(name="Blot")).name == "Blot"
    assert (await server.bot.fetch_sticker(sticker.id)).name == "Blot"
    assert len(await server.guild.fetch_stickers()) == 3
    assert (await sticker.read()).startswith(b"\x89PNG")
    animated = await server.guild.create_sticker(
        name="Spin", description="", emoji="🎨", file=_file(b'{"layers": []}', "a.json")
    )
    assert animated.format is discord.StickerFormatType.lottie
    assert await server.bot.fetch_premium_sticker_packs() == []
    for data, code in (
        (b"not a picture", 50046),
        (png(321, 10), 50035),
        (bytes(512 * 1024 + 1), 50035),
    ):
        with pytest.raises(discord.HTTPException) as refused:
            await _create_sticker(server, data)
        assert (refused.value.status, refused.value.code) == (400, code)
    await _create_sticker(server, png())
    with pytest.raises(discord.HTTPException) as refused:
        await _create_sticker(server, png())
    assert refused.value.code == 30039
    server.playground.set_boost_tier(server.scene.guild, 1)
    await _create_sticker(server, png())
    server.playground.set_boost_tier(server.scene.guild, 0)
    await sticker.delete()
    stickers = f"/guilds/{server.guild.id}/stickers"
    assert await server.code("GET", f"{stickers}/{sticker.id}") == (404, 10060)


def _file(data: bytes, name: str = "a.png") -> discord.File:
    return discord.File(io.BytesIO(data), name)


async def _create_sticker(server: Server, data: bytes) -> None:
    await server.guild.create_sticker(
        name="Another", description="more", emoji="🎨", file=_file(data)
    )


async def test_the_bots_own_account(server: Server) -> None:
    user = server.bot.user
    edited = await user.edit(username="Atelier", avatar=png(), banner=png(20, 10))
    assert edited.name == "Atelier"
    assert edited.avatar is not None
    assert await edited.avatar.read() == png()
    for wrong in ({"username": "x"}, {"username": "x" * 33}, {"avatar": "x"}):
        assert await server.code("PATCH", "/users/@me", wrong) == (400, 50035), wrong
    application = await server.bot.application_info()
    assert (await application.edit(description="Paints")).description == "Paints"


async def test_permissions_of_commands(server: Server) -> None:
    playground, guild = server.playground, server.scene.guild
    ada, vincent, hilma = server.scene.members
    registered = {"name": "ping", "description": "Test", "type": 1}
    command, _ = playground.commands.upsert(registered, None)
    path = f"/applications/{server.scene.bot.id}/guilds/{guild.id}/commands"
    one = f"{path}/{command['id']}/permissions"
    assert await server.code("GET", one) == (404, 10066)
    assert await server.code("PUT", one, {"permissions": []}) == (403, 20001)
    playground.set_command_permissions(
        guild,
        command["id"],
        [
            {"id": guild.id, "type": 1, "permission": False},
            {"id": hilma.id, "type": 2, "permission": True},
        ],
    )
    assert (await server.rest("GET", one))[1]["permissions"][0]["id"] == guild.id
    assert len((await server.rest("GET", f"{path}/permissions"))[1]) == 1
    channel = server.scene.general
    playground.slash(ada, "ping", channel=channel)  # the owner
    playground.slash(hilma, "ping", channel=channel)
    with pytest.raises(ApiError) as refused:
        playground.slash(vincent, "ping", channel=channel)
    assert refused.value.body["code"] == 50013
    artists, *_ = guild.members[vincent.id].roles
    for allowed in (True, False):
        override = {"id": artists, "type": 1, "permission": allowed}
        everyone = {"id": guild.id, "type": 1, "permission": not allowed}
        playground.set_command_permissions(guild, command["id"], [override, everyone])
        if allowed:
            playground.slash(vincent, "ping", channel=channel)
            continue
        with pytest.raises(ApiError):
            playground.slash(vincent, "ping", channel=channel)
    everywhere = {"id": str(int(guild.id) - 1), "type": 3, "permission": False}
    playground.set_command_permissions(guild, server.scene.bot.id, [everywhere])
    with pytest.raises(ApiError):
        playground.slash(hilma, "ping", channel=channel)


async def test_upload_limits_by_boost_tier(server: Server) -> None:
    guild = server.scene.guild
    path = f"/channels/{server.general.id}/messages"
    eleven = bytes(11 * 1024 * 1024)
    refused = await server.rest.upload(path, {}, [("a.bin", eleven)])
    assert (refused[0], refused[1]["code"]) == (413, 40005)
    server.playground.set_boost_tier(guild, 2)
    assert (await server.rest("GET", f"/guilds/{guild.id}"))[1]["premium_subscription_count"] == 7
    assert (await server.rest.upload(path, {}, [("a.bin", eleven)]))[0] == 200
    server.playground.set_boost_tier(guild, 0)


async def test_leaving_a_guild(server: Server) -> None:
    guild = server.playground.state.add_guild("Elsewhere", server.scene.members[0])
    path = f"/users/@me/guilds/{guild.id}"
    assert await server.code("DELETE", path) == (404, 10004)
    server.playground.state.add_member(guild, server.scene.bot)
    assert (await server.rest("DELETE", path))[0] == 204
    assert await server.code("GET", f"/guilds/{guild.id}") == (403, 50001)


async def test_a_missing_route_is_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    path = f"/guilds/{server.guild.id}/templates"
    assert await server.code("GET", path) == (404, 0)
    expected = "the playground does not implement GET /api/v10/guilds/{guild_id}/templates"
    assert expected in caplog.messages


async def test_an_outage_of_one_guild(server: Server) -> None:
    guild, path = server.scene.guild, f"/channels/{server.scene.general.id}"
    lost = server.bot.loop.create_task(server.event("guild_unavailable"))
    server.playground.set_outage(guild, outage=True)
    await lost
    assert await server.code("GET", path) == (503, 0)
    assert await server.code("GET", f"/guilds/{guild.id}") == (503, 0)
    assert (await server.rest("GET", "/users/@me"))[0] == 200
    server.playground.post_message(server.scene.members[0], "unheard", channel=server.scene.general)
    back = server.bot.loop.create_task(server.event("guild_available"))
    server.playground.set_outage(guild, outage=False)
    assert (await back).unavailable is False
    assert (await server.rest("GET", path))[0] == 200
    server.playground.post_message(server.scene.members[0], "heard", channel=server.scene.general)
    while (message := await server.bot.next_message()).content != "heard":
        assert message.content != "unheard"
