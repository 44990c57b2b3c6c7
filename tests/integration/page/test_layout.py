"""Layout on wide and narrow screens, themes and keyboard use."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SIZES = {"wide": (1280, 800), "tablet": (768, 1024), "narrow": (390, 844), "least": (360, 640)}

# Elements that overflow horizontally.
OVERFLOWING = """() => {
  const out = [];
  if (document.documentElement.scrollWidth > innerWidth) out.push("page");
  const boxes = ".feed, .composer, .topbar, .message, .embed, .gallery";
  for (const box of document.querySelectorAll(boxes)) {
    if (box.scrollWidth > box.clientWidth + 1) out.push(box.className);
  }
  return out;
}"""


async def _fill(playground, minimal_bot, files):
    stylize = playground.scene.stylize
    ada, vincent = playground.scene.members[:2]
    playground.post_message(
        vincent, "w" * 300 + " https://example.org/" + "a" * 200, channel=stylize
    )
    playground.post_message(vincent, "```\n" + "x" * 400 + "\n```", channel=stylize)
    asked = playground.post_message(
        ada,
        "!stylize",
        channel=stylize,
        files=[("a.png", files.picture((9, 99, 9), (1600, 400))), ("b.png", files.red)],
    )
    names = ["Again", "More style", "More content", "Larger", "Delete"]
    await minimal_bot.post(
        embeds=[
            {
                "title": "Painting " + "longname" * 12 + ".jpg",
                "description": "`" + "█" * 12 + "░" * 12 + "` 48 %",
                "fields": [
                    {"name": n, "value": "about 50 s", "inline": True} for n in ("A", "B", "C")
                ],
                "image": {"url": "attachment://s.png"},
            }
        ],
        files=[("s.png", files.picture((200, 180, 40), (900, 600)))],
        components=[
            {
                "type": 1,
                "components": [
                    {"type": 2, "style": 2, "label": name, "custom_id": name} for name in names
                ],
            }
        ],
        message_reference={"message_id": asked.id},
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_nothing_overflows(open_chat, minimal_bot, playground, files, size, scheme):
    await _fill(playground, minimal_bot, files)
    width, height = SIZES[size]
    chat = await open_chat(viewport={"width": width, "height": height}, color_scheme=scheme)
    await expect(chat.messages).to_have_count(4)
    await expect(chat.page.locator(".gallery .picture[data-shown]")).to_have_count(2)
    await chat.page.locator("#composer-files").set_input_files(files.two() * 2)
    await chat.text.fill("!stylize " + "word " * 60)
    assert await chat.page.evaluate(OVERFLOWING) == []
    await expect(chat.text).to_be_in_viewport()
    await expect(chat.page.locator(".topbar")).to_be_in_viewport()


async def test_a_timestamp_stays_on_one_line_on_a_phone(open_chat, minimal_bot):
    text = " ".join(f"{'wide ' * count}<t:1700000000:R>" for count in range(1, 12))
    message = await minimal_bot.post(text)
    chat = await open_chat(viewport={"width": 390, "height": 844})
    times = chat.message(message["id"]).locator(".timestamp")
    await expect(times).to_have_count(11)
    lines = await times.evaluate_all("all => all.map((each) => each.getClientRects().length)")
    assert lines == [1] * 11


async def test_two_buttons_fit_in_one_row_on_a_phone(open_chat, minimal_bot):
    labels = (("Add a picture", "📎"), ("Use my avatar", "🙂"))
    buttons = [
        {"type": 2, "style": 2, "label": label, "custom_id": label, "emoji": {"name": emoji}}
        for label, emoji in labels
    ]
    await minimal_bot.post("Well?", components=[{"type": 1, "components": buttons}])
    chat = await open_chat(viewport={"width": 390, "height": 844})
    found = [chat.page.get_by_role("button", name=re.compile(label)) for label, _ in labels]
    first, second = [await each.bounding_box() for each in found]
    assert first["y"] == second["y"]


async def test_theme(open_chat):
    chat = await open_chat(color_scheme="dark")
    body = chat.page.locator("body")
    dark = await body.evaluate("(element) => getComputedStyle(element).backgroundColor")
    await chat.page.get_by_role("button", name=re.compile("Theme: as your system")).click()
    light = await body.evaluate("(element) => getComputedStyle(element).backgroundColor")
    assert light != dark
    await chat.page.reload()
    await expect(chat.page.get_by_role("button", name=re.compile("Theme: light"))).to_be_visible()
    assert await body.evaluate("(element) => getComputedStyle(element).backgroundColor") == light
    await chat.page.get_by_role("button", name=re.compile("Theme: light")).click()
    assert await body.evaluate("(element) => getComputedStyle(element).backgroundColor") == dark


async def test_the_sidebar_is_a_drawer_on_a_phone(open_chat):
    chat = await open_chat(viewport={"width": 360, "height": 640})
    general = chat.page.get_by_role("button", name="general")
    await expect(general).to_be_hidden()
    await chat.page.get_by_role("button", name="Channels and members").click()
    await expect(general).to_be_visible()
    await chat.page.keyboard.press("Escape")
    await expect(general).to_be_hidden()
    await chat.page.get_by_role("button", name="Channels and members").click()
    await general.click()
    await expect(general).to_be_hidden()
    await expect(chat.page.locator(".channel-title")).to_have_text("general")


async def test_welcome_hint_of_an_empty_channel(chat):
    welcome = chat.page.locator(".welcome")
    await expect(welcome).to_contain_text("Drop in two pictures and type !stylize")
    async with chat.page.expect_file_chooser() as choosing:
        await welcome.get_by_role("button", name="Choose two pictures").click()
    await choosing.value
    await expect(chat.text).to_have_value("!stylize")


async def test_keyboard_navigation_of_messages(chat, playground):
    vincent = playground.scene.members[1]
    posted = [
        playground.post_message(vincent, f"Line {n}", channel=playground.scene.stylize)
        for n in range(3)
    ]
    await expect(chat.messages).to_have_count(3)
    await chat.text.focus()
    await chat.page.keyboard.press("ArrowUp")
    await expect(chat.message(posted[2].id)).to_be_focused()
    await chat.page.keyboard.press("ArrowUp")
    await expect(chat.message(posted[1].id)).to_be_focused()
    tools = chat.message(posted[1].id).get_by_role("toolbar")
    await expect(tools).to_be_visible()
    await chat.page.keyboard.press("r")
    await expect(chat.page.locator(".reply-bar")).to_contain_text("Replying to Vincent")
    await expect(chat.text).to_be_focused()
    await chat.page.keyboard.press("Escape")
    await expect(chat.page.locator(".reply-bar")).to_be_hidden()


async def test_adding_a_member(chat, open_chat):
    watching = await open_chat(1)
    await chat.page.get_by_role("button", name="Add a member").click()
    await chat.page.get_by_label("Name").fill("Grace")
    await chat.page.get_by_role("button", name="Add and be them").click()
    await expect(chat.page.locator(".you-words strong")).to_have_text("Grace")
    await expect(watching.page.locator(".side-item.member", has_text="Grace")).to_be_visible()


async def test_unread_counts_of_other_channels(chat, playground):
    playground.post_message(
        playground.scene.members[1],
        f"<@{playground.scene.members[0].id}> look",
        channel=playground.scene.general,
    )
    badge = chat.page.locator(".mention-badge")
    await expect(badge).to_have_text("1")
    await expect(chat.page).to_have_title("(1) #stylize")
    await chat.page.get_by_role("button", name=re.compile("general")).click()
    await expect(badge).to_have_count(0)
    await expect(chat.page).to_have_title("#general")


async def test_age_restricted_channels_are_marked(chat, playground):
    marks = chat.page.get_by_title("Age-restricted channel")
    await expect(marks).to_have_count(0)
    playground.set_nsfw(playground.scene.general, True)
    await expect(marks).to_have_count(1)  # in the sidebar
    playground.set_nsfw(playground.scene.stylize, True)
    await expect(marks).to_have_count(3)  # also in the top bar of the open channel
    await expect(chat.page.locator(".topbar .nsfw-mark")).to_have_text("18+")


async def test_faults_can_be_switched_on_and_off(chat, playground):
    await chat.page.get_by_role("button", name=re.compile("Network faults")).click()
    slow = chat.page.get_by_role("switch", name=re.compile("Slow pictures"))
    await slow.check()
    await playground.wait_for(lambda: playground.faults.cdn_delay_seconds or None)
    await slow.uncheck()
    await expect(slow).not_to_be_checked()


async def test_tab_reaches_a_messages_toolbar_and_escape_returns(chat, minimal_bot):
    button = {"type": 2, "style": 2, "label": "Again", "custom_id": "again"}
    message = await minimal_bot.post("Ready", components=[{"type": 1, "components": [button]}])
    shown = chat.message(message["id"])
    await expect(shown).to_be_visible()
    await chat.text.focus()
    for key in ("ArrowUp", "Tab", "Tab"):
        await chat.page.keyboard.press(key)
    tools = shown.get_by_role("toolbar")
    await expect(tools.get_by_role("button", name="React with").first).to_be_focused()
    more = tools.get_by_role("button", name="More")
    await more.focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.get_by_role("menuitem", name="Add a reaction")).to_be_focused()
    await chat.page.keyboard.press("Escape")
    await expect(more).to_be_focused()
    await chat.text.focus()
    await expect(tools).to_be_hidden()


async def test_choosing_an_emoji_with_enter_closes_the_picker(chat, playground):
    vincent = playground.scene.members[1]
    message = playground.post_message(vincent, "Look", channel=playground.scene.stylize)
    shown = chat.message(message.id)
    await expect(shown).to_be_visible()
    await chat.text.focus()
    await chat.page.keyboard.press("ArrowUp")
    opener = shown.get_by_role("toolbar").get_by_role("button", name="Add a reaction")
    await opener.focus()
    await chat.page.keyboard.press("Enter")
    search = chat.page.get_by_role("searchbox", name="Find an emoji")
    await search.fill("palette")
    await search.press("Enter")
    await expect(shown.locator(".reaction")).to_have_text("🎨1")
    await expect(search).to_have_count(0)
    await expect(opener).to_be_focused()


async def test_escape_moves_the_focus_from_a_button_to_the_text_box(chat, minimal_bot):
    button = {"type": 2, "style": 2, "label": "Again", "custom_id": "again"}
    message = await minimal_bot.post("Ready", components=[{"type": 1, "components": [button]}])
    shown = chat.message(message["id"])
    await shown.get_by_role("button", name="Again").focus()
    await chat.page.keyboard.press("Escape")
    await expect(shown).to_be_focused()
    await chat.page.keyboard.press("Escape")
    await expect(chat.text).to_be_focused()


async def test_the_focus_moves_to_the_message_when_its_button_is_removed(chat, minimal_bot):
    button = {"type": 2, "style": 2, "label": "Cancel", "custom_id": "cancel"}
    message = await minimal_bot.post("Waiting", components=[{"type": 1, "components": [button]}])
    shown = chat.message(message["id"])
    await shown.get_by_role("button", name="Cancel").focus()
    await minimal_bot.edit(message, content="Cancelled", components=[])
    await expect(shown).to_contain_text("Cancelled")
    await expect(shown).to_be_focused()


async def test_the_focus_moves_to_the_neighbour_of_a_deleted_message(chat, playground):
    ada = playground.scene.members[0]
    kept, gone = (
        playground.post_message(ada, f"Line {n}", channel=playground.scene.stylize)
        for n in range(2)
    )
    await expect(chat.messages).to_have_count(2)
    await chat.text.focus()
    await chat.page.keyboard.press("ArrowUp")
    delete = chat.message(gone.id).get_by_role("button", name="Delete message")
    await delete.focus()
    await expect(delete).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await expect(chat.message(gone.id)).to_have_count(0)
    await expect(chat.message(kept.id)).to_be_focused()
