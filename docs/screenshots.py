"""Remake the pictures at the top of README: ``make screenshots``.

The real bot runs against the local Discord, and an installed Chromium shows the page.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from PIL import Image
from playwright.async_api import async_playwright

from bot.demo.child_processes import run_bot, run_playground
from bot.demo.member import Member
from bot.demo.sample_request import read_pictures
from bot.presets import library

if TYPE_CHECKING:
    from playwright.async_api import Page

    from bot.demo.child_processes import PlaygroundAddress

IMAGES = Path(__file__).with_name("images")
PRESET = "mosaic"
WINDOW = {"width": 900, "height": 860}
PAINTING_TIMEOUT_MS = 600_000


async def main() -> None:
    """Have one picture painted and save the page with the picker, and with the result."""
    options = argparse.Namespace(
        content=None, style=None, preset=PRESET, recipe="default", size=384, port=0
    )
    content, _ = read_pictures(options)
    preset = library.get(PRESET)
    with tempfile.TemporaryDirectory(prefix="stylebot-screenshots-") as folder:
        async with (
            run_playground(Path(folder), port=0) as playground,
            aiohttp.ClientSession() as session,
            run_bot(Path(folder), playground, options, data_dir=Path(folder) / "data") as bot,
            async_playwright() as driver,
        ):
            member = Member(session, playground)
            await member.wait_for_bot(bot)
            browser = await driver.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                args=["--no-sandbox"],
            )
            page = await _open(await browser.new_page(viewport=WINDOW), playground)
            await member.post("!stylize", [content])
            reaction = page.locator(".reaction", has_text=preset.emoji)
            await reaction.wait_for()
            # The bot adds its reactions one after another.
            await page.locator(".reaction").nth(len(library.PRESETS) - 1).wait_for()
            await _save(page, "picker.webp")
            await reaction.click()
            result = page.locator(".message", has=page.get_by_role("button", name="Another style"))
            await result.wait_for(timeout=PAINTING_TIMEOUT_MS)
            await page.evaluate("document.querySelector('#feed').scrollTo(0, 1e9)")
            await _save(page, "result.webp")
            await browser.close()


async def _open(page: Page, playground: PlaygroundAddress) -> Page:
    channel = f"channel={playground.channel_id}"
    await page.goto(f"{playground.url}/?as={playground.member_id}&{channel}")
    return page


async def _save(page: Page, name: str) -> None:
    await page.mouse.move(0, 0)
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(1500)  # for the pictures to be decoded and faded in
    picture = Image.open(io.BytesIO(await page.screenshot()))
    picture.convert("RGB").save(IMAGES / name, quality=85, method=6)


if __name__ == "__main__":
    asyncio.run(main())
