"""What community bots do: pins, channel edits, overwrites, roles, timeouts, kicks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.playground.state.permissions import ALL, Permission

from .conftest import Rest, identify

if TYPE_CHECKING:
    from bot.playground.server import Playground

IDENTIFY = 2
INTENTS = 1 | 1 << 1 | 1 << 9 | 1 << 15


@pytest.fixture
def administrator(playground: Playground) -> None:
    """Grant the bot's role every permission."""
    guild = playground.scene.guild
    [role_id] = guild.members[playground.scene.bot.id].roles
    guild.roles[role_id].permissions = ALL


@pytest.mark.parametrize("family", ["messages/pins", "pins"])
async def test_pins(playground: Playground, rest: Rest, connect: Any, family: str) -> None:
    ada, general = playground.scene.members[0], playground.scene.general
    first, second = (playground.post_message(ada, text, channel=general) for text in "12")
    channel = f"/channels/{general.id}"
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground, intents=INTENTS))
        await raw.until("GUILD_CREATE")
        for message in (first, second):
            assert (await rest("PUT", f"{channel}/{family}/{message.id}"))[0] == 204
        assert (await raw.until("MESSAGE_UPDATE"))["d"]["pinned"]
        update = (await raw.until("CHANNEL_PINS_UPDATE"))["d"]
        assert update["channel_id"] == general.id
    page = (await rest("GET", f"{channel}/messages/pins?limit=1"))[1]
    assert [item["message"]["content"] for item in page["items"]] == ["2"]
    assert page["has_more"]
    before = page["items"][0]["pinned_at"]
    page = (await rest("GET", f"{channel}/messages/pins", params={"before": before}))[1]
    assert [item["message"]["content"] for item in page["items"]] == ["1"]
    assert not page["has_more"]
    assert len((await rest("GET", f"{channel}/pins"))[1]) == 2
    assert (await rest("DELETE", f"{channel}/{family}/{first.id}"))[0] == 204
    assert [m["id"] for m in (await rest("GET", f"{channel}/pins"))[1]] == [second.id]
    assert (await rest("PUT", f"{channel}/{family}/1"))[1]["code"] == 10008


@pytest.mark.usefixtures("administrator")
async def test_channels(playground: Playground, rest: Rest, connect: Any) -> None:
    general, vincent = playground.scene.general, playground.scene.members[1]
    path = f"/channels/{general.id}"
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground, intents=INTENTS))
        await raw.until("GUILD_CREATE")
        changes = {"name": "studio", "topic": None, "nsfw": True, "rate_limit_per_user": 5}
        body = (await rest("PATCH", path, changes))[1]
        assert {key: body[key] for key in changes} == changes
        assert (await raw.until("CHANNEL_UPDATE"))["d"] == body
        denied = {"type": 1, "deny": str(int(Permission.VIEW_CHANNEL))}
        overwrite = f"{path}/permissions/{vincent.id}"
        assert (await rest("PUT", overwrite, denied))[0] == 204
        assert not playground.state.permissions(general, vincent.id)
        assert (await rest("DELETE", overwrite))[0] == 204
        assert playground.state.permissions(general, vincent.id)
        assert (await rest("DELETE", overwrite))[1]["code"] == 10009
        for wrong in ({"name": ""}, {"topic": "x" * 1025}, {"rate_limit_per_user": 21_601}):
            assert (await rest("PATCH", path, wrong))[1]["code"] == 50035
        for wrong in ({"type": 2}, {"type": 0, "allow": "all"}):
            assert (await rest("PUT", overwrite, wrong))[1]["code"] == 50035
        assert (await rest("DELETE", path))[1]["id"] == general.id
        assert (await raw.until("CHANNEL_DELETE"))["d"]["name"] == "studio"
    assert (await rest("GET", path))[1]["code"] == 10003


