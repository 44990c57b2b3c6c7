"""Which picture is which, suggestions for refused requests, and how requests are saved."""

from __future__ import annotations

import dataclasses
import json

import pytest

from bot.errors import LimitReached, PictureProblem, PictureRefused, RequestProblem, RequestRefused
from bot.exts.stylize.attachments import MessagePictures
from bot.exts.stylize.parser import (
    ParsedText,
    PictureReference,
    PictureRole,
    ReferenceKind,
    parse_text,
)
from bot.exts.stylize.request import (
    REQUEST_JSON,
    ResolvedReference,
    StylizeRequest,
    build_request,
)
from bot.exts.stylize.suggestions import (
    REFUSED_REQUEST_JSON,
    RefusedRequest,
    SuggestionSet,
    apply_suggestion,
    suggestions_for,
)
from bot.exts.stylize.upload_form import MASK_INDEX, form_fields, form_of
from bot.intake.job_request import PictureSource
from bot.jobs.job_inputs import InputSource, RoleAssignment
from bot.jobs.models import Origin
from bot.views.components.routes import Suggestion

ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4)


def _picture(name, **more):
    return PictureSource(url=f"https://cdn.example/{name}", filename=name, **more)


A, B, C = (_picture(f"{name}.png") for name in "abc")
AVATAR = _picture("Ada's avatar", place=InputSource.AVATAR)
VIDEO = _picture("clip.mp4", content_type="video/mp4", first_frame="https://cdn.example/still")


def _resolved(source, role=None, *, is_ambiguous=False):
    reference = PictureReference(kind=ReferenceKind.REQUESTER, role=role, is_ambiguous=is_ambiguous)
    return ResolvedReference(reference=reference, source=source)


def _build(found=(), resolved=(), parsed=None, *, preset=False, order=RoleAssignment.FIRST):
    return build_request(
        MessagePictures(pictures=tuple(found), order=order),
        resolved,
        parsed or ParsedText(),
        names_preset=preset,
        origin=ORIGIN,
        avatar=AVATAR,
    )


def _request(*pictures, **more):
    return StylizeRequest(origin=ORIGIN, pictures=pictures, avatar=AVATAR, **more)


@pytest.mark.parametrize(
    ("found", "resolved", "preset", "pictures", "order"),
    [
        ([A, B], [], False, [A, B], RoleAssignment.FIRST),
        ([A], [], False, [A], RoleAssignment.NAMED),
        ([A, B], [_resolved(AVATAR)], False, [A, B], RoleAssignment.FIRST),  # a courtesy
        ([A], [_resolved(AVATAR)], True, [A], RoleAssignment.NAMED),
        ([A], [_resolved(AVATAR)], False, [A, AVATAR], RoleAssignment.GUESSED),
        (
            [A],
            [_resolved(AVATAR, is_ambiguous=True)],
            False,
            [A],
            RoleAssignment.NAMED,
        ),  # paint this for me
        ([], [_resolved(AVATAR, is_ambiguous=True)], True, [AVATAR], RoleAssignment.NAMED),
        ([], [_resolved(AVATAR), _resolved(C)], False, [AVATAR, C], RoleAssignment.FIRST),
        ([A], [_resolved(AVATAR, PictureRole.CONTENT)], False, [AVATAR, A], RoleAssignment.NAMED),
        ([A], [_resolved(AVATAR, PictureRole.STYLE)], False, [A, AVATAR], RoleAssignment.NAMED),
    ],
)
def test_order_of_pictures(found, resolved, preset, pictures, order):
    request = _build(found, resolved, preset=preset)
    assert list(request.pictures) == pictures
    assert request.order is order
    assert not request.lacks_content


def test_style_alone_lacks_content():
    request = _build([], [_resolved(AVATAR, PictureRole.STYLE)])
    assert request.lacks_content


def test_last_picture_is_the_mask_and_is_not_swapped():
    request = _build([A, B, C], parsed=parse_text("mask swap"))
    assert (request.pictures, request.mask) == ((B, A), C)
    assert _build([A, C], parsed=parse_text("mask")).order is RoleAssignment.NAMED


