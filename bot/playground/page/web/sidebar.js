// The sidebar: channels, members and the acting member.

import { fill, h, icon, perFrame } from "./dom.js";
import { openMenu } from "./menus.js";
import { appTag, avatar } from "./users.js";
import { ChannelType, CommandType, nameOf } from "./store.js";

/** The mark of an age-restricted channel. */
export function nsfwMark(channel) {
  return channel?.nsfw
    ? h("span", { class: "nsfw-mark", title: "Age-restricted channel" }, "18+")
    : null;
}

export class Sidebar {
  constructor(element, page) {
    this.element = element;
    this.page = page;
    this.scrim = document.getElementById("scrim");
    this.scrim.addEventListener("click", () => this.close());
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && document.body.classList.contains("drawer-open"))
        this.close(true);
    });
    const redraw = perFrame(() => this.draw());
    for (const type of ["state", "channel", "presence", "connection", "message"]) {
      page.store.on(type, (detail) => {
        // Edits do not matter here; only new messages can be unread.
        if (type !== "message" || detail.fresh) redraw();
      });
    }
    this.draw();
  }

  open() {
    document.body.classList.add("drawer-open");
    this.scrim.hidden = false;
    this.element.querySelector("button")?.focus();
  }

  close(focus = false) {
    document.body.classList.remove("drawer-open");
    this.scrim.hidden = true;
    if (focus) document.querySelector(".topbar .menu-button")?.focus();
  }

  draw() {
    const { store } = this.page;
    const direct = store.channels.filter((channel) => channel.type === ChannelType.DIRECT);
    const ofGuild = store.channels.filter((channel) => channel.type !== ChannelType.DIRECT);
    const focused = this.element.contains(document.activeElement)
      ? document.activeElement.dataset.key
      : null;
    fill(
      this.element,
      h(
        "header",
        { class: "guild" },
        h("span", { class: "guild-badge", "aria-hidden": "true" }, initials(store.guild.name)),
        h("h1", {}, store.guild.name ?? "Playground"),
      ),
      h(
        "div",
        { class: "sidebar-scroll" },
        h(
          "nav",
          { "aria-label": "Channels" },
          h("h2", {}, "Channels"),
          h(
            "ul",
            {},
            ofGuild.map((channel) => this.channel(channel)),
          ),
        ),
        direct.length > 0 &&
          h(
            "nav",
            { "aria-label": "Direct messages" },
            h("h2", {}, "Direct messages"),
            h(
              "ul",
              {},
              direct.map((channel) => this.channel(channel)),
            ),
          ),
        h(
          "section",
          { "aria-label": "Members" },
          h("h2", {}, `Members (${store.members.size})`),
          h(
            "ul",
            {},
            [...store.members.values()].map((user) => this.member(user)),
          ),
          h(
            "button",
            {
              type: "button",
              class: "side-item quiet",
              dataset: { key: "add" },
              onclick: () => this.page.addMember(),
            },
            icon("plus", 18),
            "Add a member",
          ),
        ),
      ),
      this.you(),
    );
    if (focused) this.element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  channel(channel) {
    const { store } = this.page;
    const here = channel.id === store.channelId;
    const unread = store.unread.get(channel.id);
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: ["side-item", here && "here", unread && "unread"].filter(Boolean).join(" "),
          "aria-current": here ? "page" : null,
          dataset: { key: `channel-${channel.id}` },
          onclick: () => {
            this.page.openChannel(channel.id);
            this.close();
          },
        },
        channel.type === ChannelType.DIRECT
          ? avatar(channel.recipients?.[0], 22)
          : icon("hash", 18),
        h("span", { class: "side-name" }, channel.name),
        nsfwMark(channel),
        unread &&
          h(
            "span",
            {
              class: unread.mentions ? "badge mention-badge" : "badge",
              "aria-label": `${unread.count} unread`,
            },
            unread.mentions || unread.count,
          ),
      ),
    );
  }

  member(user) {
    const { store } = this.page;
    const status = user.bot
      ? (store.presence.get(user.id) ?? "offline")
      : (store.presence.get(user.id) ?? "online");
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: status === "offline" ? "side-item member away" : "side-item member",
          "aria-haspopup": "menu",
          dataset: { key: `member-${user.id}` },
          onclick: (event) => this.memberMenu(event.currentTarget, user),
        },
        h(
          "span",
          { class: "avatar-place" },
          avatar(user, 30),
          h("span", { class: `presence ${status}` }),
        ),
        h(
          "span",
          { class: "side-name" },
          nameOf(user),
          user.id === store.me?.id && h("span", { class: "quiet" }, " (you)"),
        ),
        appTag(user),
        h("span", { class: "visually-hidden" }, status),
      ),
    );
  }

  memberMenu(anchor, user) {
    const { store } = this.page;
    const commands = store.commandsOf(CommandType.USER);
    const held = store.memberRoles.get(user.id) ?? new Set();
    const roles = user.bot ? [] : store.roles.filter((role) => !role.managed);
    openMenu(
      anchor,
      [
        { heading: nameOf(user) },
        !user.bot &&
          user.id !== store.me?.id && {
            label: `Be ${nameOf(user)}`,
            icon: "users",
            run: () => this.page.become(user.id),
          },
        !user.bot && {
          label: `Open as ${nameOf(user)}`,
          hint: "in a new tab",
          icon: "external",
          href: `/?as=${encodeURIComponent(user.id)}`,
        },
        { label: "Mention", icon: "at", run: () => this.page.mention(user) },
        { label: "Copy member ID", icon: "hash", run: () => this.page.copy(user.id, "ID copied") },
        roles.length > 0 && { heading: "Roles" },
        ...roles.map((role) => ({
          label: role.name,
          checked: held.has(role.id),
          run: () => this.page.setRole(user, role, !held.has(role.id)),
        })),
        commands.length > 0 && { heading: "Apps" },
        ...commands.map((command) => ({
          label: command.name,
          icon: "sparkle",
          run: () => this.page.runUserCommand(command, user),
        })),
      ],
      { label: nameOf(user) },
    );
  }

  you() {
    const { store } = this.page;
    if (!store.me) return h("footer", { class: "you" });
    const words = { online: "Connected", connecting: "Connecting…", offline: "Reconnecting…" }[
      store.connection
    ];
    return h(
      "footer",
      { class: "you" },
      h(
        "button",
        {
          type: "button",
          class: "you-button",
          "aria-haspopup": "menu",
          dataset: { key: "you" },
          onclick: (event) => this.youMenu(event.currentTarget),
        },
        h(
          "span",
          { class: "avatar-place" },
          avatar(store.me, 34),
          h("span", { class: `presence ${store.connection === "online" ? "online" : "idle"}` }),
        ),
        h(
          "span",
          { class: "you-words" },
          h("small", {}, "You are"),
          h("strong", {}, nameOf(store.me)),
          h("small", { class: "you-state" }, words),
        ),
        h("span", { class: "visually-hidden" }, "Be someone else"),
        icon("chevronDown", 18),
      ),
    );
  }

  youMenu(anchor) {
    const { store } = this.page;
    const people = [...store.members.values()].filter((user) => !user.bot);
    openMenu(
      anchor,
      [
        { heading: "Be someone else" },
        ...people.map((user) => ({
          label: nameOf(user),
          lead: avatar(user, 24),
          checked: user.id === store.me?.id,
          run: () => this.page.become(user.id),
        })),
        "-",
        ...people
          .filter((user) => user.id !== store.me?.id)
          .slice(0, 5)
          .map((user) => ({
            label: `Open as ${nameOf(user)}`,
            hint: "in a new tab",
            icon: "external",
            href: `/?as=${encodeURIComponent(user.id)}`,
          })),
        { label: "Add a member", icon: "plus", run: () => this.page.addMember() },
      ],
      { placement: "above", label: "Be someone else", width: Math.max(240, anchor.offsetWidth) },
    );
  }
}

const initials = (name) =>
  (name ?? "P")
    .split(/\s+/)
    .map((word) => Array.from(word)[0])
    .slice(0, 2)
    .join("")
    .toUpperCase();
