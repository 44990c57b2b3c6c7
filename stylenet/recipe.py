"""Recipes: every choice that shapes a picture. Frozen, serialisable, validated, free of torch."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from stylenet.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LAYERS",
    "MIN_SIZE",
    "RECIPES",
    "WHITENED_LAYER",
    "LayerWeights",
    "Optimizer",
    "Padding",
    "Recipe",
    "Start",
    "StyleFit",
]

LAYERS: tuple[str, ...] = tuple(
    f"relu{block}_{conv}"
    for block, convs in enumerate((2, 2, 4, 4, 4), start=1)
    for conv in range(1, convs + 1)
)
"""VGG-19's sixteen convolutions, named after their rectified outputs, shallowest first."""

WHITENED_LAYER = "relu4_1"
"""The layer whose style term is whitened: at the start it is most of the loss."""

LayerWeights = tuple[tuple[str, float], ...]
"""Layers by name with the weight of each, e.g. ``(("relu4_2", 0.5), ("relu5_2", 0.5))``."""

MIN_SIZE = 16
"""Least longest side that is painted, in pixels: a position of the deepest block."""

_MAX_SIZE = 4096
_MAX_PASSES = 10_000
_MAX_WEIGHT = 1e9
_MAX_STYLES = 16
_MAX_TRIM = 0.4


class Start(StrEnum):
    """The picture the optimization starts from."""

    NOISE = "noise"  # the training mean plus a little Gaussian noise
    CONTENT = "content"
    RECOLORED = "recolored"  # the content picture in the styles' colours


class Optimizer(StrEnum):
    """The optimization method."""

    ADAM = "adam"
    LBFGS = "lbfgs"


class StyleFit(StrEnum):
    """How a style picture is resized to match the content picture."""

    STRETCH = "stretch"  # to its width and height
    AREA = "area"  # to its area, keeping the style picture's aspect ratio


