from __future__ import annotations

import pytest
import torch

from stylenet.architecture import REDUCED_LAYERS, deepest_of, layer_shape, macs_per_pixel
from stylenet.features.vgg import VGG19
from stylenet.recipe import LAYERS, Padding


def test_nothing_deeper_than_asked_for_is_computed(network):
    features = network(torch.zeros(1, 3, 16, 16), {"relu2_1", "relu1_1"})
    assert set(features) == {"relu1_1", "relu2_1"}
    assert features["relu2_1"].shape == (1, 128, 8, 8)


def test_odd_sides_are_pooled_up(network):
    features = network(torch.zeros(1, 3, 17, 33), LAYERS)
    sides = {tuple(features[f"relu{block}_1"].shape[2:]) for block in range(1, 6)}
    assert sides == {(17, 33), (9, 17), (5, 9), (3, 5), (2, 3)}


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 2)])
def test_the_smallest_pictures_are_accepted(network, size):
    assert network(torch.zeros(1, 3, *size), LAYERS)["relu5_4"].isfinite().all()


def test_the_weights_get_no_gradient(network):
    picture = torch.full((1, 3, 8, 8), 100.0, requires_grad=True)
    network(picture, {"relu2_1"})["relu2_1"].sum().backward()
    assert picture.grad is not None
    assert not list(network.parameters())
    assert not any(buffer.requires_grad for buffer in network.buffers())


def test_the_gradient_of_the_features_against_finite_differences(exact_network):
    generator = torch.Generator().manual_seed(0)
    picture = 128 + 40 * torch.randn(1, 3, 4, 5, dtype=torch.float64, generator=generator)

    def loss(x):
        return exact_network(x, {"relu3_1"})["relu3_1"].sum()

    assert torch.autograd.gradcheck(loss, (picture.requires_grad_(),), eps=1e-5)


def test_costs_are_fractions_of_a_pass(network):
    assert network.cost(LAYERS[:14]) == 1.0
    assert network.cost({"relu4_2"}) == pytest.approx(0.7512, abs=1e-4)
    assert network.cost({"relu1_1", "relu4_2"}) == network.cost({"relu4_2"})
    assert network.cost({"relu5_4"}) > 1
    costs = [network.cost({layer}) for layer in LAYERS]
    assert costs == sorted(costs)
    # By hand: 64 channels at full size, 3 in, 3 × 3.
    assert network.cost({"relu1_1"}) == pytest.approx(9 * 3 * 64 / macs_per_pixel("relu5_2"))


def test_layer_shapes_are_those_of_the_weights(weights):
    for layer in LAYERS:
        channels, channels_in = weights.kernels[layer].shape[:2]
        assert layer_shape(layer)[:2] == (channels_in, channels)


def test_unknown_layers(network):
    for wrong in ({"conv1_1"}, {"relu1_1", "relu6_1"}, set()):
        with pytest.raises(KeyError):
            network(torch.zeros(1, 3, 8, 8), wrong)
        with pytest.raises(KeyError):
            deepest_of(wrong)
    with pytest.raises(KeyError):
        layer_shape("relu0_1")


def test_replicated_borders_give_a_flat_picture_flat_features(weights, network):
    """Of a picture of one colour, features are the same everywhere; zeros would draw a frame."""
    plain = torch.full((1, 3, 32, 48), 90.0)
    replicating = VGG19(weights, padding=Padding.REPLICATE)
    for layer, values in replicating(plain, LAYERS).items():
        inside = values[:, :, :1, :1].expand_as(values)
        torch.testing.assert_close(values, inside, rtol=1e-4, atol=1e-3, msg=layer)
    framed = network(plain, REDUCED_LAYERS)["relu4_1"]
    assert (framed - framed[:, :, 2:3, 2:3]).abs().max() > 1
