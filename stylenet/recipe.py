"""Recipes: every choice that shapes a picture. Frozen, serialisable, validated, free of torch."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypeVar

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
"""VGG-19's sixteen convolutions, each named after its rectified output, shallowest first."""

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

_Choice = TypeVar("_Choice", bound=StrEnum)


class Start(StrEnum):
    """The picture painting starts from."""

    NOISE = "noise"  # the mean picture and a little Gaussian noise
    CONTENT = "content"
    RECOLORED = "recolored"  # the content picture in the style's colours


class Optimizer(StrEnum):
    """How steps are taken."""

    ADAM = "adam"
    LBFGS = "lbfgs"


class StyleFit(StrEnum):
    """How the style picture is brought to the content picture's size."""

    STRETCH = "stretch"  # to exactly its width and height
    AREA = "area"  # to its area, in the style picture's own proportions


class Padding(StrEnum):
    """What the network sees beyond the borders of a picture and of its features."""

    ZEROS = "zeros"  # as it was trained; paintings are framed by what it makes of the edge
    REPLICATE = "replicate"  # the outermost row or column once more: no edge to be seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Every choice that shapes a picture.

    The loss that is minimised, over the picture x in 0..255 and the features F of VGG-19::

        content_weight · Σ_l w_l · mean((F_l(x) − F_l(content))²)
        + style_weight · b · Σ_l w_l · mean((G_l(x) − G_l(style))²)      G = FᵀF / size(F)
        + tv_weight · (mean(dx²) + mean(dy²))
        + gamut_weight · style_weight · b · E · mean((x − clip(x, 0, 255))²) / 255²

    where E = Σ_l w_l · mean(G_l(style)²) is the style's energy, which grows with the fourth
    power of its contrast, and b = (E / 10⁵)^(contrast_power / 4 − 1).

    Attributes:
        name: what the recipe is called; letters, digits, ``-`` and ``_``.
        size: longest side painted, in pixels; None paints at the content picture's own size.
        coarsest: least longest side, in pixels, of the smaller pictures that are painted first,
            each half as large as the next; 0 paints at one size. A painting that begins from a
            picture has one size too.
        seed: of every random choice; the same recipe paints the same picture. Seed 0 leaves a
            start that is not noise as it is.
        passes: budget, in passes of VGG-19 forward and backward at full size.
        keep_colors: whether the content picture's colours stay and only its brightness is
            painted.
        content_weight, style_weight, tv_weight, gamut_weight: weights of the loss's terms. The
            gamut term is a guard rail, for only 0..255 can be written, and no part of the losses
            that are reported.
        content_layers, style_layers: layers by name with the weight of each.
        contrast_power: the power of a style's contrast that its term grows with: 4 as the Gram
            matrices have it, 2 as the content term grows with the content's. Styles of the
            contrast of Starry Night count the same with any.
        recolor_content: whether the content term is measured against the content picture in the
            styles' colours instead of its own. Then the two terms do not pull at the colours
            from two sides, and a content picture of more contrast than the style is not copied.
        start: the picture painting starts from.
        start_noise: standard deviation of the noise of `Start.NOISE`, in 0..255.
        variety: standard deviation, in 0..255, of the smooth noise that another seed than 0 lays
            over a start that is not noise, and that is not given as a picture. Without it every
            seed would paint the same.
        style_fit: how the style picture is brought to the content picture's size.
        style_scale: size of the style picture's strokes; 2 makes them twice as large.
        blend: weights of several style pictures, one for each, normalised to a sum of 1; empty
            blends them equally.
        padding: what the network sees beyond the borders.
        mask_softness: standard deviation by which a mask's edge is softened, as a part of the
            picture's longest side.
        optimizer: how steps are taken.
        learning_rate: of Adam, in levels of 0..255.
        spectrum: exponent p of the Fourier parametrisation, in which a coefficient at frequency
            f is scaled by f^−p; 0 paints in pixels.
        palette: share of the variance of the styles' colours, along the axis where they vary
            most, below which an axis is painted less readily; 0 paints all alike.
        first_step: root mean square of L-BFGS's first step, in levels of 0..255.
        history: pairs that L-BFGS remembers.
        hessian_scale: factor on L-BFGS's initial inverse Hessian.
        deepest: the deepest layer whose term is minimised; terms beyond it are reported and not
            minimised. None minimises them all.
        whitening: whether relu4_1's style term is whitened, damped less and less.
        draft: part of the budget that is spent on the reduced network before the full one; all
            of it where the rest would not pay for a step.
        snapshot_every: steps between two snapshots; None takes one when the picture has visibly
            changed.
    """

    name: str = "default"
    size: int | None = None
    coarsest: int = 0
    seed: int = 0
    passes: float = 40.0
    keep_colors: bool = False
    content_weight: float = 5.0
    style_weight: float = 500.0
    tv_weight: float = 100.0
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
    style_fit: StyleFit = StyleFit.STRETCH
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
        _number(self, "style_scale", 0.1, 10)
        _number(self, "mask_softness", 0, 1)
        _number(self, "learning_rate", 1e-6, 255)
        _number(self, "draft", 0, 1)
        _number(self, "contrast_power", 0, 4)
        _number(self, "spectrum", 0, 2)
        _number(self, "palette", 0, 1)
        _number(self, "first_step", 1e-3, 255)
        _number(self, "hessian_scale", 0.1, 10)
        for field in ("keep_colors", "recolor_content", "whitening"):
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
            RecipeError: there is none.
        """
        try:
            return RECIPES[name]
        except (KeyError, TypeError):
            raise RecipeError("name", name, f"one of {', '.join(RECIPES)}") from None

    def evolve(self, **changes: Any) -> Self:  # noqa: ANN401 - as various as the fields
        """Return a copy with these fields changed.

        Raises:
            RecipeError: a field is unknown, or its value is not one.
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
        """Read what `to_json` wrote. Fields left out take the class's defaults.

        Raises:
            RecipeError: the text is not such an object, or a field is not valid.
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
        """Every layer that a term of the loss looks at."""
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


def _choice(recipe: Recipe, field: str, choices: type[_Choice]) -> None:
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
    passes=101,  # that of the start counts; then 100 generations
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
    deepest="relu4_2",  # the terms beyond are under a hundredth of the loss
    whitening=True,
    draft=0.64,
)
_DEFAULT = _COOKBOOK_FAST.evolve(
    name="default",
    passes=14,
    style_weight=1000,  # our starts keep the content better than the cookbook's: there is room
    contrast_power=2,
    recolor_content=True,
    tv_weight=500,
    style_fit=StyleFit.AREA,
    padding=Padding.REPLICATE,
    coarsest=256,
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

`cookbook` is the classic one: Adam from noise, 100 generations. `cookbook-fast` minimises
exactly the same loss by the best means there are; `default`, `fast` and `fine` are what members
choose from.
"""
