/** "Import": reads a file, shows what is in it, and creates the watchlists that the user selects. */

import { Dialog } from "./dialogs.js";
import { h, symbolBadge } from "./dom.js";
import { checkRows, importRow } from "./import-rows.js";
import { plural } from "./messages.js";
import { notice } from "./notices.js";
import { toast } from "./toasts.js";
import { FileError, inputsOf, readFile } from "./watchlist-files.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./dialogs.js").Page} Page */
/** @typedef {import("./import-rows.js").ImportRow} ImportRow */
/** @typedef {import("./watchlist-files.js").Row} Row */

/** @param {Page} page */
export async function open(page) {
  const dialog = new Dialog("Import watchlists");
  const input = h("input", { class: "input", id: "file", type: "file", accept: ".json,.csv,.txt" });
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (file) read(page, dialog, file);
  });
  // Otherwise the same file, corrected, would not be read again.
  input.addEventListener("click", () => (input.value = ""));
  const hint = "JSON of “Download my watchlists”, or CSV with a first line that names the columns: name, tickers.";
  dialog.show(
    [
      h(
        "div",
        { class: "field" },
        h("label", { for: "file" }, "File"),
        input,
        h("p", { class: "hint" }, hint),
        h("p", { class: "hint" }, "Nothing is imported before you have seen what is in the file."),
      ),
    ],
    [dialog.button("Cancel", () => dialog.close())],
  );
}

/**
 * Offer to create watchlists again that are lost.
 * @param {Page} page
 * @param {Configuration[]} configurations
 */
export async function openFor(page, configurations) {
  const dialog = new Dialog("Create them again");
  await preview(page, dialog, inputsOf(configurations));
  await dialog.closed;
}

/**
 * @param {Page} page
 * @param {Dialog} dialog
 * @param {File} file
 */
async function read(page, dialog, file) {
  try {
    await preview(page, dialog, await readFile(file));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    dialog.say(notice({ tone: "danger", title: `“${file.name}” cannot be imported`, text: [error.message] }));
  }
}

/**
 * @param {Page} page
 * @param {Dialog} dialog
 * @param {Row[]} found
 */
async function preview(page, dialog, found) {
  const checked = await dialog.run(async (options) => {
    await page.settle();
    const held = await page.api.list(options);
    return held && { held, rows: await checkRows(page.api, found, held, options) };
  });
  if (checked && !dialog.isClosed) new Preview(page, dialog, checked.rows, checked.held.remaining).show();
}

class Preview {
  #page;
  #dialog;
  #rows;
  #places;

  /**
   * @param {Page} page
   * @param {Dialog} dialog
   * @param {ImportRow[]} rows
   * @param {number} places how many watchlists the user can still create
   */
  constructor(page, dialog, rows, places) {
    this.#page = page;
    this.#dialog = dialog;
    this.#rows = rows;
    this.#places = places;
  }

  show() {
    const selected = this.#rows.filter(({ isSelected }) => isSelected).length;
    const canSelect = selected < this.#places;
    const isDone = this.#rows.some((row) => row.isDone);
    const submit = this.#dialog.button(`Import ${plural(selected, "watchlist")}`, () => this.#import(), "primary");
    submit.setAttribute("aria-disabled", String(selected === 0));
    const facts = `Found ${plural(this.#rows.length, "watchlist")}. `;
    this.#dialog.show(
      [
        h("p", {}, facts, this.#limit()),
        h("ul", { class: "rows" }, ...this.#rows.map((row, index) => this.#row(row, index, canSelect))),
      ],
      [
        this.#dialog.button(isDone ? "Close" : "Cancel", () => this.#dialog.close()),
        ...(selected || !isDone ? [submit] : []),
      ],
    );
  }

  #limit() {
    const { offeredLimit } = this.#page.account;
    const more = offeredLimit > 0 ? ` Members can have ${offeredLimit}: sign in first to import more.` : "";
    return this.#places > 0
      ? `You can have ${this.#places} more.${more}`
      : `You have the maximum number already.${more}`;
  }

  /**
   * @param {ImportRow} row
   * @param {number} index
   * @param {boolean} canSelect
   */
  #row(row, index, canSelect) {
    const { input, problems, note, isSelected, isDone } = row;
    const isPossible = problems.length === 0 && !isDone && (isSelected || canSelect);
    const box = h("input", { type: "checkbox", disabled: !isPossible, id: `row-${index}` });
    box.checked = isSelected;
    box.addEventListener("change", () => {
      row.isSelected = box.checked;
      this.show();
      document.getElementById(box.id)?.focus();
    });
    const name = input.name || "Without a name";
    return h(
      "li",
      { class: problems.length > 0 && "is-wrong" },
      h(
        "label",
        { for: box.id },
        box,
        h("b", {}, name),
        h("span", { class: "symbols" }, ...input.tickers.map(symbolBadge)),
      ),
      ...problems.map((problem) => h("small", { class: "error" }, problem)),
      note && h("small", {}, note),
    );
  }

  async #import() {
    const rows = this.#rows.filter(({ isSelected }) => isSelected);
    if (rows.length === 0) return;
    let count = 0;
    await this.#dialog.run(async (options) => {
      for (const row of rows) {
        const created = await importRow(this.#page.api, row, options);
        if (!created) continue;
        count += 1;
        this.#places -= 1;
        this.#page.watchlists.put(created);
      }
    });
    await this.#page.reload();
    if (count > 0) toast(`Imported ${plural(count, "watchlist")}`);
    if (this.#dialog.isClosed) return;
    if (rows.every(({ isDone }) => isDone) && this.#rows.length === rows.length) this.#dialog.close();
    else this.show();
  }
}
