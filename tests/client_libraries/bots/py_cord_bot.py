"""The bot in py-cord."""

import os

import discord

discord.http.Route.API_BASE_URL = os.environ["PLAYGROUND_API"]


class Buttons(discord.ui.View):
    @discord.ui.button(label="Press", custom_id="press")
    async def press(self, button, interaction):
        await interaction.response.send_message("pressed")


intents = discord.Intents.default()
intents.message_content = True
bot = discord.Bot(intents=intents)


@bot.slash_command(name="ping", description="Answer")
async def ping(ctx):
    await ctx.respond("pong")


@bot.event
async def on_ready():
    print("ready", flush=True)


@bot.event
async def on_message(message):
    if message.content == "hello":
        await message.reply("hello yourself", view=Buttons())


bot.run(os.environ["PLAYGROUND_TOKEN"])
