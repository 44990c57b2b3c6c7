"""The initial state of a playground: a guild, two channels, some members and one bot."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.playground import serializers
from bot.playground.avatars import avatar_hash, draw_avatar
from bot.playground.state.event_bus import Event
from bot.playground.state.permissions import EVERYONE, Permission
from bot.playground.state.records import Application, Emoji, Sticker, StickerFormat, User

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Channel, Guild, Member
    from bot.playground.state.state import State

__all__ = ["DefaultScene", "add_user", "create_default_scene", "join_guild"]

MEMBER_NAMES = ("Ada", "Vincent", "Hilma", "Katsushika", "Berthe", "Wassily", "Frida", "Paul")
MEMBERS_ROLE = "Artists"
ARTISTS_COLOR = 0xE8A33D
BOT_COLOR = 0x5B8DEF
EMOJI_NAME = "atelier"
BOT_PERMISSIONS = EVERYONE | Permission.MANAGE_MESSAGES | Permission.PIN_MESSAGES


@dataclass(frozen=True, kw_only=True)
class DefaultScene:
    """The records of the default scene; the first member owns the guild."""

    guild: Guild
    general: Channel
    stylize: Channel
    members: tuple[User, ...]
    bot: User


def add_user(state: State, cdn: Cdn, name: str, *, bot: bool = False) -> User:
    """Add a user with an avatar."""
    user = User(
        id=state.ids.new(),
        name="".join(c for c in name.lower().replace(" ", "_") if c.isalnum() or c in "_."),
        global_name=None if bot else name,
        avatar=avatar_hash(name),
        bot=bot,
    )
    user.name = user.name or "someone"
    if bot:
        user.name = name
    state.users[user.id] = user
    cdn.store(f"avatars/{user.id}/{user.avatar}", draw_avatar(name), "image/png")
    return user


def join_guild(state: State, event_bus: EventBus, cdn: Cdn, guild: Guild, name: str) -> Member:
    """Add a new member to the guild and publish GUILD_MEMBER_ADD."""
    member = state.add_member(guild, add_user(state, cdn, name))
    member.roles = [role.id for role in guild.roles.values() if role.name == MEMBERS_ROLE]
    data = {**serializers.member(member), "guild_id": guild.id}
    event_bus.publish(Event(name="GUILD_MEMBER_ADD", data=data, guild_id=guild.id))
    return member


def create_default_scene(
    state: State, cdn: Cdn, *, members: int = 3, token: str | None = None, nsfw: bool = False
) -> DefaultScene:
    """Fill an empty state with the default scene.

    Args:
        state: the state to fill.
        cdn: stores the avatars.
        members: number of members, at least one.
        token: the bot's token; random if None.
        nsfw: whether the stylize channel is age-restricted.
    """
    for number in range(5):
        cdn.store(f"embed/avatars/{number}", draw_avatar(str(number)), "image/png")
    names = [
        MEMBER_NAMES[i] if i < len(MEMBER_NAMES) else f"Member {i + 1}"
        for i in range(max(1, members))
    ]
    people = [add_user(state, cdn, name) for name in names]
    bot = add_user(state, cdn, "StyleBot", bot=True)
    state.application = Application(
        id=bot.id, name=bot.name, owner=people[0], token=token or _token(bot.id)
    )
    guild = state.add_guild("The Atelier", people[0])
    artists = state.add_role(guild, MEMBERS_ROLE, EVERYONE, color=ARTISTS_COLOR)
    robots = state.add_role(guild, bot.name, BOT_PERMISSIONS, color=BOT_COLOR)
    robots.managed, robots.bot_id = True, bot.id
    _add_expressions(state, cdn, guild)
    general = state.add_channel(guild, "general", topic="Say hello.")
    stylize = state.add_channel(
        guild,
        "stylize",
        topic="Two pictures in, a painting out: send !stylize with both.",
        nsfw=nsfw,
    )
    for person in people:
        guild.members.pop(person.id, None)
        state.add_member(guild, person, artists)
    state.add_member(guild, bot, robots)
    return DefaultScene(
        guild=guild, general=general, stylize=stylize, members=tuple(people), bot=bot
    )


def _add_expressions(state: State, cdn: Cdn, guild: Guild) -> None:
    """Add a custom emoji, a PNG sticker and a Lottie sticker to the guild."""
    emoji = Emoji(id=state.ids.new(), name=EMOJI_NAME)
    guild.emojis[emoji.id] = emoji
    cdn.store(f"emojis/{emoji.id}", draw_avatar(EMOJI_NAME), "image/png")
    for name, kind, data, content_type in (
        ("Bravo", StickerFormat.PNG, draw_avatar("Bravo"), "image/png"),
        ("Wiggle", StickerFormat.LOTTIE, b'{"v":"5.5.7","layers":[]}', "application/json"),
    ):
        sticker = Sticker(id=state.ids.new(), name=name, format=kind)
        guild.stickers[sticker.id] = sticker
        cdn.store(f"stickers/{sticker.id}", data, content_type)


def _token(bot_id: str) -> str:
    """Make a token of Discord's form: the encoded bot id, then random parts."""
    head = base64.urlsafe_b64encode(bot_id.encode()).decode().rstrip("=")
    return f"{head}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"
