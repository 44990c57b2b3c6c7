"""The bot in discord.py."""

import os

import discord
from discord import app_commands

discord.http.Route.BASE = os.environ["PLAYGROUND_API"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = type(
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
)(os.environ["PLAYGROUND_GATEWAY"])


class Buttons(discord.ui.View):
    @discord.ui.button(label="Press", custom_id="press")
    async def press(self, interaction, button):
        await interaction.response.send_message("pressed")


class Bot(discord.Client):
    def __init__(self):
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents)
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        @self.tree.command(name="ping", description="Answer")
        async def ping(interaction):
            await interaction.response.send_message("pong")

        await self.tree.sync()

    async def on_ready(self):
        print("ready", flush=True)

    async def on_message(self, message):
        if message.content == "hello":
            await message.reply("hello yourself", view=Buttons())


Bot().run(os.environ["PLAYGROUND_TOKEN"])
