/** Save a draft: create or update a configuration, exactly once, whatever happened to earlier attempts. */

import { ConfigApiError, newIdempotencyKey } from "./config-api.js";
import { formOf, inputOf, sameInput, storeOpenDraft } from "./drafts.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").ConfigurationInput} ConfigurationInput */
/** @typedef {import("./config-api.js").Options} Options */
/** @typedef {import("./drafts.js").Draft} Draft */

/**
 * @param {ConfigApi} api
 * @param {Draft} draft
 * @param {ConfigurationInput} input
 * @param {Options} options
 * @returns {Promise<Configuration>} as it is stored
 */
export async function save(api, draft, input, options) {
  const { base } = draft;
  if (!base) return createOnce(api, draft, input, options);
  const changes = changesFrom(input, base);
  if (Object.keys(changes).length === 0) return base;
  return api.update(base.config_id, changes, { ifMatch: base.revision, ...options });
}

/**
 * A create whose watchlist was deleted since is final. Saving again is a new intention, so it gets a new key.
 * @param {ConfigApi} api
 * @param {Draft} draft
 * @param {ConfigurationInput} input
 * @param {Options} options
 */
async function createOnce(api, draft, input, options) {
  try {
    return await create(api, draft, input, options);
  } catch (error) {
    if (error instanceof ConfigApiError && error.code === "deleted_since") {
      draft.key = newIdempotencyKey();
      draft.sent = null;
      storeOpenDraft(draft);
    }
    throw error;
  }
}

/**
 * The draft remembers what was sent, because the response of an earlier attempt may have been lost.
 * @param {ConfigApi} api
 * @param {Draft} draft
 * @param {ConfigurationInput} input
 * @param {Options} options
 */
async function create(api, draft, input, options) {
  draft.sent ??= input;
  storeOpenDraft(draft);
  try {
    return await api.create(input, { idempotencyKey: draft.key, ...options });
  } catch (error) {
    if (!(error instanceof ConfigApiError)) throw error;
    if (error.code === "idempotency_key_reused") return createAgain(api, draft, draft.sent, input, options);
    if (!error.isTransient && sameInput(draft.sent, input)) {
      // A refused create stores nothing.
      draft.sent = null;
      storeOpenDraft(draft);
    }
    throw error;
  }
}

/**
 * The key was used for another body. If that was an earlier attempt of this draft, repeat it to learn what it stored,
 * and update that. Otherwise the key was used in another tab: create with a new one.
 * @param {ConfigApi} api
 * @param {Draft} draft
 * @param {ConfigurationInput} sent
 * @param {ConfigurationInput} input
 * @param {Options} options
 */
async function createAgain(api, draft, sent, input, options) {
  if (!sameInput(sent, input)) {
    const stored = await api.create(sent, { idempotencyKey: draft.key, ...options });
    return api.update(stored.config_id, input, { ifMatch: stored.revision, ...options });
  }
  draft.key = newIdempotencyKey();
  return api.create(input, { idempotencyKey: draft.key, ...options });
}

/**
 * The fields of `input` that differ from the stored ones.
 * @param {ConfigurationInput} input
 * @param {Configuration} stored
 * @returns {Partial<ConfigurationInput>}
 */
export function changesFrom(input, stored) {
  const before = inputOf(formOf(stored));
  const names = /** @type {(keyof ConfigurationInput)[]} */ (Object.keys(input));
  const changed = names.filter((name) => JSON.stringify(input[name]) !== JSON.stringify(before[name]));
  return Object.fromEntries(changed.map((name) => [name, input[name]]));
}
