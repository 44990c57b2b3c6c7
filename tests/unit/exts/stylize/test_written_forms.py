"""Options as people write them, on phones, in other scripts and in other countries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import RequestProblem
from bot.exts.stylize.option_reader import leftover_option
from bot.exts.stylize.option_types import Number, WholeNumber
from bot.exts.stylize.options import OPTIONS
from bot.exts.stylize.parser import parse_text
from bot.presets.catalog import PresetCatalog

PRESETS = PresetCatalog(None, None)._built_in
SCRIPTS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "０１２３４５６７８９"]
WHOLE_NUMBERS = [each for each in OPTIONS.values() if isinstance(each.type, WholeNumber)]
NUMBERS = [each for each in OPTIONS.values() if isinstance(each.type, Number)]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        pytest.param("--seed 5 --size 128", {"seed": 5, "size": 128}, id="two hyphens, a space"),
        pytest.param("—size=128", {"size": 128}, id="a phone's dash"),
        pytest.param("–size 128", {"size": 128}, id="a phone's shorter dash"),
        pytest.param("size: 512", {"size": 512}, id="a colon and a space"),
        pytest.param("size 512", {"size": 512}, id="a space"),
        pytest.param("SIZE=512 Seed 3", {"size": 512, "seed": 3}, id="any case"),
        pytest.param("seed=#5", {"seed": 5}, id="a number sign"),
        pytest.param("size：５１２ seed＝７", {"size": 512, "seed": 7}, id="full-width"),
        pytest.param("ｓｉｚｅ：５１２", {"size": 512}, id="full-width letters"),
        pytest.param("seed=٥", {"seed": 5}, id="Arabic digits"),
        pytest.param("strength=1,5", {"strength": 1.5}, id="a decimal comma"),
        pytest.param("strength=1.5", {"strength": 1.5}, id="a decimal point"),
        pytest.param("strength=١٫٥", {"strength": 1.5}, id="an Arabic decimal separator"),
        pytest.param("size=1 000", {"size": 1000}, id="thousands after a space"),
        pytest.param("size=1\u202f000px", {"size": 1000}, id="thousands after a thin space"),
        pytest.param("size=1.024 seed=1,000", {"size": 1024, "seed": 1000}, id="thousands"),
        pytest.param("seed=1'000'000", {"seed": 1_000_000}, id="thousands in Switzerland"),
        pytest.param("seed=12,34,567", {"seed": 1_234_567}, id="lakhs"),
        pytest.param("strength=½ strokes=1/2", {"strength": 0.5, "strokes": 0.5}, id="fractions"),
        pytest.param("strength 2x strokes ×0.5", {"strength": 2, "strokes": 0.5}, id="times"),
        pytest.param("strength=50%", {"strength": 0.5}, id="per cent"),
        pytest.param("512px", {"size": 512}, id="pixels alone"),
        pytest.param("20 passes", {"passes": 20}, id="the number first"),
        pytest.param("size=512,strength=1,5.", {"size": 512, "strength": 1.5}, id="a sentence"),
        pytest.param("quality: fine", {"recipe": "fine"}, id="the word that members read"),
        pytest.param("weights 2:1", {"weights": (2, 1)}, id="weights after a space"),
        pytest.param("weights=2, 1", {"weights": (2, 1)}, id="weights with a comma"),
        pytest.param("weights: 1,5 : 2", {"weights": (1.5, 2)}, id="weights of a decimal comma"),
        pytest.param("keep colours = yes", {"keep_colours": True}, id="two words and a value"),
        pytest.param("don’t keep the colors", {"keep_colours": False}, id="a negation"),
        pytest.param("--no-keep-colors", {"keep_colours": False}, id="a negated flag"),
        pytest.param("--keep_colors no", {"keep_colours": False}, id="a flag with a value"),
    ],
)
def test_options_are_read_before_and_after_a_style(text, options):
    for written in (f"{text} stained glass", f"stained glass {text}"):
        parsed = parse_text(written, presets=PRESETS)
        assert parsed.error is None
        assert (dict(parsed.options), parsed.words) == (options, "stained glass")


@pytest.mark.parametrize(
    ("text", "detail", "suggestion"),
    [
        ("--foo mosaic", "foo", None),
        ("—foo=3 mosaic", "foo", None),
        ("strenght 2 mosaic", "strenght", "strength"),
        ("--sieze 200", "sieze", "size"),
        ("x=5", "x", None),
    ],
)
def test_what_looks_like_an_option_and_is_none_is_named(text, detail, suggestion):
    error = parse_text(text, presets=PRESETS).error
    assert (error.problem, error.detail) == (RequestProblem.UNKNOWN_OPTION, detail)
    assert error.suggestion == suggestion


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("size huge", "size"),
        ("size", "size"),
        ("--size", "size"),
        ("size=", "size"),
        ("size 9", "size"),
        ("seed -5", "seed"),
    ],
)
def test_an_option_without_a_valid_value_is_named(text, named):
    error = parse_text(text, presets=PRESETS).error
    assert error.problem is RequestProblem.BAD_OPTION_VALUE
    assert error.detail.partition("=")[0] == named


@pytest.mark.parametrize(
    ("words", "is_caption", "named"),
    [
        ("mosaic 512", False, "512"),
        ("steps 20 mosaic", False, "steps 20"),
        ("512", True, "512"),
        ("day 3 at the sea", True, None),
        ("summer 2024", True, None),
        ("my dog", False, None),
    ],
)
def test_numbers_beside_a_style_are_no_part_of_it(words, is_caption, named):
    found = leftover_option(words, PRESETS, is_caption=is_caption)
    assert (None if found is None else found[0].detail) == named


@pytest.mark.parametrize("text", ["size matters to them", "seeds and weights", "blend of all"])
def test_captions_with_the_name_of_an_option_are_captions(text):
    parsed = parse_text(text, presets=PRESETS)
    assert parsed.error is None
    assert not parsed.options


def test_nothing_but_a_ratio_is_weights():
    assert parse_text("2:1", presets=PRESETS).options == {"weights": (2, 1)}


@pytest.mark.parametrize("text", ["no mask", "without a mask", "--no-mask", "no swap"])
def test_flags_can_be_negated(text):
    parsed = parse_text(f"mosaic {text}")
    assert (parsed.mask, parsed.swap, parsed.words) == (False, False, "mosaic")


FORMS = [
    "{n}={v}",
    "{n} = {v}",
    "{n}:{v}",
    "{n}: {v}",
    "{n} {v}",
    "--{n} {v}",
    "—{n}={v}",
    "-{n} {v}",
]


@given(data=st.data())
def test_every_form_of_every_whole_number_is_the_same(data):
    option = data.draw(st.sampled_from(WHOLE_NUMBERS))
    value = data.draw(st.integers(option.type.lowest, option.type.highest))
    grouping = data.draw(st.sampled_from(["", " ", "\u00a0", "_", ",", ".", "'"]))
    written = f"{value:,}".replace(",", grouping)
    digits = data.draw(st.sampled_from(SCRIPTS))
    written = written.translate(str.maketrans("0123456789", digits))
    name = data.draw(st.sampled_from([option.name, option.name.upper(), *option.aliases]))
    text = data.draw(st.sampled_from(FORMS)).format(n=name, v=written)
    parsed = parse_text(f"{text} mosaic", presets=PRESETS)
    assert (dict(parsed.options), parsed.words) == ({option.name: value}, "mosaic")


@given(data=st.data())
def test_every_form_of_every_number_is_the_same(data):
    option = data.draw(st.sampled_from(NUMBERS))
    value = data.draw(st.decimals(str(option.type.lowest), str(option.type.highest), places=2))
    written = str(value).replace(".", data.draw(st.sampled_from([".", ",", "٫"])))
    text = data.draw(st.sampled_from(FORMS)).format(n=option.name, v=written)
    parsed = parse_text(f"{text} mosaic", presets=PRESETS)
    assert (dict(parsed.options), parsed.words) == ({option.name: float(value)}, "mosaic")


@given(
    text=st.lists(
        st.sampled_from(["size", "=", ":", "--", "—", "5", "1,5", "mosaic", "neon", "+", "me", '"'])
        | st.text(max_size=8)
    ).map(" ".join)
)
def test_no_text_fails_and_no_value_is_out_of_range(text):
    parsed = parse_text(text, presets=PRESETS)
    for name, value in parsed.options.items():
        if isinstance(OPTIONS[name].type, WholeNumber | Number):
            assert OPTIONS[name].type.lowest <= value <= OPTIONS[name].type.highest
