"""Faults of Discord, deleted channels and withdrawn permissions: nothing accepted is lost."""

from __future__ import annotations

import asyncio

import pytest

from bot.playground.faults import GatewayDrop
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from .conftest import CONTENT, STYLE, WAIT_SECONDS, painting, text_of

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture
def faults(playground):
    """The playground's faults, cleared afterwards."""
    yield playground.faults
    playground.faults.clear()


def _deny(channel, permission):
    overwrite = Overwrite(id=channel.playground.scene.bot.id, type=1, deny=permission)
    channel.playground.set_overwrite(channel.record, overwrite)


def _private(channel):
    for direct in channel.playground.state.channels.values():
        if direct.type == 1 and any(user.id == channel.me.id for user in direct.recipients):
            return [each for each in direct.messages.values() if each.attachments]
    return []


async def _logged(caplog, words, seconds=WAIT_SECONDS):
    async with asyncio.timeout(seconds):
        while words not in caplog.text:
            await asyncio.sleep(0.1)


async def test_server_errors_delay_the_picture_and_repeat_nothing(channel, painting_gate, faults):
    with painting_gate.hold():
        channel.ask("!stylize passes=3", CONTENT, STYLE)
        await channel.card()
        fault = faults.fail(path=r"POST .*/messages$", status=502, count=4)
    await channel.final()
    assert fault.hits == 4
    await asyncio.sleep(1)
    assert len(channel.finals()) == 1


@pytest.mark.slow
async def test_a_minute_without_discord_only_delays_the_picture(channel, painting_gate, faults):
    with painting_gate.hold():
        channel.ask("!stylize passes=5", CONTENT, STYLE)
        await channel.card_saying("Painting")
        fault = faults.fail(path=r"(POST|PATCH|GET) .*/channels/", status=503)
    await asyncio.sleep(60)
    assert fault.hits > 2
    assert channel.finals() == []
    faults.clear()
    await channel.final()
    await channel.card_saying("100%")
    await asyncio.sleep(1)
    assert len(channel.finals()) == len(channel.cards()) == 1


async def test_a_message_whose_response_was_lost_is_found(channel, faults):
    lost = faults.lose_response(path=r"POST .*/messages$", count=3)
    channel.ask("!stylize passes=3", CONTENT, STYLE)
    await channel.final()
    await channel.card_saying("100%")
    assert lost.hits >= 1
    await asyncio.sleep(3)
    assert len(channel.finals()) == 1
    assert len(channel.cards()) == 1


async def test_a_rate_limited_card_catches_up_in_one_edit(channel, painting_gate, faults):
    with painting_gate.hold():
        channel.ask("!stylize passes=40", CONTENT, STYLE)
        await channel.card_saying("Painting")
        faults.rate_limit(path=r"PATCH .*/messages/", count=2, retry_after=1.5)
    await channel.final()
    await channel.card_saying("100%")
    assert len(channel.finals()) == 1


async def test_a_limit_on_everything_is_waited_for(channel, painting_gate, faults):
    with painting_gate.hold():
        channel.ask("!stylize passes=3", CONTENT, STYLE)
        await channel.card()
        fault = faults.rate_limit(5.0, path=r"/channels/", count=3, scope="global")
    await channel.final()
    assert fault.hits >= 2
    await asyncio.sleep(1)
    assert len(channel.finals()) == 1


async def test_the_gateway_drops_during_a_job(channel, painting_gate, faults):
    with painting_gate.hold():
        channel.ask("!stylize passes=5", CONTENT, STYLE)
        await channel.card_saying("Painting")
        faults.drop_gateway(GatewayDrop.ABORT)
    await channel.final()
    # It receives messages afterwards.
    channel.ask("!stylize passes=1", STYLE, CONTENT)
    await channel.wait(lambda: len(channel.finals()) == 2)


async def test_a_card_that_was_deleted_is_posted_again(channel, painting_gate):
    with painting_gate.hold():
        channel.ask("!stylize passes=60", CONTENT, STYLE)
        card = await channel.card_saying("Painting")
        channel.playground.delete_message(channel.playground.scene.bot, card)
    second = (await channel.wait(channel.cards))[0]
    assert second.id != card.id
    await channel.final()
    await channel.card_saying("100%")
    assert len(channel.cards()) == 1


