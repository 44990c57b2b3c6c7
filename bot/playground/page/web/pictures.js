// Pictures that change without flicker: the old one stays until the new one is decoded.

import { prefersReducedMotion, h } from "./dom.js";

const RETRIES = [600, 1500, 4000, 8000];

/** The URL without its signature, which is renewed on every fetch of the state. */
export const pictureKey = (url) => String(url ?? "").split("?", 1)[0];

/** The absolute URL if it is http, https or blob, else null. */
export function safePictureUrl(url) {
  if (!url) return null;
  try {
    const parsed = new URL(url, location.href);
    return ["http:", "https:", "blob:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

/**
 * An element that shows a picture. When its source changes, the new picture is decoded first and
 * then faded in above the old one.
 */
export class Picture {
  constructor() {
    this.element = h("span", { class: "picture" });
    this.image = null;
    this.wanted = null;
    this.onshow = null;
    this.turn = 0;
    this.shownTurn = 0;
  }

  /** @param {{url: string, alt?: string, width?: number, height?: number}} source */
  show({ url, alt = "", width = null, height = null }) {
    const key = pictureKey(url);
    this.alt = alt;
    if (this.image) this.image.alt = alt;
    if (width && height) this.element.style.setProperty("aspect-ratio", `${width} / ${height}`);
    else this.element.style.removeProperty("aspect-ratio");
    if (key === this.wanted) return;
    this.wanted = key;
    this.turn += 1;
    this.load(safePictureUrl(url), this.turn, 0);
  }

  /** Removes the picture before another one loads. */
  clear() {
    this.element.replaceChildren();
    this.image = null;
    this.wanted = null;
    this.turn += 1;
    this.shownTurn = this.turn;
  }

  async load(url, turn, attempt) {
    const image = h("img", { alt: this.alt, decoding: "async", draggable: "false" });
    if (!this.image) this.element.classList.add("loading");
    try {
      if (!url) throw new TypeError("not a picture's address");
      image.src = url;
      await image.decode();
    } catch {
      if (turn !== this.turn) return;
      if (url && attempt < RETRIES.length)
        setTimeout(() => this.retry(url, turn, attempt + 1), RETRIES[attempt]);
      else if (!this.image) this.fail(url, turn);
      return;
    }
    // Decoding may finish out of order: ignore older pictures.
    if (turn < this.shownTurn) return;
    this.shownTurn = turn;
    image.alt = this.alt;
    this.replace(image);
  }

  retry(url, turn, attempt) {
    if (turn === this.turn) this.load(url, turn, attempt);
  }

  replace(image) {
    const old = this.image;
    this.image = image;
    this.element.classList.remove("loading", "broken");
    this.element.querySelector(".picture-failed")?.remove();
    this.element.dataset.shown = pictureKey(image.src);
    this.onshow?.(image);
    if (!old || prefersReducedMotion()) {
      this.element.append(image);
      old?.remove();
      return;
    }
    image.classList.add("arriving");
    this.element.append(image);
    // The timer removes the old picture even if no animation runs.
    requestAnimationFrame(() => requestAnimationFrame(() => image.classList.remove("arriving")));
    setTimeout(() => old.remove(), 450);
  }

  fail(url, turn) {
    this.element.classList.remove("loading");
    this.element.classList.add("broken");
    const again = h(
      "span",
      { class: "picture-failed" },
      this.alt || "This picture could not be loaded",
    );
    this.element.append(again);
    if (url)
      setTimeout(() => {
        again.remove();
        this.retry(url, turn, 0);
      }, 30_000);
  }
}

/** The picture elements of one message by key, kept across edits. */
export class PictureSet {
  constructor() {
    this.held = new Map();
    this.used = new Set();
  }

  begin() {
    this.used.clear();
  }

  show(place, source) {
    let picture = this.held.get(place);
    if (!picture) this.held.set(place, (picture = new Picture()));
    this.used.add(place);
    picture.show(source);
    return picture.element;
  }

  end() {
    for (const place of this.held.keys()) if (!this.used.has(place)) this.held.delete(place);
  }
}

/** The size that fits into a box with the same proportions, without enlarging. */
export function fit(width, height, boxWidth, boxHeight) {
  if (!width || !height) return null;
  const scale = Math.min(1, boxWidth / width, boxHeight / height);
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}
