"""The drawing functions, and that they draw the committed pictures."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from bot.presets.drawing import cells, flow, noise, oklab
from bot.presets.drawing.canvas import Canvas
from bot.presets.drawing.drawings import DRAWINGS, MAX_BYTES, draw
from bot.presets.library import PRESETS, get


def test_every_preset_has_a_drawing():
    assert list(DRAWINGS) == [preset.name for preset in PRESETS]


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_equal_the_committed_pictures(name):
    drawn = draw(name).astype(np.float32)
    with Image.open(io.BytesIO(get(name).picture_bytes())) as picture:
        committed = np.asarray(picture.convert("RGB"), np.float32)
    assert drawn.shape == committed.shape
    # Blur: WebP loses fine detail; a changed drawing differs at larger scales too.
    drawn, committed = (ndimage.gaussian_filter(each, (2, 2, 0)) for each in (drawn, committed))
    assert np.abs(drawn - committed).mean() < 4
    assert np.corrcoef(drawn.ravel(), committed.ravel())[0, 1] > 0.99


def test_command_line_draws_one_picture(tmp_path):
    command = [sys.executable, "-m", "bot.presets.drawing", "neon", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert [path.name for path in tmp_path.iterdir()] == ["neon.webp"]
    assert (tmp_path / "neon.webp").stat().st_size <= MAX_BYTES


def test_smooth_noise_spans_0_to_1_without_detail():
    field = noise.smooth_noise((80, 120), 20, np.random.default_rng(0))
    assert field.shape == (80, 120)
    assert (field.min(), field.max()) == (0, 1)
    assert np.abs(np.diff(field, axis=1)).max() < 0.12


def test_smear_averages_along_the_flow_only():
    stripes = np.zeros((40, 40), np.float32)
    stripes[::2] = 1
    level = noise.smear(stripes, np.zeros((40, 40), np.float32), 6)
    across = noise.smear(stripes, np.full((40, 40), np.pi / 2, np.float32), 6)
    assert np.allclose(level, stripes)
    assert across[10:30, 10:30].std() < 0.1


def test_scatter_covers_the_canvas_evenly():
    points = noise.scatter((100, 100), 10, np.random.default_rng(1))
    inside = points[((points >= 0) & (points < 100)).all(axis=1)]
    assert 70 <= len(inside) <= 130


def test_around_stays_on_the_canvas():
    assert noise.around((10, 20), 5, 5, 2) == (slice(3, 9), slice(3, 9))
    assert np.zeros((10, 20))[noise.around((10, 20), -50, 300, 4)].size == 0


def test_flow_turns_around_a_vortex():
    angle = flow.along_isolines(flow.vortex_potential((101, 101), [flow.Vortex(50, 50, 20)]))
    assert abs(np.sin(angle[50, 80])) > 0.99  # vertical beside the centre
    assert abs(np.cos(angle[20, 50])) > 0.99  # horizontal above it


def test_gradient_reaches_its_stops():
    stops = oklab.gradient(("#000000", "#ff0000", "#ffffff"), np.array([0.0, 0.5, 1.0]))
    assert np.allclose(stops, [[0, 0, 0], [1, 0, 0], [1, 1, 1]], atol=1e-3)


def test_lighten_keeps_the_hue():
    lighter = oklab.lighten(oklab.colour("#336699"), 0.1)
    assert (lighter > oklab.colour("#336699")).all()
    assert list(np.argsort(lighter)) == [0, 1, 2]


def test_a_stroke_stays_within_its_length_and_width():
    canvas = Canvas(np.zeros((60, 60, 3), np.float32), np.random.default_rng(0))
    canvas.stroke(np.array([30.0, 30.0]), 0.0, np.ones(3), length=30, width=8, streaks=0)
    ys, xs = np.nonzero(canvas.colour[..., 0] > 0.5)
    assert 28 <= np.ptp(xs) + 1 <= 31
    assert 7 <= np.ptp(ys) + 1 <= 9


def test_a_square_stroke_fills_its_corners():
    canvas = Canvas(np.zeros((60, 60, 3), np.float32), np.random.default_rng(0))
    middle = np.array([30.0, 30.0])
    canvas.stroke(middle, 0.0, np.ones(3), length=30, width=10, streaks=0, square=True)
    ys, xs = np.nonzero(canvas.colour[..., 0] > 0.4)
    assert len(ys) == (np.ptp(ys) + 1) * (np.ptp(xs) + 1)
    assert (np.ptp(ys) + 1, np.ptp(xs) + 1) == (11, 31)


def test_a_stroke_outside_the_canvas_has_no_effect():
    canvas = Canvas(np.zeros((20, 20, 3), np.float32), np.random.default_rng(0))
    canvas.stroke(np.array([-90.0, 30.0]), 0.0, np.ones(3), length=30, width=8)
    assert not canvas.colour.any()


def test_voronoi_edges():
    found = cells.voronoi((20, 20), np.array([[10.0, 4.0], [10.0, 14.0]]))
    assert found.label[5, 3] == 0
    assert found.label[5, 12] == 1
    assert found.edge[10, 4] == pytest.approx(5)
    assert found.edge[10, 9] == pytest.approx(0, abs=1e-5)


def test_square_cells_follow_the_flow():
    angle = np.full((60, 60), np.pi / 4, np.float32)
    points = noise.scatter((60, 60), 12, np.random.default_rng(2))
    found = cells.square_cells((60, 60), points, angle)
    assert found.edge.min() >= 0
    sizes = np.bincount(found.label.ravel())
    assert 60 < np.median(sizes[sizes > 0]) < 240
