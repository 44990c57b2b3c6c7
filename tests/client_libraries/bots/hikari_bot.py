"""The bot in hikari."""

import os

import hikari

bot = hikari.GatewayBot(
    os.environ["PLAYGROUND_TOKEN"],
    rest_url=os.environ["PLAYGROUND_API"],
    intents=hikari.Intents.ALL_UNPRIVILEGED | hikari.Intents.MESSAGE_CONTENT,
    banner=None,
)


@bot.listen()
async def on_started(event: hikari.StartedEvent) -> None:
    application = await bot.rest.fetch_application()
    command = bot.rest.slash_command_builder("ping", "Answer")
    await bot.rest.set_application_commands(application, [command])
    print("ready", flush=True)


@bot.listen()
async def on_message(event: hikari.MessageCreateEvent) -> None:
    if event.content == "hello":
        row = bot.rest.build_message_action_row()
        row.add_interactive_button(hikari.ButtonStyle.PRIMARY, "press", label="Press")
        await event.message.respond("hello yourself", component=row, reply=True)


@bot.listen()
async def on_interaction(event: hikari.InteractionCreateEvent) -> None:
    pressed = isinstance(event.interaction, hikari.ComponentInteraction)
    await event.interaction.create_initial_response(
        hikari.ResponseType.MESSAGE_CREATE, "pressed" if pressed else "pong"
    )


bot.run()
