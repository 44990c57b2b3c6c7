"""Every sentence a member reads, made in one place.

A sentence says what happened and what to do about it, once. Nothing a member typed is repeated
unless it is quoted as code, so that no answer can be made to mention or format anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.errors import (
    ArtefactMissingError,
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
from bot.views.text import presets
from bot.views.text.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.jobs.models import Job

__all__ = [
    "cancelled",
    "duration",
    "duration_in_days",
    "explain",
    "failure",
    "megabytes",
    "outcome",
    "quoted",
    "still_different",
    "time_left",
]

HOW_TO_ASK: Final = (
    "Attach two pictures to `{prefix}stylize`: first the one to repaint, then the one whose "
    "style you like. With one picture, I show you styles to choose from."
)
"""The one-sentence manual; `{prefix}` is filled in by whoever says it."""

WAYS_TO_ASK: Final = (
    "`{prefix}stylize` or `/stylize` with two pictures",
    "`{prefix}stylize mosaic` with one picture and a style's name",
    "mention me instead of typing `{prefix}stylize`, or send me pictures in a direct message",
    "reply `{prefix}stylize` to a message with pictures",
    "right-click a message (hold it on a phone) → Apps → Stylize",
    "`{prefix}stylize me mosaic` paints your avatar; a member or a custom emoji works too",
    "with three to five pictures, the first gets a blend of the others' styles: `weights=2:1`",
    "with the word `mask`, your last picture shows in white where to paint",
)
NAME_A_STYLE: Final = "To use one: {prefix}stylize, its name and a picture"
COMMANDS_CHANGED: Final = (
    "My commands have just changed; wait a minute or restart Discord, then try again."
)
OPERATOR_ONLY: Final = "Only the bot's operator can do that."
NOT_FOR_YOU: Final = "You cannot use that here."
NEAR_COMMAND: Final = "Did you mean `{name}`?"
NO_SUCH_COMMAND: Final = "I have no command {name}; `{prefix}help` shows what I can do."
INPUT_NOT_UNDERSTOOD: Final = "I did not understand that; `{prefix}help` shows how it works."
NOT_YOURS: Final = "Only the member who asked for this painting can do that."
JOB_GONE: Final = "I no longer have the pictures; post them again."
DISK_FULL: Final = "My disk is full, so I take no new paintings; tell the bot's operator."
DELETED_HERE_ONLY: Final = (
    "I could not delete this message, so ask a moderator to; its pictures are deleted on my side."
)
NO_FRAMES: Final = (
    "I kept no pictures from along the way; press **Again** for a painting that has them."
)
TIMELAPSE_READY: Final = "How **{title}** was painted, in {frames} pictures."
ALREADY_ENDED: Final = "This painting has ended already."
ACCEPTED: Final = "Got it! The card in this channel shows how it is going."
PICKER_POSTED: Final = "Now choose a style in the message I posted in this channel."
PICKER_NOT_YOURS: Final = (
    "Only the member who posted the picture can choose its style; post your own to join in."
)
PICKER_USED: Final = "A style was already chosen here; post the picture again to try another."
PICKER_GONE: Final = "This picker has expired; post the picture again for a new one."
NOTHING_TO_REPEAT: Final = (
    "You have no painting to make again yet; start one with `{prefix}stylize` and a picture."
)
NONE_UNDER_WAY: Final = "Nothing right now. Start one with `{prefix}stylize` and a picture."
GALLERY_EMPTY: Final = (
    "Nothing here yet. Send `{prefix}stylize` with a picture, and your painting will show up here."
)
GALLERY_EMPTY_OF_OTHERS: Final = "They have no paintings that I can show here."
GALLERY_LEFT_OUT: Final = (
    "-# {count} more from channels that not everyone here can see; `/gallery` shows them to you "
    "alone."
)
GALLERY_NOT_YOURS: Final = (
    "Only the member who opened this gallery can turn its pages; `{prefix}gallery` opens yours."
)
PRIVACY_SENT: Final = "I have sent you a direct message."
PRIVACY_NO_DM: Final = (
    "I cannot send you direct messages; use `/privacy` here, and only you will see the answer."
)
PRIVACY_NOT_YOURS: Final = "This belongs to somebody else; use `/privacy` for your own."
EXPORT_PART: Final = "Your data, part {number}."
OLD_BUTTON: Final = (
    "This button is from an older version of me and no longer works; ask me again instead."
)
SENT_PRIVATELY: Final = "I can no longer post in {channel}, so I am sending it to you here."
INTERNAL: Final = (
    "Something went wrong on my side (reference `{reference}`); try again in a minute, and tell "
    "the server's operator this reference if it stays."
)

_PICTURE: Final[Mapping[PictureProblem, str]] = {
    PictureProblem.NOT_A_PICTURE: (
        "{name} is not a picture I can read; attach a PNG, JPEG, WebP or GIF."
    ),
    PictureProblem.TRUNCATED: (
        "{name} is cut off or damaged; save or download it again and post it once more."
    ),
    PictureProblem.UNSUPPORTED_FORMAT: (
        "{name} is in a format I cannot use; attach it as PNG, JPEG, WebP or GIF."
    ),
    PictureProblem.FILM: "{name} is a video, and I paint single pictures; pick one of its frames.",
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


def explain(error: BaseException) -> str | None:
    """The sentence a member reads for an error, or None if it is not one meant for members."""
    match error:
        case PictureRefused():
            text = _picture(error)
        case RequestRefused():
            text = _REQUEST[error.problem](error)
        case PresetRefused():
            text = presets.refused(error)
        case LimitReached():
            text = _limit(error)
        case UnknownJobError() | ArtefactMissingError():
            text = JOB_GONE
        case StorageFullError():
            text = DISK_FULL
        case StoreUnavailableError():
            text = "I cannot reach my database right now; nothing is lost, try again in a minute."
        case _:
            return None
    return text


def megabytes(size: float) -> str:
    """A number of bytes as people say it, e.g. ``"25 MB"`` or ``"900 kB"``."""
    if size < 1024 * 1024:
        return f"{max(1, round(size / 1024))} kB"
    unit, shown = ("MB", size / 1024**2) if size < 1024**3 else ("GB", size / 1024**3)
    rounded = f"{shown:.1f}".removesuffix(".0")
    return f"{rounded} {unit}"


def time_left(seconds: float) -> str:
    """An estimate as people say it, e.g. ``"about 2 minutes"``; never more exact than it is."""
    if seconds < 8:
        return "a few seconds"
    if seconds < 90:
        return f"about {max(10, round(seconds / 10) * 10)} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.1f}".removesuffix(".0") + " hours"


def duration(seconds: float) -> str:
    """A measured time, e.g. ``"42 s"`` or ``"3 min 5 s"``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def duration_in_days(days: float) -> str:
    """How long something is kept, e.g. ``"30 days"`` or ``"12 hours"``."""
    number, noun = (days, "day") if days >= 1 else (days * 24, "hour")
    text = f"{number:.1f}".removesuffix(".0")
    return f"1 {noun}" if text == "1" else f"{text} {noun}s"


