// The bar above the messages: channel, network faults and theme.

import { fill, h, icon, iconButton, perFrame } from "./dom.js";
import { nsfwMark } from "./sidebar.js";
import { ChannelType } from "./store.js";

const signOf = (channel) => (channel?.type === ChannelType.DIRECT ? "@" : "#");

/** The bar above the messages. */
export class Topbar {
  constructor(element, page, openDrawer) {
    this.element = element;
    this.page = page;
    this.openDrawer = openDrawer;
    page.store.on("state", () => this.draw());
    page.store.on("channel", () => this.draw());
    page.store.on("message", perFrame(() => this.writeTitle()));
    this.draw();
  }

  writeTitle() {
    const { channel, unread } = this.page.store;
    const total = [...unread.values()].reduce((sum, each) => sum + each.count, 0);
    document.title = `${total ? `(${total}) ` : ""}${channel ? signOf(channel) + channel.name : "Playground"}`;
  }

  draw() {
    const { channel } = this.page.store;
    this.writeTitle();
    fill(
      this.element,
      iconButton("menu", "Channels and members", this.openDrawer, { class: "menu-button" }),
      h("span", { class: "channel-title" }, icon(signOf(channel) === "@" ? "at" : "hash", 22), h("strong", {}, channel?.name ?? "")),
      nsfwMark(channel),
      channel?.topic && h("span", { class: "topic", title: channel.topic }, channel.topic),
      h("span", { class: "grow" }),
      iconButton(
        "cloud",
        "Network faults",
        (event) => this.page.openFaults(event.currentTarget),
        { "aria-haspopup": "dialog" },
      ),
      this.themeButton(),
    );
  }

  themeButton() {
    const theme = document.documentElement.dataset.theme ?? "system";
    const [name, label] = {
      system: ["monitor", "Theme: as your system"],
      light: ["sun", "Theme: light"],
      dark: ["moon", "Theme: dark"],
    }[theme];
    return iconButton(
      name,
      `${label}. Change`,
      () => {
        const next = { system: "light", light: "dark", dark: "system" }[theme];
        if (next === "system") delete document.documentElement.dataset.theme;
        else document.documentElement.dataset.theme = next;
        try {
          localStorage.setItem("playground.theme", next);
        } catch {
          // The choice then lasts until the page is closed.
        }
        this.draw();
        this.element.querySelector(".theme-button").focus();
      },
      { class: "theme-button" },
    );
  }
}
