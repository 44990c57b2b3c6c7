"""Discord misbehaves, or somebody takes away what the bot stands on; nothing accepted is lost."""

from __future__ import annotations

import asyncio

import pytest

from bot.playground.faults import GatewayDrop
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from .conftest import CONTENT, PATIENCE_SECONDS, STYLE, custom_ids, painting, said

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture
def faults(playground):
    """The playground's weather, fair again afterwards."""
    yield playground.faults
    playground.faults.clear()


def _deny(room, permission):
    overwrite = Overwrite(id=room.playground.scene.bot.id, type=1, deny=permission)
    room.playground.set_overwrite(room.channel, overwrite)


def _private(room):
    for channel in room.playground.state.channels.values():
        if channel.type == 1 and any(user.id == room.me.id for user in channel.recipients):
            return [each for each in channel.messages.values() if each.attachments]
    return []


async def _logged(caplog, words, seconds=PATIENCE_SECONDS):
    async with asyncio.timeout(seconds):
        while words not in caplog.text:
            await asyncio.sleep(0.1)


async def test_server_errors_delay_the_picture_and_double_nothing(room, easel, faults):
    with easel.hold():
        room.ask("!stylize passes=3", CONTENT, STYLE)
        await room.card()
        storm = faults.fail(path=r"POST .*/messages$", status=502, count=4)
    await room.final()
    assert storm.hits == 4
    await asyncio.sleep(1)
    assert len(room.finals()) == 1


@pytest.mark.slow
async def test_a_minute_without_discord_costs_nothing_but_time(room, easel, faults):
    with easel.hold():
        room.ask("!stylize passes=5", CONTENT, STYLE)
        await room.card_saying("Painting")
        storm = faults.fail(path=r"(POST|PATCH|GET) .*/channels/", status=503)
    await asyncio.sleep(60)
    assert storm.hits > 2
    assert room.finals() == []
    faults.clear()
    await room.final()
    await room.card_saying("100%")
    await asyncio.sleep(1)
    assert len(room.finals()) == len(room.cards()) == 1


async def test_an_answer_that_was_lost_is_found_again(room, faults):
    lost = faults.lose_response(path=r"POST .*/messages$", count=3)
    room.ask("!stylize passes=3", CONTENT, STYLE)
    await room.final()
    await room.card_saying("100%")
    assert lost.hits >= 1
    await asyncio.sleep(3)
    assert len(room.finals()) == 1
    assert len(room.cards()) == 1


async def test_a_rate_limited_card_catches_up_in_one_edit(room, easel, faults):
    with easel.hold():
        room.ask("!stylize passes=40", CONTENT, STYLE)
        await room.card_saying("Painting")
        faults.rate_limit(path=r"PATCH .*/messages/", count=2, retry_after=1.5)
    await room.final()
    await room.card_saying("100%")
    assert len(room.finals()) == 1


async def test_a_limit_on_everything_is_waited_for(room, easel, faults):
    with easel.hold():
        room.ask("!stylize passes=3", CONTENT, STYLE)
        await room.card()
        storm = faults.rate_limit(5.0, path=r"/channels/", count=3, scope="global")
    await room.final()
    assert storm.hits >= 2
    await asyncio.sleep(1)
    assert len(room.finals()) == 1


async def test_the_gateway_drops_in_mid_job(room, easel, faults):
    with easel.hold():
        room.ask("!stylize passes=5", CONTENT, STYLE)
        await room.card_saying("Painting")
        faults.drop_gateway(GatewayDrop.ABORT)
    await room.final()
    # And it hears again afterwards.
    room.ask("!stylize passes=1", STYLE, CONTENT)
    await room.wait(lambda: len(room.finals()) == 2)


async def test_a_card_that_was_deleted_is_posted_anew(room, easel):
    with easel.hold():
        room.ask("!stylize passes=60", CONTENT, STYLE)
        card = await room.card_saying("Painting")
        room.playground.delete_message(room.playground.scene.bot, card)
    second = (await room.wait(room.cards))[0]
    assert second.id != card.id
    await room.final()
    await room.card_saying("100%")
    assert len(room.cards()) == 1


