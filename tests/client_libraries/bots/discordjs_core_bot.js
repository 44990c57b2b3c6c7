// The bot in @discordjs/core.
const { Client, GatewayDispatchEvents, GatewayIntentBits } = require("@discordjs/core");
const { REST } = require("@discordjs/rest");
const { WebSocketManager } = require("@discordjs/ws");

const token = process.env.PLAYGROUND_TOKEN;
const rest = new REST({ version: "10", api: process.env.PLAYGROUND_API_ROOT }).setToken(token);
const gateway = new WebSocketManager({
  token,
  intents:
    GatewayIntentBits.Guilds | GatewayIntentBits.GuildMessages | GatewayIntentBits.MessageContent,
  rest,
});
const client = new Client({ rest, gateway });

client.once(GatewayDispatchEvents.Ready, async ({ data, api }) => {
  await api.applicationCommands.bulkOverwriteGlobalCommands(data.application.id, [
    { name: "ping", description: "Answer" },
  ]);
  console.log("ready");
});

client.on(GatewayDispatchEvents.MessageCreate, async ({ data, api }) => {
  if (data.content !== "hello") return;
  await api.channels.createMessage(data.channel_id, {
    content: "hello yourself",
    message_reference: { message_id: data.id },
    components: [
      { type: 1, components: [{ type: 2, style: 1, label: "Press", custom_id: "press" }] },
    ],
  });
});

client.on(GatewayDispatchEvents.InteractionCreate, async ({ data, api }) => {
  const content = data.type === 3 ? "pressed" : "pong";
  await api.interactions.reply(data.id, data.token, { content });
});

gateway.connect();
