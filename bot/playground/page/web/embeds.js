// Embeds.

import { h } from "./dom.js";
import { link, renderMarkdown } from "./markdown.js";
import { fit, safePictureUrl } from "./pictures.js";
import { messageTime } from "./time.js";

const FIELDS_IN_A_ROW = 3;

/** The embed's pictures in order, for the lightbox. */
export const embedPictures = (embed) =>
  [embed.image, embed.thumbnail].filter((media) => media?.url);

export function renderEmbed(embed, index, pictures, context) {
  if (embed.type === "image" && embed.thumbnail && !embed.title) {
    return h(
      "div",
      { class: "bare-embed" },
      media(embed.thumbnail, `embed-${index}-image`, "Picture", 400, 300, pictures, context),
    );
  }
  const title = embed.title && renderMarkdown(embed.title, { ...context.markdown, inLink: true });
  const thumbnail =
    embed.thumbnail?.url &&
    media(embed.thumbnail, `embed-${index}-thumbnail`, "Thumbnail", 80, 80, pictures, context);
  const image =
    embed.image?.url &&
    media(
      embed.image,
      `embed-${index}-image`,
      embed.image.description || embed.title || "Picture",
      520,
      400,
      pictures,
      context,
    );
  const color = Number.isInteger(embed.color)
    ? `#${embed.color.toString(16).padStart(6, "0").slice(-6)}`
    : null;
  const body = h(
    "div",
    { class: "embed-body" },
    embed.provider?.name && h("div", { class: "embed-provider" }, embed.provider.name),
    embed.author?.name &&
      h(
        "div",
        { class: "embed-author" },
        smallPicture(embed.author.icon_url, `embed-${index}-author`, pictures),
        embed.author.url
          ? link(embed.author.url, embed.author.name)
          : h("span", {}, embed.author.name),
      ),
    title && h("div", { class: "embed-title" }, embed.url ? link(embed.url, title) : title),
    embed.description &&
      h(
        "div",
        { class: "embed-description markdown" },
        renderMarkdown(embed.description, context.markdown),
      ),
    embed.fields?.length ? renderFields(embed.fields, context) : null,
  );
  return h(
    "article",
    { class: thumbnail ? "embed with-thumbnail" : "embed", style: { "--embed-color": color } },
    body.childElementCount ? body : null,
    thumbnail && h("div", { class: "embed-thumbnail" }, thumbnail),
    image && h("div", { class: "embed-image" }, image),
    renderFooter(embed, index, pictures),
  );
}

/** Groups inline fields into rows of up to three. */
function renderFields(fields, context) {
  const rows = [];
  for (const field of fields) {
    const row = rows.at(-1);
    if (field.inline && row?.[0].inline && row.length < FIELDS_IN_A_ROW) row.push(field);
    else rows.push([field]);
  }
  return h(
    "div",
    { class: "embed-fields" },
    rows.map((row) =>
      h(
        "div",
        { class: "embed-row", style: { "--columns": row.length } },
        row.map((field) =>
          h(
            "dl",
            { class: "embed-field" },
            h("dt", {}, renderMarkdown(field.name, context.markdown)),
            h("dd", { class: "markdown" }, renderMarkdown(field.value, context.markdown)),
          ),
        ),
      ),
    ),
  );
}

function renderFooter(embed, index, pictures) {
  const date = embed.timestamp ? new Date(embed.timestamp) : null;
  const when = date && !Number.isNaN(date.getTime()) ? messageTime(date) : null;
  if (!embed.footer?.text && !when) return null;
  return h(
    "div",
    { class: "embed-footer" },
    smallPicture(embed.footer?.icon_url, `embed-${index}-footer`, pictures),
    h("span", {}, [embed.footer?.text, when].filter(Boolean).join(" • ")),
  );
}

function smallPicture(url, place, pictures) {
  if (!safePictureUrl(url)) return null;
  return h("span", { class: "embed-icon" }, pictures.show(place, { url, alt: "" }));
}

/** A picture in an embed, as a button that opens the lightbox. */
export function media(source, place, alt, boxWidth, boxHeight, pictures, context) {
  const size = fit(source.width, source.height, boxWidth, boxHeight);
  return h(
    "button",
    {
      type: "button",
      class: "picture-button",
      "aria-label": `Open large: ${source.description || alt}`,
      style: { width: size ? `${size.width}px` : null, "max-width": "100%" },
      onclick: () => context.open(source.url),
    },
    pictures.show(place, {
      url: source.url,
      alt: source.description || alt,
      width: source.width,
      height: source.height,
    }),
  );
}
