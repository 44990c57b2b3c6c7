"""Replies in one channel are spaced, fair among members, and leave room for cards."""

from __future__ import annotations

import asyncio

import pytest

from bot.ops.reply_pacer import ReplyPacer, ReplyTurn

HERE, ELSEWHERE = 1, 2
WINDOW = 0.05


@pytest.fixture
async def pacer():
    made = ReplyPacer(messages=3, window=WINDOW, max_waiting=2)
    yield made
    made.close()


@pytest.fixture
def ask(pacer):
    """Ask for a turn in a task; its result is the turn. The order of the turns is kept."""
    asked, turns = [], []

    async def wait(member, key, channel):
        turn = await pacer.wait_for_turn(channel, member, key)
        turns.append(member)
        return turn

    def start(member, key="", channel=HERE):
        asked.append(asyncio.create_task(wait(member, key or f"reply {len(asked)}", channel)))
        return asked[-1]

    start.turns = turns
    return start


async def _settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_few_replies_are_sent_at_once_and_the_others_within_the_limit(ask):
    waiting = [ask(member) for member in range(8)]
    elsewhere = ask(1, channel=ELSEWHERE)
    await _settle()
    assert [task.done() for task in waiting] == [True] * 3 + [False] * 5
    assert elsewhere.done()
    await asyncio.gather(*waiting)


async def test_members_take_turns(ask):
    greedy = [ask(1) for _ in range(3)]  # use up the window
    await _settle()
    greedy += [ask(1), ask(1)]
    await _settle()
    others = [ask(2), ask(3)]
    await asyncio.gather(*greedy, *others)
    assert ask.turns[3:6] == [2, 3, 1]


async def test_a_repeated_reply_is_not_sent_twice(ask):
    used = [ask(9) for _ in range(3)]
    await _settle()
    first, second, other = ask(1, "no picture"), ask(1, "no picture"), ask(2, "no picture")
    assert await second is ReplyTurn.REPEATED
    assert not first.done()
    assert [await first, await other] == [ReplyTurn.GRANTED, ReplyTurn.GRANTED]
    assert await ask(1, "no picture") is ReplyTurn.GRANTED  # it does not wait any more
    await asyncio.gather(*used)


async def test_one_sentence_answers_what_is_too_much(ask):
    for _ in range(3):
        ask(9)
    await _settle()
    first, second, third, fourth, other = ask(1), ask(1), ask(1), ask(1), ask(2)
    assert await fourth is ReplyTurn.REPEATED
    assert not third.done()
    turns = [await each for each in (first, second, third, other)]
    assert turns == [ReplyTurn.GRANTED, ReplyTurn.GRANTED, ReplyTurn.SKIPPED, ReplyTurn.GRANTED]


async def test_replies_leave_room_for_cards_but_are_sent(pacer, ask):
    for _ in range(3):
        pacer.note_message(HERE)
    first, second = ask(1), ask(2)
    await _settle()
    assert (first.done(), second.done()) == (True, False)  # one, although the window is full
    assert await second is ReplyTurn.GRANTED


async def test_a_cancelled_reply_takes_no_turn(ask):
    for _ in range(3):
        ask(9)
    await _settle()
    cancelled, next_one = ask(1), ask(1)
    await _settle()
    cancelled.cancel()
    assert await next_one is ReplyTurn.GRANTED
    assert await ask(1) is ReplyTurn.GRANTED


async def test_a_closed_pacer_grants_all_turns_and_keeps_no_timer(pacer, ask):
    waiting = [ask(member) for member in range(9)]
    await _settle()
    pacer.close()
    await _settle()
    assert all(task.done() for task in waiting)
    assert await ask(1) is ReplyTurn.GRANTED


async def test_quiet_channels_are_forgotten(pacer, ask):
    await asyncio.gather(*(ask(member) for member in range(5)))
    while pacer._channels:
        await asyncio.sleep(WINDOW)