async def test_permission_withdrawn_in_mid_job_sends_the_picture_privately(room, easel):
    with easel.hold():
        room.ask("!stylize passes=5", CONTENT, STYLE)
        await room.card_saying("Painting")
        earlier = len(_private(room))
        _deny(room, Permission.SEND_MESSAGES)
    try:
        await room.wait(lambda: len(_private(room)) == earlier + 1)
        told = _private(room)[-1]
        assert f"<#{room.channel.id}>" in told.content
        assert told.attachments[0].description
        assert room.finals() == []
    finally:
        room.playground.clear_overwrites(room.channel)
    await asyncio.sleep(1)
    assert room.finals() == []


async def test_where_nobody_may_be_told_the_picture_waits(room, easel, caplog):
    with easel.hold():
        room.ask("!stylize passes=5", CONTENT, STYLE)
        await room.card_saying("Painting")
        _deny(room, Permission.SEND_MESSAGES)
        room.me.accepts_dms = False
        earlier = len(_private(room))
    try:
        await _logged(caplog, "has no channel for now")
    finally:
        room.me.accepts_dms = True
        room.playground.clear_overwrites(room.channel)
    await room.wait(lambda: room.finals() or len(_private(room)) > earlier)
    await asyncio.sleep(3)
    assert len(room.finals()) + len(_private(room)) - earlier == 1


async def test_thrown_out_of_the_server_and_invited_again_it_delivers(room, easel, caplog):
    guild = room.playground.scene.guild
    with easel.hold():
        room.ask("!stylize passes=5", CONTENT, STYLE)
        await room.card_saying("Painting")
        member = room.playground.remove_bot(guild)
    try:
        await _logged(caplog, "has no channel for now")
        assert room.finals() == []
    finally:
        room.playground.invite_bot(guild, member)
    await room.final()
    await asyncio.sleep(3)
    assert len(room.finals()) == len(room.cards()) == 1
    # And it hears again.
    room.ask("!stylize passes=1", STYLE, CONTENT)
    await room.wait(lambda: len(room.finals()) == 2)


async def test_when_the_channel_is_deleted_the_picture_comes_privately(room, easel):
    playground = room.playground
    channel = playground.add_channel(playground.scene.guild, "passing")
    earlier = len(_private(room))
    with easel.hold():
        playground.post_message(
            room.me, "!stylize passes=5", channel=channel, files=[CONTENT, STYLE]
        )
        await room.wait(lambda: any("Painting" in said(each) for each in channel.messages.values()))
        playground.delete_channel(channel)
    await room.wait(lambda: len(_private(room)) > earlier)
    await asyncio.sleep(1)
    assert len(_private(room)) == earlier + 1
    assert f"<#{channel.id}>" in _private(room)[-1].content


async def test_a_request_that_is_deleted_still_gets_its_picture(room, easel):
    with easel.hold():
        request = room.ask("!stylize passes=5", CONTENT, STYLE)
        await room.card_saying("Painting")
        room.playground.delete_message(room.me, request)
    final = await room.final()
    assert [user.id for user in final.mentions] == [room.me.id]


async def test_a_slow_cdn_delays_and_a_broken_one_is_explained(room, faults):
    faults.cdn_delay_seconds = 1.0
    room.ask("!stylize passes=1", CONTENT, STYLE)
    await room.final()
    faults.cdn_delay_seconds = 0.0
    faults.cdn_status = 404
    room.ask("!stylize", ("other.png", painting(7)), STYLE)
    await room.answer("I could not fetch", "post it again")


async def test_a_late_press_is_acknowledged_in_time(room, faults):
    room.ask("!stylize passes=1", CONTENT, STYLE)
    final = await room.final()
    details = next(each for each in custom_ids(final) if each.endswith(":details"))
    pressed = room.playground.press(room.me, final, details)
    await pressed.settled.wait()
    await room.wait(lambda: [a for a in room.answers() if a.visible_to == room.me.id])
    assert said(final)
