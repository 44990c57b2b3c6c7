// The channel's messages: grouped by author, separated by day, scrolled to the end while one reads
// there.

import { announce, prefersReducedMotion, fill, h, icon, iconButton, perFrame } from "./dom.js";
import { MessageView } from "./message.js";
import { plainText } from "./markdown.js";
import { MessageWindow } from "./message-window.js";
import { avatar, coloredName } from "./users.js";
import { ChannelType, compareIds, isEphemeral, nameOf, PAGE_SIZE } from "./store.js";
import { dayName, messageTime, sameDay } from "./time.js";

const SAME_BREATH = 7 * 60_000;
const NEAR_END = 120;
const NEAR_EDGE = 500; // pixels from an edge of the list at which more messages are shown
const MOST_ANNOUNCED = 3;

export class Feed {
  constructor(element, page) {
    this.element = element;
    this.page = page;
    this.views = new Map();
    this.pendingViews = new Map();
    this.stuck = true;
    this.lastTop = 0;
    this.window = new MessageWindow();
    this.fresh = []; // messages that arrived since the last frame
    this.showChanges = perFrame(() => this.onFrame());
    this.loading = null; // the request for older messages
    this.list = h("ol", { class: "messages", "aria-label": "Messages" });
    this.welcome = h("div", { class: "welcome" });
    this.more = h(
      "button",
      { type: "button", class: "jump", hidden: true, onclick: () => this.toEnd(true) },
      icon("arrowDown", 16),
      h("span", {}, "New messages"),
    );
    this.earlier = h(
      "p",
      { class: "earlier quiet", role: "status", hidden: true },
      "Loading earlier messages…",
    );
    fill(element, h("div", { class: "feed-inner" }, this.welcome, this.earlier, this.list));
    element.after(h("div", { class: "jump-place" }, this.more));

    element.addEventListener("scroll", () => this.onScroll(), { passive: true });
    // Late pictures and a growing composer must not scroll away from the end.
    new ResizeObserver(() => this.stick()).observe(this.list);
    new ResizeObserver(() => this.stick()).observe(element);
    this.list.addEventListener("keydown", (event) => this.onKey(event));

    const { store } = page;
    store.on("state", () => this.redraw());
    store.on("channel", () => this.redraw());
    store.on("pending", () => this.sync());
    store.on("message", (change) => this.onMessage(change));
    store.on("interaction-failed", (data) => this.views.get(data.message_id)?.fail());
    store.on("interaction-done", (data) => this.views.get(data.message_id)?.settle());
  }

  atEnd() {
    return this.window.isAtEnd && this.pixelsBelow() < NEAR_END;
  }

