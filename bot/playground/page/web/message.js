// One message on the page. Edits change only the parts that differ.

import { fill, h, icon, iconButton } from "./dom.js";
import { renderAttachments } from "./attachments.js";
import { dots, renderRow } from "./components.js";
import { plainAttachments, resolveEmbed } from "./message-pictures.js";
import { renderEmbed } from "./embeds.js";
import { emojiNode } from "./emoji.js";
import { renderLayout } from "./layout.js";
import { isJumbo, plainText, renderMarkdown } from "./markdown.js";
import { openMessageMenu, toolbar } from "./message-menu.js";
import { appTag, avatar, coloredName } from "./users.js";
import { PictureSet } from "./pictures.js";
import { stickerNode } from "./stickers.js";
import { isEphemeral, MessageFlag, MessageType, nameOf } from "./store.js";
import { clockTime, fullTime, messageTime } from "./time.js";

// Acknowledgements are due in three seconds; after that the server says it failed.
const PATIENCE = 4500;

export class MessageView {
  /** @param {object} page The page's services; see `app.js`. */
  constructor(message, page) {
    this.page = page;
    this.pictures = new PictureSet();
    this.revealed = new Set();
    this.pending = new Set();
    this.keys = new Map();
    this.waiting = null;
    const part = (name, tag = "div") => h(tag, { class: `message-${name}` });
    this.parts = {
      quote: part("quote"),
      head: part("head", "header"),
      content: part("content"),
      pictures: part("pictures"),
      components: part("components"),
      failure: h("div", { class: "message-failure", role: "alert" }),
      reactions: part("reactions"),
      foot: part("foot"),
    };
    this.gutter = h("div", { class: "message-gutter" });
    this.parts.content.id = `content-${message.id}`;
    this.parts.head.id = `head-${message.id}`;
    this.element = h(
      "li",
      {
        class: "message",
        tabindex: "-1",
        dataset: { id: message.id },
        "aria-labelledby": `head-${message.id} content-${message.id}`,
        onpointerenter: () => this.showTools(),
        onfocusin: (event) => this.onFocusIn(event),
        onfocusout: (event) => this.onFocusOut(event),
        oncontextmenu: (event) => this.onContextMenu(event),
      },
      this.parts.quote,
      h(
        "div",
        { class: "message-row" },
        this.gutter,
        h(
          "div",
          { class: "message-body" },
          this.parts.head,
          this.parts.content,
          this.parts.pictures,
          this.parts.components,
          this.parts.failure,
          this.parts.reactions,
          this.parts.foot,
        ),
      ),
    );
    this.update(message);
  }

  get markdown() {
    const { store } = this.page;
    return {
      me: store.me,
      user: (id) => store.user(id) ?? (this.message.mentions ?? []).find((user) => user.id === id),
      channel: (id) => store.channels.find((channel) => channel.id === id),
      openChannel: this.page.openChannel,
    };
  }

  /** Redraws the parts that changed. */
  update(message) {
    const { store } = this.page;
    const edited = this.message && this.message !== message;
    this.message = message;
    if (edited) this.settle();
    this.element.classList.toggle("mentions-me", store.mentions(message));
    this.element.classList.toggle("ephemeral", isEphemeral(message));
    this.part(
      "quote",
      [
        message.type,
        message.message_reference,
        message.referenced_message,
        message.interaction_metadata,
        message.interaction,
      ],
      () => this.quote(),
    );
    this.part("head", [message.author, message.timestamp], () => this.head());
    this.part(
      "content",
      [
        message.content,
        message.flags,
        message.type,
        message.edited_timestamp,
        message.sticker_items,
        message.message_snapshots,
      ],
      () => this.content(),
    );
    this.part(
      "pictures",
      [message.attachments, message.embeds, message.components, message.flags],
      () => this.media(),
    );
    this.drawComponents();
    this.part("reactions", [message.reactions], () => this.reactions());
    this.part("foot", [isEphemeral(message)], () => this.foot());
  }

  part(name, inputs, draw) {
    const key = JSON.stringify(inputs);
    if (this.keys.get(name) === key) return;
    this.keys.set(name, key);
    const part = this.parts[name];
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    fill(part, draw());
    part.hidden = !part.hasChildNodes();
    if (focused) this.refocus(part, focusKey(focused));
  }

  /** Keeps the focus on a redrawn control, or moves it to the message. */
  refocus(part, key) {
    const again = key && part.querySelector(key);
    (again || this.element).focus({ preventScroll: true });
  }

