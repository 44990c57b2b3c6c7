"""REST routes of interaction callbacks and of their webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.rest.request_parsing import read_body
from bot.playground.rest.responses import json_response, no_content

if TYPE_CHECKING:
    from bot.playground.interactions.interaction_payloads import Interaction
    from bot.playground.interactions.interaction_service import InteractionService
    from bot.playground.messages.message_service import MessageService
    from bot.playground.serializers import Serializer
    from bot.playground.state.records import Message
    from bot.playground.state.state import State

__all__ = ["InteractionRoutes"]

ORIGINAL = "@original"


class InteractionRoutes:
    """Routes authorized by an interaction's token instead of the bot's."""

    def __init__(
        self,
        state: State,
        interactions: InteractionService,
        messages: MessageService,
        serializer: Serializer,
    ) -> None:
        self._state = state
        self._interactions = interactions
        self._messages = messages
        self._serializer = serializer

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path, without those of messages."""
        return [web.post("/interactions/{interaction_id}/{token}/callback", self._callback)]

    def _interaction(self, request: web.Request) -> Interaction:
        return self._interactions.get_by_token(
            request.match_info["application_id"], request.match_info["token"]
        )

    def _message_response(self, message: Message) -> web.Response:
        return json_response(self._serializer.message(message, viewer=self._state.bot.id))

    async def _callback(self, request: web.Request) -> web.Response:
        path = request.match_info
        interaction = self._interactions.get_pending(path["interaction_id"], path["token"])
        limit = self._state.upload_limit(interaction.channel)
        body = await read_body(request, file_limit=limit)
        # Check again: another callback or the timeout may have come first while reading.
        interaction = self._interactions.get_pending(path["interaction_id"], path["token"])
        answered = self._interactions.answer(interaction, body)
        if request.query.get("with_response", "").lower() in ("1", "true"):
            return json_response(answered)
        return no_content()

    async def follow_up(self, request: web.Request) -> web.Response:
        """Send a follow-up message."""
        interaction = self._interaction(request)
        limit = self._state.upload_limit(interaction.channel)
        body = await read_body(request, file_limit=limit)
        return self._message_response(self._interactions.follow_up(interaction, body))

    async def get(self, request: web.Request) -> web.Response:
        """Return a response."""
        interaction = self._interaction(request)
        message_id = request.match_info.get("message_id", ORIGINAL)
        return self._message_response(self._interactions.find_response(interaction, message_id))

    async def edit(self, request: web.Request) -> web.Response:
        """Edit a response."""
        interaction = self._interaction(request)
        limit = self._state.upload_limit(interaction.channel)
        body = await read_body(request, file_limit=limit)
        message_id = request.match_info.get("message_id", ORIGINAL)
        return self._message_response(self._interactions.edit(interaction, message_id, body))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a response."""
        interaction = self._interaction(request)
        message_id = request.match_info.get("message_id", ORIGINAL)
        self._messages.delete(self._interactions.find_response(interaction, message_id))
        return no_content()
