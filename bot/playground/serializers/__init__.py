"""Serialize records to Discord's JSON, as REST v10 and the gateway send it."""

from bot.playground.serializers.identities import (
    emoji,
    emoji_key,
    iso,
    member,
    role,
    sticker,
    sticker_item,
    user,
)
from bot.playground.serializers.serializer import Serializer

__all__ = [
    "Serializer",
    "emoji",
    "emoji_key",
    "iso",
    "member",
    "role",
    "sticker",
    "sticker_item",
    "user",
]
