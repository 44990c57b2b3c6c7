"""The buttons of a job: who may press them and what they enqueue, cancel or delete."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import AsyncMock, MagicMock

import discord
import pytest

from bot.errors import (
    AccessProblem,
    AccessRefused,
    RequestProblem,
    RequestRefused,
    UnknownJobError,
)
from bot.exts.jobs.actions import DOUBLE_PRESS, JobActions
from bot.intake.repeats import RepeatMode
from bot.jobs.models import GuildSettings, JobState
from bot.views.components.routes import JobAction
from bot.views.text import jobs

REQUESTER, STRANGER = 4, 5
JOB_ID = "0123456789ab"


@pytest.fixture
def dependencies(make_job):
    """Dependencies whose store has one finished job."""
    made = MagicMock()
    made.settings.largest_size = 2048
    made.settings.favoured_roles = ()
    made.settings.timelapse_bytes = 1_000_000
    made.store.get = AsyncMock(return_value=make_job(state=JobState.SUCCEEDED))
    made.store.cancel = AsyncMock()
    made.store.guilds.get_settings = AsyncMock(return_value=GuildSettings())
    made.store.retention.delete_job = AsyncMock()
    made.repeats.repaint = AsyncMock(return_value=make_job())
    return made


@pytest.fixture
def pickers():
    return SimpleNamespace(post_for_job=AsyncMock())


@pytest.fixture
def press(dependencies, pickers):
    """Press a button; returns the interaction with the answers it was given."""
    actions = JobActions(dependencies, pickers)

    async def press(
        action, *, user_id=REQUESTER, guild_id=1, at=None, moderator=False, mentions=()
    ):
        interaction = MagicMock(spec=discord.Interaction)
        interaction.configure_mock(
            id=1,
            user=SimpleNamespace(id=user_id),
            guild_id=guild_id,
            guild=SimpleNamespace(id=guild_id, get_channel_or_thread=lambda _: None),
            channel=MagicMock(spec=discord.TextChannel, id=2),
            message=SimpleNamespace(id=9, mentions=list(mentions), flags=discord.MessageFlags()),
            created_at=at or datetime.now(UTC),
            permissions=discord.Permissions(manage_messages=moderator),
            app_permissions=discord.Permissions.all(),
            filesize_limit=1_000_000,
            response=MagicMock(),
            followup=AsyncMock(),
            delete_original_response=AsyncMock(),
        )
        if isinstance(action, JobAction):
            await actions.on_job_button(interaction, job_id=JOB_ID, action=action)
        else:
            await actions.on_strength_select(interaction, job_id=JOB_ID, values=(action,))
        return interaction

    return press


def answer(interaction):
    """The one sentence that the member was sent, or None."""
    calls = interaction.followup.send.await_args_list
    return calls[0].args[0] if calls else None


def running(dependencies):
    job = dependencies.store.get.return_value
    dependencies.store.get.return_value = replace(job, state=JobState.RUNNING)


@pytest.mark.parametrize(
    ("user_id", "moderator", "allowed"),
    [(REQUESTER, False, True), (STRANGER, True, True), (STRANGER, False, False)],
)
async def test_the_requester_and_moderators_may_cancel_and_delete(
    press, dependencies, user_id, moderator, allowed
):
    running(dependencies)
    for action in (JobAction.CANCEL, JobAction.DELETE):
        if allowed:
            await press(action, user_id=user_id, moderator=moderator)
        else:
            with pytest.raises(AccessRefused) as refused:
                await press(action, user_id=user_id, moderator=moderator)
            assert refused.value.problem is AccessProblem.JOB_NOT_YOURS
    assert dependencies.store.cancel.await_count == allowed
    assert dependencies.store.retention.delete_job.await_count == allowed


@pytest.mark.parametrize("action", JobAction)
async def test_a_job_of_another_guild_is_unknown_even_to_moderators(press, dependencies, action):
    running(dependencies)
    for user_id, moderator in ((REQUESTER, False), (STRANGER, True), (STRANGER, False)):
        with pytest.raises(UnknownJobError):
            await press(action, user_id=user_id, guild_id=7, moderator=moderator)
    dependencies.store.cancel.assert_not_awaited()
    dependencies.store.retention.delete_job.assert_not_awaited()
    dependencies.repeats.repaint.assert_not_awaited()


async def test_a_finished_job_cannot_be_cancelled(press, dependencies):
    assert answer(await press(JobAction.CANCEL)) == jobs.ALREADY_ENDED
    dependencies.store.cancel.assert_not_awaited()


async def test_anyone_may_vary_a_job_and_gets_one_of_their_own(press, dependencies):
    pressed = await press(JobAction.AGAIN, user_id=STRANGER)
    assert answer(pressed) is None
    options = dependencies.repeats.repaint.await_args.kwargs
    assert options["origin"].requester_id == STRANGER
    assert options["origin"].message_id == 9
    assert options["start_from"] is RepeatMode.RECIPE
    assert options["changes"]["seed"] > 0


async def test_a_strength_makes_a_variation_and_a_forged_one_makes_none(press, dependencies):
    weight = dependencies.store.get.return_value.recipe.style_weight
    assert answer(await press("stronger", user_id=STRANGER)) is None
    changes = dependencies.repeats.repaint.await_args.kwargs["changes"]
    assert changes == {"style_weight": pytest.approx(2.5 * weight)}
    for value in ("same", "1e9"):
        assert answer(await press(value)) == jobs.SAME_STRENGTH_WHY
    with pytest.raises(UnknownJobError):
        await press("stronger", guild_id=7)
    assert dependencies.repeats.repaint.await_count == 1


async def test_another_style_opens_one_picker_for_whoever_asks(press, dependencies, pickers):
    now = datetime.now(UTC)
    for _ in range(2):
        await press(JobAction.RESTYLE, user_id=STRANGER, at=now)
    responder, job = pickers.post_for_job.await_args.args
    assert pickers.post_for_job.await_count == 1
    assert (responder.origin.requester_id, responder.origin.message_id) == (STRANGER, 9)
    assert job is dependencies.store.get.return_value
    dependencies.store.guilds.get_settings.return_value = GuildSettings(channel_ids=(7,))
    with pytest.raises(AccessRefused):
        await press(JobAction.RESTYLE)
    assert pickers.post_for_job.await_count == 1


async def test_a_double_press_enqueues_once(press, dependencies):
    now = datetime.now(UTC)
    await press(JobAction.AGAIN, at=now)
    await press(JobAction.AGAIN, at=now + DOUBLE_PRESS / 2)
    assert dependencies.repeats.repaint.await_count == 1
    await press(JobAction.STYLE, at=now + DOUBLE_PRESS / 2)
    await press(JobAction.AGAIN, at=now + DOUBLE_PRESS / 2, user_id=STRANGER)
    assert dependencies.repeats.repaint.await_count == 3
    await press(JobAction.AGAIN, at=now + 2 * DOUBLE_PRESS)
    assert dependencies.repeats.repaint.await_count == 4


async def test_a_refused_press_may_be_repeated_at_once(press, dependencies):
    dependencies.repeats.repaint.side_effect = [
        RequestRefused(RequestProblem.SHUTTING_DOWN),
        dependencies.store.get.return_value,
    ]
    now = datetime.now(UTC)
    with pytest.raises(RequestRefused):
        await press(JobAction.AGAIN, at=now)
    await press(JobAction.AGAIN, at=now + timedelta(seconds=1))
    assert dependencies.repeats.repaint.await_count == 2


async def test_nothing_is_enqueued_at_a_limit_or_while_shutting_down(press, dependencies):
    job = dependencies.store.get.return_value
    large = replace(job, recipe=job.recipe.evolve(size=2048))
    dependencies.store.get.return_value = large
    assert "2048 pixels" in answer(await press(JobAction.LARGER))
    dependencies.scheduler.accepting = False
    with pytest.raises(RequestRefused) as refused:
        await press(JobAction.AGAIN)
    assert refused.value.problem is RequestProblem.SHUTTING_DOWN
    dependencies.repeats.repaint.assert_not_awaited()


async def test_a_guild_that_allows_other_channels_refuses(press, dependencies):
    dependencies.store.guilds.get_settings.return_value = GuildSettings(channel_ids=(7,))
    with pytest.raises(AccessRefused) as refused:
        await press(JobAction.AGAIN)
    assert refused.value.problem is AccessProblem.CHANNEL_CLOSED
    assert refused.value.detail == "<#7>"


async def test_the_message_of_a_deleted_job_is_deleted_by_whom_it_mentions(press, dependencies):
    dependencies.store.get.side_effect = UnknownJobError(JOB_ID)
    mine = await press(JobAction.DELETE, mentions=[SimpleNamespace(id=REQUESTER)])
    mine.delete_original_response.assert_awaited_once()
    with pytest.raises(AccessRefused):
        await press(JobAction.DELETE, user_id=STRANGER)
    moderators = await press(JobAction.DELETE, user_id=STRANGER, moderator=True)
    moderators.delete_original_response.assert_awaited_once()
    with pytest.raises(UnknownJobError):
        await press(JobAction.AGAIN)


async def test_a_timelapse_needs_snapshots(press, dependencies):
    async def no_artefacts(_prefix):
        for info in ():
            yield info

    dependencies.artefacts.list = no_artefacts
    assert answer(await press(JobAction.TIMELAPSE)) == jobs.NO_FRAMES


async def test_anyone_who_sees_a_painting_may_keep_it_as_a_favourite(press, dependencies):
    dependencies.store.favourites.toggle = AsyncMock(side_effect=[True, False])
    assert answer(await press(JobAction.FAVOURITE, user_id=STRANGER)) == jobs.FAVOURITE_ADDED
    assert answer(await press(JobAction.FAVOURITE, user_id=STRANGER)) == jobs.FAVOURITE_REMOVED
    dependencies.store.favourites.toggle.assert_awaited_with(STRANGER, JOB_ID)


async def test_details_come_with_the_recipe(press):
    pressed = await press(JobAction.DETAILS, user_id=STRANGER)
    options = pressed.followup.send.await_args.kwargs
    assert [file.filename for file in options["files"]] == ["recipe.json"]
    assert options["ephemeral"]
