"""Long channels: older messages, floods and a document that stays small; new direct messages."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MOST_IN_DOCUMENT = 240


async def test_every_older_message_can_be_reached_by_scrolling_up(open_chat, playground):
    stylize, vincent = playground.scene.stylize, playground.scene.members[1]
    for number in range(600):
        playground.post_message(vincent, f"number {number}", channel=stylize)
    chat = await open_chat()
    await expect(chat.messages.last).to_contain_text("number 599")
    oldest = chat.page.get_by_text("number 0", exact=True)
    feed = chat.page.locator("#feed")
    for _ in range(60):
        await feed.evaluate("(feed) => feed.scrollTo(0, 0)")
        await chat.page.evaluate("() => new Promise(requestAnimationFrame)")
        await expect(chat.page.locator("#feed .earlier")).to_be_hidden()
        assert await chat.messages.count() <= MOST_IN_DOCUMENT
        if await oldest.count():
            break
    await expect(oldest).to_be_visible()
    await feed.evaluate("(feed) => feed.scrollTo(0, 0)")
    await expect(chat.page.get_by_role("heading", name="Welcome to #stylize")).to_be_visible()
    for _ in range(60):
        await feed.evaluate("(feed) => feed.scrollTo(0, feed.scrollHeight)")
        await chat.page.evaluate("() => new Promise(requestAnimationFrame)")
        if await chat.page.get_by_text("number 599", exact=True).count():
            break
    await expect(chat.page.get_by_text("number 599", exact=True)).to_be_visible()


async def test_two_thousand_messages_at_once_leave_the_page_usable(chat, playground):
    stylize, vincent = playground.scene.stylize, playground.scene.members[1]
    for number in range(2000):
        playground.post_message(vincent, f"number {number}", channel=stylize)
    await expect(chat.messages.last).to_contain_text("number 1999")
    assert await chat.messages.count() <= MOST_IN_DOCUMENT
    await chat.text.fill("still here")
    await chat.text.press("Enter")
    await expect(chat.messages.last).to_contain_text("still here")


async def test_a_new_direct_message_is_shown_at_once_under_the_senders_name(
    chat, minimal_bot, playground
):
    ada = playground.scene.members[0]
    opened = await minimal_bot.rest("POST", "/users/@me/channels", json={"recipient_id": ada.id})
    await minimal_bot.send("POST", f"/channels/{opened['id']}/messages", {"content": "psst"})
    direct = chat.page.get_by_role("navigation", name="Direct messages")
    await expect(direct.get_by_role("button", name="StyleBot")).to_contain_text("1")
    await direct.get_by_role("button", name="StyleBot").click()
    await expect(chat.messages.last).to_contain_text("psst")
    await expect(chat.page.get_by_role("heading", name="StyleBot")).to_be_visible()
    await expect(chat.page).to_have_title("@StyleBot")


async def test_the_most_used_command_and_no_subcommand_is_suggested_first(
    chat, minimal_bot, playground
):
    application = playground.scene.bot.id
    text = {"description": "x", "type": 1}
    subcommand = {"type": 1, "name": "add", "description": "x"}
    await minimal_bot.rest(
        "PUT",
        f"/applications/{application}/commands",
        json=[{"name": "style", "options": [subcommand], **text}, {"name": "stylize", **text}],
    )
    await chat.page.reload()
    await chat.text.press_sequentially("/styl")
    first = chat.page.get_by_role("option").first
    await expect(first).to_contain_text("/stylize")
    await chat.page.evaluate(
        """localStorage.setItem("playground.used-commands", '{"style add": 3, "stylize": 1}')"""
    )
    await chat.text.press_sequentially("")
    await chat.text.fill("/sty")
    await expect(first).to_contain_text("/style add")


async def test_a_role_is_given_and_taken_from_the_members_menu(chat, playground):
    vincent = playground.scene.members[1]
    member = playground.scene.guild.members[vincent.id]
    (artists,) = [r.id for r in playground.scene.guild.roles.values() if r.name == "Artists"]
    entry = chat.page.locator(".side-item.member", has_text="Vincent")
    for has_role in (False, True):
        await entry.click()
        await chat.page.get_by_role("menu").get_by_text("Artists").click()
        await playground.wait_for(lambda wanted=has_role: (artists in member.roles) is wanted)
