/** One anonymous session for all tabs of a browser: started at the first request, replaced when it has expired. */

import { read, write } from "./storage.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").ConfigApiError} ConfigApiError */
/** @typedef {import("./config-api.js").Session} Session */
/** @typedef {import("./config-api.js").Wait} Wait */

const NAME = "session";

export class AnonymousSession {
  #api;
  #on;
  /** @type {Session | null} */
  #last = null;

  /**
   * @param {ConfigApi} api a client without a token
   * @param {object} on
   * @param {(wait: Wait | null) => void} on.wait
   * @param {() => void} on.replaced an expired session was replaced by that of a new user, who has no watchlists
   */
  constructor(api, on) {
    this.#api = api;
    this.#on = on;
  }

  /**
   * The session in use. It survives the deletion of the browser's storage while the page is open; otherwise the
   * page would silently continue as another user.
   * @returns {Session | null}
   */
  get current() {
    const stored = read(NAME);
    if (!stored && this.#last) write(NAME, this.#last);
    this.#last = stored ?? this.#last;
    return this.#last;
  }

  /**
   * The token to send. Only an expired session is replaced: with any other error the token may be valid again
   * later (a clock that was set back, a key that is restored), and so may its watchlists.
   * @param {string} [refused]
   * @param {ConfigApiError} [error] why it was refused
   * @returns {Promise<string | null>}
   */
  token = async (refused, error) => {
    if (error && error.code !== "expired_token") return null;
    const stored = this.current;
    if (stored && stored.token !== refused) return stored.token;
    return exclusively(() => this.#start(refused));
  };

  /** Give up the session, which the service refuses, and let the next request start another. */
  discard() {
    write(NAME, null);
    this.#last = null;
  }

  /** @param {string | undefined} refused */
  async #start(refused) {
    const isUsable = (/** @type {Session | null} */ session) => session !== null && session.token !== refused;
    // Another tab may have been faster.
    const other = this.current;
    if (other && isUsable(other)) return other.token;
    const started = await this.#api.startSession({ onWait: this.#on.wait });
    // Without Web Locks another tab may have started one at the same time: both use the first that was stored.
    const stored = read(NAME);
    const session = isUsable(stored) ? stored : started;
    write(NAME, session);
    this.#last = session;
    if (refused) this.#on.replaced();
    return session.token;
  }
}

/**
 * Run `work` in one tab at a time, where the browser has Web Locks (a secure context).
 * @param {() => Promise<string>} work
 * @returns {Promise<string>}
 */
async function exclusively(work) {
  return navigator.locks ? navigator.locks.request(`config-api.${NAME}`, work) : work();
}
