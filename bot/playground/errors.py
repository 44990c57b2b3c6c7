"""Discord's errors: an HTTP status, a JSON error code and a body in Discord's format.

The texts are Discord's own, because clients include them in their error messages.

    ApiError               an HTTP request is refused
    └── RateLimited        429
    GatewayClose           a gateway connection is closed with a code
"""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = ["ApiError", "ErrorCode", "FormErrors", "GatewayClose", "RateLimited", "invalid_form"]


class ErrorCode(Enum):
    """Every error that the playground returns, as (HTTP status, JSON code, text)."""

    GENERAL = (500, 0, "500: Internal Server Error")
    UNAVAILABLE = (503, 0, "503: Service Unavailable")
    RATE_LIMITED = (429, 0, "You are being rate limited.")
    UNAUTHORIZED = (401, 0, "401: Unauthorized")
    NOT_FOUND = (404, 0, "404: Not Found")
    METHOD_NOT_ALLOWED = (405, 0, "405: Method Not Allowed")
    UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
    UNKNOWN_GUILD = (404, 10004, "Unknown Guild")
    UNKNOWN_MEMBER = (404, 10007, "Unknown Member")
    UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
    UNKNOWN_ROLE = (404, 10011, "Unknown Role")
    UNKNOWN_INVITE = (404, 10006, "Unknown Invite")
    UNKNOWN_BAN = (404, 10026, "Unknown Ban")
    UNKNOWN_COMMAND_PERMISSIONS = (404, 10066, "Unknown application command permissions")
    EMOJI_NOT_FOUND = (404, 10014, "Unknown Emoji")
    BOTS_NOT_ALLOWED = (403, 20001, "Bots cannot use this endpoint")
    UNKNOWN_OVERWRITE = (404, 10009, "Unknown Overwrite")
    UNKNOWN_USER = (404, 10013, "Unknown User")
    UNKNOWN_EMOJI = (400, 10014, "Unknown Emoji")
    UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
    UNKNOWN_STICKER = (404, 10060, "Unknown sticker")
    UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
    UNKNOWN_COMMAND = (404, 10063, "Unknown application command")
    TOO_MANY_PINS = (400, 30003, "Maximum number of pins reached (250)")
    TOO_MANY_REACTIONS = (403, 30010, "Maximum number of reactions reached (20)")
    TOO_MANY_COMMANDS = (400, 30032, "Maximum number of application commands reached (100).")
    TOO_MANY_ROLES = (400, 30005, "Maximum number of server roles reached (250)")
    TOO_MANY_WEBHOOKS = (400, 30007, "Maximum number of webhooks reached (15)")
    TOO_MANY_EMOJIS = (400, 30008, "Maximum number of emojis reached")
    TOO_MANY_ANIMATED_EMOJIS = (400, 30018, "Maximum number of animated emojis reached")
    TOO_MANY_CHANNELS = (400, 30013, "Maximum number of server channels reached (500)")
    TOO_MANY_STICKERS = (400, 30039, "Maximum number of stickers reached")
    NOT_IN_VOICE = (400, 40032, "Target user is not connected to voice.")
    TAG_REQUIRED = (400, 40067, "A tag is required to create a forum post in this channel")
    REQUEST_TOO_LARGE = (413, 40005, "Request entity too large")
    ALREADY_ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
    MISSING_ACCESS = (403, 50001, "Missing Access")
    CANNOT_EDIT_OTHERS = (403, 50005, "Cannot edit a message authored by another user")
    EMPTY_MESSAGE = (400, 50006, "Cannot send an empty message")
    CANNOT_SEND_TO_USER = (403, 50007, "Cannot send messages to this user")
    NON_TEXT_CHANNEL = (400, 50008, "Cannot send messages in a non-text channel")
    MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
    INVALID_BULK_DELETE = (
        400,
        50016,
        (
            "Provided too few or too many messages to delete. "
            "Must provide at least 2 and fewer than 100 messages to delete."
        ),
    )
    WRONG_CHANNEL_TYPE = (400, 50024, "Cannot execute action on this channel type")
    INVALID_WEBHOOK_TOKEN = (401, 50027, "Invalid Webhook Token")
    MESSAGE_TOO_OLD = (
        400,
        50034,
        "You can only bulk delete messages that are under 14 days old.",
    )
    INVALID_ROLE = (400, 50028, "Invalid Role")
    INVALID_FILE = (400, 50046, "Invalid file uploaded")
    THREAD_ARCHIVED = (400, 50083, "Thread is archived")
    INVALID_API_VERSION = (400, 50041, "Invalid API version provided.")
    INVALID_FORM = (400, 50035, "Invalid Form Body")
    INVALID_JSON = (400, 50109, "The request body contains invalid JSON.")
    CANNOT_REPLY_WITHOUT_HISTORY = (
        403,
        160002,
        "Cannot reply without permission to read message history",
    )
    THREAD_EXISTS = (400, 160004, "A thread has already been created for this message")
    THREAD_LOCKED = (400, 160005, "Thread is locked")
    FORUM_NEEDS_THREAD = (
        400,
        220001,
        "Webhooks posted to forum channels must have a thread_name or thread_id",
    )
    FORUM_THREAD_AMBIGUOUS = (
        400,
        220002,
        "Webhooks posted to forum channels cannot have both a thread_name and thread_id",
    )
    NOT_A_FORUM = (400, 220003, "Webhooks can only create threads in forum channels")
    NOBODY_BANNED = (400, 500_000, "Failed to ban users")
    POLL_EXPIRED = (400, 520001, "Poll expired")