  /** A message that follows one of the same author has no head and avatar. */
  setContinued(continued) {
    this.element.classList.toggle("continued", continued);
    const date = new Date(this.message.timestamp);
    fill(
      this.gutter,
      continued
        ? h(
            "time",
            { class: "gutter-time", datetime: this.message.timestamp, title: fullTime(date) },
            clockTime(date),
          )
        : avatar(this.message.author),
    );
  }

  // ------------------------------------------------------------------- parts

  quote() {
    const { message } = this;
    const interaction = message.interaction_metadata ?? message.interaction;
    if (
      message.type === MessageType.REPLY ||
      (message.message_reference &&
        message.referenced_message !== undefined &&
        message.type !== MessageType.CHAT_INPUT_COMMAND &&
        !message.message_snapshots)
    ) {
      return this.repliedTo();
    }
    if (!interaction?.user) return null;
    const name = message.interaction?.name ?? interaction.name;
    return h(
      "div",
      { class: "quote" },
      h("span", { class: "quote-line", "aria-hidden": "true" }),
      avatar(interaction.user, 16),
      coloredName(interaction.user),
      h(
        "span",
        { class: "quote-text" },
        name
          ? [
              "used ",
              h(
                "span",
                { class: "mention" },
                message.type === MessageType.CONTEXT_MENU_COMMAND ? name : `/${name}`,
              ),
            ]
          : "started this",
      ),
    );
  }

  repliedTo() {
    const id = this.message.message_reference?.message_id ?? this.message.referenced_message?.id;
    const original = this.page.store.message(id) ?? this.message.referenced_message;
    const line = h("span", { class: "quote-line", "aria-hidden": "true" });
    if (!original)
      return h(
        "div",
        { class: "quote" },
        line,
        h("em", { class: "quote-text" }, "The original message was deleted"),
      );
    const text = plainText(original.content, this.markdown);
    const pictured = (original.attachments?.length || original.embeds?.length) > 0;
    return h(
      "button",
      {
        type: "button",
        class: "quote",
        onclick: () => this.page.jump(id),
      },
      line,
      h("span", { class: "visually-hidden" }, "In reply to "),
      avatar(original.author, 16),
      coloredName(original.author),
      h("span", { class: "quote-text" }, text || "Select to see the picture"),
      pictured && icon("image", 16),
      h("span", { class: "visually-hidden" }, " Go to it"),
    );
  }

  head() {
    const { author, timestamp } = this.message;
    const date = new Date(timestamp);
    return [
      coloredName(author),
      appTag(author),
      h("time", { datetime: timestamp, title: fullTime(date) }, messageTime(date)),
    ];
  }

  content() {
    const { message } = this;
    const out = [];
    if (message.flags & MessageFlag.LOADING) {
      out.push(
        h(
          "div",
          { class: "thinking" },
          dots(),
          h("span", {}, `${nameOf(message.author)} is thinking…`),
        ),
      );
    } else if (message.content) {
      const text = h(
        "div",
        { class: isJumbo(message.content) ? "markdown jumbo" : "markdown" },
        renderMarkdown(message.content, this.markdown),
      );
      if (message.edited_timestamp) {
        const edit = new Date(message.edited_timestamp);
        text.append(h("span", { class: "edited", title: fullTime(edit) }, " (edited)"));
      }
      out.push(text);
    }
    for (const { message: forwarded } of message.message_snapshots ?? []) {
      out.push(
        h(
          "div",
          { class: "forwarded" },
          h("small", {}, "Forwarded"),
          h("div", { class: "markdown" }, renderMarkdown(forwarded.content, this.markdown)),
          renderAttachments(forwarded.attachments ?? [], this.pictures, this.pictureContext()),
          (forwarded.sticker_items ?? []).map((sticker) => stickerNode(sticker)),
        ),
      );
    }
    for (const sticker of message.sticker_items ?? [])
      out.push(h("div", { class: "sticker" }, stickerNode(sticker)));
    return out;
  }

  pictureContext() {
    return {
      revealed: this.revealed,
      markdown: this.markdown,
      open: (url) => this.page.lightbox.open(this.message.id, url, this.revealed),
    };
  }

  media() {
    const { message } = this;
    const context = this.pictureContext();
    this.pictures.begin();
    const out = [
      ...renderAttachments(plainAttachments(message), this.pictures, context),
      ...(message.embeds ?? []).map((embed, index) =>
        renderEmbed(resolveEmbed(embed, message), index, this.pictures, context),
      ),
    ];
    if (message.flags & MessageFlag.COMPONENTS_V2) {
      out.push(...renderLayout(message, this.pictures, { ...context, ...this.componentContext() }));
    }
    this.pictures.end();
    if (out.length && message.edited_timestamp && !message.content) {
      out.push(
        h(
          "span",
          { class: "edited", title: fullTime(new Date(message.edited_timestamp)) },
          "(edited)",
        ),
      );
    }
    return out;
  }

