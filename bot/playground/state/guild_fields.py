"""The fields of a guild that its administrators may change, in Discord's format."""

from __future__ import annotations

from typing import Any

__all__ = ["MUTABLE_FEATURES", "default_guild_settings"]

MUTABLE_FEATURES = ("COMMUNITY", "DISCOVERABLE", "INVITES_DISABLED", "RAID_ALERTS_DISABLED")
"""The features that may be switched on and off; Discord grants the others."""


def default_guild_settings() -> dict[str, Any]:
    """Return the values that a new guild has."""
    return {
        "description": None,
        "features": [],
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "preferred_locale": "en-US",
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
    }
