// Builds the page's parts and the services that they share.

import { Api, Live } from "./api.js";
import { fill, h, iconButton, narrow } from "./dom.js";
import { Composer } from "./composer.js";
import { pickEmoji } from "./emoji.js";
import { Feed } from "./feed.js";
import { Lightbox } from "./lightbox.js";
import { closeFloating } from "./menus.js";
import { openModal } from "./modal.js";
import { Sidebar } from "./sidebar.js";
import { CommandType, nameOf, Store } from "./store.js";
import { keepTimes } from "./time.js";
import { Topbar } from "./topbar.js";
import { acceptDrops } from "./uploads.js";
import { openFaults } from "./faults.js";

const store = new Store();
const query = new URLSearchParams(location.search);
let as = query.get("as");
store.channelId = query.get("channel");
const api = new Api(() => as);

/** Shows a short notice at the bottom of the page. */
function showNotice(words) {
  document.querySelector(".toast")?.remove();
  const toast = h("div", { class: "toast", role: "status" }, words);
  document.body.append(toast);
  setTimeout(() => toast.remove(), 3500);
}

/** Runs a call and shows its error at the composer. */
async function attempt(call) {
  try {
    return await call();
  } catch (error) {
    composer.showError(error.message);
    return null;
  }
}

/** Discord's URL of a message. */
const MESSAGE = /^https:\/\/discord\.com\/channels\/(?:@me|\d+)\/(\d+)\/(\d+)$/;

const page = {
  store,
  api,
  showNotice,
  reply: (message) => composer.setReply(message),
  jump: (id) => feed.jump(id),
  openChannel: (id) => {
    store.selectChannel(id);
    if (!narrow()) composer.focus();
  },
  startStylize: () => composer.startStylize(),
  focusComposer: () => composer.focus(),
  focusLastMessage: () => feed.items().at(-1)?.focus(),
  react: (message, emoji, on) => attempt(() => api.react(message, emoji, on)),
  pickReaction: (anchor, message) => {
    const place =
      anchor instanceof Element && anchor.isConnected
        ? anchor
        : anchor instanceof Element
          ? document.body
          : anchor;
    pickEmoji(place, store.emoji, (emoji) => page.react(message, emoji, true));
  },
  forward: (message, channel) =>
    attempt(async () => {
      const reference = { type: 1, message_id: message.id, channel_id: message.channel_id };
      const payload = { message_reference: reference, attachments: [] };
      await api.post(channel.id, payload, [], () => {}).done;
      showNotice(`Forwarded to ${channel.name}`);
    }),
  deleteMessage: (message) =>
    attempt(async () => {
      await api.deleteMessage(message);
      store.remove(message);
    }),
  runMessageCommand: (command, message) =>
    attempt(() =>
      api.interact({
        type: 2,
        command_type: CommandType.MESSAGE,
        name: command.name,
        id: command.id,
        target_id: message.id,
        channel_id: message.channel_id,
      }),
    ),
  runUserCommand: (command, user) =>
    attempt(() =>
      api.interact({
        type: 2,
        command_type: CommandType.USER,
        name: command.name,
        id: command.id,
        target_id: user.id,
        channel_id: store.channelId,
      }),
    ),
  copy: async (text, done) => {
    try {
      await navigator.clipboard.writeText(text);
      showNotice(done);
    } catch {
      showNotice("The browser did not allow copying.");
    }
  },
  mention: (user) => {
    composer.text.setRangeText(
      `@${nameOf(user)} `,
      composer.text.selectionStart,
      composer.text.selectionEnd,
      "end",
    );
    sidebar.close();
    composer.focus();
    composer.refresh();
  },
  setRole: (user, role, on) =>
    attempt(async () => {
      await api.setRole(user.id, role.id, on);
      showNotice(on ? `${nameOf(user)} is in ${role.name}` : `${nameOf(user)} left ${role.name}`);
    }),
  become,
  addMember: openMemberForm,
  openFaults: (anchor) => openFaults(anchor, page),
};

page.lightbox = new Lightbox(store);
const feed = new Feed(document.getElementById("feed"), page);
const composer = new Composer(document.getElementById("composer"), page);
const sidebar = new Sidebar(document.getElementById("sidebar"), page);
new Topbar(document.getElementById("topbar"), page, () => sidebar.open());
acceptDrops(document.getElementById("drop"), (files) => composer.addFiles(files));
fill(
  document.getElementById("drop"),
  h(
    "div",
    { class: "drop-card" },
    h("span", { class: "drop-pictures" }, h("i"), h("i"), h("i")),
    h("strong", {}, "Drop to add them to your message"),
    h("span", {}, "Up to ten files: first the picture to paint, then the style"),
  ),
);

