// A message's files: pictures in a grid, everything else as chips.

import { h, icon } from "./dom.js";
import { fit, safePictureUrl } from "./pictures.js";
import { link } from "./markdown.js";

const PICTURE_TYPE = /^image\/(png|jpeg|webp|gif|avif|bmp)/;
const PICTURE_NAME = /\.(png|jpe?g|webp|gif|avif|bmp)$/i;
const SPOILER_FLAG = 1 << 3;

/** A file is a picture if the server could read its dimensions. */
export const isPicture = (attachment) =>
  attachment.width > 0 &&
  attachment.height > 0 &&
  (attachment.content_type
    ? PICTURE_TYPE.test(attachment.content_type)
    : PICTURE_NAME.test(attachment.filename ?? ""));
export const isSpoiler = (attachment) =>
  Boolean(attachment.spoiler) ||
  Boolean(attachment.flags & SPOILER_FLAG) ||
  /^SPOILER_/.test(attachment.filename ?? "");

export function fileSize(bytes) {
  if (!Number.isFinite(bytes)) return "";
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(bytes < 10_240 ? 1 : 0)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** The alt text of a picture, with a default. */
export const altOf = (attachment) =>
  attachment.description || `Picture: ${attachment.filename ?? "unnamed"}`;

/** Resolves `attachment://name` to the message's file of that name. */
export function resolveMedia(media, message) {
  const name = /^attachment:\/\/(.+)$/.exec(media?.url ?? "")?.[1];
  const file =
    name && (message.attachments ?? []).find((attachment) => attachment.filename === name);
  return file
    ? {
        ...media,
        url: file.url,
        width: file.width,
        height: file.height,
        description: media.description ?? file.description,
      }
    : media;
}

/**
 * @param {object[]} attachments
 * @param {PictureSet} pictures
 * @param {{open: (url: string) => void, revealed: Set<string>}} context
 */
export function renderAttachments(attachments, pictures, context) {
  const shown = attachments.filter(isPicture);
  const files = attachments.filter((attachment) => !isPicture(attachment));
  const out = [];
  if (shown.length) {
    const lone = shown.length === 1;
    out.push(
      h(
        "div",
        { class: `gallery gallery-${Math.min(shown.length, 5)}`, dataset: { count: shown.length } },
        shown.map((attachment, index) =>
          tile(attachment, `attachment-${index}`, pictures, context, lone),
        ),
      ),
    );
  }
  if (files.length) out.push(h("div", { class: "files" }, files.map(fileChip)));
  return out;
}

function tile(attachment, place, pictures, context, lone) {
  const alt = altOf(attachment);
  const size = lone ? fit(attachment.width, attachment.height, 520, 360) : null;
  const picture = pictures.show(place, {
    url: attachment.url,
    alt,
    width: lone ? attachment.width : null,
    height: lone ? attachment.height : null,
  });
  const button = h(
    "button",
    {
      type: "button",
      class: "picture-button",
      "aria-label": `Open large: ${alt}`,
      style: { width: size ? `${size.width}px` : null },
      onclick: () => context.open(attachment.url),
    },
    picture,
  );
  const badge = h(
    "span",
    { class: "alt-badge", title: attachment.description, "aria-hidden": "true" },
    "ALT",
  );
  const element = h("div", { class: "tile" }, button, attachment.description && badge);
  if (isSpoiler(attachment)) hideSpoiler(element, button, place, context);
  return element;
}

/**
 * Hides a spoiler until it is clicked. Revealed ones are remembered by their key, so that edits do
 * not hide them again.
 */
export function hideSpoiler(element, button, place, context) {
  if (context.revealed.has(place)) return;
  const label = button.getAttribute("aria-label");
  button.setAttribute("aria-label", "Spoiler picture, select to reveal");
  button.append(h("span", { class: "spoiler-word", "aria-hidden": "true" }, "Spoiler"));
  element.classList.add("hidden-spoiler");
  const reveal = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    element.removeEventListener("click", reveal, true);
    context.revealed.add(place);
    element.classList.remove("hidden-spoiler");
    button.querySelector(".spoiler-word").remove();
    button.setAttribute("aria-label", label);
  };
  element.addEventListener("click", reveal, true);
}

/** A file that is not a picture: name, size and download link. */
export function fileChip(attachment) {
  const address = safePictureUrl(attachment.url);
  return h(
    "div",
    { class: "file-chip" },
    h("span", { class: "file-icon" }, icon("file", 26)),
    h(
      "span",
      { class: "file-words" },
      address ? link(address, attachment.filename) : h("span", {}, attachment.filename),
      h("small", {}, fileSize(attachment.size)),
    ),
    address &&
      h(
        "a",
        {
          class: "icon-button",
          href: address,
          download: attachment.filename,
          "aria-label": `Download ${attachment.filename}`,
          title: "Download",
        },
        icon("download", 18),
      ),
  );
}
