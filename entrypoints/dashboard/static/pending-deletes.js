/**
 * Delete with undo. The request is sent when the time to undo has passed, so that an undo loses nothing and needs
 * no free place.
 */

import { ConfigApiError } from "./config-api.js";
import { errorTitle } from "./messages.js";
import { toast } from "./toasts.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").Wait} Wait */

/**
 * @typedef {object} PendingDelete
 * @property {Configuration} configuration
 * @property {number} deadline milliseconds since the epoch
 * @property {() => void} undo
 * @property {() => void} closeToast
 * @property {ReturnType<typeof setTimeout>} timer
 * @property {Promise<void> | null} request
 */

const UNDO_SECONDS = 10;

export class PendingDeletes {
  #api;
  #on;
  /** @type {Map<string, PendingDelete>} */
  #pending = new Map();

  /**
   * @param {ConfigApi} api
   * @param {object} on
   * @param {() => void} on.change a configuration is now hidden, or visible again
   * @param {(id: string) => void} on.deleted
   * @param {(configuration: Configuration, title: string, text: string) => void} on.failed
   * @param {(id: string, wait: Wait | null, stop: () => void) => void} on.wait
   */
  constructor(api, on) {
    this.#api = api;
    this.#on = on;
    addEventListener("pagehide", () => this.#sendLast());
    // Browsers delay timers of hidden tabs.
    document.addEventListener("visibilitychange", () => this.#sendOverdue());
  }

  /** @param {string} id */
  has(id) {
    return this.#pending.has(id);
  }

  /**
   * Hide the configuration now and delete it at the deadline.
   * @param {Configuration} configuration
   * @param {() => void} onUndo called when it is visible again
   * @returns {HTMLElement} the toast that offers the undo
   */
  start(configuration, onUndo) {
    const id = configuration.config_id;
    const undo = () => {
      this.#forget(id);
      onUndo();
    };
    const { element, close } = toast(`Deleted “${configuration.name}”`, {
      action: { label: "Undo", run: undo },
      seconds: UNDO_SECONDS,
    });
    const timer = setTimeout(() => this.#send(id), UNDO_SECONDS * 1000);
    const deadline = Date.now() + UNDO_SECONDS * 1000;
    this.#pending.set(id, { configuration, deadline, undo, closeToast: close, timer, request: null });
    this.#on.change();
    return element;
  }

  /** Undo the latest delete that is not sent yet. */
  undoLatest() {
    [...this.#pending.values()].findLast(({ request }) => !request)?.undo();
  }

  /** Send all pending deletes now, because a create needs the place. */
  async flush() {
    await Promise.all([...this.#pending.keys()].map((id) => this.#send(id)));
  }

  #sendOverdue() {
    for (const [id, { deadline }] of this.#pending) if (Date.now() >= deadline) this.#send(id);
  }

  /** @param {string} id */
  async #send(id) {
    const pending = this.#pending.get(id);
    if (!pending) return;
    clearTimeout(pending.timer);
    pending.closeToast();
    pending.request ??= this.#delete(pending.configuration);
    await pending.request;
  }

  /** @param {Configuration} configuration */
  async #delete(configuration) {
    const id = configuration.config_id;
    const stop = new AbortController();
    const onWait = (/** @type {Wait | null} */ wait) => this.#on.wait(id, wait, () => stop.abort());
    try {
      await this.#api.remove(id, { ifMatch: configuration.revision, signal: stop.signal, onWait });
      if (this.#pending.has(id)) this.#on.deleted(id);
    } catch (error) {
      if (!this.#pending.has(id)) return;
      if (stop.signal.aborted) this.#on.failed(configuration, ...STOPPED);
      else if (!(error instanceof ConfigApiError)) throw error;
      else if (error.status === 404) this.#on.deleted(id);
      else this.#on.failed(configuration, ...reasonOf(error));
    } finally {
      this.#forget(id);
    }
  }

  /** The user leaves: send what is pending without waiting for it, and offer no undo to the next user. */
  leave() {
    this.#sendLast();
    for (const id of this.#pending.keys()) this.#forget(id);
  }

  /** Send pending deletes as requests that outlive the page. */
  #sendLast() {
    for (const [id, { configuration, request }] of this.#pending) {
      if (request) continue;
      this.#api.remove(id, { ifMatch: configuration.revision, keepalive: true, patience: 0 }).catch(() => {});
    }
  }

  /** @param {string} id */
  #forget(id) {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    pending?.closeToast();
    this.#pending.delete(id);
    this.#on.change();
  }
}

/** @type {[string, string]} */
const STOPPED = ["The delete was stopped", "If the service had already received it, the watchlist is deleted."];

/**
 * @param {ConfigApiError} error
 * @returns {[string, string]}
 */
function reasonOf(error) {
  return error.status === 412
    ? ["Not deleted: it was changed elsewhere", "It is shown as it is now. Delete it again if you still want to."]
    : [`Not deleted: ${errorTitle(error).toLowerCase()}`, "It is back in your list."];
}