  pixelsBelow() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight;
  }

  onScroll() {
    this.stuck = this.atEnd();
    if (this.stuck) {
      this.more.hidden = true;
      this.lastTop = this.element.scrollTop;
      this.window.follow();
      return;
    }
    this.window.hold();
    if (this.element.scrollTop < NEAR_EDGE) this.showOlder();
    else if (!this.window.isAtEnd && this.pixelsBelow() < NEAR_EDGE) {
      this.keepPlace(() => this.window.extendDown());
    }
  }

  /** Shows older messages above; they are fetched where the page does not hold them. */
  async showOlder() {
    if (this.window.extendsUp()) {
      this.keepPlace(() => this.window.extendUp());
      return;
    }
    if (await this.fetchOlder()) this.keepPlace(() => this.window.extendUp());
  }

  /** @returns {Promise<boolean>} Whether older messages of the open channel were added. */
  async fetchOlder() {
    const { store, api } = this.page;
    const oldest = store.visible()[0];
    if (this.loading || !oldest || !store.hasOlder) return false;
    const showing = this.showing;
    this.earlier.hidden = false;
    this.loading = api.older(store.channelId, oldest.id, PAGE_SIZE);
    try {
      const older = await this.loading;
      if (this.showing !== showing) return false;
      store.addOlder(store.channelId, older);
      return true;
    } catch (error) {
      this.page.showNotice(error.message);
      return false;
    } finally {
      this.loading = null;
      this.earlier.hidden = true;
    }
  }

  /** Changes the window and keeps what is being read in its place. */
  keepPlace(change) {
    const top = this.element.getBoundingClientRect().top;
    const anchor = this.items().find((item) => item.getBoundingClientRect().bottom > top);
    const before = anchor?.getBoundingClientRect().top;
    this.window.slice(this.page.store.visible());
    change();
    this.sync();
    if (!anchor?.isConnected) return;
    this.element.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  stick() {
    // The scroll event comes late, so read the position itself.
    if (this.element.scrollTop < this.lastTop && !this.atEnd()) this.stuck = false;
    if (!this.stuck) return;
    this.element.scrollTop = this.element.scrollHeight;
    this.lastTop = this.element.scrollTop;
  }

  toEnd(smooth = false) {
    this.stuck = true;
    this.more.hidden = true;
    if (!this.window.isAtEnd) {
      this.window.follow();
      this.sync();
    }
    this.element.scrollTo({
      top: this.element.scrollHeight,
      behavior: smooth && !prefersReducedMotion() ? "smooth" : "instant",
    });
  }

  onMessage({ message, fresh }) {
    if (message.channel_id !== this.page.store.channelId) return;
    if (fresh) this.fresh.push(message);
    this.showChanges();
  }

  /** Shows all changes since the last frame at once. */
  onFrame() {
    const { store } = this.page;
    const fresh = this.fresh.filter((message) => message.channel_id === store.channelId);
    this.fresh = [];
    this.sync();
    if (!fresh.length) return;
    if (fresh.length > MOST_ANNOUNCED) announce(`${fresh.length} new messages`);
    else for (const message of fresh) this.announceMessage(message);
    const mine = fresh.some((message) => message.author?.id === store.me?.id);
    if (mine || this.stuck) this.toEnd();
    else this.more.hidden = false;
  }

  announceMessage(message) {
    const context = this.views.get(message.id)?.markdown;
    const words =
      plainText(message.content ?? "", context) || (message.embeds?.[0]?.title ?? "a picture");
    announce(`${nameOf(message.author)}: ${words}`);
  }

  /** Clears the view for another channel or member. */
  redraw() {
    const { store } = this.page;
    const showing = `${store.me?.id}:${store.channelId}`;
    if (this.showing !== showing) {
      for (const view of this.views.values()) view.element.remove();
      this.views.clear();
      this.showing = showing;
      this.lastTop = 0;
      this.stuck = true;
      this.window.follow();
    }
    this.drawWelcome();
    this.sync();
    this.stick();
  }

  drawWelcome() {
    const { channel } = this.page.store;
    fill(
      this.welcome,
      channel && [
        ...(channel.type === ChannelType.DIRECT ? directWelcome(channel) : channelWelcome(channel)),
        h(
          "div",
          { class: "welcome-hint" },
          h(
            "span",
            { class: "hint-art", "aria-hidden": "true" },
            h("span", { class: "hint-card one" }),
            h("span", { class: "hint-plus" }, "+"),
            h("span", { class: "hint-card two" }),
            h("span", { class: "hint-plus" }, "→"),
            h("span", { class: "hint-card three" }),
          ),
          h(
            "div",
            { class: "hint-words" },
            h("strong", {}, [
              "Drop in two pictures and type ",
              h("code", { class: "code" }, "!stylize"),
            ]),
            h("span", {}, "The first is what to paint, the second how to paint it."),
            h(
              "button",
              {
                type: "button",
                class: "button button-primary small",
                onclick: () => this.page.startStylize(),
              },
              "Choose two pictures",
            ),
          ),
        ),
      ],
    );
  }

  /** Updates the list from the store, changing only what differs. */
  sync() {
    const { store } = this.page;
    const messages = this.window.slice(store.visible());
    const pending = store.pending.filter((entry) => entry.channelId === store.channelId);
    const wanted = new Set(messages.map((message) => message.id));
    for (const [id, view] of this.views) {
      if (wanted.has(id)) continue;
      if (view.element.contains(document.activeElement)) this.leave(view.element);
      view.element.remove();
      this.views.delete(id);
    }
    this.welcome.classList.toggle("quiet-welcome", messages.length > 0);
    this.welcome.hidden = store.hasOlder || this.window.extendsUp();
    this.list.querySelectorAll(".day").forEach((day) => day.remove());
    let previous = null;
    let cursor = this.list.firstChild;
    const put = (element) => {
      if (cursor === element) cursor = cursor.nextSibling;
      else this.list.insertBefore(element, cursor);
    };
    for (const message of messages) {
      let view = this.views.get(message.id);
      if (!view) this.views.set(message.id, (view = new MessageView(message, this.page)));
      else if (view.message !== message) view.update(message);
      const date = new Date(message.timestamp);
      const newDay = !previous || !sameDay(new Date(previous.timestamp), date);
      if (newDay) put(h("li", { class: "day" }, h("span", {}, dayName(date))));
      const continued = !newDay && follows(previous, message);
      if (view.continued !== continued) view.setContinued(continued);
      view.continued = continued;
      put(view.element);
      previous = message;
    }
    this.syncPending(pending, put);
    const items = this.items();
    if (items.length && !items.some((item) => item.tabIndex === 0)) items.at(-1).tabIndex = 0;
    this.stick();
  }

  syncPending(pending, put) {
    for (const [entry, element] of this.pendingViews) {
      if (pending.includes(entry)) continue;
      element.remove();
      this.pendingViews.delete(entry);
    }
    for (const entry of pending) {
      let element = this.pendingViews.get(entry);
      if (!element) this.pendingViews.set(entry, (element = pendingMessage(entry, this.page)));
      put(element);
    }
  }

  items() {
    return [...this.list.querySelectorAll(":scope > .message[data-id]")];
  }

  /** Moves the focus from a deleted message to the one above, the one below, or the text box. */
  leave(element) {
    const items = this.items();
    const at = items.indexOf(element);
    const next = items[at - 1] ?? items[at + 1];
    if (next) next.focus({ preventScroll: true });
    else this.page.focusComposer();
  }

  onKey(event) {
    const item = event.target.closest(".message[data-id]");
    if (!item || event.defaultPrevented) return;
    if (event.key === "Escape") {
      event.preventDefault();
      if (event.target === item) this.page.focusComposer();
      else item.focus();
      return;
    }
    if (event.target !== item) return;
    const items = this.items();
    const at = items.indexOf(item);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: items.length - 1 }[event.key];
    const view = this.views.get(item.dataset.id);
    if (to !== undefined && items[to]) {
      event.preventDefault();
      item.tabIndex = -1;
      items[to].tabIndex = 0;
      items[to].focus();
      items[to].scrollIntoView({ block: "nearest" });
    } else if (
      event.key === "r" &&
      !event.ctrlKey &&
      !event.metaKey &&
      !isEphemeral(view.message)
    ) {
      event.preventDefault();
      this.page.reply(view.message);
    }
  }

  /** Scrolls to a message and highlights it briefly; older ones are fetched first. */
  async jump(id) {
    const { store } = this.page;
    const isNewer = () => compareIds(store.visible()[0]?.id ?? id, id) > 0;
    while (isNewer() && (await this.fetchOlder())) continue;
    this.window.slice(store.visible());
    if (!this.views.has(id) && this.window.showAround(id)) this.sync();
    const view = this.views.get(id);
    if (!view) {
      this.page.showNotice("That message is not in this channel any more.");
      return;
    }
    this.stuck = false;
    view.element.scrollIntoView({ block: "center", behavior: prefersReducedMotion() ? "instant" : "smooth" });
    view.element.classList.remove("lit");
    void view.element.offsetWidth; // Restarts a running animation.
    view.element.classList.add("lit");
    view.element.focus({ preventScroll: true });
    setTimeout(() => view.element.classList.remove("lit"), 2000);
  }
}

