"""What is held about a member, and what they can do about it."""

from __future__ import annotations

from typing import Final

SECTION: Final = "What is held about you."
HELP: Final = (
    "Show what I hold about you, with buttons to download or delete it.\n\n"
    "In a channel, I answer by direct message."
)
SENT: Final = "I have sent you a direct message."
NO_DM: Final = (
    "I cannot send you direct messages; use `/privacy` here, and only you will see the answer."
)
EXPORT_PART: Final = "Your data, part {number}."

TITLE: Final = "What I hold about you"
NOTHING: Final = "Nothing at all."
HOW_LONG_TITLE: Final = "How long I keep it"
HOW_LONG: Final = (
    "I delete a painting and its pictures after {retention}, and a picture waiting for a style "
    "after {picker}. Styles stay until they are removed."
)
FOOTER: Final = "I also keep your Discord ID and your pictures' names, but no other messages."
FINISHED_ONE: Final = "{paintings} and the pictures you gave for it"
FINISHED: Final = "{paintings} and the pictures you gave for them"
UNDER_WAY: Final = "{paintings} under way"
FAILED_ONE: Final = "the pictures of {paintings} that was not finished"
FAILED: Final = "the pictures of {paintings} that were not finished"
WAITING: Final = "{pictures} waiting for a style"
PRESET: Final = "the style {name}{where} and its picture"
PRESETS_LEFT_OUT: Final = "{styles} more; **Export** has them all"
IN_SERVER: Final = " in {server}"

FINISHED_PAINTING: Final = "finished painting"
PAINTING: Final = "painting"
WAITING_PICTURE: Final = "waiting picture"
UNFINISHED_REQUEST: Final = "unfinished request"
STYLE: Final = "style"
FAVOURITE: Final = "favourite"

EXPORT: Final = "Export"
FORGET_EVERYTHING: Final = "Forget everything…"
FORGET: Final = "Forget"
ERASE: Final = "Forget, and delete the messages"
KEEP: Final = "Keep it all"
QUESTION: Final = "**Delete all of this for good?** Paintings in progress are cancelled."
WHAT_STAYS: Final = (
    "My messages in channels stay, with the pictures on them, unless I delete them too. Other "
    "members keep what they made from your pictures."
)
KEPT: Final = "Nothing was deleted."
FORGETTING: Final = "Forgetting…"
NOTHING_LEFT: Final = "There was nothing left to forget."
FORGOTTEN: Final = "Forgotten: {what}."
MESSAGES_STAY: Final = "My messages in channels stay as they are."
MESSAGES_DELETED: Final = "{messages} of mine deleted."
MESSAGES_WAITING: Final = "{messages} will be, as soon as Discord lets me."
MESSAGES_STUCK: Final = "{messages} could not be; a moderator there can."
