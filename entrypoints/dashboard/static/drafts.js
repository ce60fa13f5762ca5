/** What was typed and not yet saved: kept with every keystroke, so that neither a reload nor a failure loses it. */

import { newIdempotencyKey } from "./config-api.js";
import { keep, recall } from "./storage.js";

/** @typedef {import("./config-api.js").Draft} Draft */
/** @typedef {import("./config-api.js").Ticker} Ticker */
/** @typedef {import("./config-api.js").Versioned} Versioned */

/**
 * @typedef {object} Form The fields as they stand, right or wrong.
 * @property {string} name
 * @property {Ticker[]} tickers
 * @property {string} query what stands in the ticker field and is not yet a ticker
 * @property {string} timeframe
 * @property {boolean} extended
 */

/**
 * @typedef {object} Intention What somebody is about to create or change.
 * @property {string} id `new`, or the id of what is edited
 * @property {Form} form
 * @property {Versioned | null} base what is edited, as it was when editing began
 * @property {string} key the idempotency key of this one intention
 * @property {Draft | null} sent what was sent and never answered, if anything
 */

/** @returns {Form} */
export function emptyForm() {
  return { name: "", tickers: [], query: "", timeframe: "7", extended: false };
}

/**
 * @param {Versioned} configuration
 * @returns {Form}
 */
export function formOf(configuration) {
  const { name, tickers, timeframe_days, include_extended_hours } = configuration;
  return { name, tickers, query: "", timeframe: String(timeframe_days), extended: include_extended_hours };
}

/**
 * @param {Form} form
 * @param {Versioned | null} base
 * @returns {Intention}
 */
export function intend(form, base) {
  return { id: base?.config_id ?? "new", form, base, key: newIdempotencyKey(), sent: null };
}

/**
 * What the form asks for.
 * @param {Form} form
 * @returns {Draft}
 */
export function draftOf(form) {
  return {
    name: form.name.trim(),
    tickers: form.tickers.map((ticker) => ticker.symbol),
    timeframe_days: Number(form.timeframe),
    include_extended_hours: form.extended,
  };
}

/**
 * @param {Draft | null} one
 * @param {Draft | null} other
 */
export function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * The fields of `draft` that differ from what is stored.
 * @param {Draft} draft
 * @param {Versioned} stored
 * @returns {Partial<Draft>}
 */
export function changesFrom(draft, stored) {
  const before = draftOf(formOf(stored));
  const names = /** @type {(keyof Draft)[]} */ (Object.keys(draft));
  return Object.fromEntries(
    names.flatMap((name) => (JSON.stringify(draft[name]) === JSON.stringify(before[name]) ? [] : [[name, draft[name]]])),
  );
}

/**
 * What the form says, on top of what was stored meanwhile: a field that was not touched is theirs.
 * @param {Form} form
 * @param {Versioned} base
 * @param {Versioned} theirs
 * @returns {Form}
 */
export function onTopOf(form, base, theirs) {
  const before = formOf(base);
  const names = /** @type {(keyof Form)[]} */ (Object.keys(form));
  const touched = names.filter((name) => JSON.stringify(form[name]) !== JSON.stringify(before[name]));
  return { ...formOf(theirs), ...Object.fromEntries(touched.map((name) => [name, form[name]])) };
}

/**
 * What is open in this tab: kept with every keystroke, and over a reload. Each tab has its own.
 * @param {Intention | null} intention
 */
export function hold(intention) {
  keep("draft", intention, { inTab: true });
}

/** @returns {Intention | null} */
export function held() {
  return recall("draft", { inTab: true });
}

/**
 * Put it where any tab finds it.
 * @param {Intention} intention
 */
export function shelve(intention) {
  keep(`draft.${intention.id}`, intention);
}

/**
 * Take it from there, so that no other tab does.
 * @param {string} id
 * @returns {Intention | null}
 */
export function take(id) {
  const shelved = recall(`draft.${id}`);
  keep(`draft.${id}`, null);
  return shelved;
}
