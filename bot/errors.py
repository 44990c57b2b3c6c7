"""The bot's exceptions.

Errors carry fields (what, limit, got); the sentence a member reads is made of them in one
place, ``bot.views.text.errors``.

::

    StyleBotError
    ├── ConfigurationError       an invalid setting, reported to the operator at start
    ├── Refusal                  a refused request, explained to the member
    │   ├── AccessRefused        the member may not do that, or not here
    │   ├── PictureRefused       one of the pictures cannot be used
    │   ├── RequestRefused       the request is incomplete, ambiguous or not allowed
    │   ├── PresetRefused        a guild's preset cannot be added, found or removed
    │   ├── LimitReached         a limit per member, per guild, of the queue or of the disk
    │   └── CooldownActive       the member, or the guild, does too much at once
    ├── DiscordError             Discord did not do what was asked
    │   ├── DiscordUnavailableError  5xx, a long rate limit or the network; retry later
    │   ├── MessageNotFoundError     the message does not exist any more
    │   ├── AccessDeniedError        no permission, or the channel does not exist any more
    │   └── DiscordRejectedError     the request is invalid, e.g. malformed or too large
    ├── UnknownJobError          no such job
    ├── IllegalTransitionError   the job's state does not allow the change
    ├── ClaimLostError           another claim has replaced this one, or the job was deleted
    ├── LeaseLostError           another attempt to deliver this message has started
    ├── StoreUnavailableError    the database cannot be reached or is locked
    ├── ArtefactMissingError     no such picture or checkpoint is stored
    ├── StorageFullError         the artefact storage has no space left
    └── WorkerDiedError          a worker process ended without finishing its job
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "AccessDeniedError",
    "AccessProblem",
    "AccessRefused",
    "ArtefactMissingError",
    "ClaimLostError",
    "ConfigurationError",
    "CooldownActive",
    "DiscordError",
    "DiscordRejectedError",
    "DiscordUnavailableError",
    "IllegalTransitionError",
    "LeaseLostError",
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
    """Base class of the bot's exceptions."""


class ConfigurationError(StyleBotError):
    """A setting is invalid. The message names the setting and what to do."""


class Refusal(StyleBotError):  # noqa: N818 - a refusal is an answer, not a fault
    """A request was refused; no job was created."""


class AccessProblem(StrEnum):
    """Why a member may not do something; `bot.exts.backend.policy` decides."""

    UNKNOWN_JOB = "unknown_job"
    JOB_NOT_YOURS = "job_not_yours"
    SWAP_NOT_YOURS = "swap_not_yours"
    UNKNOWN_PICKER = "unknown_picker"
    PICKER_NOT_YOURS = "picker_not_yours"
    UNKNOWN_SUGGESTION = "unknown_suggestion"
    SUGGESTION_NOT_YOURS = "suggestion_not_yours"
    GALLERY_NOT_YOURS = "gallery_not_yours"
    PRIVACY_NOT_YOURS = "privacy_not_yours"
    CHANNEL_CLOSED = "channel_closed"
    NO_PRESETS_HERE = "no_presets_here"
    NOT_A_PRESET_MANAGER = "not_a_preset_manager"
    NO_SETTINGS_HERE = "no_settings_here"
    NOT_A_GUILD_MANAGER = "not_a_guild_manager"
    NOT_THE_OPERATOR = "not_the_operator"


class AccessRefused(Refusal):
    """The member may not do that, or not here.

    Attributes:
        problem: why not.
        detail: where it is allowed, for `CHANNEL_CLOSED`.
    """

    def __init__(self, problem: AccessProblem, *, detail: str | None = None) -> None:
        super().__init__(f"{problem} (detail {detail!r})")
        self.problem = problem
        self.detail = detail


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
    TRANSPARENT = "transparent"
    SINGLE_COLOR = "single_color"
    DOWNLOAD_FAILED = "download_failed"
    INSPECTION_FAILED = "inspection_failed"


