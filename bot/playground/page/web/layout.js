// Layout components (V2): text, galleries, sections and containers.

import { h } from "./dom.js";
import { fileChip, resolveMedia, hideSpoiler } from "./attachments.js";
import { ComponentType, renderControl, renderRow } from "./components.js";
import { media } from "./embeds.js";
import { renderMarkdown } from "./markdown.js";
import { pictureKey } from "./pictures.js";

/** @returns {Node[]} */
export function renderLayout(message, pictures, context) {
  let places = 0;
  const draw = (component) => {
    switch (component.type) {
      case ComponentType.ACTION_ROW:
        return renderRow(component, context);
      case ComponentType.TEXT_DISPLAY:
        return h("div", { class: "markdown" }, renderMarkdown(component.content, context.markdown));
      case ComponentType.SECTION:
        return h(
          "div",
          { class: "layout-section" },
          h("div", { class: "layout-words" }, component.components.map(draw)),
          component.accessory && draw(component.accessory),
        );
      case ComponentType.THUMBNAIL:
        return picture(component, 96, 96);
      case ComponentType.MEDIA_GALLERY: {
        const items = component.items ?? [];
        return h(
          "div",
          { class: `gallery gallery-${Math.min(5, items.length)}` },
          items.map((item) => (items.length === 1 ? picture(item, 520, 400) : picture(item))),
        );
      }
      case ComponentType.FILE: {
        const file = resolveMedia(component.file, message);
        return fileChip({
          url: file.url,
          filename: component.name ?? "file",
          size: component.size,
        });
      }
      case ComponentType.SEPARATOR:
        return component.divider === false
          ? h("div", { class: "layout-gap" })
          : h("hr", { class: "layout-line" });
      case ComponentType.CONTAINER: {
        const color = Number.isInteger(component.accent_color)
          ? `#${component.accent_color.toString(16).padStart(6, "0").slice(-6)}`
          : null;
        return h(
          "div",
          { class: "embed layout", style: { "--embed-color": color } },
          component.components.map(draw),
        );
      }
      default:
        return renderControl(component, context);
    }
  };
  // Without a box the picture fills its grid cell.
  const picture = (item, boxWidth = null, boxHeight = null) => {
    const found = resolveMedia(item.media, message);
    const source = { ...found, description: item.description ?? undefined };
    if (!boxWidth) source.width = source.height = null;
    const place = `layout-${places++}`;
    const button = media(source, place, "Picture", boxWidth, boxHeight, pictures, context);
    const tile = h("div", { class: "tile" }, button);
    if (item.spoiler) hideSpoiler(tile, button, pictureKey(found.url), context);
    return tile;
  };
  return (message.components ?? []).map(draw);
}

/** The pictures of a layout in reading order, for the lightbox. */
export function layoutPictures(components, message) {
  return components.flatMap((component) => {
    const own =
      component.type === ComponentType.MEDIA_GALLERY
        ? (component.items ?? [])
        : component.type === ComponentType.THUMBNAIL
          ? [component]
          : [];
    const inside = [
      ...(component.components ?? []),
      ...(component.accessory ? [component.accessory] : []),
    ];
    return [
      ...own.map((item) => ({
        ...resolveMedia(item.media, message),
        alt: item.description || "Picture",
        spoiler: item.spoiler,
      })),
      ...layoutPictures(inside, message),
    ];
  });
}