store.on("modal", (modal) => openModal(modal, page));
store.on("connection", drawBanner);
store.on("state", writeAddress);
store.on("channel", writeAddress);
keepTimes();

/** Writes the member and the channel to the URL, for reloads and copied links. */
function writeAddress() {
  const query = new URLSearchParams({ as: store.me?.id ?? "", channel: store.channelId ?? "" });
  history.replaceState(null, "", `/?${query}`);
}

// ------------------------------------------------------------------ connection

let eventQueue = null; // Events that arrive while the state is being fetched.
let refetch = null;
let wasOnline = false;

const live = new Live(api, {
  status: (word) => {
    if (word !== "connecting" || !wasOnline) store.setConnection(word);
  },
  open: () => loadState(),
  event: (event) => {
    if (eventQueue) eventQueue.push(event);
    else store.apply(event);
  },
});

/** Fetches the state, then applies the events that arrived meanwhile. */
async function loadState() {
  clearTimeout(refetch);
  eventQueue = [];
  const member = as;
  try {
    const state = await api.state();
    if (member !== as) return;
    as ??= state.me?.id ?? null;
    const waiting = eventQueue;
    eventQueue = null;
    store.load(state);
    // Messages can be applied twice, but reactions would be counted twice; the state has them.
    waiting
      .filter((event) => !event.t.startsWith("MESSAGE_REACTION"))
      .forEach((event) => store.apply(event));
    wasOnline = true;
    store.setConnection("online");
  } catch (error) {
    if (member !== as) return;
    store.setConnection("offline");
    if (error.status === 404 || error.status === 403 || error.status === 400) becomeDefault(error);
    else refetch = setTimeout(loadState, 2000);
  }
}

/** The URL may name a member of another playground: switch to the default member. */
function becomeDefault(error) {
  if (!as) {
    composer.showError(error.message);
    return;
  }
  as = null;
  history.replaceState(null, "", "/");
  live.connect();
}

function drawBanner(word) {
  const banner = document.getElementById("banner");
  const lost = word === "offline" && wasOnline;
  banner.hidden = !lost && !(word === "offline");
  fill(
    banner,
    word === "offline" && [
      h("span", { class: "spinner", "aria-hidden": "true" }),
      wasOnline
        ? "The connection was lost. Reconnecting…"
        : "The playground does not answer yet. Trying again…",
    ],
  );
}

// --------------------------------------------------------------------- members

function become(id) {
  if (id === store.me?.id) return;
  closeFloating();
  as = id;
  wasOnline = false;
  sidebar.close();
  composer.setReply(null);
  composer.leaveForm();
  live.connect();
}

function openMemberForm() {
  const name = h("input", {
    class: "field",
    id: "member-name",
    maxlength: 32,
    required: true,
    autocomplete: "off",
    placeholder: "Grace",
  });
  const problem = h("p", { class: "form-problem", role: "alert" });
  const dialog = h(
    "dialog",
    { class: "modal small", "aria-labelledby": "member-title" },
    h(
      "header",
      {},
      h("h2", { id: "member-title" }, "Add a member"),
      iconButton("close", "Close", () => dialog.close()),
    ),
    h(
      "form",
      {
        class: "modal-form",
        onsubmit: async (event) => {
          event.preventDefault();
          try {
            const user = await api.addMember(name.value.trim());
            dialog.close();
            become(user.id);
          } catch (error) {
            fill(problem, error.message);
          }
        },
      },
      h("div", { class: "form-row" }, h("label", { for: "member-name" }, "Name"), name),
      problem,
      h(
        "div",
        { class: "modal-foot" },
        h("button", { type: "submit", class: "button button-primary" }, "Add and be them"),
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  name.focus();
}

// Typing anywhere goes to the text box.
addEventListener("keydown", (event) => {
  const free =
    document.activeElement === document.body ||
    document.activeElement === document.getElementById("feed");
  if (
    free &&
    event.key.length === 1 &&
    !event.ctrlKey &&
    !event.metaKey &&
    !event.altKey &&
    !document.querySelector("dialog[open]")
  )
    composer.focus();
});
addEventListener("paste", (event) => {
  if (event.defaultPrevented || event.target.closest?.("input, textarea, dialog")) return;
  composer.onPaste(event);
  composer.focus();
});

live.connect();

// As in Discord, a link to a message opens it on this page.
document.addEventListener("click", (event) => {
  const anchor = event.target instanceof Element ? event.target.closest("a[href]") : null;
  const [, channel, message] = anchor?.href.match(MESSAGE) ?? [];
  if (!store.channels.some((each) => each.id === channel)) return;
  event.preventDefault();
  store.selectChannel(channel);
  requestAnimationFrame(() => feed.jump(message));
});
