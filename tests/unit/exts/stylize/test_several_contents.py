"""Several contents in one request: a job each, within the caps, and a sentence for the rest."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import AsyncMock

import discord
import pytest

from bot.errors import LimitReached, PictureProblem, PictureRefused
from bot.exts.stylize.handler import StylizeHandler
from bot.exts.stylize.parser import ParsedText
from bot.exts.stylize.request import StylizeRequest
from bot.intake.job_request import PictureSource
from bot.jobs.models import GuildSettings, Origin
from bot.presets import library
from bot.settings import Settings

ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4)
A, B, C, STYLE = (
    PictureSource(url=f"https://cdn.example/{name}.png", filename=f"{name}.png")
    for name in ("a", "b", "c", "style")
)
LIMIT = LimitReached("member", limit=2)


class Environment:
    def __init__(self, make_job, answers):
        self.intake = SimpleNamespace(
            accept=AsyncMock(side_effect=[answer or make_job() for answer in answers]),
            quota=SimpleNamespace(check=AsyncMock()),
        )
        self.saved = AsyncMock()
        dependencies = SimpleNamespace(
            settings=Settings(_env_file=None),
            intake=self.intake,
            scheduler=SimpleNamespace(accepting=True),
            catalog=SimpleNamespace(presets=AsyncMock(return_value=list(library.PRESETS))),
            store=SimpleNamespace(
                guilds=SimpleNamespace(get_settings=AsyncMock(return_value=GuildSettings())),
                saved_requests=SimpleNamespace(save=self.saved),
            ),
        )
        self.handler = StylizeHandler(dependencies, SimpleNamespace(post=AsyncMock()))
        self.responder = SimpleNamespace(
            origin=ORIGIN,
            request_key="message:3",
            member=None,
            channel=SimpleNamespace(id=2),
            permissions=discord.Permissions.all(),
            reply=AsyncMock(),
            confirm=AsyncMock(),
        )

    async def serve(self, *pictures, more=(), words="mosaic"):
        request = StylizeRequest(
            origin=ORIGIN,
            pictures=pictures,
            more_contents=tuple(more),
            parsed=ParsedText(words=words, names_preset=bool(words)),
            avatar=A,
        )
        return await self.handler.serve(self.responder, request)

    @property
    def accepted(self):
        return [call.args[0] for call in self.intake.accept.await_args_list]

    @property
    def said(self):
        return self.responder.reply.await_args.args[0]


async def test_each_content_becomes_a_job_with_the_same_style(make_job):
    env = Environment(make_job, [None, None, None])
    assert await env.serve(A, STYLE, more=[B, C], words="")
    assert [each.content for each in env.accepted] == [A, B, C]
    assert {each.styles for each in env.accepted} == {(STYLE,)}
    assert [each.request_key for each in env.accepted] == [f"message:3:{n}" for n in range(3)]
    assert "3 paintings" in env.responder.confirm.await_args.args[0]
    env.responder.reply.assert_not_awaited()


async def test_at_a_cap_the_member_reads_which_are_painted_and_may_retry_the_rest(make_job):
    env = Environment(make_job, [None, LIMIT])
    assert await env.serve(A, more=[B, C])
    assert "painting `a.png`, but not `b.png` and `c.png`. You already have" in env.said
    assert len(env.accepted) == 2  # the third is not tried
    request = env.saved.await_args.args[0].payload["request"]
    assert [each["filename"] for each in request["pictures"]] == ["b.png"]
    assert [each["filename"] for each in request["more_contents"]] == ["c.png"]


async def test_a_picture_that_cannot_be_used_stops_no_other(make_job):
    refusal = PictureRefused(PictureProblem.SINGLE_COLOR, filename="b.png")
    env = Environment(make_job, [None, refusal, None])
    assert await env.serve(A, more=[B, C])
    assert "painting `a.png` and `c.png`, but not `b.png`." in env.said


@pytest.mark.parametrize(
    ("words", "said"), [("", "name a style such as"), ("mosiac", "did you mean `mosaic`?")]
)
async def test_without_a_style_nothing_is_painted(make_job, words, said):
    env = Environment(make_job, [])
    assert not await env.serve(A, more=[B], words=words)
    assert said in env.said
    assert not env.accepted


async def test_if_none_is_accepted_the_request_is_refused_as_a_whole(make_job):
    env = Environment(make_job, [LIMIT])
    assert not await env.serve(A, more=[B])
    assert env.said.startswith("You already have")
