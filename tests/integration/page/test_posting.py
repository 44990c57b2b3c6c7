"""Posting messages: text, files, mentions, replies and errors."""

from __future__ import annotations

import asyncio
import base64
import re

import pytest
from playwright.async_api import expect

from bot.playground.state.permissions import Permission

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

INSERT_FILES = """([how, files]) => {
  const data = new DataTransfer();
  for (const [name, base64] of files) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    data.items.add(new File([bytes], name, { type: "image/png" }));
  }
  const box = document.getElementById("composer-text");
  const always = { bubbles: true, cancelable: true };
  if (how === "paste") {
    box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, ...always }));
    return true;
  }
  const target = document.getElementById("feed");
  const send = (type) =>
    target.dispatchEvent(new DragEvent(type, { dataTransfer: data, ...always }));
  send("dragenter");
  send("dragover");
  const overlaid = document.getElementById("drop").classList.contains("shown");
  send("drop");
  return overlaid && !document.getElementById("drop").classList.contains("shown");
}"""


def _encoded(files):
    return [
        ["blue.png", base64.b64encode(files.blue).decode()],
        ["red.png", base64.b64encode(files.red).decode()],
    ]


async def _stylize(chat, minimal_bot):
    """Send the two files of the tray; return the message that the bot receives."""
    await chat.text.fill("!stylize")
    await expect(chat.page.locator(".role")).to_have_text(["content", "style"])
    await chat.text.press("Enter")
    await expect(chat.messages).to_have_count(1)
    await expect(chat.messages.locator(".gallery .picture img")).to_have_count(2)
    await expect(chat.page.locator(".chip")).to_have_count(0)
    return await minimal_bot.event("MESSAGE_CREATE")


async def test_attaching_two_pictures_with_the_button(chat, minimal_bot, files):
    async with chat.page.expect_file_chooser() as choosing:
        await chat.page.get_by_role("button", name="Attach files").click()
    chooser = await choosing.value
    assert chooser.is_multiple()
    await chooser.set_files(files.two())
    message = await _stylize(chat, minimal_bot)
    assert message["content"] == "!stylize"
    assert [a["filename"] for a in message["attachments"]] == ["blue.png", "red.png"]
    assert [(a["width"], a["height"]) for a in message["attachments"]] == [(96, 64)] * 2


@pytest.mark.parametrize("way", ["paste", "drop"])
async def test_attaching_two_pictures_by_paste_and_drop(chat, minimal_bot, files, way):
    assert await chat.page.evaluate(INSERT_FILES, [way, _encoded(files)])
    message = await _stylize(chat, minimal_bot)
    assert [a["filename"] for a in message["attachments"]] == ["blue.png", "red.png"]


async def test_tray_reorders_marks_describes_and_removes_files(chat, minimal_bot, files):
    chosen = [*files.two(), files.chosen("notes.txt", b"words", "text/plain")]
    await chat.page.locator("#composer-files").set_input_files(chosen)
    chips = chat.page.locator(".chip")
    await expect(chips).to_have_count(3)
    await chips.nth(2).get_by_role("button", name="Remove notes.txt").click()
    await chips.nth(1).get_by_role("button", name="Move left").click()
    await expect(chips.locator(".chip-name")).to_have_text(["red.png", "blue.png"])
    await chips.nth(0).get_by_role("button", name="Hide as a spoiler").click()
    await chips.nth(1).get_by_role("button", name=re.compile("Describe")).click()
    await chat.page.get_by_placeholder("What does the picture show?").fill("A blue field")
    await chat.page.keyboard.press("Enter")
    await chat.text.focus()
    await chat.text.press("Enter")
    message = await minimal_bot.event("MESSAGE_CREATE")
    first, second = message["attachments"]
    assert first["filename"] == "SPOILER_red.png"
    assert (second["filename"], second["description"]) == ("blue.png", "A blue field")
    tile = chat.messages.locator(".tile").first
    await expect(tile).to_have_class(re.compile("hidden-spoiler"))
    await tile.get_by_role("button").click()
    await expect(tile).not_to_have_class(re.compile("hidden-spoiler"))
    await expect(chat.messages.get_by_alt_text("A blue field")).to_be_visible()


async def test_at_most_ten_files(chat, files):
    many = [files.chosen(f"{n}.png", files.blue) for n in range(12)]
    await chat.page.locator("#composer-files").set_input_files(many)
    await expect(chat.page.locator(".chip")).to_have_count(10)
    await expect(chat.error).to_contain_text("2 were left out")


async def test_enter_sends_and_shift_enter_adds_a_line(chat, minimal_bot):
    await chat.text.press_sequentially("one")
    await chat.text.press("Shift+Enter")
    await chat.text.press_sequentially("two")
    await chat.text.press("Enter")
    assert (await minimal_bot.event("MESSAGE_CREATE"))["content"] == "one\ntwo"
    await expect(chat.text).to_have_value("")
    await expect(chat.text).to_be_focused()