  reactions() {
    const { message, page } = this;
    const list = (message.reactions ?? []).map((reaction) =>
      h(
        "button",
        {
          type: "button",
          class: reaction.me ? "reaction mine" : "reaction",
          "aria-pressed": String(Boolean(reaction.me)),
          "aria-label": `${reaction.emoji.name}, ${reaction.count} ${reaction.count === 1 ? "reaction" : "reactions"}`,
          dataset: { emoji: reaction.emoji.id ?? reaction.emoji.name },
          title: reaction.emoji.name,
          onclick: () => page.react(message, reaction.emoji, !reaction.me),
        },
        emojiNode(reaction.emoji),
        h("span", { class: "reaction-count" }, reaction.count),
      ),
    );
    if (!list.length) return null;
    return [
      ...list,
      iconButton(
        "smile",
        "Add a reaction",
        (event) => page.pickReaction(event.currentTarget, message),
        { size: 18, class: "reaction-add" },
      ),
    ];
  }

  foot() {
    if (!isEphemeral(this.message)) return null;
    return [
      icon("eye", 14),
      h("span", {}, "Only you can see this"),
      h("span", { "aria-hidden": "true" }, "·"),
      h(
        "button",
        {
          type: "button",
          class: "text-button",
          onclick: () => this.page.store.dismiss(this.message),
        },
        "Dismiss message",
      ),
    ];
  }

  // -------------------------------------------------------------- components

  drawComponents() {
    const { message } = this;
    const rows = message.flags & MessageFlag.COMPONENTS_V2 ? [] : (message.components ?? []);
    this.part("components", [rows, [...this.pending]], () =>
      rows.map((row) => renderRow(row, this.componentContext())),
    );
  }

  componentContext() {
    return {
      store: this.page.store,
      pending: this.pending,
      press: (component, values) => this.press(component, values),
    };
  }

  redrawComponents() {
    this.drawComponents();
    if (this.message.flags & MessageFlag.COMPONENTS_V2) {
      this.keys.delete("pictures");
      this.part(
        "pictures",
        [
          this.message.attachments,
          this.message.embeds,
          this.message.components,
          this.message.flags,
        ],
        () => this.media(),
      );
    }
  }

  async press(component, values) {
    this.parts.failure.replaceChildren();
    this.pending.add(component.custom_id);
    this.redrawComponents();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.settle(), PATIENCE);
    try {
      await this.page.api.interact({
        type: 3,
        channel_id: this.message.channel_id,
        message_id: this.message.id,
        custom_id: component.custom_id,
        component_type: component.type,
        ...(values ? { values } : {}),
      });
    } catch (error) {
      this.fail(error.message);
    }
  }

  /** The bot answered or failed: enables the controls again. */
  settle() {
    if (!this.pending.size) return;
    clearTimeout(this.waiting);
    this.pending.clear();
    this.redrawComponents();
  }

  fail(text = "This interaction failed") {
    this.settle();
    fill(this.parts.failure, text);
  }

  // ------------------------------------------------------------------- tools

  showTools() {
    this.tools ??= toolbar(this, this.page);
    if (!this.tools.isConnected) this.element.append(this.tools);
  }

  /** Shows the toolbar for keyboard focus, but not after a mere click. */
  onFocusIn(event) {
    this.showTools();
    if (event.target.matches(":focus-visible")) this.element.classList.add("keyed");
  }

  /**
   * Keeps the toolbar while the focus moves to it or is in its menu, which CSS cannot express.
   */
  onFocusOut({ relatedTarget: next }) {
    if (this.element.contains(next) || next?.closest(".floating")) return;
    this.element.classList.remove("keyed");
  }

  onContextMenu(event) {
    const selection = getSelection();
    // Links, selected text and Shift keep the browser's menu.
    if (
      event.shiftKey ||
      event.target.closest("a[href], input, textarea") ||
      (selection && !selection.isCollapsed)
    )
      return;
    event.preventDefault();
    openMessageMenu({ x: event.clientX, y: event.clientY }, this.message, this.page);
  }
}

function focusKey(element) {
  if (element.dataset.customId) return `[data-custom-id="${CSS.escape(element.dataset.customId)}"]`;
  if (element.dataset.emoji) return `[data-emoji="${CSS.escape(element.dataset.emoji)}"]`;
  return null;
}
