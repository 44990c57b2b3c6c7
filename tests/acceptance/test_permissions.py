"""The table of permissions: each one withheld alone, against each way of asking for a painting.

Every cell ends in a painting, or in a sentence that names the permission: where the member asked,
or in a direct message where the bot may not write. The queue is paused: a card is a painting.
"""

from __future__ import annotations

import asyncio
import re

import discord
import pytest

from bot.playground.default_scene import BOT_PERMISSIONS
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from .conftest import CONTENT, STYLE, ChannelClient, custom_ids, settings_for, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = 60.0
"""How long an outcome is waited for; only a cell that fails takes so long."""

PAINTING = "a painting"
UNSEEN = "Discord does not tell the bot of it"
WAYS = {}


def way(ask):
    """Register a way of asking: a coroutine function that is called twice.

    Before the permission is withheld it prepares, and returns what asks afterwards.
    """
    WAYS[ask.__name__] = ask
    return ask


@way
async def two_pictures(channel):
    return lambda: channel.ask("!stylize", CONTENT, STYLE)


@way
async def one_picture(channel):
    return lambda: channel.ask("!stylize mosaic", CONTENT)


@way
async def one_picture_without_a_style(channel):
    return lambda: channel.ask("!stylize", CONTENT)


@way
async def a_mention(channel):
    return lambda: channel.ask(f"<@{channel.playground.scene.bot.id}>", CONTENT, STYLE)


@way
async def a_reply(channel):
    message = channel.ask("look", CONTENT, STYLE, author=channel.other)
    return lambda: channel.ask("!stylize", reply_to=message)


@way
async def a_slash_command(channel):
    return lambda: channel.playground.slash(
        channel.me, "stylize", channel=channel.record, files={"content": CONTENT, "style": STYLE}
    )


@way
async def the_apps_menu(channel):
    message = channel.ask("look", CONTENT, STYLE, author=channel.other)
    return lambda: channel.playground.context_menu(channel.me, "Stylize", message)


@way
async def a_reaction(channel):
    channel.ask("!stylize", CONTENT)
    [picker] = await channel.wait(channel.pickers)
    await channel.wait(lambda: len(picker.reactions) == 2)
    return lambda: channel.playground.react(channel.me, picker, next(iter(picker.reactions)))


@way
async def a_pickers_menu(channel):
    channel.ask("!stylize", CONTENT)
    [picker] = await channel.wait(channel.pickers)
    return lambda: channel.playground.select(channel.me, picker, "picker:choose", ["mosaic"])


@way
async def a_button(channel):
    channel.ask("!stylize", CONTENT, STYLE)
    card = await channel.card()
    await _press(channel, card, ":cancel")
    await channel.wait(lambda: any(each.endswith(":again") for each in custom_ids(card)))
    return lambda: _start_press(channel, card, ":again")


INTERACTIONS = {"a_slash_command", "the_apps_menu", "a_pickers_menu", "a_button"}
NEEDED = {
    Permission.VIEW_CHANNEL: "View Channel",
    Permission.SEND_MESSAGES: "Send Messages",
    Permission.EMBED_LINKS: "Embed Links",
    Permission.ATTACH_FILES: "Attach Files",
}


def expected(permission, name):
    """The cell of the table."""
    if permission not in NEEDED:
        return PAINTING
    if permission is Permission.VIEW_CHANNEL and name not in INTERACTIONS:
        return UNSEEN
    is_public = name not in INTERACTIONS
    where = "a direct message" if permission is Permission.SEND_MESSAGES and is_public else "here"
    return f"told in {where}: {NEEDED[permission]}"


@pytest.fixture(scope="module")
def settings(playground, tmp_path_factory):
    return settings_for(
        playground,
        tmp_path_factory.mktemp("bot"),
        max_jobs_per_member=1000,
        max_jobs_per_guild=1000,
    )


@pytest.fixture(autouse=True)
def few_presets(paused_app, monkeypatch):
    """Two presets, for quick pickers."""
    catalog = paused_app._bot._dependencies.catalog
    monkeypatch.setattr(catalog, "_built_in", catalog._built_in[2:4])


USED = [
    *NEEDED,
    Permission.ADD_REACTIONS,
    Permission.READ_MESSAGE_HISTORY,
    Permission.MANAGE_MESSAGES,
]
OTHERS = BOT_PERMISSIONS
for each in USED:
    OTHERS &= ~each


