// The playground's weather: faults a person can switch on to see how the bot takes them.

import { fill, h } from "./dom.js";
import { float } from "./menus.js";

// Each: the fault's key on the wire, what to call it, and what to send for on.
const FAULTS = [
  { key: "http_5xx", label: "Server errors", hint: "half of the bot's requests answer 500", on: { rate: 0.5 } },
  { key: "slow_cdn", label: "Slow pictures", hint: "each download waits two seconds", on: { seconds: 2 } },
  { key: "rate_limit", label: "Rate limits", hint: "half of the bot's requests answer 429", on: { rate: 0.5, retry_after: 1 } },
];

export async function openWeather(anchor, page) {
  const state = h("p", { class: "quiet", role: "status" });
  const rows = FAULTS.map((fault) => {
    const box = h("input", { type: "checkbox", role: "switch", onchange: () => send({ [fault.key]: box.checked ? fault.on : null }) });
    return { fault, box, element: h("label", { class: "switch-row" }, h("span", {}, fault.label, h("small", {}, fault.hint)), box) };
  });
  async function send(changes) {
    try {
      show(await page.api.faults(changes));
    } catch (error) {
      fill(state, error.message);
    }
  }
  function show(current) {
    for (const { fault, box } of rows) box.checked = Boolean(current?.[fault.key]);
  }
  float(anchor, h("div", { class: "weather", role: "dialog", "aria-label": "Weather" },
    h("h3", {}, "Weather"), h("p", { class: "quiet" }, "Make the network misbehave and watch the bot go on."),
    rows.map((row) => row.element),
    h("button", { type: "button", class: "button button-secondary small", onclick: () => send({ drop_gateway: true }) }, "Cut the bot's connection once"),
    state), { align: "end", width: 300 });
  try {
    show(await page.api.faults());
  } catch (error) {
    fill(state, error.message);
  }
}
