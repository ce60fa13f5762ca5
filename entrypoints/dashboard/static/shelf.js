/** The watchlists as cards, how many of them there may be, and what stands there when there are none. */

import { byId, h, icon, plate } from "./dom.js";
import { ago, moment, plural } from "./wording.js";

/** @typedef {import("./config-api.js").Ticker} Ticker */
/** @typedef {import("./config-api.js").Configuration & {etag?: string | null}} Configuration */

/** @type {{name: string, tickers: Ticker[], timeframe: string}[]} */
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
    name: "Steady names",
    timeframe: "365",
    tickers: [
      { symbol: "BRK.B", name: "Berkshire Hathaway Inc", exchange: "NYSE" },
      { symbol: "KO", name: "Coca-Cola Co", exchange: "NYSE" },
      { symbol: "JNJ", name: "Johnson & Johnson", exchange: "NYSE" },
    ],
  },
];

/** @type {Record<number, string>} */
const PLACES = { 1: "Your one place is", 2: "Both places are" };

/**
 * @typedef {object} Handlers
 * @property {(starter?: {name: string, tickers: Ticker[], timeframe: string}) => void} create
 * @property {(configuration: Configuration, opener: HTMLElement) => void} edit
 * @property {(configuration: Configuration) => void} remove
 */

const place = byId("shelf", HTMLElement);

/**
 * @param {Configuration[]} configurations
 * @param {number} maxAllowed
 * @param {Handlers} on
 */
export function showShelf(configurations, maxAllowed, on) {
  const free = maxAllowed - configurations.length;
  place.removeAttribute("aria-busy");
  place.classList.toggle("is-empty", configurations.length === 0);
  if (configurations.length === 0) place.replaceChildren(empty(maxAllowed, on));
  else keepFocus(() => place.replaceChildren(...configurations.map((each) => card(each, on)), ...(free > 0 ? [ghost(free, on)] : [])));
  showQuota(configurations.length, maxAllowed);
}

/** @param {HTMLElement} element what stands in the place of the watchlists */
export function showInstead(element) {
  place.removeAttribute("aria-busy");
  place.classList.add("is-empty");
  place.replaceChildren(element);
}

/** Give a card the focus, or the shelf where there is no such card. @param {string} [id] */
export function focusCard(id) {
  const target = id && place.querySelector(`[data-id="${CSS.escape(id)}"] button`);
  (target instanceof HTMLElement ? target : place).focus();
}

/**
 * @param {number} used
 * @param {number} maxAllowed
 */
function showQuota(used, maxAllowed) {
  const quota = byId("quota", HTMLElement);
  const full = used >= maxAllowed;
  quota.hidden = false;
  quota.setAttribute("aria-valuenow", String(Math.min(used, maxAllowed)));
  quota.setAttribute("aria-valuemax", String(maxAllowed));
  quota.setAttribute("aria-valuetext", `${used} of ${maxAllowed} used`);
  quota.classList.toggle("is-full", full);
  quota.querySelector(".quota-text")?.replaceChildren(h("b", {}, String(used)), ` of ${maxAllowed} used`);
  quota
    .querySelector(".quota-bar")
    ?.replaceChildren(...Array.from({ length: Math.min(maxAllowed, 20) }, (_, i) => h("i", { class: i < used && "is-used" })));

  const create = byId("create", HTMLButtonElement);
  const reason = byId("create-reason", HTMLElement);
  create.disabled = false;
  create.setAttribute("aria-disabled", String(full)); // still in the tab order, so that the reason can be heard
  reason.hidden = !full;
  reason.textContent = full
    ? `${PLACES[maxAllowed] ?? `All ${maxAllowed} places are`} taken. Delete a watchlist to make room for a new one.`
    : "";
}

/**
 * @param {Configuration} configuration
 * @param {Handlers} on
 */
function card(configuration, on) {
  const { config_id, name, tickers, timeframe_days, include_extended_hours, updated_at } = configuration;
  const edit = h("button", { class: "icon-button", type: "button", "data-act": "edit", "aria-label": `Edit ${name}` }, icon("edit"));
  edit.addEventListener("click", () => on.edit(configuration, edit));
  return h(
    "article",
    { class: "card", "data-id": config_id, "aria-label": name },
    h(
      "header",
      {},
      h("h2", {}, name),
      h(
        "div",
        { class: "card-actions" },
        edit,
        h(
          "button",
          { class: "icon-button", type: "button", "data-act": "delete", "aria-label": `Delete ${name}`, onclick: () => on.remove(configuration) },
          icon("trash"),
        ),
      ),
    ),
    h("ul", { class: "tickers", "aria-label": "Tickers" }, ...tickers.map(tickerRow)),
    h(
      "footer",
      {},
      h("span", { class: "fact" }, icon("clock"), plural(timeframe_days, "day")),
      include_extended_hours && h("span", { class: "fact" }, icon("extended"), "Extended hours"),
      h("time", { datetime: updated_at, title: moment(updated_at) }, `Changed ${ago(updated_at)}`),
    ),
  );
}

/** @param {Ticker} ticker */
export function tickerRow({ symbol, name, exchange }) {
  return h("li", {}, plate(symbol), h("span", { class: "company" }, name), h("span", { class: "exchange" }, exchange));
}

/**
 * @param {number} free
 * @param {Handlers} on
 */
function ghost(free, on) {
  return h(
    "button",
    { class: "card ghost", type: "button", onclick: () => on.create() },
    h("span", { class: "ghost-plus" }, icon("plus")),
    h("b", {}, "Add another"),
    h("span", {}, `${plural(free, "place")} left`),
  );
}

/**
 * @param {number} maxAllowed
 * @param {Handlers} on
 */
function empty(maxAllowed, on) {
  return h(
    "div",
    { class: "empty" },
    icon("stack"),
    h("h2", {}, "Start your first watchlist"),
    h(
      "p",
      {},
      `Up to five tickers in each, and ${plural(maxAllowed, "watchlist")} in all. Begin with one of these, or `,
      h("button", { class: "link", type: "button", onclick: () => on.create() }, "from scratch"),
      ".",
    ),
    h(
      "ul",
      { class: "starters" },
      ...STARTERS.map((starter) =>
        h(
          "li",
          {},
          h(
            "button",
            { class: "starter", type: "button", onclick: () => on.create(starter) },
            h("b", {}, starter.name),
            h("span", { class: "plates" }, ...starter.tickers.map((ticker) => plate(ticker.symbol))),
          ),
        ),
      ),
    ),
  );
}

/**
 * Whoever was on a button of a card is on the same one afterwards.
 * @param {() => void} change
 */
function keepFocus(change) {
  const focused = document.activeElement;
  const id = focused?.closest("[data-id]")?.getAttribute("data-id");
  const act = focused?.getAttribute("data-act");
  change();
  if (id && act) {
    const again = place.querySelector(`[data-id="${CSS.escape(id)}"] [data-act="${act}"]`);
    if (again instanceof HTMLElement) again.focus();
  }
}
