"""Choices on pickers: reactions added, read and missed, and the job that a choice starts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import discord
import pytest

from bot.errors import RequestProblem, RequestRefused
from bot.exts.backend.cooldowns import Cooldowns
from bot.exts.stylize.picker import PickerHandler
from bot.exts.stylize.picker_reactions import PickerReactions
from bot.exts.stylize.reaction_offers import ReactionOffers
from bot.jobs.models import Picker
from bot.ops.reply_pacer import ReplyPacer
from bot.presets import library
from bot.settings import Settings
from stylenet.recipe import Recipe

PRESETS = library.PRESETS[:3]
REQUESTER, OTHER, BOT = 4, 5, 6


def http_error(kind, status, code=0):
    return kind(SimpleNamespace(status=status, reason=""), {"code": code, "message": "no"})


class Message:
    """A picker's message that records its reactions and edits."""

    def __init__(self, *, error=None, fail_after=0, reactions=()):
        self.id = 10
        self.author = SimpleNamespace(id=BOT)
        self.reactions = list(reactions)
        self.emojis, self.removed, self.edits = [], [], []
        self.is_cleared = False
        self._error, self._fail_after = error, fail_after

    async def add_reaction(self, emoji):
        await asyncio.sleep(0)
        if self._error is not None and len(self.emojis) == self._fail_after:
            raise self._error
        self.emojis.append(emoji)

    async def clear_reactions(self):
        self.is_cleared = True

    async def remove_reaction(self, emoji, user):
        self.removed.append((str(emoji), user.id))

    async def edit(self, **changes):
        self.edits.append(changes)


class Client:
    """A client in one channel, in which the bot may or may not manage messages."""

    def __init__(self, message, *, may_manage=True):
        self.message, self.sent = message, []
        permissions = discord.Permissions.all()
        permissions.manage_messages = may_manage
        guild = SimpleNamespace(me=None)
        self._channel = SimpleNamespace(guild=guild, permissions_for=lambda member: permissions)

    def get_channel(self, channel_id):
        return self._channel

    def get_partial_messageable(self, channel_id, guild_id):
        return self

    def get_partial_message(self, message_id):
        return self.message

    async def fetch_message(self, message_id):
        return self.message

    async def send(self, text, **options):
        self.sent.append(text)


class PickerTable:
    """The database's pickers."""

    def __init__(self, *pickers):
        self.rows = {picker.message_id: picker for picker in pickers}
        self.used = []
        self.looks = 0

    async def get(self, message_id):
        self.looks += 1
        return self.rows.get(message_id)

    async def mark_used(self, message_id):
        self.used.append(message_id)
        return self.used.count(message_id) == 1

    async def list_unused(self, *, since):
        return [picker for picker in self.rows.values() if picker.created_at >= since]


def make_picker(**changes):
    fields = {
        "message_id": 10,
        "channel_id": 2,
        "guild_id": 1,
        "requester_id": REQUESTER,
        "request_message_id": 3,
        "content_key": "pickers/a/content",
        "filename": "a.png",
        "spoiler": False,
        "created_at": datetime.now(UTC),
    }
    return Picker(**{**fields, **changes})


class Environment:
    """A picker handler with fakes for what it depends on."""

    def __init__(self, *pickers, accepting=True, **limits):
        self.table = PickerTable(*pickers)
        self.accepted = []
        self.admission = SimpleNamespace(cooldowns=Cooldowns(Settings(_env_file=None, **limits)))
        dependencies = SimpleNamespace(
            store=SimpleNamespace(pickers=self.table),
            catalog=SimpleNamespace(presets=self._presets),
            intake=SimpleNamespace(accept=self._accept),
            reply_pacer=ReplyPacer(messages=100, window=1, max_waiting=1),
            scheduler=SimpleNamespace(accepting=accepting),
            settings=SimpleNamespace(
                picker_seconds=3600,
                picker_catch_up_seconds=600,
                recipe="default",
                favoured_roles=(),
            ),
        )
        self.dependencies = dependencies
        self.pickers = PickerHandler(dependencies)

    def reactions(self, client):
        return PickerReactions(client, self.dependencies, self.pickers, self.admission)

    async def _presets(self, guild_id):
        return list(PRESETS)

    async def _accept(self, request):
        """Accept a request; one with a known key gets the earlier job, as from the store."""
        self.accepted.append(request)
        return next(
            SimpleNamespace(preset=earlier.presets[0])
            for earlier in self.accepted
            if earlier.request_key == request.request_key
        )


