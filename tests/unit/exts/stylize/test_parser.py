"""Parsing of the text beside the pictures."""

from __future__ import annotations

import pytest

from bot.errors import RequestProblem, RequestRefused
from bot.exts.stylize.parser import (
    ParsedText,
    PictureReference,
    PictureRole,
    ReferenceKind,
    has_request_words,
    parse_options,
    parse_text,
)
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
def test_words_left_over_are_a_preset_or_a_caption(text, words):
    assert parse_text(text).words.strip(",") == words.strip(",")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("size=512", {"size": 512}),
        ("size = 512 seed: 7", {"size": 512, "seed": 7}),
        ("--size=512, strength=1.5", {"size": 512, "strength": 1.5}),
        ("keep colours", {"keep_colours": True}),
        ("Keep the colors mosaic", {"keep_colours": True}),
        ("--keep-colors", {"keep_colours": True}),
        ("keep_colors=no", {"keep_colours": False}),
        ("keep=yes", {"keep_colours": True}),
        ("transparent", {"transparent": True}),
        ("message me when it's done, mosaic", {"notify": True}),
        ("DM me", {"notify": True}),
        ("don't notify me", {"notify": False}),
        ("mosaic notify", {"notify": True}),
        ("notify=yes", {"notify": True}),
        ("keep the transparency mosaic", {"transparent": True}),
        ("transparency=no", {"transparent": False}),
        ("strokes=2", {"strokes": 2.0}),
        ("Recipe=Cookbook passes=3", {"recipe": "cookbook", "passes": 3}),
    ],
)
def test_options_in_many_spellings(text, options):
    assert parse_text(text).options == options


def test_options_and_words_mix_in_any_order():
    parsed = parse_text("size=256 stained keep colours glass swap")
    assert parsed.words == "stained glass"
    assert parsed.swap
    assert parsed.options == {"size": 256, "keep_colours": True}


@pytest.mark.parametrize(
    ("text", "detail"),
    [("size=9", "size=9"), ("size=huge", "size=huge"), ("seed=-1", "seed=-1"),
     ("strength=nan", "strength=nan"), ("recipe=soup", "recipe=soup"),
     ("keep_colors=perhaps", "keep_colours=perhaps")],
)  # fmt: skip
def test_invalid_value_is_refused_with_what_is_accepted(text, detail):
    refused = parse_text(text).error
    assert refused.problem is RequestProblem.BAD_OPTION_VALUE
    assert refused.detail == detail
    assert refused.suggestion


def test_misspelt_option_suggests_the_nearest():
    parsed = parse_text("strenght=2")
    assert parsed.error.problem is RequestProblem.UNKNOWN_OPTION
    assert parsed.error.suggestion == "strength"
    assert parsed.correction == ("strength", 2.0)


def test_links_are_no_options():
    parsed = parse_text("https://example.org/a.png?x=1 mosaic")
    assert parsed.has_link
    assert parsed.words == "mosaic"
    assert parsed.error is None


def test_options_change_the_recipe():
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


def test_default_recipe_is_used_if_none_is_chosen():
    assert parse_text("").recipe("cookbook") is Recipe.named("cookbook")
    with pytest.raises(RequestRefused):
        parse_text("").recipe("soup")


def test_slash_command_options_are_taken_and_texts_are_parsed():
    values = {"size": 128, "weights": " 2 : 1", "recipe": "fine", "keep_colours": True}
    parsed = parse_options(values, preset="mosaic")
    assert parsed.options == {**values, "weights": (2.0, 1.0)}
    assert (parsed.words, parsed.names_preset, parsed.error) == ("mosaic", True, None)
    refused = parse_options({"weights": "much"}).error
    assert refused.detail == "weights=much"


ADA = "123456789012345678"
EMOJI = "<:wave:123456789012345679>"


@pytest.mark.parametrize(
    ("text", "references", "words"),
    [
        ("me", [PictureReference(kind=ReferenceKind.REQUESTER, is_ambiguous=True)], ""),
        ("my avatar, mosaic", [PictureReference(kind=ReferenceKind.REQUESTER)], "mosaic"),
        ("avatar like mosaic", [PictureReference(kind=ReferenceKind.REQUESTER)], "mosaic"),
        ("awesome memes", [], "awesome memes"),
        (f"<@{ADA}> woodcut", [PictureReference(kind=ReferenceKind.MEMBER, value=ADA)], "woodcut"),
        (f"<@!{ADA}>", [PictureReference(kind=ReferenceKind.MEMBER, value=ADA)], ""),
        (f"{EMOJI} mosaic", [PictureReference(kind=ReferenceKind.EMOJI, value=EMOJI)], "mosaic"),
        (
            f"content=me style=<@{ADA}>",
            [
                PictureReference(
                    kind=ReferenceKind.REQUESTER, role=PictureRole.CONTENT, is_ambiguous=True
                ),
                PictureReference(kind=ReferenceKind.MEMBER, value=ADA, role=PictureRole.STYLE),
            ],
            "",
        ),
        (
            "|| https://cdn.example/a.png ||",
            [
                PictureReference(
                    kind=ReferenceKind.LINK, value="https://cdn.example/a.png", spoiler=True
                )
            ],
            "",
        ),
    ],
)
def test_references_to_pictures(text, references, words):
    parsed = parse_text(text)
    assert list(parsed.references) == references
    assert parsed.words == words
    assert parsed.error is None


def test_mention_of_the_bot_is_no_reference():
    assert parse_text(f"<@{ADA}> mosaic", bot_id=int(ADA)) == ParsedText(words="mosaic")


@pytest.mark.parametrize(
    ("text", "blend"),
    [("weights=2:1", (2, 1)), ("weights=70%/30%", (70, 30)), ("blend=1:0:3", (1, 0, 3))],
)
def test_weights_blend_the_styles(text, blend):
    parsed = parse_text(text)
    recipe = parsed.recipe("default")
    assert recipe.evolve(**parsed.recipe_changes(recipe)).blend == blend


@pytest.mark.parametrize("text", ["weights=0:0", "weights=-1:2", "weights=much", "weights=nan:1"])
def test_invalid_weights_are_refused(text):
    assert parse_text(text).error.problem is RequestProblem.BAD_OPTION_VALUE


@pytest.mark.parametrize(
    ("text", "correction"),
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
def test_nearest_valid_value_is_suggested(text, correction):
    parsed = parse_text(text)
    assert parsed.error is not None
    assert parsed.correction == correction


@pytest.mark.parametrize("text", ["mask", "with a mask", "--mask"])
def test_mask_is_requested_by_word(text):
    assert parse_text(f"mosaic {text}") == ParsedText(words="mosaic", mask=True)


@pytest.mark.parametrize(
    "name",
    [
        *("me", "Me", "myself", "call me", "avatar", "my pfp", "profile picture", "mask"),
        *("with a mask", "swap", "keep colours", "size=64", "https://evil.example"),
        "<@123456789012345678>",
    ],
)
def test_words_with_a_meaning_of_their_own_name_no_preset(name):
    assert has_request_words(name)


@pytest.mark.parametrize("name", ["blue harbour", "Memes", "the scream", "swapping", "masks"])
def test_other_words_may_name_a_preset(name):
    assert not has_request_words(name)
