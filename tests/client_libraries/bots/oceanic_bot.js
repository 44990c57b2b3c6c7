// The bot in oceanic.js.
const { Client } = require("oceanic.js");

const client = new Client({
  auth: `Bot ${process.env.PLAYGROUND_TOKEN}`,
  gateway: { intents: ["GUILDS", "GUILD_MESSAGES", "MESSAGE_CONTENT"] },
  rest: { baseURL: process.env.PLAYGROUND_API },
});

client.once("ready", async () => {
  await client.application.bulkEditGlobalCommands([
    { type: 1, name: "ping", description: "Answer" },
  ]);
  console.log("ready");
});

client.on("messageCreate", async (message) => {
  if (message.content !== "hello") return;
  await client.rest.channels.createMessage(message.channelID, {
    content: "hello yourself",
    messageReference: { messageID: message.id },
    components: [
      { type: 1, components: [{ type: 2, style: 1, label: "Press", customID: "press" }] },
    ],
  });
});

client.on("interactionCreate", async (interaction) => {
  await interaction.createMessage({ content: interaction.type === 3 ? "pressed" : "pong" });
});

client.on("error", (error) => console.error(error));
client.connect();
