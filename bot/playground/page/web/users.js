// Users on the page: colour, avatar, name and app tag.

import { h, icon } from "./dom.js";
import { nameOf } from "./store.js";

/** A stable hue per user; consecutive ids get very different hues. */
export function hueOf(user) {
  let sum = 0;
  for (const digit of String(user?.id ?? "0")) sum = (sum * 31 + digit.charCodeAt(0)) % 9973;
  return Math.round((sum * 137.508) % 360);
}

/** The user's avatar, or their initial on their colour. */
export function avatar(user, size = 40) {
  const frame = h("span", {
    class: "avatar",
    "aria-hidden": "true",
    style: { "--size": `${size}px`, "--hue": hueOf(user) },
  });
  if (user?.avatar) {
    const hash = encodeURIComponent(user.avatar);
    frame.append(
      h("img", {
        src: `/cdn/avatars/${encodeURIComponent(user.id)}/${hash}.png?size=128`,
        alt: "",
        draggable: "false",
      }),
    );
  } else if (user?.bot) frame.append(icon("sparkle", Math.round(size * 0.55)));
  else frame.append(Array.from(nameOf(user))[0]?.toUpperCase() ?? "?");
  return frame;
}

export function appTag(user) {
  return user?.bot ? h("span", { class: "app-tag" }, "APP") : null;
}

export function coloredName(user, props = {}) {
  return h(
    "span",
    { ...props, class: `name ${props.class ?? ""}`.trim(), style: { "--hue": hueOf(user) } },
    nameOf(user),
  );
}
