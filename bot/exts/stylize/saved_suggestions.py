"""Refusing in one sentence, with buttons that do something about it."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import StyleBotError
from bot.exts.stylize.request import request_from_json, request_to_json
from bot.exts.stylize.suggestions import Way, way_on
from bot.jobs.models import SavedRequest, new_offer_id
from bot.views.components.items import suggestion_view
from bot.views.components.routes import Suggestion
from bot.views.text import sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.errors import Refusal
    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.responders import Responder
    from bot.exts.stylize.request import StylizeRequest

__all__ = ["SavedSuggestion", "find", "refuse"]

logger = logging.getLogger(__name__)


class SavedSuggestion:
    """An offer as it was kept: what was asked, and the way on from it."""

    def __init__(self, offer: SavedRequest) -> None:
        self.offer_id = offer.offer_id
        self.requester_id = offer.requester_id
        self.is_used = offer.used_at is not None
        self.ask: StylizeRequest = request_from_json(offer.ask["ask"])
        self.way = _way(offer.ask["way"])


async def refuse(
    dependencies: Dependencies, responder: Responder, ask: StylizeRequest, refusal: Refusal
) -> None:
    """Say why a request cannot be served, and offer what can be done about it.

    Where the offer cannot be kept, the sentence stands alone.
    """
    way = way_on(refusal, ask)
    text = sentences.explain(refusal) or str(refusal)
    if not way.remedies:
        await responder.say(text)
        return
    offer = SavedRequest(
        offer_id=new_offer_id(),
        requester_id=ask.origin.requester_id,
        ask={"ask": request_to_json(ask), "way": asdict(way)},
        created_at=datetime.now(UTC),
    )
    try:
        await dependencies.store.offers.save(offer)
    except StyleBotError as error:
        logger.warning("an offer is not made, for it cannot be kept: %s", error)
        await responder.say(text)
        return
    view = suggestion_view(offer.offer_id, way.remedies, correction=way.correction)
    await responder.say(text, view=view)


async def find(dependencies: Dependencies, offer_id: str) -> SavedSuggestion | None:
    """The offer of this id, used or not; None when it has expired."""
    offer = await dependencies.store.offers.get(offer_id)
    oldest = datetime.now(UTC) - timedelta(seconds=dependencies.settings.picker_seconds)
    return None if offer is None or offer.created_at < oldest else SavedSuggestion(offer)


def _way(held: Mapping[str, Any]) -> Way:
    option = held["option"]
    return Way(
        remedies=tuple(Suggestion(each) for each in held["remedies"]),
        at=held["at"],
        option=None if option is None else (option[0], option[1]),
        preset=held["preset"],
        drops_preset=held["drops_preset"],
    )
