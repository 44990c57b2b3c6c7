"""A painting beside its picture, and how soon the page paints."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_slider_compares_a_painting_with_the_picture_it_was_asked_with(
    chat, minimal_bot, playground, files
):
    asked = playground.post_message(
        playground.scene.members[0],
        "!stylize",
        channel=playground.scene.stylize,
        files=[("before.png", files.blue), ("style.png", files.red)],
    )
    reply = {"message_reference": {"message_id": asked.id}}
    result = await minimal_bot.post("here", files=[("after.png", files.red)], **reply)
    await chat.message(result["id"]).locator(".picture").first.click()
    button = chat.page.get_by_role("button", name="Before and after")
    await button.click()
    slider = chat.page.get_by_role("slider")
    await expect(slider).to_be_focused()
    await slider.fill("80")
    clip = "(image) => getComputedStyle(image).clipPath"
    assert "20%" in await chat.page.locator(".compare-before").evaluate(clip)
    await button.click()
    await expect(slider).to_have_count(0)


async def test_the_style_sheets_are_one_file_and_the_modules_are_preloaded(chat):
    loaded = await chat.page.evaluate(
        "performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname)"
    )
    assert [path for path in loaded if path.endswith(".css")] == ["/web/page.css"]
    preloaded = await chat.page.locator("link[rel=modulepreload]").count()
    modules = {path for path in loaded if path.endswith(".js") and "theme" not in path}
    assert preloaded == len(modules) > 20
