// Slash commands: search, and the form for their options.

import { fill, h, icon, iconButton } from "./dom.js";
import { dots } from "./components.js";
import { makeField, Option } from "./fields.js";
import { CommandType } from "./store.js";

let forms = 0;

/** Every command a member can run, subcommands spelled out: "style add". */
export function flatCommands(store) {
  const out = [];
  const walk = (command, path, node) => {
    const inner = (node.options ?? []).filter(
      (option) => option.type === Option.SUBCOMMAND || option.type === Option.GROUP,
    );
    if (!inner.length)
      out.push({
        command,
        path,
        name: path.join(" "),
        description: node.description ?? "",
        options: node.options ?? [],
      });
    for (const option of inner) walk(command, [...path, option.name], option);
  };
  for (const command of store.commandsOf(CommandType.CHAT_INPUT))
    walk(command, [command.name], command);
  return out.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const USED = "playground.used-commands";

/** How often each command was run on this page, by name. */
function readUses() {
  try {
    return JSON.parse(localStorage.getItem(USED) ?? "{}") ?? {};
  } catch {
    return {};
  }
}

/** Counts a run of a command, which puts it first among its like. */
function countUse(name) {
  const uses = readUses();
  uses[name] = (uses[name] ?? 0) + 1;
  try {
    localStorage.setItem(USED, JSON.stringify(uses));
  } catch {
    // Without storage the order stays as it is.
  }
}

/**
 * Commands that match the typed text.
 *
 * Names that start with it come before names that contain it; then the command run most often, and
 * commands before subcommands.
 */
export function commandSuggestions(store, typed, choose) {
  const needle = typed.trim();
  const uses = readUses();
  return flatCommands(store)
    .map((found) => [found.name.indexOf(needle), found])
    .filter(([at]) => at >= 0)
    .sort(
      ([at, a], [otherAt, b]) =>
        at - otherAt ||
        (uses[b.name] ?? 0) - (uses[a.name] ?? 0) ||
        a.path.length - b.path.length,
    )
    .slice(0, 12)
    .map(([, found]) => ({
      label: `/${found.name}`,
      hint: found.description,
      node: icon("sparkle", 18),
      run: () => choose(found),
    }));
}

/** Nests the values as the API expects them: group, subcommand, options. */
function nest(found, values) {
  return found.path.slice(1).reduceRight(
    (inner, name, index, all) => [
      {
        name,
        type: index === all.length - 1 ? Option.SUBCOMMAND : Option.GROUP,
        options: inner,
      },
    ],
    values,
  );
}

/** The form for a command's options, in place of the composer. */
export class CommandForm {
  /**
   * @param {object} found One of `flatCommands`. @param {object} page The page's services. @param
   * {{done: () => void}} handlers
   */
  constructor(found, page, handlers) {
    this.found = found;
    this.page = page;
    this.handlers = handlers;
    this.id = `command-${(forms += 1)}`;
    this.fields = new Map();
    this.problem = h("p", { class: "form-problem", role: "alert" });
    this.rows = h("div", { class: "command-rows" });
    this.extras = h("div", { class: "command-extras" });
    this.send = h("button", { type: "submit", class: "button button-primary" }, "Run");
    this.element = h(
      "form",
      {
        class: "command-form",
        "aria-label": `/${found.name}`,
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          this.submit();
        },
        onkeydown: (event) => {
          if (event.key === "Escape" && !event.defaultPrevented) {
            event.preventDefault();
            handlers.done();
          }
        },
      },
      h(
        "header",
        {},
        h("span", { class: "command-name" }, `/${found.name}`),
        h("span", { class: "quiet" }, found.description),
        iconButton("close", "Leave this command", () => handlers.done(), { size: 18 }),
      ),
      this.rows,
      this.extras,
      this.problem,
      h("div", { class: "command-foot" }, this.send),
    );
    for (const option of found.options) if (option.required) this.addField(option);
    this.drawExtras();
  }

  focus() {
    (
      this.rows.querySelector("input:not([type=file]), select, button") ??
      this.extras.querySelector("button") ??
      this.send
    ).focus();
  }

  addField(option) {
    const field = makeField(option, this);
    this.fields.set(option.name, field);
    const remove =
      !option.required &&
      iconButton(
        "close",
        `Leave out ${option.name}`,
        () => {
          this.fields.delete(option.name);
          row.remove();
          this.drawExtras();
        },
        { size: 16 },
      );
    const row = h(
      "div",
      { class: "command-row" },
      h(
        "label",
        { for: field.id, id: `${field.id}-label` },
        option.name,
        option.required && h("span", { class: "required", "aria-hidden": "true" }, " *"),
      ),
      h(
        "div",
        { class: "command-control" },
        field.element,
        option.description && h("small", { class: "quiet" }, option.description),
      ),
      remove,
    );
    this.rows.append(row);
    return field;
  }

  drawExtras() {
    const left = this.found.options.filter((option) => !this.fields.has(option.name));
    fill(
      this.extras,
      left.map((option) =>
        h(
          "button",
          {
            type: "button",
            class: "extra",
            title: option.description,
            onclick: () => {
              const field = this.addField(option);
              this.drawExtras();
              field.focus();
            },
          },
          icon("plus", 14),
          option.name,
        ),
      ),
    );
  }

  /** Assigns dropped, pasted or attached files to the empty file options, in order. */
  takeFiles(files) {
    const waiting = [...files];
    for (const option of this.found.options) {
      if (option.type !== Option.ATTACHMENT || !waiting.length) continue;
      const field = this.fields.get(option.name) ?? this.addField(option);
      if (!field.file) field.setFile(waiting.shift());
    }
    this.drawExtras();
    return waiting;
  }

  /** @returns {{values: object[], files: File[]}} The current values and files. */
  read(focused = null) {
    const values = [];
    const files = [];
    for (const [name, field] of this.fields) {
      const option = field.option;
      if (option.type === Option.ATTACHMENT) {
        if (!field.file) continue;
        values.push({ name, type: option.type, value: files.length });
        files.push(field.file);
        continue;
      }
      const raw = field.read();
      if ((raw === "" || raw === null) && name !== focused) continue;
      const value =
        !focused && [Option.INTEGER, Option.NUMBER].includes(option.type)
          ? Number(raw)
          : option.type === Option.BOOLEAN
            ? raw === "true"
            : raw;
      values.push({
        name,
        type: option.type,
        value,
        ...(name === focused ? { focused: true } : {}),
      });
    }
    return { values, files };
  }

  interaction(type, values) {
    return {
      type,
      command_type: CommandType.CHAT_INPUT,
      channel_id: this.page.store.channelId,
      name: this.found.path[0],
      id: this.found.command.id,
      options: nest(this.found, values),
    };
  }

  async complete(option) {
    const { values } = this.read(option.name);
    const kept = values.filter((value) => value.type !== Option.ATTACHMENT);
    const answer = await this.page.api.interact(this.interaction(4, kept));
    return answer?.choices ?? [];
  }

  /** Releases the previews when the form closes. */
  release() {
    for (const field of this.fields.values()) field.release?.();
  }

  async submit() {
    fill(this.problem);
    for (const field of this.fields.values()) {
      const wrong = field.check?.();
      if (!wrong) continue;
      fill(this.problem, wrong);
      field.focus();
      return;
    }
    const { values, files } = this.read();
    this.send.disabled = true;
    fill(this.send, dots());
    try {
      await this.page.api.interact(this.interaction(2, values), files);
      countUse(this.found.name);
      this.handlers.done();
    } catch (error) {
      fill(this.problem, error.message);
    } finally {
      this.send.disabled = false;
      fill(this.send, "Run");
    }
  }
}