class ApiError(Exception):
    """A request was refused.

    Attributes:
        status: the HTTP status.
        body: the JSON body, with ``code`` and ``message`` and, for forms, ``errors``.
        headers: additional response headers.
    """

    def __init__(
        self, code: ErrorCode, *, errors: dict[str, Any] | None = None, message: str | None = None
    ) -> None:
        status, number, text = code.value
        super().__init__(f"{status} {number}: {message or text}")
        self.code = code
        self.status: int = status
        self.body: dict[str, Any] = {"message": message or text, "code": number}
        if errors is not None:
            self.body["errors"] = errors
        self.headers: dict[str, str] = {}


class RateLimited(ApiError):  # noqa: N818 - the condition, as clients name it
    """429: retry after ``retry_after`` seconds.

    ``scope`` is ``user`` (the bot's own bucket), ``shared`` or ``global``.
    """

    def __init__(self, retry_after: float, *, scope: str = "user") -> None:
        super().__init__(ErrorCode.RATE_LIMITED)
        self.is_global = scope == "global"
        self.body = {
            "message": self.body["message"],
            "retry_after": round(retry_after, 3),
            "global": self.is_global,
            "code": self.body["code"],
        }
        # Clients treat a 429 without Via as a ban by the proxy in front of Discord.
        self.headers = {
            "Via": "1.1 google",
            "Retry-After": str(max(1, round(retry_after))),
            "X-RateLimit-Scope": scope,
        }
        if self.is_global:
            self.headers["X-RateLimit-Global"] = "true"


class FormErrors:
    """Collects a body's errors by field, in Discord's nested format."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}

    def __bool__(self) -> bool:
        return bool(self._tree)

    def merge(self, other: FormErrors) -> None:
        """Add another collector's errors for fields that have none here."""
        self._tree |= other._tree

    def add(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        """Add one error at ``path``, such as ``("embeds", 0, "title")``."""
        node = self._tree
        for key in path:
            node = node.setdefault(str(key), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def too_long(self, path: tuple[str | int, ...], limit: int) -> None:
        """Add that the text at ``path`` is longer than ``limit`` characters."""
        self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")

    def bad_length(self, path: tuple[str | int, ...], minimum: int, maximum: int) -> None:
        """Add that the text or list at ``path`` is shorter or longer than allowed."""
        self.add(
            path, "BASE_TYPE_BAD_LENGTH", f"Must be between {minimum} and {maximum} in length."
        )

    def required(self, path: tuple[str | int, ...]) -> None:
        """Add that the field at ``path`` is missing."""
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def read_object(self, path: tuple[str | int, ...], value: object) -> dict[str, Any]:
        """Return the value if it is a JSON object; None counts as an empty one."""
        if value is None or isinstance(value, dict):
            return value or {}
        self.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return {}

    def read_array(self, path: tuple[str | int, ...], value: object) -> list[Any]:
        """Return the value if it is a JSON array; None counts as an empty one."""
        if value is None or isinstance(value, list):
            return value or []
        self.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return []

    def read_objects(self, path: tuple[str | int, ...], value: object) -> list[dict[str, Any]]:
        """Return the value if it is a JSON array of objects; other items become empty objects."""
        return [
            self.read_object((*path, index), item)
            for index, item in enumerate(self.read_array(path, value))
        ]

    def read_integer(self, path: tuple[str | int, ...], value: object) -> int:
        """Return the value if it is an integer; None counts as 0."""
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value or 0
        self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        return 0

    def read_permissions(self, path: tuple[str | int, ...], value: object) -> int:
        """Return the permission bits, which Discord writes in a string; None counts as 0."""
        text = str(value or 0)
        if text.isascii() and text.isdecimal():
            return int(text)
        self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        return 0

    def raise_if_any(self) -> None:
        """Raise if there are any errors.

        Raises:
            ApiError: 400/50035 with all errors.
        """
        if self._tree:
            raise self.error()

    def error(self) -> ApiError:
        """Return a 400/50035 with all errors."""
        return ApiError(ErrorCode.INVALID_FORM, errors=self._tree)


def invalid_form(path: tuple[str | int, ...], code: str, message: str) -> ApiError:
    """Return a 400/50035 for a single field."""
    errors = FormErrors()
    errors.add(path, code, message)
    return errors.error()


class GatewayClose(Exception):  # noqa: N818 - named as the protocol names it
    """A gateway connection must be closed with one of Discord's close codes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
