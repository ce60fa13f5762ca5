/** Rename a watchlist in its card. */

import { ConfigApiError, RevisionMismatch } from "./config-api.js";
import { errorTitle } from "./messages.js";
import { countdown, requestReference } from "./notices.js";
import { toast } from "./toasts.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./dialogs.js").Page} Page */

/**
 * @param {Page} page
 * @param {Configuration} configuration
 * @param {string} name
 * @returns {Promise<boolean>} false if it failed
 */
export async function rename({ api, notices, watchlists, refresh }, { config_id, revision }, name) {
  const stop = new AbortController();
  const onWait = (/** @type {Wait | null} */ wait) =>
    notices.set(`rename-${config_id}`, wait && wait.seconds !== Infinity ? countdown(wait, () => stop.abort()) : null);
  try {
    watchlists.put(await api.update(config_id, { name }, { ifMatch: revision, signal: stop.signal, onWait }));
    toast(`Renamed to “${name}”`);
    return true;
  } catch (error) {
    if (!stop.signal.aborted && !(error instanceof ConfigApiError)) throw error;
    if (error instanceof ConfigApiError) {
      const title = error instanceof RevisionMismatch ? "it was changed elsewhere" : errorTitle(error).toLowerCase();
      const text = error instanceof RevisionMismatch ? [] : [error.message, requestReference(error)];
      notices.show("rename-failed", { tone: "warning", title: `Not renamed: ${title}`, text });
    }
    return false;
  } finally {
    refresh();
  }
}
