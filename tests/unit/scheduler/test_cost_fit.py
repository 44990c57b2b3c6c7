"""The fit of non-negative costs to measured paintings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bot.jobs.timings import TimingSums
from bot.scheduler.cost_fit import CPU_COSTS, PRIOR_WEIGHT, fit_costs


def _sums(efforts, seconds):
    relative = efforts / seconds[:, None]
    return TimingSums(
        squares=tuple((relative.T @ relative).ravel().tolist()),
        products=tuple(relative.sum(axis=0).tolist()),
    )


def _fit_by_exhaustive_search(timings, expected):
    """The minimum over every choice of the costs that are not zero."""
    count = len(expected)
    squares = np.array(timings.squares).reshape(count, count)
    products = np.array(timings.products)
    expected = expected * (products @ expected) / (expected @ squares @ expected)
    weight = PRIOR_WEIGHT / np.square(expected + 1e-6)
    squares, products = squares + np.diag(weight), products + weight * expected
    found = []
    for kept in itertools.product([False, True], repeat=count):
        index = np.flatnonzero(kept)
        costs = np.zeros(count)
        costs[index] = np.linalg.solve(squares[np.ix_(index, index)], products[index])
        if (costs >= 0).all():
            found.append((costs @ squares @ costs - 2 * products @ costs, costs))
    return min(found, key=lambda pair: pair[0])[1]


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_best_non_negative_fit(seed):
    random = np.random.default_rng(seed)
    efforts = random.uniform(0, 1, (random.integers(1, 8), 5)) * [1, 50, 1, 5, 20]
    costs = random.uniform(0, 2, 5) * CPU_COSTS * (random.uniform(0, 1, 5) > 0.3)
    seconds = (efforts @ costs + 0.01) * random.uniform(0.3, 3, len(efforts))
    timings = _sums(efforts, seconds)
    expected = np.array(CPU_COSTS)
    fitted = fit_costs(timings, expected=expected)
    best = _fit_by_exhaustive_search(timings, expected)
    assert fitted == pytest.approx(best, rel=1e-6, abs=1e-9)


def test_a_cost_that_would_be_negative_is_zero():
    efforts = np.array([[1.0, 10, 0, 0, 0], [1, 20, 0, 0, 0]] * 30)
    seconds = np.array([2.0, 1.9] * 30)  # less for more evaluations
    fitted = fit_costs(_sums(efforts, seconds), expected=np.array([1, 0.1, 1, 1, 1]))
    assert fitted[1] == 0
    assert fitted[0] == pytest.approx(1.94, rel=0.01)


def test_an_expectation_of_zero_is_no_reason_to_fail():
    timings = _sums(np.array([[1.0, 0, 0, 0, 0]]), np.array([2.0]))
    expected = np.array([0, 1, 1, 1, 1.0])
    assert np.isfinite(fit_costs(timings, expected=expected)).all()
