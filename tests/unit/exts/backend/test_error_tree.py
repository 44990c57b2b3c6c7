"""Every error of the tree: its sentence for members, or its log line, reference and metric."""

from __future__ import annotations

import logging

import pytest

from bot import errors as tree
from bot.exts.backend.responders import sentence_for
from bot.ops.metrics import ERRORS
from bot.views.text import errors as text

MADE = {
    tree.AccessDeniedError: tree.AccessDeniedError("50013"),
    tree.AccessRefused: tree.AccessRefused(tree.AccessProblem.JOB_NOT_YOURS),
    tree.ArtefactMissingError: tree.ArtefactMissingError("jobs/a/content"),
    tree.ClaimLostError: tree.ClaimLostError("0123456789ab", claims=1),
    tree.ConfigurationError: tree.ConfigurationError("STYLEBOT_SIZE is wrong"),
    tree.DiscordError: tree.DiscordError("failed"),
    tree.DiscordRejectedError: tree.DiscordRejectedError(
        "50035", is_too_large=False, is_reply_refused=False
    ),
    tree.DiscordUnavailableError: tree.DiscordUnavailableError("503"),
    tree.IllegalTransitionError: tree.IllegalTransitionError(
        "0123456789ab", state="failed", wanted="running"
    ),
    tree.LeaseLostError: tree.LeaseLostError("0123456789ab", attempt=1),
    tree.LimitReached: tree.LimitReached("member", limit=3),
    tree.MessageNotFoundError: tree.MessageNotFoundError("10008"),
    tree.PictureRefused: tree.PictureRefused(tree.PictureProblem.TRUNCATED, filename="a.png"),
    tree.PresetRefused: tree.PresetRefused(tree.PresetProblem.UNKNOWN, word="a"),
    tree.RequestRefused: tree.RequestRefused(tree.RequestProblem.NO_PICTURES),
    tree.StorageFullError: tree.StorageFullError("no space left"),
    tree.StoreUnavailableError: tree.StoreUnavailableError("locked"),
    tree.UnknownJobError: tree.UnknownJobError("0123456789ab"),
    tree.WorkerDiedError: tree.WorkerDiedError(-9),
}
MEMBERS_ALONE = {
    tree.AccessRefused,
    tree.ArtefactMissingError,
    tree.LimitReached,
    tree.PictureRefused,
    tree.PresetRefused,
    tree.RequestRefused,
    tree.UnknownJobError,
}
"""Answers to a member that no operator needs to act on."""
BOTH = {tree.DiscordUnavailableError, tree.StorageFullError, tree.StoreUnavailableError}
"""Errors that have a sentence of their own and that the operator should know of."""


def leaves(cls):
    """The errors below one, and itself where it is raised as it is."""
    if cls not in {tree.StyleBotError, tree.Refusal}:
        yield cls
    for each in cls.__subclasses__():
        if each.__module__ == tree.__name__:
            yield from leaves(each)


def counted(error):
    return ERRORS.labels(type(error).__name__)._value.get()


def test_every_error_of_the_tree_is_made_here():
    assert set(leaves(tree.StyleBotError)) == set(MADE)


@pytest.mark.parametrize("error", [*MADE.values(), ValueError("a bug")], ids=repr)
def test_every_error_has_a_sentence_and_those_for_operators_a_log_line_and_a_metric(error, caplog):
    caplog.set_level(logging.WARNING)
    before = counted(error)
    sentence = sentence_for(error, doing="a test")
    assert sentence
    assert str(error) not in sentence or isinstance(error, tree.Refusal)
    if type(error) in MEMBERS_ALONE:
        assert text.explain(error) == sentence
        assert not caplog.records
        assert counted(error) == before
        return
    (record,) = caplog.records
    assert "a test failed" in record.getMessage()
    assert counted(error) == before + 1
    if type(error) in BOTH:  # expected outages: one line each, however many members ask
        assert text.explain(error) == sentence
        assert type(error).__name__ in record.getMessage()
        assert record.exc_info is None
    else:
        assert record.exc_info[1] is error
        reference = sentence.split("`")[1]
        assert text.INTERNAL.format(reference=reference) == sentence
        assert reference in record.getMessage()


@pytest.mark.parametrize("problem", tree.PresetProblem)
def test_every_problem_of_a_preset_has_its_sentence(problem):
    sentence = text.explain(tree.PresetRefused(problem, word="a", limit=3, suggestion="b"))
    assert sentence
    assert sentence[-1] in ".?"
