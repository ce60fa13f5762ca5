/** The ticker field: a combobox (ARIA Authoring Practices) with the entered tickers as chips before the text. */

import { ConfigApiError } from "./config-api.js";
import { byId, h, icon, symbolBadge } from "./dom.js";
import { plural } from "./messages.js";
import { Suggestions } from "./suggestions.js";
import { meantMatch, resolve, splitList, unresolved } from "./ticker-entries.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").FieldError} FieldError */
/** @typedef {import("./ticker-entries.js").Entry} Entry */

export const MAX_TICKERS = 5;
const SEARCH_DELAY = 120;

export class TickerField {
  #api;
  #onChange;
  #root = byId("ticker-field", HTMLElement);
  #input = byId("ticker", HTMLInputElement);
  #status = byId("ticker-status", HTMLElement);
  #error = byId("ticker-error", HTMLElement);
  #chips = /** @type {HTMLElement} */ (this.#root.querySelector(".chips"));
  #suggestions = new Suggestions(this.#input, this.#root, (ticker) => this.#choose(ticker));
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Set<Promise<void>>} */
  #resolving = new Set();
  #message = "";
  #timer = 0;
  #search = new AbortController();

  /**
   * @param {ConfigApi} api
   * @param {() => void} onChange called when something was typed, added, resolved or removed
   */
  constructor(api, onChange) {
    this.#api = api;
    this.#onChange = onChange;
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => this.#pressed(event));
    this.#input.addEventListener("paste", (event) => this.#pasted(event));
    this.#input.addEventListener("blur", () => this.#closeSuggestions());
    this.#root.addEventListener("click", (event) => event.target === this.#root && this.#input.focus());
  }

  /** @returns {{tickers: Entry[], query: string}} */
  get value() {
    return { tickers: [...this.#entries], query: this.#input.value };
  }

  /** @param {{tickers: Entry[], query: string}} value */
  set value({ tickers, query }) {
    this.#entries = [...tickers];
    this.#input.value = query;
    this.#message = "";
    this.#closeSuggestions();
    this.#render();
    // Entries of a draft that was closed before the service answered.
    for (const entry of tickers) if (entry.status === "checking") this.#resolve([entry]);
  }

  focus() {
    this.#input.focus();
  }

  /**
   * Add the text that is still in the field, and wait until every entry is checked.
   * @returns {Promise<boolean>} false if a part of the text is not a ticker or was left out
   */
  async settle() {
    if (this.#input.value.trim()) this.#addText(this.#input.value);
    while (this.#resolving.size > 0) await Promise.all(this.#resolving);
    return this.#input.value === "" && this.#entries.every((entry) => entry.symbol);
  }

  /**
   * Show the errors of the service.
   * @param {FieldError[]} errors of `tickers` or `tickers.<position>`
   */
  showErrors(errors) {
    for (const { field, detail, successor } of errors) {
      const entry = this.#entries[Number(field.split(".")[1] ?? NaN)];
      if (!entry) this.#message = detail;
      else this.#update(entry, [{ ...entry, status: "wrong", detail, ...(successor && { replacement: successor }) }]);
    }
    this.#render();
  }

  #render() {
    this.#chips.replaceChildren(...this.#entries.map((entry) => this.#chip(entry)));
    const wrong = this.#entries.filter((entry) => entry.status === "wrong");
    const lines = wrong.map((entry) => h("span", {}, entry.detail ?? "", " ", this.#replaceButton(entry)));
    if (this.#message) lines.push(h("span", {}, this.#message));
    this.#error.replaceChildren(...lines);
    this.#error.hidden = lines.length === 0;
    this.#input.setAttribute("aria-invalid", String(lines.length > 0));
    this.#root.classList.toggle("is-invalid", lines.length > 0);
    byId("ticker-count", HTMLElement).textContent = `${this.#entries.length} of ${MAX_TICKERS}`;
    this.#input.placeholder = this.#entries.length ? "" : "AAPL, or Apple";
  }

  /** @param {Entry} entry */
  #chip(entry) {
    const { symbol, name, exchange, text, status } = entry;
    const label = symbol || text || "";
    return h(
      "li",
      { class: `chip${status ? ` is-${status}` : ""}`, title: name && `${name} · ${exchange}` },
      symbol ? symbolBadge(symbol) : h("span", { class: "chip-text" }, text),
      name && h("span", { class: "chip-name" }, name),
      status === "checking" && h("span", { class: "hidden-text" }, "is being checked"),
      status === "wrong" && icon("alert"),
      h(
        "button",
        { type: "button", "aria-label": `Remove ${label}`, onclick: () => this.#remove(entry) },
        icon("close"),
      ),
    );
  }

  /** @param {Entry} entry */
  #replaceButton(entry) {
    const symbol = entry.replacement;
    const use = () => {
      const replacement = unresolved(symbol ?? "");
      this.#update(entry, [replacement]);
      this.#resolve([replacement]);
      this.#input.focus();
    };
    return symbol && h("button", { class: "link", type: "button", onclick: use }, `Use ${symbol}`);
  }

  #typed() {
    this.#message = "";
    this.#render();
    this.#onChange();
    this.#suggestions.markStale();
    clearTimeout(this.#timer);
    this.#search.abort();
    const query = this.#input.value.trim();
    if (!query) return this.#closeSuggestions();
    this.#timer = setTimeout(() => this.#find(query), SEARCH_DELAY);
  }

  /** @param {string} query */
  async #find(query) {
    this.#search.abort();
    const search = (this.#search = new AbortController());
    try {
      const matches = await this.#api.searchTickers(query, { limit: 8, signal: search.signal, patience: 0 });
      if (!search.signal.aborted) this.#suggest(query, matches, `No ticker matches “${query}”.`);
    } catch (error) {
      if (search.signal.aborted) return;
      if (!(error instanceof ConfigApiError)) throw error;
      this.#suggest(query, [], "Suggestions are not available right now. You can still type a symbol and press Enter.");
    }
  }

  /**
   * @param {string} query
   * @param {import("./config-api.js").Ticker[]} matches
   * @param {string} emptyText
   */
  #suggest(query, matches, emptyText) {
    const active = meantMatch(query, matches);
    this.#suggestions.show(query, matches, active, (symbol) => this.#has(symbol), emptyText);
    const first = matches[active] ?? matches[0];
    this.#status.textContent = first
      ? `${plural(matches.length, "match", "matches")}. ${first.symbol}, ${first.name}.`
      : emptyText;
  }

  #closeSuggestions() {
    clearTimeout(this.#timer);
    this.#search.abort();
    this.#suggestions.close();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.isComposing) return;
    const { key } = event;
    const text = this.#input.value.trim();
    if (key === "ArrowDown" && text) this.#suggestions.move(1) || this.#find(text);
    else if (key === "ArrowUp" && this.#suggestions.move(-1)) this.#status.textContent = "";
    else if (key === "Escape" && this.#suggestions.isOpen) this.#closeSuggestions();
    else if ((key === "Enter" || key === ",") && text && !event.ctrlKey && !event.metaKey) this.#enter(text);
    else if (key === "Tab" && text && !event.shiftKey) return this.#enter(text);
    else if (key === "Backspace" && !this.#input.value && this.#entries.length) return this.#removeLast();
    else return;
    event.preventDefault();
  }

  /** @param {string} text */
  #enter(text) {
    const match = this.#suggestions.activeFor(text);
    if (match) this.#choose(match);
    else this.#addText(text);
  }

  /**
   * A pasted list, name or marked symbol becomes tickers; a single word stays in the field, with suggestions.
   * @param {ClipboardEvent} event
   */
  #pasted(event) {
    const text = event.clipboardData?.getData("text") ?? "";
    const isOneWord = /^\s*[\p{L}\p{N}.\-/]*\s*$/u.test(text);
    if (this.#input.value.trim() || isOneWord) return;
    event.preventDefault();
    this.#addText(text);
  }

  /** @param {import("./config-api.js").Ticker} ticker */
  #choose(ticker) {
    this.#clearText();
    this.#insert([ticker]);
    this.#changed();
  }

  /** @param {string} text */
  #addText(text) {
    this.#clearText();
    this.#resolve(this.#insert(splitList(text).map(unresolved)));
    this.#changed();
  }

  #clearText() {
    this.#input.value = "";
    this.#message = "";
    this.#closeSuggestions();
  }

  /**
   * Append entries, and say which are left out: duplicates, and those beyond the maximum, which return to the field.
   * @param {Entry[]} entries
   * @returns {Entry[]} those that were added
   */
  #insert(entries) {
    const added = [];
    const leftOut = [];
    for (const entry of entries) {
      if (entry.symbol && this.#has(entry.symbol)) this.#message = `${entry.symbol} is already in the list.`;
      else if (this.#entries.length >= MAX_TICKERS) leftOut.push(entry.symbol || entry.text);
      else {
        this.#entries.push(entry);
        added.push(entry);
      }
    }
    if (leftOut.length) {
      const more = leftOut.length > MAX_TICKERS ? " and others" : "";
      const names = leftOut.slice(0, MAX_TICKERS).join(", ") + more;
      this.#message = `A watchlist has at most ${plural(MAX_TICKERS, "ticker")}. Remove one to add ${names}.`;
      this.#input.value ||= leftOut.join(", ");
    }
    if (added.length) this.#status.textContent = `${added.map((each) => each.symbol || each.text).join(", ")} added.`;
    return added;
  }

  /**
   * Replace placeholders with what their text means.
   * @param {Entry[]} placeholders
   */
  #resolve(placeholders) {
    const texts = placeholders.map((entry) => entry.text ?? entry.symbol);
    const work = resolve(this.#api, texts).then((resolved) => {
      placeholders.forEach((placeholder, i) => this.#update(placeholder, resolved[i] ?? []));
      this.#changed();
    });
    const done = work.finally(() => this.#resolving.delete(done));
    this.#resolving.add(done);
  }

  /**
   * Put entries in the place of one, if it was not removed meanwhile.
   * @param {Entry} old
   * @param {Entry[]} entries
   */
  #update(old, entries) {
    const index = this.#entries.indexOf(old);
    if (index < 0) return;
    const after = this.#entries.slice(index + 1);
    this.#entries = this.#entries.slice(0, index);
    this.#insert(entries);
    this.#insert(after);
  }

  /** @param {Entry} entry */
  #remove(entry) {
    this.#entries = this.#entries.filter((each) => each !== entry);
    this.#message = "";
    this.#status.textContent = `${entry.symbol || entry.text} removed.`;
    this.#changed();
    this.#input.focus();
  }

  #removeLast() {
    const last = this.#entries.at(-1);
    if (last) this.#remove(last);
  }

  #changed() {
    this.#render();
    this.#onChange();
    // The chips before it may have moved it out of view.
    if (document.activeElement === this.#input) this.#input.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} symbol */
  #has(symbol) {
    return this.#entries.some((entry) => entry.symbol === symbol);
  }
}
