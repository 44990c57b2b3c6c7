"""Replies reach the member in whichever way is allowed."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import AsyncMock, MagicMock

import discord
import pytest

from bot.errors import (
    AccessDeniedError,
    AccessProblem,
    AccessRefused,
    RequestProblem,
    RequestRefused,
)
from bot.exts.backend.admission import acknowledge
from bot.exts.backend.bot_permissions import explain_denial
from bot.exts.backend.responders import (
    WARNING_EMOJI,
    InteractionResponder,
    MessageResponder,
    SuggestionResponder,
    check_bot_permissions,
    check_can_send_picture,
    priority_of,
    reply_ephemeral,
    sentence_for,
)
from bot.jobs.models import Origin
from bot.ops.reply_pacer import ReplyPacer
from bot.views.text.errors import PERMISSIONS

FORBIDDEN = discord.Forbidden(SimpleNamespace(status=403, reason="Forbidden"), "missing access")
NEEDED = discord.Permissions(
    view_channel=True, send_messages=True, embed_links=True, attach_files=True
)


def pacer():
    """A pacer under which a few replies wait for nothing."""
    return ReplyPacer(messages=100, window=1, max_waiting=1)


@pytest.fixture
def message():
    """A member's message in a guild's channel, whose calls are recorded."""
    made = MagicMock(spec=discord.Message)
    made.id, made.guild.id = 3, 1
    made.channel = MagicMock(spec=discord.TextChannel, id=2)
    made.channel.permissions_for.return_value = NEEDED
    made.author = MagicMock(spec=discord.Member, id=4)
    return made


@pytest.fixture
def interaction():
    """An interaction in a guild's channel that is not acknowledged yet."""
    made = MagicMock(id=1, guild_id=1, message=None, filesize_limit=1)
    made.channel = MagicMock(spec=discord.TextChannel, id=2)
    made.user = MagicMock(spec=discord.Member, id=4)
    made.response = AsyncMock()
    made.response.is_done = MagicMock(return_value=False)
    made.followup = AsyncMock()
    made.edit_original_response = AsyncMock()
    return made


async def test_a_message_is_replied_to_without_mentioning_anyone(message):
    responder = MessageResponder(message, pacer())
    await responder.reply("Sorry.")
    assert message.channel.send.await_args.args == ("Sorry.",)
    mentions = message.channel.send.await_args.kwargs["allowed_mentions"]
    assert mentions.to_dict() == discord.AllowedMentions.none().to_dict()
    message.author.send.assert_not_awaited()
    assert responder.request_key == "message:3"
    assert responder.origin == Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4)


@pytest.mark.parametrize("may_react", [True, False])
async def test_a_closed_channel_is_answered_by_a_reaction_and_a_direct_message(message, may_react):
    message.channel.send.side_effect = FORBIDDEN
    message.add_reaction.side_effect = None if may_react else FORBIDDEN
    await MessageResponder(message, pacer()).reply("Sorry.")
    message.add_reaction.assert_awaited_once_with(WARNING_EMOJI)
    assert message.author.send.await_args.args == ("Sorry.",)


async def test_a_member_who_cannot_be_reached_stops_nothing(message):
    message.channel.send.side_effect = FORBIDDEN
    message.author.send.side_effect = FORBIDDEN
    await MessageResponder(message, pacer()).reply("Sorry.")
    message.author.send.assert_awaited_once()


async def test_an_accepted_message_needs_no_confirmation(message):
    await MessageResponder(message, pacer()).confirm("Got it!")
    message.channel.send.assert_not_awaited()


async def test_an_interaction_is_replied_to_for_the_member_alone(interaction):
    responder = InteractionResponder(interaction, reply_to=9)
    await responder.reply("Sorry.")
    assert interaction.response.send_message.await_args.kwargs["ephemeral"]
    interaction.response.is_done.return_value = True
    await responder.confirm("Got it!")
    assert interaction.followup.send.await_args.args == ("Got it!",)
    assert interaction.followup.send.await_args.kwargs["ephemeral"]
    assert responder.origin.message_id == 9


@pytest.mark.parametrize("kind", [None, discord.ForumChannel, discord.CategoryChannel])
def test_nothing_can_be_posted_in_a_forum_itself(interaction, kind):
    interaction.channel = None if kind is None else MagicMock(spec=kind)
    with pytest.raises(RequestRefused) as refused:
        InteractionResponder(interaction)
    assert refused.value.problem is RequestProblem.NOT_ALLOWED_HERE


async def test_an_accepted_suggestion_loses_its_buttons(interaction):
    origin = Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4)
    responder = SuggestionResponder(interaction, origin=origin, request_key="offer:x")
    await responder.confirm("Got it!")
    interaction.edit_original_response.assert_awaited_once_with(view=None)
    interaction.followup.send.assert_not_awaited()
    assert (responder.origin, responder.request_key) == (origin, "offer:x")
    assert responder.channel is interaction.channel


