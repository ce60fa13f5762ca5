/** Two versions of a configuration side by side, and the choice between them. */

import { formOf, inputOf } from "./drafts.js";
import { byId, h, icon, symbolBadge } from "./dom.js";
import { formatDateTime, plural } from "./messages.js";
import { smallButton } from "./notices.js";
import { changesFrom } from "./saving.js";
import "./on-demand-styles.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").ConfigurationInput} ConfigurationInput */
/** @typedef {import("./drafts.js").Draft} Draft */
/** @typedef {import("./drafts.js").Form} Form */

/** @type {[keyof ConfigurationInput, string, (input: Required<ConfigurationInput>) => Node | string][]} */
const FIELDS = [
  ["name", "Name", (input) => input.name],
  ["tickers", "Tickers", (input) => h("span", { class: "symbols" }, ...input.tickers.map(symbolBadge))],
  ["timeframe_days", "Time frame", (input) => plural(input.timeframe_days, "day")],
  ["include_extended_hours", "Extended hours", (input) => (input.include_extended_hours ? "On" : "Off")],
];

/**
 * Show the fields that either side has changed. A field that only one side has changed is merged.
 * @param {Draft} draft
 * @param {Configuration} theirs the stored configuration
 * @param {object} on
 * @param {(form: Form) => void} on.continue the form to continue with
 * @param {() => void} on.save the user wants to save the merged form now
 */
export function showConflict({ base, form }, theirs, on) {
  const place = byId("conflict", HTMLElement);
  if (!base) return;
  const merged = merge(form, base, theirs);
  const mine = changesFrom(inputOf(merged), theirs);
  const others = changesFrom(inputOf(formOf(theirs)), base);
  if (Object.keys(mine).length === 0) return on.continue(merged);

  const rows = FIELDS.filter(([field]) => field in mine || field in others).map(([field, label, show]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, label),
      h("td", {}, field in mine ? show(inputOf(merged)) : unchanged()),
      h("td", {}, field in others ? show(inputOf(formOf(theirs))) : unchanged()),
    ),
  );
  const keepMine = () => {
    on.continue(merged);
    on.save();
  };
  const changedAt = h("span", {}, formatDateTime(theirs.updated_at));
  place.replaceChildren(
    h("div", { class: "conflict-head" }, icon("fork"), h("b", {}, "Changed elsewhere"), changedAt),
    h("table", {}, columnHeaders(), h("tbody", {}, ...rows)),
    h(
      "div",
      { class: "conflict-choice" },
      smallButton("Use theirs", () => on.continue(formOf(theirs))),
      smallButton("Keep my changes", keepMine),
    ),
  );
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
  place.querySelector("button")?.focus();
}

function columnHeaders() {
  return h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, "Yours"), h("th", { scope: "col" }, "Theirs")));
}

function unchanged() {
  return h("span", { class: "unchanged" }, "unchanged");
}

/**
 * A three-way merge: the fields that the user changed, and the others as they are stored now.
 * @param {Form} form
 * @param {Configuration} base
 * @param {Configuration} theirs
 * @returns {Form}
 */
function merge(form, base, theirs) {
  const changes = changesFrom(inputOf(form), base);
  const merged = { ...formOf(theirs), query: form.query };
  if ("name" in changes) merged.name = form.name;
  if ("tickers" in changes) merged.tickers = form.tickers;
  if ("timeframe_days" in changes) merged.timeframe = form.timeframe;
  if ("include_extended_hours" in changes) merged.extended = form.extended;
  return merged;
}
