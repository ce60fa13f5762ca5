/** The order of the watchlists. It is kept in this browser only. */

import { byId } from "./dom.js";
import { read, write } from "./storage.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {"created" | "changed" | "name" | "manual"} Order */

const NAME = "order";
const place = byId("order", HTMLElement);
/** @type {{by: Order, ids: string[]}} */
let order = read(NAME) ?? { by: "created", ids: [] };

/** @param {() => void} onChange */
export function listenToOrder(onChange) {
  const buttons = [...place.querySelectorAll("button")];
  const showPressed = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.value === order.by));
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      order = { ...order, by: /** @type {Order} */ (button.value) };
      write(NAME, order);
      showPressed();
      onChange();
    });
  }
  showPressed();
}

export function isManual() {
  return order.by === "manual";
}

/**
 * @param {Configuration[]} configurations newest first
 * @returns {Configuration[]}
 */
export function sorted(configurations) {
  place.hidden = configurations.length < 2;
  const list = [...configurations];
  if (order.by === "name") return list.sort((one, other) => one.name.localeCompare(other.name));
  if (order.by === "changed")
    return list.sort((one, other) => Date.parse(other.updated_at) - Date.parse(one.updated_at));
  // New watchlists, which have no position yet, come first.
  if (order.by === "manual") return list.sort((one, other) => positionOf(one) - positionOf(other));
  return list;
}

/**
 * Move a configuration by one position.
 * @param {Configuration[]} configurations in the order shown
 * @param {Configuration} moved
 * @param {-1 | 1} step
 */
export function move(configurations, moved, step) {
  const ids = configurations.map((each) => each.config_id);
  const from = ids.indexOf(moved.config_id);
  ids.splice(from, 1);
  ids.splice(from + step, 0, moved.config_id);
  order = { ...order, ids };
  write(NAME, order);
}

/** @param {Configuration} configuration */
function positionOf(configuration) {
  return order.ids.indexOf(configuration.config_id);
}
