"""Cards, results, the queue and the buttons of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.views.components.routes import JobAction, Strength
from bot.views.text.units import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.jobs.models import Job

__all__ = ["cancelled", "failure", "outcome", "place_in_queue"]

SECTION: Final = "What is being painted, and how to stop it."
QUEUE_HELP: Final = "Show your paintings under way, and how busy the queue is."
CANCEL_HELP: Final = (
    "Cancel your newest painting, all of them, or one by its job ID.\n\n"
    "`all` cancels all of them. Reply to a card or a result to cancel that one. Members who can "
    "manage messages can cancel others' paintings too, by job ID or reply."
)
CANCEL_JOB: Final = "A job ID, or all; empty for your newest"
AGAIN_HELP: Final = (
    "Paint a new variation of your last painting.\n\n"
    "Reply to a card or a result to repaint that one, whoever asked for it."
)

LABELS: Final[Mapping[JobAction, str]] = {
    JobAction.CANCEL: "Cancel",
    JobAction.NOTIFY: "Message me when done",
    JobAction.AGAIN: "Again",
    JobAction.RESTYLE: "Another style",
    JobAction.STYLE: "More style",
    JobAction.CONTENT: "More content",
    JobAction.KEEP: "Keep colours",
    JobAction.RECOLOUR: "Style's colours",
    JobAction.LARGER: "Larger",
    JobAction.TWICE: "Quick 2×",
    JobAction.SMALLER: "Smaller",
    JobAction.TIMELAPSE: "Time-lapse",
    JobAction.POST_TIMELAPSE: "Post the time-lapse",
    JobAction.FAVOURITE: "Favourite",
    JobAction.DETAILS: "Details",
    JobAction.DELETE: "Delete",
}
"""Labels of the buttons."""
STRENGTHS: Final[Mapping[Strength, str]] = {
    Strength.LIGHTEST: "Much lighter",
    Strength.LIGHTER: "Lighter",
    Strength.SAME: "Style strength: as it was",
    Strength.STRONGER: "Stronger",
    Strength.STRONGEST: "Much stronger",
}
"""Labels of the menu that makes a lighter or a stronger variation."""
AFTER_ALL: Final = "Paint it after all"
CANCEL_NUMBER: Final = "Cancel {number}"

ACCEPTED: Final = "Got it! The card in this channel shows the progress."
ACCEPTED_SEVERAL: Final = "Got it, {paintings}! Their cards in this channel show the progress."
ALREADY_ENDED: Final = "This painting has ended already."
DELETED_HERE_ONLY: Final = (
    "I could not delete this message; ask a moderator. I have deleted its pictures on my side."
)
NO_FRAMES: Final = "I have no time-lapse of this one; press **Again** for a painting that has it."
TIMELAPSE_READY: Final = "How **{title}** was painted."
TIMELAPSE_ALT: Final = "Time-lapse of {title}"
TIMELAPSE_TOO_LARGE: Final = "The time-lapse does not fit into a message here."
FAVOURITE_ADDED: Final = "♥ Added to your favourites; `/gallery` shows them."
FAVOURITE_REMOVED: Final = "Removed from your favourites."
NOTHING_TO_REPEAT: Final = (
    "You have no painting to repeat yet; start one with `{prefix}stylize` and a picture."
)
SENT_PRIVATELY: Final = "I can no longer post in {channel}, so I am sending it to you here."
UNTITLED: Final = "a painting"

# A direct message when a painting is done.
WILL_NOTIFY: Final = "I'll message you"
NOTIFY_ON: Final = (
    "I'll send you a direct message when it is done. Press again if you'd rather not."
)
NOTIFY_OFF: Final = "All right, no direct message."
NOTICE_DONE: Final = "{title} is done."
NOTICE_FAILED: Final = "{title} could not be painted: {why}."
NOTICE_UNDELIVERED: Final = (
    "{who}, you asked for a direct message, but yours are closed to me, so I am telling you here."
)
TO_OUTCOME: Final = "See it in the channel"

# The card.
STOPPING: Final = "**Stopping…** after the current step."
GETTING_READY: Final = "**Getting ready…**"
IN_LINE: Final = "**Waiting** in line."
NEXT_IN_LINE: Final = "**Waiting**, next in line."
WAITING: Final = "**Waiting**, {before} before this one."
PAUSED: Final = "**Paused** while I restart; it will resume by itself."
INTERRUPTED: Final = "**Interrupted**; it will resume by itself."
DONE_IN: Final = " Done in {time}."
STEP: Final = "**Painting**, step {step}"
TIME_LEFT: Final = "{step}, {time} left"
PAINTED: Final = "**Painted in {time}**."
PAINTED_STEPS: Final = "**Painted in {time}**, {steps} steps."
NOT_PAINTED: Final = "**Not painted**: {why}."
CANCELLED_AT: Final = "**Cancelled** at {percent}%."
CANCELLED_BEFORE: Final = "**Cancelled** before it began."
INPUTS_ALT: Final = "The picture to repaint, {content}, beside the style, {styles}"
UNNAMED_STYLE: Final = "its style"
PICTURE_ALT: Final = "The painting {title}, after step {step}"
FINISHED_ALT: Final = "The painting {title}, finished"
RESULT_ALT: Final = "{title}, painted by style transfer"
STRIP_ALT: Final = "Side by side: {content} before, the painting after, and the style {styles}"

# The queue.
QUEUE_TITLE: Final = "Queue"
YOURS_TITLE: Final = "Yours"
SERVER_TITLE: Final = "This server"
NONE_UNDER_WAY: Final = "Nothing right now. Start one with `{prefix}stylize` and a picture."
YOURS_LEFT_OUT: Final = "-# and {paintings} more of yours"
YOURS_HIDDEN: Final = "-# {paintings} of yours elsewhere; `/queue` shows them to you alone."
RUNNING_HIDDEN: Final = "{count} in channels that not everyone sees"
ELSEWHERE_IN_SERVERS: Final = "{paintings} more in servers; everyone takes turns"
ELSEWHERE: Final = "{paintings} more in other servers; everyone takes turns"
ALL_IDLE: Final = "Nothing is being painted, and nobody is waiting."
PAINTING_NOW: Final = "Painting now: {members}.\n{waiting}."
NOTHING_PAINTED: Final = "Nothing is being painted.\n{waiting}."
CARD_LINK: Final = "card"
STOPPING_SHORT: Final = "stopping…"
STATUS_DONE_IN: Final = "{status}, done in {time}"
SOME_WAITING: Final = "{paintings} waiting"
NOBODY_WAITING: Final = "Nobody is waiting"

# What a variation would make, or why it cannot.
STYLE_STRONGEST_WHY: Final = "The style is as strong as I can make it; choose a lighter one."
CONTENT_STRONGEST_WHY: Final = (
    "The picture shows as clearly as I can make it; choose a stronger one."
)
SAME_STRENGTH_WHY: Final = "That is how it was painted; choose a lighter or a stronger one."
TWICE_WHY: Final = (
    "Twice as large would be {wanted} pixels on the longest side, and I paint up to {size}; "
    "**Larger** goes as far as I can."
)
TWICE_OF_LARGEST_WHY: Final = "This is as large as I paint: {size} pixels on the longest side."
LARGER: Final = "Larger ({size} px)"
LARGEST: Final = "Largest ({size} px)"
LARGEST_WHY: Final = "This is the largest I paint: {size} pixels on the longest side."
SMALLER: Final = "Smaller ({size} px)"
SMALLEST: Final = "Smallest ({size} px)"
SMALLEST_WHY: Final = "This is the smallest for this button; ask again with a smaller `size`."

# The details.
RECIPE: Final = "Recipe"
SEED: Final = "Seed"
SIZE: Final = "Size"
WEIGHTS: Final = "Weights"
COLOURS: Final = "Colours"
TIME: Final = "Time"
BEGAN_FROM: Final = "Began from"
PAINTED_ON: Final = "Painted on"
LOSSES: Final = "Losses"
REPRODUCE: Final = "Reproduce it yourself"
RECIPE_VALUE: Final = "{name}, {passes:g} passes"
WEIGHTS_VALUE: Final = "content {content:g}, style {style:g}, smoothness {smoothness:g}"
OWN_COLOURS: Final = "the picture's own"
STYLE_COLOURS: Final = "the style's"
NOT_BEGUN: Final = "not begun"
EARLIER_PAINTING: Final = "an earlier painting"
AS_THE_PICTURE: Final = "as the picture"
ENCLOSED_ALT: Final = "A picture used by the command"
RECIPE_ALT: Final = "The settings of this painting"

LOSS_WORDS: Final[Mapping[str, str]] = {
    "content": "likeness",
    "style": "style",
    "total_variation": "smoothness",
}
"""Members' words for the terms of the loss; any other term keeps its name."""

