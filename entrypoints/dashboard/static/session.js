/** One anonymous session for all tabs of a browser: started at the first request, renewed, replaced when it has expired. */

import { ConfigApi } from "./config-api.js";
import { exclusively, read, write } from "./storage.js";

/** @typedef {import("./config-api.js").ConfigApiError} ConfigApiError */
/** @typedef {import("./config-api.js").Session} Session */
/** @typedef {import("./config-api.js").Wait} Wait */

const NAME = "session";
const STORED = "config-api.session";
const DAY = 86_400_000;
/** Fewer days than these are left: renew. The service does nothing before. */
const RENEWAL_DAYS = 20;

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
    // Another tab has given it up. To clear the whole storage has no key, and gives up nothing.
    addEventListener("storage", ({ key, newValue }) => {
      if (key === STORED && newValue === null) this.#last = null;
    });
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

  /** Days until the session ends; Infinity without a session. */
  get daysLeft() {
    const { current } = this;
    return current ? (Date.parse(current.session_expires_at) - Date.now()) / DAY : Infinity;
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
    return exclusively(NAME, () => this.#start(refused));
  };

  /**
   * Renew the session if it is due. Another tab may have done so.
   * @param {string | undefined} baseUrl
   */
  async renew(baseUrl) {
    const isDue = () => this.daysLeft > 0 && this.daysLeft < RENEWAL_DAYS;
    if (!isDue()) return;
    await exclusively(NAME, async () => {
      const session = this.current;
      if (!session || !isDue()) return;
      // Not the client of the page, whose token comes from here: the lock is held.
      const api = new ConfigApi({ baseUrl, getToken: () => session.token });
      this.#keep(await api.renewSession({ patience: 0 }));
    });
  }

  /** Give up the session: the next request starts another. */
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
    if (refused) this.#on.replaced();
    this.#keep(session);
    return session.token;
  }

  /** @param {Session} session */
  #keep(session) {
    write(NAME, session);
    this.#last = session;
  }
}
