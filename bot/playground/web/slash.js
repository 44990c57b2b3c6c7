// Slash commands: finding one, and the form its options make.

import { fill, h, icon, iconButton } from "./dom.js";
import { fileSize } from "./attachments.js";
import { dots } from "./components.js";
import { CommandType, nameOf } from "./store.js";

const Option = Object.freeze({ SUBCOMMAND: 1, GROUP: 2, STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, ROLE: 8, MENTIONABLE: 9, NUMBER: 10, ATTACHMENT: 11 });
const AUTOCOMPLETE_DELAY = 180;
let forms = 0;

/** Every command a member can run, subcommands spelled out: "style add". */
export function flatCommands(store) {
  const out = [];
  const walk = (command, path, node) => {
    const inner = (node.options ?? []).filter((option) => option.type === Option.SUBCOMMAND || option.type === Option.GROUP);
    if (!inner.length) out.push({ command, path, name: path.join(" "), description: node.description ?? "", options: node.options ?? [] });
    for (const option of inner) walk(command, [...path, option.name], option);
  };
  for (const command of store.commandsOf(CommandType.CHAT_INPUT)) walk(command, [command.name], command);
  return out.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Commands for what was typed after the slash: names that begin with it come before those that hold it. */
export function commandSuggestions(store, typed, choose) {
  const needle = typed.trim();
  return flatCommands(store)
    .map((found) => [found.name.indexOf(needle), found])
    .filter(([at]) => at >= 0)
    .sort((a, b) => a[0] - b[0])
    .slice(0, 12)
    .map(([, found]) => ({ label: `/${found.name}`, hint: found.description, node: icon("sparkle", 18), run: () => choose(found) }));
}

/** Nests the values as the wire wants them: group, subcommand, options. */
function nest(found, values) {
  return found.path.slice(1).reduceRight((inner, name, index, all) => [{
    name, type: index === all.length - 1 ? Option.SUBCOMMAND : Option.GROUP, options: inner,
  }], values);
}

/** The form that takes the composer's place while a command's options are filled in. */
export class CommandForm {
  /** @param {object} found One of `flatCommands`. @param {object} page The page's services. @param {{done: () => void}} handlers */
  constructor(found, page, handlers) {
    this.found = found;
    this.page = page;
    this.handlers = handlers;
    this.id = `command-${forms += 1}`;
    this.fields = new Map();
    this.completing = false;
    this.problem = h("p", { class: "form-problem", role: "alert" });
    this.rows = h("div", { class: "command-rows" });
    this.extras = h("div", { class: "command-extras" });
    this.send = h("button", { type: "submit", class: "button button-primary" }, "Run");
    this.element = h("form", { class: "command-form", "aria-label": `/${found.name}`, novalidate: true,
      onsubmit: (event) => { event.preventDefault(); this.submit(); },
      onkeydown: (event) => {
        if (event.key === "Escape" && !event.defaultPrevented) { event.preventDefault(); handlers.done(); }
      } },
    h("header", {}, h("span", { class: "command-name" }, `/${found.name}`), h("span", { class: "quiet" }, found.description),
      iconButton("close", "Leave this command", () => handlers.done(), { size: 18 })),
    this.rows, this.extras, this.problem, h("div", { class: "command-foot" }, this.send));
    for (const option of found.options) if (option.required) this.addField(option);
    this.drawExtras();
  }

  focus() {
    (this.rows.querySelector("input:not([type=file]), select, button") ?? this.extras.querySelector("button") ?? this.send).focus();
  }

  addField(option) {
    const field = makeField(option, this);
    this.fields.set(option.name, field);
    const remove = !option.required && iconButton("close", `Leave out ${option.name}`, () => {
      this.fields.delete(option.name);
      row.remove();
      this.drawExtras();
    }, { size: 16 });
    const row = h("div", { class: "command-row" },
      h("label", { for: field.id, id: `${field.id}-label` }, option.name, option.required && h("span", { class: "required", "aria-hidden": "true" }, " *")),
      h("div", { class: "command-control" }, field.element, option.description && h("small", { class: "quiet" }, option.description)), remove);
    this.rows.append(row);
    return field;
  }

  drawExtras() {
    const left = this.found.options.filter((option) => !this.fields.has(option.name));
    fill(this.extras, left.map((option) => h("button", { type: "button", class: "extra", title: option.description,
      onclick: () => {
        const field = this.addField(option);
        this.drawExtras();
        field.focus();
      } }, icon("plus", 14), option.name)));
  }

  /** Files dropped, pasted or waiting in the tray go to the empty file options, in order. */
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

  /** @returns {{values: object[], files: File[]}} What is filled in so far. */
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
      const value = !focused && [Option.INTEGER, Option.NUMBER].includes(option.type) ? Number(raw)
        : option.type === Option.BOOLEAN ? raw === "true" : raw;
      values.push({ name, type: option.type, value, ...(name === focused ? { focused: true } : {}) });
    }
    return { values, files };
  }

  interaction(type, values) {
    return { type, command_type: CommandType.CHAT_INPUT, channel_id: this.page.store.channelId, name: this.found.path[0],
      id: this.found.command.id, options: nest(this.found, values) };
  }

  async complete(option) {
    const { values } = this.read(option.name);
    const kept = values.filter((value) => value.type !== Option.ATTACHMENT);
    this.completing = true;
    try {
      const answer = await this.page.api.interact(this.interaction(4, kept));
      return answer?.choices ?? [];
    } finally {
      this.completing = false;
    }
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
      this.handlers.done();
    } catch (error) {
      fill(this.problem, error.message);
    } finally {
      this.send.disabled = false;
      fill(this.send, "Run");
    }
  }
}

