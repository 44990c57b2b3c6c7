"""Text of members and bots never becomes code or markup on the page."""

from __future__ import annotations

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bot.playground.server import Playground

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = '<img src=x onerror="window.owned=1"><script>window.owned=1</script>'

RENDER = """async ([text, user]) => {
  const { renderMarkdown } = await import("/web/markdown.js");
  const box = document.createElement("div");
  box.append(renderMarkdown(text, { user: (id) => (id === user.id ? user : null) }));
  return box.innerHTML;
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(browser):
    """One page for all texts; parsing needs no state."""
    async with Playground() as playground:
        opened = await browser.new_page()
        await opened.goto(playground.url)
        yield opened
        await opened.close()


async def _render(page, text):
    return await page.evaluate(RENDER, [text, {"id": "7", "username": "Ada<b>"}])


async def test_hostile_text_is_inert_everywhere(chat, minimal_bot, playground):
    stylize = playground.scene.stylize
    ada = playground.scene.members[0]
    ada.global_name = HOSTILE
    message = playground.post_message(ada, HOSTILE, channel=stylize)
    await minimal_bot.post(
        f"**{HOSTILE}** [click](javascript:window.owned=1) <javascript:window.owned=1>",
        embeds=[
            {
                "title": HOSTILE,
                "description": HOSTILE,
                "author": {"name": HOSTILE},
                "fields": [{"name": HOSTILE, "value": HOSTILE}],
                "footer": {"text": HOSTILE},
            }
        ],
        components=[
            {
                "type": 1,
                "components": [
                    {"type": 2, "style": 1, "label": HOSTILE[:80], "custom_id": HOSTILE[:80]}
                ],
            }
        ],
        message_reference={"message_id": message.id},
    )
    await expect(chat.messages).to_have_count(2)
    await expect(chat.messages.first.locator(".markdown")).to_have_text(HOSTILE)
    await chat.page.wait_for_timeout(200)
    assert await chat.page.evaluate("window.owned") is None
    assert (
        await chat.page.locator("main script, main [onerror], main a[href^=javascript]").count()
        == 0
    )


async def test_the_content_security_policy_blocks_inline_code(chat):
    refused = await chat.page.evaluate(
        """() => new Promise((resolve) => {
          addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
          document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.owned=1'>");
        })"""
    )
    assert refused.startswith("script-src")
    assert await chat.page.evaluate("window.owned") is None
    chat.expect_console("Content Security Policy")
    chat.expect_console("404")  # the missing picture


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "**bold** *it* __under__ ~~gone~~",
            "<strong>bold</strong> <em>it</em> <u>under</u> <s>gone</s>",
        ),
        ("***both***", "<strong><em>both</em></strong>"),
        ("snake_case_name", "snake_case_name"),
        ("_it_", "<em>it</em>"),
        ("`**raw** <b>`", '<code class="code">**raw** &lt;b&gt;</code>'),
        (r"\*not\*", "*not*"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("<@7>", '<span class="mention">@Ada&lt;b&gt;</span>'),
        ("<@9>", '<span class="mention">@9</span>'),
        ("1 < 2 > 0", "1 &lt; 2 &gt; 0"),
    ],
)
async def test_inline_markdown(page, text, expected):
    assert await _render(page, text) == f'<span class="paragraph">{expected}</span>'


@pytest.mark.parametrize(
    ("text", "selector", "words"),
    [
        ("# Title\ntext", "h3.heading-1", "Title"),
        ("-# small", "small.subtext", "small"),
        ("> one\n> two\nthree", "blockquote", "one\ntwo"),
        (">>> one\ntwo", "blockquote", "one\ntwo"),
        ("- a\n  - b\n- c", "ul > li > ul > li", "b"),
        ("3. a\n4. b", 'ol[start="3"] > li:nth-child(2)', "b"),
        ("```py\nx = '<b>'\n```", "pre > code[data-language=py]", "x = '<b>'"),
        ("||hidden||", ".spoiler", "hidden"),
        ("see https://example.org/a.", 'a[href="https://example.org/a"]', "https://example.org/a"),
        ("[name](https://example.org)", 'a[rel~="noopener"][target="_blank"]', "name"),
        ("<t:0:D>", 'time[datetime="1970-01-01T00:00:00.000Z"]', None),
        ("<:star:12345>", 'img.emoji[src="/cdn/emojis/12345.png"]', ""),
    ],
)
async def test_block_markdown_and_tokens(page, text, selector, words):
    found = await page.evaluate(
        """async ([text, selector]) => {
          const { renderMarkdown } = await import("/web/markdown.js");
          const box = document.createElement("div");
          box.append(renderMarkdown(text));
          return [...box.querySelectorAll(selector)].map((each) => each.textContent);
        }""",
        [text, selector],
    )
    assert len(found) == 1
    if words is not None:
        assert found == [words]


@pytest.mark.parametrize(
    "text",
    [
        "**" * 1000,
        "*a" * 1000,
        "_" * 2000,
        "||" * 1000,
        "[" * 2000,
        ">" * 2000,
        "`" * 1999,
        "> " * 900,
    ],
    ids=lambda text: text[:3].strip(),
)
async def test_markdown_parsing_is_fast(page, text):
    milliseconds = await page.evaluate(
        """async (text) => {
          const { renderMarkdown, isJumbo } = await import("/web/markdown.js");
          const start = performance.now();
          renderMarkdown(text);
          isJumbo("🎨".repeat(40) + "x");
          return performance.now() - start;
        }""",
        text,
    )
    assert milliseconds < 1000
