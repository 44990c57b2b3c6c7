// Parses Discord's markdown into DOM nodes. Text only becomes text nodes.

import { h } from "./dom.js";
import { writeTimestamp } from "./time.js";
import { nameOf } from "./store.js";

const DEEPEST = 10;

/**
 * Reads a message's text.
 *
 * @param {string} text
 * @param {object} context `user(id)`, `channel(id)`, `openChannel(id)`, `me`; what is missing
 *   shows its id.
 * @returns {DocumentFragment}
 */
export function renderMarkdown(text, context = {}) {
  const fragment = document.createDocumentFragment();
  fragment.append(...blocks(String(text ?? "").replaceAll("\r\n", "\n"), context, 0));
  return fragment;
}

/** The text of a message on one line, for quotes and announcements. */
export function plainText(text, context = {}) {
  const blocksOfIt = [...renderMarkdown(text, context).childNodes];
  const words = blocksOfIt.map((block) => block.textContent).join(" ");
  return words.replace(/\s+/g, " ").trim();
}

// ---------------------------------------------------------------------- blocks

const FENCE = /```(?:([A-Za-z0-9_+.#-]+)\n)?\n*([\s\S]+?)\n*```/;

function blocks(text, context, depth) {
  const fence = depth < DEEPEST ? FENCE.exec(text) : null;
  if (!fence) return lines(text, context, depth);
  const before = text.slice(0, fence.index).replace(/\n$/, "");
  const after = text.slice(fence.index + fence[0].length).replace(/^\n/, "");
  return [
    ...(before ? lines(before, context, depth) : []),
    h(
      "pre",
      { class: "code-block", tabindex: "0" },
      h("code", { dataset: fence[1] ? { language: fence[1] } : {} }, fence[2]),
    ),
    ...(after ? blocks(after, context, depth) : []),
  ];
}

const LIST_ITEM = /^( *)(?:([-*])|(\d{1,9})\.) +(\S.*)$/;

function lines(text, context, depth) {
  const out = [];
  const rows = text.split("\n");
  let paragraph = [];
  const flush = () => {
    if (paragraph.length)
      out.push(h("span", { class: "paragraph" }, inline(paragraph.join("\n"), context, depth)));
    paragraph = [];
  };
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index];
    if (depth < DEEPEST && row.startsWith(">>> ")) {
      flush();
      const rest = [row.slice(4), ...rows.slice(index + 1)].join("\n");
      out.push(h("blockquote", {}, blocks(rest, context, depth + 1)));
      return out;
    }
    if (depth < DEEPEST && row.startsWith("> ")) {
      flush();
      const quoted = [];
      while (index < rows.length && rows[index].startsWith("> "))
        quoted.push(rows[index++].slice(2));
      index -= 1;
      out.push(h("blockquote", {}, blocks(quoted.join("\n"), context, depth + 1)));
      continue;
    }
    const heading = /^(#{1,3}) +(\S.*)$/.exec(row);
    if (heading) {
      flush();
      // Messages are articles under the page's headings, so theirs start at the third level.
      out.push(
        h(
          `h${heading[1].length + 2}`,
          { class: `heading-${heading[1].length}` },
          inline(heading[2], context, depth + 1),
        ),
      );
      continue;
    }
    const small = /^-# +(\S.*)$/.exec(row);
    if (small) {
      flush();
      out.push(h("small", { class: "subtext" }, inline(small[1], context, depth + 1)));
      continue;
    }
    if (LIST_ITEM.test(row)) {
      flush();
      const items = [];
      while (index < rows.length && LIST_ITEM.test(rows[index]))
        items.push(LIST_ITEM.exec(rows[index++]));
      index -= 1;
      out.push(...lists(items, context, depth + 1));
      continue;
    }
    paragraph.push(row);
  }
  flush();
  return out;
}

/** Items with their indentation, made into nested lists. */
function lists(items, context, depth) {
  const out = [];
  const stack = []; // {indent, list}
  for (const [, indentation, bullet, number, body] of items) {
    const indent = indentation.length;
    while (stack.length && indent < stack.at(-1).indent) stack.pop();
    if (!stack.length || (indent > stack.at(-1).indent && stack.length < DEEPEST)) {
      const list = bullet ? h("ul") : h("ol", { start: number });
      const parent = stack.at(-1)?.list.lastElementChild;
      if (parent) parent.append(list);
      else out.push(list);
      stack.push({ indent, list });
    }
    stack.at(-1).list.append(h("li", {}, inline(body, context, depth)));
  }
  return out;
}

// ---------------------------------------------------------------------- inline

