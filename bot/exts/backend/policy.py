"""Who may do what, and where: one rule for each act, as pure functions of plain data.

Every command, button, menu, form and reaction asks `decide`. What it needs to know about the
member, the place and the subject is collected by `bot.exts.backend.access`.

Two principles hold for all rules. Nothing reaches across guilds: what belongs to another guild is
unknown here, also to this guild's moderators. And what a member owns they may use wherever only
they see the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.errors import AccessProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Act", "Actor", "Place", "Subject", "decide"]


class Act(StrEnum):
    """What a member wants to do."""

    # to a job
    LIST_JOB = "list_job"  # show its title and a link to it
    SHOW_RESULT = "show_result"
    INSPECT_JOB = "inspect_job"  # details and time-lapse, shown to the member alone
    REPEAT_JOB = "repeat_job"  # enqueue a job of their own with the same pictures, and post it here
    POST_TIMELAPSE = "post_timelapse"  # in the channel
    KEEP_FAVOURITE = "keep_favourite"  # add it to their own favourites, or take it out
    SWAP_JOB = "swap_job"
    TOGGLE_NOTICE = "toggle_notice"  # ask for a direct message when it has ended
    CANCEL_JOB = "cancel_job"
    DELETE_JOB = "delete_job"
    # to a message that waits for one member
    USE_PICKER = "use_picker"
    USE_SUGGESTION = "use_suggestion"
    TURN_GALLERY_PAGE = "turn_gallery_page"
    USE_PRIVACY_MESSAGE = "use_privacy_message"
    # in a guild
    MAKE_REQUEST = "make_request"
    SEE_PRESETS = "see_presets"
    MANAGE_PRESETS = "manage_presets"
    CHANGE_SETTINGS = "change_settings"
    # to the bot
    READ_HELP = "read_help"
    OPERATE_BOT = "operate_bot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """The member who acts.

    Attributes:
        member_id: theirs.
        is_moderator: whether they may manage messages in the subject's channel.
        manages_guild: whether they may manage the guild they act in.
        manages_expressions: whether they may manage its emojis.
        role_ids: their roles in it.
        is_operator: whether they own the bot's application.
    """

    member_id: int
    is_moderator: bool = False
    manages_guild: bool = False
    manages_expressions: bool = False
    role_ids: frozenset[int] = frozenset()
    is_operator: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where they act, and who sees the answer.

    Attributes:
        guild_id: None in direct messages.
        channel_id: the channel or thread.
        parent_id: of a thread, its channel.
        is_private: whether only the member sees the answer.
        is_age_restricted: whether the channel is.
    """

    guild_id: int | None
    channel_id: int | None
    parent_id: int | None = None
    is_private: bool = False
    is_age_restricted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What they act on: a job, a picker, a refused request, a message or a guild's settings.

    Attributes:
        owner_id: the member whom it belongs to.
        guild_id: the guild that it belongs to; None in direct messages.
        channel_ids: the channels that show it.
        is_readable: whether all who will see the answer can read its channel.
        is_age_restricted: whether its channel is.
        request_channel_ids: the channels where the guild allows requests; empty for all.
        manager_role_id: the role that manages the guild's presets, if there is one.
    """

    owner_id: int | None = None
    guild_id: int | None = None
    channel_ids: frozenset[int] = frozenset()
    is_readable: bool = False
    is_age_restricted: bool = False
    request_channel_ids: frozenset[int] = frozenset()
    manager_role_id: int | None = None


def decide(act: Act, actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    """Decide whether a member may act.

    Returns:
        None if they may, otherwise why not.
    """
    return _RULES[act](actor, place, subject)


def _is_same_guild(place: Place, subject: Subject) -> bool:
    return place.guild_id is not None and place.guild_id == subject.guild_id


def _is_same_channel(place: Place, subject: Subject) -> bool:
    return place.guild_id == subject.guild_id and place.channel_id in subject.channel_ids


def _is_owner(actor: Actor, subject: Subject) -> bool:
    return actor.member_id == subject.owner_id


def _is_own_in_reach(actor: Actor, place: Place, subject: Subject) -> bool:
    """Whether it is the member's, and used in its guild, its channel or in private."""
    return _is_owner(actor, subject) and (
        place.is_private or _is_same_guild(place, subject) or _is_same_channel(place, subject)
    )