class Padding(StrEnum):
    """Padding of the network's convolutions."""

    ZEROS = "zeros"  # as in training; paintings get a visible frame along the edge
    REPLICATE = "replicate"  # repeat the outermost row or column: no visible frame


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Every choice that shapes a picture.

    The loss that is minimised, over the picture x in 0..255 and the features F of VGG-19::

        content_weight · Σ_l w_l · mean((F_l(x) − F_l(content))²)
        + style_weight · b · Σ_l w_l · mean((G_l(x) − G_l(style))²)      G = FᵀF / size(F)
        + tv_weight · max(1, E / 10⁵)^tv_energy_power · (mean(dx²) + mean(dy²))
        + gamut_weight · style_weight · b · E · mean((x − clip(x, 0, 255))²) / 255²

    where E = Σ_l w_l · mean(G_l(style)²) is the style's energy, which grows with the fourth
    power of its contrast, and b = (E / 10⁵)^(contrast_power / 4 − 1).

    Attributes:
        name: letters, digits, ``-`` and ``_``.
        size: longest side, in pixels; None keeps the content picture's size.
        coarsest: smallest longest side, in pixels, of the pyramid levels that are painted first,
            each half as large as the next; 0 for a single level. A painting from a given start
            has a single level too.
        seed: of all random choices; the same recipe paints the same picture. Seed 0 adds no noise
            to a start other than `Start.NOISE`.
        passes: budget, in forward and backward passes of VGG-19 at full size.
        keep_colors: whether to keep the content picture's colours and paint only luminance.
        keep_transparency: whether the painting keeps the content picture's transparency.
        content_weight, style_weight, tv_weight, gamut_weight: weights of the loss's terms. The
            gamut term penalises values outside 0..255, which cannot be written to a file; it is
            not part of the reported losses.
        tv_energy_power: see above; with 0 the total variation weighs the same for every style.
        content_layers, style_layers: layers by name with the weight of each.
        contrast_power: the style term grows with this power of the style's contrast: 4 as with
            plain Gram matrices, 2 as the content term does with the content's contrast. It makes
            no difference for a style with the contrast of Starry Night.
        recolor_content: whether the content term's target is the content picture in the styles'
            colours instead of its own. The two terms then agree on colours, and a content picture
            with more contrast than the style is not simply copied.
        start: the picture the optimization starts from.
        start_noise: standard deviation of the noise of `Start.NOISE`, in 0..255.
        variety: standard deviation, in 0..255, of the smooth noise that a seed other than 0 adds
            to a start that is neither noise nor given. Without it every seed would give the same
            picture.
        least_variation: in 0..255; smooth noise brings the parts of such a start where brightness
            varies less, such as a clear sky or a plain wall, to this standard deviation. In a flat
            part all strokes would start alike and settle into stripes or a grid.
        style_fit: how a style picture is resized to match the content picture.
        style_trim: fraction of a style picture's width and height that is cut off along each side.
            Scans of paintings show bare canvas or a frame there, and a pastiche would repeat it
            along its own edges, where alone the network sees such features.
        style_scale: size of the style picture's strokes; 2 doubles it.
        blend: weight of each style picture, normalised to a sum of 1; empty for equal weights.
        padding: of the network's convolutions.
        mask_softness: standard deviation of the blur of a mask's edge, as a fraction of the
            picture's longest side.
        optimizer: the optimization method.
        learning_rate: of Adam, in levels of 0..255.
        spectrum: exponent p of the Fourier parametrisation, which scales the coefficient at
            frequency f by f^−p; 0 optimizes pixels.
        palette: fraction of the largest variance among the principal axes of the styles' colours
            below which steps along an axis are reduced; 0 treats all axes alike.
        first_step: root mean square of L-BFGS's first step, in levels of 0..255.
        history: number of pairs that L-BFGS keeps.
        hessian_scale: factor on L-BFGS's initial inverse Hessian.
        deepest: the deepest layer whose terms are minimised; deeper terms are reported but not
            minimised. None minimises them all.
        whitening: whether to whiten relu4_1's style loss, with damping that weakens over time.
        draft: fraction of the budget spent on the reduced network before the exact one; all of
            it if the rest would not pay for three steps.
        snapshot_every: steps between two snapshots; None takes one whenever the picture has
            visibly changed.
    """

    name: str = "default"
    size: int | None = None
    coarsest: int = 0
    seed: int = 0
    passes: float = 40.0
    keep_colors: bool = False
    keep_transparency: bool = False
    content_weight: float = 5.0
    style_weight: float = 500.0
    tv_weight: float = 100.0
    tv_energy_power: float = 0.0
    gamut_weight: float = 0.0
    content_layers: LayerWeights = (("relu4_2", 0.5), ("relu5_2", 0.5))
    style_layers: LayerWeights = (
        ("relu1_1", 0.2),
        ("relu2_1", 0.2),
        ("relu3_1", 0.2),
        ("relu4_1", 0.2),
        ("relu5_1", 0.2),
    )
    contrast_power: float = 4.0
    recolor_content: bool = False
    start: Start = Start.RECOLORED
    start_noise: float = 0.256
    variety: float = 25.0
    least_variation: float = 0.0
    style_fit: StyleFit = StyleFit.STRETCH
    style_trim: float = 0.0
    style_scale: float = 1.0
    blend: tuple[float, ...] = ()
    padding: Padding = Padding.ZEROS
    mask_softness: float = 0.005
    optimizer: Optimizer = Optimizer.LBFGS
    learning_rate: float = 10.0
    spectrum: float = 0.5
    palette: float = 0.002
    first_step: float = 4.0
    history: int = 30
    hessian_scale: float = 1.5
    deepest: str | None = None
    whitening: bool = False
    draft: float = 0.0
    snapshot_every: int | None = None

    def __post_init__(self) -> None:
        """Validate every field.

        Raises:
            RecipeError: a field is out of range, unknown or of the wrong type.
        """
        self._validate_name()
        if self.size is not None:
            _integer("size", self.size, MIN_SIZE, _MAX_SIZE)
        if self.coarsest != 0:
            _integer("coarsest", self.coarsest, MIN_SIZE, _MAX_SIZE)
        if self.snapshot_every is not None:
            _integer("snapshot_every", self.snapshot_every, 1, _MAX_PASSES)
        _integer("seed", self.seed, 0, 2**63 - 1)
        _integer("history", self.history, 1, 200)
        _number(self, "passes", 1, _MAX_PASSES)
        for field in ("content_weight", "style_weight", "tv_weight", "gamut_weight"):
            _number(self, field, 0, _MAX_WEIGHT)
        _number(self, "start_noise", 0, 255)
        _number(self, "variety", 0, 255)
        _number(self, "least_variation", 0, 255)
        _number(self, "style_trim", 0, _MAX_TRIM)
        _number(self, "style_scale", 0.1, 10)
        _number(self, "mask_softness", 0, 1)
        _number(self, "learning_rate", 1e-6, 255)
        _number(self, "draft", 0, 1)
        _number(self, "contrast_power", 0, 4)
        _number(self, "tv_energy_power", 0, 4)
        _number(self, "spectrum", 0, 2)
        _number(self, "palette", 0, 1)
        _number(self, "first_step", 1e-3, 255)
        _number(self, "hessian_scale", 0.1, 10)
        for field in ("keep_colors", "keep_transparency", "recolor_content", "whitening"):
            if not isinstance(getattr(self, field), bool):
                raise RecipeError(field, getattr(self, field), "true or false")
        for field in ("content_layers", "style_layers"):
            _layers(self, field)
        _choice(self, "start", Start)
        _choice(self, "style_fit", StyleFit)
        _choice(self, "padding", Padding)
        _choice(self, "optimizer", Optimizer)
        if self.deepest is not None and self.deepest not in LAYERS:
            raise RecipeError("deepest", self.deepest, "a layer such as relu4_2, or none")
        self._validate_blend()

    def _validate_name(self) -> None:
        name = self.name
        if not isinstance(name, str) or not name or len(name) > 64:
            raise RecipeError("name", name, "1 to 64 characters")
        if not all(c.isascii() and (c.isalnum() or c in "-_") for c in name):
            raise RecipeError("name", name, "letters, digits, '-' and '_'")

    def _validate_blend(self) -> None:
        expected = f"up to {_MAX_STYLES} weights ≥ 0 with a sum above 0"
        if not isinstance(self.blend, (tuple, list)) or len(self.blend) > _MAX_STYLES:
            raise RecipeError("blend", self.blend, expected)
        if not all(_is_number(weight) and 0 <= weight <= _MAX_WEIGHT for weight in self.blend):
            raise RecipeError("blend", self.blend, expected)
        if self.blend and not sum(self.blend) > 0:
            raise RecipeError("blend", self.blend, expected)
        object.__setattr__(self, "blend", tuple(float(weight) for weight in self.blend))

    @classmethod
    def named(cls, name: str) -> Recipe:
        """Return the built-in recipe of that name.

        Raises:
            RecipeError: there is no such recipe.
        """
        try:
            return RECIPES[name]
        except (KeyError, TypeError):
            raise RecipeError("name", name, f"one of {', '.join(RECIPES)}") from None

    def evolve(self, **changes: Any) -> Self:  # noqa: ANN401 - fields have various types
        """Return a copy with these fields changed.

        Raises:
            RecipeError: a field is unknown, or its value is not valid.
        """
        known = {field.name for field in dataclasses.fields(self)}
        for field, value in changes.items():
            if field not in known:
                raise RecipeError(field, value, f"one of {', '.join(sorted(known))}")
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """Return the recipe as a JSON object with every field."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Parse the output of `to_json`. Missing fields take the class's defaults.

        Raises:
            RecipeError: the text is not a JSON object, or a field is not valid.
        """
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RecipeError("json", text[:80], "a JSON object") from error
        if not isinstance(fields, dict):
            raise RecipeError("json", text[:80], "a JSON object")
        return Recipe().evolve(**fields)

    @property
    def layers(self) -> frozenset[str]:
        """All layers with a content or a style term."""
        terms = self.content_layers + self.style_layers
        return frozenset(name for name, weight in terms if weight > 0)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _integer(field: str, value: object, lowest: int, highest: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise RecipeError(field, value, f"a whole number from {lowest} to {highest}")


def _number(recipe: Recipe, field: str, lowest: float, highest: float) -> None:
    value = getattr(recipe, field)
    if not _is_number(value) or not lowest <= value <= highest:
        raise RecipeError(field, value, f"a number from {lowest:g} to {highest:g}")
    object.__setattr__(recipe, field, float(value))


def _choice(recipe: Recipe, field: str, choices: type[StrEnum]) -> None:
    value = getattr(recipe, field)
    try:
        object.__setattr__(recipe, field, choices(value))
    except ValueError:
        raise RecipeError(field, value, f"one of {', '.join(choices)}") from None


def _layers(recipe: Recipe, field: str) -> None:
    value = getattr(recipe, field)
    expected = "pairs of a layer such as relu4_2, each named once, and its weight ≥ 0"
    try:
        pairs = tuple((name, weight) for name, weight in value)
    except (TypeError, ValueError):
        raise RecipeError(field, value, expected) from None
    names = [name for name, _ in pairs]
    if not all(isinstance(name, str) and name in LAYERS for name in names):
        raise RecipeError(field, value, expected)
    if len(set(names)) != len(names):
        raise RecipeError(field, value, expected)
    if not all(_is_number(weight) and 0 <= weight <= _MAX_WEIGHT for _, weight in pairs):
        raise RecipeError(field, value, expected)
    object.__setattr__(recipe, field, tuple((name, float(weight)) for name, weight in pairs))


_COOKBOOK = Recipe(
    name="cookbook",
    passes=101,  # one for the start, then 100 generations
    start=Start.NOISE,
    optimizer=Optimizer.ADAM,
    spectrum=0,
    palette=0,
    snapshot_every=25,
)
_COOKBOOK_FAST = Recipe(
    name="cookbook-fast",
    passes=8,
    gamut_weight=6.5,
    deepest="relu4_2",  # deeper terms are less than a hundredth of the loss
    whitening=True,
    draft=0.6,
)
_DEFAULT = _COOKBOOK_FAST.evolve(
    name="default",
    passes=14,
    style_weight=1000,  # the recoloured start keeps more of the content than the cookbook's noise
    contrast_power=2,
    recolor_content=True,
    tv_weight=500,
    tv_energy_power=1 / 3,
    style_fit=StyleFit.AREA,
    style_trim=0.04,
    padding=Padding.REPLICATE,
    coarsest=96,
    least_variation=10,
)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            _DEFAULT,
            _DEFAULT.evolve(name="fast", passes=5, draft=1),
            _DEFAULT.evolve(name="fine", passes=40, style_weight=2000, style_scale=1.5),
            _COOKBOOK,
            _COOKBOOK_FAST,
        )
    }
)
"""The built-in recipes by name.

`cookbook` is the classic method: Adam from noise, 100 generations. `cookbook-fast` minimises the
same loss much faster. `default`, `fast` and `fine` are for everyday use.
"""
