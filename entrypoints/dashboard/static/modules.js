/** Modules that the page loads when it needs them. */

import { ConfigApiError } from "./config-api.js";
import { errorTitle } from "./messages.js";
import { notice, smallButton } from "./notices.js";
import { renewStoredPage } from "./stored-page.js";

/** @typedef {import("./notices.js").Notices} Notices */

/**
 * Without a connection, loading a module fails as a request does. After an update of the service it is not there.
 * @template T
 * @param {Promise<T>} module
 * @returns {Promise<T>}
 */
export async function loaded(module) {
  try {
    return await module;
  } catch (cause) {
    if (await renewStoredPage()) {
      const text = "Reload it to continue. What you are typing is kept.";
      throw new ConfigApiError(text, { status: 404, code: "page_updated", cause });
    }
    throw new ConfigApiError("A part of the page cannot be loaded.", { status: 0, code: "network_error", cause });
  }
}

/**
 * Use a module that is loaded now, and show the failure if it cannot be loaded.
 * @template T
 * @param {Notices} notices
 * @param {Promise<T>} module
 * @param {(module: T) => void | Promise<void>} use
 */
export async function useLoaded(notices, module, use) {
  try {
    await use(await loaded(module));
  } catch (error) {
    if (!(error instanceof ConfigApiError)) throw error;
    const actions = error.code === "page_updated" ? [reloadButton()] : [];
    notices.show("module", { tone: "warning", title: errorTitle(error), text: [error.message], actions });
  }
}

/**
 * Renew the stored page, and show that there is a newer one than the one that is open.
 * @param {Notices} notices
 */
export async function showNewVersion(notices) {
  if (!(await renewStoredPage())) return;
  const text = ["Reload it to use the new version. What you are typing is kept."];
  notices.set("version", notice({ title: "This page has been updated", text, actions: [reloadButton()] }));
}

function reloadButton() {
  return smallButton("Reload", () => location.reload());
}