// ---------------------------------------------------------------------- fields

function makeField(option, form) {
  const id = `${form.id}-${option.name}`;
  if (option.type === Option.ATTACHMENT) return fileField(option, id);
  const choices = fixedChoices(option, form.page.store);
  if (choices) return selectField(option, id, choices);
  return textField(option, id, form);
}

function fixedChoices(option, store) {
  if (option.choices?.length) return option.choices;
  switch (option.type) {
    case Option.BOOLEAN:
      return [{ name: "Yes", value: "true" }, { name: "No", value: "false" }];
    case Option.USER:
    case Option.MENTIONABLE:
      return [...store.members.values()].map((user) => ({ name: nameOf(user), value: user.id }));
    case Option.CHANNEL:
      return store.channels.map((channel) => ({ name: `#${channel.name}`, value: channel.id }));
    case Option.ROLE:
      return (store.guild.roles ?? []).map((role) => ({ name: role.name, value: role.id }));
    default:
      return null;
  }
}

function selectField(option, id, choices) {
  const element = h("select", { id, class: "field", required: option.required },
    h("option", { value: "" }, "Choose…"), choices.map((choice) => h("option", { value: String(choice.value) }, choice.name)));
  return { id, option, element, read: () => element.value, focus: () => element.focus(),
    check: () => (option.required && !element.value ? `Choose a value for ${option.name}.` : null) };
}

