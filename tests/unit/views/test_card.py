"""The card in each of its states."""

from __future__ import annotations

import pytest

from bot.jobs.job_inputs import InputImage, InputSource, Interpretation, RoleAssignment
from bot.jobs.models import JobState
from bot.views.card import CardFacts, bar, render_card, shown_title
from bot.views.components.items import JOB_EMOJIS
from bot.views.components.routes import JobAction
from bot.views.details import details_embed
from bot.views.text import jobs
from stylenet.recipe import Recipe

LOSSES = {"content": 120_000.0, "style": 3.2e6, "total_variation": 900.0, "total": 3_320_900.0}


def _buttons(card):
    return [
        (component["custom_id"], component.get("disabled", False))
        for row in card.view.to_components()
        for component in row["components"]
    ]


def test_a_waiting_job_says_its_place_and_can_be_cancelled(make_job):
    card = render_card(make_job(), CardFacts(place=3, seconds_left=95))
    assert "2 paintings before this one" in card.embed.description
    assert "about 2 minutes" in card.embed.description
    assert _buttons(card) == [
        ("job:0123456789ab:cancel", False), ("job:0123456789ab:notify", False)
    ]  # fmt: skip
    assert card.embed.footer.text == "job 0123456789ab"


def test_a_title_of_markup_fits_into_the_card_and_the_details(make_job):
    job = make_job(title=f"{'_' * 250}.png × Mosaic")
    for embed in (render_card(job, CardFacts()).embed, details_embed(job)):
        assert len(embed.title) <= 256


def test_the_next_job_says_that_it_is_next(make_job):
    assert "next in line" in render_card(make_job(), CardFacts(place=1)).embed.description


def test_a_running_job_shows_bar_step_and_time(make_job):
    job = make_job(state=JobState.RUNNING, step=10, total=40, losses=LOSSES, snapshot_step=8)
    card = render_card(job, CardFacts(seconds_left=31, done=0.25, picture=b"webp"))
    text = card.embed.description
    assert "**25%**" in text
    assert "step 10, about 30 seconds left" in text
    assert card.embed.image.url == "attachment://step-8.webp"
    assert card.files[0].description == "The painting tubingen.jpg × The Scream, after step 8"


def test_the_bar_is_full_only_when_the_painting_has_ended(make_job):
    job = make_job(state=JobState.RUNNING, step=40, total=40)
    assert "**99%**" in render_card(job, CardFacts(done=1.0)).embed.description


def test_a_running_job_before_its_first_step_is_preparing(make_job):
    text = render_card(make_job(state=JobState.RUNNING), CardFacts()).embed.description
    assert "Getting ready" in text


def test_a_job_asked_to_stop_says_so_and_its_button_is_disabled(make_job):
    job = make_job(state=JobState.RUNNING, step=1, total=2, cancel_requested=True)
    card = render_card(job, CardFacts())
    assert "Stopping" in card.embed.description
    assert _buttons(card) == [("job:0123456789ab:cancel", True)]


def test_an_interrupted_job_shows_how_far_it_was(make_job):
    job = make_job(attempts=1, step=10, total=40)
    text = render_card(job, CardFacts(place=1, done=0.25)).embed.description
    assert "25%" in text
    assert "will resume by itself" in text


def test_a_finished_card_is_small_full_and_without_buttons(make_job):
    job = make_job(state=JobState.SUCCEEDED, step=40, total=40, paint_seconds=42.2, losses=LOSSES)
    card = render_card(job, CardFacts(picture=b"webp"))
    assert bar(1) in card.embed.description
    assert "**Painted in 42 s**, 40 steps." in card.embed.description
    assert card.embed.image.url is None
    assert card.embed.thumbnail.url == "attachment://painted.webp"
    assert _buttons(card) == []


