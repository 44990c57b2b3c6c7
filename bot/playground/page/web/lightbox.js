// The lightbox: a picture in window size, with its neighbours. It follows live edits.

import { compare } from "./compare.js";
import { h, icon, iconButton } from "./dom.js";
import { picturesOf } from "./message-pictures.js";
import { Picture, pictureKey, safePictureUrl } from "./pictures.js";

const MAX_SCALE = 2.5;

export class Lightbox {
  constructor(store) {
    this.store = store;
    this.picture = new Picture();
    // Small pictures are enlarged only so far.
    this.picture.onshow = (image) => {
      image.style.maxWidth = `min(100%, ${image.naturalWidth * MAX_SCALE}px)`;
      image.style.maxHeight = `min(100%, ${image.naturalHeight * MAX_SCALE}px)`;
    };
    this.caption = h("p", { class: "lightbox-caption" });
    this.counter = h("span", { class: "lightbox-counter" });
    this.original = h(
      "a",
      {
        class: "icon-button",
        target: "_blank",
        rel: "noopener noreferrer",
        "aria-label": "Open the original",
        title: "Open the original",
      },
      icon("external"),
    );
    this.save = h(
      "a",
      { class: "icon-button", "aria-label": "Download", title: "Download" },
      icon("download"),
    );
    this.compareButton = h(
      "button",
      {
        type: "button",
        class: "lightbox-compare",
        "aria-pressed": "false",
        hidden: true,
        onclick: () => this.toggleCompare(),
      },
      "Before and after",
    );
    this.comparison = null;
    this.previous = iconButton("chevronLeft", "Previous picture", () => this.step(-1), {
      class: "lightbox-step previous",
      size: 28,
    });
    this.next = iconButton("chevronRight", "Next picture", () => this.step(1), {
      class: "lightbox-step next",
      size: 28,
    });
    this.stage = h("div", { class: "lightbox-stage" }, this.picture.element);
    this.dialog = h(
      "dialog",
      { class: "lightbox", "aria-label": "Picture" },
      h(
        "div",
        { class: "lightbox-bar" },
        this.counter,
        this.compareButton,
        this.original,
        this.save,
        iconButton("close", "Close", () => this.dialog.close(), { autofocus: true }),
      ),
      this.stage,
      this.previous,
      this.next,
      this.caption,
    );
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog || event.target === this.stage) this.dialog.close();
    });
    this.dialog.addEventListener("close", () => {
      this.messageId = null;
      this.endCompare();
    });
    this.dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.step(-1);
      else if (event.key === "ArrowRight") this.step(1);
      else if (event.key === "Home") this.step(-this.index);
      else if (event.key === "End") this.step(this.items.length - 1 - this.index);
    });
    document.body.append(this.dialog);
    store.on("message", ({ message, removed }) => {
      if (message.id !== this.messageId) return;
      if (removed) this.dialog.close();
      else this.follow(message);
    });
  }

  /** Opens the message's picture with this URL; hidden spoilers are skipped. */
  open(messageId, url, revealed) {
    const message = this.store.message(messageId);
    if (!message) return;
    if (this.messageId !== messageId) this.picture.clear();
    this.messageId = messageId;
    this.revealed = revealed;
    this.before = beforeOf(message, this.store);
    this.items = picturesOf(message, revealed);
    this.index = Math.max(
      0,
      this.items.findIndex((item) => pictureKey(item.url) === pictureKey(url)),
    );
    if (!this.items.length) return;
    this.draw();
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** Shows the newer picture after an edit. */
  follow(message) {
    const items = picturesOf(message, this.revealed);
    if (!items.length) {
      this.dialog.close();
      return;
    }
    this.items = items;
    this.index = Math.min(this.index, items.length - 1);
    if (!this.comparison) this.draw();
  }

  step(by) {
    const next = this.index + by;
    if (!this.items?.[next] || by === 0) return;
    this.index = next;
    this.draw();
  }

  /** Shows the slider between the picture that was asked with and this one, or hides it. */
  async toggleCompare() {
    if (this.comparison) {
      this.endCompare();
      return;
    }
    const item = this.items[this.index];
    const comparison = await compare(this.before.url, item.url);
    if (item !== this.items[this.index] || this.comparison) return;
    if (!comparison) {
      this.compareButton.hidden = true;
      return;
    }
    this.comparison = comparison;
    this.compareButton.setAttribute("aria-pressed", "true");
    this.picture.element.hidden = true;
    this.stage.append(comparison);
    comparison.querySelector("input").focus();
  }

  endCompare() {
    this.comparison?.remove();
    this.comparison = null;
    this.compareButton.setAttribute("aria-pressed", "false");
    this.picture.element.hidden = false;
  }

  draw() {
    const item = this.items[this.index];
    this.endCompare();
    this.compareButton.hidden = !this.before || this.before.url === item.url;
    this.picture.show({ url: item.url, alt: item.alt });
    this.caption.textContent = item.alt;
    this.counter.textContent =
      this.items.length > 1 ? `${this.index + 1} of ${this.items.length}` : "";
    const address = safePictureUrl(item.url);
    for (const anchor of [this.original, this.save]) {
      if (address) anchor.href = address;
      else anchor.removeAttribute("href");
    }
    this.save.download = item.filename;
    this.previous.hidden = this.index === 0;
    this.next.hidden = this.index === this.items.length - 1;
  }
}

/** The picture that a message was asked with: the first of the message that it replies to. */
function beforeOf(message, store) {
  const id = message.message_reference?.message_id;
  const asked = store.message(id) ?? message.referenced_message;
  return asked ? (picturesOf(asked, new Set())[0] ?? null) : null;
}
