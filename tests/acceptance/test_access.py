"""Every entrance, tried by members without the right: the requester elsewhere, other members.

The jobs are put into a paused queue. The custom_ids are forged: the interactions are sent
whatever components the message has.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from bot.errors import AccessProblem, AccessRefused
from bot.exts.backend.policy import Act
from bot.exts.stylize.request import StylizeRequest
from bot.exts.stylize.suggestions import REFUSED_REQUEST_JSON, RefusedRequest, SuggestionSet
from bot.intake.job_request import PictureSource
from bot.jobs.models import (
    JobLimits,
    JobState,
    NewJob,
    Origin,
    Picker,
    QueueMode,
    SavedRequest,
)
from bot.playground.default_scene import add_user
from bot.playground.errors import ApiError
from bot.playground.interactions.interaction_payloads import InteractionKind
from bot.views.components.routes import Suggestion
from bot.views.text import errors
from stylenet.recipe import Recipe

from ..entrances import COMMANDS, COMPONENTS, commands, components
from .conftest import WAIT_SECONDS, ChannelClient, custom_ids, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOB, DIRECT_JOB, SUGGESTION = "0123456789ab", "ba9876543210", "abcdef012345"
TITLE, DIRECT_TITLE = "secret harbour.png", "private diary.png"
PRESET = "blue-harbour"
LIMITS = JobLimits(per_member=50, per_guild=50, total=50)

REFUSALS = {errors.explain(AccessRefused(problem)) for problem in AccessProblem}
REFUSED = {
    Act.CANCEL_JOB: "other stranger elsewhere direct",
    Act.DELETE_JOB: "other stranger elsewhere direct",
    Act.POST_TIMELAPSE: "stranger elsewhere direct",
    Act.KEEP_FAVOURITE: "stranger elsewhere direct",
    Act.TOGGLE_NOTICE: "other moderator stranger elsewhere direct",
    Act.SWAP_JOB: "other moderator stranger elsewhere direct",
    Act.REPEAT_JOB: "stranger elsewhere direct",
    Act.INSPECT_JOB: "stranger elsewhere direct",
    Act.USE_PICKER: "other moderator stranger elsewhere direct",
    Act.USE_SUGGESTION: "other moderator stranger elsewhere direct",
    Act.TURN_GALLERY_PAGE: "other moderator stranger direct",
    Act.USE_PRIVACY_MESSAGE: "other moderator stranger direct",
    Act.MANAGE_PRESETS: "requester other elsewhere direct",
    Act.CHANGE_SETTINGS: "requester other elsewhere direct",
    Act.MAKE_REQUEST: "",
}
"""Who is refused: `elsewhere` is the requester in another guild, `stranger` its owner, `direct`
another member in a direct message."""
NOBODYS = "no such painting"
NOT_HERE = "no painting to repeat"
MANAGERS = "can manage this server"
TEXTS = {
    "!again": ("stranger", "!again", NOT_HERE),
    "!cancel": ("stranger", f"!cancel {JOB}", NOBODYS),
    "!drain": ("other", "!drain", "operator"),
    "!gallery": ("stranger", "!gallery <@{requester}>", "no paintings"),
    "!help": ("stranger", "!help", ""),
    "!pause": ("requester", "!pause", "operator"),
    "!presets": ("stranger", "!presets", ""),
    "!privacy": ("other", "!privacy", "direct message"),
    "!queue": ("stranger", "!queue", "Queue"),
    "!resume": ("stranger", "!resume", "operator"),
    "!settings": ("other", "!settings", MANAGERS),
    "!style": ("stranger", "!style", "no styles of its own"),
    "!style add": ("other", "!style add mine", MANAGERS),
    "!style list": ("stranger", "!style list", "no styles of its own"),
    "!style remove": ("other", f"!style remove {PRESET}", MANAGERS),
    "!style show": ("stranger", f"!style show {PRESET}", "no style called"),
    "!stylize": ("stranger", "!stylize", ""),
    "!sync": ("stranger", "!sync", "operator"),
}
"""A text command, who sends it, and what the answer says; none says a word of the requester's."""
SLASHES = {
    "/again": ("stranger", {}, NOT_HERE),
    "/cancel": ("stranger", {"job": JOB}, NOBODYS),
    "/gallery": ("stranger", {}, "Nothing here yet"),
    "/help": ("stranger", {}, ""),
    "/presets": ("stranger", {}, ""),
    "/privacy": ("stranger", {}, ""),
    "/queue": ("stranger", {}, "Queue"),
    "/settings": ("other", {}, None),
    "/style add": ("other", {"name": "mine"}, MANAGERS),
    "/style list": ("stranger", {}, "no styles of its own"),
    "/style remove": ("other", {"name": PRESET}, MANAGERS),
    "/style show": ("stranger", {"name": PRESET}, "no style called"),
    "/stylize": ("stranger", {"preset": PRESET}, ""),
}
"""The same for slash commands; None where Discord itself does not offer the command."""
NOT_COMMANDS = {"menu Stylize", "/style"}
"""An entry that every member may use on what they see, and a group, which nobody can run."""
CELLS = [
    (component, who)
    for component, acts in COMPONENTS.items()
    for who in dict.fromkeys(" ".join(REFUSED.get(act, "") for act in acts).split())
    # This button's owner, in another guild, gets an empty form; sending it is refused there.
    if not (component.endswith(":upload") and who == "elsewhere")
]


