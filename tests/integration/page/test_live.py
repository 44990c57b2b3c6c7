"""Live updates: messages, edits without flicker, reactions and reconnection."""

from __future__ import annotations

import re
import socket

import pytest
from playwright.async_api import expect

from bot.playground.server import Playground

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def _card(step: int):
    return [
        {
            "title": "Painting",
            "description": f"Step {step} of 40",
            "image": {"url": f"attachment://snapshot-{step}.png"},
        }
    ]


async def test_an_edit_keeps_the_old_picture_until_the_new_one_is_loaded(
    chat, minimal_bot, playground, files
):
    message = await minimal_bot.post(embeds=_card(1), files=[("snapshot-1.png", files.blue)])
    shown = chat.message(message["id"])
    picture = shown.locator(".embed-image .picture")
    await expect(picture).to_have_attribute("data-shown", re.compile("snapshot-1"))
    node = await shown.element_handle()

    # The observer counts the moments without a completely loaded picture.
    await chat.page.evaluate(
        """(id) => {
          window.gaps = 0;
          const card = document.querySelector(`.message[data-id="${id}"]`);
          const check = () => {
            const images = [...card.querySelectorAll(".embed-image .picture img")];
            if (!images.some((image) => image.complete && image.naturalWidth)) window.gaps += 1;
          };
          new MutationObserver(check).observe(card, { childList: true, subtree: true });
        }""",
        message["id"],
    )
    playground.faults.cdn_delay_seconds = 0.5
    await minimal_bot.edit(
        message,
        embeds=_card(2),
        attachments=[{"id": "0", "filename": "snapshot-2.png"}],
        files=[("snapshot-2.png", files.red)],
    )
    await expect(shown.locator(".embed-description")).to_have_text("Step 2 of 40")
    assert "snapshot-1" in await picture.get_attribute("data-shown")
    await expect(picture).to_have_attribute("data-shown", re.compile("snapshot-2"))
    await expect(picture.locator("img")).to_have_count(1)
    assert await chat.page.evaluate("window.gaps") == 0
    assert await node.evaluate("(element) => element.isConnected")
    await expect(shown.locator(".edited")).to_have_text("(edited)")


async def test_a_message_is_edited_and_deleted(chat, minimal_bot):
    message = await minimal_bot.post("first words")
    shown = chat.message(message["id"])
    await expect(shown.locator(".markdown")).to_have_text("first words")
    await minimal_bot.edit(message, content="other words")
    await expect(shown.locator(".markdown")).to_have_text("other words (edited)")
    await minimal_bot.rest("DELETE", f"/channels/{message['channel_id']}/messages/{message['id']}")
    await expect(shown).to_have_count(0)


async def test_reactions_of_bot_and_member(chat, minimal_bot, playground):
    message = await minimal_bot.post("Choose a style")
    path = f"/channels/{message['channel_id']}/messages/{message['id']}/reactions"
    await minimal_bot.rest("PUT", f"{path}/%F0%9F%8E%A8/@me")
    shown = chat.message(message["id"])
    reaction = shown.locator(".reaction")
    await expect(reaction).to_have_text("🎨1")
    await expect(reaction).to_have_attribute("aria-pressed", "false")
    await reaction.click()
    await expect(reaction).to_have_text("🎨2")
    await expect(reaction).to_have_attribute("aria-pressed", "true")
    heard = await minimal_bot.event(
        "MESSAGE_REACTION_ADD", lambda d: d["user_id"] == playground.scene.members[0].id
    )
    assert (heard["message_id"], heard["emoji"]["name"]) == (message["id"], "🎨")
    await reaction.click()
    await expect(reaction).to_have_text("🎨1")

    await shown.hover()
    await shown.get_by_role("toolbar").get_by_role("button", name="Add a reaction").click()
    await chat.page.get_by_role("searchbox", name="Find an emoji").fill("woodcut")
    await chat.page.keyboard.press("Enter")
    await expect(reaction).to_have_text(["🎨1", "🪵1"])


