/** One anonymous session for all tabs of a browser, begun and renewed by itself. */

import { keep, recall } from "./storage.js";

/** @typedef {import("./config-api.js").Session} Session */

const NAME = "session";

export class SessionKeeper {
  #start;
  #onRenewed;

  /**
   * @param {() => Promise<Session>} start asks for a new session
   * @param {() => void} onRenewed called after a refused one was replaced: by a new user, who owns nothing yet
   */
  constructor(start, onRenewed) {
    this.#start = start;
    this.#onRenewed = onRenewed;
  }

  /** @returns {Session | null} */
  get current() {
    return recall(NAME);
  }

  /**
   * The token to send.
   * @param {string} [refused] one that the service didn't take
   * @returns {Promise<string>}
   */
  token = async (refused) => {
    const kept = this.current;
    if (kept && kept.token !== refused) return kept.token;
    return exclusively(async () => {
      const other = this.current; // another tab may have been faster
      if (other && other.token !== refused) return other.token;
      const session = await this.#start();
      keep(NAME, session);
      if (refused) this.#onRenewed();
      return session.token;
    });
  };
}

/**
 * One tab at a time, where the browser can tell them apart.
 * @param {() => Promise<string>} work
 * @returns {Promise<string>}
 */
async function exclusively(work) {
  return navigator.locks ? navigator.locks.request(`config-api.${NAME}`, work) : work();
}
