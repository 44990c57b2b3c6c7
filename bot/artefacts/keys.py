"""The keys under which artefacts are stored."""

from __future__ import annotations

import re
import secrets

__all__ = [
    "checkpoint_key",
    "content_key",
    "guild_preset_prefix",
    "is_working_file",
    "job_prefix",
    "mask_key",
    "preview_key",
    "result_key",
    "snapshot_key",
    "snapshot_step",
    "start_key",
    "style_key",
]

JOBS = "jobs/"
PICKERS = "pickers/"
GUILDS = "guilds/"
PREVIEW = ".preview"
PARTIAL = ".part-"

# Snapshots and results of jobs that an older version of the bot painted have no claim's number.
_SNAPSHOT = re.compile(r"jobs/[^/]+/snapshot-(?:\d+-)?(\d+)")
_WORKING_FILE = re.compile(r"jobs/[^/]+/(?:checkpoint-\d+-\d+|result(?:-\d+)?|.*\.part-[^/]*)")


def job_prefix(job_id: str) -> str:
    """Return the common prefix of a job's artefacts."""
    return f"{JOBS}{job_id}/"


def content_key(job_id: str) -> str:
    """Return the key of the content image, as uploaded."""
    return f"{JOBS}{job_id}/content"


def style_key(job_id: str, number: int) -> str:
    """Return the key of a style image, as uploaded. They are numbered from 0."""
    return f"{JOBS}{job_id}/style-{number}"


def mask_key(job_id: str, number: int) -> str:
    """Return the key of the mask of the style image with this number."""
    return f"{JOBS}{job_id}/mask-{number}"


def start_key(job_id: str) -> str:
    """Return the key of the image that optimisation starts from."""
    return f"{JOBS}{job_id}/start"


def snapshot_key(job_id: str, *, claims: int, step: int) -> str:
    """Return the key of the snapshot of a step.

    Like those of checkpoints and results, it contains the claim's number, so that a lost claim
    cannot overwrite what a later one has stored.
    """
    return f"{JOBS}{job_id}/snapshot-{claims}-{step}"


def snapshot_step(key: str) -> int | None:
    """Return the step of a snapshot's key; None if it is the key of something else."""
    match = _SNAPSHOT.fullmatch(key)
    return int(match[1]) if match else None


def checkpoint_key(job_id: str, *, claims: int, step: int) -> str:
    """Return the key of a checkpoint."""
    return f"{JOBS}{job_id}/checkpoint-{claims}-{step}"


def preview_key(picture_key: str) -> str:
    """Return the key of the preview (WebP) of an uploaded picture."""
    return f"{picture_key}{PREVIEW}"


def result_key(job_id: str, *, claims: int) -> str:
    """Return the key of the final picture."""
    return f"{JOBS}{job_id}/result-{claims}"


def is_working_file(key: str) -> bool:
    """Return whether a job's artefact is of use only while its row records it.

    These are checkpoints and results, of which a row records one each, and the unfinished files
    of a crash.
    """
    return _WORKING_FILE.fullmatch(key) is not None


def guild_preset_prefix(guild_id: int) -> str:
    """Return a new, random prefix for the pictures of a guild's preset."""
    return f"{GUILDS}{guild_id}/{secrets.token_hex(8)}/"
