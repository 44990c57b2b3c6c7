// A message's toolbar and menu.

import { h, iconButton } from "./dom.js";
import { emojiNode, QUICK } from "./emoji.js";
import { openMenu } from "./menus.js";
import { CommandType, isEphemeral } from "./store.js";

/** The toolbar of a message. */
export function toolbar(view, page) {
  const ephemeral = isEphemeral(view.message);
  return h(
    "div",
    { class: "message-tools", role: "toolbar", "aria-label": "Message actions" },
    ephemeral
      ? null
      : [
          QUICK.slice(0, 3).map((name) =>
            h(
              "button",
              {
                type: "button",
                class: "icon-button quick",
                "aria-label": `React with ${name}`,
                title: `React with ${name}`,
                onclick: () => page.react(view.message, { id: null, name }, true),
              },
              emojiNode({ name }),
            ),
          ),
          iconButton("smile", "Add a reaction", (event) =>
            page.pickReaction(event.currentTarget, view.message),
          ),
          iconButton("reply", "Reply", () => page.reply(view.message)),
        ],
    !ephemeral && page.store.commandsOf(CommandType.MESSAGE).length
      ? iconButton(
          "apps",
          "Apps",
          (event) => openAppsMenu(event.currentTarget, view.message, page),
          { "aria-haspopup": "menu" },
        )
      : null,
    !ephemeral && view.message.author?.id === page.store.me?.id
      ? iconButton("trash", "Delete message", () => page.deleteMessage(view.message), {
          class: "danger",
        })
      : null,
    iconButton(
      "more",
      "More",
      (event) => openMessageMenu(event.currentTarget, view.message, page),
      { "aria-haspopup": "menu" },
    ),
  );
}

function appItems(message, page) {
  return page.store.commandsOf(CommandType.MESSAGE).map((command) => ({
    label: command.name,
    icon: "sparkle",
    run: () => page.runMessageCommand(command, message),
  }));
}

function openAppsMenu(anchor, message, page) {
  openMenu(anchor, [{ heading: "Apps" }, ...appItems(message, page)], {
    label: "Apps",
    align: "end",
  });
}

/** The menu of channels to forward to. */
function openForwardMenu(anchor, message, page) {
  openMenu(
    anchor,
    [
      { heading: "Forward to" },
      ...page.store.channels.map((channel) => ({
        label: `${channel.type === 1 ? "@" : "#"}${channel.name}`,
        icon: "forward",
        run: () => page.forward(message, channel),
      })),
    ],
    { label: "Forward to", align: anchor instanceof Element ? "end" : "start" },
  );
}

/** The full menu, by right click, long press or the toolbar's last button. */
export function openMessageMenu(anchor, message, page) {
  const ephemeral = isEphemeral(message);
  const apps = ephemeral ? [] : appItems(message, page);
  const picture = (message.attachments ?? [])[0]?.url;
  openMenu(
    anchor,
    [
      !ephemeral && {
        label: "Add a reaction",
        icon: "smile",
        run: () => page.pickReaction(anchor, message),
      },
      !ephemeral && { label: "Reply", icon: "reply", run: () => page.reply(message) },
      !ephemeral && {
        label: "Forward…",
        icon: "forward",
        run: () => openForwardMenu(anchor, message, page),
      },
      message.content && {
        label: "Copy text",
        icon: "copy",
        run: () => page.copy(message.content, "Text copied"),
      },
      picture && {
        label: "Copy the picture's address",
        icon: "image",
        run: () => page.copy(picture, "Address copied"),
      },
      { label: "Copy message ID", icon: "hash", run: () => page.copy(message.id, "ID copied") },
      apps.length > 0 && "-",
      apps.length > 0 && { heading: "Apps" },
      ...apps,
      ephemeral && {
        label: "Dismiss message",
        icon: "eyeOff",
        run: () => page.store.dismiss(message),
      },
      !ephemeral && message.author?.id === page.store.me?.id && "-",
      !ephemeral &&
        message.author?.id === page.store.me?.id && {
          label: "Delete message",
          icon: "trash",
          danger: true,
          run: () => page.deleteMessage(message),
        },
    ],
    { label: "Message", align: anchor instanceof Element ? "end" : "start" },
  );
}
