// The bot in eris. Its requests always use TLS and its standard port: Node's own module is told
// to do without.
const address = new URL(process.env.PLAYGROUND_API);
require("https").request = (options) =>
  require("http").request({ ...options, port: address.port });
const Eris = require("eris");

const client = new Eris(`Bot ${process.env.PLAYGROUND_TOKEN}`, {
  intents: ["guilds", "guildMessages", "messageContent"],
  rest: { domain: address.hostname, baseURL: "/api/v9" },
});

client.once("ready", async () => {
  await client.bulkEditCommands([{ type: 1, name: "ping", description: "Answer" }]);
  console.log("ready");
});

client.on("messageCreate", async (message) => {
  if (message.content !== "hello") return;
  await client.createMessage(message.channel.id, {
    content: "hello yourself",
    messageReference: { messageID: message.id },
    components: [
      { type: 1, components: [{ type: 2, style: 1, label: "Press", custom_id: "press" }] },
    ],
  });
});

client.on("interactionCreate", async (interaction) => {
  await interaction.createMessage({ content: interaction.type === 3 ? "pressed" : "pong" });
});

client.on("error", (error) => console.error(error));
client.connect();