def test_request_is_saved_and_read_back():
    parsed = dataclasses.replace(
        parse_text("mosaic size=128 weights=2:1 keep colours <@123456789012345678>"),
        correction=("strength", 2.0),
    )
    request = _request(
        A, VIDEO, mask=B, order=RoleAssignment.GUESSED, parsed=parsed, reply_is_missing=True
    )
    again = REQUEST_JSON.validate_python(
        json.loads(json.dumps(REQUEST_JSON.dump_python(request, mode="json")))
    )
    options = {**parsed.options, "weights": [2.0, 1.0]}  # JSON knows no tuples
    assert again == dataclasses.replace(
        request, parsed=dataclasses.replace(parsed, options=options)
    )


EARLIER_FORMAT = {
    "ask": {
        "origin": {"guild_id": 1, "channel_id": 2, "message_id": 3, "requester_id": 4},
        "pictures": [],
        "lacks_content": True,
        "mask": None,
        "order": "named",
        "avatar": {
            "url": "https://cdn.example/Ada's avatar",
            "filename": "Ada's avatar",
            "size": None,
            "content_type": None,
            "spoiler": False,
            "place": "avatar",
            "first_frame": None,
        },
        "is_gone": True,
        "wish": {
            "words": "mosaic",
            "names_preset": True,
            "options": {"size": 128},
            "mask": False,
            "named": [
                {
                    "kind": "requester",
                    "value": "",
                    "role": "style",
                    "is_weak": True,
                    "spoiler": False,
                }
            ],
            "fix": ["strength", 2.0],
        },
    },
    "way": {
        "remedies": ["correct", "without"],
        "at": 0,
        "option": ["strength", 2.0],
        "preset": None,
        "drops_preset": False,
    },
}


def test_requests_saved_by_earlier_versions_are_read():
    reference = PictureReference(
        kind=ReferenceKind.REQUESTER, role=PictureRole.STYLE, is_ambiguous=True
    )
    parsed = ParsedText(
        words="mosaic",
        names_preset=True,
        options={"size": 128},
        references=(reference,),
        correction=("strength", 2.0),
    )
    assert REFUSED_REQUEST_JSON.validate_python(EARLIER_FORMAT) == RefusedRequest(
        request=_request(lacks_content=True, reply_is_missing=True, parsed=parsed),
        suggested=SuggestionSet(
            suggestions=(Suggestion.CORRECT, Suggestion.WITHOUT),
            picture=0,
            option=("strength", 2.0),
        ),
    )


def _refused(name, problem=PictureProblem.NOT_A_PICTURE):
    return PictureRefused(problem, filename=name)


@pytest.mark.parametrize(
    ("refusal", "asked", "suggestions", "index"),
    [
        (_refused("a.png"), _request(A, B), "upload avatar", 0),
        (_refused("b.png"), _request(A, B), "upload preset", 1),
        (_refused("b.png"), _request(A, B, C), "upload leave", 1),
        (_refused("c.png"), _request(A, B, mask=C), "upload leave", MASK_INDEX),
        (_refused("clip.mp4", PictureProblem.FILM), _request(VIDEO), "frame upload avatar", 0),
        (_refused("a.png", PictureProblem.DOWNLOAD_FAILED), _request(A), "retry upload avatar", 0),
        (RequestRefused(RequestProblem.NO_PICTURES), _request(), "upload avatar help", None),
        (RequestRefused(RequestProblem.TOO_MANY_PICTURES), _request(A), "two blend", None),
        (RequestRefused(RequestProblem.UNKNOWN_OPTION), _request(A), "without", None),
        (RequestRefused(RequestProblem.UNKNOWN_PRESET), _request(A), "preset", None),
        (LimitReached("member", limit=3), _request(A), "retry", None),
    ],
)
def test_each_refusal_has_its_suggestions(refusal, asked, suggestions, index):
    suggested = suggestions_for(refusal, asked)
    assert " ".join(suggested.suggestions) == suggestions
    assert suggested.picture == index


