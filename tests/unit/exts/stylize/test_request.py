"""Which picture is which, and what becomes of a refused request by each remedy."""

from __future__ import annotations

import dataclasses
import json

import pytest

from bot.errors import LimitReached, PictureProblem, PictureRefused, RequestProblem, RequestRefused
from bot.exts.stylize.attachments import Found
from bot.exts.stylize.parser import Kind, Named, ParsedText, Role, parse_text
from bot.exts.stylize.request import (
    NamedPicture,
    StylizeRequest,
    arrange,
    request_from_json,
    request_to_json,
)
from bot.exts.stylize.suggestions import MASK, applied, fields, way_on
from bot.intake.job_request import PictureSource
from bot.jobs.models import Order, Origin, Place
from bot.views.components.routes import Suggestion

ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4)


def _picture(name, **more):
    return PictureSource(url=f"https://cdn.example/{name}", filename=name, **more)


A, B, C = (_picture(f"{name}.png") for name in "abc")
AVATAR = _picture("Ada's avatar", place=Place.AVATAR)
FILM = _picture("clip.mp4", content_type="video/mp4", first_frame="https://cdn.example/still")


def _named(source, role=None, *, is_weak=False):
    named = Named(kind=Kind.REQUESTER, role=role, is_weak=is_weak)
    return NamedPicture(named=named, source=source)


def _arranged(found=(), named=(), parsed=None, *, preset=False, order=Order.FIRST):
    return arrange(
        Found(pictures=tuple(found), order=order),
        named,
        parsed or ParsedText(),
        names_preset=preset,
        origin=ORIGIN,
        avatar=AVATAR,
    )


def _ask(*pictures, **more):
    return StylizeRequest(origin=ORIGIN, pictures=pictures, avatar=AVATAR, **more)


@pytest.mark.parametrize(
    ("found", "named", "preset", "pictures", "order"),
    [
        ([A, B], [], False, [A, B], Order.FIRST),
        ([A], [], False, [A], Order.NAMED),
        ([A, B], [_named(AVATAR)], False, [A, B], Order.FIRST),  # a courtesy
        ([A], [_named(AVATAR)], True, [A], Order.NAMED),
        ([A], [_named(AVATAR)], False, [A, AVATAR], Order.GUESSED),
        ([A], [_named(AVATAR, is_weak=True)], False, [A], Order.NAMED),  # paint this for me
        ([], [_named(AVATAR, is_weak=True)], True, [AVATAR], Order.NAMED),
        ([], [_named(AVATAR), _named(C)], False, [AVATAR, C], Order.FIRST),
        ([A], [_named(AVATAR, Role.CONTENT)], False, [AVATAR, A], Order.NAMED),
        ([A], [_named(AVATAR, Role.STYLE)], False, [A, AVATAR], Order.NAMED),
    ],
)
def test_which_picture_is_which(found, named, preset, pictures, order):
    ask = _arranged(found, named, preset=preset)
    assert list(ask.pictures) == pictures
    assert ask.order is order
    assert not ask.lacks_content


def test_a_style_alone_is_no_content():
    ask = _arranged([], [_named(AVATAR, Role.STYLE)])
    assert ask.lacks_content


def test_the_last_picture_is_the_mask_and_swapping_leaves_it_alone():
    ask = _arranged([A, B, C], parsed=parse_text("mask swap"))
    assert (ask.pictures, ask.mask) == ((B, A), C)
    assert _arranged([A, C], parsed=parse_text("mask")).order is Order.NAMED


def test_an_ask_survives_the_database():
    parsed = dataclasses.replace(
        parse_text("mosaic size=128 weights=2:1 keep colours <@123456789012345678>"),
        fix=("strength", 2.0),
    )
    ask = _ask(A, FILM, mask=B, order=Order.GUESSED, parsed=parsed, is_gone=True)
    again = request_from_json(json.loads(json.dumps(request_to_json(ask))))
    options = {**parsed.options, "weights": [2.0, 1.0]}  # JSON knows no tuples
    assert again == dataclasses.replace(ask, parsed=dataclasses.replace(parsed, options=options))


def _refused(name, problem=PictureProblem.NOT_A_PICTURE):
    return PictureRefused(problem, filename=name)


