"""The order in which guilds and members are served."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.turns import Turn, sort_by_turn

waiting_jobs = st.lists(
    st.tuples(
        st.integers(1, 4),  # guild
        st.integers(1, 3),  # member
        st.booleans(),  # favoured
        st.booleans(),  # begun
    ),
    max_size=40,
)
tickets = st.lists(st.integers(1, 50), min_size=16, max_size=16)


def _order(rows, numbers):
    waiting = [
        Turn(
            job_id=str(number),
            number=number,
            guild_key=guild,
            requester_id=member,
            guild_ticket=numbers[guild - 1],
            member_ticket=numbers[3 * guild + member],
            has_priority=favoured,
            was_started=begun,
        )
        for number, (guild, member, favoured, begun) in enumerate(rows)
    ]
    order = sort_by_turn(waiting)
    by_id = {job.job_id: job for job in waiting}
    return waiting, [by_id[job_id] for job_id in order]


@given(waiting_jobs, tickets)
def test_everybody_is_served_once(rows, numbers):
    waiting, order = _order(rows, numbers)
    assert Counter(job.job_id for job in order) == Counter(job.job_id for job in waiting)


@given(waiting_jobs, tickets)
def test_no_guild_is_served_twice_while_another_waits(rows, numbers):
    _, order = _order(rows, numbers)
    fresh = [job for job in order if not job.was_started]
    left = Counter(job.guild_key for job in fresh)
    served: Counter[int] = Counter()
    for job in fresh:
        fewest = min(served[guild] for guild in left if left[guild] > 0)
        assert served[job.guild_key] == fewest
        served[job.guild_key] += 1
        left[job.guild_key] -= 1


@given(waiting_jobs, tickets)
def test_members_of_equal_standing_take_turns(rows, numbers):
    _, order = _order(rows, numbers)
    for guild in range(1, 5):
        of_guild = [job for job in order if job.guild_key == guild]
        if any(job.has_priority for job in of_guild):
            continue  # a job with priority changes whose turn it is
        plain = [job for job in of_guild if not job.was_started]
        left = Counter(job.requester_id for job in plain)
        served: Counter[int] = Counter()
        for job in plain:
            assert served[job.requester_id] == min(served[one] for one in left if left[one] > 0)
            served[job.requester_id] += 1
            left[job.requester_id] -= 1


@given(waiting_jobs, tickets)
def test_a_members_own_jobs_keep_their_order(rows, numbers):
    _, order = _order(rows, numbers)
    for guild in range(1, 5):
        for member in range(1, 4):
            for favoured in (False, True):
                own = [
                    job.number
                    for job in order
                    if (job.guild_key, job.requester_id) == (guild, member)
                    and job.has_priority is favoured
                    and not job.was_started
                ]
                assert own == sorted(own)


@given(waiting_jobs, tickets)
def test_what_was_begun_goes_on_before_anything_else(rows, numbers):
    _, order = _order(rows, numbers)
    begun = [job.was_started for job in order]
    assert begun == sorted(begun, reverse=True)


def test_an_empty_queue():
    assert sort_by_turn([]) == []
