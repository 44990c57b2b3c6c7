"""Threads and forum posts, as discord.py uses them."""

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


async def test_a_thread_from_a_message(server: Server) -> None:
    ada = server.scene.members[0]
    posted = server.playground.post_message(ada, "Look", channel=server.scene.general)
    message = await server.general.fetch_message(int(posted.id))
    thread = await message.create_thread(name="Details", auto_archive_duration=60)
    assert (thread.id, thread.name, thread.auto_archive_duration) == (message.id, "Details", 60)
    assert thread.parent == server.general
    fetched = await server.general.fetch_message(message.id)
    assert fetched.flags.has_thread
    assert fetched.thread == thread
    sent = await thread.send("closer", file=discord.File(_png_file(), "a.png"))
    assert sent.channel == thread
    await sent.edit(content="closest")
    await sent.add_reaction("🌊")
    starter, *_ = [each async for each in thread.history(oldest_first=True)]
    assert starter.type is discord.MessageType.thread_starter_message
    reference = starter.reference
    assert reference is not None
    assert isinstance(reference.resolved, discord.Message)
    assert reference.resolved.content == "Look"
    record = server.playground.state.channel(str(thread.id)).thread
    assert record is not None
    assert (record.message_count, record.sent_count) == (1, 1)
    await sent.delete()
    assert (record.message_count, record.sent_count) == (0, 1)
    path = f"/channels/{server.general.id}/messages/{message.id}/threads"
    assert await server.code("POST", path, {"name": "Again"}) == (400, 160004)


def _png_file() -> io.BytesIO:
    return io.BytesIO(png())


async def test_members_of_threads(server: Server) -> None:
    ada, vincent = server.scene.members[:2]
    thread = await server.general.create_thread(
        name="Private", type=discord.ChannelType.private_thread, invitable=False
    )
    record = server.playground.state.channel(str(thread.id))
    assert thread.is_private()
    with pytest.raises(ApiError) as refused:
        server.playground.post_message(vincent, "let me in", channel=record)
    assert refused.value.body["code"] == 50001
    joined = server.bot.loop.create_task(server.event("thread_member_join"))
    await thread.add_user(server.member(1))
    assert (await joined).id == int(vincent.id)
    server.playground.post_message(vincent, f"hello <@{ada.id}>", channel=record)
    members = {member.id for member in await thread.fetch_members()}
    assert members == {int(vincent.id), int(ada.id), server.bot.user.id}  # a mention adds
    await thread.remove_user(server.member(1))
    one = f"/channels/{thread.id}/thread-members/{vincent.id}"
    assert await server.code("GET", one) == (404, 10007)
    found = (await server.rest("GET", f"/channels/{thread.id}/thread-members?with_member=true"))[1]
    assert {each["member"]["user"]["id"] for each in found} == {ada.id, server.scene.bot.id}
    await thread.leave()
    await thread.join()
    assert await server.code("PUT", f"/channels/{thread.id}/thread-members/1") == (404, 10007)
    general = f"/channels/{server.general.id}/thread-members/@me"
    assert await server.code("PUT", general) == (400, 50024)


async def test_archived_and_locked_threads(server: Server) -> None:
    vincent = server.scene.members[1]
    thread = await server.general.create_thread(
        name="Old", type=discord.ChannelType.public_thread, auto_archive_duration=60
    )
    record = server.playground.state.channel(str(thread.id))
    first = await thread.send("first")
    history = [message.type async for message in server.general.history(limit=1)]
    assert history == [discord.MessageType.thread_created]
    await thread.edit(archived=True)
    assert [each.id async for each in server.general.archived_threads()] == [thread.id]
    messages = f"/channels/{thread.id}/messages"
    for method, path, body in (
        ("PATCH", f"{messages}/{first.id}", {"content": "x"}),
        ("PUT", f"{messages}/{first.id}/reactions/🌊/@me", None),
        ("PUT", f"/channels/{thread.id}/thread-members/{vincent.id}", None),
        ("PATCH", f"/channels/{thread.id}", {"name": "x"}),
    ):
        assert await server.code(method, path, body) == (400, 50083), (method, path)
    server.playground.post_message(vincent, "wake up", channel=record)  # opens it again
    assert not record.thread.archived
    await thread.edit(archived=True, locked=True)
    with pytest.raises(ApiError) as refused:
        server.playground.post_message(vincent, "again", channel=record)
    assert refused.value.body["code"] == 50083
    await thread.edit(archived=False)
    with pytest.raises(ApiError) as refused:
        server.playground.post_message(vincent, "again", channel=record)
    assert refused.value.body["code"] == 160005
    await thread.send("a moderator may")
    active = await server.guild.active_threads()
    assert thread.id in {each.id for each in active}
    server.playground.clock.advance(3601)
    assert thread.id not in {each.id for each in await server.guild.active_threads()}
    gone = server.bot.loop.create_task(server.event("raw_thread_delete"))
    await thread.delete()
    assert (await gone).thread_id == thread.id
    assert await server.code("GET", f"/channels/{thread.id}") == (404, 10003)