async def test_names_become_mentions(chat, minimal_bot, playground):
    await chat.text.press_sequentially("hello @Vin")
    await expect(chat.page.get_by_role("option", name=re.compile("Vincent"))).to_be_visible()
    await chat.text.press("Enter")
    await expect(chat.text).to_have_value("hello @Vincent ")
    await chat.text.press_sequentially("`@Vincent`")
    await chat.text.press("Enter")
    vincent = playground.scene.members[1]
    heard = await minimal_bot.event("MESSAGE_CREATE")
    assert heard["content"] == f"hello <@{vincent.id}> `@Vincent`"
    await expect(chat.messages.locator(".mention")).to_have_text("@Vincent")


async def test_a_reply_quotes_and_links_the_original(chat, minimal_bot, playground):
    stylize = playground.scene.stylize
    vincent = playground.scene.members[1]
    original = playground.post_message(vincent, "Look here\n-# closely", channel=stylize)
    for number in range(30):
        playground.post_message(playground.scene.members[2], f"Line {number}", channel=stylize)
    await expect(chat.messages).to_have_count(31)
    first = chat.message(original.id)
    await first.scroll_into_view_if_needed()
    await first.hover()
    await first.get_by_role("button", name="Reply", exact=True).click()
    await expect(chat.page.locator(".reply-bar")).to_contain_text("Replying to Vincent")
    await chat.text.fill("I see")
    await chat.text.press("Enter")
    reply = await minimal_bot.event("MESSAGE_CREATE", lambda m: m["content"] == "I see")
    assert reply["referenced_message"]["id"] == original.id
    await expect(first).not_to_be_in_viewport()
    quote = chat.message(reply["id"]).locator("button.quote")
    await expect(quote).to_contain_text("Look here closely")
    await quote.click()
    await expect(first).to_be_in_viewport()
    await expect(first).to_be_focused()


async def test_a_refused_message_is_kept_in_the_composer(open_chat, playground, files):
    everyone = playground.state.guilds[playground.scene.guild.id]
    for role in everyone.roles.values():
        role.permissions &= ~Permission.ATTACH_FILES
    chat = await open_chat(1)
    await chat.page.locator("#composer-files").set_input_files(files.two())
    await chat.text.fill("!stylize")
    await chat.text.press("Enter")
    await expect(chat.error).to_contain_text("permission")
    await expect(chat.text).to_have_value("!stylize")
    await expect(chat.page.locator(".chip")).to_have_count(2)
    await expect(chat.messages).to_have_count(0)
    chat.expect_console("403")  # the browser logs refused requests


async def test_a_too_large_file_is_refused_before_sending(chat, files):
    heavy = files.chosen("huge.png", bytes(10 * 1024 * 1024 + 1))
    await chat.page.locator("#composer-files").set_input_files([heavy])
    await expect(chat.page.locator(".chip")).to_contain_text("over 10 MiB")
    await chat.text.press("Enter")
    await expect(chat.error).to_contain_text("huge.png is larger than the 10 MiB")
    await expect(chat.page.locator(".chip")).to_have_count(1)


async def test_an_upload_shows_progress_and_can_be_cancelled(chat, playground, files):
    arrived = asyncio.Event()
    continue_upload = asyncio.Event()

    async def hold(route):
        arrived.set()
        await continue_upload.wait()
        await route.abort()

    await chat.page.route("**/messages?*", hold)
    await chat.page.locator("#composer-files").set_input_files(files.two())
    await chat.text.fill("!stylize")
    await chat.text.press("Enter")
    async with asyncio.timeout(60):
        await arrived.wait()
    pending = chat.page.locator(".pending-message")
    await expect(pending).to_contain_text("Sending")
    await expect(pending.locator(".upload-previews img")).to_have_count(2)
    await pending.get_by_role("button", name="Cancel the upload").click()
    await expect(pending).to_have_count(0)
    await expect(chat.text).to_have_value("!stylize")
    await expect(chat.page.locator(".chip")).to_have_count(2)
    await expect(chat.error).to_be_hidden()
    continue_upload.set()
    await chat.page.unroute_all(behavior="wait")
    await chat.text.press("Enter")
    await expect(chat.messages).to_have_count(1)


async def test_typing_indicator(open_chat, playground):
    ada, vincent = await open_chat(0), await open_chat(1)
    await ada.text.press_sequentially("hm")
    await expect(vincent.page.locator(".typing")).to_have_text("Ada is typing…")
    await ada.text.press("Enter")
    await expect(vincent.messages).to_have_count(1)
    await expect(vincent.page.locator(".typing")).to_have_text("")
