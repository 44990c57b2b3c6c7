"""Components, modals and commands: requests to the bot and its responses."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MESSAGE, UPDATE_LATER, UPDATE, CHOICES, MODAL = 4, 6, 7, 8, 9
EPHEMERAL = 64


def _row(*components):
    return {"type": 1, "components": list(components)}


def _button(label, style=1, **fields):
    return {"type": 2, "style": style, "label": label, "custom_id": label.lower(), **fields}


async def _register(minimal_bot, *commands):
    application = minimal_bot.playground.state.application.id
    await minimal_bot.rest("PUT", f"/applications/{application}/commands", json=list(commands))


async def test_a_button_press_reaches_the_bot(chat, minimal_bot, playground):
    message = await minimal_bot.post(
        "Ready", components=[_row(_button("Again"), _button("Delete", 4, disabled=True))]
    )
    shown = chat.message(message["id"])
    await expect(shown.get_by_role("button", name="Delete")).to_be_disabled()
    again = shown.get_by_role("button", name="Again")
    await again.click()
    await expect(again).to_have_attribute("aria-busy", "true")
    heard = await minimal_bot.event("INTERACTION_CREATE")
    assert heard["type"] == 3
    assert heard["data"] == {"component_type": 2, "custom_id": "again", **_ids(heard)}
    assert heard["member"]["user"]["id"] == playground.scene.members[0].id
    assert heard["message"]["id"] == message["id"]
    await minimal_bot.respond(heard, UPDATE, {"content": "Once more", "components": []})
    await expect(shown.locator(".markdown")).to_contain_text("Once more")
    await expect(again).to_have_count(0)


def _ids(interaction):
    return {key: value for key, value in interaction["data"].items() if key == "id"}


async def test_an_acknowledged_press_enables_the_button_and_keeps_the_focus(chat, minimal_bot):
    message = await minimal_bot.post("Ready", components=[_row(_button("Cancel"))])
    cancel = chat.message(message["id"]).get_by_role("button", name="Cancel")
    await cancel.focus()
    await chat.page.keyboard.press("Enter")
    heard = await minimal_bot.event("INTERACTION_CREATE")
    await expect(cancel).to_be_disabled()
    await minimal_bot.respond(heard, UPDATE_LATER)
    await expect(cancel).to_be_enabled()
    await expect(cancel).to_be_focused()


async def test_an_unanswered_press_shows_an_error(chat, minimal_bot, playground):
    playground.interactions.acknowledge_seconds = 0.2
    message = await minimal_bot.post("Ready", components=[_row(_button("Again"))])
    shown = chat.message(message["id"])
    await shown.get_by_role("button", name="Again").click()
    await expect(shown.get_by_role("alert")).to_have_text("This interaction failed")
    await expect(shown.get_by_role("button", name="Again")).to_be_enabled()


async def test_single_and_multiple_selects(chat, minimal_bot):
    def select(name, most):
        return {
            "type": 3,
            "custom_id": name,
            "placeholder": f"Choose {name}",
            "min_values": 1,
            "max_values": most,
            "options": [
                {"label": "Woodcut", "value": "w", "description": "Two inks"},
                {"label": "Mosaic", "value": "m", "emoji": {"id": None, "name": "🧩"}},
                {"label": "Halftone", "value": "h"},
            ],
        }

    message = await minimal_bot.post(
        "Styles", components=[_row(select("one", 1)), _row(select("some", 2))]
    )
    shown = chat.message(message["id"])
    await shown.get_by_role("button", name="Choose one").click()
    await expect(chat.page.get_by_role("option", name="Woodcut Two inks")).to_be_visible()
    await chat.page.keyboard.press("ArrowDown")
    await chat.page.keyboard.press("Enter")
    heard = await minimal_bot.event("INTERACTION_CREATE")
    assert (heard["data"]["custom_id"], heard["data"]["values"]) == ("one", ["m"])
    await minimal_bot.respond(heard, UPDATE_LATER)

    await shown.get_by_role("button", name="Choose some").click()
    for name in ("Woodcut", "Halftone", "Mosaic"):  # at most two can be chosen
        await chat.page.get_by_role("option", name=re.compile(name)).click()
    await chat.page.get_by_role("button", name="Done").click()
    heard = await minimal_bot.event(
        "INTERACTION_CREATE", lambda d: d["data"]["custom_id"] == "some"
    )
    assert sorted(heard["data"]["values"]) == ["h", "w"]


async def test_a_modal_with_an_ephemeral_response(chat, open_chat, minimal_bot):
    message = await minimal_bot.post("Ready", components=[_row(_button("Vary"))])
    await chat.message(message["id"]).get_by_role("button", name="Vary").click()
    pressed = await minimal_bot.event("INTERACTION_CREATE")
    text = {"type": 4, "style": 1, "custom_id": "seed", "label": "Seed", "min_length": 1}
    await minimal_bot.respond(
        pressed,
        MODAL,
        {"custom_id": "vary", "title": "Another painting", "components": [_row(text)]},
    )
    form = chat.page.get_by_role("dialog", name="Another painting")
    await form.get_by_label("Seed").fill("42")
    await form.get_by_role("button", name="Submit").click()
    await expect(form).to_have_count(0)
    sent = await minimal_bot.event("INTERACTION_CREATE", lambda d: d["type"] == 5)
    assert sent["data"]["custom_id"] == "vary"
    assert sent["data"]["components"][0]["components"][0]["value"] == "42"

    await minimal_bot.respond(sent, MESSAGE, {"content": "Only for you", "flags": EPHEMERAL})
    private = chat.page.locator(".message.ephemeral")
    await expect(private).to_contain_text("Only you can see this")
    other = await open_chat(1)
    await expect(other.message(message["id"])).to_be_visible()
    await expect(other.page.locator(".message.ephemeral")).to_have_count(0)
    await private.get_by_role("button", name="Dismiss message").click()
    await expect(private).to_have_count(0)
    await chat.page.reload()
    await expect(chat.message(message["id"])).to_be_visible()
    await expect(private).to_have_count(0)


async def test_a_slash_command_with_files_and_autocomplete(open_chat, minimal_bot, files):
    await _register(
        minimal_bot,
        {
            "type": 1,
            "name": "stylize",
            "description": "Paint one picture like another",
            "options": [
                {"type": 11, "name": "content", "description": "What", "required": True},
                {"type": 11, "name": "style", "description": "How"},
                {"type": 3, "name": "preset", "description": "A style", "autocomplete": True},
                {"type": 4, "name": "size", "description": "Pixels", "min_value": 64},
                {"type": 5, "name": "keep", "description": "Keep colours"},
            ],
        },
    )
    chat = await open_chat()
    page = chat.page
    await page.locator("#composer-files").set_input_files(files.two()[:1])
    await chat.text.press_sequentially("/sty")
    await expect(page.get_by_role("option", name=re.compile("stylize Paint"))).to_be_visible()
    await chat.text.press("Enter")
    form = page.get_by_role("form", name="/stylize")
    # The form takes the file from the tray.
    await expect(form.locator(".file-slot")).to_have_text(re.compile("blue.png"))
    await form.get_by_role("button", name="size").click()
    await form.get_by_role("spinbutton", name="size").fill("12")
    await form.get_by_role("button", name="Run").click()
    await expect(form.get_by_role("alert")).to_contain_text("size")
    await form.get_by_role("spinbutton", name="size").fill("256")
    await form.get_by_role("button", name="keep").click()
    await form.get_by_role("combobox", name="keep").select_option("Yes")

    await form.get_by_role("button", name="preset").click()
    await form.get_by_role("combobox", name="preset").press_sequentially("wo")
    asked = await minimal_bot.event(
        "INTERACTION_CREATE",
        lambda d: (
            d["type"] == 4
            and any(o.get("focused") and o["value"] == "wo" for o in d["data"]["options"])
        ),
    )
    await minimal_bot.respond(
        asked, CHOICES, {"choices": [{"name": "Woodcut", "value": "woodcut"}]}
    )
    await page.get_by_role("option", name="Woodcut").click()
    await form.get_by_role("button", name="Run").click()
    await expect(form).to_have_count(0)
    called = await minimal_bot.event("INTERACTION_CREATE", lambda d: d["type"] == 2)
    options = {o["name"]: o["value"] for o in called["data"]["options"]}
    assert (options["size"], options["keep"], options["preset"]) == (256, True, "woodcut")
    attachment = called["data"]["resolved"]["attachments"][str(options["content"])]
    assert attachment["filename"] == "blue.png"
    await minimal_bot.respond(called, MESSAGE, {"content": "Accepted"})
    answer = chat.messages.last
    await expect(answer).to_contain_text("Accepted")
    await expect(answer.locator(".quote")).to_contain_text("Ada")
    await expect(chat.text).to_be_focused()


async def test_an_unanswered_command_shows_an_error(open_chat, minimal_bot, playground):
    playground.interactions.acknowledge_seconds = 0.2
    await _register(minimal_bot, {"type": 1, "name": "queue", "description": "What waits"})
    chat = await open_chat()
    await chat.text.press_sequentially("/que")
    await chat.text.press("Enter")
    form = chat.page.get_by_role("form", name="/queue")
    await form.get_by_role("button", name="Run").click()
    await expect(chat.error).to_contain_text("“queue”: the application did not respond")


async def test_message_context_menu_commands(open_chat, minimal_bot, playground, files):
    await _register(minimal_bot, {"type": 3, "name": "Stylize"})
    chat = await open_chat()
    message = playground.post_message(
        playground.scene.members[1],
        "Mine",
        channel=playground.scene.stylize,
        files=[("a.png", files.blue)],
    )
    await chat.message(message.id).locator(".picture-button").click(button="right")
    await chat.page.get_by_role("menuitem", name="Stylize").click()
    heard = await minimal_bot.event("INTERACTION_CREATE")
    assert (heard["data"]["name"], heard["data"]["target_id"]) == ("Stylize", message.id)
    resolved = heard["data"]["resolved"]["messages"][message.id]
    assert resolved["attachments"][0]["filename"] == "a.png"
