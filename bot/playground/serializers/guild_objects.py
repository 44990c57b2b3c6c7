"""Serialize bans, audit log entries, webhooks and invites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.serializers.identities import iso, iso_or_none, user

if TYPE_CHECKING:
    from bot.playground.state.audit_entries import AuditLogEntry
    from bot.playground.state.records import Application, Ban, Channel, Guild, Json, User
    from bot.playground.state.webhooks import Invite, Webhook

__all__ = ["audit_log_entry", "ban", "integration", "invite", "invite_metadata", "webhook"]


def ban(record: Ban) -> Json:
    """Return a ban."""
    return {"user": user(record.user), "reason": record.reason}


def audit_log_entry(record: AuditLogEntry) -> Json:
    """Return an entry of the audit log."""
    shape: Json = {
        "id": record.id,
        "action_type": int(record.action),
        "user_id": record.user_id,
        "target_id": record.target_id,
    }
    if record.changes:
        shape["changes"] = record.changes
    if record.options:
        shape["options"] = dict(record.options)
    if record.reason is not None:
        shape["reason"] = record.reason
    return shape


def integration(application: Application, bot: User) -> Json:
    """Return the integration that an application is in a guild."""
    return {
        "id": application.id,
        "name": application.name,
        "type": "discord",
        "enabled": True,
        "account": {"id": application.id, "name": application.name},
        "application": {
            "id": application.id,
            "name": application.name,
            "icon": None,
            "description": application.description,
            "summary": "",
            "type": None,
            "bot": user(bot),
        },
        "scopes": ["applications.commands", "bot"],
        "user": user(application.owner),
    }


def webhook(record: Webhook, *, application_id: str, api_url: str | None) -> Json:
    """Return a channel webhook.

    Args:
        record: the webhook.
        application_id: id of the application that created it.
        api_url: base of the API's addresses; None leaves out the token and the address, for
            readers who may not post with it.
    """
    shape: Json = {
        "id": record.id,
        "type": 1,
        "application_id": application_id,
        "name": record.name,
        "avatar": record.avatar,
        "channel_id": record.channel_id,
        "guild_id": record.guild_id,
    }
    if api_url is not None:
        shape["user"] = user(record.creator)
        shape["token"] = record.token
        shape["url"] = f"{api_url}/webhooks/{record.id}/{record.token}"
    return shape


def invite_metadata(record: Invite) -> Json:
    """Return how an invite may be used, and how often it was."""
    return {
        "uses": record.uses,
        "max_uses": record.max_uses,
        "max_age": record.max_age,
        "temporary": record.temporary,
        "created_at": iso(record.created_at),
    }


def invite(record: Invite, guild: Guild, channel: Channel) -> Json:
    """Return an invite, without its metadata."""
    return {
        "type": 0,
        "code": record.code,
        "inviter": user(record.inviter),
        "expires_at": iso_or_none(record.expires_at),
        "flags": 0,
        "guild_id": guild.id,
        "guild": {
            "id": guild.id,
            "name": guild.name,
            "splash": None,
            "banner": None,
            "description": guild.settings["description"],
            "icon": guild.icon,
            "features": guild.settings["features"],
            "verification_level": guild.settings["verification_level"],
            "vanity_url_code": None,
            "nsfw_level": 0,
            "nsfw": False,
            "premium_subscription_count": guild.boosts,
        },
        "channel": {"id": channel.id, "type": int(channel.type), "name": channel.name},
    }
