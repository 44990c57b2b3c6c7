"""Describe which of Discord's operations and events the playground serves."""

from __future__ import annotations

from bot.playground.gateway.sessions import SENT_EVENTS
from bot.playground.rest.route_table import discord_operations, operation_key
from bot.playground.server import Playground

__all__ = ["describe_coverage"]

DISCORD_EVENTS = [
    "READY",
    "RESUMED",
    "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
    "AUTO_MODERATION_RULE_CREATE",
    "AUTO_MODERATION_RULE_UPDATE",
    "AUTO_MODERATION_RULE_DELETE",
    "AUTO_MODERATION_ACTION_EXECUTION",
    "CHANNEL_CREATE",
    "CHANNEL_UPDATE",
    "CHANNEL_DELETE",
    "CHANNEL_PINS_UPDATE",
    "THREAD_CREATE",
    "THREAD_UPDATE",
    "THREAD_DELETE",
    "THREAD_LIST_SYNC",
    "THREAD_MEMBER_UPDATE",
    "THREAD_MEMBERS_UPDATE",
    "ENTITLEMENT_CREATE",
    "ENTITLEMENT_UPDATE",
    "ENTITLEMENT_DELETE",
    "GUILD_CREATE",
    "GUILD_UPDATE",
    "GUILD_DELETE",
    "GUILD_AUDIT_LOG_ENTRY_CREATE",
    "GUILD_BAN_ADD",
    "GUILD_BAN_REMOVE",
    "GUILD_EMOJIS_UPDATE",
    "GUILD_STICKERS_UPDATE",
    "GUILD_INTEGRATIONS_UPDATE",
    "GUILD_MEMBER_ADD",
    "GUILD_MEMBER_REMOVE",
    "GUILD_MEMBER_UPDATE",
    "GUILD_MEMBERS_CHUNK",
    "GUILD_ROLE_CREATE",
    "GUILD_ROLE_UPDATE",
    "GUILD_ROLE_DELETE",
    "GUILD_SCHEDULED_EVENT_CREATE",
    "GUILD_SCHEDULED_EVENT_UPDATE",
    "GUILD_SCHEDULED_EVENT_DELETE",
    "GUILD_SCHEDULED_EVENT_USER_ADD",
    "GUILD_SCHEDULED_EVENT_USER_REMOVE",
    "GUILD_SOUNDBOARD_SOUND_CREATE",
    "GUILD_SOUNDBOARD_SOUND_UPDATE",
    "GUILD_SOUNDBOARD_SOUND_DELETE",
    "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
    "SOUNDBOARD_SOUNDS",
    "INTEGRATION_CREATE",
    "INTEGRATION_UPDATE",
    "INTEGRATION_DELETE",
    "INTERACTION_CREATE",
    "INVITE_CREATE",
    "INVITE_DELETE",
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_DELETE_BULK",
    "MESSAGE_REACTION_ADD",
    "MESSAGE_REACTION_REMOVE",
    "MESSAGE_REACTION_REMOVE_ALL",
    "MESSAGE_REACTION_REMOVE_EMOJI",
    "MESSAGE_POLL_VOTE_ADD",
    "MESSAGE_POLL_VOTE_REMOVE",
    "PRESENCE_UPDATE",
    "STAGE_INSTANCE_CREATE",
    "STAGE_INSTANCE_UPDATE",
    "STAGE_INSTANCE_DELETE",
    "SUBSCRIPTION_CREATE",
    "SUBSCRIPTION_UPDATE",
    "SUBSCRIPTION_DELETE",
    "TYPING_START",
    "USER_UPDATE",
    "VOICE_CHANNEL_EFFECT_SEND",
    "VOICE_STATE_UPDATE",
    "VOICE_SERVER_UPDATE",
    "WEBHOOKS_UPDATE",
]
"""The gateway's events, as Discord's reference lists them."""


def describe_coverage() -> str:
    """Return the served operations and events among all of Discord's, as Markdown."""
    served_routes = {operation_key(r.method, r.path) for r in Playground().rest_routes()}
    by_path: dict[str, tuple[list[str], list[str]]] = {}
    operations = discord_operations()
    served_count = 0
    for method, path in operations:
        is_served = operation_key(method, path) in served_routes
        served_count += is_served
        by_path.setdefault(path, ([], []))[not is_served].append(method)
    lines = [
        f"## Operations: {served_count} of Discord's {len(operations)}",
        "",
        "| path | served | not served |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{path}` | {', '.join(served)} | {', '.join(missing)} |"
        for path, (served, missing) in by_path.items()
    ]
    sent = [name for name in DISCORD_EVENTS if name in SENT_EVENTS]
    unsent = [name for name in DISCORD_EVENTS if name not in SENT_EVENTS]
    lines += [
        "",
        f"## Events: {len(sent)} of Discord's {len(DISCORD_EVENTS)}",
        "",
        "Sent: " + ", ".join(f"`{name}`" for name in sent) + ".",
        "",
        "Not sent: " + ", ".join(f"`{name}`" for name in unsent) + ".",
        "",
    ]
    return "\n".join(lines)
