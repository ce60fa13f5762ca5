/** The watchlists as cards, the number of places, and the page without watchlists. */

import { card } from "./card.js";
import { byId, h, icon, symbolBadge } from "./dom.js";
import { plural } from "./messages.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").Ticker} Ticker */
/** @typedef {{name: string, tickers: Ticker[], timeframe: string}} Starter */

/** @type {Starter[]} */
const STARTERS = [
  {
    name: "Tech giants",
    timeframe: "30",
    tickers: [
      { symbol: "AAPL", name: "Apple Inc.", exchange: "NASDAQ" },
      { symbol: "MSFT", name: "Microsoft Corp", exchange: "NASDAQ" },
      { symbol: "GOOGL", name: "Alphabet Inc.", exchange: "NASDAQ" },
    ],
  },
  {
    name: "Chip makers",
    timeframe: "90",
    tickers: [
      { symbol: "NVDA", name: "NVIDIA Corp", exchange: "NASDAQ" },
      { symbol: "AMD", name: "Advanced Micro Devices Inc", exchange: "NASDAQ" },
      { symbol: "INTC", name: "Intel Corp", exchange: "NASDAQ" },
    ],
  },
  {
    name: "Dividend payers",
    timeframe: "365",
    tickers: [
      { symbol: "PG", name: "Procter & Gamble Co", exchange: "NYSE" },
      { symbol: "KO", name: "Coca-Cola Co", exchange: "NYSE" },
      { symbol: "JNJ", name: "Johnson & Johnson", exchange: "NYSE" },
    ],
  },
];

/**
 * @typedef {object} Handlers
 * @property {(starter?: Starter) => void} create
 * @property {(configuration: Configuration) => void} edit
 * @property {(configuration: Configuration) => void} duplicate
 * @property {(configuration: Configuration, name: string) => Promise<boolean>} rename false if it failed
 * @property {() => void} renameEnded without a change
 * @property {(configuration: Configuration) => void} remove
 * @property {(configuration: Configuration, step: -1 | 1) => void} move
 */

/**
 * @typedef {object} View
 * @property {Configuration[]} configurations in the order to show
 * @property {number} maxAllowed
 * @property {boolean} isCurrent false while the list of an earlier visit is shown, which cannot be edited
 * @property {boolean} isManual whether the user orders the list
 * @property {HTMLElement | null} atLimit what the user can do at the limit, besides deleting a watchlist
 */

const place = byId("configurations", HTMLElement);
const skeleton = [...place.children];

/**
 * @param {View} view
 * @param {Handlers} on
 */
export function showConfigurations(view, on) {
  const { configurations, maxAllowed, isCurrent } = view;
  const free = maxAllowed - configurations.length;
  place.toggleAttribute("aria-busy", !isCurrent);
  place.classList.toggle("is-outdated", !isCurrent);
  place.classList.toggle("is-empty", configurations.length === 0);
  if (configurations.length === 0) place.replaceChildren(firstSteps(maxAllowed, on));
  else {
    const cards = configurations.map((each, i) => card(each, { ...view, position: i, canCreate: free > 0 }, on));
    keepFocus(() => place.replaceChildren(...cards, ...(free > 0 && isCurrent ? [addCard(free, on)] : [])));
  }
  showQuota(configurations.length, view);
}

/** The list is not known yet. */
export function showLoading() {
  place.setAttribute("aria-busy", "true");
  place.classList.remove("is-outdated", "is-empty");
  place.replaceChildren(...skeleton);
  byId("quota", HTMLElement).hidden = true;
  byId("create", HTMLButtonElement).disabled = true;
  byId("create-reason", HTMLElement).hidden = true;
}

/** @param {HTMLElement} element shown in the place of the watchlists */
export function showInstead(element) {
  place.removeAttribute("aria-busy");
  place.classList.remove("is-outdated");
  place.classList.add("is-empty");
  place.replaceChildren(element);
}

/** Focus a card, or the list if it is not there. @param {string} [id] */
export function focusCard(id) {
  const target = id && place.querySelector(`[data-id="${CSS.escape(id)}"] [data-action="edit"]`);
  (target instanceof HTMLElement ? target : place).focus();
}

/**
 * @param {number} used
 * @param {View} view
 */
function showQuota(used, { maxAllowed, isCurrent, atLimit }) {
  const quota = byId("quota", HTMLElement);
  const full = used >= maxAllowed;
  quota.hidden = false;
  quota.setAttribute("aria-valuenow", String(Math.min(used, maxAllowed)));
  quota.setAttribute("aria-valuemax", String(maxAllowed));
  quota.setAttribute("aria-valuetext", `${used} of ${maxAllowed} used`);
  quota.classList.toggle("is-full", full);
  quota.querySelector(".quota-text")?.replaceChildren(h("b", {}, String(used)), ` of ${maxAllowed} used`);
  const bars = Array.from({ length: Math.min(maxAllowed, 20) }, (_, i) => h("i", { class: i < used && "is-used" }));
  quota.querySelector(".quota-bar")?.replaceChildren(...bars);

  const create = byId("create", HTMLButtonElement);
  const reason = byId("create-reason", HTMLElement);
  create.disabled = !isCurrent;
  // Not `disabled` at the limit: the button stays in the tab order, so that screen readers announce the reason.
  create.setAttribute("aria-disabled", String(full));
  reason.hidden = !full;
  const text = `You have ${plural(maxAllowed, "watchlist")}, which is the maximum. Delete one to create another. `;
  // Unchanged content keeps the focus.
  if (reason.textContent !== text + (atLimit?.textContent ?? "")) reason.replaceChildren(text, atLimit ?? "");
}

/**
 * @param {number} free
 * @param {Handlers} on
 */
function addCard(free, on) {
  return h(
    "button",
    { class: "card add-card", type: "button", onclick: () => on.create() },
    h("span", { class: "add-card-plus" }, icon("plus")),
    h("b", {}, "Add another"),
    h("span", {}, `You can have ${free} more`),
  );
}

/**
 * @param {number} maxAllowed
 * @param {Handlers} on
 */
function firstSteps(maxAllowed, on) {
  const scratch = h("button", { class: "link", type: "button", onclick: () => on.create() }, "an empty one");
  return h(
    "div",
    { class: "empty" },
    h("h2", {}, "Start your first watchlist"),
    h(
      "p",
      {},
      `A watchlist holds up to five tickers. You can have ${plural(maxAllowed, "watchlist")}. Start with one of these, or with `,
      scratch,
      ".",
    ),
    h("ul", { class: "starters" }, ...STARTERS.map((starter) => h("li", {}, starterButton(starter, on)))),
  );
}

/**
 * @param {Starter} starter
 * @param {Handlers} on
 */
function starterButton(starter, on) {
  const symbols = starter.tickers.map(({ symbol }) => symbolBadge(symbol));
  return h(
    "button",
    { class: "starter", type: "button", onclick: () => on.create(starter) },
    h("b", {}, starter.name),
    h("span", { class: "symbols" }, ...symbols),
    h("small", {}, plural(Number(starter.timeframe), "day")),
  );
}

/**
 * Replace the cards; the same button of the same card has the focus afterwards.
 * @param {() => void} replace
 */
function keepFocus(replace) {
  const focused = document.activeElement;
  const id = focused?.closest("[data-id]")?.getAttribute("data-id");
  const action = focused?.getAttribute("data-action");
  replace();
  if (id && action) {
    const again = place.querySelector(`[data-id="${CSS.escape(id)}"] [data-action="${action}"]`);
    if (again instanceof HTMLElement) again.focus();
  }
}