def make_reaction(user_id, emoji=PRESETS[1].emoji, *, guild_id=1, channel_id=2):
    return SimpleNamespace(
        message_id=10,
        user_id=user_id,
        emoji=emoji,
        member=None,
        guild_id=guild_id,
        channel_id=channel_id,
    )


def shown_reaction(emoji, *user_ids):
    async def users():
        for user_id in user_ids:
            yield SimpleNamespace(id=user_id)

    return SimpleNamespace(emoji=emoji, count=len(user_ids), me=BOT in user_ids, users=users)


async def add_reactions(message, **options):
    offers = ReactionOffers()
    offers.start(message, PRESETS, fallback="menu only", **options)
    async with asyncio.timeout(5):
        while offers._by_message:
            await asyncio.sleep(0)


async def test_every_preset_gets_a_reaction():
    message = Message()
    await add_reactions(message)
    assert message.emojis == [preset.emoji for preset in PRESETS]
    assert (message.edits, message.is_cleared) == ([], False)


async def test_earlier_reactions_are_cleared_or_only_the_bots_own_removed():
    message = Message(reactions=[shown_reaction("🐟", BOT), shown_reaction("🐸", OTHER)])
    await add_reactions(message, clear=False)
    assert (message.removed, message.is_cleared) == ([("🐟", BOT)], False)
    await add_reactions(message, clear=True)
    assert message.is_cleared


@pytest.mark.parametrize(
    ("error", "fail_after", "edits"),
    [
        (http_error(discord.Forbidden, 403), 0, [{"embed": "menu only"}]),
        (ConnectionResetError(), 0, [{"embed": "menu only"}]),
        (http_error(discord.Forbidden, 403), 2, []),  # some are there, so the text is true
        (http_error(discord.NotFound, 404, 10008), 0, []),  # the picker was deleted
    ],
)
async def test_the_text_mentions_only_the_menu_if_no_reaction_can_be_added(
    error, fail_after, edits
):
    message = Message(error=error, fail_after=fail_after)
    await add_reactions(message)
    assert message.edits == edits


async def test_stopping_and_closing_end_the_reactions():
    message, offers = Message(), ReactionOffers()
    offers.start(message, PRESETS, fallback=None)
    offers.stop(message.id)
    await offers.close()
    assert message.emojis == []
    offers.start(message, PRESETS, fallback=None)
    assert offers._by_message == {}


async def test_a_reaction_of_the_requester_starts_a_job():
    env, message = Environment(make_picker()), Message()
    await env.reactions(Client(message)).on_reaction(make_reaction(REQUESTER))
    [request] = env.accepted
    assert (request.presets, request.request_key) == ((PRESETS[1].name,), "picker:10")
    assert request.content.key == "pickers/a/content"
    assert env.table.used == [10]
    assert PRESETS[1].title in message.edits[0]["content"]
    assert message.is_cleared


@pytest.mark.parametrize("elsewhere", [{"guild_id": 7}, {"guild_id": None}, {"channel_id": 8}])
async def test_a_reaction_that_is_not_of_the_pickers_channel_chooses_nothing(elsewhere):
    env, message = Environment(make_picker()), Message()
    await env.reactions(Client(message)).on_reaction(make_reaction(REQUESTER, **elsewhere))
    assert not env.accepted
    assert not env.table.used


@pytest.mark.parametrize(
    ("may_manage", "removed"), [(True, [(PRESETS[1].emoji, OTHER)]), (False, [])]
)
async def test_a_reaction_of_another_member_is_removed_where_possible(may_manage, removed):
    env, message = Environment(make_picker()), Message()
    await env.reactions(Client(message, may_manage=may_manage)).on_reaction(make_reaction(OTHER))
    assert (env.accepted, message.removed) == ([], removed)