async def test_only_own_messages_can_be_deleted(chat, playground):
    ada, vincent = playground.scene.members[:2]
    stylize = playground.scene.stylize
    mine = playground.post_message(ada, "mine", channel=stylize)
    theirs = playground.post_message(vincent, "theirs", channel=stylize)
    await chat.message(theirs.id).hover()
    delete = chat.message(theirs.id).get_by_role("button", name="Delete message")
    await expect(delete).to_have_count(0)
    await chat.message(mine.id).hover()
    await chat.message(mine.id).get_by_role("button", name="Delete message").click()
    await expect(chat.messages).to_have_count(1)
    assert mine.id not in stylize.messages


async def test_message_grouping(chat, playground):
    ada, vincent = playground.scene.members[:2]
    stylize = playground.scene.stylize
    for author, words in ((ada, "one"), (ada, "two"), (vincent, "three")):
        playground.post_message(author, words, channel=stylize)
    await expect(chat.messages).to_have_count(3)
    continued = chat.page.locator(".message.continued")
    await expect(continued).to_have_count(1)
    await expect(continued).to_contain_text("two")
    await expect(chat.page.locator(".day")).to_have_count(1)
    await expect(chat.page.locator(".message-head .name").last).to_have_text("Vincent")


async def test_new_messages_do_not_scroll_a_reader_to_the_end(chat, playground):
    stylize = playground.scene.stylize
    vincent = playground.scene.members[1]
    for number in range(40):
        playground.post_message(vincent, f"Line {number}", channel=stylize)
    await expect(chat.messages).to_have_count(40)
    await expect(chat.messages.last).to_be_in_viewport()
    await chat.page.locator("#feed").evaluate("(feed) => feed.scrollTo(0, 0)")
    playground.post_message(vincent, "News", channel=stylize)
    jump = chat.page.get_by_role("button", name="New messages")
    await expect(jump).to_be_visible()
    await expect(chat.messages.last).not_to_be_in_viewport()
    await jump.click()
    await expect(chat.messages.last).to_be_in_viewport()
    await expect(jump).to_be_hidden()


async def test_a_message_link_opens_the_message(chat, playground, minimal_bot):
    vincent, general = playground.scene.members[1], playground.scene.general
    there = playground.post_message(vincent, "Over here", channel=general)
    guild = playground.scene.guild.id
    address = f"https://discord.com/channels/{guild}/{general.id}/{there.id}"
    await minimal_bot.post(f"[my painting]({address})")
    await chat.page.get_by_role("link", name="my painting").click()
    await expect(chat.messages.filter(has_text="Over here")).to_be_focused()
    await expect(chat.page.locator(".topbar")).to_contain_text("general")


async def test_switching_the_member(chat, playground):
    ada = playground.scene.members[0]
    message = playground.post_message(ada, "React, please", channel=playground.scene.stylize)
    playground.react(ada, message, "👍")
    reaction = chat.page.locator(".reaction")
    await expect(reaction).to_have_attribute("aria-pressed", "true")
    await chat.page.get_by_role("button", name=re.compile("You are Ada")).click()
    await chat.page.get_by_role("menuitemradio", name="Vincent").click()
    await expect(chat.page.locator(".you-words strong")).to_have_text("Vincent")
    await expect(reaction).to_have_attribute("aria-pressed", "false")
    assert playground.scene.members[1].id in chat.page.url


async def test_the_page_reconnects_after_a_restart(open_chat):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    playground = Playground(port=port, rate_limit_scale=0)
    await playground.start()
    try:
        chat = await open_chat()
        await chat.page.goto(playground.url)
        await expect(chat.page.locator(".you-state")).to_have_text("Connected")
        await playground.close()
        await expect(chat.page.locator("#banner")).to_contain_text("Reconnecting")
        missed = playground.post_message(
            playground.scene.members[1], "You missed this", channel=playground.scene.stylize
        )
        await playground.start()
        await expect(chat.message(missed.id)).to_be_visible(timeout=60_000)
        await expect(chat.page.locator("#banner")).to_be_hidden()
        chat.expect_console("ERR_")  # the browser logs refused connections
        await chat.page.goto("about:blank")
    finally:
        await playground.close()
