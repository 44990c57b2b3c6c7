"""Masks: regions, guided Gram matrices, and pictures painted in part."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

import stylenet
from stylenet.errors import EmptyMaskError, RecipeError
from stylenet.optim.fourier import FourierBasis
from stylenet.optim.masking import MaskedPicture
from stylenet.preprocessing.regions import coverage, make_regions
from stylenet.recipe import Recipe

HARD = Recipe(mask_softness=0, passes=4)
WIDTH, HEIGHT = 24, 18


def grey(values):
    return Image.fromarray(np.rint(np.asarray(values) * 255).astype(np.uint8))


def half(*, left=True, width=WIDTH, height=HEIGHT):
    mask = np.zeros((height, width))
    mask[:, : width // 2] = 1
    return grey(mask if left else 1 - mask)


WHITE = Image.new("L", (7, 5), 255)
BLACK = Image.new("L", (7, 5), 0)


def divided(masks, styles=2, recipe=HARD):
    return make_regions(masks, styles, recipe, width=WIDTH, height=HEIGHT)


def test_without_masks_there_is_one_region_with_the_blend():
    for masks in ((), (None, None), (WHITE, None), (WHITE, WHITE.convert("RGB"))):
        (region,) = divided(masks, recipe=HARD.evolve(blend=(1, 3)))
        assert region.share is None
        assert region.mix == (0.25, 0.75)
    assert coverage(divided(())) is None


def test_styles_without_a_mask_share_the_uncovered_area():
    first, rest = divided((half(), None, None), 3, HARD.evolve(blend=(5, 1, 3)))
    assert first.mix == (1, 0, 0)
    assert rest.mix == (0, 0.25, 0.75)
    expected = np.asarray(half()) / 255
    np.testing.assert_array_equal(first.share, expected)
    np.testing.assert_array_equal(rest.share, 1 - expected)
    np.testing.assert_array_equal(coverage((first, rest)), np.ones((HEIGHT, WIDTH)))


def test_area_without_a_mask_is_in_no_region():
    (region,) = divided((half(),), 1)
    np.testing.assert_array_equal(coverage((region,)), np.asarray(half()) / 255)


def test_styles_with_the_same_mask_are_blended_in_it():
    (region,) = divided((half(), half()), recipe=HARD.evolve(blend=(1, 1)))
    assert region.mix == (0.5, 0.5)


def test_overlapping_masks_share_by_weight():
    wide = np.zeros((HEIGHT, WIDTH))
    wide[:, : 3 * WIDTH // 4] = 1
    one, other = divided((half(), grey(wide)), recipe=HARD.evolve(blend=(1, 3)))
    assert one.share[0, 0] == pytest.approx(0.25)
    assert other.share[0, 0] == pytest.approx(0.75)
    assert (one.share[0, 14], other.share[0, 14]) == (0, 1)
    assert coverage((one, other)).max() <= 1


def test_soft_masks_add_up_to_one():
    mask = np.tile(np.linspace(0, 1, WIDTH), (HEIGHT, 1))
    one, other = divided((grey(mask), grey(1 - mask)))
    np.testing.assert_allclose(one.share, mask, atol=0.01)
    np.testing.assert_allclose(one.share + other.share, 1, atol=0.01)
    (soft,) = divided((half(),), 1, Recipe(mask_softness=0.1))
    assert 0.3 < soft.share[9, 11] < 0.7
    assert soft.share.mean() == pytest.approx(0.5, abs=0.01)


def test_masks_are_resized_to_the_picture():
    (region,) = divided((half(width=96, height=72),), 1)
    np.testing.assert_allclose(region.share, np.asarray(half()) / 255, atol=0.3)
    assert region.share.mean() == pytest.approx(0.5)


def test_a_style_without_pixels_is_refused():
    with pytest.raises(EmptyMaskError, match="style picture 2 no place: paint white"):
        divided((None, BLACK))
    with pytest.raises(EmptyMaskError, match="style picture 1"):
        divided((BLACK,), 1)
    with pytest.raises(EmptyMaskError, match="style picture 3"):  # nothing is left for it
        divided((half(), half(left=False), None), 3)
    assert len(divided((half(), half(left=False)), recipe=HARD.evolve(blend=(1, 0)))) == 1
    with pytest.raises(RecipeError, match="one per style picture"):
        divided((half(),), 2)


def test_a_composite_shows_what_is_covered():
    random = torch.Generator().manual_seed(0)
    content, painted = (
        torch.rand((1, 3, 8, 9), generator=random, dtype=torch.float64) for _ in range(2)
    )
    covered = torch.zeros(8, 9, dtype=torch.float64)
    covered[:4] = 1
    covered[4] = 0.5
    inner = FourierBasis(8, 9, 0.5, dtype=torch.float64)
    composite = MaskedPicture(inner, coverage=covered, content=content)
    shown = composite.to_picture(composite.to_parameters(painted))
    torch.testing.assert_close(shown[..., :4, :], painted[..., :4, :])
    torch.testing.assert_close(shown[..., 4, :], (painted + content)[..., 4, :] / 2)
    assert torch.equal(shown[..., 5:, :], content[..., 5:, :])

    z = inner.to_parameters(painted).requires_grad_()
    pull = torch.rand((1, 3, 8, 9), generator=random, dtype=torch.float64)
    (expected,) = torch.autograd.grad((composite.to_picture(z) * pull).sum(), z)
    torch.testing.assert_close(composite.pull_back(pull), expected)


def painted(content, styles, recipe, masks, **options):
    *_, painting = stylenet.paint(content, styles, recipe, masks=masks, device="cpu", **options)
    return painting


def test_a_white_mask_changes_nothing_and_a_black_one_is_refused(content, style):
    recipe = Recipe(passes=3)
    plain = painted(content, [style], recipe, ())
    white = painted(content, [style], recipe, (WHITE,))
    np.testing.assert_array_equal(plain.pixels, white.pixels)
    with pytest.raises(EmptyMaskError, match="paint white where"):
        painted(content, [style], recipe, (BLACK,))


@pytest.mark.parametrize("keep_colors", [False, True])
@pytest.mark.parametrize("start", ["recolored", "noise"])
def test_outside_the_mask_the_content_is_unchanged(content, style, keep_colors, start):
    mask = half(width=64, height=48)
    recipe = HARD.evolve(keep_colors=keep_colors, start=start)
    events = list(stylenet.paint(content, [style], recipe, masks=(mask,), device="cpu"))
    original = np.asarray(content, dtype=int)
    for event in (events[0], events[-1]):
        np.testing.assert_array_equal(event.pixels[:, 32:], original[:, 32:])
    assert np.abs(events[-1].pixels[:, :32] - original[:, :32]).mean() > 5
    progress = [event.losses.total for event in events if isinstance(event, stylenet.Progress)]
    assert progress == sorted(progress, reverse=True)


def test_each_region_takes_its_own_styles_colours(content):
    red, blue = (Image.effect_noise((48, 48), 90).convert("RGB") for _ in range(2))
    red = Image.merge("RGB", (red.getchannel(0), *(Image.new("L", red.size, 20),) * 2))
    blue = Image.merge("RGB", (*(Image.new("L", red.size, 20),) * 2, blue.getchannel(0)))
    recipe = HARD.evolve(content_weight=0.1)
    masks = (half(width=64, height=48), None)
    pixels = painted(content, [red, blue], recipe, masks).pixels.astype(float)
    warmth = pixels[..., 0] - pixels[..., 2]
    assert warmth[:, :30].mean() > 60
    assert warmth[:, 34:].mean() < -60


def test_a_masked_painting_resumes_only_with_its_mask(content, style):
    recipe = HARD.evolve(passes=6)
    masks = (half(width=64, height=48),)
    whole = painted(content, [style], recipe, masks)
    asked = iter((False, False, True))
    stopped = painted(content, [style], recipe, masks, should_stop=lambda: next(asked))
    resumed = painted(content, [style], recipe, masks, resume=stopped.state)
    assert np.abs(whole.pixels.astype(int) - resumed.pixels).max() <= 1
    with pytest.raises(stylenet.CheckpointError):
        painted(content, [style], recipe, (), resume=stopped.state)