@pytest.mark.usefixtures("administrator")
async def test_members(playground: Playground, rest: Rest, connect: Any) -> None:
    guild = playground.scene.guild
    ada, vincent, hilma = playground.scene.members
    artists = next(role for role in guild.roles.values() if role.name == "Artists")
    members = f"/guilds/{guild.id}/members"
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground, intents=INTENTS))
        await raw.until("GUILD_CREATE")
        found = (await rest("GET", f"{members}/search?query=VIN&limit=5"))[1]
        assert [m["user"]["id"] for m in found] == [vincent.id]
        role = f"{members}/{vincent.id}/roles/{artists.id}"
        assert (await rest("DELETE", role))[0] == 204
        assert (await raw.until("GUILD_MEMBER_UPDATE"))["d"]["roles"] == []
        assert (await rest("PUT", role))[0] == 204
        assert guild.members[vincent.id].roles == [artists.id]
        until = (playground.clock.now() + timedelta(hours=1)).isoformat()
        edit = {"nick": "Vince", "roles": [], "communication_disabled_until": until}
        edited = (await rest("PATCH", f"{members}/{vincent.id}", edit))[1]
        assert (edited["nick"], edited["roles"]) == ("Vince", [])
        assert edited["communication_disabled_until"] is not None
        for seconds, may_write in ((0, False), (3601, True)):
            playground.clock.advance(seconds)
            granted = playground.state.permissions(playground.scene.general, vincent.id)
            assert Permission.VIEW_CHANNEL in granted
            assert (Permission.SEND_MESSAGES in granted) is may_write
        for wrong in (
            {"nick": "x" * 33},
            {"roles": 1},
            {"communication_disabled_until": "tomorrow"},
            {"communication_disabled_until": "2099-01-01T00:00:00Z"},
        ):
            assert (await rest("PATCH", f"{members}/{vincent.id}", wrong))[1]["code"] == 50035
        assert (await rest("DELETE", f"{members}/{hilma.id}"))[0] == 204
        assert (await raw.until("GUILD_MEMBER_REMOVE"))["d"]["user"]["id"] == hilma.id
        assert (await rest("DELETE", f"{members}/{ada.id}"))[1]["code"] == 50013  # the owner
    assert (await rest("GET", f"/guilds/{guild.id}/roles/{artists.id}"))[1]["name"] == "Artists"
    assert (await rest("GET", f"/guilds/{guild.id}/roles/1"))[1]["code"] == 10011


async def test_missing_permissions(playground: Playground, rest: Rest) -> None:
    guild, general = playground.scene.guild, playground.scene.general
    vincent = playground.scene.members[1]
    member = f"/guilds/{guild.id}/members/{vincent.id}"
    [role_id] = guild.members[vincent.id].roles
    for method, path, body in (
        ("PATCH", f"/channels/{general.id}", {"name": "x"}),
        ("DELETE", f"/channels/{general.id}", None),
        ("PUT", f"/channels/{general.id}/permissions/{vincent.id}", {"type": 1}),
        ("PATCH", member, {"nick": "x"}),
        ("PATCH", member, {"roles": []}),
        ("PATCH", member, {"communication_disabled_until": None}),
        ("PUT", f"{member}/roles/{role_id}", None),
        ("DELETE", member, None),
    ):
        assert (await rest(method, path, body))[1]["code"] == 50013, (method, path)
    assert vincent.id in guild.members
    assert general.name == "general"


async def test_roles_above_the_bots_own_are_refused(playground: Playground, rest: Rest) -> None:
    guild, vincent = playground.scene.guild, playground.scene.members[1]
    [own] = guild.members[playground.scene.bot.id].roles
    guild.roles[own].permissions |= Permission.MANAGE_ROLES
    above = playground.state.add_role(guild, "Staff", Permission(0))
    path = f"/guilds/{guild.id}/members/{vincent.id}/roles/{above.id}"
    assert (await rest("PUT", path))[1]["code"] == 50013


async def test_bulk_deletion_sends_one_event(
    playground: Playground, rest: Rest, connect: Any
) -> None:
    ada, general = playground.scene.members[0], playground.scene.general
    sent = [playground.post_message(ada, text, channel=general).id for text in "123"]
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground, intents=INTENTS))
        await raw.until("GUILD_CREATE")
        path = f"/channels/{general.id}/messages/bulk-delete"
        assert (await rest("POST", path, {"messages": [*sent[:2], "1"]}))[0] == 204
        assert (await raw.receive())["d"] == {
            "ids": sent[:2],
            "channel_id": general.id,
            "guild_id": playground.scene.guild.id,
        }
    assert list(general.messages) == sent[2:]
