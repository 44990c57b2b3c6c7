"""The bot in nextcord."""

import os

import nextcord
from nextcord.ext import commands

nextcord.http.Route.BASE = os.environ["PLAYGROUND_API"]


class Buttons(nextcord.ui.View):
    @nextcord.ui.button(label="Press", custom_id="press")
    async def press(self, button, interaction):
        await interaction.response.send_message("pressed")


intents = nextcord.Intents.default()
intents.message_content = True
bot = commands.Bot(intents=intents)


@bot.slash_command(name="ping", description="Answer")
async def ping(interaction):
    await interaction.response.send_message("pong")


@bot.event
async def on_ready():
    print("ready", flush=True)


@bot.event
async def on_message(message):
    if message.content == "hello":
        await message.reply("hello yourself", view=Buttons())


bot.run(os.environ["PLAYGROUND_TOKEN"])
