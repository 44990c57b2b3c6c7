// The playground's weather: faults a person can switch on to see how the bot takes them.

import { fill, h } from "./dom.js";
import { float } from "./menus.js";

// Each: what to call it, what to send for on, and whether the server's answer says it is on.
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

export async function openWeather(anchor, page) {
  const state = h("p", { class: "quiet", role: "status" });
  const rows = FAULTS.map((fault) => {
    // Not to be pressed before it is known how things stand: the answer would undo the press.
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
  /** Rules only ever add up, so the sky is cleared first and what is switched on said again. */
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
      { class: "weather", role: "dialog", "aria-label": "Weather" },
      h("h3", {}, "Weather"),
      h("p", { class: "quiet" }, "Make the network misbehave and watch the bot go on."),
      rows.map((row) => row.element),
      h(
        "button",
        {
          type: "button",
          class: "button button-secondary small",
          onclick: () => send({ drop_gateway: true }),
        },
        "Cut the bot's connection once",
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
