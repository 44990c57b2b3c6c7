from __future__ import annotations

import numpy as np
import pytest

from stylenet.preprocessing import colors


@pytest.fixture
def pictures(make_scene, make_strokes):
    return tuple(
        np.asarray(image, dtype=np.float64) for image in (make_scene(40, 30), make_strokes(33, 50))
    )


def moments(picture):
    rows = picture.reshape(-1, 3)
    return rows.mean(axis=0), np.cov(rows.T, bias=True)


def test_matched_mean_and_covariance_equal_the_references(pictures):
    source, reference = pictures
    matched = colors.match_colors(source, [reference])
    assert matched.shape == source.shape
    for ours, expected in zip(moments(matched), moments(reference), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-3)


def test_matching_a_picture_to_itself_changes_nothing(pictures):
    np.testing.assert_allclose(
        colors.match_colors(pictures[0], [pictures[0]]), pictures[0], atol=1e-6
    )


@pytest.mark.parametrize("flat", [0.0, 128.0, 255.0])
def test_flat_pictures_stay_finite(pictures, flat):
    plain = np.full((8, 8, 3), flat)
    towards = colors.match_colors(pictures[0], [plain])
    np.testing.assert_allclose(towards.mean(axis=(0, 1)), flat, atol=1e-6)
    np.testing.assert_allclose(towards - towards.mean(axis=-1, keepdims=True), 0, atol=1e-6)
    assert towards.std() == pytest.approx(25), "enough to be seen, and no more"
    away = colors.match_colors(plain, [pictures[0]])
    np.testing.assert_allclose(away.mean(axis=(0, 1)), pictures[0].mean(axis=(0, 1)))


def test_rounding_is_not_amplified_to_stripes(pictures):
    """A clear sky's colours lie on a line; beside it there is only what 8 bits leave."""
    down = np.linspace(0, 1, 150)[:, None, None]
    exact = np.array([70, 130, 210]) * (1 - down) + np.array([215, 230, 245]) * down
    exact = np.broadcast_to(exact, (150, 8, 3))
    matched = colors.match_colors(exact.round(), [pictures[1]])
    smooth = colors.match_colors(exact, [pictures[1]])
    assert np.abs(matched - smooth).max() < 20
    assert matched.std() > 0.4 * pictures[1].std()


def test_a_grey_picture_takes_the_references_mean_colour(pictures):
    grey = colors.luminance(pictures[0])
    matched = colors.match_colors(grey, [pictures[1]])
    assert np.isfinite(matched).all()
    np.testing.assert_allclose(matched.mean(axis=(0, 1)), pictures[1].mean(axis=(0, 1)))
    assert np.abs(matched).max() < 2000


def test_luminance_has_equal_channels_and_rec_601_weights():
    picture = np.array([[[255.0, 0, 0], [0, 255, 0], [0, 0, 255]]])
    grey = colors.luminance(picture)
    np.testing.assert_allclose(grey[0, :, 0], (76.245, 149.685, 29.07))
    assert (grey == grey[..., :1]).all()


def test_with_luminance_keeps_hues(pictures):
    source, _ = pictures
    grey = colors.luminance(source) * 0.5 + 20
    result = colors.with_luminance(source, grey)
    np.testing.assert_allclose(colors.luminance(result), grey)
    np.testing.assert_allclose(
        result - colors.luminance(result), source - colors.luminance(source), atol=1e-9
    )


def test_match_luminance(pictures):
    one, other = (colors.luminance(picture) for picture in pictures)
    matched = colors.match_luminance(one, other)
    assert matched.mean() == pytest.approx(other.mean())
    assert matched.std() == pytest.approx(other.std())
    flat = np.zeros((4, 4, 3))
    assert np.isfinite(colors.match_luminance(flat, other)).all()
