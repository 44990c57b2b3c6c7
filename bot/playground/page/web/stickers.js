// Stickers on messages, and the sticker picker.

import { h } from "./dom.js";
import { float, roam } from "./menus.js";

const LOTTIE = 3;
const GIF = 4;

/** A sticker as an image; a Lottie sticker shows its name only. */
export function stickerNode(sticker) {
  if (sticker.format_type === LOTTIE)
    return h("span", { class: "sticker-name" }, `Moving sticker: ${sticker.name}`);
  const extension = sticker.format_type === GIF ? "gif" : "png";
  return h("img", {
    class: "sticker-picture",
    src: `/cdn/stickers/${sticker.id}.${extension}`,
    alt: `Sticker: ${sticker.name}`,
    draggable: "false",
  });
}

/** Opens the guild's stickers; `choose` gets one of them. */
export function pickSticker(anchor, stickers, choose) {
  const list = h(
    "div",
    { class: "sticker-picker", role: "menu", "aria-label": "Stickers" },
    stickers.map((sticker) =>
      h(
        "button",
        {
          type: "button",
          class: "sticker-cell",
          role: "menuitem",
          title: sticker.name,
          onclick: () => {
            handle.close();
            choose(sticker);
          },
        },
        stickerNode(sticker),
        h("span", {}, sticker.name),
      ),
    ),
    !stickers.length && h("p", { class: "quiet" }, "This server has no stickers."),
  );
  list.addEventListener("keydown", (event) =>
    roam(event, [...list.querySelectorAll(".sticker-cell")], { columns: 3 }),
  );
  const handle = float(anchor, list, { placement: "above", align: "end" });
  return handle;
}
