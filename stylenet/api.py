"""The façade: two pictures and a recipe in; events, and at last a painting, out."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation
from PIL import Image

from stylenet.engine import devices
from stylenet.engine.checkpoints import Spent, unpack
from stylenet.engine.loop import optimize
from stylenet.engine.objective import Objective
from stylenet.engine.run import Canvas, Course, Stage
from stylenet.errors import StylenetError
from stylenet.events import Painting, Snapshot
from stylenet.features.reduced import REACHED, ReducedVGG, load_reduced, reduced_cost
from stylenet.features.vgg import VGG19
from stylenet.features.weights import Weights, load_weights
from stylenet.losses.guides import Guides
from stylenet.losses.loss import WHITENED, down_to
from stylenet.losses.targets import measure_targets
from stylenet.losses.tiling import margin_of
from stylenet.optim.color_basis import ColorBasis
from stylenet.optim.fourier import FourierBasis
from stylenet.optim.masking import MaskedPicture
from stylenet.precision import Precision
from stylenet.preprocessing.inputs import prepare
from stylenet.preprocessing.regions import coverage
from stylenet.recipe import LAYERS, Padding, Recipe
from stylenet.scales import Scale, scales_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from torch import Tensor

    from stylenet.events import PaintingEvent
    from stylenet.images import Pixels
    from stylenet.losses.targets import Targets
    from stylenet.optim.masking import Variables
    from stylenet.preprocessing.inputs import Pictures, Values

__all__ = ["paint", "stylize"]

_DAMPING: Sequence[tuple[float | None, float | None]] = ((0.1, 11), (0.5, 16), (None, None))
"""The whitening's τ, and the passes spent at which the next one follows; the last is plain.