@dataclass
class Scene:
    """Two guilds, their members and what the requester left in the first one."""

    channel: ChannelClient
    elsewhere: Any
    direct: Any
    members: dict[str, Any]
    store: Any
    client: Any
    message: Any
    guild_id: int

    def channel_of(self, who: str) -> Any:
        if who in {"stranger", "elsewhere"}:
            return self.elsewhere
        return self.direct if who == "direct" else self.channel.record

    def forge(self, who: str, custom_id: str, values: tuple[str, ...] = ()) -> Any:
        """Send a component's interaction, on a message of the bot's, with any custom_id."""
        channel = self.channel_of(who)
        message = self.message
        if channel is not self.channel.record:
            message = self.post(channel, self.channel.playground.scene.bot)
        kind = InteractionKind.COMPONENT
        data = {"id": 1, "custom_id": custom_id, "component_type": 3 if values else 2}
        if values:
            data["values"] = list(values)
        if custom_id.startswith("form:"):
            kind, data = InteractionKind.MODAL, {"custom_id": custom_id, "components": []}
        send = self.channel.playground.interaction_builder._interactions.send
        return send(kind, self.members[who], channel, data, message=message)

    def post(self, channel: Any, author: Any, custom_id: str = "") -> Any:
        """Post a message, as any bot can, with a button of any custom_id."""
        message = self.channel.playground.post_message(author, "look", channel=channel)
        if custom_id:
            button = {"type": 2, "id": 2, "style": 2, "label": "Again", "custom_id": custom_id}
            message.components = [{"type": 1, "id": 1, "components": [button]}]
        return message

    async def answer(self, channel: Any, after: int, visible_to: Any = None) -> Any:
        """The next answer of the bot's in a channel."""

        def look() -> Any:
            bot = self.channel.playground.scene.bot
            return next(
                (
                    each
                    for each in channel.messages.values()
                    if each.author == bot
                    and int(each.id) > after
                    and (visible_to is None or each.visible_to == visible_to.id)
                    and (text_of(each).strip() or each.embeds)
                ),
                None,
            )

        return await self.channel.wait(look)

    async def snapshot(self) -> Any:
        """What no refused attempt may change."""
        jobs = {}
        for member in self.members.values():
            for job in await self.store.list_unfinished(requester_id=int(member.id)):
                jobs[job.job_id] = (job.state, job.title)
        return (
            jobs,
            await self.store.pickers.get(int(self.message.id)),
            await self.store.saved_requests.get(SUGGESTION),
            await self.store.guilds.get_settings(self.guild_id),
            await self.store.guild_presets.list_for_guild(self.guild_id),
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(app, playground):
    """The seeded scene; the tests of this module share it."""
    channel, state = ChannelClient(playground), playground.state
    moderator, requester, other = playground.scene.members
    stranger = playground.add_member("Stranger").user
    playground.scene.guild.members.pop(stranger.id)
    foreign = state.add_guild("Elsewhere", stranger)
    state.add_member(foreign, requester)
    playground.invite_bot(foreign, state.add_member(foreign, playground.scene.bot))
    elsewhere = playground.add_channel(foreign, "stylize")
    client = app._bot
    async with asyncio.timeout(WAIT_SECONDS):
        while client.get_channel(int(elsewhere.id)) is None:
            await asyncio.sleep(0.02)
    dependencies = client._dependencies
    store = dependencies.store
    await dependencies.scheduler.set_mode(QueueMode.PAUSED)
    guild_id, channel_id = int(playground.scene.guild.id), int(channel.record.id)
    origin = Origin(
        guild_id=guild_id, channel_id=channel_id, message_id=None, requester_id=int(requester.id)
    )
    direct = state.direct_channel(other, playground.scene.bot)
    own_direct = state.direct_channel(requester, playground.scene.bot)
    private = Origin(
        guild_id=None,
        channel_id=int(own_direct.id),
        message_id=None,
        requester_id=int(requester.id),
    )
    for job_id, where, title in ((JOB, origin, TITLE), (DIRECT_JOB, private, DIRECT_TITLE)):
        await store.enqueue(
            NewJob(
                job_id=job_id,
                origin=where,
                content_key=f"jobs/{job_id}/content",
                style_keys=(f"jobs/{job_id}/style-0",),
                recipe=Recipe.named("default"),
                title=f"{title} × Mosaic",
            ),
            limits=LIMITS,
        )
    await channel.card()
    message = playground.post_message(playground.scene.bot, "look", channel=channel.record)
    now = datetime.now(UTC)
    await store.pickers.save(
        Picker(
            message_id=int(message.id),
            channel_id=channel_id,
            guild_id=guild_id,
            requester_id=int(requester.id),
            request_message_id=None,
            content_key="pickers/a/content",
            filename=TITLE,
            spoiler=False,
            created_at=now,
        )
    )
    source = PictureSource(url=f"{playground.url}/cdn/x.png", filename=TITLE)
    refused = RefusedRequest(
        request=StylizeRequest(origin=origin, avatar=source),
        suggested=SuggestionSet(suggestions=(Suggestion.AVATAR,)),
    )
    payload = REFUSED_REQUEST_JSON.dump_python(refused, mode="json")
    await store.saved_requests.save(
        SavedRequest(
            request_id=SUGGESTION,
            requester_id=int(requester.id),
            payload=payload,
            created_at=now,
        )
    )
    return Scene(
        channel=channel,
        elsewhere=elsewhere,
        direct=direct,
        members={
            "requester": requester,
            "elsewhere": requester,
            "other": other,
            "direct": other,
            "moderator": moderator,
            "stranger": stranger,
        },
        store=store,
        client=client,
        message=message,
        guild_id=guild_id,
    )


def filled(component: str, scene: Scene) -> str:
    """A custom_id of this kind, about the requester's things."""
    requester = scene.members["requester"].id
    return component.format(
        job_id=JOB,
        suggestion_id=SUGGESTION,
        preset="mosaic",
        name=PRESET,
        page=1,
        member_id=requester,
        owner_id=requester,
        opened_by=requester,
        subject=requester,
        words="",
    )


async def test_every_entrance_is_tested(scene):
    assert set(COMPONENTS) == set(components())
    assert set(COMMANDS) == commands(scene.client)
    assert set(TEXTS) | {each for each in COMMANDS if each[0] != "!"} == set(COMMANDS)
    assert set(SLASHES) | NOT_COMMANDS == {each for each in COMMANDS if each[0] != "!"}
    assert all(REFUSED.keys() >= acts - {Act.SHOW_RESULT} for acts in COMPONENTS.values())


async def test_forged_components_are_refused(scene):
    before = await scene.snapshot()
    for component, who in CELLS:
        menus = {
            "picker:choose",
            "rules:channels",
            "rules:role",
            "rules:prefix",
            "job:{job_id}:strength",
            "gallery:open:{opened_by}",
        }
        values = ("1",) if component in menus else ()
        last = scene.channel.playground.state.ids.new()
        interaction = scene.forge(who, filled(component, scene), values)
        member = scene.members[who]
        answer = await scene.answer(scene.channel_of(who), int(last), member)
        assert answer.content in REFUSALS, (component, who, answer.content)
        assert answer.visible_to == member.id
        assert not interaction.failed
        assert await scene.snapshot() == before, (component, who)


async def _ask(scene, who, text, **more):
    last = scene.channel.playground.state.ids.new()
    channel = scene.channel_of(who)
    scene.channel.playground.post_message(scene.members[who], text, channel=channel, **more)
    return await scene.answer(channel, int(last))


@pytest.mark.parametrize("command", TEXTS)
async def test_text_commands_reveal_nothing_of_others(scene, command):
    before = await scene.snapshot()
    who, text, words = TEXTS[command]
    answer = await _ask(scene, who, text.format(requester=scene.members["requester"].id))
    shown = _all_text(answer)
    assert words in shown
    assert TITLE.split(maxsplit=1)[0] not in shown
    assert JOB not in str(custom_ids(answer))
    assert await scene.snapshot() == before


@pytest.mark.parametrize("command", SLASHES)
async def test_slash_commands_reveal_nothing_of_others(scene, command):
    before = await scene.snapshot()
    who, options, words = SLASHES[command]
    last = scene.channel.playground.state.ids.new()
    member, channel = scene.members[who], scene.channel_of(who)
    if words is None:
        with pytest.raises(ApiError):
            scene.channel.playground.slash(member, command[1:], options, channel=channel)
        return
    scene.channel.playground.slash(member, command[1:], options, channel=channel)
    answer = await scene.answer(channel, int(last), member)
    shown = _all_text(answer)
    assert words in shown
    assert TITLE.split(maxsplit=1)[0] not in shown
    assert JOB not in str(custom_ids(answer))
    assert await scene.snapshot() == before


@pytest.mark.parametrize("command", ["!again", "!cancel"])
@pytest.mark.parametrize("who", ["stranger", "elsewhere", "other"])
async def test_a_reply_to_another_bots_message_gives_no_access(scene, command, who):
    before = await scene.snapshot()
    other_bot = add_user(
        scene.channel.playground.state, scene.channel.playground.cdn, "Mimic", bot=True
    )
    channel, state = scene.channel_of(who), scene.channel.playground.state
    state.add_member(state.guilds[channel.guild_id], other_bot)
    forged = scene.post(channel, other_bot, f"job:{JOB}:again")
    answer = await _ask(scene, who, command, reply_to=forged)
    assert {"!again": NOT_HERE, "!cancel": NOBODYS}[command] in answer.content
    assert await scene.snapshot() == before


async def test_a_reply_to_the_bots_own_message_reaches_no_other_guild(scene):
    before = await scene.snapshot()
    for who in ("stranger", "elsewhere"):
        own = scene.post(scene.elsewhere, scene.channel.playground.scene.bot, f"job:{JOB}:again")
        answer = await _ask(scene, who, "!again", reply_to=own)
        assert answer.content == errors.JOB_GONE
        answer = await _ask(scene, who, "!cancel", reply_to=own)
        assert NOBODYS in answer.content
    assert await scene.snapshot() == before


async def test_the_queue_shows_in_public_what_everyone_there_may_see(scene):
    here = await _ask(scene, "requester", "!queue")
    assert "secret harbour" in _all_text(here)
    assert "diary" not in _all_text(here)
    assert "1 painting of yours elsewhere" in _all_text(here)
    assert custom_ids(here) == [f"job:{JOB}:cancel"]

    elsewhere = await _ask(scene, "elsewhere", "!queue")
    assert "harbour" not in _all_text(elsewhere)
    assert "diary" not in _all_text(elsewhere)
    assert "2 paintings of yours elsewhere" in _all_text(elsewhere)
    assert not any(each.startswith("job:") for each in custom_ids(elsewhere))

    last = scene.channel.playground.state.ids.new()
    requester = scene.members["requester"]
    scene.channel.playground.slash(requester, "queue", channel=scene.elsewhere)
    private = await scene.answer(scene.elsewhere, int(last), requester)
    assert "secret harbour" in _all_text(private)
    assert "diary" in _all_text(private)


async def test_a_direct_messages_job_is_cancelled_by_no_guild(scene):
    before = await scene.snapshot()
    for who in ("moderator", "stranger", "other"):
        last = scene.channel.playground.state.ids.new()
        scene.forge(who, f"job:{DIRECT_JOB}:cancel")
        answer = await scene.answer(scene.channel_of(who), int(last), scene.members[who])
        assert answer.content == errors.JOB_GONE
    assert await scene.snapshot() == before


async def test_requesters_and_moderators_keep_their_rights(scene):
    """Last, because it changes what the other tests use."""
    scene.channel.playground.slash(
        scene.members["requester"], "cancel", {"job": DIRECT_JOB}, channel=scene.elsewhere
    )
    scene.forge("moderator", f"job:{JOB}:cancel")
    for job_id in (DIRECT_JOB, JOB):
        async with asyncio.timeout(WAIT_SECONDS):
            while (await scene.store.get(job_id)).state is not JobState.CANCELLED:
                await asyncio.sleep(0.02)


def _all_text(message: Any) -> str:
    fields = [each["value"] for embed in message.embeds for each in embed.get("fields", ())]
    return "\n".join([text_of(message), *fields])
