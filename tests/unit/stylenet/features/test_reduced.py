"""The reduced network: its error, its cost and its cache."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

from stylenet.architecture import (
    REDUCED_CHANNELS,
    REDUCED_FILTERS,
    REDUCED_LAYERS,
    reduced_cost,
)
from stylenet.features import reduced as reduced_network
from stylenet.features.reduced import ReducedVGG, load_reduced


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fits")


@pytest.fixture(scope="module")
def reduced(weights, folder):
    return load_reduced(weights, folder=folder)


@pytest.fixture
def fits(reduced, folder, monkeypatch):
    """The fits made during a test; each takes its factors from the first one, to be quick."""
    (kept,) = folder.iterdir()
    with np.load(kept) as archive:
        factors = {name: torch.from_numpy(values) for name, values in archive.items()}
    made = []

    def fit(weights):
        made.append(weights)
        return factors

    monkeypatch.setattr(reduced_network, "fit", fit)
    return made


def test_features_are_close_to_the_exact_ones(reduced, network, make_scene, to_tensor):
    """On a picture that it was not fitted to."""
    picture = to_tensor(make_scene(96, 80))
    exact, ours = network(picture, REDUCED_LAYERS), reduced(picture, REDUCED_LAYERS)
    for layer in REDUCED_LAYERS:
        assert ours[layer].shape == exact[layer].shape
        error = (ours[layer] - exact[layer]).square().mean() / exact[layer].var()
        assert error < 0.2, layer


def test_gradient_agrees_mostly_with_the_exact_one(reduced, network, make_scene, to_tensor):
    picture = to_tensor(make_scene(64, 64)).requires_grad_()
    gradients = []
    for net in (network, reduced):
        features = net(picture, {"relu4_1"})["relu4_1"]
        gradients.append(torch.autograd.grad(features.square().mean(), picture)[0].flatten())
    assert torch.nn.functional.cosine_similarity(*gradients, dim=0) > 0.8


def test_it_costs_about_a_fifth(reduced, network):
    assert reduced.cost({"relu4_2"}) == pytest.approx(0.1933, abs=1e-4)
    for layer in REDUCED_LAYERS:
        assert reduced_cost({layer}) < network.cost({layer})


@pytest.mark.parametrize(
    "layers", [{"relu4_3"}, {"relu1_1"}, {"relu2_1", "relu5_1"}, {"conv1_1"}, set()]
)
def test_it_has_only_some_of_the_layers(reduced, layers):
    with pytest.raises(KeyError):
        reduced(torch.zeros(1, 3, 16, 16), layers)
    with pytest.raises(KeyError):
        reduced_cost(layers)


def test_the_fit_is_cached(reduced, weights, folder, caplog):
    kept = list(folder.iterdir())
    assert [path.suffix for path in kept] == [".npz"]
    assert weights.fingerprint() in kept[0].name
    before = kept[0].stat().st_mtime_ns
    again = load_reduced(weights, folder=folder)
    assert kept[0].stat().st_mtime_ns == before
    for name, values in reduced.named_buffers():
        assert torch.equal(values, again.get_buffer(name))
    assert not caplog.records


@pytest.mark.parametrize("damage", ["garbage", "shape", "nan"])
def test_a_damaged_cache_is_fitted_again(reduced, weights, folder, fits, tmp_path, caplog, damage):
    (kept,) = folder.iterdir()
    path = tmp_path / kept.name
    with np.load(kept) as archive:
        stored = dict(archive)
    if damage == "garbage":
        path.write_bytes(b"not an archive")
    else:
        spoilt = stored["relu4_2_bias"]
        stored["relu4_2_bias"] = spoilt[:-1] if damage == "shape" else spoilt * np.nan
        np.savez(path, **stored)
    with caplog.at_level(logging.WARNING):
        again = load_reduced(weights, folder=tmp_path)
    assert "fitting it again" in caplog.text
    assert fits == [weights]
    assert torch.equal(again.get_buffer("relu4_2_bias"), reduced.get_buffer("relu4_2_bias"))
    load_reduced(weights, folder=tmp_path)
    assert fits == [weights], "the new fit was cached"


def test_an_unwritable_cache_folder_is_tolerated(weights, fits, tmp_path, caplog):
    occupied = tmp_path / "file"
    occupied.write_text("in the way")
    with caplog.at_level(logging.WARNING):
        network = load_reduced(weights, folder=occupied)
    assert isinstance(network, ReducedVGG)
    assert fits == [weights]
    assert "cannot cache" in caplog.text


def test_every_layer_goes_through_fewer_channels(weights, reduced):
    for layer, (entering, leaving) in REDUCED_CHANNELS.items():
        kernel = reduced.get_buffer(f"{layer}_kernel")
        assert kernel.shape == (leaving, entering, 3, 3)
        assert entering < weights.kernels[layer].shape[1]
        assert leaving < len(weights.biases[layer])
    kept = reduced.get_buffer("relu1_1_kernel")
    whole = weights.kernels["relu1_1"]
    assert len(kept) == REDUCED_FILTERS < len(whole)
    for kernel in kept:  # the filters are chosen, not mixed
        assert (whole == kernel).flatten(1).all(dim=1).any()
