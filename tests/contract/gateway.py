"""Payloads of the gateway, in the form of `tests.contract.checker`.

Written from Discord's reference: its OpenAPI document describes REST alone. Objects that both
share extend REST's.
"""

from __future__ import annotations

from typing import Any

STATUS = ["enum", "online", "idle", "dnd", "invisible", "offline"]

OBJECTS: dict[str, dict[str, Any]] = {
    "MemberOfMessage": {
        "avatar": ["one", "null", "string"],
        "banner": ["one", "null", "string"],
        "communication_disabled_until": ["one", "null", "date-time"],
        "flags": "int32",
        "joined_at": "date-time",
        "nick": ["one", "null", "string"],
        "pending": "boolean",
        "premium_since": ["one", "null", "date-time"],
        "roles": ["list", "snowflake"],
        "mute": "boolean",
        "deaf": "boolean",
    },
    "OwnUser": {
        "extends": "UserResponse",
        "verified": "boolean",
        "mfa_enabled": "boolean",
        "email": ["one", "null", "string"],
    },
    "MemberOfGuild": {"extends": "GuildMemberResponse", "guild_id": "snowflake"},
    "MemberOfInteraction": {"extends": "GuildMemberResponse", "permissions": "permissions"},
    "ResolvedMember": {"extends": "MemberOfMessage", "permissions": "permissions"},
    "MentionedUser": {"extends": "UserResponse", "member?": "MemberOfMessage"},
    "GatewayMessage": {
        "extends": "MessageResponse",
        "guild_id?": "snowflake",
        "member?": "MemberOfMessage",
        "mentions": ["list", "MentionedUser"],
    },
    "GatewayGuild": {
        "extends": "GuildWithCountsResponse",
        "joined_at": "date-time",
        "large": "boolean",
        "unavailable": "boolean",
        "member_count": "integer",
        "voice_states": ["list", "any"],
        "members": ["list", "GuildMemberResponse"],
        "channels": ["list", "GuildChannelResponse"],
        "threads": ["list", "ThreadResponse"],
        "presences": ["list", "any"],
        "stage_instances": ["list", "any"],
        "guild_scheduled_events": ["list", "any"],
        "soundboard_sounds": ["list", "any"],
    },
    "Emoji": {"id": ["one", "null", "snowflake"], "name": "string", "animated?": "boolean"},
    "CommandOption": {
        "name": "string",
        "type": "integer",
        "value?": ["one", "string", "number", "boolean"],
        "options?": ["list", "CommandOption"],
        "focused?": "boolean",
    },
    "ResolvedChannel": {"extends": "GuildChannelResponse", "permissions": "permissions"},
    "ResolvedDirectChannel": {"extends": "PrivateChannelResponse", "permissions": "permissions"},
    "Resolved": {
        "users?": ["map", "UserResponse"],
        "members?": ["map", "ResolvedMember"],
        "roles?": ["map", "GuildRoleResponse"],
        "channels?": ["map", "ResolvedChannel"],
        "messages?": ["map", "MessageResponse"],
        "attachments?": ["map", "MessageAttachmentResponse"],
    },
    "CommandData": {
        "id": "snowflake",
        "name": "string",
        "type": ["enum", 1, 2, 3],
        "options?": ["list", "CommandOption"],
        "target_id?": "snowflake",
        "guild_id?": "snowflake",
        "resolved?": "Resolved",
    },
    "ComponentData": {
        "id": "int32",
        "custom_id": "string",
        "component_type": ["enum", 2, 3, 5, 6, 7, 8],
        "values?": ["list", "string"],
        "resolved?": "Resolved",
    },
    "SubmittedComponent": {
        "type": "integer",
        "id": "int32",
        "custom_id?": "string",
        "value?": "string",
        "values?": ["list", "string"],
        "component?": "SubmittedComponent",
        "components?": ["list", "SubmittedComponent"],
    },
    "ModalData": {
        "custom_id": "string",
        "components": ["list", "SubmittedComponent"],
        "resolved?": "Resolved",
    },
    "Interaction": {
        "id": "snowflake",
        "application_id": "snowflake",
        "channel_id": "snowflake",
        "channel": ["one", "ResolvedChannel", "ResolvedDirectChannel"],
        "token": "string",
        "version": ["enum", 1],
        "app_permissions": "permissions",
        "locale": "string",
        "entitlements": ["list", "any"],
        "authorizing_integration_owners": ["map", "snowflake"],
        "context": ["enum", 0, 1, 2],
        "attachment_size_limit": "integer",
        "user?": "UserResponse",
        "guild_id?": "snowflake",
        "guild?": {"id": "snowflake", "locale": "string", "features": ["list", "string"]},
        "guild_locale?": "string",
        "member?": "MemberOfInteraction",
        "message?": "MessageResponse",
    },
    "CommandInteraction": {"extends": "Interaction", "type": ["enum", 2, 4], "data": "CommandData"},
    "ComponentInteraction": {
        "extends": "Interaction",
        "type": ["enum", 3],
        "data": "ComponentData",
    },
    "ModalInteraction": {"extends": "Interaction", "type": ["enum", 5], "data": "ModalData"},
}