@pytest.mark.parametrize(
    ("name", "suggestion", "asked", "pictures"),
    [
        ("a.png", Suggestion.AVATAR, _request(A, B), (AVATAR, B)),
        ("b.png", Suggestion.PRESET, _request(A, B), (A,)),
        ("b.png", Suggestion.LEAVE_OUT, _request(A, B, C), (A, C)),
        ("b.png", Suggestion.RETRY, _request(A, B), (A, B)),
        ("a.png", Suggestion.TWO, _request(A, B, C), (A, B)),
        ("a.png", Suggestion.BLEND, _request(*[A] * 7), (A,) * 5),
    ],
)
def test_suggestions_change_the_pictures(name, suggestion, asked, pictures):
    assert (
        apply_suggestion(suggestion, asked, suggestions_for(_refused(name), asked)).pictures
        == pictures
    )


def test_video_is_replaced_by_its_first_frame_and_mask_is_left_out():
    request = _request(A, VIDEO)
    still = apply_suggestion(
        Suggestion.FIRST_FRAME, request, suggestions_for(_refused("clip.mp4"), request)
    ).pictures[1]
    assert (still.url, still.place) == ("https://cdn.example/still", InputSource.FIRST_FRAME)
    assert (still.content_type, still.first_frame) == (None, None)
    request = _request(A, B, mask=C)
    assert (
        apply_suggestion(
            Suggestion.LEAVE_OUT, request, suggestions_for(_refused("c.png"), request)
        ).mask
        is None
    )


def test_uploads_replace_or_add_pictures():
    empty = _request()
    suggested = suggestions_for(RequestRefused(RequestProblem.NO_PICTURES), empty)
    form = form_of(empty, suggested.picture)
    assert [field for field, _, _ in form_fields(form)] == ["content", "style"]
    sent = {"content": A, "style": B}
    assert apply_suggestion(Suggestion.UPLOAD, empty, suggested, sent).pictures == (A, B)
    only_style = _request(B, lacks_content=True)
    suggested = suggestions_for(RequestRefused(RequestProblem.STYLE_WITHOUT_CONTENT), only_style)
    corrected = apply_suggestion(Suggestion.UPLOAD, only_style, suggested, {"content": A})
    assert (corrected.pictures, corrected.lacks_content) == ((A, B), False)
    both = _request(A, B)
    suggested = suggestions_for(_refused("b.png"), both)
    assert apply_suggestion(Suggestion.UPLOAD, both, suggested, {"content": C}).pictures == (A, C)


def test_corrected_option_clears_the_error():
    request = _request(A, B, parsed=parse_text("strenght=2 size=128"))
    suggested = suggestions_for(request.parsed.error, request)
    assert suggested.correction == "strength=2"
    corrected = apply_suggestion(Suggestion.CORRECT, request, suggested).parsed
    assert (corrected.options, corrected.error, corrected.correction) == (
        {"size": 128, "strength": 2.0},
        None,
        None,
    )
    assert apply_suggestion(Suggestion.WITHOUT, request, suggested).parsed.options == {"size": 128}


@pytest.mark.parametrize(
    ("found", "text", "pictures", "more"),
    [
        ([A, B, C], "mosaic", [A], [B, C]),
        ([A, B], "mosaic", [A, B], []),
        ([A, B, C], "", [A, B, C], []),
        ([A, B, C], "mosaic weights=1:1:1", [A, B, C], []),
        ([A, B], "mosaic each", [A], [B]),
        ([A, B, C], "each", [A, C], [B]),
        ([A, B, C], "each of them swap", [B, A], [C]),
        ([A], "each", [A], []),
        ([A, B, C], "mosaic mask", [A, B], []),
    ],
)
def test_several_contents(found, text, pictures, more):
    parsed = parse_text(text)
    built = _build(found, parsed=parsed, preset="mosaic" in text)
    assert (list(built.pictures), list(built.more_contents)) == (pictures, more)
    if more:
        assert built.order is RoleAssignment.NAMED
