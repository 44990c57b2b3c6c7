// The fields of a slash command: text, numbers, choices, autocomplete and files.

import { fill, h, icon } from "./dom.js";
import { fileSize } from "./attachments.js";
import { nameOf } from "./store.js";

export const Option = Object.freeze({
  SUBCOMMAND: 1,
  GROUP: 2,
  STRING: 3,
  INTEGER: 4,
  BOOLEAN: 5,
  USER: 6,
  CHANNEL: 7,
  ROLE: 8,
  MENTIONABLE: 9,
  NUMBER: 10,
  ATTACHMENT: 11,
});
const AUTOCOMPLETE_DELAY = 180;

/** The field for one option: `{id, option, element, read, focus, check?}`; a file has `setFile`. */
export function makeField(option, form) {
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
      return [
        { name: "Yes", value: "true" },
        { name: "No", value: "false" },
      ];
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
  const element = h(
    "select",
    { id, class: "field", required: option.required },
    h("option", { value: "" }, "Choose…"),
    choices.map((choice) => h("option", { value: String(choice.value) }, choice.name)),
  );
  return {
    id,
    option,
    element,
    read: () => element.value,
    focus: () => element.focus(),
    check: () => (option.required && !element.value ? `Choose a value for ${option.name}.` : null),
  };
}

function textField(option, id, form) {
  const number = option.type === Option.INTEGER || option.type === Option.NUMBER;
  const input = h("input", {
    id,
    class: "field",
    type: number && !option.autocomplete ? "number" : "text",
    required: option.required,
    autocomplete: "off",
    step: option.type === Option.NUMBER ? "any" : null,
    min: option.min_value,
    max: option.max_value,
    minlength: option.min_length,
    maxlength: option.max_length ?? (number ? null : 6000),
  });
  let chosen = null; // An autocomplete choice shows its name and sends its value.
  const read = () => (chosen && chosen.name === input.value ? chosen.value : input.value.trim());
  const field = {
    id,
    option,
    element: input,
    read,
    focus: () => input.focus(),
    check: () => {
      if (option.required && !input.value.trim()) return `Fill in ${option.name}.`;
      if (number && input.value.trim() && !Number.isFinite(Number(read())))
        return `${option.name} must be a number.`;
      if (option.type === Option.INTEGER && input.value.trim() && !Number.isInteger(Number(read())))
        return `${option.name} must be a whole number.`;
      return input.validity.valid ? null : `${option.name}: ${input.validationMessage}`;
    },
  };
  if (!option.autocomplete) return field;

  const listbox = h("div", {
    class: "autocomplete",
    role: "listbox",
    id: `${id}-list`,
    "aria-label": `Choices for ${option.name}`,
    hidden: true,
  });
  Object.entries({
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": `${id}-list`,
    "aria-autocomplete": "list",
  }).forEach(([name, value]) => input.setAttribute(name, value));
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
    [...listbox.children].forEach((row, each) =>
      row.setAttribute("aria-selected", String(each === at)),
    );
    listbox.children[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", listbox.children[at].id);
  };
  const pick = (choice) => {
    chosen = choice;
    input.value = choice.name;
    hide();
  };
  const ask = async () => {
    const mine = (turn += 1);
    let choices;
    try {
      choices = await form.complete(option);
    } catch (error) {
      fill(form.problem, error.message);
      return;
    }
    if (mine !== turn || document.activeElement !== input) return;
    items = choices;
    fill(
      listbox,
      choices.map((choice, index) =>
        h(
          "div",
          {
            class: "option",
            role: "option",
            id: `${id}-choice-${index}`,
            onpointerdown: (event) => {
              event.preventDefault();
              pick(choice);
            },
            onpointermove: () => mark(index),
          },
          choice.name,
        ),
      ),
    );
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

/** A slot for one file, or for up to `option.most`, chosen or dropped. */
export function fileField(option, id) {
  const most = option.most ?? 1;
  const chooser = h("input", {
    id,
    type: "file",
    class: "visually-hidden",
    tabindex: "-1",
    multiple: most > 1,
    onchange: () => {
      if (chooser.files[0]) field.setFiles([...chooser.files]);
      chooser.value = "";
    },
  });
  const button = h("button", {
    type: "button",
    class: "file-slot",
    "aria-describedby": `${id}-label`,
    onclick: () => chooser.click(),
  });
  const draw = () => {
    if (field.preview) URL.revokeObjectURL(field.preview);
    field.preview =
      field.file && /^image\//.test(field.file.type) ? URL.createObjectURL(field.file) : null;
    fill(
      button,
      field.preview
        ? h("img", { src: field.preview, alt: "" })
        : icon(field.file ? "file" : "image", 26),
      h(
        "span",
        {},
        field.file
          ? field.files.map((file) => file.name).join(", ")
          : most > 1
            ? `Choose up to ${most} files, or drop them here`
            : "Choose a file, or drop it here",
        field.file && h("small", {}, fileSize(field.files.reduce((sum, { size }) => sum + size, 0))),
      ),
    );
  };
  const field = {
    id,
    option,
    file: null,
    files: [],
    preview: null,
    element: h(
      "div",
      {
        class: "file-field",
        ondragover: (event) => event.preventDefault(),
        ondrop: (event) => {
          if (!event.dataTransfer.files.length) return;
          event.preventDefault();
          event.stopPropagation();
          field.setFiles([...event.dataTransfer.files]);
          // The page's drop overlay listens on the window and must see the end of the drag.
          dispatchEvent(new CustomEvent("playground-drop-taken"));
        },
      },
      button,
      chooser,
    ),
    read: () => null,
    focus: () => button.focus(),
    release: () => {
      if (field.preview) URL.revokeObjectURL(field.preview);
    },
    setFile: (file) => field.setFiles(file ? [file] : []),
    setFiles: (files) => {
      field.files = files.slice(0, most);
      field.file = field.files[0] ?? null;
      draw();
    },
    check: () => (option.required && !field.file ? `Choose a file for ${option.name}.` : null),
  };
  draw();
  return field;
}
