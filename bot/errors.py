"""Everything the bot raises on purpose.

Errors carry fields (what, limit, got); the sentence a member reads is made of them in one
place, ``bot.views.text.errors``.

::

    StyleBotError
    ├── ConfigurationError       a setting that cannot work; the operator reads it at start
    ├── Refusal                  a request refused politely; the member reads it
    │   ├── PictureRefused       one of the pictures cannot be used
    │   ├── RequestRefused       the request itself is incomplete or ambiguous
    │   ├── PresetRefused        a guild's own style cannot be added, found or removed
    │   └── LimitReached         a cap per member, guild or server
    ├── DiscordError             Discord did not do what was asked
    │   ├── DiscordUnavailableError  5xx, a long rate limit or the network; retry later
    │   ├── MessageNotFoundError     the message does not exist any more
    │   ├── AccessDeniedError        no permission, or the channel does not exist any more
    │   └── DiscordRejectedError     the request is invalid, e.g. malformed or too large
    ├── UnknownJobError          no such job
    ├── IllegalTransitionError   a job cannot go from this state to that
    ├── ClaimLostError           a running job was taken over by another claim
    ├── StoreUnavailableError    the database cannot be reached or is locked
    ├── ArtefactMissingError     no such picture or checkpoint is kept
    ├── StorageFullError         the place pictures are kept has no room left
    └── WorkerDiedError          a worker process ended without finishing its job
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "AccessDeniedError",
    "ArtefactMissingError",
    "ClaimLostError",
    "ConfigurationError",
    "DiscordError",
    "DiscordRejectedError",
    "DiscordUnavailableError",
    "IllegalTransitionError",
    "LimitReached",
    "MessageNotFoundError",
    "PictureProblem",
    "PictureRefused",
    "PresetProblem",
    "PresetRefused",
    "Refusal",
    "RequestProblem",
    "RequestRefused",
    "StorageFullError",
    "StoreUnavailableError",
    "StyleBotError",
    "UnknownJobError",
    "WorkerDiedError",
]


class StyleBotError(Exception):
    """Base of everything the bot raises on purpose."""


class ConfigurationError(StyleBotError):
    """A setting that cannot work. The message names the setting and what to do."""


class Refusal(StyleBotError):  # noqa: N818 - a refusal is an answer, not a fault
    """A request refused politely; nothing was accepted."""


class PictureProblem(StrEnum):
    """Why a picture cannot be used."""

    NOT_A_PICTURE = "not_a_picture"
    TRUNCATED = "truncated"
    UNSUPPORTED_FORMAT = "unsupported_format"
    FILM = "film"
    DRAWN_STICKER = "drawn_sticker"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    TOO_ELONGATED = "too_elongated"
    DOWNLOAD_FAILED = "download_failed"
    INSPECTION_FAILED = "inspection_failed"


class PictureRefused(Refusal):
    """One of the pictures cannot be used.

    Attributes:
        problem: what is wrong with it.
        filename: the member's own name of the file, as Discord gave it.
        got, limit: numbers that belong to the problem (bytes, pixels), where there are any.
    """

    def __init__(
        self,
        problem: PictureProblem,
        *,
        filename: str,
        got: str | None = None,
        limit: str | None = None,
    ) -> None:
        super().__init__(f"{filename}: {problem} (got {got}, limit {limit})")
        self.problem = problem
        self.filename = filename
        self.got = got
        self.limit = limit


class RequestProblem(StrEnum):
    """Why a request cannot be understood or served."""

    NO_PICTURES = "no_pictures"
    STYLE_WITHOUT_CONTENT = "style_without_content"
    TOO_MANY_PICTURES = "too_many_pictures"
    MASK_WITHOUT_PICTURE = "mask_without_picture"
    LINK_INSTEAD_OF_FILE = "link_instead_of_file"
    MESSAGE_GONE = "message_gone"
    UNKNOWN_COMMAND = "unknown_command"
    UNKNOWN_PRESET = "unknown_preset"
    UNKNOWN_OPTION = "unknown_option"
    BAD_OPTION_VALUE = "bad_option_value"
    NOT_ALLOWED_HERE = "not_allowed_here"
    SHUTTING_DOWN = "shutting_down"
    CHANNEL_CLOSED = "channel_closed"
    NOT_A_MANAGER = "not_a_manager"
    NO_GUILD = "no_guild"


class RequestRefused(Refusal):
    """The request itself is incomplete or cannot be served.

    Attributes:
        problem: what is wrong with it.
        detail: the member's own word that was not understood, where there is one.
        suggestion: the nearest thing that would be, where there is one.
    """

    def __init__(
        self, problem: RequestProblem, *, detail: str | None = None, suggestion: str | None = None
    ) -> None:
        super().__init__(f"{problem} (detail {detail!r}, suggestion {suggestion!r})")
        self.problem = problem
        self.detail = detail
        self.suggestion = suggestion


class PresetProblem(StrEnum):
    """Why a guild's own style cannot be added, found or removed."""

    BAD_NAME = "bad_name"
    NAME_TAKEN = "name_taken"
    BUILT_IN = "built_in"
    BAD_EMOJI = "bad_emoji"
    EMOJI_TAKEN = "emoji_taken"
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"
    NO_PICTURE = "no_picture"
    NOT_A_MANAGER = "not_a_manager"
    NO_GUILD = "no_guild"


