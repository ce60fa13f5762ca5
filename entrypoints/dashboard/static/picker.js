/** The field for tickers: a combobox after the ARIA Authoring Practices, with what was chosen as chips before it. */

import { ConfigApiError, canonicalSymbol } from "./config-api.js";
import { byId, h, icon, plate } from "./dom.js";
import { plural } from "./wording.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Ticker} Ticker */
/** @typedef {{detail: string, successor?: string | undefined}} Problem */

export const MAX_TICKERS = 5;
const TYPING_PAUSE = 120;

export class TickerPicker {
  #api;
  #onChange;
  #root = byId("picker", HTMLElement);
  #input = byId("ticker", HTMLInputElement);
  #list = byId("ticker-list", HTMLElement);
  #status = byId("ticker-status", HTMLElement);
  #error = byId("ticker-error", HTMLElement);
  #chips = /** @type {HTMLElement} */ (this.#root.querySelector(".chips"));
  /** @type {Ticker[]} */
  #tickers = [];
  /** @type {Ticker[]} */
  #matches = [];
  #active = -1;
  #timer = 0;
  #search = new AbortController();

  /**
   * @param {ConfigApi} api
   * @param {() => void} onChange called when something was typed, chosen or removed
   */
  constructor(api, onChange) {
    this.#api = api;
    this.#onChange = onChange;
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => this.#pressed(event));
    this.#input.addEventListener("paste", (event) => this.#pasted(event));
    this.#input.addEventListener("blur", () => this.#close());
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays in the field
    this.#root.addEventListener("click", (event) => event.target === this.#root && this.#input.focus());
  }

