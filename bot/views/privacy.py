"""What is held about a member, and the buttons to export or delete it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.jobs.models import JobState
from bot.views.components import routes
from bot.views.components.items import Button, RoutedView, button
from bot.views.components.routes import PrivacyAction
from bot.views.text import privacy as text
from bot.views.text.quoting import escaped
from bot.views.text.units import count, duration_in_days

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.jobs.favourites import Favourite
    from bot.jobs.models import GuildPreset, Job, Picker, SavedRequest

__all__ = [
    "Erased",
    "HeldData",
    "confirmation_question",
    "confirmation_view",
    "deletion_report",
    "held_data_embed",
    "privacy_view",
]

COLOUR: Final = discord.Colour(0x8E6BD8)
DANGER: Final = discord.ButtonStyle.danger

LONGEST_DESCRIPTION: Final = 4096
LONGEST_MESSAGE: Final = 2000
"""Discord's limits for an embed's description and for a message, in characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldData:
    """Everything that is held about one member.

    Attributes:
        jobs: in any state, newest first.
        pickers: open pickers, each with its picture.
        offers: refused requests with suggestions.
        presets: presets they added to guilds.
        favourites: paintings they like, their own and others'.
    """

    jobs: tuple[Job, ...]
    pickers: tuple[Picker, ...]
    offers: tuple[SavedRequest, ...]
    presets: tuple[GuildPreset, ...]
    favourites: tuple[Favourite, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return not (self.jobs or self.pickers or self.offers or self.presets or self.favourites)


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """Progress of deleting messages.

    Attributes:
        messages: number of messages in all.
        waiting: number of those that are still to be deleted.
        stuck: number of those that cannot be deleted.
    """

    messages: int
    waiting: int
    stuck: int


def held_data_embed(
    held: HeldData,
    *,
    retention_days: float,
    picker_seconds: float,
    guild_name: Callable[[int], str | None],
) -> discord.Embed:
    """Summarise what is held.

    Args:
        held: all of it.
        retention_days: how long a job is kept after it ended. Days.
        picker_seconds: how long a picker stays open. Seconds.
        guild_name: the name of a guild; None if it is unknown.
    """
    embed = discord.Embed(title=text.TITLE, colour=COLOUR)
    if held.is_empty:
        embed.description = text.NOTHING
        return embed
    embed.description = _list(held, guild_name, longest=LONGEST_DESCRIPTION)
    embed.add_field(
        name=text.HOW_LONG_TITLE,
        value=text.HOW_LONG.format(
            retention=duration_in_days(retention_days),
            picker=duration_in_days(picker_seconds / 86_400),
        ),
        inline=False,
    )
    return embed.set_footer(text=text.FOOTER)


def privacy_view(member_id: int, held: HeldData) -> discord.ui.View:
    """The buttons to export and to delete the data; none if nothing is stored."""
    if held.is_empty:
        return RoutedView()
    return RoutedView(
        _button(member_id, PrivacyAction.EXPORT, text.EXPORT, emoji="📦"),
        _button(member_id, PrivacyAction.ASK, text.FORGET_EVERYTHING, emoji="🧹", style=DANGER),
    )


def confirmation_question(held: HeldData, guild_name: Callable[[int], str | None]) -> str:
    """The question before anything is deleted: what will be, and what will not."""
    longest = LONGEST_MESSAGE - len("\n".join([text.QUESTION, "", "", text.WHAT_STAYS]))
    return "\n".join([text.QUESTION, _list(held, guild_name, longest=longest), "", text.WHAT_STAYS])


def confirmation_view(member_id: int) -> discord.ui.View:
    """The answers to that question."""
    return RoutedView(
        _button(member_id, PrivacyAction.FORGET, text.FORGET, style=DANGER),
        _button(member_id, PrivacyAction.ERASE, text.ERASE, style=DANGER),
        _button(member_id, PrivacyAction.KEEP, text.KEEP),
    )


def deletion_report(held: HeldData, *, erased: Erased | None) -> str:
    """Confirm what was deleted; `erased` is None if the messages were left."""
    if held.is_empty:
        return text.NOTHING_LEFT
    sentences = [text.FORGOTTEN.format(what=", ".join(_counts(held)))]
    if erased is None:
        return " ".join([*sentences, text.MESSAGES_STAY])
    deleted = erased.messages - erased.waiting - erased.stuck
    sentences.append(text.MESSAGES_DELETED.format(messages=count(deleted, "message")))
    if erased.waiting:
        sentences.append(text.MESSAGES_WAITING.format(messages=count(erased.waiting, "message")))
    if erased.stuck:
        sentences.append(text.MESSAGES_STUCK.format(messages=count(erased.stuck, "message")))
    return " ".join(sentences)


def _button(member_id: int, action: PrivacyAction, label: str, **options: Any) -> Button:  # noqa: ANN401
    custom_id = routes.PRIVACY.custom_id(member_id=member_id, action=action)
    return button(custom_id, label, **options)


def _list(held: HeldData, guild_name: Callable[[int], str | None], *, longest: int) -> str:
    """List what is held: as many styles as fit into `longest` characters, and how many more."""
    counted, styles = _lines(held), [_style_line(each, guild_name) for each in held.presets]
    while True:
        lines = [*counted, *styles]
        if left_out := len(held.presets) - len(styles):
            lines.append(text.PRESETS_LEFT_OUT.format(styles=count(left_out, text.STYLE)))
        listed = "\n".join(f"- {line}" for line in lines)
        if not styles or len(listed) <= longest:
            return listed
        styles.pop()


def _lines(held: HeldData) -> list[str]:
    """What is held but for the styles, a line for each kind."""
    jobs = held.jobs
    finished = sum(job.state is JobState.SUCCEEDED for job in jobs)
    under_way = sum(not job.state.is_final for job in jobs)
    failed = len(jobs) - finished - under_way
    lines = []
    if finished:
        line = text.FINISHED_ONE if finished == 1 else text.FINISHED
        lines.append(line.format(paintings=count(finished, text.FINISHED_PAINTING)))
    if under_way:
        lines.append(text.UNDER_WAY.format(paintings=count(under_way, text.PAINTING)))
    if failed:
        line = text.FAILED_ONE if failed == 1 else text.FAILED
        lines.append(line.format(paintings=count(failed, text.PAINTING)))
    if held.pickers:
        lines.append(text.WAITING.format(pictures=count(len(held.pickers), "picture")))
    if held.offers:
        lines.append(count(len(held.offers), text.UNFINISHED_REQUEST))
    if held.favourites:
        lines.append(count(len(held.favourites), text.FAVOURITE))
    return lines


def _style_line(preset: GuildPreset, guild_name: Callable[[int], str | None]) -> str:
    server = guild_name(preset.guild_id)
    where = text.IN_SERVER.format(server=escaped(server)) if server else ""
    return text.PRESET.format(name=f"{preset.emoji} **{escaped(preset.title)}**", where=where)


def _counts(held: HeldData) -> list[str]:
    counts = {
        text.PAINTING: len(held.jobs),
        text.WAITING_PICTURE: len(held.pickers),
        text.UNFINISHED_REQUEST: len(held.offers),
        text.STYLE: len(held.presets),
        text.FAVOURITE: len(held.favourites),
    }
    return [count(number, noun) for noun, number in counts.items() if number]
