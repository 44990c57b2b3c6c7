// The pictures of a message, in attachments, embeds and components.

import { altOf, isPicture, isSpoiler, resolveMedia } from "./attachments.js";
import { embedPictures } from "./embeds.js";
import { layoutPictures } from "./layout.js";
import { pictureKey } from "./pictures.js";
import { MessageFlag } from "./store.js";

/**
 * All pictures of a message in reading order, for the lightbox.
 *
 * @param {object} message
 * @param {Set<string>} revealed Keys of revealed spoilers; other spoilers are left out.
 */
export function picturesOf(message, revealed) {
  const pictures = [
    ...plainAttachments(message)
      .filter(isPicture)
      .filter((attachment, index) => !isSpoiler(attachment) || revealed.has(`attachment-${index}`))
      .map((attachment) => ({ ...attachment, alt: altOf(attachment) })),
    ...(message.embeds ?? []).flatMap((embed) =>
      embedPictures(resolveEmbed(embed, message)).map((media) => ({
        ...media,
        alt: media.description || embed.title || "Picture",
      })),
    ),
    ...layoutPictures(message.components ?? [], message).filter(
      (picture) => !picture.spoiler || revealed.has(pictureKey(picture.url)),
    ),
  ];
  return pictures.map(({ url, alt, filename }) => ({
    url,
    alt,
    filename: filename ?? pictureKey(url).split("/").at(-1),
  }));
}

/** The attachments that no embed or component shows. */
export function plainAttachments(message) {
  const used = new Set();
  for (const embed of message.embeds ?? []) {
    for (const media of [embed.image, embed.thumbnail])
      if (media?.url) used.add(pictureKey(media.url));
  }
  return (message.attachments ?? []).filter(
    (attachment) =>
      !used.has(pictureKey(attachment.url)) &&
      !used.has(`attachment://${attachment.filename}`) &&
      !(message.flags & MessageFlag.COMPONENTS_V2),
  );
}

/** The embed with its `attachment://` references resolved to URLs. */
export function resolveEmbed(embed, message) {
  return {
    ...embed,
    image: resolveMedia(embed.image, message),
    thumbnail: resolveMedia(embed.thumbnail, message),
  };
}
