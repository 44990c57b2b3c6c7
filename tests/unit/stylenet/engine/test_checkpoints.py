from __future__ import annotations

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import torch

from stylenet.engine.checkpoints import BudgetUsed, PaintingState, pack, unpack
from stylenet.errors import CheckpointError
from stylenet.events import Losses
from stylenet.optim.lbfgs import round_to_half
from stylenet.optim.optimizer_state import OptimizerState

SHAPE = (1, 3, 5, 7)
CPU = torch.device("cpu")


def tensor(seed, *shape):
    return torch.randn(*(shape or SHAPE), generator=torch.Generator().manual_seed(seed))


def state(pairs=3, moments=False):
    return PaintingState(
        step=7,
        stage=1,
        passes=5.25,
        seconds=1.5,
        scale=1,
        before=BudgetUsed(steps=12, passes=2.5, seconds=0.75),
        parameters=tensor(0) * 100,
        loss=1e6,
        gradient=tensor(1) * 1e-6,
        losses=Losses({"content": 1.0, "style": 2.0, "total_variation": 3.0}),
        optimizer=OptimizerState(
            steps=7 if moments else 0,
            moments=(tensor(2), tensor(3).square()) if moments else None,
            pairs=tuple(
                (
                    round_to_half(tensor(10 + i, 105) * 1e-5),
                    round_to_half(tensor(50 + i, 105) * 1e7),
                )
                for i in range(pairs)
            ),
        ),
    )


def read(data, painting="p", shape=SHAPE):
    return unpack(data, painting=painting, shapes=[(1, 3, 4, 4), shape], device=CPU)


@pytest.mark.parametrize(("pairs", "moments"), [(0, False), (3, False), (0, True)])
def test_a_round_trip_loses_nothing(pairs, moments):
    before = state(pairs, moments)
    after = read(pack(before, painting="p"))
    for field in ("scale", "before", "step", "stage", "passes", "seconds", "loss", "losses"):
        assert getattr(after, field) == getattr(before, field)
    assert torch.equal(after.parameters, before.parameters)
    assert torch.equal(after.gradient, before.gradient)
    assert after.optimizer.steps == before.optimizer.steps
    assert len(after.optimizer.pairs) == pairs
    for ours, theirs in zip(after.optimizer.pairs, before.optimizer.pairs, strict=True):
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])
    assert (after.optimizer.moments is not None) == moments
    if moments:
        assert all(
            torch.equal(a, b)
            for a, b in zip(after.optimizer.moments, before.optimizer.moments, strict=True)
        )


def test_the_newest_pairs_are_kept_within_the_size_limit(monkeypatch):
    monkeypatch.setattr("stylenet.engine.checkpoints._PAIR_BYTES", 2 * 4 * 105)
    before = state(5)
    after = read(pack(before, painting="p"))
    assert len(after.optimizer.pairs) == 2
    assert torch.equal(after.optimizer.pairs[-1][0], before.optimizer.pairs[-1][0])


def test_another_paintings_checkpoint_is_refused():
    data = pack(state(), painting="p")
    with pytest.raises(CheckpointError, match="another painting"):
        read(data, painting="q")
    with pytest.raises(CheckpointError, match="parameters"):
        read(data, shape=(1, 3, 7, 5))


@pytest.mark.parametrize("cut", [0, 10, 200, -1])
def test_a_truncated_checkpoint_is_refused(cut):
    with pytest.raises(CheckpointError):
        read(pack(state(), painting="p")[:cut])


def rewritten(change):
    """Return a checkpoint with changed arrays and facts."""
    with np.load(io.BytesIO(pack(state(), painting="p"))) as archive:
        arrays = dict(archive)
    facts = json.loads(arrays["facts"].tobytes())
    change(arrays, facts)
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda a, f: a.pop("gradient"),
        lambda a, f: a.update(gradient=a["gradient"].astype(np.float64)),
        lambda a, f: a.update(parameters=a["parameters"] * np.nan),
        lambda a, f: a.update(pairs=a["pairs"][:, :1]),
        lambda a, f: a.update(moments=np.zeros((1, *SHAPE), np.float32)),
        lambda a, f: a.update(products=np.ones((6, 5))),
        lambda a, f: a.update(products=np.full((6, 6), np.inf)),
        lambda a, f: f.update(scale=2),
        lambda a, f: f.update(scale=-1),
        lambda a, f: f.update(scale=True),
        lambda a, f: f.update(before=[1.5, 2, 3]),
        lambda a, f: f.update(before=[1, 2]),
        lambda a, f: f.update(version=1),
        lambda a, f: f.pop("painting"),
        lambda a, f: f.update(step=-1),
        lambda a, f: f.update(stage=0.5),
        lambda a, f: f.update(loss=float("inf")),
        lambda a, f: f.update(losses=[1, 2]),
        lambda a, f: f["losses"].update(style=float("nan")),
        lambda a, f: f["losses"].update(style="much"),
        lambda a, f: f.update(scales=f["scales"][:-1]),
        lambda a, f: f.update(scales=[float("nan")] * 6),
    ],
)
def test_an_invalid_checkpoint_is_refused(change):
    read(rewritten(lambda a, f: None))
    with pytest.raises(CheckpointError):
        read(rewritten(change))


class Explosive:
    def __reduce__(self):
        return (pytest.fail, ("a checkpoint ran code",))


def test_no_code_in_it_is_run():
    with pytest.raises(CheckpointError):
        read(pickle.dumps(Explosive()))
    with pytest.raises(CheckpointError):
        read(rewritten(lambda a, f: a.update(gradient=np.array([Explosive()], dtype=object))))


def test_a_decompression_bomb_is_refused_before_it_is_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("facts.npy", bytes(8 << 20))
    with pytest.raises(CheckpointError, match="larger"):
        read(out.getvalue())
