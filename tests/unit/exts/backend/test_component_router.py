"""Interactions are routed to their handler, acknowledged, and answered also after errors."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import AsyncMock, MagicMock

import discord
import pytest

from bot.client import StyleBot
from bot.errors import AccessProblem, AccessRefused, UnknownJobError
from bot.exts.backend.admission import Admission
from bot.exts.backend.component_router import ComponentRouter
from bot.exts.backend.cooldowns import Cooldowns
from bot.exts.backend.in_flight import InFlightRequests
from bot.exts.backend.policy import Act
from bot.settings import Settings
from bot.views.components import routes
from bot.views.components.routes import JobAction
from bot.views.text import errors


@pytest.fixture
def interaction():
    """Make an interaction of a component or a form, with the answers it was given."""

    def make(
        custom_id, *, values=(), user_id=4, author_id=BOT, kind=discord.InteractionType.component
    ):
        made = MagicMock(spec=discord.Interaction)
        made.configure_mock(
            id=1,
            type=kind,
            application_id=BOT,
            client=SimpleNamespace(application_id=BOT, user=SimpleNamespace(id=BOT)),
            guild_id=1,
            guild=SimpleNamespace(id=1),
            channel=SimpleNamespace(id=2),
            permissions=discord.Permissions.none(),
            data={"custom_id": custom_id, "values": list(values)},
            user=SimpleNamespace(id=user_id),
            message=SimpleNamespace(
                author=SimpleNamespace(id=author_id), flags=discord.MessageFlags()
            ),
            response=AsyncMock(),
            followup=AsyncMock(),
        )
        made.response.is_done = MagicMock(side_effect=lambda: made.response.defer.await_count > 0)
        return made

    return make


BOT = 9


def answers(interaction):
    """The errors that the member was sent."""
    sent = [*interaction.response.send_message.await_args_list]
    sent += interaction.followup.send.await_args_list
    return [call.args[0] for call in sent]


def admission(**limits):
    settings = Settings(_env_file=None, max_uses_per_member=0, max_uses_per_guild=0, **limits)
    return Admission(
        Cooldowns(settings),
        InFlightRequests(),
        reply_pacer=MagicMock(),
        claim=AsyncMock(return_value=True),
    )


def router_of(route, handler, **options):
    router = ComponentRouter(admission(), InFlightRequests())
    router.register({route: handler}, **options)
    return router


async def test_a_press_is_acknowledged_and_handled_with_its_fields(interaction):
    handled = []

    async def handle(interaction, *, job_id, action):
        assert interaction.response.defer.await_count == 1
        handled.append((job_id, action))

    pressed = interaction("job:0123456789ab:again")
    await router_of(routes.JOB, handle).on_interaction(pressed)
    assert handled == [("0123456789ab", JobAction.AGAIN)]
    assert answers(pressed) == []


async def test_a_menu_hands_over_its_values(interaction):
    handled = []

    async def handle(_interaction, *, values):
        handled.append(values)

    router = router_of(routes.PICKER_MENU, handle)
    await router.on_interaction(interaction("picker:choose", values=["mosaic"]))
    assert handled == [("mosaic",)]


async def test_a_press_that_opens_a_form_is_not_acknowledged_before(interaction):
    handle = AsyncMock(spec=lambda interaction, *, preset: None)
    pressed = interaction("ask:mosaic")
    await router_of(routes.START, handle).on_interaction(pressed)
    handle.assert_awaited_once_with(pressed, preset="mosaic")
    pressed.response.defer.assert_not_awaited()


async def test_a_form_reaches_its_handler(interaction):
    handle = AsyncMock(spec=lambda interaction: None)
    submitted = interaction("form:new", kind=discord.InteractionType.modal_submit)
    await router_of(routes.START_FORM, handle).on_interaction(submitted)
    handle.assert_awaited_once_with(submitted)


async def test_only_the_owner_may_press(interaction):
    handle = AsyncMock(spec=lambda interaction, *, action, member_id: None)
    router = router_of(routes.PRIVACY, handle, owner_act=Act.USE_PRIVACY_MESSAGE)
    stranger = interaction("privacy:export:4", user_id=5)
    await router.on_interaction(stranger)
    (answer,) = answers(stranger)
    assert "another member" in answer
    handle.assert_not_awaited()
    await router.on_interaction(interaction("privacy:export:4", user_id=4))
    handle.assert_awaited_once()


@pytest.mark.parametrize("custom_id", ["button:of:an:older:version", "form:old"])
async def test_an_unknown_custom_id_is_answered(interaction, custom_id):
    pressed = interaction(custom_id)
    await ComponentRouter(admission(), InFlightRequests()).on_interaction(pressed)
    assert answers(pressed) == [errors.OLD_BUTTON]


async def test_components_of_other_authors_messages_are_refused(interaction):
    handle = AsyncMock(spec=lambda interaction, *, job_id: None)
    forged = interaction("job:0123456789ab:swap", author_id=BOT + 1)
    await router_of(routes.SWAP, handle).on_interaction(forged)
    handle.assert_not_awaited()
    assert answers(forged) == [errors.OLD_BUTTON]


async def test_commands_are_left_to_others(interaction):
    used = interaction("", kind=discord.InteractionType.application_command)
    await ComponentRouter(admission(), InFlightRequests()).on_interaction(used)
    assert answers(used) == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UnknownJobError("0123456789ab"), errors.JOB_GONE),
        (AccessRefused(AccessProblem.NO_SETTINGS_HERE), "server"),
        (RuntimeError("a bug"), "reference"),
    ],
)
async def test_errors_become_sentences(interaction, error, sentence):
    handle = AsyncMock(spec=lambda interaction, *, job_id: None, side_effect=error)
    pressed = interaction("job:0123456789ab:swap")
    await router_of(routes.SWAP, handle).on_interaction(pressed)
    (answer,) = answers(pressed)
    assert sentence in answer


async def test_a_late_press_is_dropped(interaction):
    handle = AsyncMock(spec=lambda interaction, *, job_id: None)
    pressed = interaction("job:0123456789ab:swap")
    late = SimpleNamespace(status=404, reason="Unknown interaction")
    pressed.response.defer.side_effect = discord.NotFound(late, "Unknown interaction")
    await router_of(routes.SWAP, handle).on_interaction(pressed)
    handle.assert_not_awaited()


def test_a_handler_must_take_its_fields():
    async def takes_nothing(interaction):
        pass

    with pytest.raises(TypeError):
        router_of(routes.JOB, takes_nothing)


def test_a_route_has_one_handler_and_a_sentence_for_strangers():
    async def handle(interaction, **fields):
        pass

    router = router_of(routes.JOB, handle)
    with pytest.raises(ValueError, match="job:"):
        router.register({routes.JOB: handle})
    with pytest.raises(ValueError, match="privacy:"):
        router.register({routes.PRIVACY: handle})
    with pytest.raises(LookupError):
        router.check_complete()


async def test_the_client_registers_a_handler_for_every_route(tmp_path):
    dependencies = MagicMock(settings=Settings(_env_file=None, data_dir=tmp_path))
    async with StyleBot(dependencies) as bot:
        await bot.setup_hook()
        assert set(bot.get_cog("ComponentRouter")._handlers) == set(routes.ROUTES)
