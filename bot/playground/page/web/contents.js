// Which pictures a message shows, and where each of them is.

import { altOf, isPicture, isSpoiler, resolveMedia } from "./attachments.js";
import { embedPictures } from "./embeds.js";
import { layoutPictures } from "./layout.js";
import { pictureKey } from "./pictures.js";
import { MessageFlag } from "./store.js";

/**
 * All pictures of a message in reading order, for the lightbox.
 *
 * @param {object} message
 * @param {Set<string>} revealed Places whose spoilers were lifted; the others are left out.
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

/** Attachments that an embed or a component shows are not shown again under the text. */
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

/** The embed with its `attachment://` pictures made into addresses. */
export function resolveEmbed(embed, message) {
  return {
    ...embed,
    image: resolveMedia(embed.image, message),
    thumbnail: resolveMedia(embed.thumbnail, message),
  };
}
