"""The dispatcher of all buttons, menus and forms."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import discord
from discord.ext import commands

from bot.errors import ArtefactMissingError, UnknownJobError
from bot.exts.backend.responders import defer, reply_ephemeral, sentence_for
from bot.views.components.items import start_view
from bot.views.components.routes import ROUTES, Route, find_route
from bot.views.text import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ComponentRouter", "Handler"]


Handler = Callable[..., Awaitable[None]]
"""Answers an interaction. It is given the fields of the custom_id by name, and the `values` that
were chosen from a menu."""


class ComponentRouter(commands.Cog):
    """Finds the handler of a custom_id, acknowledges the interaction and handles its errors."""

    def __init__(self) -> None:
        self._handlers: dict[Route, Handler] = {}
        self._not_owner: dict[Route, str] = {}

    def register(self, handlers: Mapping[Route, Handler], *, not_owner: str = "") -> None:
        """Register handlers.

        Args:
            handlers: by their routes.
            not_owner: sentence for members who press another member's button; required if a
                route has an owner.

        Raises:
            ValueError: a route has a handler already, or an owner without the sentence.
            TypeError: a handler does not take the fields of its route.
        """
        for route, handler in handlers.items():
            if route in self._handlers or (route.owner is not None and not not_owner):
                raise ValueError(route)
            fields = dict.fromkeys(route.fields)
            if route.has_values:
                fields["values"] = None
            inspect.signature(handler).bind(None, **fields)
            self._handlers[route] = handler
            self._not_owner[route] = not_owner

    def check_complete(self) -> None:
        """Make sure that every route has its handler.

        Raises:
            LookupError: one has none.
        """
        unhandled = [route for route in ROUTES if route not in self._handlers]
        if unhandled:
            raise LookupError(unhandled)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Dispatch a component or a form to its handler."""
        if interaction.type not in {
            discord.InteractionType.component,
            discord.InteractionType.modal_submit,
        }:
            return
        data = cast("dict[str, Any]", interaction.data)
        custom_id = str(data.get("custom_id", ""))
        found = find_route(custom_id)
        handler = None if found is None else self._handlers.get(found[0])
        if found is None or handler is None:
            await reply_ephemeral(interaction, errors.OLD_BUTTON)
            return
        route, fields = found
        if not route.opens_form and not await defer(interaction):
            return
        if route.owner is not None and fields[route.owner] != interaction.user.id:
            await reply_ephemeral(interaction, self._not_owner[route])
            return
        if route.has_values:
            fields["values"] = tuple(data.get("values", ()))
        try:
            await handler(interaction, **fields)
        except (UnknownJobError, ArtefactMissingError):
            await reply_ephemeral(interaction, errors.JOB_GONE, view=start_view())
        except Exception as error:
            await reply_ephemeral(interaction, sentence_for(error, doing=f"component {custom_id}"))