Where there is a draft, the first of them is the draft's, and the exact network begins with the
second."""


def stylize(
    content: Image.Image,
    style: Image.Image | Sequence[Image.Image],
    recipe: Recipe | str = "default",
    *,
    masks: Sequence[Image.Image | None] = (),
    start: Image.Image | None = None,
    weights: Path | None = None,
    device: str = "auto",
    precision: Precision | str = Precision.AUTO,
    memory_limit: int | None = None,
) -> Painting:
    """Paint the content picture in the manner of the style picture, and wait for it.

    Args:
        content: an RGB picture.
        style: an RGB picture, or several that are blended.
        recipe: a recipe or the name of a built-in one.
        masks: where each style goes; see `paint`.
        start: an RGB picture to begin from; see `paint`.
        weights: a ``.mat`` file instead of the bundled weights.
        device: ``"auto"``, ``"cpu"``, ``"cuda:0"``, …
        precision: in which numbers convolutions are reckoned.
        memory_limit: bytes that may be used; see `paint`.

    Raises:
        RecipeError: there is no such recipe, or it does not fit the pictures.
        EmptyMaskError: a mask leaves its style no place.
        WeightsError: the weights cannot be used.
        DeviceMemoryError: the picture is too large for the device.
        DivergedError: the loss stopped being a number.
        ValueError: there is no such device or precision.
    """
    styles = [style] if isinstance(style, Image.Image) else style
    chosen = Recipe.named(recipe) if isinstance(recipe, str) else recipe
    for event in paint(
        content,
        styles,
        chosen,
        masks=masks,
        start=start,
        weights=weights,
        device=device,
        precision=precision,
        memory_limit=memory_limit,
    ):
        if isinstance(event, Painting):
            return event
    msg = "painting ended without a picture"
    raise StylenetError(msg)


def paint(
    content: Image.Image,
    styles: Sequence[Image.Image],
    recipe: Recipe,
    *,
    masks: Sequence[Image.Image | None] = (),
    start: Image.Image | None = None,
    weights: Path | None = None,
    device: str = "auto",
    precision: Precision | str = Precision.AUTO,
    memory_limit: int | None = None,
    resume: bytes | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    checkpoint_seconds: float = 5.0,
) -> Iterator[PaintingEvent]:
    """Paint step by step, telling what happens.

    Args:
        content: an RGB picture.
        styles: one RGB picture or more; several are blended.
        recipe: every choice that shapes the picture.
        masks: one for each style picture, or None for a style that goes where the others leave
            room: grey pictures of any size, white where the style goes. What none of them
            covers stays the content picture. Empty for no masks.
        start: an RGB picture to begin from, such as an earlier painting, of any size and at best
            of the content picture's proportions; None begins as the recipe says.
        weights: a ``.mat`` file instead of the bundled weights.
        device: ``"auto"``, ``"cpu"``, ``"cuda:0"``, …
        precision: in which numbers convolutions are reckoned.
        memory_limit: bytes that may be used of the device's memory; None for all there are. A
            picture that needs more is looked at in tiles: the same painting but for rounding,
            and for fewer of the pairs that L-BFGS remembers where it is very large. It takes
            about twice as long, and counts as many passes.
        resume: a `Checkpoint.state` of the same recipe, pictures and weights, to go on from.
        should_stop: asked before every step; once true, painting ends with a Checkpoint.
        checkpoint_seconds: least time of painting between two Checkpoints.

    Yields:
        First a Snapshot of the start at step 0, before the network is even loaded (not when
        resuming); a Progress per step; Snapshots when the picture has visibly changed;
        Checkpoints; at last a Painting.

    Raises:
        RecipeError: the recipe or the masks do not fit the pictures.
        EmptyMaskError: a mask leaves its style no place.
        CheckpointError: `resume` is damaged or belongs to another painting.
        WeightsError: the weights cannot be used.
        DeviceMemoryError: the picture is too large for the device.
        DivergedError: the loss stopped being a number; the snapshots yielded before stand.
        ValueError: there is no such device or precision.
    """
    numbers = Precision(precision)
    where = devices.resolve(device)
    pictures = prepare(content, styles, recipe, masks=masks, start=start)
    height, width = pictures.content.shape[:2]
    margin = margin_of(down_to(recipe.layers, recipe.deepest) or LAYERS[:1])

    def planned(width: int, height: int) -> devices.Plan:
        return devices.plan(
            where, width, height, history=recipe.history, margin=margin, limit=memory_limit
        )

    planned(width, height)  # refused, if at all, before anything is done
    if resume is None:
        yield Snapshot(step=0, pixels=pictures.show(pictures.start), losses=None)
    scales = [Scale(recipe=recipe, share=1.0)]
    if start is None:
        scales = scales_of(recipe, width, height)
    coarse = [prepare(content, styles, scale.recipe, masks=masks) for scale in scales[:-1]]
    at_scales = [*coarse, pictures]
    with devices.out_of_memory_guard(where, width, height):
        loaded = _load(weights)
        painting = pictures.fingerprint(recipe, loaded.fingerprint())
        state = None
        if resume is not None:
            shapes = [(1, 3, *each.content.shape[:2]) for each in at_scales]
            state = unpack(resume, painting=painting, shapes=shapes, device=where)
        spent = Spent() if state is None else state.before
        reached = None
        for number in range(0 if state is None else state.scale, len(scales)):
            scale, here = scales[number], at_scales[number]
            size = here.content.shape[:2]
            plan = planned(size[1], size[0])
            canvas = Canvas(
                start=_tensor(here.start, where) if reached is None else _resized(reached, size),
                variables=_variables(here, recipe, where),
                show=functools.partial(_shown, here, (width, height)),
                painting=painting,
                device=devices.describe(where),
            )
            dtype = devices.draft_dtype(where, numbers)
            means = _Means(device=where, draft_dtype=dtype, side=plan.side)
            ended = yield from optimize(
                canvas,
                _stages(loaded, here, scale.recipe, means),
                scale.recipe.evolve(history=plan.history),
                course=Course(scale=number, scales=len(scales), share=scale.share, before=spent),
                state=state,
                should_stop=should_stop,
                checkpoint_seconds=checkpoint_seconds,
            )
            if ended is None:
                return
            reached, spent, state = ended.picture, ended.spent, None


def _resized(picture: Tensor, size: Sequence[int]) -> Tensor:
    """(1, 3, height, width) → (1, 3, *size)."""
    return F.interpolate(picture, size=tuple(size), mode="bicubic", align_corners=False)


def _shown(pictures: Pictures, size: tuple[int, int], picture: Tensor) -> Pixels:
    """The pixels of a picture at any scale, enlarged to the (width, height) of the full one."""
    pixels = pictures.show(_values(picture))
    if pixels.shape[1::-1] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


# A worker paints one picture after another with the same networks: they are kept.
_load = functools.lru_cache(maxsize=1)(load_weights)


@functools.lru_cache(maxsize=1)
def _exact_network(weights: Weights, device: torch.device, padding: Padding) -> VGG19:
    return VGG19(weights, padding=padding).to(device)


@functools.lru_cache(maxsize=1)
def _reduced_network(
    weights: Weights, device: torch.device, dtype: torch.dtype, padding: Padding
) -> ReducedVGG:
    return load_reduced(weights, dtype=dtype, padding=padding).to(device)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Means:
    """What a painting is reckoned with.

    Attributes:
        draft_dtype: of a draft's convolutions.
        side: of the tiles pictures are looked at in, in pixels; None for whole pictures.
    """

    device: torch.device
    draft_dtype: torch.dtype
    side: int | None


def _stages(
    weights: Weights,
    pictures: Pictures,
    recipe: Recipe,
    means: _Means,
) -> list[Stage]:
    """Plan the painting: a draft on the reduced network, then the exact one, damped ever less."""
    device, side = means.device, means.side
    content = _tensor(pictures.target, device)
    styles = [_tensor(style, device) for style in pictures.styles]
    network = _exact_network(weights, device, recipe.padding)
    mixes = [region.mix for region in pictures.regions]
    guides = _guides(pictures, device)

    @functools.cache
    def targets() -> Targets:
        return measure_targets(network, content, styles, recipe, mixes=mixes, side=side)

    def exact(damping: float | None) -> Objective:
        return Objective(
            network,
            targets(),
            recipe,
            deepest=recipe.deepest,
            damping=damping,
            guides=guides,
            side=side,
        )

    def draft() -> Objective:
        reduced = _reduced_network(weights, device, means.draft_dtype, recipe.padding)
        measured = measure_targets(
            reduced, content, styles, recipe, layers=REACHED, mixes=mixes, side=side
        )
        damping = _DAMPING[0][0] if recipe.whitening else None
        return Objective(reduced, measured, recipe, damping=damping, guides=guides, side=side)

    drafted = recipe.layers & frozenset(REACHED)
    is_drafted = recipe.draft > 0 and WHITENED in drafted
    plan: Sequence[tuple[float | None, float | None]] = ((None, None),)
    drafted_until = recipe.draft * recipe.passes if is_drafted else 0.0
    if recipe.whitening:
        steps = _DAMPING[1:] if is_drafted else _DAMPING
        plan = [(damping, end) for damping, end in steps if end is None or end > drafted_until]
    cost = network.cost(down_to(recipe.layers, recipe.deepest)) if recipe.layers else 1.0
    stages = [
        Stage(objective=functools.partial(exact, damping), cost=cost, until=until)
        for damping, until in plan
    ]
    if is_drafted:
        cost = reduced_cost(drafted)
        setup = _setup(cost, pictures)
        stages.insert(0, Stage(objective=draft, cost=cost, until=drafted_until, setup=setup))
    return stages


def _variables(pictures: Pictures, recipe: Recipe, device: torch.device) -> Variables:
    height, width = pictures.content.shape[:2]
    covered = coverage(pictures.regions)
    variables = ColorBasis(
        FourierBasis(height, width, recipe.spectrum, device=device),
        styles=pictures.styles,
        start=pictures.start,
        covered=covered,
        share=recipe.palette,
        device=device,
    )
    if covered is None:
        return variables
    shown = torch.from_numpy(covered.astype(np.float32)).to(device)
    return MaskedPicture(variables, coverage=shown, content=_tensor(pictures.content, device))


def _guides(pictures: Pictures, device: torch.device) -> Guides | None:
    shares = [region.share for region in pictures.regions if region.share is not None]
    if not shares:
        return None
    return Guides(torch.from_numpy(np.stack(shares).astype(np.float32)).to(device))


def _setup(cost: float, pictures: Pictures) -> float:
    """What it costs to measure targets: a forward pass, half of `cost`, over each picture."""
    areas = [float(picture.size) for picture in (pictures.content, *pictures.styles)]
    return cost / 2 * sum(areas) / areas[0]


def _tensor(values: Values, device: torch.device) -> Tensor:
    """(height, width, 3) float64 → (1, 3, height, width) float32."""
    return torch.from_numpy(values.astype(np.float32)).permute(2, 0, 1)[None].to(device)


def _values(picture: Tensor) -> Values:
    """(1, 3, height, width) → (height, width, 3) float64."""
    return picture.detach()[0].permute(1, 2, 0).cpu().numpy().astype(np.float64)
