/**
 * Deleting with second thoughts. Nothing is sent until the time for them is over, so that taking it back can
 * neither lose anything nor need a place that somebody else has taken since.
 */

import { ConfigApiError, RevisionMismatch } from "./config-api.js";
import { toast } from "./toasts.js";
import { title } from "./wording.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./config-api.js").Configuration & {etag?: string | null}} Configuration */
/** @typedef {{configuration: Configuration, etag: string | null, changed: boolean, close: () => void, sending: Promise<void> | null}} Deletion */

export class Deletions {
  #api;
  #on;
  /** @type {Map<string, Deletion>} */
  #pending = new Map();

  /**
   * @param {ConfigApi} api
   * @param {object} on
   * @param {() => void} on.change something is now hidden, or back
   * @param {(id: string) => void} on.deleted
   * @param {(configuration: Configuration, title: string, text: string) => void} on.kept it could not be deleted, and why
   * @param {(id: string, wait: Wait | null, stop: () => void) => void} on.wait
   */
  constructor(api, on) {
    this.#api = api;
    this.#on = on;
    addEventListener("pagehide", () => this.#leave());
  }

  /** @param {string} id */
  has(id) {
    return this.#pending.has(id);
  }

  /**
   * Hide it now, delete it when the time to undo is over.
   * @param {Configuration} configuration
   * @param {() => void} onUndo called after it is back
   * @returns {HTMLElement} the message that offers the undo
   */
  begin(configuration, onUndo) {
    const id = configuration.config_id;
    const { element, close } = toast(`Deleted “${configuration.name}”`, {
      action: { label: "Undo", run: () => (this.#forget(id), onUndo()) },
      onGone: () => this.#send(id),
    });
    const deletion = { configuration, etag: configuration.etag ?? null, changed: false, close, sending: null };
    this.#pending.set(id, deletion);
    if (!deletion.etag) this.#look(deletion);
    this.#on.change();
    return element;
  }

  /** Send what is pending now: somebody needs the place. */
  async flush() {
    await Promise.all([...this.#pending.keys()].map((id) => this.#send(id)));
  }

  /**
   * Which revision is it that they saw? Without an answer it is deleted whatever its revision.
   * @param {Deletion} deletion
   */
  async #look(deletion) {
    try {
      const stored = await this.#api.get(deletion.configuration.config_id, { patience: 0 });
      deletion.etag = stored.etag;
      deletion.changed = stored.updated_at !== deletion.configuration.updated_at;
    } catch (error) {
      if (!(error instanceof ConfigApiError)) throw error;
    }
  }

  /** @param {string} id */
  #send(id) {
    const deletion = this.#pending.get(id);
    if (!deletion) return Promise.resolve();
    deletion.close();
    deletion.sending ??= this.#delete(id, deletion);
    return deletion.sending;
  }

  /**
   * @param {string} id
   * @param {Deletion} deletion
   */
  async #delete(id, { configuration, etag, changed }) {
    const stop = new AbortController();
    try {
      if (changed) throw new ConfigApiError("", { status: 412, code: "revision_mismatch" });
      await this.#api.remove(id, {
        ifMatch: etag,
        signal: stop.signal,
        onWait: (wait) => this.#on.wait(id, wait, () => stop.abort()),
      });
      this.#on.deleted(id);
    } catch (error) {
      if (error instanceof ConfigApiError && error.status === 404) this.#on.deleted(id);
      else this.#on.kept(configuration, ...why(error));
    } finally {
      this.#forget(id);
    }
  }

  /** The page is going away: send what is pending in a way that outlives it. */
  #leave() {
    for (const [id, { etag, changed, sending }] of this.#pending) {
      if (sending || changed) continue;
      this.#api.remove(id, { ifMatch: etag, keepalive: true, patience: 0 }).catch(() => {});
    }
  }

  /** @param {string} id */
  #forget(id) {
    this.#pending.delete(id);
    this.#on.change();
  }
}

/**
 * @param {unknown} error
 * @returns {[string, string]}
 */
function why(error) {
  if (error instanceof RevisionMismatch || (error instanceof ConfigApiError && error.status === 412)) {
    return ["Not deleted: it was changed elsewhere", "Have a look at what it says now, then decide."];
  }
  if (error instanceof ConfigApiError) return [`Not deleted: ${title(error).toLowerCase()}`, "It is back in your list."];
  return ["The deletion was stopped", "If it had already reached the service, it is gone from the list."];
}