async def test_permission_withdrawn_during_a_job_sends_the_picture_by_dm(channel, painting_gate):
    with painting_gate.hold():
        channel.ask("!stylize passes=5", CONTENT, STYLE)
        await channel.card_saying("Painting")
        earlier = len(_private(channel))
        _deny(channel, Permission.SEND_MESSAGES)
    try:
        await channel.wait(lambda: len(_private(channel)) == earlier + 1)
        delivery = _private(channel)[-1]
        assert f"<#{channel.record.id}>" in delivery.content
        assert delivery.attachments[0].description
        assert channel.finals() == []
    finally:
        channel.playground.clear_overwrites(channel.record)
    await asyncio.sleep(1)
    assert channel.finals() == []


async def test_a_picture_that_cannot_be_sent_anywhere_is_kept(channel, painting_gate, caplog):
    with painting_gate.hold():
        channel.ask("!stylize passes=5", CONTENT, STYLE)
        await channel.card_saying("Painting")
        _deny(channel, Permission.SEND_MESSAGES)
        channel.me.accepts_dms = False
        earlier = len(_private(channel))
    try:
        await _logged(caplog, "has no channel for now")
    finally:
        channel.me.accepts_dms = True
        channel.playground.clear_overwrites(channel.record)
    await channel.wait(lambda: channel.finals() or len(_private(channel)) > earlier)
    await asyncio.sleep(3)
    assert len(channel.finals()) + len(_private(channel)) - earlier == 1


async def test_a_bot_removed_and_invited_again_delivers(channel, painting_gate, caplog):
    guild = channel.playground.scene.guild
    with painting_gate.hold():
        channel.ask("!stylize passes=5", CONTENT, STYLE)
        await channel.card_saying("Painting")
        member = channel.playground.remove_bot(guild)
    try:
        await _logged(caplog, "has no channel for now")
        assert channel.finals() == []
    finally:
        channel.playground.invite_bot(guild, member)
    await channel.final()
    await asyncio.sleep(3)
    assert len(channel.finals()) == len(channel.cards()) == 1
    # It receives messages again.
    channel.ask("!stylize passes=1", STYLE, CONTENT)
    await channel.wait(lambda: len(channel.finals()) == 2)


async def test_when_the_channel_is_deleted_the_picture_is_sent_by_dm(channel, painting_gate):
    playground = channel.playground
    deleted = playground.add_channel(playground.scene.guild, "passing")
    earlier = len(_private(channel))
    with painting_gate.hold():
        playground.post_message(
            channel.me, "!stylize passes=5", channel=deleted, files=[CONTENT, STYLE]
        )
        await channel.wait(
            lambda: any("Painting" in text_of(each) for each in deleted.messages.values())
        )
        playground.delete_channel(deleted)
    await channel.wait(lambda: len(_private(channel)) > earlier)
    await asyncio.sleep(1)
    assert len(_private(channel)) == earlier + 1
    assert f"<#{deleted.id}>" in _private(channel)[-1].content


async def test_a_request_that_is_deleted_still_gets_its_picture(channel, painting_gate):
    with painting_gate.hold():
        request = channel.ask("!stylize passes=5", CONTENT, STYLE)
        await channel.card_saying("Painting")
        channel.playground.delete_message(channel.me, request)
    final = await channel.final()
    assert [user.id for user in final.mentions] == [channel.me.id]


async def test_a_slow_cdn_delays_and_a_broken_one_is_explained(channel, faults):
    faults.cdn_delay_seconds = 1.0
    channel.ask("!stylize passes=1", CONTENT, STYLE)
    await channel.final()
    faults.cdn_delay_seconds = 0.0
    faults.cdn_status = 404
    channel.ask("!stylize", ("other.png", painting(7)), STYLE)
    await channel.answer("I could not fetch", "post it again")


async def test_a_late_press_is_acknowledged_in_time(channel, faults):
    channel.ask("!stylize passes=1", CONTENT, STYLE)
    final = await channel.final()
    await channel.press(final, ":details")
    assert "harbour.png × brushes.png" in text_of(await channel.ephemeral_reply())
