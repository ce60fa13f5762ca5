/** Modules that the page loads when it needs them. */

import { ConfigApiError } from "./config-api.js";

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
