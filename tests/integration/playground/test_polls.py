"""Polls: messages that consist of one, votes and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.playground.errors import ApiError
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from .conftest import Rest, identify

if TYPE_CHECKING:
    from bot.playground.server import Playground

IDENTIFY = 2
POLL = {
    "question": {"text": "Which style?"},
    "answers": [
        {"poll_media": {"text": "Waves", "emoji": {"name": "🌊"}}},
        {"poll_media": {"text": "Ink"}},
    ],
    "duration": 1,
}


async def send(playground: Playground, rest: Rest, **changes: Any) -> tuple[int, Any]:
    path = f"/channels/{playground.scene.general.id}/messages"
    status, body, _ = await rest("POST", path, {"poll": POLL | changes})
    return status, body


async def test_votes(playground: Playground, rest: Rest, connect: Any) -> None:
    ada, vincent, _ = playground.scene.members
    general = playground.scene.general
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground, intents=1 | 1 << 9 | 1 << 15 | 1 << 24))
        status, sent = await send(playground, rest)
        assert status == 200
        assert [a["answer_id"] for a in sent["poll"]["answers"]] == [1, 2]
        assert sent["poll"]["results"] == {"answer_counts": [], "is_finalized": False}
        message = general.messages[sent["id"]]
        playground.vote(ada, message, 1)
        playground.vote(vincent, message, 1)
        playground.vote(ada, message, 2)  # the poll allows one answer: the first is withdrawn
        assert (await raw.until("MESSAGE_POLL_VOTE_ADD"))["d"] == {
            "user_id": ada.id,
            "channel_id": general.id,
            "message_id": message.id,
            "guild_id": playground.scene.guild.id,
            "answer_id": 1,
        }
        assert (await raw.until("MESSAGE_POLL_VOTE_REMOVE"))["d"]["user_id"] == ada.id
        poll = f"/channels/{general.id}/polls/{message.id}"
        voters = (await rest("GET", f"{poll}/answers/1"))[1]["users"]
        assert [user["id"] for user in voters] == [vincent.id]
        assert (await rest("GET", f"{poll}/answers/3"))[1]["code"] == 10008
        playground.withdraw_vote(ada, message, 2)
        status, ended, _ = await rest("POST", f"{poll}/expire")
        assert status == 200
        assert ended["poll"]["results"] == {
            "answer_counts": [{"id": 1, "count": 1, "me_voted": False}],
            "is_finalized": True,
        }
        assert (await raw.until("MESSAGE_UPDATE"))["d"]["poll"]["results"]["is_finalized"]
    with pytest.raises(ApiError) as refused:
        playground.vote(ada, message, 1)
    assert refused.value.body["code"] == 520001
    assert (await rest("POST", f"{poll}/expire"))[1]["code"] == 520001


async def test_a_poll_ends_by_itself(playground: Playground, rest: Rest) -> None:
    _, sent = await send(playground, rest, allow_multiselect=True)
    message = playground.scene.general.messages[sent["id"]]
    for answer in (1, 2):
        playground.vote(playground.scene.members[0], message, answer)
    playground.clock.advance(3601)
    path = f"/channels/{message.channel_id}/messages/{message.id}"
    results = (await rest("GET", path))[1]["poll"]["results"]
    assert results["is_finalized"]
    assert [entry["count"] for entry in results["answer_counts"]] == [1, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"question": {"text": ""}},
        {"question": "Which?"},
        {"answers": []},
        {"answers": [{"poll_media": {"text": "x" * 56}}]},
        {"answers": [{}] * 11},
        {"duration": 769},
        {"duration": "long"},
    ],
)
async def test_invalid_polls(playground: Playground, rest: Rest, changes: dict[str, Any]) -> None:
    status, body = await send(playground, rest, **changes)
    assert (status, body["code"]) == (400, 50035)
    assert "poll" in body["errors"]


async def test_polls_need_a_permission(playground: Playground, rest: Rest) -> None:
    denied = Overwrite(id=playground.scene.guild.id, type=0, deny=Permission.SEND_POLLS)
    playground.set_overwrite(playground.scene.general, denied)
    assert (await send(playground, rest))[1]["code"] == 50013
