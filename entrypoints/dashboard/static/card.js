/** A watchlist as a card, with its actions. */

import { h, icon, symbolBadge } from "./dom.js";
import { MAX_NAME, nameLength } from "./form-errors.js";
import { formatDateTime, plural, timeAgo } from "./messages.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").Ticker} Ticker */
/** @typedef {import("./configuration-list.js").Handlers} Handlers */
/** @typedef {import("./configuration-list.js").View & {position: number, canCreate: boolean}} CardView */

/**
 * @param {Configuration} configuration
 * @param {CardView} view
 * @param {Handlers} on
 */
export function card(configuration, view, on) {
  const { config_id, name, tickers, timeframe_days, include_extended_hours, updated_at } = configuration;
  const changed = `Changed ${timeAgo(updated_at)}`;
  return h(
    "article",
    { class: "card", "data-id": config_id, "aria-label": name },
    h("header", {}, title(configuration, view, on), actions(configuration, view, on)),
    h("ul", { class: "tickers", "aria-label": "Tickers" }, ...tickers.map(tickerRow)),
    h(
      "footer",
      {},
      h("span", { class: "fact" }, icon("clock"), plural(timeframe_days, "day")),
      include_extended_hours && h("span", { class: "fact" }, icon("extended"), "Extended hours"),
      // Without a date at first: it needs Intl, whose first use takes 20 ms.
      h("time", { datetime: updated_at, title: view.isCurrent && formatDateTime(updated_at) }, changed),
    ),
  );
}

/**
 * The name; a click on it turns it into a text field.
 * @param {Configuration} configuration
 * @param {CardView} view
 * @param {Handlers} on
 */
function title(configuration, { isCurrent }, on) {
  const { name } = configuration;
  const button = h(
    "button",
    { class: "rename", type: "button", title: "Rename", "data-action": "rename", disabled: !isCurrent },
    name,
  );
  const heading = h("h2", {}, button);
  button.addEventListener("click", () => heading.replaceWith(nameField(configuration, heading, on)));
  return heading;
}

/**
 * Enter and leaving the field save, Escape restores the name.
 * @param {Configuration} configuration
 * @param {HTMLElement} heading
 * @param {Handlers} on
 */
function nameField(configuration, heading, on) {
  const input = h("input", {
    class: "input rename-field",
    "data-action": "rename",
    "aria-label": `New name of ${configuration.name}`,
    type: "text",
  });
  input.value = configuration.name;
  let isDone = false;
  const finish = async (/** @type {boolean} */ isSaving) => {
    if (isDone) return;
    const name = input.value.trim();
    const length = nameLength(name);
    if (isSaving && (length === 0 || length > MAX_NAME)) {
      input.setAttribute("aria-invalid", "true");
      input.setCustomValidity(`Enter 1 to ${MAX_NAME} characters.`);
      input.reportValidity();
      return;
    }
    isDone = true;
    const hadFocus = document.activeElement === input;
    if (isSaving && name !== configuration.name) {
      input.readOnly = true;
      if (await on.rename(configuration, name)) return;
    }
    input.replaceWith(heading);
    if (hadFocus) heading.querySelector("button")?.focus();
    on.renameEnded();
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) finish(true);
    if (event.key === "Escape") finish(false);
  });
  input.addEventListener("input", () => input.setCustomValidity(""));
  input.addEventListener("blur", () => finish(nameLength(input.value) > 0 && nameLength(input.value) <= MAX_NAME));
  queueMicrotask(() => input.select());
  return input;
}

/**
 * @param {Configuration} configuration
 * @param {CardView} view
 * @param {Handlers} on
 */
function actions(configuration, { configurations, position, isCurrent, isManual, canCreate }, on) {
  const { name } = configuration;
  const isLast = position === configurations.length - 1;
  const button = (/** @type {string} */ action, /** @type {string} */ label, /** @type {() => void} */ onclick) =>
    h(
      "button",
      {
        class: "icon-button",
        type: "button",
        "data-action": action,
        "aria-label": `${label} ${name}`,
        title: label,
        disabled: !isCurrent,
        onclick,
      },
      icon(action),
    );
  return h(
    "div",
    { class: "card-actions" },
    isManual && position > 0 && button("earlier", "Move earlier:", () => on.move(configuration, -1)),
    isManual && !isLast && button("later", "Move later:", () => on.move(configuration, 1)),
    canCreate && button("duplicate", "Duplicate", () => on.duplicate(configuration)),
    button("edit", "Edit", () => on.edit(configuration)),
    button("delete", "Delete", () => on.remove(configuration)),
  );
}

/** @param {Ticker} ticker */
function tickerRow({ symbol, name, exchange }) {
  return h(
    "li",
    {},
    symbolBadge(symbol),
    h("span", { class: "company", title: name }, name),
    h("span", { class: "exchange" }, exchange),
  );
}
