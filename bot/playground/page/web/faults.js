// A menu of network faults that a person can switch on.

import { fill, h } from "./dom.js";
import { float } from "./menus.js";

// Each: its label, the request that switches it on, and a test of the server's answer.
const FAULTS = [
  {
    label: "Server errors",
    hint: "half of the bot's requests answer 503",
    on: { http_5xx: { rate: 0.5 } },
    is: (current) => current.rules?.some((rule) => rule.kind === "fail" && rule.status >= 500),
  },
  {
    label: "Rate limits",
    hint: "half of the bot's requests answer 429",
    on: { rate_limit: { rate: 0.5, retry_after: 1 } },
    is: (current) => current.rules?.some((rule) => rule.kind === "fail" && rule.status === 429),
  },
  {
    label: "Slow pictures",
    hint: "each download waits two seconds",
    on: { slow_cdn: { seconds: 2 } },
    is: (current) => current.slow_cdn?.seconds > 0,
  },
];

export async function openFaults(anchor, page) {
  const state = h("p", { class: "quiet", role: "status" });
  const rows = FAULTS.map((fault) => {
    // Disabled until the current state is known, which would overwrite an earlier change.
    const box = h("input", {
      type: "checkbox",
      role: "switch",
      disabled: true,
      onchange: () => apply(),
    });
    return {
      fault,
      box,
      element: h(
        "label",
        { class: "switch-row" },
        h("span", {}, fault.label, h("small", {}, fault.hint)),
        box,
      ),
    };
  });
  /** Rules accumulate on the server, so clear them and send the active ones again. */
  function apply() {
    const on = rows.filter((row) => row.box.checked).map((row) => row.fault.on);
    return send(Object.assign({ clear: true }, ...on));
  }
  async function send(changes) {
    try {
      show(await page.api.faults(changes));
    } catch (error) {
      fill(state, error.message);
    }
  }
  function show(current) {
    for (const { fault, box } of rows) {
      box.checked = Boolean(current && fault.is(current));
      box.disabled = false;
    }
  }
  float(
    anchor,
    h(
      "div",
      { class: "faults", role: "dialog", "aria-label": "Network faults" },
      h("h3", {}, "Network faults"),
      h("p", { class: "quiet" }, "Inject faults and watch how the bot copes."),
      rows.map((row) => row.element),
      h(
        "button",
        {
          type: "button",
          class: "button button-secondary small",
          onclick: () => send({ drop_gateway: true }),
        },
        "Drop the bot's connection once",
      ),
      state,
    ),
    { align: "end", width: 300 },
  );
  try {
    show(await page.api.faults());
  } catch (error) {
    fill(state, error.message);
  }
}
