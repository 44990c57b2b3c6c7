// Suggestions above the text box: members after @, channels after #, emoji after :, commands
// after /.

import { fill, h } from "./dom.js";
import { emojiNode, searchEmoji } from "./emoji.js";
import { avatar } from "./users.js";
import { nameOf } from "./store.js";

const MAX_ITEMS = 8;

/**
 * Finds suggestions for the word before the caret.
 * @returns {{start: number, items: {label: string, hint?: string, node?: Node, insert?: string,
 *   run?: () => void}[], title: string} | null}
 */
export function suggestionsFor(text, caret, store, commands) {
  const before = text.slice(0, caret);
  if (/^\/[^\n]*$/.test(before) && caret === text.length) {
    const items = commands(before.slice(1).toLowerCase());
    return items.length ? { start: 0, items, title: "Commands" } : null;
  }
  const match = /(?:^|\s)([@#:])([\w\u00c0-\uffff-]*)$/.exec(before);
  if (!match) return null;
  const [, sign, typed] = match;
  const start = caret - typed.length - 1;
  const needle = typed.toLowerCase();
  if (sign === "@") return list(start, "Members", membersLike(needle, store));
  if (sign === "#") return list(start, "Channels", channelsLike(needle, store));
  if (typed.length < 2) return null;
  return list(
    start,
    "Emoji",
    searchEmoji(needle, store.emoji)
      .slice(0, MAX_ITEMS)
      .map((emoji) => ({
        label: `:${emoji.names?.[0] ?? emoji.name}:`,
        node: emojiNode(emoji),
        insert: emoji.id
          ? `<${emoji.animated ? "a" : ""}:${emoji.name}:${emoji.id}> `
          : `${emoji.name} `,
      })),
  );
}

const list = (start, title, items) =>
  items.length ? { start, items: items.slice(0, MAX_ITEMS), title } : null;

function membersLike(needle, store) {
  return [...store.members.values()]
    .filter(
      (user) =>
        nameOf(user).toLowerCase().includes(needle) ||
        (user.username ?? "").toLowerCase().includes(needle),
    )
    .map((user) => ({
      label: nameOf(user),
      hint: user.bot ? "App" : user.username,
      node: avatar(user, 24),
      insert: `@${nameOf(user)} `,
    }));
}

function channelsLike(needle, store) {
  return store.channels
    .filter((channel) => (channel.name ?? "").toLowerCase().includes(needle))
    .map((channel) => ({
      label: `#${channel.name}`,
      hint: channel.topic,
      insert: `#${channel.name} `,
    }));
}

/** Replaces typed names by mentions; the longest name wins. */
export function encodeMentions(text, store) {
  const people = [...store.members.values()].map((user) => [`@${nameOf(user)}`, `<@${user.id}>`]);
  const places = store.channels.map((channel) => [`#${channel.name}`, `<#${channel.id}>`]);
  const names = [...people, ...places].sort((a, b) => b[0].length - a[0].length);
  // Code is not changed.
  return text
    .split(/(```[\s\S]*?```|`[^`\n]*`)/)
    .map((piece, index) =>
      index % 2
        ? piece
        : names.reduce((result, [name, code]) => {
            const pattern = new RegExp(
              `(^|[\\s(>*_~|])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`,
              "g",
            );
            return result.replace(pattern, (_, lead) => lead + code);
          }, piece),
    )
    .join("");
}

/** The list of suggestions, controlled by the text box's keys. */
export class SuggestionList {
  constructor(textbox, choose) {
    this.textbox = textbox;
    this.choose = choose;
    this.found = null;
    this.at = 0;
    this.element = h("div", { class: "suggestions", id: "suggestions", hidden: true });
  }

  show(found) {
    this.found = found;
    this.at = 0;
    this.element.hidden = !found;
    if (!found) {
      this.textbox.removeAttribute("aria-activedescendant");
      fill(this.element);
      return;
    }
    this.rows = found.items.map((item, index) =>
      h(
        "div",
        {
          class: "suggestion",
          role: "option",
          id: `suggestion-${index}`,
          onpointerdown: (event) => {
            event.preventDefault();
            this.pick(index);
          },
          onpointermove: () => this.mark(index),
        },
        item.node ?? null,
        h("span", { class: "suggestion-label" }, item.label),
        item.hint && h("span", { class: "suggestion-hint" }, item.hint),
      ),
    );
    fill(
      this.element,
      h("div", { class: "suggestions-title" }, found.title),
      h("div", { role: "listbox", id: "suggestions-list", "aria-label": found.title }, this.rows),
    );
    this.mark(0);
  }

  mark(index) {
    this.at = (index + this.rows.length) % this.rows.length;
    this.rows.forEach((row, each) => row.setAttribute("aria-selected", String(each === this.at)));
    this.rows[this.at].scrollIntoView({ block: "nearest" });
    this.textbox.setAttribute("aria-activedescendant", this.rows[this.at].id);
  }

  pick(index = this.at) {
    const { items, start } = this.found;
    this.show(null);
    this.choose(items[index], start);
  }

  /** @returns {boolean} Whether the key was used. */
  key(event) {
    if (!this.found) return false;
    if (event.key === "ArrowDown") this.mark(this.at + 1);
    else if (event.key === "ArrowUp") this.mark(this.at - 1);
    else if (event.key === "Enter" || event.key === "Tab") this.pick();
    else if (event.key === "Escape") this.show(null);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
