"""Retries: delays, limits, and which errors count as transient."""

from __future__ import annotations

import itertools

import pytest

from bot.errors import StorageFullError, StoreUnavailableError
from bot.ops import retry as retry_module
from bot.ops.error_report import Where
from bot.ops.metrics import ERRORS
from bot.ops.retry import Backoff, retry, retry_until_available


class Flaky:
    """An action that raises the given errors, one per call, and then returns 7."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return 7


def test_delays_double_up_to_the_longest(no_jitter):
    backoff = Backoff(first=0.5, longest=3.0)
    assert [backoff.delay(failures) for failures in range(1, 6)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert backoff.delay(5000) == 3.0


def test_jitter_spreads_the_delays_by_a_quarter():
    delays = [Backoff(first=4.0).delay(1) for _ in range(500)]
    assert 3.0 <= min(delays) < 3.3
    assert 4.7 < max(delays) <= 5.0


def test_jitter_spreads_the_longest_delay_too():
    delays = [Backoff(first=4.0, longest=4.0).delay(9) for _ in range(500)]
    assert 4.7 < max(delays) <= 5.0


async def test_each_error_before_another_call_is_handed_on(sleeps):
    errors = [OSError(number, "x") for number in range(3)]
    seen = []
    with pytest.raises(OSError, match="Errno 2"):
        await retry(
            Flaky(*errors),
            on=OSError,
            what="x",
            where=Where.DELIVERY,
            attempts=3,
            on_failure=seen.append,
        )
    assert seen == errors[:2]


async def test_it_is_retried_until_it_succeeds(sleeps, no_jitter, caplog):
    action = Flaky(OSError(5, "disk"), ValueError("odd"), OSError(5, "disk again"))
    result = await retry(
        action,
        on=(OSError, ValueError),
        what="writing",
        where=Where.DELIVERY,
        backoff=Backoff(first=1.0),
    )
    assert (result, action.calls, sleeps) == (7, 4, [1.0, 2.0, 4.0])
    assert "writing failed, next attempt in 1.0 s: [Errno 5] disk" in caplog.text


async def test_other_errors_are_raised_at_once(sleeps):
    action = Flaky(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        await retry(action, on=OSError, what="reading", where=Where.DELIVERY)
    assert (action.calls, sleeps) == (1, [])


async def test_the_last_error_is_raised_when_the_attempts_are_used_up(sleeps):
    action = Flaky(*(OSError(number, "x") for number in range(9)))
    with pytest.raises(OSError, match="Errno 2"):
        await retry(action, on=OSError, what="reading", where=Where.DELIVERY, attempts=3)
    assert (action.calls, len(sleeps)) == (3, 2)


@pytest.mark.parametrize(("asked", "delay"), [(12.5, 12.5), (0.001, 0.001), (None, 0.5)])
async def test_an_error_may_set_the_delay(sleeps, no_jitter, asked, delay):
    error = OSError("rate limited")
    error.retry_after = asked
    await retry(Flaky(error), on=OSError, what="downloading", where=Where.DELIVERY)
    assert sleeps == [delay]


async def test_storage_outages_are_waited_out_however_long(sleeps, monkeypatch):
    monkeypatch.setattr(retry_module, "STORAGE_BACKOFF", Backoff(first=1.0, longest=8.0))
    kinds = itertools.cycle([StoreUnavailableError("x"), StorageFullError("x"), OSError()])
    action = Flaky(*itertools.islice(kinds, 99))
    outages = ERRORS.labels("delivery", "StoreUnavailableError")._value
    before = outages.get()
    assert await retry_until_available(action, what="recording", where=Where.DELIVERY) == 7
    assert action.calls == 100
    assert outages.get() == before + 33
    assert all(6.0 <= delay <= 10.0 for delay in sleeps[3:])

    with pytest.raises(KeyError):
        await retry_until_available(Flaky(KeyError()), what="recording", where=Where.DELIVERY)