async def test_private_archives(server: Server) -> None:
    thread = await server.general.create_thread(name="Secret", type=None)  # private by default
    await thread.edit(archived=True)
    for joined in (False, True):
        found = server.general.archived_threads(private=True, joined=joined)
        assert thread.id in {each.id async for each in found}
    archive = f"/channels/{server.general.id}/threads/archived"
    with server.denied(Permission.MANAGE_THREADS):
        assert await server.code("GET", f"{archive}/private") == (403, 50013)
    assert await server.code("GET", f"{archive}/public?before=soon") == (400, 50035)
    search = f"/channels/{server.general.id}/threads/search?name=secr"
    assert (await server.rest("GET", search))[1]["total_results"] == 1


async def test_permissions_in_threads(server: Server) -> None:
    path = f"/channels/{server.general.id}/threads"
    thread = await server.general.create_thread(name="Open", type=discord.ChannelType.public_thread)
    for denied, public in (
        (Permission.CREATE_PUBLIC_THREADS, 11),
        (Permission.CREATE_PRIVATE_THREADS, 12),
    ):
        with server.denied(denied):
            assert await server.code("POST", path, {"name": "x", "type": public}) == (403, 50013)
    messages = f"/channels/{thread.id}/messages"
    with server.denied(Permission.SEND_MESSAGES_IN_THREADS):
        assert await server.code("POST", messages, {"content": "x"}) == (403, 50013)
    with server.denied(Permission.SEND_MESSAGES):
        assert (await server.rest("POST", messages, {"content": "x"}))[0] == 200
    with server.denied(Permission.MANAGE_THREADS):
        assert await server.code("DELETE", f"/channels/{thread.id}") == (403, 50013)
        locked = {"locked": True}
        assert await server.code("PATCH", f"/channels/{thread.id}", locked) == (403, 50013)
    for wrong in ({}, {"name": "x" * 101}, {"name": "x", "auto_archive_duration": 61}):
        assert await server.code("POST", path, wrong) == (400, 50035), wrong


async def test_forum_posts(server: Server) -> None:
    tags = [discord.ForumTag(name="oil"), discord.ForumTag(name="staff", moderated=True)]
    forum = await server.guild.create_forum("critique", available_tags=tags)
    oil, staff = forum.available_tags
    thread, message = await forum.create_thread(
        name="My dog",
        content="What do you think?",
        file=discord.File(_png_file(), "dog.png"),
        applied_tags=[oil],
    )
    assert thread.id == message.id
    assert [tag.name for tag in thread.applied_tags] == ["oil"]
    assert message.attachments[0].filename == "dog.png"
    edited = await thread.edit(pinned=True, applied_tags=[oil, staff])
    assert edited.flags.pinned
    assert [tag.name for tag in edited.applied_tags] == ["oil", "staff"]
    await forum.edit(require_tag=True)
    path = f"/channels/{forum.id}/threads"
    post = {"name": "x", "message": {"content": "x"}}
    assert await server.code("POST", path, {"name": "x"}) == (400, 50035)
    assert await server.code("POST", path, {**post, "applied_tags": ["1"]}) == (400, 50035)
    with server.denied(Permission.MANAGE_THREADS):
        assert await server.code("POST", path, post) == (400, 40067)
        moderated = {**post, "applied_tags": [str(staff.id)]}
        assert await server.code("POST", path, moderated) == (403, 50013)
    assert await server.code("POST", f"/channels/{forum.id}/messages", {"content": "x"}) == (
        400,
        50008,
    )
    await forum.delete()
    assert await server.code("GET", f"/channels/{thread.id}") == (404, 10003)


async def test_a_new_session_learns_of_open_threads(server: Server) -> None:
    thread = await server.general.create_thread(
        name="Known", type=discord.ChannelType.public_thread
    )
    guild = server.playground.serializer.guild_create(server.scene.guild, [])
    assert str(thread.id) in {each["id"] for each in guild["threads"]}
