// The page's state. Views subscribe to it; only this module changes it.

export const MessageFlag = Object.freeze({
  EPHEMERAL: 1 << 6,
  LOADING: 1 << 7,
  COMPONENTS_V2: 1 << 15,
});
export const MessageType = Object.freeze({
  REPLY: 19,
  CHAT_INPUT_COMMAND: 20,
  CONTEXT_MENU_COMMAND: 23,
});
export const ChannelType = Object.freeze({ TEXT: 0, DIRECT: 1 });
export const CommandType = Object.freeze({ CHAT_INPUT: 1, USER: 2, MESSAGE: 3 });

/** How many older messages are fetched at a time. */
export const PAGE_SIZE = 50;

const TYPING_LASTS = 10_000;
// Channel types with messages: text, direct message, announcements and threads.
const CHANNELS = new Set([0, 1, 5, 10, 11, 12]);

/** Names a direct message after its recipients. */
const named = (channel) =>
  channel.name ? channel : { ...channel, name: (channel.recipients ?? []).map(nameOf).join(", ") };

/** Compares snowflakes, which are decimal strings without leading zeros. */
export const compareIds = (a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

export const nameOf = (user) => user?.global_name || user?.username || user?.name || "Someone";
export const sameEmoji = (a, b) => (a.id || b.id ? a.id === b.id : a.name === b.name);
export const isEphemeral = (message) => Boolean(message.flags & MessageFlag.EPHEMERAL);

/**
 * Events: `state` (everything may have changed), `message` (detail: the message), `channel`,
 * `typing`, `presence`, `connection`, `pending`, `interaction-failed`, `interaction-done`, `modal`.
 */
export class Store extends EventTarget {
  constructor() {
    super();
    this.me = null;
    this.bot = null;
    this.guild = {};
    this.channels = [];
    this.commands = [];
    this.emoji = [];
    this.stickers = [];
    this.members = new Map();
    this.messages = new Map(); // channel id -> Map(message id -> message)
    this.pending = []; // what this page is sending, oldest first
    this.typing = new Map(); // "channel:user" -> timer
    this.presence = new Map();
    this.roles = []; // of the guild, without the one that everyone has
    this.memberRoles = new Map(); // member id -> Set of role ids
    this.complete = new Set(); // ids of channels whose oldest message is held
    this.sorted = null; // the result of visible(), until something changes
    this.unread = new Map();
    this.channelId = null;
    this.connection = "connecting";
    this.loaded = false;
  }

  on(type, listener) {
    this.addEventListener(type, (event) => listener(event.detail));
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // ------------------------------------------------------------------ reading

  get channel() {
    return this.channels.find((channel) => channel.id === this.channelId) ?? null;
  }

  user(id) {
    return this.members.get(id) ?? (this.bot?.id === id ? this.bot : null);
  }

  message(id) {
    for (const held of this.messages.values()) {
      const message = held.get(id);
      if (message) return message;
    }
    return null;
  }

  /** The current channel's messages that this member can see, oldest first. */
  visible() {
    if (this.sorted?.channelId !== this.channelId) {
      const held = this.messages.get(this.channelId)?.values() ?? [];
      const messages = [...held].sort((a, b) => compareIds(a.id, b.id));
      this.sorted = { channelId: this.channelId, messages };
    }
    return this.sorted.messages;
  }

  /** Whether the open channel has messages that are older than those held. */
  get hasOlder() {
    return Boolean(this.channel) && !this.complete.has(this.channelId);
  }

  commandsOf(type) {
    return this.commands.filter((command) => (command.type ?? CommandType.CHAT_INPUT) === type);
  }

  typists() {
    const prefix = `${this.channelId}:`;
    return [...this.typing.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => this.user(key.slice(prefix.length)))
      .filter(Boolean);
  }

  mentions(message) {
    return (
      Boolean(this.me) &&
      message.author?.id !== this.me.id &&
      (message.mention_everyone || (message.mentions ?? []).some((user) => user.id === this.me.id))
    );
  }

  // ----------------------------------------------------------------- changing

  load(state) {
    this.me = state.me;
    this.bot = state.bot ?? null;
    this.guild = state.guild ?? {};
    this.channels = (state.channels ?? [])
      .filter((channel) => CHANNELS.has(channel.type ?? 0))
      .map(named);
    this.commands = state.commands ?? [];
    this.emoji = state.emoji ?? [];
    this.stickers = state.stickers ?? [];
    this.members = new Map((state.members ?? []).map((user) => [user.id, user]));
    if (this.bot) this.members.set(this.bot.id, { ...this.bot, bot: true });
    for (const user of this.members.values()) {
      if (user.status) this.presence.set(user.id, user.status);
    }
    this.messages = new Map(
      Object.entries(state.messages ?? {}).map(([channelId, list]) => [
        channelId,
        new Map(
          list
            .filter((message) => !this.dismissed.has(message.id))
            .map((message) => [message.id, message]),
        ),
      ]),
    );
    this.sorted = null;
    this.complete = new Set(
      [...this.messages].filter(([, held]) => held.size < PAGE_SIZE).map(([id]) => id),
    );
    this.roles = (state.guild?.roles ?? []).filter((role) => role.id !== state.guild.id);
    this.memberRoles = new Map(
      Object.entries(state.member_roles ?? {}).map(([id, roles]) => [id, new Set(roles)]),
    );
    if (!this.channel) this.channelId = this.defaultChannel()?.id ?? null;
    this.loaded = true;
    this.emit("state");
  }

  /**
   * The channel to open first: the one with the newest message, else #stylize, else the first.
   */
  defaultChannel() {
    const newestId = (channel) =>
      [...(this.messages.get(channel.id)?.keys() ?? [])].sort(compareIds).at(-1) ?? "";
    const [newest] = [...this.channels].sort((a, b) => compareIds(newestId(b), newestId(a)));
    if (newest && newestId(newest)) return newest;
    return this.channels.find((channel) => channel.name === "stylize") ?? newest;
  }

  selectChannel(id) {
    if (id === this.channelId || !this.channels.some((channel) => channel.id === id)) return;
    this.channelId = id;
    this.unread.delete(id);
    this.emit("channel");
  }

  setConnection(word) {
    this.connection = word;
    this.emit("connection", word);
  }

  /** Adds older messages of a channel; none means that its oldest one is held. */
  addOlder(channelId, messages) {
    const held = this.messages.get(channelId) ?? new Map();
    this.messages.set(channelId, held);
    if (messages.length < PAGE_SIZE) this.complete.add(channelId);
    for (const message of messages) {
      if (!this.dismissed.has(message.id) && !held.has(message.id)) held.set(message.id, message);
    }
    this.sorted = null;
  }

  putChannel(channel) {
    if (!CHANNELS.has(channel.type ?? 0)) return;
    const known = this.channels.some((each) => each.id === channel.id);
    if (known) return;
    if (!this.messages.has(channel.id)) this.complete.add(channel.id); // it is new
    this.channels = [...this.channels, named(channel)];
    this.emit("state");
  }

  removeChannel(id) {
    this.channels = this.channels.filter((channel) => channel.id !== id);
    this.messages.delete(id);
    this.unread.delete(id);
    this.sorted = null;
    if (this.channelId === id) this.channelId = this.defaultChannel()?.id ?? null;
    this.emit("state");
  }

  put(message) {
    if (this.dismissed.has(message.id)) return;
    this.sorted = null;
    const held = this.messages.get(message.channel_id) ?? new Map();
    this.messages.set(message.channel_id, held);
    const fresh = !held.has(message.id);
    held.set(message.id, message);
    if (fresh) {
      this.stopTyping(message.channel_id, message.author?.id);
      if (message.channel_id !== this.channelId) {
        const unread = this.unread.get(message.channel_id) ?? { count: 0, mentions: 0 };
        unread.count += 1;
        if (this.mentions(message)) unread.mentions += 1;
        this.unread.set(message.channel_id, unread);
      }
    }
    this.emit("message", { message, fresh });
  }

  remove(message) {
    const held = this.messages.get(message.channel_id);
    this.sorted = null;
    if (held?.delete(message.id)) this.emit("message", { message, removed: true });
  }

  /** Dismisses an ephemeral message on this page only, as in Discord. */
  dismiss(message) {
    const ids = this.dismissed.add(message.id);
    try {
      sessionStorage.setItem("playground.dismissed", JSON.stringify([...ids].slice(-200)));
    } catch {
      // Without storage it returns on reload, which is harmless.
    }
    this.remove(message);
  }

  get dismissed() {
    if (!this.dismissedIds) {
      try {
        this.dismissedIds = new Set(
          JSON.parse(sessionStorage.getItem("playground.dismissed") ?? "[]"),
        );
      } catch {
        this.dismissedIds = new Set();
      }
    }
    return this.dismissedIds;
  }

  addPending(entry) {
    this.pending.push(entry);
    this.emit("pending");
  }

  dropPending(entry) {
    const index = this.pending.indexOf(entry);
    if (index < 0) return;
    this.pending.splice(index, 1);
    this.emit("pending");
  }

  stopTyping(channelId, userId) {
    const key = `${channelId}:${userId}`;
    if (!this.typing.has(key)) return;
    clearTimeout(this.typing.get(key));
    this.typing.delete(key);
    this.emit("typing");
  }

  // -------------------------------------------------------------- live events

  /** Applies one event of the live socket. */
  apply({ t: type, d: data }) {
    switch (type) {
      case "MESSAGE_CREATE": {
        const mine =
          data.author?.id === this.me?.id &&
          this.pending.find(
            (entry) =>
              entry.channelId === data.channel_id &&
              (data.nonce ? String(data.nonce) === entry.nonce : entry.content === data.content),
          );
        if (mine) this.dropPending(mine);
        this.put(data);
        break;
      }
      case "MESSAGE_UPDATE":
        this.put(data);
        break;
      case "MESSAGE_DELETE":
        this.remove(data);
        break;
      case "MESSAGE_DELETE_BULK":
        for (const id of data.ids) this.remove({ ...data, id });
        break;
      case "MESSAGE_REACTION_ADD":
        this.changeReaction(data, +1);
        break;
      case "MESSAGE_REACTION_REMOVE":
        this.changeReaction(data, -1);
        break;
      case "MESSAGE_REACTION_REMOVE_ALL":
      case "MESSAGE_REACTION_REMOVE_EMOJI":
        this.clearReactions(data);
        break;
      case "TYPING_START":
        this.startTyping(data);
        break;
      case "PRESENCE_UPDATE":
        this.presence.set(data.user?.id ?? data.user_id, data.status);
        this.emit("presence");
        break;
      case "GUILD_MEMBER_ADD":
        if (data.user) {
          this.members.set(data.user.id, data.user);
          this.emit("presence");
        }
        break;
      case "GUILD_MEMBER_UPDATE":
        this.memberRoles.set(data.user.id, new Set(data.roles));
        this.emit("presence");
        break;
      case "CHANNEL_CREATE":
        this.putChannel(data);
        break;
      case "CHANNEL_DELETE":
        this.removeChannel(data.id);
        break;
      case "CHANNEL_UPDATE":
        this.channels = this.channels.map((channel) =>
          channel.id === data.id ? named({ ...channel, ...data }) : channel,
        );
        this.emit("state");
        break;
      case "INTERACTION_FAILED":
        this.emit("interaction-failed", data);
        break;
      case "INTERACTION_SUCCESS":
        this.emit("interaction-done", data);
        break;
      case "MODAL":
        this.emit("modal", data);
        break;
      default: // Ignores events that this page does not know.
    }
  }

  startTyping({ channel_id: channelId, user_id: userId }) {
    if (!userId || userId === this.me?.id) return;
    const key = `${channelId}:${userId}`;
    clearTimeout(this.typing.get(key));
    this.typing.set(
      key,
      setTimeout(() => this.stopTyping(channelId, userId), TYPING_LASTS),
    );
    this.emit("typing");
  }

  changeReaction({ channel_id: channelId, message_id: messageId, user_id: userId, emoji }, change) {
    const message = this.messages.get(channelId)?.get(messageId);
    if (!message) return;
    const mine = userId === this.me?.id;
    const reactions = (message.reactions ?? []).map((reaction) => ({ ...reaction }));
    let reaction = reactions.find((each) => sameEmoji(each.emoji, emoji));
    if (!reaction) {
      if (change < 0) return;
      reaction = { emoji, count: 0, me: false };
      reactions.push(reaction);
    }
    reaction.count += change;
    if (mine) reaction.me = change > 0;
    this.put({ ...message, reactions: reactions.filter((each) => each.count > 0) });
  }

  clearReactions({ channel_id: channelId, message_id: messageId, emoji }) {
    const message = this.messages.get(channelId)?.get(messageId);
    if (!message) return;
    const left = emoji
      ? (message.reactions ?? []).filter((each) => !sameEmoji(each.emoji, emoji))
      : [];
    this.put({ ...message, reactions: left });
  }
}