def test_what_was_taken_is_shown_large_until_something_is_painted(make_job):
    waiting = render_card(make_job(), CardFacts(inputs=b"sheet"))
    assert waiting.embed.image.url == "attachment://taken.webp"
    assert waiting.embed.thumbnail.url is None
    [taken] = waiting.files
    assert taken.description == "The picture to repaint, tubingen.jpg, beside the style, The Scream"
    job = make_job(state=JobState.RUNNING, step=1, total=2, snapshot_step=1)
    painting = render_card(job, CardFacts(picture=b"webp", inputs=b"sheet"))
    assert painting.embed.image.url == "attachment://step-1.webp"
    assert painting.embed.thumbnail.url == "attachment://taken.webp"


def test_what_was_taken_is_said_first_and_shown_once_there_is_something_to_see(make_job):
    understood = Interpretation(
        content=InputImage(name="a.png", place=InputSource.REPLIED_TO),
        styles=(InputImage(name="b.png", place=InputSource.ATTACHED),),
        order=RoleAssignment.GUESSED,
    )
    waiting = render_card(make_job(interpretation=understood), CardFacts(place=1)).embed.description
    assert waiting.index("Repainting **a.png**") < waiting.index("Waiting")
    job = make_job(interpretation=understood, state=JobState.RUNNING, step=1, total=2)
    painting = render_card(job, CardFacts()).embed.description
    assert "Repainting" not in painting
    assert "**Swap**" in painting


def test_the_card_says_what_was_understood(make_job):
    base = Recipe.named("default")
    recipe = base.evolve(
        size=512, seed=42, style_weight=2 * base.style_weight, style_scale=1.5, keep_colors=True
    )
    text = render_card(make_job(recipe=recipe), CardFacts()).embed.description
    assert text.endswith("-# 512 px · style ×2 · strokes ×1.5 · own colours kept · seed 42")


def test_a_failed_card_says_why(make_job):
    job = make_job(state=JobState.FAILED, error_code="out_of_memory")
    assert "too large for my memory" in render_card(job, CardFacts()).embed.description


@pytest.mark.parametrize(("step", "text"), [(0, "before it began"), (20, "at 50%")])
def test_a_cancelled_card_says_when(make_job, step, text):
    job = make_job(state=JobState.CANCELLED, step=step, total=40)
    card = render_card(job, CardFacts(done=0.5 if step else 0))
    assert text in card.embed.description
    assert [custom_id for custom_id, _ in _buttons(card)] == [
        "job:0123456789ab:again",
        "job:0123456789ab:delete",
    ]


def test_a_spoiler_stays_one_and_out_of_the_embed(make_job):
    job = make_job(state=JobState.RUNNING, step=1, total=2, spoiler=True, snapshot_step=1)
    card = render_card(job, CardFacts(picture=b"webp", inputs=b"sheet"))
    assert [file.filename for file in card.files] == ["SPOILER_step-1.webp"]
    assert card.embed.image.url is None
    waiting = render_card(make_job(spoiler=True), CardFacts(inputs=b"sheet"))
    assert [file.filename for file in waiting.files] == ["SPOILER_taken.webp"]
    assert waiting.embed.image.url is None


def test_states_differ_in_words_not_only_in_colour(make_job):
    texts = {
        render_card(make_job(state=state, step=1, total=2), CardFacts()).embed.description
        for state in JobState
    }
    assert len(texts) == len(JobState)


@pytest.mark.parametrize(
    ("done", "full"), [(0, 0), (0.001, 1), (0.5, 6), (0.999, 11), (1, 12), (1.5, 12)]
)
def test_the_bar_is_neither_full_before_the_end_nor_empty_after_the_start(done, full):
    assert bar(done).count("▰") == full
    assert len(bar(done)) == 12


def test_a_title_carries_no_mention_and_no_markup(make_job):
    title = shown_title(make_job(title="@everyone_**x**.png × <@123>"))
    assert "@everyone" not in title
    assert "**x**" not in title


def test_every_action_has_a_button():
    assert set(JOB_EMOJIS) == set(jobs.LABELS) == set(JobAction)
