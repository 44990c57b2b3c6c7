"""The sentence for every error: what happened and what to do about it.

Nothing that a member typed is repeated unless it is quoted as code, so that no answer can be made
to mention or format anything.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from bot.errors import (
    AccessProblem,
    AccessRefused,
    ArtefactMissingError,
    CooldownActive,
    DiscordUnavailableError,
    LimitReached,
    PictureProblem,
    PictureRefused,
    PresetRefused,
    RequestProblem,
    RequestRefused,
    StorageFullError,
    StoreUnavailableError,
    UnknownJobError,
)
from bot.views.text import guild
from bot.views.text.help import HOW_TO_ASK, NEAR_COMMAND
from bot.views.text.quoting import escaped, quoted
from bot.views.text.units import count, megabytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["explain"]

INTERNAL: Final = (
    "Something went wrong on my side (reference `{reference}`). Try again in a minute; if it keeps "
    "happening, give the bot's operator this reference."
)
COMMANDS_CHANGED: Final = (
    "My commands have changed. Wait a minute or restart Discord, then try again."
)
NOT_FOR_YOU: Final = "You cannot use that here."
INPUT_NOT_UNDERSTOOD: Final = "I did not understand that; `{prefix}help` shows how it works."
OLD_BUTTON: Final = "This button is too old to work. Please ask me again."
JOB_GONE: Final = "I no longer have the pictures; post them again."
DISK_FULL: Final = "My disk is full, so I take no new paintings; tell the bot's operator."
CUT_OFF: Final = "I am restarting and could not finish this. Ask me again in a minute."
REPLY_SKIPPED: Final = (
    "One moment: I am still answering your earlier commands here, so I skipped a later one."
)
DISCORD_UNAVAILABLE: Final = "Discord is not answering me right now. Try again in a minute."
STORE_UNAVAILABLE: Final = (
    "I cannot reach my database right now. Nothing is lost; try again in a minute."
)

_ACCESS: Final[Mapping[AccessProblem, str]] = {
    AccessProblem.UNKNOWN_JOB: JOB_GONE,
    AccessProblem.JOB_NOT_YOURS: "Only the member who asked for this painting can do that.",
    AccessProblem.SWAP_NOT_YOURS: (
        "Only the member who asked for this painting can swap its pictures."
    ),
    AccessProblem.UNKNOWN_PICKER: (
        "This picker has expired; post the picture again for a new one."
    ),
    AccessProblem.PICKER_NOT_YOURS: (
        "Only the member who posted the picture can choose its style; post your own to join in."
    ),
    AccessProblem.UNKNOWN_SUGGESTION: "This answer has expired; ask me again.",
    AccessProblem.SUGGESTION_NOT_YOURS: (
        "Only the member who asked can use this; ask me yourself to join in."
    ),
    AccessProblem.GALLERY_NOT_YOURS: (
        "Only the member who opened this gallery can turn its pages; `/gallery` opens yours."
    ),
    AccessProblem.PRIVACY_NOT_YOURS: (
        "This belongs to another member; use `/privacy` for your own."
    ),
    AccessProblem.CHANNEL_CLOSED: "I do not paint in this channel; try {where}.",
    AccessProblem.NO_PRESETS_HERE: "Custom styles belong to servers. Try this in one.",
    AccessProblem.NOT_A_PRESET_MANAGER: (
        "Only members who can manage this server or its emojis can add and remove styles; ask one "
        "of them."
    ),
    AccessProblem.NO_SETTINGS_HERE: "Server settings belong to servers. Try this in one.",
    AccessProblem.NOT_A_GUILD_MANAGER: (
        "Only members who can manage this server can do that; ask one of them."
    ),
    AccessProblem.NOT_THE_OPERATOR: "Only the bot's operator can do that.",
}
"""Why a member may not do something, and what they may do instead."""

_PICTURE: Final[Mapping[PictureProblem, str]] = {
    PictureProblem.NOT_A_PICTURE: (
        "{name} is not a picture I can read; attach a PNG, JPEG, WebP, HEIC or GIF."
    ),
    PictureProblem.TRUNCATED: (
        "{name} is cut off or damaged; save or download it again and post it once more."
    ),
    PictureProblem.UNSUPPORTED_FORMAT: (
        "{name} is in a format I cannot use; attach it as PNG, JPEG, WebP or GIF."
    ),
    PictureProblem.TRANSPARENT: (
        "{name} is completely transparent, so there is nothing to see in it; post another one."
    ),
    PictureProblem.SINGLE_COLOR: (
        "{name} is a single colour, so there is nothing to repaint; post one that shows something."
    ),
    PictureProblem.FILM: "{name} is a video. I paint single pictures; post one of its frames.",
    PictureProblem.DRAWN_STICKER: (
        "{name} is an animated sticker with no picture in it; send me another one."
    ),
    PictureProblem.DOWNLOAD_FAILED: (
        "I could not fetch {name} from Discord; post it again in a moment."
    ),
    PictureProblem.INSPECTION_FAILED: (
        "{name} took too much time or memory to open; export it again as a plain JPEG or PNG."
    ),
}

PERMISSIONS: Final[Mapping[str, str]] = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
}
"""Discord's names of permissions, by discord.py's."""

_AFTER_AN: Final = ("A", "E", "I", "O", "8", "HEIF", "MP4", "SVG", "XCF")
"""Beginnings of format names that take "an"."""


def explain(error: BaseException) -> str | None:
    """Choose the sentence for an error; None if the error is not meant for members."""
    match error:
        case AccessRefused():
            text = _ACCESS[error.problem].format(where=error.detail or "another one")
        case PictureRefused():
            text = _picture(error)
        case RequestRefused():
            text = _REQUEST[error.problem](error)
        case PresetRefused():
            text = guild.refused(error)
        case LimitReached():
            text = _limit(error)
        case CooldownActive():
            text = _cooldown(error)
        case UnknownJobError() | ArtefactMissingError():
            text = JOB_GONE
        case StorageFullError():
            text = DISK_FULL
        case StoreUnavailableError():
            text = STORE_UNAVAILABLE
        case DiscordUnavailableError():
            text = DISCORD_UNAVAILABLE
        case _:
            return None
    return text


def _picture(error: PictureRefused) -> str:
    name = quoted(error.filename)
    if error.problem is PictureProblem.UNSUPPORTED_FORMAT and error.got:
        kind = f"{'an' if error.got.startswith(_AFTER_AN) else 'a'} {escaped(error.got)}"
        return f"{name} is {kind} file, which I cannot read; save it as a plain PNG or JPEG."
    return _size_problem(error, name)


def _size_problem(error: PictureRefused, name: str) -> str:
    """Choose the sentence for a picture; most of those that state numbers are about its size."""
    limit, got = error.limit, error.got
    match error.problem:
        case PictureProblem.TOO_MANY_BYTES if limit:
            size = f" ({megabytes(float(got))})" if got and got.isdecimal() else ""
            return (
                f"{name} is too large{size}. Save it as JPEG or smaller; I take up to "
                f"{megabytes(float(limit))}."
            )
        case PictureProblem.TOO_SMALL:
            return (
                f"{name} is too small to paint{_got(got)}; each side must be at least "
                f"{limit} pixels."
            )
        case PictureProblem.TOO_LARGE:
            most = f"{int(limit) / 1e6:.0f} megapixels" if limit and limit.isdecimal() else limit
            return f"{name} has too many pixels{_got(got)}; scale it down to at most {most}."
        case PictureProblem.TOO_ELONGATED:
            return (
                f"{name} is too long and thin{_got(got)}; crop it so that one side is at most "
                f"{limit} times the other."
            )
        case PictureProblem.TOO_MANY_BYTES:
            return f"{name} is too large; save it smaller or as JPEG."
        case problem:
            return _PICTURE[problem].format(name=name)


def _got(got: str | None) -> str:
    return f" ({escaped(got.replace('x', '×'))})" if got else ""


def _suggested(error: RequestRefused) -> str:
    return f"; did you mean {quoted(error.suggestion)}?" if error.suggestion else ""


def _bad_option_value(error: RequestRefused) -> str:
    name = (error.detail or "").partition("=")[0]
    return f"{quoted(name)} must be {error.suggestion or 'another value'}."


def _permissions(names: str) -> str:
    """The permissions of a list separated by commas, in bold."""
    bold = [f"**{name}**" for name in names.split(", ")]
    if len(bold) == 1:
        return f"the permission {bold[0]}"
    return f"the permissions {', '.join(bold[:-1])} and {bold[-1]}"


_REQUEST: Final[Mapping[RequestProblem, Callable[[RequestRefused], str]]] = {
    RequestProblem.NO_PICTURES: lambda e: HOW_TO_ASK.format(prefix=e.detail or ""),
    RequestProblem.AWAITING_PICTURE: lambda e: (
        f"{quoted(e.detail or '')} it is! Now post the picture here"
        + (f" within {e.suggestion}, and I'll paint it." if e.suggestion else ".")
    ),
    RequestProblem.STYLE_WITHOUT_CONTENT: lambda _: (
        "I have the style but nothing to repaint; attach the picture to repaint as well."
    ),
    RequestProblem.SEVERAL_WITHOUT_STYLE: lambda _: (
        "To paint several pictures at once, name a style such as `mosaic`, or add a style picture."
    ),
    RequestProblem.TOO_MANY_PICTURES: lambda e: (
        f"That makes {e.detail or 'too many'} pictures; I take one to repaint and up to four for "
        "its style. To paint each of them, name a style, such as `mosaic`."
    ),
    RequestProblem.MASK_WITHOUT_PICTURE: lambda _: (
        "A mask shows where to paint. Attach the picture to repaint first, then the mask."
    ),
    RequestProblem.LINK_INSTEAD_OF_FILE: lambda _: (
        "I do not open links; save the picture and attach it as a file."
    ),
    RequestProblem.MESSAGE_GONE: lambda _: (
        "I can no longer see the message you replied to; attach the pictures to your own message."
    ),
    RequestProblem.UNKNOWN_COMMAND: lambda e: NEAR_COMMAND.format(name=e.suggestion or "stylize"),
    RequestProblem.UNKNOWN_PRESET: lambda e: (
        f"There is no style called {quoted(e.detail or '')}"
        + (_suggested(e) or "; `presets` shows them all.")
    ),
    RequestProblem.UNKNOWN_OPTION: lambda e: (
        f"There is no option called {quoted(e.detail or '')}"
        + (_suggested(e) or "; `help stylize` shows them all.")
    ),
    RequestProblem.BAD_OPTION_VALUE: _bad_option_value,
    RequestProblem.NOT_ALLOWED_HERE: lambda e: (
        f"I need {_permissions(e.detail)} in that channel; ask a moderator, or try another channel."
        if e.detail
        else "I may not post in that channel; ask a moderator, or try another channel."
    ),
    RequestProblem.SHUTTING_DOWN: lambda _: (
        "I am taking no new requests right now; ask me again in a few minutes."
    ),
}


def _cooldown(error: CooldownActive) -> str:
    seconds = count(max(1, math.ceil(error.seconds)), "second")
    if error.scope == "guild":
        return f"This server keeps me very busy right now; try again in {seconds}."
    return f"That is a lot at once, and others are waiting too; try again in {seconds}."


def _limit(error: LimitReached) -> str:
    match error.scope:
        case "member":
            return (
                f"You already have {count(error.limit, 'painting')} in progress. Wait for one to "
                "finish, or cancel one."
            )
        case "guild":
            return (
                f"This server already has {error.limit} paintings waiting; try again when some "
                "are done."
            )
        case "member_storage":
            return (
                "Your open pickers and cancelled paintings already hold "
                f"{megabytes(error.limit)} of pictures. Choose a style on a picker, or try "
                "again in an hour."
            )
        case "guild_storage":
            return (
                "This server's open pickers and cancelled paintings already hold "
                f"{megabytes(error.limit)} of pictures; try again in an hour."
            )
        case "disk":
            return DISK_FULL
        case _:
            return f"{error.limit} paintings are already waiting; try again in a while."
