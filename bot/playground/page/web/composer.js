// The composer: text, files, replies and slash commands.

import { fill, h, icon, iconButton } from "./dom.js";
import { pickEmoji } from "./emoji.js";
import { pickSticker } from "./stickers.js";
import { plainText } from "./markdown.js";
import { CommandForm, commandSuggestions } from "./slash.js";
import { coloredName } from "./users.js";
import { nameOf } from "./store.js";
import { encodeMentions, SuggestionList, suggestionsFor } from "./suggest.js";
import { MAX_FILE_BYTES, MAX_FILES, release, Uploads } from "./uploads.js";

const LONGEST_TEXT = 2000;
const COUNT_FROM = 1800;
const TYPING_EVERY = 8000;
const ERROR_LASTS = 9000;

export class Composer {
  constructor(element, page) {
    this.element = element;
    this.page = page;
    this.replyTo = null;
    this.form = null;
    this.lastTyping = 0;
    this.drafts = new Map(); // channel id -> text
    this.channelId = null;
    this.build();
    const { store } = page;
    store.on("state", () => this.onPlace());
    store.on("channel", () => this.onPlace());
    store.on("typing", () => this.drawTyping());
    store.on("message", ({ message, removed }) => {
      if (removed && this.replyTo?.id === message.id) this.setReply(null);
    });
    store.on("interaction-failed", ({ message_id: messageId, custom_id: customId, name }) => {
      if (messageId || !page.api.expects(name ?? customId)) return;
      this.showError(`${name ? `“${name}”: the` : "The"} application did not respond. Try again.`);
    });
  }

  build() {
    this.text = h("textarea", {
      id: "composer-text",
      rows: 1,
      "aria-label": "Message",
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      "aria-controls": "suggestions",
      autocomplete: "off",
      spellcheck: "true",
      oninput: () => this.onInput(),
      onkeydown: (event) => this.onKey(event),
      onclick: () => this.suggest(),
      onblur: () => this.suggestions.show(null),
      onpaste: (event) => this.onPaste(event),
    });
    this.suggestions = new SuggestionList(this.text, (item, start) => this.choose(item, start));
    this.uploads = new Uploads({
      changed: () => this.onFiles(),
      showError: (words) => this.showError(words),
    });
    this.chooser = h("input", {
      type: "file",
      multiple: true,
      class: "visually-hidden",
      tabindex: "-1",
      "aria-hidden": "true",
      id: "composer-files",
      onchange: () => {
        this.addFiles(this.chooser.files);
        this.chooser.value = "";
      },
    });
    this.count = h("span", { class: "count", hidden: true });
    this.sendButton = iconButton("send", "Send", () => this.send(), {
      class: "send",
      disabled: true,
    });
    this.problem = h("div", { class: "composer-error", role: "alert", hidden: true });
    this.replyBar = h("div", { class: "reply-bar", hidden: true });
    this.typing = h("div", { class: "typing", "aria-live": "polite" });
    this.box = h(
      "div",
      { class: "composer-box" },
      this.uploads.element,
      h(
        "div",
        { class: "composer-line" },
        iconButton("plus", "Attach files", () => this.chooser.click(), {
          class: "attach",
          "aria-describedby": "attach-hint",
        }),
        this.chooser,
        this.text,
        this.count,
        iconButton("sticker", "Sticker", (event) =>
          pickSticker(event.currentTarget, this.page.store.stickers, (sticker) =>
            this.send([sticker.id]),
          ),
        ),
        iconButton("smile", "Emoji", (event) =>
          pickEmoji(event.currentTarget, this.page.store.emoji, (emoji) => this.insertEmoji(emoji)),
        ),
        this.sendButton,
      ),
    );
    this.formPlace = h("div", { class: "form-place", hidden: true });
    fill(
      this.element,
      this.suggestions.element,
      this.problem,
      this.replyBar,
      this.box,
      this.formPlace,
      this.typing,
      h(
        "span",
        { id: "attach-hint", class: "visually-hidden" },
        `Up to ${MAX_FILES} files; you can also paste them or drop them anywhere on the page`,
      ),
    );
  }

  focus() {
    if (this.form) this.form.focus();
    else this.text.focus();
  }

