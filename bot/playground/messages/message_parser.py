"""Parse and validate the body of a new or edited message into a draft."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, ErrorCode, FormErrors
from bot.playground.messages.component_validation import check_components
from bot.playground.messages.embed_validation import check_embeds
from bot.playground.messages.poll_service import parse_poll
from bot.playground.state.records import COMPONENTS_V2, EPHEMERAL

if TYPE_CHECKING:
    from bot.playground.messages.poll_service import PollDraft
    from bot.playground.state.records import Json

__all__ = [
    "AllowedMentions",
    "Body",
    "MessageDraft",
    "NewFile",
    "Upload",
    "parse_edit",
    "parse_message",
]

MAX_FILES = 10
MAX_CONTENT = 2000
MAX_DESCRIPTION = 1024
MAX_NONCE = 25
MAX_STICKERS = 3
SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS = 1 << 2, 1 << 12
FORWARD = 1


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One uploaded file.

    Attributes:
        index: its number in the request, such as ``0`` of ``files[0]``.
    """

    index: str
    filename: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Body:
    """The JSON payload of a request and its files by index."""

    payload: Json
    uploads: dict[str, Upload] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AllowedMentions:
    """Whom a message may ping; by default everyone that it mentions or replies to."""

    everyone: bool = True
    users: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    replied_user: bool = True

    @classmethod
    def parse(cls, given: object, errors: FormErrors) -> AllowedMentions:
        """Parse ``allowed_mentions``; only what it lists is pinged."""
        if given is None:
            return cls()
        path = ("allowed_mentions",)
        fields = errors.read_object(path, given)
        kinds = errors.read_array((*path, "parse"), fields.get("parse"))
        lists: dict[str, frozenset[str] | None] = {}
        for kind in ("users", "roles"):
            named = frozenset(str(i) for i in errors.read_array((*path, kind), fields.get(kind)))
            if kind in kinds and named:
                errors.add(
                    path,
                    "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                    f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
                )
            lists[kind] = None if kind in kinds else named
        return cls(
            everyone="everyone" in kinds,
            users=lists["users"],
            roles=lists["roles"],
            replied_user=bool(fields.get("replied_user", False)),
        )


@dataclass(frozen=True, kw_only=True)
class NewFile:
    """A file to attach."""

    filename: str
    data: bytes
    description: str | None = None
    title: str | None = None


@dataclass(kw_only=True)
class MessageDraft:
    """The validated body of a message.

    Attributes:
        given: names of the fields in the body; an edit changes only these.
        kept: ids of the attachments that an edit keeps; None keeps all.
    """

    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    tts: bool = False
    nonce: str | int | None = None
    enforce_nonce: bool = False
    reference: Json | None = None
    allowed: AllowedMentions = field(default_factory=AllowedMentions)
    files: list[NewFile] = field(default_factory=list)
    stickers: list[str] = field(default_factory=list)
    poll: PollDraft | None = None
    kept: list[str] | None = None
    given: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether the message has no content."""
        forward = self.reference is not None and self.reference.get("type") == FORWARD
        parts = (self.content, self.embeds, self.components, self.files, self.stickers, self.poll)
        return not forward and not any(parts)


def parse_message(body: Body, *, interaction: bool = False) -> MessageDraft:
    """Check the body of a new message.

    Args:
        body: payload and files.
        interaction: True for responses and follow-ups, which may be ephemeral.

    Raises:
        ApiError: 400/50035 with all violations, 400/50006 when it is empty.
    """
    allowed = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2
    if interaction:
        allowed |= EPHEMERAL
    payload = body.payload
    errors = FormErrors()
    flags = errors.read_integer(("flags",), payload.get("flags"))
    draft = _parse_common(payload, flags & allowed, body.uploads, errors)
    draft.tts = bool(payload.get("tts"))
    draft.enforce_nonce = bool(payload.get("enforce_nonce"))
    draft.nonce = payload.get("nonce")
    if draft.nonce is not None and len(str(draft.nonce)) > MAX_NONCE:
        errors.too_long(("nonce",), MAX_NONCE)
    draft.stickers = [
        str(sticker) for sticker in errors.read_array(("sticker_ids",), payload.get("sticker_ids"))
    ]
    if len(draft.stickers) > MAX_STICKERS:
        errors.too_long(("sticker_ids",), MAX_STICKERS)
    draft.poll = parse_poll(payload.get("poll"), errors)
    draft.reference = (
        errors.read_object(("message_reference",), payload.get("message_reference")) or None
    )
    errors.raise_if_any()
    if draft.empty:
        raise ApiError(ErrorCode.EMPTY_MESSAGE)
    return draft


def parse_edit(body: Body, *, flags: int, kept_files: int = 0) -> MessageDraft:
    """Check the body of an edit.

    Args:
        body: payload and files.
        flags: the message's current flags, which decide the components it may have.
        kept_files: number of files that the message has.

    Raises:
        ApiError: 400/50035 with all violations.
    """
    errors = FormErrors()
    asked = body.payload.get("flags")
    if isinstance(asked, int):
        settable = SUPPRESS_EMBEDS | (asked & COMPONENTS_V2)
        flags = (flags & ~SUPPRESS_EMBEDS) | (asked & settable)
    draft = _parse_common(body.payload, flags, body.uploads, errors)
    attachment_count = len(draft.kept) if draft.kept is not None else kept_files
    if attachment_count + len(draft.files) > MAX_FILES:
        errors.too_long(("attachments",), MAX_FILES)
    errors.raise_if_any()
    return draft


def _parse_common(
    payload: Json, flags: int, uploads: dict[str, Upload], errors: FormErrors
) -> MessageDraft:
    content = payload.get("content")
    if content is not None and not isinstance(content, str | int | float):
        errors.add(("content",), "STRING_TYPE_CONVERT", "Could not interpret as string.")
        content = None
    text = "" if content is None else str(content).strip()
    if len(text) > MAX_CONTENT:
        errors.too_long(("content",), MAX_CONTENT)
    draft = MessageDraft(
        content=text,
        embeds=check_embeds(payload.get("embeds"), errors),
        components=check_components(payload.get("components"), flags, errors),
        flags=flags,
        allowed=AllowedMentions.parse(payload.get("allowed_mentions"), errors),
        given=frozenset(payload),
    )
    if flags & COMPONENTS_V2:
        for key in ("content", "embeds"):
            if payload.get(key):
                errors.add(
                    (key,),
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )
    _match_attachments(draft, payload.get("attachments"), uploads, errors)
    return draft


def _match_attachments(
    draft: MessageDraft, listed: object, uploads: dict[str, Upload], errors: FormErrors
) -> None:
    """Match the listed attachments with new files (by index) and existing ones (by id)."""
    described: dict[str, Json] = {}
    if listed is not None:
        draft.kept = []
        for index, item in enumerate(errors.read_objects(("attachments",), listed)):
            key = str(item.get("id", index))
            if key in uploads:
                described[key] = item
            else:
                draft.kept.append(key)
            if len(str(item.get("description") or "")) > MAX_DESCRIPTION:
                errors.too_long(("attachments", index, "description"), MAX_DESCRIPTION)
    if len(uploads) > MAX_FILES:
        errors.too_long(("attachments",), MAX_FILES)
    for key in sorted(uploads, key=int):
        item = described.get(key, {})
        draft.files.append(
            NewFile(
                filename=str(item.get("filename") or uploads[key].filename),
                data=uploads[key].data,
                description=item.get("description") or None,
                title=item.get("title") or None,
            )
        )
