/** "Download my watchlists": as JSON, which this page reads again, or as CSV. */

import { Dialog } from "./dialogs.js";
import { h } from "./dom.js";
import { plural } from "./messages.js";
import { toast } from "./toasts.js";
import { inputsOf, toCsv, toJson } from "./watchlist-files.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./dialogs.js").Page} Page */

/** @param {Page} page */
export async function open({ api, watchlists }) {
  const dialog = new Dialog("Download my watchlists");
  dialog.show([h("p", {}, "Reading your watchlists…")], []);
  const received = await dialog.run((options) => api.list(options));
  if (dialog.isClosed) return;
  offer(dialog, received?.configurations ?? watchlists.list?.configurations ?? [], received === null);
}

/**
 * Download watchlists that are known already.
 * @param {Configuration[]} configurations
 */
export function openFor(configurations) {
  offer(new Dialog("Download these watchlists"), configurations, false);
}

/**
 * @param {Dialog} dialog
 * @param {Configuration[]} configurations
 * @param {boolean} isOutdated the service did not answer: they are those that the page knows
 */
function offer(dialog, configurations, isOutdated) {
  const inputs = inputsOf(configurations);
  const day = new Date().toISOString().slice(0, 10);
  const save = (/** @type {string} */ content, /** @type {string} */ extension, /** @type {string} */ type) => {
    saveFile(new File([content], `watchlists-${day}.${extension}`, { type }));
    dialog.close();
    toast(`Downloaded ${plural(inputs.length, "watchlist")}`);
  };
  const close = dialog.button("Cancel", () => dialog.close());
  if (inputs.length === 0) {
    return dialog.show([h("p", {}, "There are no watchlists to download.")], [close]);
  }
  const text = `The file contains ${plural(inputs.length, "watchlist")}. “Import” reads both formats again.`;
  dialog.show(
    [
      h("p", {}, text),
      isOutdated && h("p", {}, "The service did not answer, so these are the watchlists as this page knows them."),
      h("ul", { class: "names" }, ...inputs.map(({ name }) => h("li", {}, name))),
    ],
    [
      close,
      dialog.button("CSV, for spreadsheets", () => save(toCsv(inputs), "csv", "text/csv")),
      dialog.button("JSON", () => save(toJson(inputs), "json", "application/json"), "primary"),
    ],
  );
}

/** @param {File} file */
function saveFile(file) {
  const href = URL.createObjectURL(file);
  h("a", { href, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