@pytest.mark.parametrize(
    ("refusal", "ask", "remedies", "at"),
    [
        (_refused("a.png"), _ask(A, B), "upload avatar", 0),
        (_refused("b.png"), _ask(A, B), "upload preset", 1),
        (_refused("b.png"), _ask(A, B, C), "upload leave", 1),
        (_refused("c.png"), _ask(A, B, mask=C), "upload leave", MASK),
        (_refused("clip.mp4", PictureProblem.FILM), _ask(FILM), "frame upload avatar", 0),
        (_refused("a.png", PictureProblem.DOWNLOAD_FAILED), _ask(A), "retry upload avatar", 0),
        (RequestRefused(RequestProblem.NO_PICTURES), _ask(), "upload avatar help", None),
        (RequestRefused(RequestProblem.TOO_MANY_PICTURES), _ask(A), "two blend", None),
        (RequestRefused(RequestProblem.UNKNOWN_OPTION), _ask(A), "without", None),
        (RequestRefused(RequestProblem.UNKNOWN_PRESET), _ask(A), "preset", None),
        (LimitReached("member", limit=3), _ask(A), "retry", None),
    ],
)
def test_each_refusal_has_its_remedies(refusal, ask, remedies, at):
    way = way_on(refusal, ask)
    assert " ".join(way.remedies) == remedies
    assert way.at == at


@pytest.mark.parametrize(
    ("name", "remedy", "ask", "pictures"),
    [
        ("a.png", Suggestion.AVATAR, _ask(A, B), (AVATAR, B)),
        ("b.png", Suggestion.PRESET, _ask(A, B), (A,)),
        ("b.png", Suggestion.LEAVE_OUT, _ask(A, B, C), (A, C)),
        ("b.png", Suggestion.RETRY, _ask(A, B), (A, B)),
        ("a.png", Suggestion.TWO, _ask(A, B, C), (A, B)),
        ("a.png", Suggestion.BLEND, _ask(*[A] * 7), (A,) * 5),
    ],
)
def test_a_remedy_changes_the_pictures(name, remedy, ask, pictures):
    assert applied(remedy, ask, way_on(_refused(name), ask)).pictures == pictures


def test_a_film_becomes_its_first_frame_and_a_mask_is_left_out():
    ask = _ask(A, FILM)
    still = applied(Suggestion.FIRST_FRAME, ask, way_on(_refused("clip.mp4"), ask)).pictures[1]
    assert (still.url, still.place) == ("https://cdn.example/still", Place.FIRST_FRAME)
    assert (still.content_type, still.first_frame) == (None, None)
    ask = _ask(A, B, mask=C)
    assert applied(Suggestion.LEAVE_OUT, ask, way_on(_refused("c.png"), ask)).mask is None


def test_what_comes_with_a_form_takes_its_place():
    empty = _ask()
    way = way_on(RequestRefused(RequestProblem.NO_PICTURES), empty)
    assert [field for field, _, _ in fields(empty, way)] == ["content", "style"]
    sent = {"content": A, "style": B}
    assert applied(Suggestion.UPLOAD, empty, way, sent).pictures == (A, B)
    only_style = _ask(B, lacks_content=True)
    way = way_on(RequestRefused(RequestProblem.STYLE_WITHOUT_CONTENT), only_style)
    mended = applied(Suggestion.UPLOAD, only_style, way, {"content": A})
    assert (mended.pictures, mended.lacks_content) == ((A, B), False)
    both = _ask(A, B)
    way = way_on(_refused("b.png"), both)
    assert applied(Suggestion.UPLOAD, both, way, {"content": C}).pictures == (A, C)


def test_a_mended_option_is_no_trouble_any_more():
    ask = _ask(A, B, parsed=parse_text("strenght=2 size=128"))
    way = way_on(ask.parsed.trouble, ask)
    assert way.correction == "strength=2"
    mended = applied(Suggestion.CORRECT, ask, way).parsed
    assert (mended.options, mended.trouble, mended.fix) == (
        {"size": 128, "strength": 2.0},
        None,
        None,
    )
    assert applied(Suggestion.WITHOUT, ask, way).parsed.options == {"size": 128}
