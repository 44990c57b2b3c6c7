"""``again``: repeat a painting from the record in its file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stylenet import images
from stylenet.cli.paint_command import add_compute_options, add_input_options, masks_of
from stylenet.cli.painting_request import PaintingRequest
from stylenet.cli.painting_run import run_painting
from stylenet.cli.picture_files import read_bytes, require_new, require_writable
from stylenet.errors import StylenetError
from stylenet.images.painting_record import program_version

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from PIL import Image

    from stylenet.cli.painting_request import InputPictures

__all__ = ["add_parser"]


def add_parser(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "again",
        help="repeat a painting from the recipe in its file",
        epilog="From the same pictures and on the same kind of device, the pixels are the same.",
    )
    parser.add_argument("painting", type=Path, help="a picture that this program painted")
    parser.add_argument("--content", type=Path, required=True, help="its content picture")
    parser.add_argument(
        "--style", type=Path, nargs="+", required=True, help="its style picture, or pictures"
    )
    parser.add_argument(
        "-o", "--out", type=Path, help="a .png, .webp or .jpg file (default: PAINTING-again.EXT)"
    )
    parser.add_argument(
        "--other-pictures",
        action="store_true",
        help="use only its recipe: paint these pictures although they are not the same",
    )
    add_input_options(parser)
    add_compute_options(parser)
    parser.set_defaults(run=_paint_again)
    return parser


def _paint_again(options: argparse.Namespace) -> int:
    record = _read_record(options.painting)
    painting = options.painting
    out = options.out or painting.with_name(f"{painting.stem}-again{painting.suffix}")
    request = PaintingRequest(
        recipe=record.recipe,
        content=options.content,
        styles=tuple(options.style),
        masks=masks_of(options, len(options.style)),
        start=options.start,
        weights=options.weights,
        device=options.device,
        precision=record.precision,
        memory_limit=options.memory_limit,
        out=out,
        with_snapshots=False,
    )
    require_writable(out)
    if not options.force:
        require_new(out)
    pictures = request.read_pictures()
    if not options.other_pictures:
        _require_same(pictures, request, record)
        if record.version != program_version():
            _note(f"painted by version {record.version}: this one may paint it otherwise")
    return run_painting(request, pictures, as_json=options.json)


def _read_record(path: Path) -> images.PaintingRecord:
    data = read_bytes(path)
    try:
        record = images.read_record(data)
    except StylenetError as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error
    if record is None:
        msg = f"{path}: holds no recipe; this program did not paint it, or the recipe was removed"
        raise ValueError(msg)
    return record


def _require_same(
    pictures: InputPictures, request: PaintingRequest, record: images.PaintingRecord
) -> None:
    """Check that the input pictures are those that the record tells of.

    Raises:
        ValueError: one is missing, left over or another; the message names it.
    """
    counts = [
        ("style picture", len(pictures.styles), len(record.styles)),
        ("--mask", sum(mask is not None for mask in pictures.masks), _given(record.masks)),
        ("--start", int(pictures.start is not None), int(record.start is not None)),
    ]
    for name, given, expected in counts:
        if given != expected:
            msg = f"it was painted with {expected} × {name}, not {given}"
            raise ValueError(msg)
    for path, picture, expected_hash in _pairs(pictures, request, record):
        if images.picture_hash(picture) != expected_hash:
            msg = f"{path}: not the picture that was used (--other-pictures paints it anyway)"
            raise ValueError(msg)


def _given(masks: tuple[str | None, ...]) -> int:
    return sum(mask is not None for mask in masks)


def _pairs(
    pictures: InputPictures, request: PaintingRequest, record: images.PaintingRecord
) -> Iterator[tuple[Path, Image.Image, str | None]]:
    yield request.content, pictures.content, record.content
    yield from zip(request.styles, pictures.styles, record.styles, strict=True)
    masks = zip(request.masks, pictures.masks, record.masks, strict=False)
    for path, mask, expected in masks:
        if path is not None and mask is not None:
            yield path, mask, expected
    if request.start is not None and pictures.start is not None:
        yield request.start, pictures.start, record.start


def _note(message: str) -> None:
    print(f"stylenet: {message}", file=sys.stderr)  # noqa: T201 - a command's own output
