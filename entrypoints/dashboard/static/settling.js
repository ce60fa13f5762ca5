/** Creates whose result is unknown are settled before the user changes: a key belongs to the user who sent it. */

import { ConfigApiError, newIdempotencyKey } from "./config-api.js";
import {
  discardDraft,
  formOf,
  inputOf,
  keepDraft,
  keptDrafts,
  readOpenDraft,
  sameInput,
  storeOpenDraft,
} from "./drafts.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Options} Options */
/** @typedef {import("./drafts.js").Draft} Draft */

/**
 * Settle what was sent before signing in.
 * @param {ConfigApi} api of the anonymous user
 * @param {Options} options
 */
export async function settleCreates(api, options) {
  const open = readOpenDraft();
  if (open?.sent && open.memberId === null) storeOpenDraft(await settled(api, open, options));
  for (const draft of keptDrafts()) {
    if (!draft.sent || draft.memberId !== null) continue;
    const next = await settled(api, draft, options);
    discardDraft(draft.key);
    if (next) keepDraft(next);
  }
}

/**
 * Repeat the create: it returns what was stored, or stores it now.
 * @param {ConfigApi} api
 * @param {Draft} draft
 * @param {Options} options
 * @returns {Promise<Draft | null>} the draft as a change of the stored configuration; null if nothing is left to save
 */
async function settled(api, draft, options) {
  const { sent, form, key } = draft;
  if (!sent) return draft;
  try {
    const base = await api.create(sent, { idempotencyKey: key, ...options });
    if (sameInput(inputOf(form), sent) && !form.query) return null;
    return { ...draft, id: base.config_id, base, initial: formOf(base), sent: null };
  } catch (error) {
    if (!(error instanceof ConfigApiError) || error.isTransient) throw error;
    return { ...draft, key: newIdempotencyKey(), sent: null };
  }
}
