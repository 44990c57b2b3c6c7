"""The bot in interactions.py."""

import os

import interactions
from interactions.api.http.route import Route

Route.BASE = os.environ["PLAYGROUND_API"]

bot = interactions.Client(
    intents=interactions.Intents.DEFAULT | interactions.Intents.MESSAGE_CONTENT
)


@interactions.slash_command(name="ping", description="Answer")
async def ping(ctx: interactions.SlashContext):
    await ctx.send("pong")


@interactions.component_callback("press")
async def press(ctx: interactions.ComponentContext):
    await ctx.send("pressed")


@interactions.listen()
async def on_startup():
    print("ready", flush=True)


@interactions.listen()
async def on_message_create(event: interactions.events.MessageCreate):
    if event.message.content == "hello":
        button = interactions.Button(
            style=interactions.ButtonStyle.PRIMARY, label="Press", custom_id="press"
        )
        await event.message.reply("hello yourself", components=button)


bot.start(os.environ["PLAYGROUND_TOKEN"])
