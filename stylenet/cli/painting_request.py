"""What the command line was asked to paint: a recipe, files, and where and how to compute."""

from __future__ import annotations

import dataclasses
import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylenet import images
from stylenet.cli.picture_files import read_picture
from stylenet.errors import CheckpointError
from stylenet.images.painting_record import program_version
from stylenet.precision import Precision
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from PIL import Image

    from stylenet.events import Painting

__all__ = ["InputPictures", "PaintingRequest"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PaintingRequest:
    """A painting to be made.

    Attributes:
        recipe: every choice that shapes it.
        content: path of the content picture.
        styles: paths of the style pictures, at least one.
        masks: paths of the masks, one per style picture, None for a style without one; empty for
            no masks.
        start: path of the picture to start from; None starts as the recipe says.
        weights: path of a ``.mat`` file; None for the bundled weights.
        device: ``"auto"``, ``"cpu"``, ``"cuda:0"``, …
        precision: number format of the convolutions.
        memory_limit: bytes that may be used; None for all there are.
        out: path of the picture to write.
        with_snapshots: whether to write the snapshots beside it.
    """

    recipe: Recipe
    content: Path
    styles: tuple[Path, ...]
    masks: tuple[Path | None, ...] = ()
    start: Path | None = None
    weights: Path | None = None
    device: str = "auto"
    precision: str = Precision.AUTO.value
    memory_limit: int | None = None
    out: Path
    with_snapshots: bool = True

    def to_json(self) -> str:
        """Return the request as a JSON object with absolute paths."""
        fields = dataclasses.asdict(self)
        return json.dumps(fields, default=lambda path: str(path.absolute()))

    @classmethod
    def from_json(cls, text: str) -> PaintingRequest:
        """Parse the output of `to_json`.

        Raises:
            CheckpointError: it is something else.
            RecipeError: its recipe is not valid.
        """
        try:
            fields = json.loads(text)
            recipe = Recipe.from_json(json.dumps(fields.pop("recipe")))
            for name in ("content", "out"):
                fields[name] = Path(fields[name])
            for name in ("start", "weights"):
                fields[name] = _path(fields[name])
            for name in ("styles", "masks"):
                fields[name] = tuple(_path(each) for each in fields[name])
            return cls(recipe=recipe, **fields)
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise CheckpointError("it was not written by this program") from error

    def read_pictures(self) -> InputPictures:
        """Read and decode the input pictures.

        Raises:
            ValueError: a file cannot be read or decoded; the message names it.
        """
        keep_alpha = self.recipe.keep_transparency
        decode_content = functools.partial(images.decode, keep_alpha=keep_alpha)
        return InputPictures(
            content=read_picture(self.content, decode_content),
            styles=tuple(read_picture(path) for path in self.styles),
            masks=tuple(
                None if path is None else read_picture(path, images.decode_mask)
                for path in self.masks
            ),
            start=None if self.start is None else read_picture(self.start),
        )


def _path(value: Any) -> Path | None:  # noqa: ANN401 - of a JSON document
    return None if value is None else Path(value)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class InputPictures:
    """The decoded input pictures of a painting; see `PaintingRequest`."""

    content: Image.Image
    styles: tuple[Image.Image, ...]
    masks: tuple[Image.Image | None, ...]
    start: Image.Image | None

    def record(self, request: PaintingRequest, painting: Painting) -> images.PaintingRecord:
        """Return the record of the finished painting."""
        return images.PaintingRecord(
            recipe=request.recipe,
            content=images.picture_hash(self.content),
            styles=tuple(images.picture_hash(style) for style in self.styles),
            masks=tuple(None if mask is None else images.picture_hash(mask) for mask in self.masks),
            start=None if self.start is None else images.picture_hash(self.start),
            weights=painting.weights,
            device=painting.device,
            precision=request.precision,
            version=program_version(),
        )
