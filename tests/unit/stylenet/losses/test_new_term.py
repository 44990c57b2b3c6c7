"""A new term of the loss is a class and its place in the table, and nothing else."""

from __future__ import annotations

import json

import pytest

import stylenet
from stylenet import cli
from stylenet.engine.objective import Objective
from stylenet.losses import loss
from stylenet.losses.targets import measure_targets
from stylenet.losses.term import TermValue
from stylenet.recipe import Recipe

RECIPE = Recipe(name="plain", passes=5)
WEIGHT = 1e6


class DarknessTerm:
    """Pulls every pixel towards black."""

    name = "darkness"
    is_reported = True

    def __init__(self, inputs):
        assert inputs.recipe.style_weight > 0

    def __call__(self, measured):
        value = WEIGHT * (measured.picture / 255).square().mean()
        return TermValue(minimised=(value,), reported=value.detach())


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(loss, "TERMS", (*loss.TERMS, DarknessTerm))


def test_a_new_term_is_added_to_the_loss_and_to_the_total(
    network, content, style, to_tensor, monkeypatch
):
    picture = to_tensor(content)
    targets = measure_targets(network, picture, [to_tensor(style)], RECIPE)
    before = Objective(network, targets, RECIPE).evaluate(picture)
    monkeypatch.setattr(loss, "TERMS", (*loss.TERMS, DarknessTerm))
    after = Objective(network, targets, RECIPE).evaluate(picture)

    value = WEIGHT * float((picture / 255).square().mean())
    assert after.losses["darkness"] == pytest.approx(value, rel=1e-5)
    assert after.losses.total == pytest.approx(before.losses.total + value, rel=1e-5)
    assert after.loss == pytest.approx(before.loss + value, rel=1e-5)
    gradient = before.gradient + 2 * WEIGHT * picture / 255**2 / picture.numel()
    assert after.gradient == pytest.approx(gradient, abs=1e-4 * float(gradient.abs().max()))
    assert {name: after.losses[name] for name in before.losses} == dict(before.losses)


@pytest.mark.usefixtures("registered")
def test_a_new_term_is_reported_at_every_step_and_after_resuming(content, style):
    def paint(**options):
        return list(stylenet.paint(content, [style], RECIPE, device="cpu", **options))

    events = paint(checkpoint_seconds=0)
    *_, painting = events
    progress = [event for event in events if isinstance(event, stylenet.Progress)]
    for event in (*progress, painting):
        assert set(event.losses) == {"content", "darkness", "style", "total_variation"}
        assert event.losses["darkness"] > 0
        assert event.losses.total == pytest.approx(sum(event.losses.values()))
    checkpoint = next(event for event in events if isinstance(event, stylenet.Checkpoint))
    resumed = paint(resume=checkpoint.state)
    again = [event for event in resumed if isinstance(event, stylenet.Progress)]
    assert [event.losses for event in again] == [event.losses for event in progress[1:]]


@pytest.mark.usefixtures("registered")
def test_the_command_line_reports_a_new_term(tmp_path, content, style, capsys):
    (tmp_path / "recipe.json").write_text(RECIPE.to_json())
    content.save(tmp_path / "content.png")
    style.save(tmp_path / "style.png")
    names = ("content.png", "style.png", "--recipe", "recipe.json", "-o", "out.png")
    arguments = [name if name.startswith("-") else str(tmp_path / name) for name in names]
    assert cli.main(["paint", *arguments, "--device", "cpu", "--json"]) == 0
    facts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(fact["losses"]["darkness"] > 0 for fact in facts if fact["event"] == "progress")
    assert facts[-1]["losses"]["darkness"] > 0
