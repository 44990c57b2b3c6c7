"""Channel webhooks, as discord.py manages them and posts with them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import discord
import pytest

from bot.playground.state.permissions import Permission

from .conftest import png

if TYPE_CHECKING:
    from .conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_webhooks(server: Server) -> None:
    updated = server.bot.loop.create_task(server.event("webhooks_update"))
    webhook = await server.general.create_webhook(name="Gallery", avatar=png(), reason="news")
    assert (await updated).id == server.general.id
    assert [each.id for each in await server.general.webhooks()] == [webhook.id]
    assert [each.id for each in await server.guild.webhooks()] == [webhook.id]
    assert (await server.bot.fetch_webhook(webhook.id)).name == "Gallery"
    record = (await server.rest("GET", f"/webhooks/{webhook.id}"))[1]
    assert record["url"].startswith(server.playground.url)
    edited = await webhook.edit(name="Museum", channel=server.general)
    assert edited.name == "Museum"
    by_token = f"/webhooks/{webhook.id}/{webhook.token}"
    found = (await server.rest("GET", by_token, headers={}))[1]
    assert "user" not in found
    assert (await server.rest("PATCH", by_token, {"name": "Hall"}, headers={}))[1]["name"] == "Hall"
    assert (await server.rest("DELETE", by_token, headers={}))[0] == 204
    assert await server.code("GET", f"/webhooks/{webhook.id}") == (404, 10015)


async def test_messages_of_webhooks(server: Server) -> None:
    webhook = await server.general.create_webhook(name="Gallery")
    message = await webhook.send(
        "@everyone A new painting",
        username="Curator",
        avatar_url="https://example.org/c.png",
        file=discord.File(io.BytesIO(png()), "a.png"),
        wait=True,
    )
    assert message.webhook_id == webhook.id
    assert (message.author.display_name, message.author.bot) == ("Curator", True)
    assert message.mention_everyone
    assert message.attachments[0].width == 8
    author = message.author.avatar
    assert author is not None
    assert (await author.read()).startswith(b"\x89PNG")
    await message.edit(content="sold")
    assert (await webhook.fetch_message(message.id)).content == "sold"
    received = await server.bot.next_message()
    assert (received.webhook_id, received.author.name) == (webhook.id, "Curator")
    assert await webhook.send("quiet") is None
    await message.delete()
    one = f"/webhooks/{webhook.id}/{webhook.token}/messages/{message.id}"
    assert await server.code("GET", one) == (404, 10008)
    foreign = await server.general.send("mine")
    one = f"/webhooks/{webhook.id}/{webhook.token}/messages/{foreign.id}"
    assert await server.code("PATCH", one, {"content": "x"}) == (404, 10008)


async def test_webhooks_in_threads_and_forums(server: Server) -> None:
    webhook = await server.general.create_webhook(name="Gallery")
    thread = await server.general.create_thread(name="News", type=discord.ChannelType.public_thread)
    message = await webhook.send("inside", thread=thread, wait=True)
    assert message.channel.id == thread.id
    await message.edit(content="still inside")
    forum = await server.guild.create_forum("shows")
    posting = await forum.create_webhook(name="Shows")
    post = await posting.send("today", thread_name="Today", wait=True)
    assert post.channel.id == post.id
    assert server.playground.state.channel(str(post.id)).name == "Today"
    general = f"/webhooks/{webhook.id}/{webhook.token}"
    shows = f"/webhooks/{posting.id}/{posting.token}"
    for path, body, refusal in (
        (f"{general}?thread_id={post.id}", {"content": "x"}, (404, 10003)),
        (general, {"content": "x", "thread_name": "x"}, (400, 220003)),
        (shows, {"content": "x"}, (400, 220001)),
        (f"{shows}?thread_id={post.id}", {"content": "x", "thread_name": "x"}, (400, 220002)),
        (general, {}, (400, 50006)),
        (general, {"content": "x", "username": "x" * 81}, (400, 50035)),
        (f"/webhooks/{webhook.id}/wrong", {"content": "x"}, (401, 50027)),
    ):
        assert await server.code("POST", path, body) == refusal, (path, body)


async def test_refusals_of_webhooks(server: Server) -> None:
    path = f"/channels/{server.general.id}/webhooks"
    for wrong in ({}, {"name": "x" * 81}, {"name": "My Discord"}, {"name": "x", "avatar": "x"}):
        assert await server.code("POST", path, wrong) == (400, 50035), wrong
    with server.denied(Permission.MANAGE_WEBHOOKS):
        assert await server.code("POST", path, {"name": "x"}) == (403, 50013)
        assert await server.code("GET", path) == (403, 50013)
    while len(await server.general.webhooks()) < 15:
        await server.general.create_webhook(name="more")
    assert await server.code("POST", path, {"name": "x"}) == (400, 30007)
