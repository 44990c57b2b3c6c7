"""What members write beside their pictures."""

from __future__ import annotations

import pytest

from bot.errors import RequestProblem, RequestRefused
from bot.exts.stylize.parser import OPTIONS, Kind, Named, ParsedText, Role, parse_text, with_options
from stylenet.recipe import Recipe


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("mosaic", "mosaic"),
        ("in the style of Starry Night, please!", "Starry Night,"),
        ("<@&123456> stained glass", "stained glass"),
        ("style=woodcut", "woodcut"),
        ('preset="stained glass" size=64', "stained glass"),
        ('"woodcut"', "woodcut"),
    ],
)
def test_what_is_left_is_a_preset_or_a_caption(text, words):
    assert parse_text(text).words.strip(",") == words.strip(",")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("size=512", {"size": 512}),
        ("size = 512 seed: 7", {"size": 512, "seed": 7}),
        ("--size=512, strength=1.5", {"size": 512, "strength": 1.5}),
        ("keep colours", {"keep_colors": True}),
        ("Keep the colors mosaic", {"keep_colors": True}),
        ("--keep-colors", {"keep_colors": True}),
        ("keep_colors=no", {"keep_colors": False}),
        ("keep=yes", {"keep_colors": True}),
        ("strokes=2", {"strokes": 2.0}),
        ("Recipe=Cookbook passes=3", {"recipe": "cookbook", "passes": 3}),
    ],
)
def test_options_are_read_as_people_write_them(text, options):
    assert parse_text(text).options == options


def test_options_and_words_mix_in_any_order():
    parsed = parse_text("size=256 stained keep colours glass swap")
    assert parsed.words == "stained glass"
    assert parsed.swap
    assert parsed.options == {"size": 256, "keep_colors": True}


@pytest.mark.parametrize(
    ("text", "detail"),
    [("size=9", "size=9"), ("size=huge", "size=huge"), ("seed=-1", "seed=-1"),
     ("strength=nan", "strength=nan"), ("recipe=soup", "recipe=soup"),
     ("keep_colors=perhaps", "keep_colors=perhaps")],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_what_it_takes(text, detail):
    refused = parse_text(text).trouble
    assert refused.problem is RequestProblem.BAD_OPTION_VALUE
    assert refused.detail == detail
    assert refused.suggestion


def test_a_misspelt_option_gets_the_nearest_one():
    parsed = parse_text("strenght=2")
    assert parsed.trouble.problem is RequestProblem.UNKNOWN_OPTION
    assert parsed.trouble.suggestion == "strength"
    assert parsed.fix == ("strength", 2.0)


def test_links_are_noticed_and_not_taken_for_options():
    parsed = parse_text("https://example.org/a.png?x=1 mosaic")
    assert parsed.has_link
    assert parsed.words == "mosaic"
    assert parsed.trouble is None


def test_options_become_changes_of_the_recipe():
    parsed = parse_text(
        "strength=2 strokes=0.5 size=128 seed=5 passes=3 keep colors recipe=cookbook"
    )
    recipe = parsed.recipe("default")
    assert recipe is Recipe.named("cookbook")
    changed = recipe.evolve(**parsed.recipe_changes(recipe))
    assert changed.style_weight == 2 * recipe.style_weight
    assert (changed.style_scale, changed.size, changed.seed) == (0.5, 128, 5)
    assert changed.passes == 3
    assert changed.keep_colors


def test_the_operators_recipe_serves_where_none_is_asked_for():
    assert parse_text("").recipe("cookbook") is Recipe.named("cookbook")
    with pytest.raises(RequestRefused):
        parse_text("").recipe("soup")


def test_options_of_a_slash_command_that_were_not_given_do_not_count():
    parsed = with_options(ParsedText(words="mosaic"), size=128, seed=None)
    assert parsed.options == {"size": 128}


def test_every_option_explains_itself():
    assert all(option.expected and option.summary for option in OPTIONS.values())


ADA = "123456789012345678"
EMOJI = "<:wave:123456789012345679>"


@pytest.mark.parametrize(
    ("text", "named", "words"),
    [
        ("me", [Named(kind=Kind.REQUESTER, is_weak=True)], ""),
        ("my avatar, mosaic", [Named(kind=Kind.REQUESTER)], "mosaic"),
        ("avatar like mosaic", [Named(kind=Kind.REQUESTER)], "mosaic"),
        ("awesome memes", [], "awesome memes"),
        (f"<@{ADA}> woodcut", [Named(kind=Kind.MEMBER, value=ADA)], "woodcut"),
        (f"<@!{ADA}>", [Named(kind=Kind.MEMBER, value=ADA)], ""),
        (f"{EMOJI} mosaic", [Named(kind=Kind.EMOJI, value=EMOJI)], "mosaic"),
        (
            f"content=me style=<@{ADA}>",
            [
                Named(kind=Kind.REQUESTER, role=Role.CONTENT, is_weak=True),
                Named(kind=Kind.MEMBER, value=ADA, role=Role.STYLE),
            ],
            "",
        ),
        (
            "|| https://cdn.example/a.png ||",
            [Named(kind=Kind.LINK, value="https://cdn.example/a.png", spoiler=True)],
            "",
        ),
    ],
)
def test_pictures_are_named_in_words(text, named, words):
    parsed = parse_text(text)
    assert list(parsed.named) == named
    assert parsed.words == words
    assert parsed.trouble is None


def test_naming_the_bot_is_no_wish_for_its_picture():
    assert parse_text(f"<@{ADA}> mosaic", me=int(ADA)) == ParsedText(words="mosaic")


@pytest.mark.parametrize(
    ("text", "blend"),
    [("weights=2:1", (2, 1)), ("weights=70%/30%", (70, 30)), ("blend=1:0:3", (1, 0, 3))],
)
def test_weights_blend_the_styles(text, blend):
    parsed = parse_text(text)
    recipe = parsed.recipe("default")
    assert recipe.evolve(**parsed.recipe_changes(recipe)).blend == blend


@pytest.mark.parametrize("text", ["weights=0:0", "weights=-1:2", "weights=much", "weights=nan:1"])
def test_weights_that_weigh_nothing_are_refused(text):
    assert parse_text(text).trouble.problem is RequestProblem.BAD_OPTION_VALUE


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("size=9", ("size", 64)),
        ("size=99999px", ("size", 2048)),
        ("strength=100", ("strength", 10)),
        ("passes=0", ("passes", 1)),
        ("recipe=fin", ("recipe", "fine")),
        ("size=huge", None),
        ("stongth=many", None),
    ],
)
def test_what_an_option_was_probably_meant_to_be(text, fix):
    parsed = parse_text(text)
    assert parsed.trouble is not None
    assert parsed.fix == fix


@pytest.mark.parametrize("text", ["mask", "with a mask", "--mask"])
def test_the_last_picture_may_be_a_mask(text):
    assert parse_text(f"mosaic {text}") == ParsedText(words="mosaic", mask=True)
