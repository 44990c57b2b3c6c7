"""The order in which members are served."""

from __future__ import annotations

import asyncio

import pytest

from bot.intake.fair_slots import FairSlots


class Service:
    """Uses slots; each use costs some seconds of a clock that stands still otherwise."""

    def __init__(self, total, per_member):
        self.now, self.order, self.running, self.most = 0.0, [], 0, 0
        self.slots = FairSlots(total, per_member=per_member, clock=lambda: self.now)

    async def use(self, member_id, name, cost=0.0):
        async with self.slots.slot(member_id):
            self.order.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
            await asyncio.sleep(0)
            self.now += cost
            self.running -= 1


async def test_members_take_turns_whatever_one_of_them_asks_for():
    service = Service(1, per_member=1)
    many = [service.use(1, f"a{n}") for n in range(6)]
    await asyncio.gather(*many, service.use(2, "b0"), service.use(3, "c0"), service.use(2, "b1"))
    assert service.order == ["a0", "b0", "c0", "a1", "b1", "a2", "a3", "a4", "a5"]


async def test_who_has_used_the_least_time_is_served_next():
    service = Service(1, per_member=1)
    slow = [service.use(member, f"slow {member}", cost=5) for member in (1, 2, 3) for _ in "ab"]
    quick = [service.use(4, f"quick {number}", cost=0.1) for number in range(3)]
    await asyncio.gather(*slow, *quick)
    assert service.order[:6] == [
        "slow 1", "slow 2", "slow 3", "quick 0", "quick 1", "quick 2",
    ]  # fmt: skip


async def test_a_member_has_a_few_of_the_slots_at_most():
    service = Service(2, per_member=1)
    await asyncio.gather(*(service.use(1, "a") for _ in range(4)))
    assert service.most == 1
    await asyncio.gather(*(service.use(member, "x") for member in (1, 2, 3, 1)))
    assert service.most == 2


async def test_whoever_stops_waiting_leaves_their_turn_to_the_next():
    service, end = Service(1, per_member=1), asyncio.Event()

    async def hold():
        async with service.slots.slot(1):
            await end.wait()

    holding = asyncio.create_task(hold())
    gone, next_one = (asyncio.create_task(service.use(2, name)) for name in ("gone", "next"))
    await asyncio.sleep(0)
    gone.cancel()
    end.set()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await asyncio.gather(holding, next_one)
    assert service.order == ["next"]
    assert service.slots._members == {}