def test_a_suggestion_in_a_direct_message_belongs_to_its_own_channel(interaction):
    origin = Origin(guild_id=1, channel_id=77, message_id=3, requester_id=4)
    responder = SuggestionResponder(interaction, origin=origin, request_key="offer:x")
    interaction.client.get_partial_messageable.assert_called_once_with(77, guild_id=1)
    assert responder.channel is interaction.client.get_partial_messageable.return_value


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("view_channel", "View Channel"),
        ("send_messages", "Send Messages"),
        ("embed_links", "Embed Links"),
        ("attach_files", "Attach Files"),
    ],
)
def test_a_missing_permission_is_named(message, name, title):
    check_bot_permissions(MessageResponder(message, pacer()))
    message.channel.permissions_for.return_value = NEEDED & ~discord.Permissions(**{name: True})
    with pytest.raises(RequestRefused) as refused:
        check_bot_permissions(MessageResponder(message, pacer()))
    assert refused.value.detail == title


def test_a_thread_has_a_permission_of_its_own(message):
    message.channel = MagicMock(spec=discord.Thread, id=2)
    allowed = NEEDED & ~discord.Permissions(send_messages=True)
    message.channel.permissions_for.return_value = allowed
    with pytest.raises(RequestRefused):
        check_bot_permissions(MessageResponder(message, pacer()))
    message.channel.permissions_for.return_value = allowed | discord.Permissions(
        send_messages_in_threads=True
    )
    check_bot_permissions(MessageResponder(message, pacer()))


def test_a_picture_can_always_be_sent_to_an_interaction(message):
    message.channel.permissions_for.return_value = discord.Permissions.none()
    where = {"message": message, "channel": message.channel}
    check_can_send_picture(SimpleNamespace(interaction=object(), **where))
    with pytest.raises(RequestRefused):
        check_can_send_picture(SimpleNamespace(interaction=None, **where))


@pytest.mark.parametrize("opened_by_component", [True, False])
async def test_components_are_acknowledged_silently(interaction, opened_by_component):
    interaction.message = object() if opened_by_component else None
    assert await acknowledge(interaction)
    expected = {} if opened_by_component else {"ephemeral": True, "thinking": True}
    assert interaction.response.defer.await_args.kwargs == expected


async def test_a_late_acknowledgement_fails(interaction):
    response = SimpleNamespace(status=404, reason="Not Found")
    interaction.response.defer.side_effect = discord.NotFound(response, "Unknown interaction")
    assert not await acknowledge(interaction)


async def test_what_another_process_acknowledged_is_left_to_it(interaction, caplog):
    response = SimpleNamespace(status=400, reason="Bad Request")
    answered = {"code": 40060, "message": "Interaction has already been acknowledged."}
    interaction.response.defer.side_effect = discord.HTTPException(response, answered)
    assert not await acknowledge(interaction)
    assert [each for each in caplog.records if each.levelname != "DEBUG"] == []


async def test_an_expired_interaction_stops_nothing(interaction):
    interaction.response.send_message.side_effect = FORBIDDEN
    await reply_ephemeral(interaction, "Sorry.")
    interaction.response.send_message.assert_awaited()


async def test_an_interaction_whose_embed_is_denied_is_told_the_missing_permission(interaction):
    interaction.app_permissions = discord.Permissions.all() & ~discord.Permissions(embed_links=True)
    interaction.response.send_message.side_effect = [FORBIDDEN, None]
    await reply_ephemeral(interaction, "", embed=discord.Embed(title="x"))
    (told,) = interaction.response.send_message.await_args.args
    assert "**Embed Links**" in told


def test_an_interaction_states_the_bots_permissions(interaction):
    interaction.app_permissions = discord.Permissions(send_messages=True)
    responder = InteractionResponder(interaction, reply_to=9)
    assert responder.permissions == discord.Permissions(send_messages=True)


@pytest.mark.parametrize("name", ["embed_links", "attach_files", "read_message_history"])
@pytest.mark.parametrize("error", [FORBIDDEN, AccessDeniedError("50013")])
def test_a_denied_answer_is_explained_by_the_missing_permission(name, error):
    allowed = discord.Permissions.all() & ~discord.Permissions(**{name: True})
    refused = explain_denial(error, allowed, is_thread=False)
    assert isinstance(refused, RequestRefused)
    assert refused.detail == PERMISSIONS[name]
    assert explain_denial(error, discord.Permissions.all(), is_thread=True) is error
    bug = ValueError("a bug")
    assert explain_denial(bug, allowed, is_thread=False) is bug


def test_unexpected_errors_are_logged_under_the_reference_that_members_read(caplog):
    sentence = sentence_for(RuntimeError("secret"), doing="a test")
    assert "secret" not in sentence
    reference = sentence.split("`")[1]
    assert reference in caplog.text
    assert "a test failed" in caplog.text
    expected = sentence_for(AccessRefused(AccessProblem.NO_SETTINGS_HERE), doing="a test")
    assert "reference" not in expected


def test_favoured_roles_have_priority():
    settings = SimpleNamespace(favoured_roles=(8,))
    member = MagicMock(spec=discord.Member, roles=[SimpleNamespace(id=8)])
    assert priority_of(member, settings) == 1
    member.roles = [SimpleNamespace(id=9)]
    assert priority_of(member, settings) == 0
    assert priority_of(MagicMock(spec=discord.User), settings) == 0
