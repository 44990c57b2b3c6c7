"""Commands, components and modals, answered by discord.py."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import app_commands

from bot.playground.errors import ApiError

from .conftest import Bot, Rest, Start, png

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.interactions.interaction_payloads import Interaction
    from bot.playground.server import Playground


class Buttons(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Cancel", custom_id="cancel", style=discord.ButtonStyle.danger)
    async def cancel(self, interaction: discord.Interaction, _: Any) -> None:
        self.cancel.disabled = True
        await interaction.response.edit_message(content="Cancelled.", view=self)

    @discord.ui.button(label="Details", custom_id="details")
    async def details(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.send_message("Only you see this.", ephemeral=True)

    @discord.ui.button(label="Later", custom_id="later")
    async def later(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="Later is now.")

    @discord.ui.button(label="Form", custom_id="form", emoji="📝")
    async def form(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.select(
        custom_id="preset",
        options=[discord.SelectOption(label=n) for n in ("waves", "mosaic", "ink")],
        max_values=2,
    )
    async def preset(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.send_message(f"You chose {', '.join(select.values)}.")


class Form(discord.ui.Modal, title="Name it"):
    name = discord.ui.TextInput(label="Name", custom_id="name")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Named {self.name.value}.")


class CommandBot(Bot):
    """A bot with one command of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[discord.Message] = []
        tree = self.tree

        @tree.command(description="Repaint a picture")
        @app_commands.describe(content="the picture", preset="a style", passes="how long")
        async def stylize(
            interaction: discord.Interaction,
            content: discord.Attachment,
            preset: str,
            passes: app_commands.Range[int, 1, 100] = 40,
        ) -> None:
            await interaction.response.defer(thinking=True)
            data = await content.read()
            await interaction.followup.send(
                f"{content.filename} {len(data)} {preset} {passes}",
                file=discord.File(io.BytesIO(data), "out.png"),
            )

        @stylize.autocomplete("preset")
        async def offer(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            names = ("waves", "mosaic", "woodcut")
            return [app_commands.Choice(name=n, value=n) for n in names if typed in n]

        @tree.command(description="Say nothing")
        async def silent(_: discord.Interaction) -> None:
            return

        @tree.command(description="Show the buttons")
        async def buttons(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("Choose.", view=Buttons())

        group = app_commands.Group(name="queue", description="The queue")

        @group.command(name="show", description="Show it")
        async def show(interaction: discord.Interaction, who: discord.Member) -> None:
            await interaction.response.send_message(f"Nothing for {who.display_name}.")

        tree.add_command(group)

        @tree.context_menu(name="Stylize this")
        async def stylize_this(interaction: discord.Interaction, message: discord.Message) -> None:
            self.targets.append(message)
            await interaction.response.send_message(
                f"{len(message.attachments)} pictures", ephemeral=True
            )

    async def setup_hook(self) -> None:
        await self.tree.sync()


async def done(playground: Playground, interaction: Interaction) -> None:
    await playground.wait_for(lambda: interaction.callback is not None)


async def test_slash_command_with_a_file(playground: Playground, start: Start) -> None:
    await start(CommandBot())
    ada, channel = playground.scene.members[0], playground.scene.stylize
    names = {c["name"] for c in playground.commands.available_in(None)}
    assert names == {"stylize", "silent", "buttons", "queue", "Stylize this"}
    interaction = playground.slash(
        ada,
        "stylize",
        {"preset": "waves", "passes": 7},
        files={"content": ("cat.png", png(8, 6))},
        channel=channel,
    )
    await done(playground, interaction)
    # The follow-up replaces the "thinking…" message.
    message = interaction.original
    await playground.wait_for(lambda: message.content)
    assert message.content == f"cat.png {len(png(8, 6))} waves 7"
    assert message.flags & 128 == 0
    assert message.attachments[0].filename == "out.png"
    assert message.edited is None
    assert list(channel.messages) == [message.id]


async def test_autocomplete(playground: Playground, start: Start) -> None:
    await start(CommandBot())
    ada, channel = playground.scene.members[0], playground.scene.stylize
    offered = await playground.autocomplete(ada, "stylize", "preset", "w", channel=channel)
    assert [c["value"] for c in offered] == ["waves", "woodcut"]


async def test_subcommand_with_a_member(playground: Playground, start: Start) -> None:
    await start(CommandBot())
    ada, vincent, _ = playground.scene.members
    channel = playground.scene.stylize
    interaction = playground.slash(ada, "queue show", {"who": vincent.id}, channel=channel)
    await done(playground, interaction)
    assert interaction.original.content == "Nothing for Vincent."


async def test_context_menu_includes_attachments_without_the_intent(
    playground: Playground, start: Start
) -> None:
    bot = await start(CommandBot())
    playground.state.application.message_content = False
    ada, channel = playground.scene.members[0], playground.scene.stylize
    message = playground.post_message(ada, "mine", channel=channel, files=[("a.png", png())])
    interaction = playground.context_menu(ada, "Stylize this", message)
    await done(playground, interaction)
    assert interaction.original.content == "1 pictures"
    assert interaction.original.visible_to == ada.id
    assert bot.targets[0].content == "mine"


async def test_buttons_menus_and_forms(playground: Playground, start: Start) -> None:
    await start(CommandBot())
    ada, vincent, _ = playground.scene.members
    channel = playground.scene.stylize
    opened = playground.slash(ada, "buttons", channel=channel)
    await done(playground, opened)
    card = opened.original

    hidden = playground.press(vincent, card, "details")
    await done(playground, hidden)
    assert hidden.original.visible_to == vincent.id
    assert not playground.state.can_see(ada.id, hidden.original)

    await done(playground, playground.press(ada, card, "later"))
    await playground.wait_for(lambda: card.content == "Later is now.")

    chosen = playground.select(ada, card, "preset", ["waves", "ink"])
    await done(playground, chosen)
    assert chosen.original.content == "You chose waves, ink."
    assert chosen.original.replied_to == card.id

    form = playground.press(ada, card, "form")
    await playground.wait_for(lambda: form.modal)
    submitted = playground.submit_modal(ada, form, {"name": "Storm"})
    await done(playground, submitted)
    assert submitted.original.content == "Named Storm."

    await done(playground, playground.press(ada, card, "cancel"))
    assert card.content == "Cancelled."
    assert card.components[0]["components"][0]["disabled"]


async def test_interaction_timeout(playground: Playground, start: Start) -> None:
    playground.interactions.acknowledge_seconds = 0.2
    await start(CommandBot())
    events: list[str] = []
    playground.event_bus.subscribe(lambda event: events.append(event.name))
    interaction = playground.slash(
        playground.scene.members[0], "silent", channel=playground.scene.general
    )
    await playground.wait_for(lambda: interaction.failed)
    assert "INTERACTION_FAILED" in events


def command(playground: Playground, name: str = "ping", **fields: Any) -> dict[str, Any]:
    found, _ = playground.commands.upsert(
        {"name": name, "description": "Test", "type": 1, **fields}, None
    )
    return found


def call(playground: Playground) -> tuple[Interaction, str, str]:
    """Call /ping as a member; return the interaction, its callback path and its webhook path."""
    command(playground)
    interaction = playground.slash(
        playground.scene.members[0], "ping", channel=playground.scene.general
    )
    return (
        interaction,
        f"/interactions/{interaction.id}/{interaction.token}/callback",
        f"/webhooks/{playground.state.application.id}/{interaction.token}",
    )


HELLO = {"type": 4, "data": {"content": "hello"}}


async def test_late_repeated_and_unknown_callbacks(playground: Playground, rest: Rest) -> None:
    _, callback, _ = call(playground)
    status, body, _ = await rest("POST", callback, HELLO)
    assert (status, body) == (204, b"")
    status, body, _ = await rest("POST", callback, HELLO)
    assert (status, body["code"]) == (400, 40060)

    playground.interactions.acknowledge_seconds = 0.05
    late, callback, webhook = call(playground)
    await playground.wait_for(lambda: late.failed)
    status, body, _ = await rest("POST", callback, HELLO)
    assert (status, body["code"]) == (404, 10062)
    status, body, _ = await rest("POST", webhook, {"content": "hello?"})
    assert (status, body["code"]) == (404, 10015)
    status, body, _ = await rest("POST", f"/interactions/{late.id}/wrong/callback", HELLO)
    assert (status, body["code"]) == (404, 10062)


async def test_tokens_expire_after_15_minutes(playground: Playground, rest: Rest) -> None:
    _, callback, webhook = call(playground)
    await rest("POST", callback, HELLO)
    playground.clock.advance(14 * 60)
    assert (await rest("POST", webhook, {"content": "still there"}))[0] == 200
    playground.clock.advance(61)
    for method, path in (
        ("POST", webhook),
        ("PATCH", f"{webhook}/messages/@original"),
        ("DELETE", f"{webhook}/messages/@original"),
    ):
        status, body, _ = await rest(method, path, {"content": "too late"})
        assert (status, body["code"]) == (401, 50027)


async def test_webhook_messages(playground: Playground, rest: Rest) -> None:
    interaction, callback, webhook = call(playground)
    status, body, _ = await rest("POST", f"{callback}?with_response=true", HELLO)
    assert status == 200
    assert body["resource"]["message"]["content"] == "hello"
    assert body["interaction"]["response_message_id"] == interaction.original.id
    status, body, _ = await rest.upload(
        f"{webhook}/messages/@original", {"content": "edited"}, [("a.png", png())], "PATCH"
    )
    assert (status, len(body["attachments"])) == (200, 1)
    status, followup, _ = await rest("POST", webhook, {"content": "more", "flags": 64})
    assert (status, followup["flags"]) == (200, 64)
    path = f"{webhook}/messages/{followup['id']}"
    assert (await rest("GET", path))[1]["content"] == "more"
    # Ephemeral messages cannot be read with the bot's token.
    hidden = f"/channels/{interaction.channel.id}/messages/{followup['id']}"
    assert (await rest("GET", hidden))[1]["code"] == 10008
    assert (await rest("DELETE", path))[0] == 204
    assert (await rest("GET", path))[1]["code"] == 10008
    assert (await rest("DELETE", f"{webhook}/messages/@original"))[0] == 204
    assert (await rest("GET", f"{webhook}/messages/@original"))[1]["code"] == 10008


async def test_invalid_callbacks(playground: Playground, rest: Rest) -> None:
    _, callback, _ = call(playground)
    empty = {"type": 4, "data": {}}
    for wrong in (
        {"type": 7, "data": {"content": "no message to update"}},
        {"type": 8, "data": {"choices": []}},
        {"type": 1},
        {"type": 99},
        {},
        empty,
        {"type": 4, "data": {"content": "x" * 2001}},
        {"type": 9, "data": {"custom_id": "a", "title": "", "components": []}},
    ):
        status, body, _ = await rest("POST", callback, wrong)
        code = 50006 if wrong == empty else 50035
        assert (status, body["code"]) == (400, code), wrong
    assert (await rest("POST", callback, HELLO))[0] == 204  # the refused callbacks did not count


def refused(action: Callable[[], Any], code: int) -> None:
    with pytest.raises(ApiError) as caught:
        action()
    assert caught.value.body["code"] == code


async def test_members_cannot_use_unavailable_components_and_commands(
    playground: Playground, rest: Rest
) -> None:
    row = {
        "type": 1,
        "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go", "disabled": True}],
    }
    channel = playground.scene.general
    path = f"/channels/{channel.id}/messages"
    _, sent, _ = await rest("POST", path, {"content": "x", "components": [row]})
    card = channel.messages[sent["id"]]
    ada, vincent, _ = playground.scene.members
    for custom_id in ("go", "gone"):
        refused(lambda c=custom_id: playground.press(ada, card, c), 50035)
    command(playground, "owners", default_member_permissions="8")
    refused(lambda: playground.slash(vincent, "owners", channel=channel), 50013)
    playground.slash(ada, "owners", channel=channel)  # the owner may
    refused(lambda: playground.slash(ada, "nothing", channel=channel), 10063)
    command(
        playground,
        "needs",
        options=[{"type": 4, "name": "n", "description": "d", "required": True, "max_value": 5}],
    )
    refused(lambda: playground.slash(ada, "needs", channel=channel), 50035)
    refused(lambda: playground.slash(ada, "needs", {"n": 6}, channel=channel), 50035)
    refused(lambda: playground.slash(ada, "needs", {"n": "x"}, channel=channel), 50035)
    playground.slash(ada, "needs", {"n": 5}, channel=channel)
