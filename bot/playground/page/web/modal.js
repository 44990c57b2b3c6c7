// Modals that a bot opens.

import { fill, h, iconButton } from "./dom.js";
import { ComponentType, dots, renderSelect } from "./components.js";
import { fileField } from "./fields.js";

const PARAGRAPH = 2;
let shown = null;

/** Opens a modal, which is submitted as an interaction of type 5. */
export function openModal(modal, page) {
  shown?.close();
  const fields = [];
  const problem = h("p", { class: "form-problem", role: "alert" });
  const submit = h("button", { type: "submit", class: "button button-primary" }, "Submit");
  const rows = (modal.components ?? []).map((row, index) => drawRow(row, index, fields, page));
  const form = h(
    "form",
    { method: "dialog", class: "modal-form" },
    rows,
    problem,
    h(
      "div",
      { class: "modal-foot" },
      h(
        "button",
        { type: "button", class: "button button-plain", onclick: () => dialog.close() },
        "Cancel",
      ),
      submit,
    ),
  );
  const dialog = h(
    "dialog",
    { class: "modal", "aria-labelledby": "modal-title" },
    h(
      "header",
      {},
      h("h2", { id: "modal-title" }, modal.title),
      iconButton("close", "Close", () => dialog.close()),
    ),
    form,
  );

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fill(problem);
    const wrong = fields.map((field) => field.check?.()).find(Boolean);
    if (wrong) {
      fill(problem, wrong);
      return;
    }
    const files = [];
    submit.disabled = true;
    fill(submit, dots());
    try {
      const payload = {
        type: 5,
        channel_id: modal.channel_id ?? page.store.channelId,
        custom_id: modal.custom_id,
        ...(modal.id ? { modal_id: modal.id } : {}),
        ...(modal.message_id ? { message_id: modal.message_id } : {}),
        components: fields.map((field) => field.answer(files)),
      };
      await page.api.interact(payload, files);
      dialog.close();
    } catch (error) {
      fill(problem, error.message);
    } finally {
      submit.disabled = false;
      fill(submit, "Submit");
    }
  });
  dialog.addEventListener("close", () => {
    for (const field of fields) field.release?.();
    dialog.remove();
    if (shown === dialog) shown = null;
  });
  document.body.append(dialog);
  shown = dialog;
  dialog.showModal();
  form.querySelector("input:not([type=file]), textarea, .select, .file-slot")?.focus();
}

/** An action row with one text input, or a label around an input. */
function drawRow(row, index, fields, page) {
  if (row.type === ComponentType.TEXT_DISPLAY) return h("p", {}, row.content);
  const labelled = row.type === ComponentType.LABEL;
  const input = labelled ? row.component : row.components?.[0];
  if (!input) return null;
  const id = `modal-field-${index}`;
  const wrap = (inner) =>
    labelled
      ? { type: row.type, component: inner }
      : { type: ComponentType.ACTION_ROW, components: [inner] };
  const label = labelled ? row.label : input.label;
  let control;
  if (input.type === ComponentType.TEXT_INPUT) {
    const long = input.style === PARAGRAPH;
    control = h(long ? "textarea" : "input", {
      id,
      class: "field",
      value: input.value ?? "",
      placeholder: input.placeholder,
      required: input.required !== false,
      minlength: input.min_length,
      maxlength: input.max_length ?? 4000,
      rows: long ? 4 : null,
      type: long ? null : "text",
      autocomplete: "off",
    });
    fields.push({
      answer: () => wrap({ type: input.type, custom_id: input.custom_id, value: control.value }),
    });
  } else if (input.type === ComponentType.FILE_UPLOAD) {
    const slot = fileField(
      { name: label, required: input.required !== false, most: input.max_values ?? 1 },
      id,
    );
    control = slot.element;
    fields.push({
      check: slot.check,
      release: slot.release,
      answer: (files) => {
        const values = slot.files.map((file) => String(files.push(file) - 1));
        return wrap({ type: input.type, custom_id: input.custom_id, values });
      },
    });
  } else {
    let values = (input.options ?? [])
      .filter((option) => option.default)
      .map((option) => option.value);
    control = renderSelect(input, {
      store: page.store,
      pending: new Set(),
      press: (_, chosen) => {
        values = chosen;
      },
    });
    control.id = id;
    fields.push({ answer: () => wrap({ type: input.type, custom_id: input.custom_id, values }) });
  }
  return h(
    "div",
    { class: "form-row" },
    h(
      "label",
      { for: id, id: `${id}-label` },
      label,
      input.required !== false && h("span", { class: "required", "aria-hidden": "true" }, " *"),
    ),
    row.description && h("small", {}, row.description),
    control,
  );
}