class PictureRefused(Refusal):
    """One of the pictures cannot be used.

    Attributes:
        problem: what is wrong with it.
        filename: the file name given by the member.
        got, limit: the value and its limit, with units (bytes, pixels), if there are any; the
            name of the format for `UNSUPPORTED_FORMAT`.
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
    """Why a request cannot be interpreted or carried out."""

    NO_PICTURES = "no_pictures"
    AWAITING_PICTURE = "awaiting_picture"  # the next one of the member is taken
    STYLE_WITHOUT_CONTENT = "style_without_content"
    SEVERAL_WITHOUT_STYLE = "several_without_style"
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


class RequestRefused(Refusal):
    """The request is incomplete, ambiguous or not allowed.

    Attributes:
        problem: what is wrong with it.
        detail: the word that was not recognised, if there is one.
        suggestion: the nearest valid word, if there is one.
    """

    def __init__(
        self, problem: RequestProblem, *, detail: str | None = None, suggestion: str | None = None
    ) -> None:
        super().__init__(f"{problem} (detail {detail!r}, suggestion {suggestion!r})")
        self.problem = problem
        self.detail = detail
        self.suggestion = suggestion


class PresetProblem(StrEnum):
    """Why a guild's preset cannot be added, found or removed."""

    BAD_NAME = "bad_name"
    RESERVED_NAME = "reserved_name"
    NAME_TAKEN = "name_taken"
    BUILT_IN = "built_in"
    BAD_EMOJI = "bad_emoji"
    EMOJI_TAKEN = "emoji_taken"
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"
    NO_PICTURE = "no_picture"


class PresetRefused(Refusal):
    """A guild's preset cannot be added, found or removed.

    Attributes:
        problem: what is wrong.
        word: the name or emoji in question, if there is one.
        limit: the limit that is reached, for `TOO_MANY`.
        suggestion: the nearest valid name, if there is one.
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
    """A limit per member, per guild, of the queue or of the disk is reached.

    Attributes:
        scope: ``"member"``, ``"guild"``, ``"queue"``, ``"disk"``, ``"member_storage"`` or
            ``"guild_storage"``.
        limit: the number of queued and running jobs; bytes for the last three.
    """

    def __init__(self, scope: str, *, limit: int) -> None:
        super().__init__(f"limit of {limit} reached for {scope}")
        self.scope = scope
        self.limit = limit


class CooldownActive(Refusal):
    """The member, or the guild, has used the bot too often in a short time.

    Attributes:
        scope: ``"member"`` or ``"guild"``.
        seconds: until the next use is served.
    """

    def __init__(self, scope: str, *, seconds: float) -> None:
        super().__init__(f"cooldown of the {scope} for {seconds:.1f} s")
        self.scope = scope
        self.seconds = seconds


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
    """There is no such job.

    Attributes:
        job_id: the unknown id.
    """

    def __init__(self, job_id: str) -> None:
        super().__init__(f"no job {job_id!r}")
        self.job_id = job_id


class IllegalTransitionError(StyleBotError):
    """The job's state does not allow the change.

    Attributes:
        job_id: the job.
        state: its current state.
        wanted: the requested state.
    """

    def __init__(self, job_id: str, *, state: str, wanted: str) -> None:
        super().__init__(f"job {job_id} is {state} and cannot become {wanted}")
        self.job_id = job_id
        self.state = state
        self.wanted = wanted


class ClaimLostError(StyleBotError):
    """The job was requeued, claimed again or deleted while this claim was running it.

    Attributes:
        job_id: the job.
        claims: the number of the lost claim.
    """

    def __init__(self, job_id: str, *, claims: int) -> None:
        super().__init__(f"claim {claims} of job {job_id} was lost")
        self.job_id = job_id
        self.claims = claims


class LeaseLostError(StyleBotError):
    """Another attempt to deliver the message was started, or the message is sent already.

    Attributes:
        job_id: the job.
        attempt: the number of the attempt that lost its lease.
    """

    def __init__(self, job_id: str, *, attempt: int) -> None:
        super().__init__(f"attempt {attempt} to deliver a message about job {job_id} was overtaken")
        self.job_id = job_id
        self.attempt = attempt


class StoreUnavailableError(StyleBotError):
    """The database cannot be reached, or stayed locked past its timeout."""


class ArtefactMissingError(StyleBotError):
    """No such picture or checkpoint is stored.

    Attributes:
        key: the key of the missing artefact.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"no artefact {key!r}")
        self.key = key


class StorageFullError(StyleBotError):
    """The artefact storage has no space left; the operator must free some."""


class WorkerDiedError(StyleBotError):
    """A worker process ended without finishing its job.

    Attributes:
        exit_code: the process's exit code; negative for a signal, None if unknown.
    """

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(f"the worker process ended with exit code {exit_code}")
        self.exit_code = exit_code
