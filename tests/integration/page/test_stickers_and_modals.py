"""Stickers, forwarding, and modals with files."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_sticker_is_sent_with_text_and_forwarded(chat, minimal_bot):
    await chat.text.fill("look")
    await chat.page.get_by_role("button", name="Sticker", exact=True).click()
    await chat.page.keyboard.press("Enter")  # the first one has the focus
    heard = await minimal_bot.event("MESSAGE_CREATE")
    assert heard["content"] == "look"
    assert [each["name"] for each in heard["sticker_items"]] == ["Bravo"]
    shown = chat.message(heard["id"])
    await expect(shown.get_by_alt_text("Sticker: Bravo")).to_be_visible()
    await shown.click(button="right")
    await chat.page.get_by_role("menuitem", name="Forward…").click()
    await chat.page.get_by_role("menuitem", name="#stylize").click()
    forward = await minimal_bot.event("MESSAGE_CREATE", lambda m: m.get("message_snapshots"))
    [snapshot] = forward["message_snapshots"]
    assert snapshot["message"]["content"] == "look"
    assert snapshot["message"]["sticker_items"] == heard["sticker_items"]
    await expect(chat.message(forward["id"]).get_by_alt_text("Sticker: Bravo")).to_be_visible()


async def test_a_modal_with_file_fields(chat, minimal_bot, files):
    button = {"type": 2, "style": 1, "label": "Add", "custom_id": "add"}
    message = await minimal_bot.post("Ready", components=[{"type": 1, "components": [button]}])
    await chat.message(message["id"]).get_by_role("button", name="Add").click()
    pressed = await minimal_bot.event("INTERACTION_CREATE")
    fields = [
        {
            "type": 18,
            "label": label,
            "component": {
                "type": 19,
                "custom_id": label.lower(),
                "required": required,
                "max_values": most,
            },
        }
        for label, required, most in (("Content", True, 5), ("Style", False, 1))
    ]
    form_data = {"custom_id": "form", "title": "Your pictures", "components": fields}
    await minimal_bot.respond(pressed, 9, form_data)
    form = chat.page.get_by_role("dialog", name="Your pictures")
    await form.get_by_role("button", name="Submit").click()
    await expect(form.get_by_role("alert")).to_have_text("Choose a file for Content.")
    await form.locator("input[type=file]").first.set_input_files(files.two())
    await form.get_by_role("button", name="Submit").click()
    await expect(form).to_have_count(0)
    sent = await minimal_bot.event("INTERACTION_CREATE", lambda d: d["type"] == 5)
    content, style = (row["component"] for row in sent["data"]["components"])
    attachments = sent["data"]["resolved"]["attachments"].values()
    assert content["values"] == [each["id"] for each in attachments]
    assert [each["filename"] for each in attachments] == ["blue.png", "red.png"]
    assert style["values"] == []


async def test_a_modal_focuses_its_first_field_and_restores_the_focus(chat, minimal_bot):
    button = {"type": 2, "style": 1, "label": "Add", "custom_id": "add"}
    message = await minimal_bot.post("Ready", components=[{"type": 1, "components": [button]}])
    add = chat.message(message["id"]).get_by_role("button", name="Add", exact=True)
    await add.focus()
    await chat.page.keyboard.press("Enter")
    pressed = await minimal_bot.event("INTERACTION_CREATE")
    upload = {"type": 19, "custom_id": "content", "required": True}
    fields = [{"type": 18, "label": "Content", "component": upload}]
    form_data = {"custom_id": "form", "title": "Your pictures", "components": fields}
    await minimal_bot.respond(pressed, 9, form_data)
    form = chat.page.get_by_role("dialog", name="Your pictures")
    await expect(form.locator(".file-slot")).to_be_focused()
    await chat.page.keyboard.press("Escape")
    await expect(add).to_be_focused()
