"""Which picture is which, and what becomes of a refused request by each remedy."""

from __future__ import annotations

import dataclasses
import json

import pytest

from bot.errors import LimitReached, PictureProblem, PictureRefused, RequestProblem, RequestRefused
from bot.exts.stylize.attachments import Found
from bot.exts.stylize.parser import Kind, Named, Role, Wish, read_wish
from bot.exts.stylize.request import Ask, NamedPicture, arrange, ask_from_json, ask_to_json
from bot.exts.stylize.suggestions import MASK, applied, fields, way_on
from bot.intake.request import PictureSource
from bot.jobs.models import Order, Origin, Place
from bot.views.components.suggestions import Remedy

ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4)


def _picture(name, **more):
    return PictureSource(url=f"https://cdn.example/{name}", filename=name, **more)


A, B, C = (_picture(f"{name}.png") for name in "abc")
AVATAR = _picture("Ada's avatar", place=Place.AVATAR)
FILM = _picture("clip.mp4", content_type="video/mp4", first_frame="https://cdn.example/still")


def _named(source, role=None, *, is_weak=False):
    named = Named(kind=Kind.REQUESTER, role=role, is_weak=is_weak)
    return NamedPicture(named=named, source=source)


def _arranged(found=(), named=(), wish=None, *, preset=False, order=Order.FIRST):
    return arrange(
        Found(pictures=tuple(found), order=order),
        named,
        wish or Wish(),
        names_preset=preset,
        origin=ORIGIN,
        avatar=AVATAR,
    )


def _ask(*pictures, **more):
    return Ask(origin=ORIGIN, pictures=pictures, avatar=AVATAR, **more)


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
    ask = _arranged([A, B, C], wish=read_wish("mask swap"))
    assert (ask.pictures, ask.mask) == ((B, A), C)
    assert _arranged([A, C], wish=read_wish("mask")).order is Order.NAMED


def test_an_ask_survives_the_database():
    wish = dataclasses.replace(
        read_wish("mosaic size=128 weights=2:1 keep colours <@123456789012345678>"),
        fix=("strength", 2.0),
    )
    ask = _ask(A, FILM, mask=B, order=Order.GUESSED, wish=wish, is_gone=True)
    again = ask_from_json(json.loads(json.dumps(ask_to_json(ask))))
    options = {**wish.options, "weights": [2.0, 1.0]}  # JSON knows no tuples
    assert again == dataclasses.replace(ask, wish=dataclasses.replace(wish, options=options))


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
        ("a.png", Remedy.AVATAR, _ask(A, B), (AVATAR, B)),
        ("b.png", Remedy.PRESET, _ask(A, B), (A,)),
        ("b.png", Remedy.LEAVE_OUT, _ask(A, B, C), (A, C)),
        ("b.png", Remedy.RETRY, _ask(A, B), (A, B)),
        ("a.png", Remedy.TWO, _ask(A, B, C), (A, B)),
        ("a.png", Remedy.BLEND, _ask(*[A] * 7), (A,) * 5),
    ],
)
def test_a_remedy_changes_the_pictures(name, remedy, ask, pictures):
    assert applied(remedy, ask, way_on(_refused(name), ask)).pictures == pictures


def test_a_film_becomes_its_first_frame_and_a_mask_is_left_out():
    ask = _ask(A, FILM)
    still = applied(Remedy.FIRST_FRAME, ask, way_on(_refused("clip.mp4"), ask)).pictures[1]
    assert (still.url, still.place) == ("https://cdn.example/still", Place.FIRST_FRAME)
    assert (still.content_type, still.first_frame) == (None, None)
    ask = _ask(A, B, mask=C)
    assert applied(Remedy.LEAVE_OUT, ask, way_on(_refused("c.png"), ask)).mask is None


def test_what_comes_with_a_form_takes_its_place():
    empty = _ask()
    way = way_on(RequestRefused(RequestProblem.NO_PICTURES), empty)
    assert [field for field, _, _ in fields(empty, way)] == ["content", "style"]
    sent = {"content": A, "style": B}
    assert applied(Remedy.UPLOAD, empty, way, sent).pictures == (A, B)
    only_style = _ask(B, lacks_content=True)
    way = way_on(RequestRefused(RequestProblem.STYLE_WITHOUT_CONTENT), only_style)
    mended = applied(Remedy.UPLOAD, only_style, way, {"content": A})
    assert (mended.pictures, mended.lacks_content) == ((A, B), False)
    both = _ask(A, B)
    way = way_on(_refused("b.png"), both)
    assert applied(Remedy.UPLOAD, both, way, {"content": C}).pictures == (A, C)


def test_a_mended_option_is_no_trouble_any_more():
    ask = _ask(A, B, wish=read_wish("strenght=2 size=128"))
    way = way_on(ask.wish.trouble, ask)
    assert way.correction == "strength=2"
    mended = applied(Remedy.CORRECT, ask, way).wish
    assert (mended.options, mended.trouble, mended.fix) == (
        {"size": 128, "strength": 2.0},
        None,
        None,
    )
    assert applied(Remedy.WITHOUT, ask, way).wish.options == {"size": 128}
