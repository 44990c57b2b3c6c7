"""REST: callbacks of interactions, and the webhook by which they go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.bodies import read_body
from bot.playground.rest import answer, no_content

if TYPE_CHECKING:
    from bot.playground.interaction_shapes import Interaction
    from bot.playground.interactions import Interactions
    from bot.playground.messages import Messages
    from bot.playground.records import Message
    from bot.playground.state import State
    from bot.playground.wire import Wire

__all__ = ["RestInteractions"]


class RestInteractions:
    """Routes that carry an interaction's token instead of the bot's."""

    def __init__(
        self, state: State, interactions: Interactions, messages: Messages, rendered: Wire
    ) -> None:
        self._state = state
        self._interactions = interactions
        self._messages = messages
        self._wire = rendered

    def routes(self) -> list[web.RouteDef]:
        """The routes, from behind the API's version."""
        webhook = "/webhooks/{application_id}/{token}"
        message = webhook + "/messages/{message_id}"
        return [
            web.post("/interactions/{interaction_id}/{token}/callback", self._callback),
            web.post(webhook, self._follow_up),
            web.get(message, self._get),
            web.patch(message, self._edit),
            web.delete(message, self._delete),
        ]

    def _interaction(self, request: web.Request) -> Interaction:
        return self._interactions.authorized(
            request.match_info["application_id"], request.match_info["token"]
        )

    def _answer(self, message: Message) -> web.Response:
        return answer(self._wire.message(message, viewer=self._state.bot.id))

    async def _callback(self, request: web.Request) -> web.Response:
        path = request.match_info
        interaction = self._interactions.pending(path["interaction_id"], path["token"])
        limit = self._state.upload_limit(interaction.channel)
        body = await read_body(request, file_limit=limit)
        # Reading takes time: another callback may have come first, or the three seconds passed.
        interaction = self._interactions.pending(path["interaction_id"], path["token"])
        answered = self._interactions.answer(interaction, body)
        if request.query.get("with_response", "").lower() in ("1", "true"):
            return answer(answered)
        return no_content()

    async def _follow_up(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        limit = self._state.upload_limit(interaction.channel)
        body = await read_body(request, file_limit=limit)
        return self._answer(self._interactions.follow_up(interaction, body))

    async def _get(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        message_id = request.match_info["message_id"]
        return self._answer(self._interactions.message_of(interaction, message_id))

    async def _edit(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        limit = self._state.upload_limit(interaction.channel)
        body = await read_body(request, file_limit=limit)
        message_id = request.match_info["message_id"]
        return self._answer(self._interactions.edit(interaction, message_id, body))

    async def _delete(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        message_id = request.match_info["message_id"]
        self._messages.delete(self._interactions.message_of(interaction, message_id))
        return no_content()
