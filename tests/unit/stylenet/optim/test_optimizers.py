"""Adam and L-BFGS on functions whose minimum is known."""

from __future__ import annotations

import math

import pytest
import torch

from stylenet.optim.adam import Adam
from stylenet.optim.lbfgs import LBFGS
from stylenet.optim.optimizer_state import OptimizerState, Point


class Function:
    """A function that counts its evaluations."""

    def __init__(self, function):
        self.function = function
        self.evaluations = 0

    def __call__(self, parameters):
        self.evaluations += 1
        x = parameters.detach().clone().requires_grad_()
        value = self.function(x)
        (gradient,) = torch.autograd.grad(value, x)
        return Point(parameters=parameters, loss=float(value.detach()), gradient=gradient)


def quadratic(x):
    """An ill-conditioned bowl around 3; its axes differ by a factor of a thousand."""
    scales = torch.logspace(0, 3, x.numel(), dtype=x.dtype)
    return (scales * (x.flatten() - 3) ** 2).sum()


def rosenbrock(x):
    a, b = x[:-1], x[1:]
    return (100 * (b - a**2) ** 2 + (1 - a) ** 2).sum()


def lbfgs(**changes):
    return LBFGS(**{"history": 10, "hessian_scale": 1.0, "first_step": 0.1} | changes)


def minimise(method, function, start, steps):
    point = function(start)
    losses = [point.loss]
    for _ in range(steps):
        moved = method.step(point, function)
        if moved is None:
            break
        point = moved
        losses.append(point.loss)
    return point, losses


def test_lbfgs_descends_at_every_step_and_reaches_the_minimum():
    point, losses = minimise(
        lbfgs(history=24), Function(quadratic), torch.zeros(1, 2, 3, 4, dtype=torch.float64), 150
    )
    assert losses == sorted(losses, reverse=True)
    torch.testing.assert_close(
        point.parameters, torch.full_like(point.parameters, 3), atol=1e-3, rtol=0
    )


def test_lbfgs_on_a_curved_valley():
    point, _ = minimise(lbfgs(), Function(rosenbrock), torch.zeros(6, dtype=torch.float64), 150)
    torch.testing.assert_close(
        point.parameters, torch.ones(6, dtype=torch.float64), atol=1e-2, rtol=0
    )


def test_a_step_costs_one_evaluation_where_its_trial_is_accepted():
    function = Function(lambda x: (x - 1).square().sum())
    _, losses = minimise(lbfgs(), function, torch.zeros(4), 4)
    assert function.evaluations <= len(losses) + 1


def test_the_first_step_has_the_given_length():
    function = Function(quadratic)
    start = function(torch.zeros(100, dtype=torch.float64))
    moved = lbfgs(first_step=0.01).step(start, function)
    step = moved.parameters - start.parameters
    assert step.square().mean().sqrt() == pytest.approx(0.01)
    cosine = torch.dot(step, -start.gradient) / step.norm() / start.gradient.norm()
    assert cosine == pytest.approx(1)


def test_trials_that_are_not_finite_are_refused():
    def wall(x):
        return torch.where(x > 1, torch.nan, (x - 0.9) ** 2).sum()

    point, losses = minimise(lbfgs(first_step=8), Function(wall), torch.zeros(3), 20)
    assert all(math.isfinite(loss) for loss in losses)
    torch.testing.assert_close(point.parameters, torch.full((3,), 0.9), atol=1e-2, rtol=0)


def test_at_the_minimum_it_returns_none():
    function = Function(quadratic)
    point = function(torch.full((5,), 3.0))
    assert lbfgs().step(point, function) is None


def test_its_direction_is_that_of_the_two_loop_recursion():
    """Against the textbook's recursion, in float64, on the pairs in its state."""
    function = Function(rosenbrock)
    method = lbfgs(history=5, hessian_scale=1.5)
    point, _ = minimise(method, function, torch.zeros(12, dtype=torch.float64), 9)
    pairs = method.state.pairs
    assert len(pairs) == 5
    q, alphas = -point.gradient, []
    for s, y in reversed(pairs):
        alphas.append((s @ q) / (s @ y))
        q = q - alphas[-1] * y
    s, y = pairs[-1]
    q = q * 1.5 * (s @ y) / (y @ y)
    for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
        q = q + (alpha - (y @ q) / (s @ y)) * s
    tried = []

    def watched(parameters):
        tried.append(parameters - point.parameters)
        return function(parameters)

    method.step(point, watched)
    torch.testing.assert_close(tried[0], q)


def test_misleading_pairs_are_dropped():
    """A pair of negative curvature from another function turns the step uphill."""
    function = Function(quadratic)
    point = function(torch.zeros(5, dtype=torch.float64))
    method = lbfgs()
    s = torch.ones(5, dtype=torch.float64)
    method.state = OptimizerState(pairs=((s, -s),))
    moved = method.step(point, function)
    assert moved is not None
    assert moved.loss < point.loss


def test_no_more_pairs_than_the_history_are_kept():
    method = lbfgs(history=3)
    minimise(method, Function(quadratic), torch.zeros(8, dtype=torch.float64), 10)
    assert len(method.state.pairs) == 3


def test_pairs_are_rounded_to_half_precision():
    method = lbfgs()
    minimise(method, Function(lambda x: 1e9 * quadratic(x)), torch.zeros(8), 5)
    for pair in method.state.pairs:
        for values in pair:
            scale = 2.0 ** math.floor(math.log2(values.abs().max()))
            assert torch.equal((values / scale).half().float() * scale, values)


@pytest.mark.parametrize("size", [30, 32, 1501])
@pytest.mark.parametrize("history", [4, 10])
def test_a_resumed_search_continues_bit_by_bit(size, history):
    """Also where pairs were dropped, and so the others moved."""
    function = Function(quadratic)
    start = torch.zeros(size)
    one = lbfgs(history=history)
    half_way, _ = minimise(one, function, start, 6)
    other = lbfgs(history=history)
    other.state = one.state
    for _ in range(5):
        expected = one.step(half_way, function)
        resumed = other.step(half_way, function)
        assert torch.equal(expected.parameters, resumed.parameters)
        half_way = expected


def test_adam_is_torchs_adam():
    function = Function(rosenbrock)
    start = torch.zeros(6, dtype=torch.float64)
    point, losses = minimise(Adam(learning_rate=0.1), function, start, 30)

    parameters = start.clone().requires_grad_()
    reference = torch.optim.Adam([parameters], lr=0.1, betas=(0.9, 0.999), eps=1e-8)
    for _ in range(30):
        reference.zero_grad()
        rosenbrock(parameters).backward()
        reference.step()
    torch.testing.assert_close(point.parameters, parameters.detach())
    assert len(losses) == 31


def test_adam_resumes_from_its_state():
    function = Function(quadratic)
    one = Adam(learning_rate=0.1)
    half_way, _ = minimise(one, function, torch.zeros(4), 5)
    other = Adam(learning_rate=0.1)
    other.state = one.state
    assert other.state.steps == 5
    assert torch.equal(
        one.step(half_way, function).parameters, other.step(half_way, function).parameters
    )