@pytest.mark.parametrize(
    "picker",
    [
        make_picker(used_at=datetime.now(UTC)),
        make_picker(created_at=datetime.now(UTC) - timedelta(hours=2)),
        make_picker(message_id=11),
    ],
)
async def test_used_expired_and_unknown_pickers_ignore_reactions(picker):
    env, message = Environment(picker), Message()
    reactions = env.reactions(Client(message))
    await reactions.on_reaction(make_reaction(REQUESTER))
    looks = env.table.looks
    await reactions.on_reaction(make_reaction(OTHER))
    assert env.table.looks == looks  # the database is not asked again at once
    assert (env.accepted, message.edits, message.removed) == ([], [], [])


async def test_other_emojis_are_ignored():
    env, message = Environment(make_picker()), Message()
    await env.reactions(Client(message)).on_reaction(make_reaction(OTHER, "🧦"))
    assert message.removed == []


async def test_a_refused_choice_is_explained_to_the_requester():
    env = Environment(make_picker(), accepting=False)
    client = Client(Message())
    await env.reactions(client).on_reaction(make_reaction(REQUESTER))
    [text] = client.sent
    assert text.startswith(f"<@{REQUESTER}> ")
    assert env.table.used == []


async def test_choices_made_while_offline_are_caught_up():
    shown = [
        shown_reaction("🧦", REQUESTER),
        shown_reaction(PRESETS[0].emoji, BOT, OTHER),
        shown_reaction(PRESETS[2].emoji, BOT, REQUESTER),
    ]
    env = Environment(make_picker())
    await env.reactions(Client(Message(reactions=shown))).catch_up()
    assert [request.presets for request in env.accepted] == [(PRESETS[2].name,)]


async def test_old_pickers_are_not_caught_up():
    env = Environment(make_picker(created_at=datetime.now(UTC) - timedelta(minutes=11)))
    shown = [shown_reaction(PRESETS[2].emoji, BOT, REQUESTER)]
    await env.reactions(Client(Message(reactions=shown))).catch_up()
    assert env.accepted == []


async def test_the_members_options_override_the_presets():
    recipe = Recipe.named("fine").evolve(size=128)
    env = Environment()
    assert await env.pickers.accept_choice(make_picker(recipe=recipe), "mosaic", None)
    [request] = env.accepted
    assert request.recipe == Recipe.named("fine")
    assert request.options == {"size": 128}


async def test_a_used_picker_accepts_no_choice():
    env, used = Environment(), make_picker(used_at=datetime.now(UTC))
    assert await env.pickers.accept_choice(used, PRESETS[0].name, None) is None


async def test_the_picker_names_what_is_painted_whichever_choice_is_shown_last():
    env, message = Environment(make_picker()), Message()
    reactions = env.reactions(Client(message))
    picker = make_picker()
    for preset in PRESETS[:2]:  # both were read before the picker was used
        await reactions._choose(picker, preset, None)
    assert [PRESETS[0].title in edit["content"] for edit in message.edits] == [True, True]


async def test_choices_are_refused_during_shutdown():
    env = Environment(accepting=False)
    with pytest.raises(RequestRefused) as refused:
        await env.pickers.accept_choice(make_picker(), "mosaic", None)
    assert refused.value.problem is RequestProblem.SHUTTING_DOWN


async def test_a_choice_waits_for_the_picker_to_be_saved():
    env = Environment()

    async def save():
        async with env.pickers._announce_save():
            await asyncio.sleep(0.01)
            env.table.rows[10] = make_picker()

    saving = asyncio.create_task(save())
    await asyncio.sleep(0)
    assert await env.pickers.find(10) is not None
    await saving
    assert await env.pickers.find(11) is None


async def test_of_the_reactions_in_a_cooldown_one_is_answered():
    env, client = Environment(make_picker(), max_uses_per_member=1), Client(Message())
    reactions = env.reactions(client)
    await reactions.on_reaction(make_reaction(REQUESTER, emoji="🐟"))
    for _ in range(3):
        await reactions.on_reaction(make_reaction(REQUESTER))
    assert not env.accepted
    [text] = client.sent
    assert "try again in" in text