const channelWelcome = (channel) => [
  h("div", { class: "welcome-badge", "aria-hidden": "true" }, icon("hash", 34)),
  h("h2", {}, `Welcome to #${channel.name}`),
  h("p", {}, channel.topic || "This is where the channel begins."),
];

const directWelcome = (channel) => [
  avatar(channel.recipients?.[0], 64),
  h("h2", {}, channel.name),
  h("p", {}, `This is where your direct messages with ${channel.name} begin.`),
];

/** Whether a message continues the one before it. */
function follows(previous, message) {
  return (
    previous.author?.id === message.author?.id &&
    !message.message_reference &&
    !message.interaction_metadata &&
    !message.interaction &&
    isEphemeral(previous) === isEphemeral(message) &&
    new Date(message.timestamp) - new Date(previous.timestamp) < SAME_BREATH
  );
}

/** A message that is being sent, with its progress. */
function pendingMessage(entry, page) {
  const bar = h("span", { class: "upload-bar" }, h("i"));
  const words = h("span", { class: "upload-words" }, "Sending…");
  entry.onprogress = (part) => {
    bar.firstElementChild.style.width = `${Math.round(part * 100)}%`;
    words.textContent =
      part < 1 ? `Sending, ${Math.round(part * 100)} %` : "Sent, waiting for the playground…";
  };
  const { me } = page.store;
  return h(
    "li",
    { class: "message pending-message", "aria-busy": "true" },
    h(
      "div",
      { class: "message-row" },
      h("div", { class: "message-gutter" }, avatar(me)),
      h(
        "div",
        { class: "message-body" },
        h(
          "header",
          { class: "message-head" },
          coloredName(me),
          h("time", {}, messageTime(new Date())),
        ),
        entry.content &&
          h("div", { class: "message-content" }, h("div", { class: "markdown" }, entry.content)),
        entry.files.length > 0 &&
          h(
            "div",
            { class: "upload" },
            entry.previews.length > 0 &&
              h(
                "div",
                { class: "upload-previews" },
                entry.previews.map((url) => h("img", { src: url, alt: "" })),
              ),
            h(
              "div",
              { class: "upload-state" },
              words,
              bar,
              iconButton("close", "Cancel the upload", () => entry.abort(), { size: 16 }),
            ),
          ),
      ),
    ),
  );
}
