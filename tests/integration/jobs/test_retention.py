"""What the deletion of a member's data and of unused rows removes, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from bot.jobs.db.schema import guild_turns, member_turns
from bot.jobs.models import GuildPreset, SavedRequest, new_saved_request_id

MEMBER, OTHER = 10, 99


async def tickets(store) -> set[tuple[int, ...]]:
    """Return the guilds, and the guilds and members, that hold a ticket."""
    async with store._database.read() as connection:
        guilds = await connection.execute(select(guild_turns.c.guild_key))
        members = await connection.execute(
            select(member_turns.c.guild_key, member_turns.c.requester_id)
        )
        return {tuple(row) for row in [*guilds, *members]}


def saved_request(member: int) -> SavedRequest:
    return SavedRequest(
        request_id=new_saved_request_id(),
        requester_id=member,
        payload={},
        created_at=datetime.now(UTC),
    )


def preset(name: str, member: int) -> GuildPreset:
    return GuildPreset(
        guild_id=1,
        name=name,
        title=name,
        emoji=name,
        alt_text="",
        picture_key=f"guilds/1/{name}/picture",
        thumbnail_key=f"guilds/1/{name}/thumbnail",
        added_by=member,
        created_at=datetime.now(UTC),
    )


async def test_a_members_requests_presets_and_tickets_are_deleted(store, new_job, many):
    liked = {}
    for member in (MEMBER, OTHER):
        liked[member] = await store.enqueue(new_job(guild=1, member=member), limits=many)
        await store.enqueue(new_job(guild=None, member=member), limits=many)
        await store.saved_requests.save(saved_request(member))
    mine = await store.guild_presets.add(preset("mine", MEMBER), limit=9)
    theirs = await store.guild_presets.add(preset("theirs", OTHER), limit=9)

    for member in (MEMBER, OTHER):
        for job in liked.values():
            assert await store.favourites.toggle(member, job.job_id)

    deleted = await store.retention.delete_member_data(MEMBER, delete_messages=False)

    assert await store.favourites.list_for_member(MEMBER) == []
    (left,) = await store.favourites.list_for_member(OTHER)  # the other job is deleted
    assert left.job_id == liked[OTHER].job_id
    assert not await store.favourites.toggle(OTHER, left.job_id)
    assert deleted.presets == (mine,)
    assert await store.guild_presets.list_for_guild(1) == [theirs]
    assert mine.folder in await store.retention.list_discarded()
    assert await store.saved_requests.list_for_member(MEMBER) == []
    assert len(await store.saved_requests.list_for_member(OTHER)) == 1
    assert await tickets(store) == {(1,), (-OTHER,), (1, OTHER), (-OTHER, OTHER)}


async def test_tickets_of_guilds_without_jobs_are_deleted(store, new_job, many):
    ended = await store.enqueue(new_job(guild=1), limits=many)
    await store.enqueue(new_job(guild=2), limits=many)
    await store.cancel(ended.job_id)

    await store.retention.delete_idle_turns()

    assert await tickets(store) == {(2,), (2, MEMBER)}


async def test_only_folders_without_a_preset_are_unknown(store):
    kept = await store.guild_presets.add(preset("kept", MEMBER), limit=9)

    unknown = await store.retention.find_unknown_preset_folders({kept.folder, "guilds/1/gone/"})

    assert unknown == {"guilds/1/gone/"}
