/** Modules that the page loads when it needs them. */

import { ConfigApiError } from "./config-api.js";
import { errorTitle } from "./messages.js";

/** @typedef {import("./notices.js").Notices} Notices */

/**
 * Without a connection, loading a module fails as a request does.
 * @template T
 * @param {Promise<T>} module
 * @returns {Promise<T>}
 */
export async function loaded(module) {
  try {
    return await module;
  } catch (cause) {
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
    notices.show("module", { tone: "warning", title: errorTitle(error), text: [error.message] });
  }
}
