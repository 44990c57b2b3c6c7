"""The lightbox, attachments, embeds and layout components."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_lightbox_opens_and_closes(chat, playground, files):
    message = playground.post_message(
        playground.scene.members[1],
        "!stylize",
        channel=playground.scene.stylize,
        files=[("content.png", files.blue), ("style.png", files.red)],
        attachments=[{"id": 0, "description": "A blue field"}, {"id": 1}],
    )
    first = chat.message(message.id).get_by_role("button", name="Open large: A blue field")
    await first.click()
    box = chat.page.get_by_role("dialog", name="Picture")
    await expect(box).to_be_visible()
    await expect(box.locator(".lightbox-caption")).to_have_text("A blue field")
    await expect(box.locator(".lightbox-counter")).to_have_text("1 of 2")
    large = box.get_by_alt_text("A blue field")
    await expect(large).to_be_visible()
    assert (await large.bounding_box())["width"] > 96 * 2

    await chat.page.keyboard.press("ArrowRight")
    await expect(box.locator(".lightbox-counter")).to_have_text("2 of 2")
    await expect(box.locator(".picture")).to_have_attribute("data-shown", re.compile("style.png"))
    await expect(box.get_by_role("button", name="Next picture")).to_be_hidden()
    await chat.page.keyboard.press("ArrowLeft")
    await expect(box.locator(".lightbox-counter")).to_have_text("1 of 2")
    async with chat.page.expect_download() as downloading:
        await box.get_by_role("link", name="Download").click()
    assert (await downloading.value).suggested_filename == "content.png"

    await chat.page.keyboard.press("Escape")
    await expect(box).to_be_hidden()
    await expect(first).to_be_focused()


async def test_the_lightbox_follows_edits(chat, minimal_bot, files):
    card = {"title": "Painting", "image": {"url": "attachment://one.png"}}
    message = await minimal_bot.post(embeds=[card], files=[("one.png", files.blue)])
    await chat.message(message["id"]).get_by_role("button", name=re.compile("Open large")).click()
    box = chat.page.get_by_role("dialog", name="Picture")
    await expect(box.locator(".picture")).to_have_attribute("data-shown", re.compile("one.png"))
    await minimal_bot.edit(
        message,
        embeds=[card | {"image": {"url": "attachment://two.png"}}],
        attachments=[{"id": "0", "filename": "two.png"}],
        files=[("two.png", files.red)],
    )
    await expect(box.locator(".picture")).to_have_attribute("data-shown", re.compile("two.png"))
    await minimal_bot.rest("DELETE", f"/channels/{message['channel_id']}/messages/{message['id']}")
    await expect(box).to_be_hidden()


async def test_other_files_are_shown_as_chips(chat, playground):
    message = playground.post_message(
        playground.scene.members[1],
        channel=playground.scene.stylize,
        files=[("notes.txt", b"some words"), ("fake.png", b"not a picture at all")],
    )
    chips = chat.message(message.id).locator(".file-chip")
    await expect(chips).to_have_count(2)
    await expect(chips.first).to_contain_text("notes.txt")
    await expect(chips.first).to_contain_text("10 bytes")
    await expect(chat.message(message.id).locator("img")).to_have_count(1)  # the avatar


async def test_pictures_load_after_a_failing_download(chat, playground, files):
    playground.faults.cdn_status = 503
    message = playground.post_message(
        playground.scene.members[1],
        channel=playground.scene.stylize,
        files=[("late.png", files.blue)],
    )
    picture = chat.message(message.id).locator(".gallery .picture")
    await expect(picture).to_have_class(re.compile("loading"))
    await chat.page.wait_for_timeout(300)
    playground.faults.clear()
    await expect(picture).to_have_attribute("data-shown", re.compile("late.png"))
    chat.expect_console("503")


async def test_embed_with_all_fields(chat, minimal_bot, files):
    message = await minimal_bot.post(
        embeds=[
            {
                "title": "Painted **blue.png**",
                "url": "https://example.org/",
                "color": 0xE8A33D,
                "author": {"name": "StyleBot"},
                "description": "in the manner of *red.png*",
                "fields": [
                    {"name": "Steps", "value": "40", "inline": True},
                    {"name": "Loss", "value": "`4.1e5`", "inline": True},
                    {"name": "Recipe", "value": "default"},
                ],
                "thumbnail": {"url": "attachment://red.png"},
                "image": {"url": "attachment://blue.png"},
                "footer": {"text": "seed 7"},
                "timestamp": "2026-01-02T03:04:05+00:00",
            }
        ],
        files=[("blue.png", files.blue), ("red.png", files.red)],
    )
    embed = chat.message(message["id"]).locator(".embed")
    await expect(embed).to_have_css("border-left-color", "rgb(232, 163, 61)")
    await expect(embed.get_by_role("link", name="Painted blue.png")).to_be_visible()
    await expect(embed.locator("em")).to_have_text("red.png")
    await expect(embed.locator(".embed-row")).to_have_count(2)
    await expect(embed.locator("dt")).to_have_text(["Steps", "Loss", "Recipe"])
    await expect(embed.locator(".embed-footer")).to_contain_text("seed 7 • ")
    await expect(embed.locator(".picture[data-shown]")).to_have_count(2)
    # The files are shown in the embed only.
    await expect(chat.message(message["id"]).locator(".gallery")).to_have_count(0)


async def test_layout_components_with_a_spoiler(chat, minimal_bot, files):
    message = await minimal_bot.post(
        flags=1 << 15,
        components=[
            {
                "type": 17,
                "accent_color": 0x5B8DEF,
                "components": [
                    {"type": 10, "content": "## Choose a **style**"},
                    {"type": 14},
                    {
                        "type": 12,
                        "items": [
                            {"media": {"url": "attachment://blue.png"}, "description": "Blue"},
                            {"media": {"url": "attachment://red.png"}, "spoiler": True},
                        ],
                    },
                    {
                        "type": 1,
                        "components": [
                            {"type": 2, "style": 1, "label": "Take it", "custom_id": "take"}
                        ],
                    },
                ],
            }
        ],
        files=[("blue.png", files.blue), ("red.png", files.red)],
    )
    shown = chat.message(message["id"])
    await expect(shown.get_by_role("heading", name="Choose a style")).to_be_visible()
    hidden = shown.get_by_role("button", name="Spoiler picture, select to reveal")
    blue = shown.get_by_role("button", name="Open large: Blue")
    counter = chat.page.locator(".lightbox-counter")

    await blue.click()
    await expect(chat.page.get_by_role("dialog", name="Picture")).to_be_visible()
    await expect(counter).to_have_text("")  # the hidden picture is skipped
    await chat.page.keyboard.press("Escape")
    await hidden.click()
    await expect(hidden).to_have_count(0)
    await blue.click()
    await expect(counter).to_have_text("1 of 2")
    await chat.page.keyboard.press("Escape")

    await shown.get_by_role("button", name="Take it").click()
    assert (await minimal_bot.event("INTERACTION_CREATE"))["data"]["custom_id"] == "take"
