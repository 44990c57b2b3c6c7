"""Uploads behind signed URLs, and the inspection of their headers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from bot.playground.cdn import Cdn
from bot.playground.media_files import content_type_of, dimensions

from .conftest import Rest, png, webp

if TYPE_CHECKING:
    from bot.playground.server import Playground
    from bot.playground.state.records import Message


def post(playground: Playground, name: str, data: bytes) -> Message:
    return playground.post_message(
        playground.scene.members[0], channel=playground.scene.general, files=[(name, data)]
    )


async def test_uploads_are_served_unchanged(playground: Playground, rest: Rest) -> None:
    big = bytes(2 * 1024 * 1024)
    for name, data, kind in (
        ("a.png", png(), "image/png"),
        ("ö x.png", png(), "image/png"),
        ("big.webp", big, "image/webp"),
        ("notes.txt", b"text", "text/plain; charset=utf-8"),
        ("page.html", b"<script>alert(1)</script>", "text/html; charset=utf-8"),
    ):
        attachment = post(playground, name, data).attachments[0]
        status, body, headers = await rest("GET", playground.cdn.url_of(attachment), headers={})
        assert (status, body) == (200, data)
        assert headers["Content-Type"] == kind
        # Uploads share the origin of the page, so no script in them may run.
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
        assert ("Content-Disposition" in headers) == (not kind.startswith("image/"))


async def test_urls_expire_and_are_signed(playground: Playground, rest: Rest) -> None:
    attachment = post(playground, "a.png", png()).attachments[0]
    url = playground.cdn.url_of(attachment)
    plain = url.partition("?")[0]
    for wrong in (plain, url.replace("hm=", "hm=0"), url.replace("ex=", "ex=f"), f"{plain}?ex=x"):
        status, body, _ = await rest("GET", wrong, headers={})
        assert (status, body) == (404, b"This content is no longer available.")
    playground.clock.advance(24 * 3600 + 1)
    assert (await rest("GET", url, headers={}))[0] == 404
    fresh = playground.cdn.url_of(attachment)  # as a client gets it from a new request
    assert (await rest("GET", fresh, headers={}))[0] == 200


async def test_the_oldest_files_are_dropped_beyond_the_capacity(
    playground: Playground, rest: Rest
) -> None:
    playground.cdn.capacity_bytes = 100_000
    first = post(playground, "1.png", bytes(60_000)).attachments[0]
    second = post(playground, "2.png", bytes(60_000)).attachments[0]
    assert (await rest("GET", playground.cdn.url_of(first), headers={}))[0] == 404
    assert (await rest("GET", playground.cdn.url_of(second), headers={}))[0] == 200
    with pytest.raises(KeyError):
        playground.cdn.read(first)
    assert playground.cdn.read(second) == bytes(60_000)


async def test_paths_outside_the_cdn_are_not_found(playground: Playground, rest: Rest) -> None:
    for path in ("/cdn/avatars/../../server.py", "/cdn/attachments/%2e%2e/x", "/cdn/other/x.png"):
        assert (await rest("GET", playground.url + path, headers={}))[0] == 404


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("cat.png", "cat.png"),
        ("my cat (1).png", "my_cat_1_.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\pictures\\cat.png", "cat.png"),
        (".hidden", "hidden"),
        ("", "unknown"),
        ("SPOILER_cat.png", "SPOILER_cat.png"),
    ],
)
def test_clean_filename(name: str, kept: str) -> None:
    assert Cdn.clean_filename(name) == kept


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_dimensions_of_image_files(form: str) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((37, 21), 50).save(buffer, form)
    data = buffer.getvalue()
    assert dimensions(data) == (37, 21)
    for length in range(min(len(data), 64)):
        dimensions(data[:length])  # truncated files never raise


@pytest.mark.parametrize("kind", ["VP8", "VP8L", "VP8X"])
def test_dimensions_of_each_webp_format(kind: str) -> None:
    assert dimensions(webp(300, 200, kind)) == (300, 200)


def test_dimensions_of_a_progressive_jpeg_with_metadata() -> None:
    buffer = io.BytesIO()
    picture = Image.new("RGB", (640, 480))
    exif = Image.Exif()
    exif[0x010E] = "x" * 5000
    picture.save(buffer, "JPEG", progressive=True, exif=exif)
    assert dimensions(buffer.getvalue()) == (640, 480)


def test_files_that_are_not_images() -> None:
    for data in (b"", b"text", b"\xff\xd8", b"\xff\xd8\xff\xd9\x00\x00", b"RIFF0000WEBPXXXX"):
        assert dimensions(data) is None
    assert content_type_of("a.png") == "image/png"
    assert content_type_of("a.webp") == "image/webp"
    assert content_type_of("no-ending") is None
