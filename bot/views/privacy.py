"""What is held about a member, and what they can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.jobs.models import JobState
from bot.views.components import routes
from bot.views.components.items import Button, RoutedView, button
from bot.views.components.routes import PrivacyAction
from bot.views.text.sentences import duration_in_days

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.jobs.guild_models import GuildPreset
    from bot.jobs.models import Job, Picker, SavedRequest

__all__ = [
    "Erased",
    "HeldData",
    "forget_question",
    "forget_view",
    "forgotten",
    "holdings_embed",
    "privacy_view",
]

COLOUR: Final = discord.Colour(0x8E6BD8)
DANGER: Final = discord.ButtonStyle.danger
WHAT_STAYS: Final = (
    "My messages in channels stay, with the pictures on them, unless I delete them too. What "
    "others made from your pictures is theirs."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldData:
    """Everything that is held about one member.

    Attributes:
        jobs: paintings in any state, newest first, each with its pictures.
        pickers: pictures that wait for a choice of style.
        offers: requests that wait for a word.
        presets: styles they gave to servers.
    """

    jobs: tuple[Job, ...]
    pickers: tuple[Picker, ...]
    offers: tuple[SavedRequest, ...]
    presets: tuple[GuildPreset, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return not (self.jobs or self.pickers or self.offers or self.presets)


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """How far the deleting of messages is.

    Attributes:
        messages: how many there were.
        waiting: of those, how many are still to be deleted.
        stuck: of those, how many cannot be.
    """

    messages: int
    waiting: int
    stuck: int


def holdings_embed(
    holdings: HeldData,
    *,
    retention_days: float,
    picker_seconds: float,
    guild_name: Callable[[int], str | None],
) -> discord.Embed:
    """What is held, in a few lines.

    Args:
        holdings: all of it.
        retention_days: how long a painting is kept after it ended.
        picker_seconds: how long a choice is kept open. Seconds.
        guild_name: what a server is called; None where that is not known.
    """
    embed = discord.Embed(title="What I hold about you", colour=COLOUR)
    if holdings.is_empty:
        embed.description = "Nothing at all."
        return embed
    embed.description = "\n".join(f"- {line}" for line in _lines(holdings, guild_name))
    embed.add_field(
        name="Until when",
        value=(
            f"I delete a painting and its pictures {duration_in_days(retention_days)} after it "
            f"ended, and a picture that waits for a style after "
            f"{duration_in_days(picker_seconds / 86_400)}. Styles stay until they are removed."
        ),
        inline=False,
    )
    return embed.set_footer(
        text="Beside these I keep your Discord ID and your pictures' names, and no other messages."
    )


def privacy_view(member_id: int, holdings: HeldData) -> discord.ui.View:
    """Export and forget; nothing where nothing is held."""
    if holdings.is_empty:
        return RoutedView()
    return RoutedView(
        _button(member_id, PrivacyAction.EXPORT, "Export", emoji="📦"),
        _button(member_id, PrivacyAction.ASK, "Forget everything…", emoji="🧹", style=DANGER),
    )


def forget_question(holdings: HeldData, guild_name: Callable[[int], str | None]) -> str:
    """What will go and what will stay, before anything goes."""
    lines = [f"- {line}" for line in _lines(holdings, guild_name)]
    return "\n".join(
        [
            "**Forget all of this, for good?** What is under way is cancelled.",
            *lines,
            "",
            WHAT_STAYS,
        ]
    )


def forget_view(member_id: int) -> discord.ui.View:
    """The answers to that question."""
    return RoutedView(
        _button(member_id, PrivacyAction.FORGET, "Forget", style=DANGER),
        _button(member_id, PrivacyAction.ERASE, "Forget, and delete the messages", style=DANGER),
        _button(member_id, PrivacyAction.KEEP, "Keep it all"),
    )


def forgotten(holdings: HeldData, *, erased: Erased | None) -> str:
    """What was done, and how far the deleting of messages is; None where they were left."""
    if holdings.is_empty:
        return "There was nothing left to forget."
    text = f"Forgotten: {', '.join(_counts(holdings))}."
    if erased is None:
        return f"{text} My messages in channels stay as they are."
    deleted = erased.messages - erased.waiting - erased.stuck
    text += f" {_some(deleted, 'message')} of mine deleted."
    if erased.waiting:
        text += f" {_some(erased.waiting, 'message')} will be, as soon as Discord lets me."
    if erased.stuck:
        text += f" {_some(erased.stuck, 'message')} could not be; a moderator there can."
    return text


def _button(member_id: int, action: PrivacyAction, label: str, **options: Any) -> Button:  # noqa: ANN401
    custom_id = routes.PRIVACY.custom_id(member_id=member_id, action=action)
    return button(custom_id, label, **options)


def _lines(holdings: HeldData, guild_name: Callable[[int], str | None]) -> list[str]:
    jobs = holdings.jobs
    finished = sum(job.state is JobState.SUCCEEDED for job in jobs)
    under_way = sum(not job.state.is_final for job in jobs)
    failed = len(jobs) - finished - under_way
    lines = []
    if finished:
        lines.append(
            f"{_some(finished, 'finished painting')} and the pictures you gave for "
            + ("it" if finished == 1 else "them")
        )
    if under_way:
        lines.append(f"{_some(under_way, 'painting')} under way")
    if failed:
        ended = "was" if failed == 1 else "were"
        lines.append(f"the pictures of {_some(failed, 'painting')} that {ended} not finished")
    if holdings.pickers:
        waiting = len(holdings.pickers)
        lines.append(f"{_some(waiting, 'picture')} for which I offered you styles")
    if holdings.offers:
        asked = _some(len(holdings.offers), "request")
        lines.append(f"the words of {asked} that I answered with a question")
    for preset in holdings.presets:
        server = guild_name(preset.guild_id)
        where = f" in {discord.utils.escape_markdown(server)}" if server else ""
        lines.append(f"the style {preset.emoji} **{preset.title}**{where} and its picture")
    return lines


def _counts(holdings: HeldData) -> list[str]:
    counts = {
        "painting": len(holdings.jobs),
        "waiting picture": len(holdings.pickers),
        "open question": len(holdings.offers),
        "style": len(holdings.presets),
    }
    return [_some(count, noun) for noun, count in counts.items() if count]


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
