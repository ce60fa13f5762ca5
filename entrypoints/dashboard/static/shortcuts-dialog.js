/** The overview of the keyboard shortcuts. */

import { Dialog } from "./dialogs.js";
import { h } from "./dom.js";
import { read, write } from "./storage.js";

/** @type {[string[], string][]} */
const SHORTCUTS = [
  [["n"], "New watchlist"],
  [["/"], "New watchlist, starting with the tickers"],
  [["Ctrl", "Z"], "Undo a delete"],
  [["Ctrl", "Enter"], "Save the watchlist that is open"],
  [["Esc"], "Close; unsaved input is kept"],
  [["?"], "Show this overview"],
];

export async function open() {
  const dialog = new Dialog("Keyboard shortcuts");
  const rows = SHORTCUTS.map(([keys, effect]) => {
    const shown = keys.flatMap((key, index) => [index > 0 ? " " : null, h("kbd", {}, key)]);
    return h("div", {}, h("dt", {}, ...shown), h("dd", {}, effect));
  });
  const enabled = h("input", { type: "checkbox", role: "switch" });
  enabled.checked = read("shortcuts") !== false;
  enabled.addEventListener("change", () => write("shortcuts", enabled.checked ? null : false));
  const text = h("span", {}, h("b", {}, "Single-key shortcuts"), h("small", {}, "Use n, / and ? without Ctrl."));
  dialog.show([h("dl", { class: "shortcuts" }, ...rows), h("label", { class: "switch" }, text, enabled)], []);
}
