"""The buttons below a painting, pressed with a mouse in the page."""

from __future__ import annotations

import pytest
from playwright.async_api import async_playwright, expect

from .conftest import CONTENT, STYLE, text_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("app"),
    pytest.mark.asyncio(loop_scope="module"),
]
WAIT_MILLISECONDS = 60_000


async def test_a_painting_is_explained_varied_and_deleted_by_mouse(channel, chromium):
    playground = channel.playground
    channel.ask("!stylize passes=6", CONTENT, STYLE)
    first = await channel.final()
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(f"{playground.url}/?as={channel.me.id}&channel={channel.record.id}")
        painting = page.locator(f'.message[data-id="{first.id}"]')

        async def press(label):
            await painting.get_by_role("button", name=label).click(timeout=WAIT_MILLISECONDS)

        async def sees(text):
            await expect(page.get_by_text(text).last).to_be_visible(timeout=WAIT_MILLISECONDS)

        await expect(painting.locator(".picture-button img")).to_have_count(
            2, timeout=WAIT_MILLISECONDS
        )
        await press("Details")
        await sees("Reproduce it yourself")
        await press("Time-lapse")
        await sees("was painted")
        await press("Keep colours")
        await sees("own colours kept")
        second = (await channel.wait(lambda: len(channel.finals()) == 2 and channel.finals()))[1]
        assert second.reference["message_id"] == first.id
        await press("Delete")
        await expect(painting).to_have_count(0, timeout=WAIT_MILLISECONDS)
        assert not [each for each in channel.answers() if "went wrong" in text_of(each)]
        await browser.close()