def _list_job(actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    is_own_in_private = _is_owner(actor, subject) and place.is_private
    return None if is_own_in_private else _show_result(actor, place, subject)


def _show_result(actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    is_own_in_private = _is_owner(actor, subject) and place.is_private
    if _is_same_guild(place, subject) and _is_same_channel(place, subject):
        return None
    if place.guild_id is None:
        return None if is_own_in_private else AccessProblem.UNKNOWN_JOB
    if subject.is_age_restricted and not place.is_age_restricted:
        return AccessProblem.UNKNOWN_JOB
    if is_own_in_private or (_is_same_guild(place, subject) and subject.is_readable):
        return None
    return AccessProblem.UNKNOWN_JOB


def _inspect_job(actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    is_shown_here = _is_same_guild(place, subject) and _is_same_channel(place, subject)
    if is_shown_here or _is_own_in_reach(actor, place, subject):
        return None
    return _show_result(actor, place, subject)  # as opened in the gallery


def _repeat_job(actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    # It is posted here, so in a guild not even an own job of another guild, or of an age-restricted
    # channel, is repeated.
    if place.guild_id is not None and not _is_same_channel(place, subject):
        leaves_restriction = subject.is_age_restricted and not place.is_age_restricted
        if place.guild_id != subject.guild_id or leaves_restriction:
            return AccessProblem.UNKNOWN_JOB
    return _inspect_job(actor, place, subject)


def _swap_job(actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    if _is_own_in_reach(actor, place, subject):
        return None
    is_here = _is_same_guild(place, subject)
    return AccessProblem.SWAP_NOT_YOURS if is_here else AccessProblem.UNKNOWN_JOB


def _toggle_notice(actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    if _is_own_in_reach(actor, place, subject):
        return None
    is_here = _is_same_guild(place, subject)
    return AccessProblem.JOB_NOT_YOURS if is_here else AccessProblem.UNKNOWN_JOB


def _manage_job(actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    if _is_own_in_reach(actor, place, subject):
        return None
    if not _is_same_guild(place, subject):
        return AccessProblem.UNKNOWN_JOB
    return None if actor.is_moderator else AccessProblem.JOB_NOT_YOURS


def _use_picker(actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    if not _is_same_channel(place, subject):
        return AccessProblem.UNKNOWN_PICKER
    return None if _is_owner(actor, subject) else AccessProblem.PICKER_NOT_YOURS


def _use_suggestion(actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    # A refusal is sent as a direct message where the bot may not write; the job is posted there.
    is_private_copy = place.guild_id is None and subject.is_readable
    if not _is_same_channel(place, subject) and not is_private_copy:
        return AccessProblem.UNKNOWN_SUGGESTION
    return None if _is_owner(actor, subject) else AccessProblem.SUGGESTION_NOT_YOURS


def _turn_gallery_page(actor: Actor, _place: Place, subject: Subject) -> AccessProblem | None:
    return None if _is_owner(actor, subject) else AccessProblem.GALLERY_NOT_YOURS


def _use_privacy_message(actor: Actor, _place: Place, subject: Subject) -> AccessProblem | None:
    return None if _is_owner(actor, subject) else AccessProblem.PRIVACY_NOT_YOURS


def _make_request(_actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    allowed = subject.request_channel_ids
    if place.guild_id is None or not allowed or {place.channel_id, place.parent_id} & allowed:
        return None
    return AccessProblem.CHANNEL_CLOSED


def _see_presets(_actor: Actor, place: Place, _subject: Subject) -> AccessProblem | None:
    return AccessProblem.NO_PRESETS_HERE if place.guild_id is None else None


def _manage_presets(actor: Actor, place: Place, subject: Subject) -> AccessProblem | None:
    if place.guild_id is None:
        return AccessProblem.NO_PRESETS_HERE
    if actor.manages_guild or actor.manages_expressions:
        return None
    may = subject.manager_role_id in actor.role_ids
    return None if may else AccessProblem.NOT_A_PRESET_MANAGER


def _change_settings(actor: Actor, place: Place, _subject: Subject) -> AccessProblem | None:
    if place.guild_id is None:
        return AccessProblem.NO_SETTINGS_HERE
    return None if actor.manages_guild else AccessProblem.NOT_A_GUILD_MANAGER


def _read_help(_actor: Actor, _place: Place, _subject: Subject) -> AccessProblem | None:
    return None


def _operate_bot(actor: Actor, _place: Place, _subject: Subject) -> AccessProblem | None:
    return None if actor.is_operator else AccessProblem.NOT_THE_OPERATOR


_RULES: Final[Mapping[Act, Callable[[Actor, Place, Subject], AccessProblem | None]]] = {
    Act.LIST_JOB: _list_job,
    Act.SHOW_RESULT: _show_result,
    Act.INSPECT_JOB: _inspect_job,
    Act.REPEAT_JOB: _repeat_job,
    Act.POST_TIMELAPSE: _repeat_job,
    Act.KEEP_FAVOURITE: _inspect_job,
    Act.SWAP_JOB: _swap_job,
    Act.TOGGLE_NOTICE: _toggle_notice,
    Act.CANCEL_JOB: _manage_job,
    Act.DELETE_JOB: _manage_job,
    Act.USE_PICKER: _use_picker,
    Act.USE_SUGGESTION: _use_suggestion,
    Act.TURN_GALLERY_PAGE: _turn_gallery_page,
    Act.USE_PRIVACY_MESSAGE: _use_privacy_message,
    Act.MAKE_REQUEST: _make_request,
    Act.SEE_PRESETS: _see_presets,
    Act.MANAGE_PRESETS: _manage_presets,
    Act.CHANGE_SETTINGS: _change_settings,
    Act.READ_HELP: _read_help,
    Act.OPERATE_BOT: _operate_bot,
}
