/** Unsaved input. It is stored with every keystroke, so that neither a reload nor a failure loses it. */

import { memberId } from "./account.js";
import { newIdempotencyKey } from "./config-api.js";
import { read, write } from "./storage.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").ConfigurationInput} ConfigurationInput */
/** @typedef {import("./ticker-entries.js").Entry} Entry */

/**
 * @typedef {object} Form The fields as they are, valid or not.
 * @property {string} name
 * @property {Entry[]} tickers
 * @property {string} query the text in the ticker field
 * @property {string} timeframe
 * @property {boolean} extended
 */

/**
 * @typedef {object} Draft What the user is about to create or change.
 * @property {string} id `new`, or the id of the configuration
 * @property {string} key the idempotency key; identifies the draft
 * @property {string | null} memberId the member who typed it; null: who uses this browser without signing in
 * @property {Form} initial the form as it was opened
 * @property {Form} form
 * @property {Configuration | null} base the configuration as it was when editing started
 * @property {ConfigurationInput | null} sent a create that was sent and whose result is unknown
 */

/** @returns {Form} */
export function emptyForm() {
  return { name: "", tickers: [], query: "", timeframe: "7", extended: false };
}

/**
 * @param {Configuration} configuration
 * @returns {Form}
 */
export function formOf({ name, tickers, timeframe_days, include_extended_hours }) {
  return { name, tickers, query: "", timeframe: String(timeframe_days), extended: include_extended_hours };
}

/**
 * @param {Form} initial
 * @param {Configuration | null} base
 * @returns {Draft}
 */
export function newDraft(initial, base) {
  const id = base?.config_id ?? "new";
  return { id, key: newIdempotencyKey(), memberId: memberId(), initial, form: initial, base, sent: null };
}

/**
 * Whether closing the draft loses nothing.
 * @param {Draft} draft
 */
export function isUntouched({ initial, form, sent }) {
  return sent === null && form.query === initial.query && sameInput(inputOf(form), inputOf(initial));
}

/**
 * Whether the present user may continue the draft. What was typed before signing in follows to the member, unless it
 * was sent: a key belongs to the user who sent it.
 * @param {Draft} draft
 */
export function isOwn({ memberId: owner, sent }) {
  return owner === memberId() || (owner === null && sent === null);
}

/**
 * The fields that the form asks for.
 * @param {Form} form
 * @returns {Required<ConfigurationInput>}
 */
export function inputOf(form) {
  return {
    name: form.name.trim(),
    tickers: form.tickers.map((entry) => entry.symbol),
    timeframe_days: Number(form.timeframe),
    include_extended_hours: form.extended,
  };
}

/**
 * @param {ConfigurationInput | null} one
 * @param {ConfigurationInput | null} other
 */
export function sameInput(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * Store the draft that is open in this tab. Each tab has its own.
 * @param {Draft | null} draft
 */
export function storeOpenDraft(draft) {
  write("draft", draft, { perTab: true });
}

/** @returns {Draft | null} */
export function readOpenDraft() {
  return read("draft", { perTab: true });
}

/**
 * Keep a closed draft for all tabs. It replaces an older draft of the same configuration; drafts of new
 * configurations are kept side by side.
 * @param {Draft} draft
 */
export function keepDraft(draft) {
  const others = keptDrafts().filter(({ id, key }) => key !== draft.key && (id === "new" || id !== draft.id));
  write("drafts", [...others, draft].slice(-MAX_KEPT));
}

const MAX_KEPT = 20;

/**
 * Take the latest draft of this id that is the user's own, so that no other tab takes it too.
 * @param {string} id
 * @returns {Draft | null}
 */
export function takeDraft(id) {
  const draft = keptDrafts().findLast((each) => each.id === id && isOwn(each)) ?? null;
  if (draft) discardDraft(draft.key);
  return draft;
}

/** @param {string} key */
export function discardDraft(key) {
  write(
    "drafts",
    keptDrafts().filter((each) => each.key !== key),
  );
}

/** Forget what the present user has typed. */
export function forgetDrafts() {
  write(
    "drafts",
    keptDrafts().filter((each) => each.memberId !== memberId()),
  );
  storeOpenDraft(null);
}

/** @returns {Draft[]} of all users of this browser, oldest first */
export function keptDrafts() {
  return read("drafts") ?? [];
}
