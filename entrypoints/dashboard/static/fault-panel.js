/** A panel that injects faults. Loaded only if the server was started with CONFIG_API_FAULTS=1. */

import { h, icon } from "./dom.js";
import "./on-demand-styles.js";

const url = `${document.documentElement.dataset.api}/_faults`;
const KINDS = /** @type {const} */ ([
  ["throttled", "Throttle", "429 for the next 2 calls"],
  ["unavailable", "Fail", "503 for the next 2 calls"],
  ["lost_answers", "Lose an answer", "the next call succeeds and its response is lost"],
  ["slow", "Slow", "the next 2 calls take 1.5 s"],
]);

const left = h("small", { role: "status" });

/** @param {Record<string, unknown>} [plan] */
async function ask(plan) {
  const response = await fetch(
    url,
    plan ? { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(plan) } : {},
  );
  const faults = await response.json();
  const coming = KINDS.filter(([kind]) => faults[kind]).map(([kind, label]) => `${label}: ${faults[kind]}`);
  left.textContent = coming.join(", ") || "None planned";
}

const panel = h(
  "details",
  { class: "faults" },
  h("summary", {}, icon("alert"), "Faults"),
  h(
    "div",
    {},
    h("p", {}, "Make calls to the store fail, and see how the page handles it."),
    ...KINDS.map(([kind, label, hint]) =>
      h(
        "button",
        {
          class: "button small",
          type: "button",
          title: hint,
          onclick: () => ask({ [kind]: kind === "lost_answers" ? 1 : 2, delay: 1.5, retry_after: 4 }),
        },
        label,
      ),
    ),
    h("button", { class: "button small", type: "button", onclick: () => ask({}) }, "Clear"),
    left,
  ),
);
panel.addEventListener("toggle", () => panel.open && ask());
document.querySelector("nav")?.prepend(panel);
