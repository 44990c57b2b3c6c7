"""Every error has a sentence for members, which says what to do."""

from __future__ import annotations

import pytest

from bot.errors import (
    LimitReached,
    PictureProblem,
    PictureRefused,
    RequestProblem,
    RequestRefused,
    StoreUnavailableError,
    UnknownJobError,
)
from bot.views.text import errors, jobs, units
from bot.views.text.quoting import escaped, plain, quoted


@pytest.mark.parametrize("problem", PictureProblem)
@pytest.mark.parametrize(("got", "limit"), [(None, None), ("30000x30000", "50000000")])
def test_every_problem_of_a_picture_has_one_sentence_that_names_it(problem, got, limit):
    sentence = errors.explain(PictureRefused(problem, filename="cat.png", got=got, limit=limit))
    assert sentence is not None
    assert "`cat.png`" in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize("problem", RequestProblem)
def test_every_problem_of_a_request_has_one_sentence(problem):
    bare = errors.explain(RequestRefused(problem))
    full = errors.explain(RequestRefused(problem, detail="mosiac", suggestion="mosaic"))
    for sentence in (bare, full):
        assert sentence
        assert sentence[-1] in ".?"
        assert "None" not in sentence


@pytest.mark.parametrize("scope", ["member", "guild", "queue", "disk"])
def test_every_cap_has_one_sentence(scope):
    sentence = errors.explain(LimitReached(scope, limit=3))
    assert sentence
    assert sentence.endswith(".")
    assert ("3" in sentence) == (scope != "disk")


def test_errors_that_are_not_meant_for_members_have_none():
    assert errors.explain(ValueError("secret")) is None
    assert errors.explain(StoreUnavailableError("x")) is not None
    assert errors.explain(UnknownJobError("0123456789ab")) == errors.JOB_GONE


def test_a_misspelt_preset_gets_the_nearest_one():
    error = RequestRefused(RequestProblem.UNKNOWN_PRESET, detail="mosiac", suggestion="mosaic")
    assert errors.explain(error) == "There is no style called `mosiac`; did you mean `mosaic`?"


@pytest.mark.parametrize("text", ["@everyone", "a`b``c", "x\ny", "<@123>", "**bold**", ""])
def test_what_a_member_typed_is_quoted_as_code_on_one_line(text):
    sentence = quoted(text)
    assert sentence.startswith("`")
    assert sentence.endswith("`")
    assert "`" not in sentence[1:-1]
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[free](https://evil.example)", r"\[free\](https\://evil.example)"),
        ("https://evil.example/a_b", r"https\://evil.example\/a\_b"),
        ("discord.gg/abc", r"discord.gg\/abc"),
        ("12. a list", r"12\. a list"),
        ("# a heading", r"\# a heading"),
        ("- a list", r"\- a list"),
        ("-# small", r"\-\# small"),
        ("> a quote", r"\> a quote"),
        ("<@123> <#4> <@&5> </a:6> <t:7>", r"\<@123\> \<\#4\> \<@&5\> \</a:6\> \<t:7\>"),
        ("@everyone @Here", "@\u200beveryone @\u200bHere"),
        ("**a** __b__ ~~c~~ ||d|| `e`", r"\*\*a\*\* \_\_b\_\_ \~\~c\~\~ \|\|d\|\| \`e\`"),
        ("\\", "\\\\"),
        ("harbour-1.png × brushes.png", "harbour-1.png × brushes.png"),
    ],
)
def test_no_markup_of_a_members_words_works(text, shown):
    assert escaped(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gnp.\u202egpj.exe", "gnp.gpj.exe"),  # would be read from right to left
        ("\u2066a\u2069\u200eb\u061cc", "abc"),
        ("in\u200bvis\u200cib\u200dle\ufeff\u2060\u00ad", "invisible"),
        ("\u3164\u2800\u115f", ""),
        ("a\nb\u2028c\x00d\u0085e", "a b cd e"),
        ("z" + "\u0335" * 40, "z" + "\u0335" * 2),
        ("e\u0301t\u00e9", "e\u0301t\u00e9"),
        ("👩\u200d🎨 ❤\ufe0f\u200d🔥", "👩\u200d🎨 ❤\ufe0f\u200d🔥"),
        ("שלום", "שלום"),
    ],
)
def test_invisible_and_reordering_characters_are_removed(text, shown):
    assert plain(text) == shown
    assert escaped(text) == shown
    assert quoted(text) == f"`{shown or '?'}`"


def test_a_long_name_is_cut():
    assert len(quoted("x" * 500)) == 62


@pytest.mark.parametrize("text", ["x" * 500, "_" * 500, "a_" * 250, "@here" * 100, "_" * 256])
def test_an_escaped_name_fits_where_it_is_shown(text):
    shown = escaped(text, longest=200, most=256)
    assert 128 <= len(shown) <= 256
    assert shown.endswith("…")
    assert not shown.endswith("\\…")


@pytest.mark.parametrize(
    ("size", "sentence"),
    [(900 * 1024, "900 kB"), (25 * 1024**2, "25 MB"), (1.5 * 1024**2, "1.5 MB"), (0, "1 kB")],
)
def test_bytes_have_readable_units(size, sentence):
    assert units.megabytes(size) == sentence


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (0, "a few seconds"),
        (14, "about 10 seconds"),
        (31, "about 30 seconds"),
        (95, "about 2 minutes"),
        (3000, "about 50 minutes"),
        (7200, "about 2 hours"),
    ],
)
def test_estimates_are_no_more_exact_than_they_are(seconds, sentence):
    assert units.time_left(seconds) == sentence


@pytest.mark.parametrize(
    ("seconds", "sentence"), [(42.4, "42 s"), (60, "1 min"), (185, "3 min 5 s")]
)
def test_durations(seconds, sentence):
    assert units.duration(seconds) == sentence


@pytest.mark.parametrize(
    "code",
    ["out_of_memory", "diverged", "unreadable_picture", "empty_mask", "worker_died", "timed_out"],
)
def test_every_failure_says_what_to_do(code):
    assert ";" in jobs.failure(code)
    assert jobs.failure(code) != jobs.failure("new")


@pytest.mark.parametrize("code", ["new", None])
def test_so_does_a_failure_nobody_knows(code):
    assert "ask again" in jobs.failure(code)
