"""The buttons below a painting, pressed with a mouse in the page."""

from __future__ import annotations

import pytest
from playwright.async_api import async_playwright, expect

from .conftest import CONTENT, STYLE, said

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("app"),
    pytest.mark.asyncio(loop_scope="module"),
]
PATIENCE = 60_000  # milliseconds


async def test_a_painting_is_explained_varied_and_deleted_by_mouse(room, chromium):
    playground = room.playground
    room.ask("!stylize passes=6", CONTENT, STYLE)
    first = await room.final()
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(f"{playground.url}/?as={room.me.id}&channel={room.channel.id}")
        painting = page.locator(f'.message[data-id="{first.id}"]')

        async def press(label):
            await painting.get_by_role("button", name=label).click(timeout=PATIENCE)

        async def sees(text):
            await expect(page.get_by_text(text).last).to_be_visible(timeout=PATIENCE)

        await expect(painting.locator(".picture-button img")).to_have_count(2, timeout=PATIENCE)
        await press("Details")
        await sees("Reproduce it yourself")
        await press("Time-lapse")
        await sees("was painted")
        await press("More style")
        await sees("style ×2.5")
        second = (await room.wait(lambda: len(room.finals()) == 2 and room.finals()))[1]
        assert second.reference["message_id"] == first.id
        await press("Delete")
        await expect(painting).to_have_count(0, timeout=PATIENCE)
        assert not [each for each in room.answers() if "went wrong" in said(each)]
        await browser.close()
