"""The plan of a painting: its scales, pictures and device, and the problem of each scale."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation
from PIL import Image

from stylenet.architecture import REDUCED_LAYERS, down_to
from stylenet.budget import NetworkKind, Schedule
from stylenet.engine import devices
from stylenet.engine.memory import plan_memory
from stylenet.engine.objective import Objective
from stylenet.engine.scale import ScaleProblem
from stylenet.errors import ImageSizeError
from stylenet.features.reduced import ReducedVGG, load_reduced
from stylenet.features.vgg import VGG19
from stylenet.losses.measurement import Guides
from stylenet.losses.targets import measure_targets
from stylenet.losses.tiling import margin_of
from stylenet.optim.color_basis import ColorBasis
from stylenet.optim.fourier import FourierBasis
from stylenet.optim.masking import MaskedPicture
from stylenet.preprocessing.inputs import prepare_inputs
from stylenet.preprocessing.regions import coverage
from stylenet.recipe import LAYERS, MIN_SIZE, Padding
from stylenet.scales import Scale, scales_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from stylenet.arrays import Pixels, Values
    from stylenet.budget import Stage
    from stylenet.engine.memory import MemoryPlan
    from stylenet.features.weights import Weights
    from stylenet.losses.targets import Targets
    from stylenet.optim.masking import Parametrization
    from stylenet.preprocessing.inputs import Inputs
    from stylenet.recipe import Recipe

__all__ = ["ComputeConfig", "PaintingPlan", "plan_painting"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ComputeConfig:
    """Device, draft dtype and memory limit.

    Attributes:
        device: where everything is computed.
        draft_dtype: of the reduced network's convolutions.
        memory_limit: bytes that may be used of the device's memory; None for all there are.
    """

    device: torch.device
    draft_dtype: torch.dtype
    memory_limit: int | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PaintingPlan:
    """What a painting consists of, before any network is loaded.

    Attributes:
        recipe: of the painting.
        config: where and how it is computed.
        scales: the sizes that are painted, the coarsest first.
        pictures: the prepared pictures of each scale.
    """

    recipe: Recipe
    config: ComputeConfig
    scales: tuple[Scale, ...]
    pictures: tuple[Inputs, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the painting, in pixels."""
        height, width = self.pictures[-1].content.shape[:2]
        return width, height

    @property
    def shapes(self) -> list[tuple[int, int, int, int]]:
        """Shape of each scale's picture, (1, 3, height, width)."""
        return [(1, 3, *pictures.content.shape[:2]) for pictures in self.pictures]

    @property
    def start_pixels(self) -> Pixels:
        """The start at full size, (height, width, 3) uint8."""
        pictures = self.pictures[-1]
        return pictures.render(pictures.start)

    def fingerprint(self, weights: str) -> str:
        """Return a hash of recipe, pictures and the weights' fingerprint."""
        return self.pictures[-1].fingerprint(self.recipe, weights)

    def problem(
        self, index: int, weights: Weights, *, coarser: Tensor | None, fingerprint: str
    ) -> ScaleProblem:
        """Return the problem of one scale.

        Args:
            index: of the scale.
            weights: of the networks.
            coarser: the picture that the previous scale ended with, (1, 3, height, width); None
                where there is none.
            fingerprint: of the painting.

        Raises:
            DeviceMemoryError: the scale does not fit into the memory, even in tiles.
        """
        recipe, pictures, device = (
            self.scales[index].recipe,
            self.pictures[index],
            self.config.device,
        )
        height, width = pictures.content.shape[:2]
        memory = _plan_memory(width, height, recipe, self.config)
        start = _to_tensor(pictures.start, device)
        if coarser is not None:
            # Its own start with the coarser scale's change. The coarser picture alone, enlarged,
            # has lost the content's fine structure, such as eyes, cables and steeples.
            change = coarser - _to_tensor(self.pictures[index - 1].start, device)
            start = start + F.interpolate(
                change, size=(height, width), mode="bicubic", align_corners=False
            )
        return ScaleProblem(
            recipe=recipe.evolve(history=memory.history),
            schedule=Schedule.of(recipe, styles=len(pictures.styles)),
            start=start,
            parametrization=_parametrize(pictures, recipe, device),
            make_objective=_objective_maker(
                weights, pictures, recipe, self.config, memory.tile_side
            ),
            render=functools.partial(_render, pictures, self.size),
            fingerprint=fingerprint,
            device=devices.describe(device),
        )


