"""Registering application commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bot.playground.server import Playground

    from .conftest import Rest


def paths(playground: Playground) -> tuple[str, str]:
    root = f"/applications/{playground.state.application.id}"
    return f"{root}/commands", f"{root}/guilds/{playground.scene.guild.id}/commands"


PING = {"name": "ping", "description": "Answer", "type": 1}


async def test_register_update_and_delete(playground: Playground, rest: Rest) -> None:
    global_path, here = paths(playground)
    status, made, _ = await rest("POST", global_path, PING)
    assert (status, made["name"], made["dm_permission"]) == (201, "ping", True)
    status, again, _ = await rest("POST", global_path, {**PING, "description": "Say pong"})
    assert (status, again["id"]) == (200, made["id"])
    assert again["version"] != made["version"]
    status, changed, _ = await rest("PATCH", f"{global_path}/{made['id']}", {"nsfw": True})
    assert (status, changed["nsfw"], changed["description"]) == (200, True, "Say pong")
    status, local, _ = await rest("POST", here, PING)
    assert (status, local["guild_id"]) == (201, playground.scene.guild.id)
    assert [c["id"] for c in (await rest("GET", here))[1]] == [local["id"]]
    assert [c["id"] for c in (await rest("GET", global_path))[1]] == [made["id"]]
    # In a guild its own command takes precedence over the global one of the same name.
    assert playground.commands.find("ping", 1, playground.scene.guild.id)["id"] == local["id"]
    assert (await rest("DELETE", f"{here}/{local['id']}"))[0] == 204
    status, body, _ = await rest("GET", f"{here}/{local['id']}")
    assert (status, body["code"]) == (404, 10063)
    assert (await rest("GET", f"{here}/permissions"))[1] == []


async def test_replacing_keeps_ids_and_versions_of_unchanged_commands(
    playground: Playground, rest: Rest
) -> None:
    global_path, _ = paths(playground)
    _, first, _ = await rest("PUT", global_path, [PING, {**PING, "name": "pong"}])
    _, second, _ = await rest("PUT", global_path, [PING, {"type": 3, "name": "Stylize this"}])
    assert second[0] == first[0]
    assert [c["name"] for c in (await rest("GET", global_path))[1]] == ["ping", "Stylize this"]


OPTION = {"type": 3, "name": "what", "description": "d"}


@pytest.mark.parametrize(
    ("wrong", "where", "why"),
    [
        ({"name": "Has Space"}, ["name"], "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "UPPER"}, ["name"], "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": ""}, ["name"], "BASE_TYPE_BAD_LENGTH"),
        ({"description": ""}, ["description"], "BASE_TYPE_REQUIRED"),
        ({"description": "x" * 101}, ["description"], "BASE_TYPE_BAD_LENGTH"),
        ({"type": 9}, ["type"], "BASE_TYPE_CHOICES"),
        (
            {"type": 3, "description": "no"},
            ["description"],
            "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION",
        ),
        ({"options": [OPTION] * 26}, ["options"], "BASE_TYPE_MAX_LENGTH"),
        (
            {"options": [OPTION, {**OPTION, "name": "b", "required": True}]},
            ["options", "1"],
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        ({"options": [{**OPTION, "type": 0}]}, ["options", "0", "type"], "BASE_TYPE_CHOICES"),
    ],
)
async def test_refused(
    playground: Playground, rest: Rest, wrong: dict[str, Any], where: list[str], why: str
) -> None:
    global_path, _ = paths(playground)
    status, body, _ = await rest("PUT", global_path, [{**PING, **wrong}])
    assert (status, body["code"]) == (400, 50035)
    node = body["errors"]["0"]
    for key in where:
        node = node[key]
    assert node["_errors"][0]["code"] == why
    assert (await rest("GET", global_path))[1] == []


async def test_duplicate_names_and_the_command_limit(playground: Playground, rest: Rest) -> None:
    global_path, _ = paths(playground)
    status, body, _ = await rest("PUT", global_path, [PING, PING])
    assert (status, body["code"]) == (400, 50035)
    menus = [{"type": 3, "name": f"Menu {i}"} for i in range(16)]
    status, body, _ = await rest("PUT", global_path, menus)
    assert (status, body["code"]) == (400, 30032)


async def test_other_applications_are_refused(playground: Playground, rest: Rest) -> None:
    status, body, _ = await rest("GET", "/applications/123/commands")
    assert (status, body["code"]) == (403, 50001)
