"""Roles, channels, members and bans, as discord.py manages them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import discord
import pytest

from bot.playground.state.permissions import Permission

from .conftest import png

if TYPE_CHECKING:
    from .conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_roles(server: Server) -> None:
    guild = server.guild
    role = await guild.create_role(
        name="Curators", colour=discord.Colour(0xABCDEF), hoist=True, reason="the new exhibition"
    )
    assert (role.name, role.colour.value, role.hoist, role.position) == (
        "Curators",
        0xABCDEF,
        True,
        1,
    )
    edited = await role.edit(
        name="Critics", mentionable=True, permissions=discord.Permissions(send_messages=True)
    )
    assert edited is not None
    assert (edited.name, edited.mentionable) == ("Critics", True)
    assert edited.permissions == discord.Permissions(send_messages=True)
    await role.edit(position=2)
    positions = {each.name: each.position for each in await guild.fetch_roles()}
    assert positions["Critics"] == 2
    vincent = server.member(1)
    await vincent.add_roles(role)
    counts = (await server.rest("GET", f"/guilds/{guild.id}/roles/member-counts"))[1]
    assert counts[str(role.id)] == 1
    await role.delete(reason="closed")
    assert str(role.id) not in server.scene.guild.members[str(vincent.id)].roles
    reasons = [entry.reason for entry in server.scene.guild.audit_log]
    assert (reasons[0], reasons[-1]) == ("the new exhibition", "closed")


async def test_refusals_of_roles(server: Server) -> None:
    guild = server.scene.guild
    roles = f"/guilds/{guild.id}/roles"
    [own] = guild.members[server.scene.bot.id].roles
    top = server.playground.state.add_role(guild, "Owners", Permission(0))
    top.position = 200
    for method, path, body, refusal in (
        ("POST", roles, {"name": "x" * 101}, (400, 50035)),
        ("POST", roles, {"color": "red"}, (400, 50035)),
        ("PATCH", f"{roles}/1", {"name": "x"}, (404, 10011)),
        ("PATCH", f"{roles}/{top.id}", {"name": "x"}, (403, 50013)),
        ("PATCH", f"{roles}/{own}", {"name": "x"}, (403, 50013)),
        ("PATCH", roles, [{"id": top.id, "position": 1}], (403, 50013)),
        ("DELETE", f"{roles}/{guild.id}", None, (400, 50028)),
    ):
        assert await server.code(method, path, body) == refusal, (method, path, body)
    with server.denied(Permission.BAN_MEMBERS):
        granting = {"permissions": str(int(Permission.BAN_MEMBERS))}
        assert await server.code("POST", roles, granting) == (403, 50013)
    with server.denied(Permission.MANAGE_ROLES):
        assert await server.code("POST", roles, {}) == (403, 50013)
    del guild.roles[top.id]


async def test_channels_of_every_type(server: Server) -> None:
    guild = server.guild
    vincent = server.member(1)
    hidden = {vincent: discord.PermissionOverwrite(view_channel=False)}
    category = await guild.create_category("Rooms", overwrites=hidden)
    text = await guild.create_text_channel(
        "Loud Room", category=category, topic="Noise", slowmode_delay=5, nsfw=True
    )
    assert (text.name, text.topic, text.slowmode_delay, text.nsfw) == (
        "loud-room",
        "Noise",
        5,
        True,
    )
    assert text.category_id == category.id
    assert text.overwrites_for(vincent).view_channel is False  # inherited
    voice = await guild.create_voice_channel("Stage", user_limit=3, bitrate=32_000)
    assert (voice.user_limit, voice.bitrate) == (3, 32_000)
    forum = await guild.create_forum(
        "Critique", available_tags=[discord.ForumTag(name="oil", emoji="🎨")]
    )
    assert [tag.name for tag in forum.available_tags] == ["oil"]
    edited = await text.edit(name="quiet", topic=None, category=None, sync_permissions=False)
    assert edited is not None
    assert (edited.name, edited.topic, edited.category_id) == ("quiet", None, None)
    await text.set_permissions(vincent, send_messages=False, reason="too loud")
    await text.set_permissions(vincent, overwrite=None)
    moved = [{"id": str(text.id), "position": 0, "parent_id": str(category.id)}]
    assert (await server.rest("PATCH", f"/guilds/{guild.id}/channels", moved))[0] == 204
    orphaned = server.event(
        "guild_channel_update", lambda _, after: after == text and after.category_id is None
    )
    waiting = server.bot.loop.create_task(orphaned)
    await category.delete()
    await waiting
    for channel in (text, voice, forum):
        await channel.delete()
    kinds = [entry.action.name for entry in server.scene.guild.audit_log[-9:]]
    assert kinds.count("CHANNEL_DELETE") == 4
    assert {"CHANNEL_OVERWRITE_UPDATE", "CHANNEL_OVERWRITE_DELETE"} <= {*kinds}


async def test_refusals_of_channels(server: Server) -> None:
    channels = f"/guilds/{server.scene.guild.id}/channels"
    general = server.scene.general
    for method, path, body, refusal in (
        ("POST", channels, {}, (400, 50035)),
        ("POST", channels, {"name": "x", "type": 1}, (400, 50035)),
        ("POST", channels, {"name": "x", "type": 2, "bitrate": 1}, (400, 50035)),
        ("POST", channels, {"name": "x", "parent_id": general.id}, (400, 50035)),
        ("PATCH", channels, [{"id": "1", "position": 1}], (404, 10003)),
        ("PATCH", f"/channels/{general.id}", {"topic": "x" * 1025}, (400, 50035)),
    ):
        assert await server.code(method, path, body) == refusal, (method, path, body)
    with server.denied(Permission.MANAGE_CHANNELS):
        assert await server.code("POST", channels, {"name": "x"}) == (403, 50013)
    category = await server.guild.create_category("Empty")
    status, answer, _ = await server.rest(
        "POST", f"/channels/{category.id}/messages", {"content": "x"}
    )
    assert (status, answer["code"]) == (400, 50008)
    await category.delete()


async def test_members(server: Server) -> None:
    guild, hilma = server.guild, server.member(2)
    edited = await hilma.edit(nick="Hilma af Klint", roles=[], reason="a new name")
    assert edited is not None
    assert (edited.nick, edited.roles) == ("Hilma af Klint", [guild.default_role])
    edited = await hilma.timeout(timedelta(hours=1))
    record = server.scene.guild.members[str(hilma.id)]
    assert record.timed_out_until is not None
    await hilma.timeout(None)
    assert record.timed_out_until is None
    await guild.me.edit(nick="Painter")
    assert server.scene.guild.members[server.scene.bot.id].nick == "Painter"
    assert [m.id for m in await guild.query_members("hil")] == [hilma.id]
    found = (await server.rest("GET", f"/guilds/{guild.id}/members/search?query=Hilma"))[1]
    assert [member["user"]["id"] for member in found] == [str(hilma.id)]
    member = f"/guilds/{guild.id}/members/{hilma.id}"
    assert await server.code("PATCH", member, {"mute": True}) == (400, 40032)
    assert await server.code("PATCH", member, {"roles": ["1"]}) == (404, 10011)
    owner = f"/guilds/{guild.id}/members/{server.scene.members[0].id}"
    until = (server.playground.clock.now() + timedelta(hours=1)).isoformat()
    body = {"communication_disabled_until": until}
    assert await server.code("PATCH", owner, body) == (403, 50013)
    with server.denied(Permission.CHANGE_NICKNAME):
        own = f"/guilds/{guild.id}/members/@me"
        assert await server.code("PATCH", own, {"nick": "x"}) == (403, 50013)


async def test_bans(server: Server) -> None:
    guild = server.guild
    user = server.playground.add_member("Mallory").user
    spam = server.playground.post_message(user, "spam", channel=server.scene.general)
    banned = server.bot.loop.create_task(server.event("member_ban"))
    await guild.ban(discord.Object(int(user.id)), reason="spam", delete_message_seconds=3600)
    assert (await banned)[1].id == int(user.id)
    assert spam.id not in server.scene.general.messages
    assert user.id not in server.scene.guild.members
    assert [(ban.user.id, ban.reason) async for ban in guild.bans()] == [(int(user.id), "spam")]
    assert (await guild.fetch_ban(discord.Object(int(user.id)))).reason == "spam"
    freed = server.bot.loop.create_task(server.event("member_unban"))
    await guild.unban(discord.Object(int(user.id)))
    await freed
    result = await guild.bulk_ban([discord.Object(int(user.id)), discord.Object(1)])
    assert [each.id for each in result.banned] == [int(user.id)]
    assert [each.id for each in result.failed] == [1]
    bans = f"/guilds/{guild.id}/bans"
    owner = server.scene.members[0].id
    for method, path, body, refusal in (
        ("PUT", f"{bans}/{owner}", {}, (403, 50013)),
        ("PUT", f"{bans}/1", {}, (404, 10013)),
        ("PUT", f"{bans}/{user.id}", {"delete_message_seconds": 604_801}, (400, 50035)),
        ("GET", f"{bans}/1", None, (404, 10026)),
        ("DELETE", f"{bans}/1", None, (404, 10026)),
        ("POST", f"/guilds/{guild.id}/bulk-ban", {"user_ids": [owner]}, (400, 500_000)),
        ("POST", f"/guilds/{guild.id}/bulk-ban", {"user_ids": []}, (400, 50035)),
    ):
        assert await server.code(method, path, body) == refusal, (method, path, body)
    with server.denied(Permission.BAN_MEMBERS):
        assert await server.code("GET", bans) == (403, 50013)


async def test_the_guild(server: Server) -> None:
    guild = server.guild
    edited = await guild.edit(
        name="The Studio",
        description="Paintings",
        icon=png(),
        verification_level=discord.VerificationLevel.high,
        system_channel=server.general,
        community=False,
    )
    assert (edited.name, edited.description) == ("The Studio", "Paintings")
    assert edited.verification_level is discord.VerificationLevel.high
    assert server.scene.guild.settings["system_channel_id"] == server.scene.general.id
    assert edited.icon is not None
    assert await edited.icon.read() == png()
    assert (await server.bot.fetch_guild_preview(guild.id)).name == "The Studio"
    assert [each.name for each in await guild.integrations()] == ["StyleBot"]
    path = f"/guilds/{guild.id}"
    for wrong in (
        {"name": "x"},
        {"verification_level": 9},
        {"system_channel_id": "1"},
        {"icon": "data:image/png;base64,AAAA"},
    ):
        assert await server.code("PATCH", path, wrong) == (400, 50035), wrong
    with server.denied(Permission.MANAGE_GUILD):
        assert await server.code("PATCH", path, {"name": "Mine"}) == (403, 50013)
