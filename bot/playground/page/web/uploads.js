// The tray of files to send: add, reorder, mark as spoiler, describe, remove.

import { announce, fill, h, icon, iconButton } from "./dom.js";
import { fileSize } from "./attachments.js";
import { float } from "./menus.js";

export const MAX_FILES = 10;
export const MAX_FILE_BYTES = 10 * 1024 * 1024;
const ROLES = ["content", "style"];

export class Uploads {
  /** @param {{changed: () => void, showError: (text: string) => void}} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    this.entries = [];
    this.named = false;
    this.element = h("ul", { class: "tray", "aria-label": "Files to send", hidden: true });
  }

  get files() {
    return this.entries.map((entry) => entry.file);
  }

  /** Takes files from a chooser, a paste or a drop. */
  add(files) {
    const list = [...files];
    const room = MAX_FILES - this.entries.length;
    if (list.length > room) {
      this.handlers.showError(
        `A message holds up to ${MAX_FILES} files; ${list.length - room} ${list.length - room === 1 ? "was" : "were"} left out.`,
      );
    }
    for (const file of list.slice(0, Math.max(0, room))) {
      this.entries.push({
        file: named(file),
        spoiler: false,
        description: "",
        preview: /^image\//.test(file.type) ? URL.createObjectURL(file) : null,
      });
    }
    if (list.length)
      announce(
        `${this.entries.length} ${this.entries.length === 1 ? "file" : "files"} ready to send`,
      );
    this.changed();
  }

  restore(entries) {
    this.entries = [...entries, ...this.entries].slice(0, MAX_FILES);
    this.changed();
  }

  /** Removes and returns the entries; the caller must release their previews. */
  take() {
    const { entries } = this;
    this.entries = [];
    this.changed();
    return entries;
  }

  clear() {
    for (const entry of this.take()) release(entry);
  }

  remove(entry) {
    this.entries = this.entries.filter((each) => each !== entry);
    release(entry);
    this.changed();
  }

  move(entry, by) {
    const from = this.entries.indexOf(entry);
    const to = from + by;
    if (!this.entries[to]) return;
    this.entries.splice(from, 1);
    this.entries.splice(to, 0, entry);
    this.changed();
    this.element.children[to]?.querySelector(by < 0 ? ".move-left" : ".move-right")?.focus();
    announce(`${entry.file.name} is now number ${to + 1}`);
  }

  /** Whether the first two pictures are named content and style. */
  setNamed(on) {
    if (this.named === on) return;
    this.named = on;
    this.draw();
  }

  changed() {
    this.draw();
    this.handlers.changed();
  }

  draw() {
    this.element.hidden = this.entries.length === 0;
    fill(
      this.element,
      this.entries.map((entry, index) => this.chip(entry, index)),
    );
  }

  chip(entry, index) {
    const tooLarge = entry.file.size > MAX_FILE_BYTES;
    const role = this.named ? ROLES[index] : null;
    const last = this.entries.length - 1;
    const chip = h(
      "li",
      {
        class: ["chip", entry.spoiler && "spoilered", tooLarge && "too-large"]
          .filter(Boolean)
          .join(" "),
        draggable: "true",
        "aria-label": `${entry.file.name}, ${fileSize(entry.file.size)}${role ? `, the ${role} picture` : ""}`,
        ondragstart: (event) => {
          this.dragged = entry;
          event.dataTransfer.effectAllowed = "move";
          event.dataTransfer.setData("text/x-playground-chip", String(index));
        },
        ondragend: () => {
          this.dragged = null;
        },
        ondragover: (event) => {
          if (!this.dragged || this.dragged === entry) return;
          event.preventDefault();
          chip.classList.add("drop-here");
        },
        ondragleave: () => chip.classList.remove("drop-here"),
        ondrop: (event) => {
          if (!this.dragged) return;
          event.preventDefault();
          event.stopPropagation();
          this.move(this.dragged, index - this.entries.indexOf(this.dragged));
        },
      },
      h(
        "div",
        { class: "chip-picture" },
        entry.preview
          ? h("img", { src: entry.preview, alt: "", draggable: "false" })
          : icon("file", 34),
        entry.spoiler && h("span", { class: "spoiler-word", "aria-hidden": "true" }, "Spoiler"),
        role && h("span", { class: `role role-${role}` }, role),
      ),
      h(
        "div",
        { class: "chip-tools" },
        iconButton("chevronLeft", "Move left", () => this.move(entry, -1), {
          size: 16,
          class: "move-left",
          disabled: index === 0,
        }),
        iconButton("chevronRight", "Move right", () => this.move(entry, 1), {
          size: 16,
          class: "move-right",
          disabled: index === last,
        }),
        iconButton(
          entry.spoiler ? "eye" : "eyeOff",
          entry.spoiler ? "Do not hide" : "Hide as a spoiler",
          () => {
            entry.spoiler = !entry.spoiler;
            this.changed();
          },
          { size: 16, "aria-pressed": String(entry.spoiler) },
        ),
        iconButton(
          "pencil",
          "Describe for readers (alt text)",
          (event) => this.describe(event.currentTarget, entry),
          { size: 16 },
        ),
        iconButton("trash", `Remove ${entry.file.name}`, () => this.remove(entry), {
          size: 16,
          class: "danger chip-remove",
        }),
      ),
      h("div", { class: "chip-name", title: entry.file.name }, entry.file.name),
      h(
        "div",
        { class: "chip-size" },
        tooLarge ? `${fileSize(entry.file.size)}: over 10 MiB` : fileSize(entry.file.size),
        entry.description && h("span", { class: "alt-badge inline" }, "ALT"),
      ),
    );
    return chip;
  }

  describe(anchor, entry) {
    const field = h("textarea", {
      class: "field",
      rows: 3,
      maxlength: 1024,
      placeholder: "What does the picture show?",
      autofocus: true,
      value: entry.description,
    });
    const keep = () => {
      entry.description = field.value.trim();
      handle.close();
      this.changed();
    };
    const handle = float(
      anchor,
      h(
        "form",
        {
          class: "describe",
          onsubmit: (event) => {
            event.preventDefault();
            keep();
          },
        },
        h("label", {}, `Description of ${entry.file.name}`, field),
        h("button", { type: "submit", class: "button button-primary small" }, "Keep"),
      ),
      { placement: "above", width: 300 },
    );
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      keep();
    });
    field.focus();
  }
}

export function release(entry) {
  if (entry.preview) URL.revokeObjectURL(entry.preview);
}

/** Pasted pictures are all called image.png; that is kept, but never nothing. */
function named(file) {
  if (file.name) return file;
  const extension = (file.type.split("/")[1] ?? "bin").replace("jpeg", "jpg").replace(/\W.*/, "");
  return new File([file], `picture.${extension}`, { type: file.type });
}

/**
 * Files dropped anywhere on the page. A drag of a chip within the tray is not one of them.
 * @param {HTMLElement} overlay
 */
export function acceptDrops(overlay, take) {
  let depth = 0;
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const hide = () => {
    depth = 0;
    overlay.classList.remove("shown");
  };
  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    depth += 1;
    overlay.classList.add("shown");
  });
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = document.querySelector("dialog[open]") ? "none" : "copy";
  });
  addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth -= 1;
    if (depth <= 0) hide();
  });
  addEventListener("playground-drop-taken", hide);
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    hide();
    if (!document.querySelector("dialog[open]") && event.dataTransfer.files.length)
      take(event.dataTransfer.files);
  });
}