def plan_painting(
    content: Image.Image,
    styles: Sequence[Image.Image],
    recipe: Recipe,
    *,
    masks: Sequence[Image.Image | None],
    start: Image.Image | None,
    config: ComputeConfig,
) -> PaintingPlan:
    """Prepare the pictures of every scale; see `stylenet.api.paint` for the arguments.

    Raises:
        RecipeError: the recipe or the masks do not fit the pictures.
        EmptyMaskError: a mask leaves no area to its style.
        ImageSizeError: the painting would have no side of `MIN_SIZE` pixels.
        DeviceMemoryError: the full size does not fit into the memory, even in tiles.
    """
    pictures = prepare_inputs(content, styles, recipe, masks=masks, start=start)
    height, width = pictures.content.shape[:2]
    if max(width, height) < MIN_SIZE:
        raise ImageSizeError(width=width, height=height, limit=MIN_SIZE, kind="side_min")
    _plan_memory(width, height, recipe, config)
    scales = [Scale(recipe=recipe, share=1.0)]
    if start is None:
        scales = scales_of(recipe, width, height)
    coarse = [prepare_inputs(content, styles, scale.recipe, masks=masks) for scale in scales[:-1]]
    return PaintingPlan(
        recipe=recipe, config=config, scales=tuple(scales), pictures=(*coarse, pictures)
    )


def _plan_memory(width: int, height: int, recipe: Recipe, config: ComputeConfig) -> MemoryPlan:
    return plan_memory(
        config.device,
        width,
        height,
        history=recipe.history,
        margin=margin_of(down_to(recipe.layers, recipe.deepest) or LAYERS[:1]),
        limit=config.memory_limit,
    )


def _objective_maker(
    weights: Weights,
    pictures: Inputs,
    recipe: Recipe,
    config: ComputeConfig,
    tile_side: int | None,
) -> Callable[[Stage], Objective]:
    """Return a function that builds a stage's objective; each network's targets are kept."""
    device = config.device
    content = _to_tensor(pictures.target, device)
    styles = [_to_tensor(style, device) for style in pictures.styles]
    mixes = [region.mix for region in pictures.regions]
    guides = _make_guides(pictures, device)

    @functools.cache
    def measure_exact(network: VGG19) -> Targets:
        return measure_targets(network, content, styles, recipe, mixes=mixes, side=tile_side)

    def make_objective(stage: Stage) -> Objective:
        network: VGG19 | ReducedVGG
        if stage.network is NetworkKind.EXACT:
            network = _load_exact_network(weights, device, recipe.padding)
            targets = measure_exact(network)
            deepest = recipe.deepest
        else:
            network = _load_reduced_network(weights, device, config.draft_dtype, recipe.padding)
            targets = measure_targets(
                network,
                content,
                styles,
                recipe,
                layers=REDUCED_LAYERS,
                mixes=mixes,
                side=tile_side,
            )
            deepest = None
        return Objective(
            network,
            targets,
            recipe,
            deepest=deepest,
            damping=stage.damping,
            guides=guides,
            side=tile_side,
        )

    return make_objective


# A worker paints one picture after another with the same networks: they are kept.
@functools.lru_cache(maxsize=1)
def _load_exact_network(weights: Weights, device: torch.device, padding: Padding) -> VGG19:
    return VGG19(weights, padding=padding).to(device)


@functools.lru_cache(maxsize=1)
def _load_reduced_network(
    weights: Weights, device: torch.device, dtype: torch.dtype, padding: Padding
) -> ReducedVGG:
    return load_reduced(weights, dtype=dtype, padding=padding).to(device)


def _parametrize(pictures: Inputs, recipe: Recipe, device: torch.device) -> Parametrization:
    height, width = pictures.content.shape[:2]
    covered = coverage(pictures.regions)
    parametrization = ColorBasis(
        FourierBasis(height, width, recipe.spectrum, device=device),
        styles=pictures.styles,
        start=pictures.start,
        covered=covered,
        share=recipe.palette,
        device=device,
    )
    if covered is None:
        return parametrization
    return MaskedPicture(
        parametrization,
        coverage=torch.from_numpy(covered.astype(np.float32)).to(device),
        content=_to_tensor(pictures.content, device),
    )


def _make_guides(pictures: Inputs, device: torch.device) -> Guides | None:
    shares = [region.share for region in pictures.regions if region.share is not None]
    if not shares:
        return None
    return Guides(torch.from_numpy(np.stack(shares).astype(np.float32)).to(device))


def _render(pictures: Inputs, size: tuple[int, int], picture: Tensor) -> Pixels:
    """Return the pixels of a scale's picture, enlarged to `size`, (width, height)."""
    pixels = pictures.render(_to_values(picture))
    if pixels.shape[1::-1] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def _to_tensor(values: Values, device: torch.device) -> Tensor:
    """(height, width, 3) float64 → (1, 3, height, width) float32."""
    return torch.from_numpy(values.astype(np.float32)).permute(2, 0, 1)[None].to(device)


def _to_values(picture: Tensor) -> Values:
    """(1, 3, height, width) → (height, width, 3) float64."""
    return picture.detach()[0].permute(1, 2, 0).cpu().numpy().astype(np.float64)