  /** @returns {{tickers: Ticker[], query: string}} */
  get value() {
    return { tickers: this.#tickers, query: this.#input.value };
  }

  /** @param {{tickers: Ticker[], query: string}} value */
  set value({ tickers, query }) {
    this.#tickers = [...tickers];
    this.#input.value = query;
    this.#close();
    this.complain(new Map());
  }

  focus() {
    this.#input.focus();
  }

  /** Take what stands in the field for a ticker, so that a forgotten Enter loses nothing. */
  settle() {
    return !this.#input.value.trim() || this.#addText(this.#input.value);
  }

  /**
   * Show what is wrong: at a ticker by its position, or with the field as a whole.
   * @param {Map<number | "all", Problem>} problems
   */
  complain(problems) {
    this.#chips.replaceChildren(...this.#tickers.map((ticker, i) => this.#chip(ticker, problems.get(i))));
    const lines = [...problems].map(([where, { detail, successor }]) => {
      const position = typeof where === "number" ? where : -1;
      const use = successor && h("button", { class: "link", type: "button", onclick: () => this.#replace(position, successor) }, `Use ${successor}`);
      return h("span", {}, detail, use && " ", use);
    });
    this.#error.replaceChildren(...lines);
    this.#error.hidden = lines.length === 0;
    this.#input.setAttribute("aria-invalid", String(lines.length > 0));
    this.#root.classList.toggle("is-invalid", lines.length > 0);
    this.#root.classList.toggle("is-full", this.#tickers.length >= MAX_TICKERS);
    byId("ticker-count", HTMLElement).textContent = `${this.#tickers.length} of ${MAX_TICKERS}`;
    this.#input.placeholder = this.#tickers.length ? "" : "AAPL, or Apple";
  }

  /**
   * @param {Ticker} ticker
   * @param {Problem | undefined} problem
   */
  #chip(ticker, problem) {
    return h(
      "li",
      { class: problem ? "chip is-wrong" : "chip", title: ticker.name && `${ticker.name} · ${ticker.exchange}` },
      plate(ticker.symbol),
      h(
        "button",
        { type: "button", "aria-label": `Remove ${ticker.symbol}`, onclick: () => this.#remove(this.#tickers.indexOf(ticker)) },
        icon("close"),
      ),
    );
  }

  #typed() {
    this.#onChange();
    this.complain(new Map());
    clearTimeout(this.#timer);
    this.#search.abort();
    const query = this.#input.value.trim();
    if (!query) return this.#close();
    this.#timer = setTimeout(() => this.#find(query), TYPING_PAUSE);
  }

  /** @param {string} query */
  async #find(query) {
    this.#search = new AbortController();
    try {
      const found = await this.#api.searchTickers(query, { limit: 8, signal: this.#search.signal, patience: 0 });
      this.#show(found, `No ticker matches “${query}”.`);
    } catch (error) {
      if (this.#search.signal.aborted) return;
      if (!(error instanceof ConfigApiError)) throw error;
      this.#show([], "Suggestions are not available right now. You can still type a symbol and press Enter.");
    }
  }

  /**
   * @param {Ticker[]} matches
   * @param {string} otherwise
   */
  #show(matches, otherwise) {
    this.#matches = matches;
    const options = matches.map((ticker, i) =>
      h(
        "li",
        { role: "option", id: `ticker-option-${i}`, "aria-selected": "false", "aria-disabled": this.#has(ticker.symbol) && "true", onclick: () => this.#add(ticker) },
        plate(ticker.symbol),
        h("span", { class: "company" }, ticker.name),
        h("span", { class: "exchange" }, this.#has(ticker.symbol) ? "In the list" : ticker.exchange),
      ),
    );
    const none = h("li", { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, otherwise);
    this.#list.replaceChildren(...(options.length ? options : [none]));
    this.#list.hidden = false;
    this.#input.setAttribute("aria-expanded", "true");
    this.#activate(options.length ? 0 : -1);
    this.#list.scrollIntoView({ block: "nearest" });
    this.#status.textContent = options.length ? `${plural(options.length, "match", "matches")}. ${matches[0]?.symbol}, ${matches[0]?.name}.` : otherwise;
  }

  #close() {
    clearTimeout(this.#timer);
    this.#search.abort();
    this.#matches = [];
    this.#list.hidden = true;
    this.#list.replaceChildren();
    this.#status.textContent = "";
    this.#input.setAttribute("aria-expanded", "false");
    this.#activate(-1);
  }

  /** @param {number} index */
  #activate(index) {
    this.#active = index;
    [...this.#list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    const option = this.#list.children[index];
    if (option) {
      this.#input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.#input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.isComposing) return;
    const open = !this.#list.hidden;
    const count = this.#matches.length;
    const text = this.#input.value.trim();
    if (event.key === "ArrowDown" && count) this.#activate((this.#active + 1) % count);
    else if (event.key === "ArrowDown" && text) this.#find(text);
    else if (event.key === "ArrowUp" && count) this.#activate((this.#active - 1 + count) % count);
    else if (event.key === "Escape" && open) this.#close();
    else if ((event.key === "Enter" || event.key === ",") && text) this.#choose(text);
    else if (event.key === "Backspace" && !this.#input.value && this.#tickers.length) return this.#remove(this.#tickers.length - 1);
    else return;
    event.preventDefault();
  }

  /** @param {string} text */
  #choose(text) {
    const match = this.#matches[this.#active];
    if (match) this.#add(match);
    else this.#addText(text);
  }

  /** A pasted list becomes tickers; one word is left to be looked up. @param {ClipboardEvent} event */
  #pasted(event) {
    const words = (event.clipboardData?.getData("text") ?? "").split(/[\s,;]+/).filter(Boolean);
    if (words.length < 2 || words.some((word) => word.length > 12)) return;
    event.preventDefault();
    words.every((word) => this.#addText(word));
  }

  /** @param {string} text */
  #addText(text) {
    const symbol = canonicalSymbol(text);
    return this.#add(this.#matches.find((match) => match.symbol === symbol) ?? { symbol, name: "", exchange: "" });
  }

  /**
   * @param {Ticker} ticker
   * @returns {boolean} whether it is in the list now
   */
  #add(ticker) {
    const refused = this.#has(ticker.symbol)
      ? `${ticker.symbol} is already in the list.`
      : this.#tickers.length >= MAX_TICKERS
        ? `A watchlist has at most ${plural(MAX_TICKERS, "ticker")}. Remove one to add ${ticker.symbol}.`
        : "";
    if (refused) {
      this.#close();
      this.complain(new Map([["all", { detail: refused }]]));
      return false;
    }
    this.#set([...this.#tickers, ticker], `${ticker.symbol} added.`);
    return true;
  }

  /** @param {number} index */
  #remove(index) {
    const gone = this.#tickers[index];
    this.#set(this.#tickers.filter((_, i) => i !== index), `${gone?.symbol} removed.`, this.#input.value);
    this.#input.focus();
  }

  /**
   * @param {number} index
   * @param {string} symbol
   */
  #replace(index, symbol) {
    const others = this.#tickers.filter((ticker, i) => i !== index && ticker.symbol !== symbol);
    this.#set([...others.slice(0, index), { symbol, name: "", exchange: "" }, ...others.slice(index)], `${symbol} added.`, this.#input.value);
    this.#input.focus();
  }

  /**
   * @param {Ticker[]} tickers
   * @param {string} said for those who don't see it
   * @param {string} [query]
   */
  #set(tickers, said, query = "") {
    this.value = { tickers, query };
    this.#status.textContent = said;
    this.#onChange();
  }

  /** @param {string} symbol */
  #has(symbol) {
    return this.#tickers.some((ticker) => ticker.symbol === symbol);
  }
}
