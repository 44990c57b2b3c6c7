"""The page has no violation that axe-core finds, in both themes."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def _violations(page):
    # Contrast is measured on colours at rest.
    await page.evaluate("document.getAnimations().forEach((animation) => animation.cancel())")
    rules = {"label-content-name-mismatch": {"enabled": True}}
    found = (await Axe().run(page, options={"rules": rules})).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for violation in found
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing(open_chat, minimal_bot, playground, files, theme):
    stylize = playground.scene.stylize
    ada, vincent = playground.scene.members[:2]
    asked = playground.post_message(
        ada, "!stylize", channel=stylize, files=[("a.png", files.blue), ("b.png", files.red)]
    )
    playground.post_message(vincent, "*how* `nice`, @Ada ||surprise||\n> said", channel=stylize)
    buttons = [
        {"type": 2, "style": style, "label": f"Style {style}", "custom_id": str(style)}
        for style in (1, 2, 3, 4)
    ]
    menu = {
        "type": 3,
        "custom_id": "menu",
        "placeholder": "Pick a style",
        "options": [{"label": "Mosaic", "value": "mosaic"}],
    }
    result = await minimal_bot.post(
        "here it is",
        embeds=[
            {
                "title": "A painting",
                "description": "▰▰▱ **42%**\n-# 512 px",
                "fields": [{"name": "Seed", "value": "5", "inline": True}],
                "footer": {"text": "job 0123456789ab"},
            }
        ],
        files=[("after.png", files.red)],
        components=[
            {"type": 1, "components": buttons},
            {"type": 1, "components": [menu]},
        ],
        message_reference={"message_id": asked.id},
    )
    path = f"/channels/{result['channel_id']}/messages/{result['id']}/reactions"
    await minimal_bot.rest("PUT", f"{path}/%F0%9F%8E%A8/@me")
    chat = await open_chat(color_scheme=theme)
    await expect(chat.message(result["id"]).locator(".reaction")).to_have_count(1)
    assert await _violations(chat.page) == []

    await chat.page.get_by_role("button", name="Network faults").click()
    await expect(chat.page.get_by_role("dialog", name="Network faults")).to_be_visible()
    assert await _violations(chat.page) == []
    await chat.page.keyboard.press("Escape")
    await chat.page.locator(".side-item.member").nth(1).click()
    await expect(chat.page.get_by_role("menu")).to_be_visible()
    assert await _violations(chat.page) == []
    await chat.page.keyboard.press("Escape")
    await chat.message(result["id"]).locator(".picture").first.click()
    await expect(chat.page.get_by_role("dialog", name="Picture")).to_be_visible()
    await chat.page.get_by_role("button", name="Before and after").click()
    await expect(chat.page.get_by_role("slider")).to_be_visible()
    assert await _violations(chat.page) == []