// Tried in this order at every position; the first match wins. No pattern may match a text in two
// ways: backtracking would freeze the page.
const RULES = [
  [/\\([^A-Za-z0-9\s])/y, (match) => [match[1]]],
  [
    /(`{1,2})([^`]|[^`][\s\S]*?[^`])\1(?!`)/y,
    (match) => [h("code", { class: "code" }, match[2].trim() || match[2])],
  ],
  [/\|\|([\s\S]+?)\|\|/y, (match, context, depth) => [spoiler(match[1], context, depth)]],
  [/\*\*([\s\S]+?)\*\*(?!\*)/y, wrap("strong")],
  [/__([\s\S]+?)__(?!_)/y, wrap("u")],
  [/~~([\s\S]+?)~~/y, wrap("s")],
  [/\*(?=\S)((?:\*\*|[^*])+?)\*(?!\*)/y, wrap("em")],
  [/_((?:__|[^_])+?)_(?![A-Za-z0-9_])/y, wrap("em"), (before) => !/[A-Za-z0-9_]$/.test(before)],
  [
    /\[([^\[\]\n]{1,512})\]\(<?(https?:\/\/[^\s<>)]{1,2000})>?(?: +"[^"\n]*")?\)/y,
    (match, context, depth) => [
      link(match[2], inline(match[1], { ...context, inLink: true }, depth + 1)),
    ],
    (_, context) => !context.inLink,
  ],
  [
    /<(https?:\/\/[^\s<>]+)>/y,
    (match) => [link(match[1], match[1])],
    (_, context) => !context.inLink,
  ],
  [/https?:\/\/[^\s<>]+/y, (match) => bareLink(match[0]), (_, context) => !context.inLink],
  [/<@!?(\d{1,20})>/y, (match, context) => [userMention(match[1], context)]],
  [/<@&(\d{1,20})>/y, (match) => [h("span", { class: "mention" }, `@role ${match[1]}`)]],
  [/<#(\d{1,20})>/y, (match, context) => [channelMention(match[1], context)]],
  [
    /<\/([^:<>\n]{1,100}):(\d{1,20})>/y,
    (match) => [h("span", { class: "mention" }, `/${match[1]}`)],
  ],
  [
    /<(a?):(\w{2,32}):(\d{1,20})>/y,
    (match) => [customEmoji({ animated: Boolean(match[1]), name: match[2], id: match[3] })],
  ],
  [/<t:(-?\d{1,13})(?::([tTdDfFR]))?>/y, (match) => [timestamp(match[1], match[2])]],
  [/@(?:everyone|here)\b/y, (match) => [h("span", { class: "mention" }, match[0])]],
];

// Only these characters start a rule, so the parser skips to the next one.
const SPECIAL = /[\\`|*_~[<h@]/g;

function inline(text, context, depth) {
  if (depth > DEEPEST) return [text];
  const out = [];
  let literal = "";
  let index = 0;
  while (index < text.length) {
    SPECIAL.lastIndex = index;
    const next = SPECIAL.exec(text)?.index ?? text.length;
    literal += text.slice(index, next);
    index = next;
    if (index >= text.length) break;
    let matched = false;
    for (const [pattern, make, allowed] of RULES) {
      if (allowed && !allowed(text.slice(Math.max(0, index - 1), index), context)) continue;
      pattern.lastIndex = index;
      const match = pattern.exec(text);
      if (!match) continue;
      if (literal) out.push(literal);
      literal = "";
      index += match[0].length;
      out.push(...make(match, context, depth));
      matched = true;
      break;
    }
    if (!matched) literal += text[index++];
  }
  if (literal) out.push(literal);
  return out;
}

function wrap(tag) {
  return (match, context, depth) => [h(tag, {}, inline(match[1], context, depth + 1))];
}

function spoiler(text, context, depth) {
  const inside = h("span", { "aria-hidden": "true" }, inline(text, context, depth + 1));
  const reveal = () => {
    element.classList.add("shown");
    element.removeAttribute("role");
    element.removeAttribute("aria-label");
    element.removeAttribute("tabindex");
    inside.removeAttribute("aria-hidden");
  };
  const element = h(
    "span",
    {
      class: "spoiler",
      role: "button",
      tabindex: "0",
      "aria-label": "Spoiler, select to reveal",
      onclick: reveal,
      onkeydown: (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          reveal();
        }
      },
    },
    inside,
  );
  return element;
}

/** An external link without referrer or opener. */
export function link(address, ...children) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return h("span", {}, children);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return h("span", {}, children);
  return h(
    "a",
    { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" },
    children,
  );
}

/** Excludes trailing punctuation from a URL. */
function bareLink(address) {
  const trimmed = address.replace(/[.,:;!?'"]+$/, "");
  const ends = trimmed.endsWith(")") && !trimmed.includes("(") ? trimmed.slice(0, -1) : trimmed;
  return [link(ends, ends), address.slice(ends.length)];
}

function userMention(id, context) {
  const user = context.user?.(id);
  const mine = context.me?.id === id;
  return h("span", { class: mine ? "mention mine" : "mention" }, `@${user ? nameOf(user) : id}`);
}

function channelMention(id, context) {
  const channel = context.channel?.(id);
  if (!channel) return h("span", { class: "mention" }, "#unknown");
  return h(
    "button",
    { type: "button", class: "mention", onclick: () => context.openChannel?.(id) },
    `#${channel.name}`,
  );
}

function timestamp(seconds, style) {
  const element = h("time", { class: "timestamp" });
  writeTimestamp(element, Number(seconds), style);
  return element;
}

/** A custom emoji, as its image on the CDN. */
export function customEmoji({ id, name, animated }) {
  return h("img", {
    class: "emoji",
    src: `/cdn/emojis/${id}.${animated ? "gif" : "png"}`,
    alt: `:${name}:`,
    title: `:${name}:`,
    draggable: "false",
    loading: "lazy",
  });
}

const ONLY_EMOJI =
  /^(?:<a?:\w+:\d+>|[\s\p{Emoji_Presentation}\p{Extended_Pictographic}\u200d\ufe0f\u{1f3fb}-\u{1f3ff}\u{1f1e6}-\u{1f1ff}])+$/u;

/** Whether the text is only a few emoji, which are shown large. */
export function isJumbo(text) {
  return text.length <= 120 && text.trim() !== "" && ONLY_EMOJI.test(text);
}
