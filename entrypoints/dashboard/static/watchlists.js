/** The user's configurations: loaded from the service, kept for the next visit, shared with other windows. */

import { read, write } from "./storage.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").Options} Options */

/**
 * @typedef {object} Kept The list as it was last received.
 * @property {string} userId
 * @property {Configuration[]} configurations newest first
 * @property {number} maxAllowed
 * @property {string | null} etag null after a change of our own
 * @property {string} receivedAt ISO 8601
 */

const NAME = "list";

export class Watchlists {
  #api;
  #userId;
  #onChange;
  #channel = new BroadcastChannel("config-api");
  /** @type {Kept | null} */
  #kept = null;
  #changes = 0;
  #isKnown = true;

  /**
   * Whether the list was received from the service since the page was opened; otherwise it is that of an earlier visit.
   */
  isCurrent = false;

  /**
   * @param {ConfigApi} api
   * @param {() => string | undefined} userId of the present user
   * @param {object} on
   * @param {() => void} on.change
   * @param {() => void} on.changedElsewhere another window has changed a configuration
   */
  constructor(api, userId, on) {
    this.#api = api;
    this.#userId = userId;
    this.#onChange = on.change;
    this.#channel.addEventListener("message", on.changedElsewhere);
    const kept = read(NAME);
    if (kept && kept.userId === userId() && kept.configurations.length > 0) this.#kept = kept;
  }

  /** Null until the first list is known. */
  get list() {
    return this.#isKnown ? this.#kept : null;
  }

  /**
   * Load the list; an unchanged list is not transferred. If this window changes a configuration meanwhile, the response
   * may be older than the change: the list is loaded again.
   * @param {Options} options
   */
  async load(options) {
    let changes;
    let received;
    do {
      changes = this.#changes;
      const etag = this.#kept?.userId === this.#userId() ? this.#kept?.etag : null;
      received = await this.#api.list({ ...options, ifNoneMatch: etag });
    } while (changes !== this.#changes);
    if (received) {
      const { configurations, max_allowed: maxAllowed, etag } = received;
      this.#kept = { userId: this.#userId() ?? "", configurations, maxAllowed, etag, receivedAt: "" };
    }
    if (this.#kept) this.#kept.receivedAt = new Date().toISOString();
    this.isCurrent = this.#isKnown = true;
    write(NAME, this.#kept);
    this.#onChange();
  }

  /**
   * A configuration was created or changed in this window.
   * @param {Configuration} configuration
   */
  put(configuration) {
    const others = this.#kept?.configurations ?? [];
    const isSame = (/** @type {Configuration} */ each) => each.config_id === configuration.config_id;
    this.#change(
      others.some(isSame) ? others.map((each) => (isSame(each) ? configuration : each)) : [configuration, ...others],
    );
  }

  /**
   * A configuration was deleted in this window.
   * @param {string} id
   */
  drop(id) {
    this.#change(this.#kept?.configurations.filter((each) => each.config_id !== id) ?? []);
  }

  /** Everything was deleted in this window. */
  clear() {
    this.#change([]);
  }

  /** The user is another one: their list is not known yet, only what they save before it is received. */
  forget() {
    this.#changes += 1;
    if (this.#kept) this.#kept = { ...this.#kept, userId: "", configurations: [], etag: null };
    this.#isKnown = false;
    this.isCurrent = false;
  }

  /** @param {Configuration[]} configurations */
  #change(configurations) {
    this.#changes += 1;
    this.#isKnown = true;
    if (this.#kept) this.#kept = { ...this.#kept, configurations, etag: null };
    write(NAME, this.#kept);
    this.#channel.postMessage("changed");
    this.#onChange();
  }
}
