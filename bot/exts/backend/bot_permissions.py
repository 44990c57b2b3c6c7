"""The permissions that the bot needs in a channel, and the refusal that names a missing one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord

from bot.errors import AccessDeniedError, DiscordRejectedError, RequestProblem, RequestRefused
from bot.views.text import errors as text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_permissions", "explain_denial", "explain_denied_interaction"]

REQUIRED_PERMISSIONS: Final = ("view_channel", "send_messages", "embed_links", "attach_files")
"""Permissions the bot needs in a channel, by discord.py's name."""

REQUIRED_IN_THREADS: Final = (
    "view_channel",
    "send_messages_in_threads",
    "embed_links",
    "attach_files",
)


def check_permissions(permissions: discord.Permissions, *, is_thread: bool) -> None:
    """Check that these permissions of the bot's are enough to post a result.

    Raises:
        RequestRefused: one is missing; `detail` names it.
    """
    required = REQUIRED_IN_THREADS if is_thread else REQUIRED_PERMISSIONS
    _check_has(permissions, required)


def explain_denial(
    error: BaseException, permissions: discord.Permissions, *, is_thread: bool
) -> BaseException:
    """Replace Discord's denial of an answer by the refusal that names the missing permission.

    Args:
        error: what the answer failed with.
        permissions: the bot's, in the channel of the answer.
        is_thread: whether that channel is a thread.

    Returns:
        The refusal; the error itself if it is no denial or no permission is missing.
    """
    is_denial = isinstance(error, (discord.Forbidden, AccessDeniedError))
    if not is_denial and not (isinstance(error, DiscordRejectedError) and error.is_reply_refused):
        return error
    required = REQUIRED_IN_THREADS if is_thread else REQUIRED_PERMISSIONS
    try:
        _check_has(permissions, (*required, "read_message_history"))  # replies need the history
    except RequestRefused as refused:
        return refused
    return error


def explain_denied_interaction(
    error: BaseException, interaction: discord.Interaction[Any]
) -> BaseException:
    """Do as `explain_denial` in the channel of an interaction."""
    is_thread = isinstance(interaction.channel, discord.Thread)
    return explain_denial(error, interaction.app_permissions, is_thread=is_thread)


def _check_has(permissions: discord.Permissions, required: Sequence[str]) -> None:
    missing = [name for name in required if not getattr(permissions, name)]
    # Discord withholds the others too from who may not see a channel, or may not write in it.
    decisive = [name for name in missing if name == "view_channel" or name.startswith("send_")]
    if missing:
        titles = [text.PERMISSIONS[name] for name in decisive[:1] or missing]
        raise RequestRefused(RequestProblem.NOT_ALLOWED_HERE, detail=", ".join(titles))