  /** Keeps a draft per channel. */
  onPlace() {
    const { store } = this.page;
    if (store.channelId !== this.channelId) {
      if (this.channelId) this.drafts.set(this.channelId, this.text.value);
      this.channelId = store.channelId;
      this.text.value = this.drafts.get(this.channelId) ?? "";
      this.setReply(null);
      this.leaveForm();
      this.showError(null);
    }
    this.text.placeholder = store.channel
      ? `Message ${store.channel.type === 1 ? "@" : "#"}${store.channel.name}`
      : "Message";
    this.drawTyping();
    this.refresh();
  }

  // ----------------------------------------------------------------- writing

  onInput() {
    this.refresh();
    this.suggest();
    if (
      this.text.value.trim() &&
      !this.text.value.startsWith("/") &&
      Date.now() - this.lastTyping > TYPING_EVERY
    ) {
      this.lastTyping = Date.now();
      this.page.api.typing(this.page.store.channelId).catch(() => {
        this.lastTyping = 0; // Optional: the next key tries again.
      });
    }
  }

  onFiles() {
    this.refresh();
    if (this.text.isConnected && !this.form) this.text.focus({ preventScroll: true });
  }

  /** Updates size, counter, hints and the send button. */
  refresh() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, innerHeight * 0.4)}px`;
    const { length } = this.text.value;
    this.count.hidden = length < COUNT_FROM;
    this.count.textContent = LONGEST_TEXT - length;
    this.count.classList.toggle("over", length > LONGEST_TEXT);
    this.sendButton.disabled = !this.text.value.trim() && !this.uploads.entries.length;
    const bot = this.page.store.bot;
    this.uploads.setNamed(
      /^\s*!stylize\b/i.test(this.text.value) ||
        Boolean(bot && this.text.value.includes(`@${nameOf(bot)}`)),
    );
  }

  suggest() {
    if (this.text.selectionStart !== this.text.selectionEnd) return;
    this.suggestions.show(
      suggestionsFor(this.text.value, this.text.selectionStart, this.page.store, (typed) =>
        commandSuggestions(this.page.store, typed, (found) => this.openForm(found)),
      ),
    );
  }

  choose(item, start) {
    if (item.run) {
      item.run();
      return;
    }
    this.text.setRangeText(item.insert, start, this.text.selectionStart, "end");
    this.onInput();
  }

  insertEmoji(emoji) {
    const code = emoji.id
      ? `<${emoji.animated ? "a" : ""}:${emoji.name}:${emoji.id}> `
      : emoji.name;
    this.text.setRangeText(code, this.text.selectionStart, this.text.selectionEnd, "end");
    this.text.focus();
    this.onInput();
  }

  onKey(event) {
    if (event.isComposing || this.suggestions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape" && this.replyTo) {
      event.preventDefault();
      this.setReply(null);
    } else if (event.key === "ArrowUp" && !this.text.value && !this.uploads.entries.length) {
      event.preventDefault();
      this.page.focusLastMessage();
    }
  }

  onPaste(event) {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    this.addFiles(files);
  }

  addFiles(files) {
    const left = this.form ? this.form.takeFiles(files) : [...files];
    if (left.length && !this.form) this.uploads.add(left);
  }

  /** The welcome hint's button: writes the command and opens the file chooser. */
  startStylize() {
    if (!this.text.value.trim()) this.text.value = "!stylize";
    this.refresh();
    this.text.focus();
    this.chooser.click();
  }

  // ---------------------------------------------------------------- replying

  setReply(message) {
    this.replyTo = message;
    this.replyBar.hidden = !message;
    fill(
      this.replyBar,
      message && [
        icon("reply", 16),
        h(
          "span",
          { class: "reply-words" },
          "Replying to ",
          coloredName(message.author),
          h("span", { class: "quiet" }, plainText(message.content ?? "")),
        ),
        iconButton(
          "close",
          "Do not reply",
          () => {
            this.setReply(null);
            this.text.focus();
          },
          { size: 16 },
        ),
      ],
    );
    if (message) this.focus();
  }

  // ----------------------------------------------------------------- sending

  /** Sends the text, the files and the stickers. */
  async send(stickers = []) {
    const { store, api } = this.page;
    const typed = this.text.value.trim();
    if (!typed && !this.uploads.entries.length && !stickers.length) return;
    if (typed.length > LONGEST_TEXT) {
      this.showError(
        `A message holds up to ${LONGEST_TEXT} characters; this one has ${typed.length}.`,
      );
      return;
    }
    const tooLarge = this.uploads.entries.find((entry) => entry.file.size > MAX_FILE_BYTES);
    if (tooLarge) {
      this.showError(
        `${tooLarge.file.name} is larger than the 10 MiB this server accepts for a file. Remove it or choose a smaller copy.`,
      );
      return;
    }
    const entries = this.uploads.take();
    const reply = this.replyTo;
    const { channelId } = store;
    const nonce = `${Date.now()}${Math.floor(Math.random() * 1e4)}`;
    const payload = {
      content: encodeMentions(typed, store),
      nonce,
      ...(stickers.length ? { sticker_ids: stickers } : {}),
      attachments: entries.map((entry, id) => ({
        id,
        filename: entry.spoiler ? `SPOILER_${entry.file.name}` : entry.file.name,
        spoiler: entry.spoiler,
        ...(entry.description ? { description: entry.description } : {}),
      })),
      ...(reply
        ? { message_reference: { message_id: reply.id, channel_id: reply.channel_id } }
        : {}),
    };
    const pending = {
      channelId,
      nonce,
      content: payload.content,
      files: entries.map((entry) => entry.file),
      previews: entries.map((entry) => entry.preview).filter(Boolean),
      onprogress: () => {},
      abort: () => {},
    };
    this.text.value = "";
    this.lastTyping = 0;
    this.setReply(null);
    this.showError(null);
    this.refresh();
    store.addPending(pending);
    const upload = api.post(channelId, payload, pending.files, (part) => pending.onprogress(part));
    pending.abort = upload.abort;
    try {
      const message = await upload.done;
      store.dropPending(pending);
      if (message?.id) store.put(message);
      entries.forEach(release);
    } catch (error) {
      store.dropPending(pending);
      this.giveBack(channelId, typed, entries, reply);
      this.showError(error.name === "AbortError" ? null : error.message);
    }
  }

  /** Puts a message that was not sent back, before newer text. */
  giveBack(channelId, typed, entries, reply) {
    if (channelId !== this.page.store.channelId) {
      this.drafts.set(channelId, [typed, this.drafts.get(channelId)].filter(Boolean).join("\n"));
      entries.forEach(release);
      return;
    }
    this.text.value = [typed, this.text.value].filter(Boolean).join("\n");
    this.uploads.restore(entries);
    if (reply && !this.replyTo) this.setReply(reply);
    this.refresh();
    this.text.focus();
  }

  /** Shows an error above the text box for some seconds. */
  showError(words) {
    clearTimeout(this.errorTimer);
    this.problem.hidden = !words;
    fill(
      this.problem,
      words && [
        h("span", {}, words),
        iconButton("close", "Close", () => this.showError(null), { size: 16 }),
      ],
    );
    if (words) this.errorTimer = setTimeout(() => this.showError(null), ERROR_LASTS);
  }

  // ---------------------------------------------------------------- commands

  openForm(found) {
    this.form = new CommandForm(found, this.page, { done: () => this.leaveForm(true) });
    fill(this.formPlace, this.form.element);
    this.formPlace.hidden = false;
    this.box.hidden = true;
    this.replyBar.hidden = true;
    this.text.value = "";
    this.showError(null);
    if (this.uploads.entries.length) {
      const entries = this.uploads.take();
      const left = new Set(this.form.takeFiles(entries.map((entry) => entry.file)));
      this.uploads.restore(entries.filter((entry) => left.has(entry.file)));
      entries.filter((entry) => !left.has(entry.file)).forEach(release);
    }
    this.form.focus();
  }

  leaveForm(focus = false) {
    if (!this.form) return;
    this.form.release();
    this.form = null;
    fill(this.formPlace);
    this.formPlace.hidden = true;
    this.box.hidden = false;
    this.replyBar.hidden = !this.replyTo;
    this.refresh();
    if (focus) this.text.focus();
  }

  drawTyping() {
    const names = this.page.store.typists().map((user) => h("strong", {}, nameOf(user)));
    if (!names.length) fill(this.typing);
    else {
      const dots = h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
      const words =
        names.length > 3
          ? ["Several people are typing…"]
          : [
              names.flatMap((name, index) =>
                index === 0 ? [name] : [index === names.length - 1 ? " and " : ", ", name],
              ),
              names.length === 1 ? " is typing…" : " are typing…",
            ];
      fill(this.typing, dots, h("span", {}, words));
    }
  }
}