LOSS_WORDS: Final[Mapping[str, str]] = {
    "content": "likeness",
    "style": "style",
    "total_variation": "smoothness",
}
"""What members call the terms of the loss; a term of another name is shown under its own."""


def still_different(losses: Mapping[str, float]) -> str | None:
    """Where a painting still differs from what it is to become, in shares; None if unknown."""
    terms = {name: value for name, value in losses.items() if name != "total" and value > 0}
    whole = sum(terms.values())
    if whole <= 0:
        return None
    shares = sorted(terms.items(), key=lambda term: -term[1])
    said = [f"{_percent(value / whole)} {LOSS_WORDS.get(name, name)}" for name, value in shares]
    return f"Still to improve: {', '.join(said)}"


def _percent(share: float) -> str:
    return f"{round(100 * share)}%" if share >= 0.01 else "<1%"


def failure(code: str | None) -> str:
    """Why a job failed and what to do, from `executors.protocol.Failed.code`."""
    return _FAILURES.get(code or "", "something went wrong on my side; ask again in a minute")


_FAILURES: Mapping[str, str] = {
    "out_of_memory": (
        "the picture is too large for my memory; press **Smaller**, or ask with a smaller `size`"
    ),
    "diverged": "the colours got out of hand; press **Again**, or ask with a lower `strength`",
    "unreadable_picture": "one of the pictures could not be read; save it anew as PNG or JPEG",
    "empty_mask": "the mask leaves no room for the style; paint white where it should go",
    "timed_out": "it took far longer than it should; press **Smaller**, or ask for fewer `passes`",
    "worker_died": "the painting kept stopping halfway; ask again in a while",
}