function textField(option, id, form) {
  const number = option.type === Option.INTEGER || option.type === Option.NUMBER;
  const input = h("input", { id, class: "field", type: number && !option.autocomplete ? "number" : "text", required: option.required, autocomplete: "off",
    step: option.type === Option.NUMBER ? "any" : null, min: option.min_value, max: option.max_value,
    minlength: option.min_length, maxlength: option.max_length ?? (number ? null : 6000) });
  let chosen = null; // An autocompleted choice shows its name and sends its value.
  const read = () => (chosen && chosen.name === input.value ? chosen.value : input.value.trim());
  const field = {
    id, option, element: input, read, focus: () => input.focus(),
    check: () => {
      if (option.required && !input.value.trim()) return `Fill in ${option.name}.`;
      if (number && input.value.trim() && !Number.isFinite(Number(read()))) return `${option.name} must be a number.`;
      if (option.type === Option.INTEGER && input.value.trim() && !Number.isInteger(Number(read()))) return `${option.name} must be a whole number.`;
      return input.validity.valid ? null : `${option.name}: ${input.validationMessage}`;
    },
  };
  if (!option.autocomplete) return field;

  const listbox = h("div", { class: "autocomplete", role: "listbox", id: `${id}-list`, "aria-label": `Choices for ${option.name}`, hidden: true });
  Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": `${id}-list`, "aria-autocomplete": "list" })
    .forEach(([name, value]) => input.setAttribute(name, value));
  let timer = null;
  let turn = 0;
  let at = 0;
  let items = [];
  const hide = () => {
    listbox.hidden = true;
    items = [];
    input.setAttribute("aria-expanded", "false");
  };
  const mark = (index) => {
    at = (index + items.length) % items.length;
    [...listbox.children].forEach((row, each) => row.setAttribute("aria-selected", String(each === at)));
    listbox.children[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", listbox.children[at].id);
  };
  const pick = (choice) => {
    chosen = choice;
    input.value = choice.name;
    hide();
  };
  const ask = async () => {
    const mine = turn += 1;
    let choices;
    try {
      choices = await form.complete(option);
    } catch (error) {
      fill(form.problem, error.message);
      return;
    }
    if (mine !== turn || document.activeElement !== input) return;
    items = choices;
    fill(listbox, choices.map((choice, index) => h("div", { class: "option", role: "option", id: `${id}-choice-${index}`,
      onpointerdown: (event) => { event.preventDefault(); pick(choice); }, onpointermove: () => mark(index) }, choice.name)));
    listbox.hidden = !choices.length;
    input.setAttribute("aria-expanded", String(choices.length > 0));
    if (choices.length) mark(0);
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, AUTOCOMPLETE_DELAY);
  };
  input.addEventListener("input", later);
  input.addEventListener("focus", later);
  input.addEventListener("blur", hide);
  input.addEventListener("keydown", (event) => {
    if (listbox.hidden) return;
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter" || event.key === "Tab") pick(items[at]);
    else if (event.key === "Escape") hide();
    else return;
    if (event.key !== "Tab") event.preventDefault();
  });
  return { ...field, element: h("div", { class: "combobox" }, input, listbox) };
}

function fileField(option, id) {
  const chooser = h("input", { id, type: "file", class: "visually-hidden", tabindex: "-1", onchange: () => {
    if (chooser.files[0]) field.setFile(chooser.files[0]);
    chooser.value = "";
  } });
  const button = h("button", { type: "button", class: "file-slot", "aria-describedby": `${id}-label`, onclick: () => chooser.click() });
  const draw = () => {
    if (field.preview) URL.revokeObjectURL(field.preview);
    field.preview = field.file && /^image\//.test(field.file.type) ? URL.createObjectURL(field.file) : null;
    fill(button, field.preview ? h("img", { src: field.preview, alt: "" }) : icon(field.file ? "file" : "image", 26),
      h("span", {}, field.file ? field.file.name : "Choose a file, or drop it here", field.file && h("small", {}, fileSize(field.file.size))));
  };
  const field = {
    id, option, file: null, preview: null, element: h("div", { class: "file-field",
      ondragover: (event) => event.preventDefault(),
      ondrop: (event) => {
        if (!event.dataTransfer.files.length) return;
        event.preventDefault();
        event.stopPropagation();
        field.setFile(event.dataTransfer.files[0]);
        // The page's own overlay listens on the window and must learn that the drag is over.
        dispatchEvent(new CustomEvent("playground-drop-taken"));
      } }, button, chooser),
    read: () => null, focus: () => button.focus(),
    setFile: (file) => { field.file = file; draw(); },
    check: () => (option.required && !field.file ? `Choose a file for ${option.name}.` : null),
  };
  draw();
  return field;
}