@pytest.mark.parametrize(
    "permission",
    [*USED, OTHERS],
    ids=lambda each: each.name.lower() if each in USED else "all that it does not use",
)
async def test_without_a_permission_every_way_ends_in_a_painting_or_names_it(
    playground, permission
):
    outcomes = await asyncio.gather(
        *(_outcome(playground, ask, permission, name) for name, ask in WAYS.items())
    )
    table = {name: expected(permission, name) for name in WAYS}
    assert dict(zip(WAYS, outcomes, strict=True)) == table


@pytest.mark.parametrize("withheld", [False, True])
async def test_in_a_thread_every_way_ends_in_a_painting_or_names_the_permission(
    playground, paused_app, withheld
):
    permission = Permission.SEND_MESSAGES_IN_THREADS if withheld else Permission(0)

    async def outcome(name, ask):
        channel = await _thread(playground, paused_app)
        return await _outcome(playground, ask, permission, name, channel=channel)

    outcomes = await asyncio.gather(*(outcome(name, ask) for name, ask in WAYS.items()))
    title = "Send Messages in Threads"
    told = {name: "here" if name in INTERACTIONS else "a direct message" for name in WAYS}
    table = {name: f"told in {told[name]}: {title}" if withheld else PAINTING for name in WAYS}
    assert dict(zip(WAYS, outcomes, strict=True)) == table


async def _thread(playground, app):
    """Have the bot's account start a thread; return its members' view of it."""
    client = ChannelClient(playground)
    bot = app._bot
    parent = await bot.fetch_channel(int(client.record.id))
    thread = await parent.create_thread(name="paint here", type=discord.ChannelType.public_thread)
    client.record = playground.state.channels[str(thread.id)]
    return client


async def _outcome(playground, ask, permission, name, *, channel=None):
    """Ask without the permission, and say how it ended."""
    channel = channel or ChannelClient(playground)
    channel.me = playground.add_member(name.replace("_", " ")).user
    start = await ask(channel)
    before = {int(each.id) for each in channel.answers()}
    bot = playground.scene.bot
    # A thread has the overwrites of its channel.
    place = playground.state.channels.get(channel.record.parent_id, channel.record)
    playground.set_overwrite(place, Overwrite(id=bot.id, type=1, deny=permission))
    if expected(permission, name) == UNSEEN:
        return UNSEEN  # the gateway's own test shows that nothing is sent
    start()

    def look():
        for each in channel.answers():
            if int(each.id) in before:
                continue
            if each.embeds and "picker:choose" in custom_ids(each):
                playground.select(channel.me, each, "picker:choose", ["mosaic"])
                before.add(int(each.id))
            elif any("job " in str(embed.get("footer")) for embed in each.embeds):
                return PAINTING
            elif (title := _named(each)) is not None:
                return f"told in here: {title}"
        for each in playground.state.direct_channel(channel.me, bot).messages.values():
            if (title := _named(each)) is not None:
                return f"told in a direct message: {title}"
        return None

    try:
        return await channel.wait(look, SECONDS)
    except TimeoutError:
        return [text_of(each) for each in channel.answers() if int(each.id) not in before]


def _named(message):
    found = re.search(r"I need the permissions? \*\*([^*]+)\*\* in", text_of(message))
    return found and found[1]


def _start_press(channel, message, ending):
    custom_id = next(each for each in custom_ids(message) if each.endswith(ending))
    return channel.playground.press(channel.me, message, custom_id)


async def _press(channel, message, ending):
    await _start_press(channel, message, ending).settled.wait()


ANSWERED = ("queue", "settings", "gallery", "help", "help queue", "presets", "style list")
"""Text commands whose answers have an embed, and most of them a picture."""


@pytest.mark.parametrize(
    ("permission", "title"),
    [
        (Permission.EMBED_LINKS, "Embed Links"),
        (Permission.READ_MESSAGE_HISTORY, "Read Message History"),
    ],
)
async def test_a_command_whose_answer_is_denied_names_the_permission(
    playground, paused_app, permission, title
):
    channel = ChannelClient(playground)
    bot = playground.scene.bot
    playground.set_overwrite(channel.record, Overwrite(id=bot.id, type=1, deny=permission))
    for count, command in enumerate(ANSWERED, start=1):
        channel.ask(f"!{command}")
        await channel.wait(lambda count=count: len(channel.answers()) == count)
    assert {_named(each) for each in channel.answers()} == {title}
