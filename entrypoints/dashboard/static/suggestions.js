/** The list of matching tickers below a text field: a listbox in the top layer, so that nothing clips it. */

import { byId, h, symbolBadge } from "./dom.js";

/** @typedef {import("./config-api.js").Ticker} Ticker */

const GAP = 6;
const MAX_HEIGHT = 240;

export class Suggestions {
  #list = byId("ticker-list", HTMLElement);
  #input;
  #anchor;
  #onChoose;
  /** @type {Ticker[]} */
  #matches = [];
  #active = -1;
  #query = "";

  /**
   * @param {HTMLInputElement} input
   * @param {HTMLElement} anchor the element that the list is placed below or above
   * @param {(ticker: Ticker) => void} onChoose
   */
  constructor(input, anchor, onChoose) {
    this.#input = input;
    this.#anchor = anchor;
    this.#onChoose = onChoose;
    // The focus stays in the field.
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    const place = () => this.isOpen && this.#place();
    for (const type of ["scroll", "resize"]) addEventListener(type, place, { capture: true, passive: true });
    globalThis.visualViewport?.addEventListener("resize", place);
  }

  get isOpen() {
    return this.#list.matches(":popover-open");
  }

  /**
   * The match that Enter chooses, if the list belongs to this text.
   * @param {string} query
   */
  activeFor(query) {
    return query === this.#query ? this.#matches[this.#active] : undefined;
  }

  /**
   * @param {string} query the text that was searched for
   * @param {Ticker[]} matches
   * @param {number} active index of the match that Enter chooses, or -1
   * @param {(symbol: string) => boolean} isChosen
   * @param {string} emptyText what the list says without a match
   */
  show(query, matches, active, isChosen, emptyText) {
    this.#query = query;
    this.#matches = matches;
    const options = matches.map((ticker, i) => this.#option(ticker, i, isChosen(ticker.symbol)));
    const empty = h(
      "li",
      { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" },
      emptyText,
    );
    this.#list.replaceChildren(...(options.length ? options : [empty]));
    this.#list.removeAttribute("aria-busy");
    if (!this.isOpen) this.#list.showPopover();
    this.#input.setAttribute("aria-expanded", "true");
    this.#activate(active);
    this.#place();
    this.#mark();
  }

  /** Mark what the query has matched. The module is loaded with the first list; without it, nothing is marked. */
  async #mark() {
    const query = this.#query;
    const module = await import("./highlight.js").catch(() => null);
    if (!module || this.#query !== query) return;
    this.#matches.forEach(({ symbol, name }, index) => {
      const option = this.#list.children[index];
      option?.querySelector(".symbol")?.replaceChildren(...module.highlighted(symbol, query));
      option?.querySelector(".company")?.replaceChildren(...module.highlighted(name, query));
    });
  }

  /** The text has changed: until its matches arrive, nothing in the list can be chosen. */
  markStale() {
    this.#query = "";
    this.#matches = [];
    this.#activate(-1);
    this.#list.setAttribute("aria-busy", "true");
  }

  close() {
    this.markStale();
    if (this.isOpen) this.#list.hidePopover();
    this.#list.replaceChildren();
    this.#input.setAttribute("aria-expanded", "false");
  }

  /**
   * Move to the next or previous match; after the last comes the first.
   * @param {1 | -1} step
   * @returns {boolean} false if there are no matches
   */
  move(step) {
    const count = this.#matches.length;
    if (count === 0) return false;
    this.#activate(this.#active < 0 && step < 0 ? count - 1 : (this.#active + step + count) % count);
    return true;
  }

  /**
   * @param {Ticker} ticker
   * @param {number} index
   * @param {boolean} isChosen
   */
  #option(ticker, index, isChosen) {
    const choose = () => {
      if (this.#matches[index] === ticker) this.#onChoose(ticker);
    };
    return h(
      "li",
      {
        role: "option",
        id: `ticker-option-${index}`,
        "aria-selected": "false",
        "aria-disabled": isChosen && "true",
        onclick: choose,
      },
      symbolBadge(ticker.symbol),
      h("span", { class: "company" }, ticker.name),
      h("span", { class: "exchange" }, isChosen ? "In the list" : ticker.exchange),
    );
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

  /** Below the field or above it, where there is more room, and as high as a whole number of options. */
  #place() {
    const field = this.#anchor.getBoundingClientRect();
    const viewport = globalThis.visualViewport;
    const top = viewport?.offsetTop ?? 0;
    const bottom = top + (viewport?.height ?? innerHeight);
    const below = bottom - field.bottom - 2 * GAP;
    const above = field.top - top - 2 * GAP;
    const style = this.#list.style;
    style.maxHeight = "none";
    const wanted = Math.min(this.#list.offsetHeight, MAX_HEIGHT);
    const isBelow = below >= wanted || below >= above;
    const height = this.#wholeOptions(Math.min(MAX_HEIGHT, isBelow ? below : above));
    style.maxHeight = `${height}px`;
    style.width = `${field.width}px`;
    style.left = `${field.left}px`;
    style.top = isBelow
      ? `${field.bottom + GAP}px`
      : `${field.top - GAP - Math.min(height, this.#list.offsetHeight)}px`;
  }

  /**
   * The height of the options that fit entirely, but at least of one.
   * @param {number} available
   */
  #wholeOptions(available) {
    const frame = this.#list.offsetHeight - this.#list.clientHeight;
    let height = frame;
    for (const option of this.#list.children) {
      const next = height + /** @type {HTMLElement} */ (option).offsetHeight;
      if (next > available && height > frame) break;
      height = next;
    }
    return height;
  }
}
