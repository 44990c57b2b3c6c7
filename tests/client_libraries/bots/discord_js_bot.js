// The bot in discord.js.
const { ActionRowBuilder, ButtonBuilder, ButtonStyle, Client, Events, GatewayIntentBits } =
  require("discord.js");

const client = new Client({
  intents: [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.MessageContent,
  ],
  rest: { api: process.env.PLAYGROUND_API_ROOT },
});

client.once(Events.ClientReady, async () => {
  await client.application.commands.set([{ name: "ping", description: "Answer" }]);
  console.log("ready");
});

client.on(Events.MessageCreate, async (message) => {
  if (message.content !== "hello") return;
  const button = new ButtonBuilder()
    .setCustomId("press")
    .setLabel("Press")
    .setStyle(ButtonStyle.Primary);
  await message.reply({
    content: "hello yourself",
    components: [new ActionRowBuilder().addComponents(button)],
  });
});

client.on(Events.InteractionCreate, async (interaction) => {
  await interaction.reply(interaction.isButton() ? "pressed" : "pong");
});

client.login(process.env.PLAYGROUND_TOKEN);
