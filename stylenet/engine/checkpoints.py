"""A painting's resumable state, stored as arrays and JSON: no pickles, safe to load."""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from stylenet.errors import CheckpointError
from stylenet.events import Losses
from stylenet.optim.optimizer_state import OptimizerState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BudgetUsed", "PaintingState", "pack", "unpack"]

_VERSION = 3
_MAX_PAIRS = 200
_PAIR_BYTES = 24 << 20
"""Limit on the stored L-BFGS pairs; beyond it the oldest are dropped. It holds 18 pairs at
384 × 288 pixels and two at 1024 × 768. Resuming with fewer pairs costs a few more passes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetUsed:
    """Steps, full-size passes and seconds that a painting has used."""

    steps: int = 0
    passes: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PaintingState:
    """The state of a painting between two steps.

    Attributes:
        scale: index of the scale, from 0.
        before: what the scales before it used.
        step: steps done at this scale.
        stage: index of the stage in the scale's schedule, from 0.
        passes, seconds: spent on this scale; passes are of its size.
        parameters: (1, 3, height, width) float32.
        loss, gradient, losses: at the parameters; the gradient has their shape.
        optimizer: state of the optimizer.
    """

    scale: int
    before: BudgetUsed
    step: int
    stage: int
    passes: float
    seconds: float
    parameters: Tensor
    loss: float
    gradient: Tensor
    losses: Losses
    optimizer: OptimizerState


def pack(state: PaintingState, *, painting: str) -> bytes:
    """Serialize a state.

    Args:
        state: L-BFGS's pairs are stored in half precision, as `LBFGS` keeps them, without loss;
            the oldest are dropped where they exceed the size limit.
        painting: a fingerprint of recipe, pictures and weights; `unpack` requires the same.
    """
    size = state.parameters.numel()
    kept = state.optimizer.pairs[-max(_PAIR_BYTES // (4 * size), 1) :]
    count = 2 * len(kept)
    scales = []
    halves = np.empty((len(kept), 2, size), dtype=np.float16)
    for i, pair in enumerate(kept):
        for j, values in enumerate(pair):
            scale = _power_of_two(values)
            scales.append(scale)
            halves[i, j] = (values / scale).cpu().to(torch.float16).numpy()
    facts = {
        "version": _VERSION,
        "painting": painting,
        "scale": state.scale,
        "before": [state.before.steps, state.before.passes, state.before.seconds],
        "step": state.step,
        "stage": state.stage,
        "memory_steps": state.optimizer.steps,
        "passes": state.passes,
        "seconds": state.seconds,
        "loss": state.loss,
        "losses": dict(state.losses),
        "scales": scales,
    }
    products = state.optimizer.products
    arrays = {
        "facts": np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8),
        "parameters": _array(state.parameters),
        "gradient": _array(state.gradient),
        "pairs": halves,
        "products": np.zeros((0, 0)) if products is None else products[-count:, -count:],
        "moments": np.stack([_array(moment) for moment in state.optimizer.moments])
        if state.optimizer.moments
        else np.empty((0, *state.parameters.shape), dtype=np.float32),
    }
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return out.getvalue()


def unpack(
    data: bytes, *, painting: str, shapes: Sequence[tuple[int, ...]], device: torch.device
) -> PaintingState:
    """Deserialize and validate what `pack` returned.

    Args:
        data: the bytes.
        painting: the fingerprint that it must have.
        shapes: of the parameters at each scale.
        device: of the tensors.

    Raises:
        CheckpointError: damaged, of another version, or of another painting.
    """
    try:
        largest = max(math.prod(shape) for shape in shapes)
        arrays = _read(data, limit=(4 * _MAX_PAIRS + 32) * largest + (2 << 20))
        facts = json.loads(arrays["facts"].tobytes())
        _require_match(facts, painting)
        return _state(arrays, facts, _shape_at(facts, shapes), device)
    except CheckpointError:
        raise
    except Exception as error:
        # zipfile, numpy and json raise many kinds of errors on damaged bytes.
        raise CheckpointError(f"the checkpoint is damaged ({type(error).__name__})") from error


def _require_match(facts: Mapping[str, Any], painting: str) -> None:
    if facts["version"] != _VERSION:
        raise CheckpointError(f"version {facts['version']}, expected {_VERSION}")
    if facts["painting"] != painting:
        raise CheckpointError("it belongs to another painting")


def _shape_at(facts: Mapping[str, Any], shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    scale = facts["scale"]
    if type(scale) is not int or scale not in range(len(shapes)):
        raise CheckpointError("its scale does not exist in this painting")
    return shapes[scale]


def _read(data: bytes, *, limit: int) -> Mapping[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > limit:
            raise CheckpointError("it is larger than a checkpoint of this painting can be")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _state(
    arrays: Mapping[str, np.ndarray],
    facts: Mapping[str, Any],
    shape: tuple[int, ...],
    device: torch.device,
) -> PaintingState:
    size = math.prod(shape)
    pairs, moments = arrays["pairs"], arrays["moments"]
    known = 2 * len(pairs) if len(arrays["products"]) else 0
    expected = {
        "parameters": (shape, np.float32),
        "gradient": (shape, np.float32),
        "pairs": ((len(pairs), 2, size), np.float16),
        "products": ((known, known), np.float64),
        "moments": ((len(moments), *shape), np.float32),
    }
    for name, (expected_shape, dtype) in expected.items():
        values = arrays[name]
        if values.shape != expected_shape or values.dtype != dtype or not np.isfinite(values).all():
            raise CheckpointError(f"its {name} have the wrong shape, dtype or values")
    scales = [float(scale) for scale in facts["scales"]]
    if len(scales) != 2 * len(pairs) or len(pairs) > _MAX_PAIRS or len(moments) not in {0, 2}:
        raise CheckpointError("its optimizer state is inconsistent")
    losses = {str(name): float(value) for name, value in facts["losses"].items()}
    steps_before, passes_before, seconds_before = facts["before"]
    counts = [facts[name] for name in ("step", "stage", "memory_steps")]
    counts.append(steps_before)
    if not all(type(count) is int and count >= 0 for count in counts):
        raise CheckpointError("a count is not a whole number from 0")
    numbers = [float(facts[name]) for name in ("passes", "seconds", "loss")]
    numbers += [*losses.values(), float(passes_before), float(seconds_before), *scales]
    if not all(math.isfinite(number) for number in numbers):
        raise CheckpointError("a number is not finite")

    def tensor(values: np.ndarray, scale: float = 1.0) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(device) * scale

    return PaintingState(
        scale=facts["scale"],
        before=BudgetUsed(
            steps=steps_before, passes=float(passes_before), seconds=float(seconds_before)
        ),
        step=int(facts["step"]),
        stage=int(facts["stage"]),
        passes=float(facts["passes"]),
        seconds=float(facts["seconds"]),
        parameters=tensor(arrays["parameters"]),
        loss=float(facts["loss"]),
        gradient=tensor(arrays["gradient"]),
        losses=Losses(losses),
        optimizer=OptimizerState(
            steps=int(facts["memory_steps"]),
            moments=(tensor(moments[0]), tensor(moments[1])) if len(moments) else None,
            pairs=tuple(
                (tensor(s, scales[2 * i]), tensor(y, scales[2 * i + 1]))
                for i, (s, y) in enumerate(pairs)
            ),
            products=arrays["products"] if known else None,
        ),
    )


def _array(values: Tensor) -> np.ndarray:
    return values.detach().to("cpu", torch.float32).contiguous().numpy()


def _power_of_two(values: Tensor) -> float:
    largest = float(values.abs().max())
    return 2.0 ** math.floor(math.log2(largest)) if largest > 0 else 1.0
