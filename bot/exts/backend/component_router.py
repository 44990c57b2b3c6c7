"""The dispatcher of all buttons, menus and forms."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, cast

import discord
from discord.ext import commands

from bot.errors import AccessProblem, AccessRefused, ArtefactMissingError, UnknownJobError
from bot.exts.backend.access import check
from bot.exts.backend.bot_permissions import explain_denied_interaction
from bot.exts.backend.policy import Subject
from bot.exts.backend.responders import reply_ephemeral, sentence_for
from bot.views.components.items import start_view
from bot.views.components.routes import ROUTES, Route, find_route
from bot.views.text import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.exts.backend.admission import Admission
    from bot.exts.backend.in_flight import InFlightRequests
    from bot.exts.backend.policy import Act

__all__ = ["ComponentRouter", "Handler"]


START_INSTEAD: Final = frozenset(
    {
        AccessProblem.UNKNOWN_PICKER,
        AccessProblem.PICKER_NOT_YOURS,
        AccessProblem.UNKNOWN_SUGGESTION,
        AccessProblem.SUGGESTION_NOT_YOURS,
    }
)
"""Refusals below which a button starts a request of the member's own."""

Handler = Callable[..., Awaitable[None]]
"""Answers an interaction. It is given the fields of the custom_id by name, and the `values` that
were chosen from a menu."""


class ComponentRouter(commands.Cog):
    """Finds the handler of a custom_id, acknowledges the interaction and handles its errors."""

    def __init__(self, admission: Admission, in_flight: InFlightRequests) -> None:
        self._admission = admission
        self._in_flight = in_flight
        self._handlers: dict[Route, Handler] = {}
        self._owner_acts: dict[Route, Act | None] = {}

    def register(self, handlers: Mapping[Route, Handler], *, owner_act: Act | None = None) -> None:
        """Register handlers.

        Args:
            handlers: by their routes.
            owner_act: what only the owner named in the custom_id may do; required if a route has
                an owner.

        Raises:
            ValueError: a route has a handler already, or an owner without the act.
            TypeError: a handler does not take the fields of its route.
        """
        for route, handler in handlers.items():
            if route in self._handlers or (route.owner is not None and owner_act is None):
                raise ValueError(route)
            fields = dict.fromkeys(route.fields)
            if route.has_values:
                fields["values"] = None
            inspect.signature(handler).bind(None, **fields)
            self._handlers[route] = handler
            self._owner_acts[route] = owner_act

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
        if interaction.type in {
            discord.InteractionType.component,
            discord.InteractionType.modal_submit,
        }:
            with self._in_flight.track(functools.partial(reply_ephemeral, interaction)):
                await self._answer(interaction)

    async def _answer(self, interaction: discord.Interaction[Any]) -> None:
        data = cast("dict[str, Any]", interaction.data)
        custom_id = str(data.get("custom_id", ""))
        found = find_route(custom_id)
        handler = None if found is None else self._handlers.get(found[0])
        opens_form = found is not None and found[0].opens_form
        if not await self._admission.admit_interaction(interaction, opens_form=opens_form):
            return
        if found is None or handler is None or not _is_on_own_message(interaction):
            await reply_ephemeral(interaction, errors.OLD_BUTTON)
            return
        route, fields = found
        if route.has_values:
            fields["values"] = tuple(data.get("values", ()))
        try:
            owner_act = self._owner_acts[route]
            if route.owner is not None and owner_act is not None:
                check(owner_act, interaction, Subject(owner_id=fields[route.owner]))
            await handler(interaction, **fields)
        except (UnknownJobError, ArtefactMissingError):
            await reply_ephemeral(interaction, errors.JOB_GONE, view=start_view())
        except AccessRefused as refused:
            view = start_view() if refused.problem in START_INSTEAD else discord.utils.MISSING
            sentence = sentence_for(refused, doing=f"component {custom_id}")
            await reply_ephemeral(interaction, sentence, view=view)
        except Exception as error:
            explained = explain_denied_interaction(error, interaction)
            sentence = sentence_for(explained, doing=f"component {custom_id}")
            await reply_ephemeral(interaction, sentence)


def _is_on_own_message(interaction: discord.Interaction[Any]) -> bool:
    """Return whether a component belongs to a message of the bot's; a command's form has none."""
    message = interaction.message
    own_ids = {interaction.application_id, interaction.client.application_id}
    if interaction.client.user is not None:
        own_ids.add(interaction.client.user.id)
    return message is None or message.author.id in own_ids
