"""Buttons carry all they need in their custom_id."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.views.components.job_buttons import JobButton, Verb, job_id_of, job_view


@pytest.mark.parametrize("verb", Verb)
async def test_a_pressed_button_is_rebuilt_and_taken_to_the_desk(verb):
    pressed = []

    class JobActionHandler:
        async def pressed(self, interaction, job_id, verb):
            pressed.append((job_id, verb))

    made = JobButton("0123456789ab", verb)
    match = made.template.fullmatch(made.custom_id)
    interaction = SimpleNamespace(client=SimpleNamespace(desk=JobActionHandler()))
    again = await JobButton.from_custom_id(interaction, made.item, match)
    await again.callback(interaction)
    assert pressed == [("0123456789ab", verb)]


def test_views_never_time_out_since_that_would_take_every_button_with_it():
    view = job_view([JobButton("0123456789ab", Verb.AGAIN), JobButton("0123456789ab", Verb.DELETE)])
    assert view.timeout is None
    assert view.is_persistent()


def test_a_message_is_recognised_by_its_buttons():
    button = SimpleNamespace(custom_id="job:0123456789ab:again")
    row = SimpleNamespace(children=[SimpleNamespace(custom_id=None), button])
    assert job_id_of(SimpleNamespace(components=[row])) == "0123456789ab"
    assert job_id_of(SimpleNamespace(components=[])) is None
