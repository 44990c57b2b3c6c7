"""The keys under which artefacts are stored."""

from __future__ import annotations

import secrets

__all__ = [
    "checkpoint_key",
    "content_key",
    "guild_preset_prefix",
    "job_prefix",
    "mask_key",
    "preview_key",
    "result_key",
    "snapshot_key",
    "start_key",
    "style_key",
]

JOBS = "jobs/"
PICKERS = "pickers/"
GUILDS = "guilds/"
PREVIEW = ".preview"


def job_prefix(job_id: str) -> str:
    """What the keys of everything that belongs to a job begin with."""
    return f"{JOBS}{job_id}/"


def content_key(job_id: str) -> str:
    """The content picture as the member gave it."""
    return f"{JOBS}{job_id}/content"


def style_key(job_id: str, number: int) -> str:
    """A style picture as the member gave it, numbered from 0."""
    return f"{JOBS}{job_id}/style-{number}"


def mask_key(job_id: str, number: int) -> str:
    """The mask of the style picture of that number."""
    return f"{JOBS}{job_id}/mask-{number}"


def start_key(job_id: str) -> str:
    """The picture that painting begins from."""
    return f"{JOBS}{job_id}/start"


def snapshot_key(job_id: str, step: int) -> str:
    """The picture as it stood after so many steps."""
    return f"{JOBS}{job_id}/snapshot-{step}"


def checkpoint_key(job_id: str, *, claims: int, step: int) -> str:
    """Resumable state; the claim's number keeps a claim that was lost from writing over it."""
    return f"{JOBS}{job_id}/checkpoint-{claims}-{step}"


def preview_key(picture_key: str) -> str:
    """The reduced copy (WebP) of a member's picture, beside the picture itself."""
    return f"{picture_key}{PREVIEW}"


def result_key(job_id: str) -> str:
    """The final picture."""
    return f"{JOBS}{job_id}/result"


def guild_preset_prefix(guild_id: int) -> str:
    """A new place for one style of a guild's own; every key of it begins so."""
    return f"{GUILDS}{guild_id}/{secrets.token_hex(8)}/"
