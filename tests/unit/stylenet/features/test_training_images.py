"""Dead leaves pictures have the statistics of photographs."""

from __future__ import annotations

import numpy as np

from stylenet.features.training_images import dead_leaves


def test_dead_leaves_are_in_range_and_reproducible():
    one, same, other = (dead_leaves(40, 56, seed=seed) for seed in (1, 1, 2))
    assert one.shape == (40, 56, 3)
    assert one.min() >= 0
    assert one.max() <= 255
    assert one.std() > 20
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_dead_leaves_have_the_spectrum_of_photographs():
    """The amplitude falls about as 1/f, so the power has an exponent near 2."""
    power = 0
    for seed in range(4):
        picture = dead_leaves(128, 128, seed=seed).mean(axis=-1)
        power = power + np.abs(np.fft.fft2(picture - picture.mean())) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128)))
    inside = (frequency > 0.03) & (frequency < 0.3)
    slope, _ = np.polyfit(np.log(frequency[inside]), np.log(power[inside]), 1)
    assert -3.2 < slope < -1.2