def outcome(job: Job, *, title: str, has_picture: bool) -> str:
    """The message that carries an outcome; it mentions the requester and nobody else."""
    who = f"<@{job.origin.requester_id}>"
    if has_picture:
        return f"{who}, here is {title}."
    return f"{who}, {title} could not be painted: {failure(job.error_code)}."


def cancelled(titles: Sequence[str]) -> str:
    """The answer to `cancel`."""
    if not titles:
        return "You have no such painting under way, so there is nothing to cancel."
    return f"Cancelled: {', '.join(titles)}."


def _picture(error: PictureRefused) -> str:
    name = quoted(error.filename)
    limit, got = error.limit, error.got
    match error.problem:
        case PictureProblem.TOO_MANY_BYTES if limit:
            size = f" ({megabytes(float(got))})" if got and got.isdecimal() else ""
            return (
                f"{name} is too large a file{size}; I take up to {megabytes(float(limit))}, "
                "so save it smaller or as JPEG."
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
            return f"{name} is too large a file; save it smaller or as JPEG."
        case problem:
            return _PICTURE[problem].format(name=name)


def _got(got: str | None) -> str:
    return f" ({got.replace('x', '×')})" if got else ""


def _suggested(error: RequestRefused) -> str:
    return f"; did you mean {quoted(error.suggestion)}?" if error.suggestion else ""


_REQUEST: Final[Mapping[RequestProblem, Callable[[RequestRefused], str]]] = {
    RequestProblem.NO_PICTURES: lambda e: HOW_TO_ASK.format(prefix=e.detail or ""),
    RequestProblem.STYLE_WITHOUT_CONTENT: lambda _: (
        "I have the style but nothing to repaint; attach the picture to repaint as well."
    ),
    RequestProblem.TOO_MANY_PICTURES: lambda e: (
        f"That makes {e.detail or 'too many'} pictures; I take one to repaint and up to four for "
        "its style."
    ),
    RequestProblem.MASK_WITHOUT_PICTURE: lambda _: (
        "A mask says where to paint, so it comes after the picture to repaint; attach both."
    ),
    RequestProblem.LINK_INSTEAD_OF_FILE: lambda _: (
        "I do not open links; save the picture and attach it as a file."
    ),
    RequestProblem.MESSAGE_GONE: lambda _: (
        "I cannot see the message you replied to any more; attach the pictures to your own message."
    ),
    RequestProblem.UNKNOWN_COMMAND: lambda e: NEAR_COMMAND.format(name=e.suggestion or "stylize"),
    RequestProblem.UNKNOWN_PRESET: lambda e: (
        f"There is no style called {quoted(e.detail or '')}"
        + (_suggested(e) or "; send `presets` to me to see them all.")
    ),
    RequestProblem.UNKNOWN_OPTION: lambda e: (
        f"There is no option called {quoted(e.detail or '')}"
        + (_suggested(e) or "; `help stylize` shows them all.")
    ),
    RequestProblem.BAD_OPTION_VALUE: lambda e: (
        f"{quoted(e.detail or '')} does not work; this option takes "
        f"{e.suggestion or 'another value'}."
    ),
    RequestProblem.NOT_ALLOWED_HERE: lambda e: (
        "I am not allowed to post paintings in that channel"
        + (f" (missing: {e.detail})" if e.detail else "")
        + "; ask a moderator for the permission or try another channel."
    ),
    RequestProblem.CHANNEL_CLOSED: lambda e: (
        f"I do not paint in this channel; try {e.detail or 'another one'}."
    ),
    RequestProblem.NOT_A_MANAGER: lambda _: (
        "Only members who can manage this server can do that; ask one of them."
    ),
    RequestProblem.NO_GUILD: lambda _: "That is for servers; ask me in one instead of here.",
    RequestProblem.SHUTTING_DOWN: lambda _: (
        "I am finishing the queue and take nothing new right now; ask me again in a few minutes."
    ),
}


def _limit(error: LimitReached) -> str:
    match error.scope:
        case "member":
            noun = "painting" if error.limit == 1 else "paintings"
            return (
                f"You have {error.limit} {noun} waiting or under way already; wait for one to "
                "finish or cancel one."
            )
        case "guild":
            return (
                f"This server has {error.limit} paintings waiting already; try again when some "
                "are done."
            )
        case "disk":
            return DISK_FULL
        case _:
            return f"{error.limit} paintings are waiting already; try again in a while."
