"""The demo follows its own request, whatever else a visitor asks of the bot."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from bot.demo.child_processes import DemoError
from bot.demo.sample_request import SampleCancelledError, paint_sample

JOB, OTHER_JOB = "0123456789ab", "ba9876543210"
REQUEST = "100"
PICTURE = {"url": "http://x/result.png?ex=1", "filename": "cat-mosaic.png"}


def bot_says(message_id, content="", *, reply_to=None, job=None, **fields):
    message = {
        "id": message_id,
        "author": {"bot": True},
        "content": content,
        "embeds": [{"footer": {"text": f"job {job}"}}] if job else [],
        "attachments": [],
        "components": [],
        **fields,
    }
    if reply_to is not None:
        message["message_reference"] = {"message_id": reply_to}
    return "MESSAGE_CREATE", message


def buttons(job, *actions):
    return [{"components": [{"custom_id": f"job:{job}:{action}"} for action in actions]}]


CARD = bot_says("200", job=JOB, reply_to=REQUEST, components=buttons(JOB, "cancel"))
OUTCOME = bot_says(
    "201", "here is", reply_to=REQUEST, attachments=[PICTURE], components=buttons(JOB, "again")
)
BY_VISITORS = [
    bot_says("300", "Here is how I work", reply_to="90"),
    bot_says("301", "I need a picture", reply_to="91"),
    bot_says("302", job=OTHER_JOB, reply_to="92", components=buttons(OTHER_JOB, "again")),
    bot_says("303", "x", attachments=[PICTURE], components=buttons(OTHER_JOB, "again")),
    bot_says("304", "details", job=JOB, flags=64, attachments=[PICTURE], reply_to=REQUEST),
    bot_says("305", "Paused.", reply_to="93"),
    ("MESSAGE_DELETE", {"id": "302"}),
    ("MESSAGE_CREATE", {"id": "306", "author": {}, "content": "!stylize", "embeds": []}),
]


class FakeMember:
    def __init__(self, events):
        self._events = events

    @asynccontextmanager
    async def listen(self):
        async def iterate():
            for event in self._events:
                yield event

        yield iterate()

    async def post(self, text, files):
        return {"id": REQUEST}

    async def download(self, url):
        return url.encode()


async def _paint(*events):
    percentages = []
    painted = await paint_sample(FakeMember(events), [], percentages.append)
    return painted, percentages


async def test_other_messages_of_the_bot_do_not_end_it():
    painted, _ = await _paint(*BY_VISITORS, CARD, *BY_VISITORS, OUTCOME)
    assert painted.result == PICTURE["url"].encode()
    assert painted.result_filename == "result.png"


async def test_the_snapshots_and_percentages_of_its_card_are_read():
    def card(step, percentage, message_id="200"):
        kind, message = bot_says(message_id, job=JOB)
        message["embeds"][0] |= {
            "description": f"▰▱ **{percentage}%**",
            "image": {"url": f"http://x/step-{step}.webp?ex={percentage}"},
        }
        return kind, message

    deleted = ("MESSAGE_DELETE", {"id": "200"})
    replaced = card(7, 60, message_id="250")
    painted, percentages = await _paint(
        CARD, card(1, 20), card(1, 30), *BY_VISITORS, deleted, replaced, OUTCOME
    )
    assert percentages == [20, 30, 60]
    assert [name for name, _ in painted.snapshots] == ["snapshot-01.webp", "snapshot-02.webp"]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([("MESSAGE_DELETE", {"id": REQUEST})], "its message was deleted"),
        ([CARD, bot_says("200", job=JOB, components=buttons(JOB, "again"))], "it was cancelled"),
    ],
)
async def test_a_sample_cancelled_on_the_page_is_reported_as_that(events, reason):
    with pytest.raises(SampleCancelledError, match=reason):
        await _paint(*events, *BY_VISITORS)


@pytest.mark.parametrize(
    "events",
    [
        [*BY_VISITORS, bot_says("200", "that is no picture", reply_to=REQUEST)],
        [CARD, bot_says("201", "that is no picture", components=buttons(JOB, "again"))],
    ],
)
async def test_a_refusal_or_failure_of_the_sample_is_an_error_with_the_bots_words(events):
    with pytest.raises(DemoError, match="that is no picture"):
        await _paint(*events, *BY_VISITORS)
