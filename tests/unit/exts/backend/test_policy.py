"""The access matrix: every act by every role in every place, and the act of each entrance.

A command, a context menu entry or a route without a row here fails, as does an act without one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.app.composition import compose
from bot.client import StyleBot
from bot.errors import AccessProblem, AccessRefused
from bot.exts.backend.policy import Act, Actor, Place, Subject, decide
from bot.settings import Settings
from bot.views.text import errors

from ....entrances import COMMANDS, COMPONENTS, OTHER_ENTRANCES, commands, components

GUILD, OTHER_GUILD = 1, 2
CHANNEL, OTHER_CHANNEL, FOREIGN_CHANNEL, DIRECT_CHANNEL = 10, 11, 20, 30
REQUESTER = 4

ROLES = {
    "requester": Actor(member_id=REQUESTER),
    "member": Actor(member_id=5),
    "moderator": Actor(member_id=6, is_moderator=True),
    "manager": Actor(member_id=7, manages_guild=True),
    "operator": Actor(member_id=8, is_operator=True),
}
PLACES = {
    "its channel": Place(guild_id=GUILD, channel_id=CHANNEL),
    "its guild": Place(guild_id=GUILD, channel_id=OTHER_CHANNEL),
    "its guild, in private": Place(guild_id=GUILD, channel_id=OTHER_CHANNEL, is_private=True),
    "another guild": Place(guild_id=OTHER_GUILD, channel_id=FOREIGN_CHANNEL),
    "another guild, in private": Place(
        guild_id=OTHER_GUILD, channel_id=FOREIGN_CHANNEL, is_private=True
    ),
    "direct message": Place(guild_id=None, channel_id=DIRECT_CHANNEL, is_private=True),
}
SUBJECT = Subject(
    owner_id=REQUESTER,
    guild_id=GUILD,
    channel_ids=frozenset({CHANNEL}),
    request_channel_ids=frozenset({CHANNEL}),
    manager_role_id=77,
)
"""A job, picker or request of the requester, in a channel that not everyone reads."""

# One letter for each place: `+` allowed, `?` unknown there, `-` refused.
ALLOWED_TO_ALL = dict.fromkeys(ROLES, "++++++")
MATRIX = {
    Act.LIST_JOB: {"requester": "+?+?++"} | dict.fromkeys(list(ROLES)[1:], "+?????"),
    Act.SHOW_RESULT: {"requester": "+?+?++"} | dict.fromkeys(list(ROLES)[1:], "+?????"),
    Act.INSPECT_JOB: {"requester": "+++?++"} | dict.fromkeys(list(ROLES)[1:], "+?????"),
    Act.REPEAT_JOB: {"requester": "+++??+"} | dict.fromkeys(list(ROLES)[1:], "+?????"),
    Act.POST_TIMELAPSE: {"requester": "+++??+"} | dict.fromkeys(list(ROLES)[1:], "+?????"),
    Act.KEEP_FAVOURITE: {"requester": "+++?++"} | dict.fromkeys(list(ROLES)[1:], "+?????"),
    Act.SWAP_JOB: {"requester": "+++?++"} | dict.fromkeys(list(ROLES)[1:], "---???"),
    Act.TOGGLE_NOTICE: {"requester": "+++?++"} | dict.fromkeys(list(ROLES)[1:], "---???"),
    Act.CANCEL_JOB: {
        "requester": "+++?++",
        "member": "---???",
        "moderator": "+++???",
        "manager": "---???",
        "operator": "---???",
    },
    Act.DELETE_JOB: {
        "requester": "+++?++",
        "member": "---???",
        "moderator": "+++???",
        "manager": "---???",
        "operator": "---???",
    },
    Act.USE_PICKER: {"requester": "+?????"} | dict.fromkeys(list(ROLES)[1:], "-?????"),
    Act.USE_SUGGESTION: {"requester": "+?????"} | dict.fromkeys(list(ROLES)[1:], "-?????"),
    Act.TURN_GALLERY_PAGE: {"requester": "++++++"} | dict.fromkeys(list(ROLES)[1:], "------"),
    Act.USE_PRIVACY_MESSAGE: {"requester": "++++++"} | dict.fromkeys(list(ROLES)[1:], "------"),
    Act.MAKE_REQUEST: dict.fromkeys(ROLES, "+----+"),
    Act.SEE_PRESETS: dict.fromkeys(ROLES, "+++++-"),
    Act.MANAGE_PRESETS: dict.fromkeys(ROLES, "------") | {"manager": "+++++-"},
    Act.CHANGE_SETTINGS: dict.fromkeys(ROLES, "------") | {"manager": "+++++-"},
    Act.READ_HELP: ALLOWED_TO_ALL,
    Act.OPERATE_BOT: dict.fromkeys(ROLES, "------") | {"operator": "++++++"},
}
UNKNOWN = {
    AccessProblem.UNKNOWN_JOB,
    AccessProblem.UNKNOWN_PICKER,
    AccessProblem.UNKNOWN_SUGGESTION,
}


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("place", PLACES)
def test_every_act_by_every_role_in_every_place(act, role, place):
    expected = MATRIX[act][role][list(PLACES).index(place)]
    problem = decide(act, ROLES[role], PLACES[place], SUBJECT)
    found = "+" if problem is None else "?" if problem in UNKNOWN else "-"
    assert found == expected, problem


@pytest.mark.parametrize(
    "act",
    [
        Act.LIST_JOB,
        Act.SHOW_RESULT,
        Act.INSPECT_JOB,
        Act.REPEAT_JOB,
        Act.KEEP_FAVOURITE,
        Act.POST_TIMELAPSE,
    ],
)
def test_what_everyone_can_read_is_shown_within_its_guild(act):
    readable = Subject(
        owner_id=REQUESTER, guild_id=GUILD, channel_ids=frozenset({CHANNEL}), is_readable=True
    )
    member = ROLES["member"]
    assert decide(act, member, PLACES["its guild"], readable) is None
    assert decide(act, member, PLACES["another guild"], readable) is AccessProblem.UNKNOWN_JOB
    assert decide(act, member, PLACES["direct message"], readable) is AccessProblem.UNKNOWN_JOB


def test_jobs_of_direct_messages_are_seen_by_their_requester_alone():
    private = Subject(owner_id=REQUESTER, channel_ids=frozenset({DIRECT_CHANNEL}))
    for act in (Act.INSPECT_JOB, Act.REPEAT_JOB, Act.SWAP_JOB, Act.CANCEL_JOB, Act.DELETE_JOB):
        for place in PLACES.values():
            for role in ("member", "moderator", "manager", "operator"):
                assert decide(act, ROLES[role], place, private) is AccessProblem.UNKNOWN_JOB
        assert decide(act, ROLES["requester"], PLACES["direct message"], private) is None


@pytest.mark.parametrize("act", [Act.REPEAT_JOB, Act.POST_TIMELAPSE])
def test_nothing_of_an_age_restricted_channel_is_posted_in_another(act):
    restricted = replace(SUBJECT, is_age_restricted=True, is_readable=True)
    requester = ROLES["requester"]
    for place in ("its guild", "its guild, in private"):
        assert decide(act, requester, PLACES[place], restricted) is AccessProblem.UNKNOWN_JOB
        other = replace(PLACES[place], is_age_restricted=True)
        assert decide(act, requester, other, restricted) is None
    for place in ("its channel", "direct message"):
        assert decide(act, requester, PLACES[place], restricted) is None


def test_a_refusal_in_direct_messages_leads_to_channels_that_the_member_still_reads():
    direct = PLACES["direct message"]
    readable = replace(SUBJECT, is_readable=True)
    assert decide(Act.USE_SUGGESTION, ROLES["requester"], direct, readable) is None
    assert decide(Act.USE_SUGGESTION, ROLES["member"], direct, readable) is not None
    elsewhere = PLACES["another guild"]
    assert decide(Act.USE_SUGGESTION, ROLES["requester"], elsewhere, readable) is not None


def test_managers_of_presets_are_those_of_the_emojis_and_of_the_chosen_role_too():
    here = PLACES["its guild"]
    for actor in (
        Actor(member_id=9, manages_expressions=True),
        Actor(member_id=9, role_ids=frozenset({77})),
    ):
        assert decide(Act.MANAGE_PRESETS, actor, here, SUBJECT) is None
        assert decide(Act.CHANGE_SETTINGS, actor, here, SUBJECT) is not None
    without_role = Subject(guild_id=GUILD)
    nobody = Actor(member_id=9, role_ids=frozenset({77}))
    assert decide(Act.MANAGE_PRESETS, nobody, here, without_role) is not None


def test_a_thread_is_open_to_requests_if_its_channel_is():
    thread = Place(guild_id=GUILD, channel_id=99, parent_id=CHANNEL)
    assert decide(Act.MAKE_REQUEST, ROLES["member"], thread, SUBJECT) is None


def test_every_act_has_a_row():
    assert set(MATRIX) == set(Act)
    assert all(set(roles) == set(ROLES) for roles in MATRIX.values())
    entrances = {**COMMANDS, **COMPONENTS, **OTHER_ENTRANCES}
    assert set().union(*entrances.values()) == set(Act), "an act without an entrance"


async def test_every_command_has_a_row(tmp_path):
    settings = Settings(_env_file=None, data_dir=tmp_path)
    async with compose(settings) as composed, StyleBot(composed.dependencies) as bot:
        await bot.setup_hook()
        assert commands(bot) == set(COMMANDS)


def test_every_component_has_a_row():
    assert set(components()) == set(COMPONENTS)


@pytest.mark.parametrize("problem", AccessProblem)
def test_every_refusal_has_its_sentence(problem):
    sentence = errors.explain(AccessRefused(problem))
    assert sentence
    assert sentence[-1] in ".?"
    assert "{" not in sentence
    assert sentence != errors.INTERNAL
