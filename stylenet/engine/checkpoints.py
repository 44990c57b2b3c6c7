"""A painting's resumable state as bytes that are safe to load: arrays and JSON, no pickles."""

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
from stylenet.optim.search import Memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Spent", "State", "pack", "unpack"]

_VERSION = 3
_MAX_PAIRS = 200
_PAIR_BYTES = 24 << 20
"""What the optimiser's memory may take in a checkpoint; beyond it the oldest pairs are left out.
At 384 × 288 pixels that is 18 pairs, at 1024 × 768 two: a search resumed with fewer costs a few
passes more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What painting has taken: steps, full-size passes, and seconds."""

    steps: int = 0
    passes: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class State:
    """Where a painting stands between two steps.

    Attributes:
        scale: which of the painting's scales it is at, from 0.
        before: what the scales before that took.
        step: steps done at this scale.
        stage: which of the scale's stages it is in, from 0.
        passes, seconds: spent on this scale; passes are of its size.
        parameters: (1, 3, height, width) float32.
        loss, gradient, losses: at the parameters; the gradient has their shape.
        memory: what the method of minimising remembers.
    """

    scale: int
    before: Spent
    step: int
    stage: int
    passes: float
    seconds: float
    parameters: Tensor
    loss: float
    gradient: Tensor
    losses: Losses
    memory: Memory


def pack(state: State, *, painting: str) -> bytes:
    """Write a state.

    Args:
        state: what to keep. Its pairs are written in half precision (as `LBFGS` keeps them, so
            nothing is lost), the newest first as far as there is room.
        painting: a fingerprint of recipe, pictures and weights; `unpack` demands the same.
    """
    size = state.parameters.numel()
    kept = state.memory.pairs[-max(_PAIR_BYTES // (4 * size), 1) :]
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
        "memory_steps": state.memory.steps,
        "passes": state.passes,
        "seconds": state.seconds,
        "loss": state.loss,
        "losses": dict(state.losses),
        "scales": scales,
    }
    products = state.memory.products
    arrays = {
        "facts": np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8),
        "parameters": _array(state.parameters),
        "gradient": _array(state.gradient),
        "pairs": halves,
        "products": np.zeros((0, 0)) if products is None else products[-count:, -count:],
        "moments": np.stack([_array(moment) for moment in state.memory.moments])
        if state.memory.moments
        else np.empty((0, *state.parameters.shape), dtype=np.float32),
    }
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return out.getvalue()


def unpack(
    data: bytes, *, painting: str, shapes: Sequence[tuple[int, ...]], device: torch.device
) -> State:
    """Read what `pack` wrote, believing none of it.

    Args:
        data: the bytes.
        painting: the fingerprint it must carry.
        shapes: of the parameters, by scale.
        device: where the tensors go.

    Raises:
        CheckpointError: damaged, of another version, or of another painting.
    """
    try:
        largest = max(math.prod(shape) for shape in shapes)
        arrays = _read(data, limit=(4 * _MAX_PAIRS + 32) * largest + (2 << 20))
        facts = json.loads(arrays["facts"].tobytes())
        _require_same(facts, painting)
        return _state(arrays, facts, _shape_at(facts, shapes), device)
    except CheckpointError:
        raise
    except Exception as error:
        # zipfile, numpy and json stumble in many ways over damaged bytes.
        raise CheckpointError(f"the checkpoint is damaged ({type(error).__name__})") from error


def _require_same(facts: Mapping[str, Any], painting: str) -> None:
    if facts["version"] != _VERSION:
        raise CheckpointError(f"version {facts['version']}, expected {_VERSION}")
    if facts["painting"] != painting:
        raise CheckpointError("it belongs to another painting")


def _shape_at(facts: Mapping[str, Any], shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    scale = facts["scale"]
    if type(scale) is not int or scale not in range(len(shapes)):
        raise CheckpointError("it is at a scale that this painting does not have")
    return shapes[scale]


def _read(data: bytes, *, limit: int) -> Mapping[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > limit:
            raise CheckpointError("it is larger than such a painting's can be")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _state(
    arrays: Mapping[str, np.ndarray],
    facts: Mapping[str, Any],
    shape: tuple[int, ...],
    device: torch.device,
) -> State:
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
    for name, (its_shape, dtype) in expected.items():
        values = arrays[name]
        if values.shape != its_shape or values.dtype != dtype or not np.isfinite(values).all():
            raise CheckpointError(f"its {name} are not what they should be")
    scales = [float(scale) for scale in facts["scales"]]
    if len(scales) != 2 * len(pairs) or len(pairs) > _MAX_PAIRS or len(moments) not in {0, 2}:
        raise CheckpointError("its optimiser's memory is not what it should be")
    losses = {str(name): float(value) for name, value in facts["losses"].items()}
    steps_before, passes_before, seconds_before = facts["before"]
    counts = [facts[name] for name in ("step", "stage", "memory_steps")]
    counts.append(steps_before)
    if not all(type(count) is int and count >= 0 for count in counts):
        raise CheckpointError("its counts are not counts")
    numbers = [float(facts[name]) for name in ("passes", "seconds", "loss")]
    numbers += [*losses.values(), float(passes_before), float(seconds_before), *scales]
    if not all(math.isfinite(number) for number in numbers):
        raise CheckpointError("it holds what is not a number")

    def tensor(values: np.ndarray, scale: float = 1.0) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(device) * scale

    return State(
        scale=facts["scale"],
        before=Spent(
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
        memory=Memory(
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
