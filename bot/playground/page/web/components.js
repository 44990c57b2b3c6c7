// Buttons and selects of a message.

import { h, icon } from "./dom.js";
import { emojiNode } from "./emoji.js";
import { float } from "./menus.js";
import { link } from "./markdown.js";
import { nameOf } from "./store.js";

export const ComponentType = Object.freeze({
  ACTION_ROW: 1,
  BUTTON: 2,
  STRING_SELECT: 3,
  TEXT_INPUT: 4,
  USER_SELECT: 5,
  ROLE_SELECT: 6,
  MENTIONABLE_SELECT: 7,
  CHANNEL_SELECT: 8,
  SECTION: 9,
  TEXT_DISPLAY: 10,
  THUMBNAIL: 11,
  MEDIA_GALLERY: 12,
  FILE: 13,
  SEPARATOR: 14,
  CONTAINER: 17,
  LABEL: 18,
  FILE_UPLOAD: 19,
});
const LINK_STYLE = 5;
const STYLE_NAMES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

/**
 * @param {object} context `press(component, values?)`, `pending`: Set of custom ids waited for,
 * `store`.
 */
export function renderRow(row, context) {
  return h(
    "div",
    { class: "component-row" },
    (row.components ?? []).map((component) => renderControl(component, context)),
  );
}

export function renderControl(component, context) {
  if (component.type === ComponentType.BUTTON) return renderButton(component, context);
  if ([3, 5, 6, 7, 8].includes(component.type)) return renderSelect(component, context);
  return null;
}

function renderButton(button, context) {
  const inside = [
    button.emoji && h("span", { class: "button-emoji" }, emojiNode(button.emoji)),
    button.label && h("span", {}, button.label),
  ];
  const style = STYLE_NAMES[button.style] ?? "secondary";
  if (button.style === LINK_STYLE && !button.disabled) {
    const anchor = link(button.url, inside, icon("external", 16));
    anchor.className = "button button-link";
    return anchor;
  }
  const waiting = context.pending.has(button.custom_id);
  return h(
    "button",
    {
      type: "button",
      class: `button button-${style}`,
      disabled: button.disabled,
      // Not `disabled` while waiting, which would lose the keyboard focus.
      "aria-disabled": context.pending.size > 0,
      "aria-busy": waiting,
      "aria-label": button.label ? null : button.emoji?.name,
      dataset: { customId: button.custom_id ?? "" },
      onclick: () => {
        if (!context.pending.size) context.press(button);
      },
    },
    h("span", { class: "button-inside" }, inside),
    waiting && dots(),
  );
}

/** Three dots while an interaction is pending. */
export function dots() {
  return h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
}

/** A select's options; user and channel selects are filled from the store. */
function optionsOf(select, store) {
  switch (select.type) {
    case ComponentType.USER_SELECT:
    case ComponentType.MENTIONABLE_SELECT:
      return [...store.members.values()].map((user) => ({ label: nameOf(user), value: user.id }));
    case ComponentType.ROLE_SELECT:
      return (store.guild.roles ?? []).map((role) => ({ label: role.name, value: role.id }));
    case ComponentType.CHANNEL_SELECT:
      return store.channels.map((channel) => ({ label: `#${channel.name}`, value: channel.id }));
    default:
      return select.options ?? [];
  }
}

export function renderSelect(select, context) {
  const options = optionsOf(select, context.store);
  const least = select.min_values ?? 1;
  const most = Math.min(select.max_values ?? 1, options.length);
  const chosen = new Set(options.filter((option) => option.default).map((option) => option.value));
  const waiting = context.pending.has(select.custom_id);
  const words = h("span", { class: "select-words" });
  const write = () => {
    const picked = options.filter((option) => chosen.has(option.value));
    words.replaceChildren(
      ...(picked.length
        ? picked.flatMap((option) => [
            option.emoji ? emojiNode(option.emoji) : "",
            h("span", {}, option.label),
          ])
        : [h("span", { class: "placeholder" }, select.placeholder || "Make a choice")]),
    );
  };
  write();
  const button = h(
    "button",
    {
      type: "button",
      class: "select",
      disabled: select.disabled,
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-disabled": context.pending.size > 0,
      "aria-busy": waiting,
      "aria-label": select.placeholder || "Make a choice",
      dataset: { customId: select.custom_id ?? "" },
      onclick: () => {
        if (context.pending.size) return;
        const before = [...chosen].sort().join();
        button.setAttribute("aria-expanded", "true");
        openListbox(
          button,
          { options, chosen, least, most, label: select.placeholder || "Choices" },
          () => {
            button.setAttribute("aria-expanded", "false");
            write();
            if ([...chosen].sort().join() !== before && chosen.size >= least)
              context.press(select, [...chosen]);
          },
          write,
        );
      },
    },
    words,
    waiting ? dots() : icon("chevronDown", 18),
  );
  return button;
}

/** A list of options: a single choice closes it, several end with the button or on blur. */
function openListbox(anchor, { options, chosen, least, most, label }, done, changed) {
  const several = most > 1 || least === 0;
  const items = options.map((option) =>
    h(
      "div",
      {
        class: "option",
        role: "option",
        tabindex: "-1",
        "aria-selected": String(chosen.has(option.value)),
        onclick: () => pick(option),
      },
      option.emoji && h("span", { class: "option-emoji" }, emojiNode(option.emoji)),
      h(
        "span",
        { class: "option-words" },
        h("span", {}, option.label),
        option.description && h("small", {}, option.description),
      ),
      h("span", { class: "option-mark" }, icon("check", 16)),
    ),
  );
  const list = h(
    "div",
    {
      class: "listbox",
      role: "listbox",
      "aria-label": label,
      "aria-multiselectable": String(several),
    },
    items,
  );
  const hint =
    several &&
    h(
      "div",
      { class: "listbox-foot" },
      h(
        "span",
        { class: "quiet" },
        least === most ? `Choose ${most}` : `Choose ${least || "none"} to ${most}`,
      ),
      h(
        "button",
        { type: "button", class: "button button-primary small", onclick: () => handle.close() },
        "Done",
      ),
    );

  function pick(option) {
    if (chosen.has(option.value)) {
      if (!several) {
        handle.close();
        return;
      }
      chosen.delete(option.value);
    } else {
      if (!several) chosen.clear();
      else if (chosen.size >= most) return;
      chosen.add(option.value);
    }
    items.forEach((item, index) =>
      item.setAttribute("aria-selected", String(chosen.has(options[index].value))),
    );
    changed();
    if (!several) handle.close();
  }

  list.addEventListener("keydown", (event) => {
    const at = items.indexOf(document.activeElement);
    const move = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (move !== undefined) items[Math.max(0, Math.min(items.length - 1, move))]?.focus();
    else if ((event.key === "Enter" || event.key === " ") && at >= 0) pick(options[at]);
    else if (event.key.length === 1 && /\S/.test(event.key)) {
      items
        .find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))
        ?.focus();
    } else return;
    event.preventDefault();
  });
  const handle = float(anchor, h("div", {}, list, hint), {
    onclose: done,
    width: Math.max(260, anchor.offsetWidth),
    focus: false,
  });
  (items.find((item) => item.getAttribute("aria-selected") === "true") ?? items[0])?.focus();
}