FRAMES: dict[int, Any] = {
    7: "null",
    9: "boolean",
    10: {"heartbeat_interval": "integer", "_trace": ["list", "string"]},
    11: "null",
}
"""Data of the frames that are no dispatch, by opcode."""

_GUILD = {"guild_id?": "snowflake"}
_REACTION = {"channel_id": "snowflake", "message_id": "snowflake", **_GUILD}
_USER_REACTION = {
    **_REACTION,
    "user_id": "snowflake",
    "emoji": "Emoji",
    "burst": "boolean",
    "type": ["enum", 0, 1],
}
_VOTE = {**_REACTION, "user_id": "snowflake", "answer_id": "integer"}

EVENTS: dict[str, Any] = {
    "READY": {
        "v": ["enum", 9, 10],
        "user": "OwnUser",
        "guilds": ["list", {"id": "snowflake", "unavailable": "boolean"}],
        "session_id": "string",
        "resume_gateway_url": "uri",
        "shard": ["list", "integer"],
        "application": {"id": "snowflake", "flags": "integer"},
        "private_channels": ["list", "any"],
        "relationships": ["list", "any"],
        "presences": ["list", "any"],
        "user_settings": ["map", "any"],
        "session_type": "string",
        "geo_ordered_rtc_regions": ["list", "string"],
        "_trace": ["list", "string"],
    },
    "RESUMED": {"_trace": ["list", "string"]},
    "GUILD_CREATE": "GatewayGuild",
    "GUILD_UPDATE": "GuildWithCountsResponse",
    "GUILD_DELETE": {"id": "snowflake", "unavailable?": "boolean"},
    "GUILD_MEMBER_ADD": "MemberOfGuild",
    "GUILD_MEMBER_UPDATE": "MemberOfGuild",
    "GUILD_MEMBER_REMOVE": {"guild_id": "snowflake", "user": "UserResponse"},
    "GUILD_MEMBERS_CHUNK": {
        "guild_id": "snowflake",
        "members": ["list", "GuildMemberResponse"],
        "chunk_index": "integer",
        "chunk_count": "integer",
        "not_found": ["list", "snowflake"],
        "presences?": ["list", "any"],
        "nonce?": "string",
    },
    "CHANNEL_CREATE": "GuildChannelResponse",
    "CHANNEL_UPDATE": "GuildChannelResponse",
    "CHANNEL_DELETE": "GuildChannelResponse",
    "CHANNEL_PINS_UPDATE": {
        "channel_id": "snowflake",
        "last_pin_timestamp": ["one", "null", "date-time"],
        **_GUILD,
    },
    "MESSAGE_CREATE": "GatewayMessage",
    "MESSAGE_UPDATE": "GatewayMessage",
    "MESSAGE_DELETE": {"id": "snowflake", "channel_id": "snowflake", **_GUILD},
    "MESSAGE_DELETE_BULK": {"ids": ["list", "snowflake"], "channel_id": "snowflake", **_GUILD},
    "MESSAGE_REACTION_ADD": {
        **_USER_REACTION,
        "member?": "GuildMemberResponse",
        "message_author_id?": "snowflake",
    },
    "MESSAGE_REACTION_REMOVE": _USER_REACTION,
    "MESSAGE_REACTION_REMOVE_ALL": _REACTION,
    "MESSAGE_REACTION_REMOVE_EMOJI": {**_REACTION, "emoji": "Emoji"},
    "MESSAGE_POLL_VOTE_ADD": _VOTE,
    "MESSAGE_POLL_VOTE_REMOVE": _VOTE,
    "TYPING_START": {
        "channel_id": "snowflake",
        "user_id": "snowflake",
        "timestamp": "integer",
        **_GUILD,
        "member?": "GuildMemberResponse",
    },
    "PRESENCE_UPDATE": {
        "user": {"id": "snowflake"},
        "guild_id": "snowflake",
        "status": STATUS,
        "activities": ["list", "any"],
        "client_status": ["map", "string"],
    },
    "INTERACTION_CREATE": ["one", "CommandInteraction", "ComponentInteraction", "ModalInteraction"],
}
"""Data of the events that the playground sends."""