_FAILURES: Mapping[str, str] = {
    "out_of_memory": (
        "the picture is too large for my memory; press **Smaller**, or ask with a smaller `size`"
    ),
    "diverged": "the colours went wrong; press **Again**, or ask with a lower `strength`",
    "unreadable_picture": "one of the pictures could not be read; save it again as PNG or JPEG",
    "empty_mask": "the mask leaves no room for the style; paint white where it should go",
    "timed_out": "it took far longer than it should; press **Smaller**, or ask for fewer `passes`",
    "worker_died": "the painting kept stopping halfway; ask again in a while",
}


def failure(code: str | None) -> str:
    """Why a job failed and what to do, by `executors.protocol.Failed.code`."""
    return _FAILURES.get(code or "", "something went wrong on my side; ask again in a minute")


def outcome(job: Job, *, title: str, has_picture: bool) -> str:
    """The message with a job's outcome; it mentions the requester and nobody else."""
    who = f"<@{job.origin.requester_id}>"
    if has_picture:
        return f"{who}, here is {title}."
    return f"{who}, {title} could not be painted: {failure(job.error_code)}."


def cancelled(titles: Sequence[str]) -> str:
    """The answer to `cancel`."""
    match titles:
        case []:
            return "You have no such painting in progress."
        case [title]:
            return f"Cancelled {title}."
        case _:
            return f"Cancelled {count(len(titles), 'painting')}."


def place_in_queue(place: int | None) -> str:
    """Where in the queue a job is; 1 is the next, None if that is not known."""
    if place is None:
        return "waiting"
    return "waiting, next in line" if place == 1 else f"waiting, number {place} in line"