class PresetRefused(Refusal):
    """A guild's own style cannot be added, found or removed.

    Attributes:
        problem: what is wrong.
        word: the member's own word it is about, a name or an emoji, where there is one.
        limit: the cap that is reached, for `TOO_MANY`.
        suggestion: the nearest thing that would do, where there is one.
    """

    def __init__(
        self,
        problem: PresetProblem,
        *,
        word: str | None = None,
        limit: int | None = None,
        suggestion: str | None = None,
    ) -> None:
        super().__init__(f"{problem} (word {word!r}, limit {limit}, suggestion {suggestion!r})")
        self.problem = problem
        self.word = word
        self.limit = limit
        self.suggestion = suggestion


class LimitReached(Refusal):
    """A cap per member, per guild or for the whole server is reached.

    Attributes:
        scope: ``"member"``, ``"guild"``, ``"queue"`` or ``"disk"``.
        limit: the cap, as a number of waiting and running jobs (bytes for ``"disk"``).
    """

    def __init__(self, scope: str, *, limit: int) -> None:
        super().__init__(f"limit of {limit} reached for {scope}")
        self.scope = scope
        self.limit = limit


class DiscordError(StyleBotError):
    """Discord did not do what was asked. `bot.discord_errors` raises its subclasses."""


class DiscordUnavailableError(DiscordError):
    """Discord cannot be reached or is overloaded; the request may work later.

    Attributes:
        retry_after: seconds that Discord asked to wait, or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class MessageNotFoundError(DiscordError):
    """The message does not exist any more."""


class AccessDeniedError(DiscordError):
    """The bot lacks a permission, or the channel or member does not exist any more."""


class DiscordRejectedError(DiscordError):
    """Discord declined the request as it is.

    Attributes:
        is_too_large: its files are too large.
        is_reply_refused: the message may not reply to the one it names.
    """

    def __init__(self, message: str, *, is_too_large: bool, is_reply_refused: bool) -> None:
        super().__init__(message)
        self.is_too_large = is_too_large
        self.is_reply_refused = is_reply_refused


class UnknownJobError(StyleBotError):
    """There is no such job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"no job {job_id!r}")
        self.job_id = job_id


class IllegalTransitionError(StyleBotError):
    """A job cannot go from this state to that.

    Attributes:
        job_id: whose.
        state: the state it is in.
        wanted: the state asked for.
    """

    def __init__(self, job_id: str, *, state: str, wanted: str) -> None:
        super().__init__(f"job {job_id} is {state} and cannot become {wanted}")
        self.job_id = job_id
        self.state = state
        self.wanted = wanted


class ClaimLostError(StyleBotError):
    """The job was recovered and claimed again, or deleted, while this claim still worked on it.

    Attributes:
        job_id: whose.
        claims: the number of the claim that was lost.
    """

    def __init__(self, job_id: str, *, claims: int) -> None:
        super().__init__(f"claim {claims} of job {job_id} was lost")
        self.job_id = job_id
        self.claims = claims


class StoreUnavailableError(StyleBotError):
    """The database cannot be reached, or stayed locked past its timeout."""


class ArtefactMissingError(StyleBotError):
    """No such picture or checkpoint is kept."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no artefact {key!r}")
        self.key = key


class StorageFullError(StyleBotError):
    """The place pictures are kept has no room left; the operator must make some."""


class WorkerDiedError(StyleBotError):
    """A worker process ended without finishing its job.

    Attributes:
        exit_code: of the process; negative for a signal, None where it is not known.
    """

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(f"the worker process ended with exit code {exit_code}")
        self.exit_code = exit_code
