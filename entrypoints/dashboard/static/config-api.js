/**
 * A client for the Config API. It needs only a browser, and can be copied together with http-client.js.
 *
 * It sends one idempotency key for all attempts of a create, waits for `Retry-After`, repeats after transient
 * failures, reports every error as a ConfigApiError, and never mistakes its own lost success for a conflict.
 */

import { ConfigApiError, HttpClient } from "./http-client.js";

export { ConfigApiError, retryAfter } from "./http-client.js";

/** @typedef {import("./http-client.js").Options} Options */
/** @typedef {import("./http-client.js").Wait} Wait */
/** @typedef {import("./http-client.js").FieldError} FieldError */

/** @typedef {{symbol: string, name: string, exchange: string}} Ticker */
/** @typedef {Ticker & {is_active: boolean, successor?: string}} ListedTicker */

/**
 * @typedef {object} ConfigurationInput The fields that a caller writes.
 * @property {string} name
 * @property {string[]} tickers
 * @property {number} [timeframe_days] default 7
 * @property {boolean} [include_extended_hours] default false
 */

/** @typedef {{created_at: string, updated_at: string}} Times ISO 8601, UTC */
/** @typedef {{revision: string, etag?: string}} Version `revision` is unique to it, for `ifMatch`; `etag` has quotes */
/** @typedef {Required<Omit<ConfigurationInput, "tickers">> & {config_id: string, tickers: Ticker[]} & Times & Version} Configuration */
/** @typedef {{configurations: Configuration[], max_allowed: number, remaining: number}} ConfigurationList */
/** @typedef {{user_id: string, token: string, auth_type: string, created_at: string, session_expires_at: string}} Session */
/** @typedef {{max_configurations: number, max_tickers: number}} Limits */
/** @typedef {{user_id: string, auth_type: string, is_anonymous: boolean, session_expires_at: string, limits: Limits}} Me */
/** @typedef {ConfigurationList & {adopted: Configuration[]}} Adoption */
/** @typedef {{source: string, version: string, count: number, age_seconds: number}} TickerListState */
/** @typedef {{status: string, store: string, tickers: TickerListState}} Readiness */

/**
 * @typedef {object} SignIn What a browser needs to sign in at the issuer.
 * @property {string} issuer
 * @property {string} client_id
 * @property {string} scope
 * @property {Record<string, string>} parameters of the authorization request, besides the standard ones
 * @property {string} authorization_endpoint
 * @property {string} token_endpoint
 * @property {string | null} end_session_endpoint
 * @property {"id_token" | "access_token"} token_use the token that the service accepts
 */

/**
 * @typedef {object} TickerValidation
 * @property {string} symbol
 * @property {boolean} valid
 * @property {"valid" | "delisted" | "unknown"} status
 * @property {Ticker} [ticker]
 * @property {string} [successor] the symbol that replaced a delisted one
 * @property {string} message
 */

/** A 412: what the caller wrote, and what is stored. To overwrite it, write again with `theirs.revision`. */
export class RevisionMismatch extends ConfigApiError {
  /**
   * @param {ConfigApiError} error
   * @param {Partial<ConfigurationInput> | null} mine null for a delete
   * @param {Configuration} theirs
   */
  constructor(error, mine, theirs) {
    super(error.message, { ...error, cause: error });
    this.name = "RevisionMismatch";
    this.mine = mine;
    this.theirs = theirs;
  }
}

export class ConfigApi {
  #http;

  /**
   * @param {object} [options]
   * @param {string} [options.baseUrl] such as `https://api.example.com/api/v2`
   * @param {(refused?: string, error?: ConfigApiError) => string | null | Promise<string | null>} [options.getToken]
   *   returns the token to send; after a 401 it is called with the refused token and the error, and another token
   *   that it returns is tried once
   * @param {typeof fetch} [options.fetch]
   * @param {() => number} [options.random] in [0, 1)
   * @param {number} [options.patience] maximum seconds that one call spends waiting
   */
  constructor({ baseUrl = "/api/v2", getToken = () => null, fetch, random = Math.random, patience = 120 } = {}) {
    const send = fetch ?? globalThis.fetch.bind(globalThis);
    this.#http = new HttpClient({ baseUrl, getToken, fetch: send, random, patience });
  }

  /**
   * Create an anonymous user.
   * @param {Options} [options]
   * @returns {Promise<Session>}
   */
  async startSession(options) {
    return (await this.#http.send("POST", "/auth/anonymous", { ...options, anonymous: true })).body;
  }

  /**
   * Give the anonymous session another 30 days. A token that is younger than 10 days comes back as it is.
   * @param {Options} [options]
   * @returns {Promise<Session>}
   */
  async renewSession(options) {
    return (await this.#http.send("POST", "/auth/renew", options)).body;
  }

  /**
   * @param {Options} [options]
   * @returns {Promise<SignIn | null>} null if nobody can sign in
   */
  async signIn(options) {
    return (await this.#http.send("GET", "/auth/sign-in", { ...options, anonymous: true })).body.oidc;
  }

  /**
   * @param {Options} [options]
   * @returns {Promise<Me>} the user of the token
   */
  async me(options) {
    return (await this.#http.send("GET", "/auth/me", options)).body;
  }

  /**
   * Move configurations of an anonymous session to the member who calls: all or none.
   * @param {string} anonymousToken
   * @param {Options & {configIds?: string[]}} [options] without `configIds`, everything that the session holds
   * @returns {Promise<Adoption>}
   */
  async adopt(anonymousToken, { configIds, ...options } = {}) {
    const body = { anonymous_token: anonymousToken, config_ids: configIds };
    return (await this.#http.send("POST", "/configurations/adopt", { ...options, body })).body;
  }

  /**
   * Delete everything that the caller holds.
   * @param {Options} [options]
   * @returns {Promise<void>}
   */
  async erase(options) {
    await this.#http.send("DELETE", "/auth/me", options);
  }

  /**
   * @param {Options & {ifNoneMatch?: string | null}} [options]
   * @returns {Promise<(ConfigurationList & {etag: string | null}) | null>} null if it still has the ETag `ifNoneMatch`
   */
  async list({ ifNoneMatch, ...options } = {}) {
    const request = { ...options, headers: { "If-None-Match": ifNoneMatch }, accept: [304] };
    const { status, headers, body } = await this.#http.send("GET", "/configurations", request);
    return status === 304 ? null : { ...body, etag: headers.get("ETag") };
  }

  /**
   * @param {string} id
   * @param {Options} [options]
   * @returns {Promise<Configuration>}
   */
  async get(id, options) {
    return configurationOf(await this.#http.send("GET", pathOf(id), options));
  }

  /**
   * Create at most one configuration, however often the call is repeated with the same key.
   * @param {ConfigurationInput} input
   * @param {Options & {idempotencyKey?: string}} [options]
   * @returns {Promise<Configuration>}
   */
  async create(input, { idempotencyKey = newIdempotencyKey(), ...options } = {}) {
    const headers = { "Idempotency-Key": idempotencyKey };
    return configurationOf(await this.#http.send("POST", "/configurations", { ...options, headers, body: input }));
  }

  /**
   * Change the given fields if the stored revision is `ifMatch` (a revision or an ETag). Otherwise throw RevisionMismatch, except where
   * the stored fields already have these values: then an earlier attempt succeeded and its response was lost.
   * @param {string} id
   * @param {Partial<ConfigurationInput>} changes
   * @param {Options & {ifMatch?: string | null}} [options]
   * @returns {Promise<Configuration>}
   */
  async update(id, changes, options) {
    return this.#change("PATCH", id, changes, options);
  }

  /**
   * Replace all fields, under the conditions of `update`. A field that is left out gets its default.
   * @param {string} id
   * @param {ConfigurationInput} input
   * @param {Options & {ifMatch?: string | null}} [options]
   * @returns {Promise<Configuration>}
   */
  async replace(id, input, options) {
    return this.#change("PUT", id, input, options);
  }

  /**
   * Delete it if the stored revision is `ifMatch`; otherwise throw RevisionMismatch.
   * @param {string} id
   * @param {Options & {ifMatch?: string | null, keepalive?: boolean}} [options]
   * @returns {Promise<void>}
   */
  async remove(id, { ifMatch, ...options } = {}) {
    let repeated = false;
    /** @param {Wait | null} wait */
    const onWait = (wait) => {
      repeated = true;
      options.onWait?.(wait);
    };
    try {
      await this.#http.send("DELETE", pathOf(id), { ...options, onWait, headers: revisionHeader(ifMatch) });
    } catch (error) {
      if (!(error instanceof ConfigApiError)) throw error;
      // An earlier attempt succeeded and its response was lost.
      if (error.status === 404 && repeated) return;
      if (error.status !== 412) throw error;
      throw new RevisionMismatch(error, null, await this.get(id, options));
    }
  }

  /**
   * @param {string} query
   * @param {Options & {limit?: number}} [options]
   * @returns {Promise<Ticker[]>} best match first
   */
  async searchTickers(query, { limit = 10, ...options } = {}) {
    const search = new URLSearchParams({ q: query, limit: String(limit) });
    return (await this.#http.send("GET", `/tickers/search?${search}`, { ...options, anonymous: true })).body.results;
  }

  /**
   * @param {string[]} symbols at most 50
   * @param {Options} [options]
   * @returns {Promise<TickerValidation[]>} in the order of `symbols`
   */
  async validateTickers(symbols, options) {
    const request = { ...options, anonymous: true, body: { symbols } };
    return (await this.#http.send("POST", "/tickers/validate", request)).body.results;
  }

  /**
   * @param {string} symbol in any spelling
   * @param {Options} [options]
   * @returns {Promise<TickerValidation>}
   */
  async validateTicker(symbol, options) {
    const search = new URLSearchParams({ symbol });
    return (await this.#http.send("GET", `/tickers/validate?${search}`, { ...options, anonymous: true })).body;
  }

  /**
   * @param {string} symbol in any spelling, also of a security that is no longer traded
   * @param {Options} [options]
   * @returns {Promise<ListedTicker>}
   */
  async ticker(symbol, options) {
    const path = `/tickers/${encodeURIComponent(symbol)}`;
    return (await this.#http.send("GET", path, { ...options, anonymous: true })).body;
  }

  /**
   * The state of the service and its ticker list, also while the store is down.
   * @param {Options} [options]
   * @returns {Promise<Readiness>}
   */
  async readiness(options) {
    return (await this.#http.send("GET", "/health/ready", { ...options, anonymous: true, accept: [503], patience: 0 }))
      .body;
  }

  /**
   * @param {"PATCH" | "PUT"} method
   * @param {string} id
   * @param {Partial<ConfigurationInput>} changes
   * @param {Options & {ifMatch?: string | null}} [options]
   * @returns {Promise<Configuration>}
   */
  async #change(method, id, changes, { ifMatch, ...options } = {}) {
    try {
      const request = { ...options, headers: revisionHeader(ifMatch), body: changes };
      return configurationOf(await this.#http.send(method, pathOf(id), request));
    } catch (error) {
      if (!(error instanceof ConfigApiError) || error.status !== 412) throw error;
      const theirs = await this.get(id, options);
      if (contains(theirs, changes)) return theirs;
      throw new RevisionMismatch(error, changes, theirs);
    }
  }
}

/** A new idempotency key. Keep it until the create is settled, also across a reload. */
export function newIdempotencyKey() {
  // crypto.randomUUID exists only in secure contexts.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The canonical form of a symbol: `brk-b` and ` BRK/B ` become `BRK.B`. Fullwidth letters, dashes and invisible
 * characters, which pasted text carries, are understood.
 * @param {string} text
 */
export function canonicalSymbol(text) {
  return text
    .normalize("NFKC")
    .replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, "")
    .trim()
    .toUpperCase()
    .replace(/[-/\u2010-\u2015\u2212]/g, ".");
}

/**
 * The revision is taken from the body: proxies that compress weaken or drop the ETag header.
 * @param {import("./http-client.js").Answer} answer
 * @returns {Configuration}
 */
function configurationOf({ body }) {
  return { ...body, etag: `"${body.revision}"` };
}

/** @param {string | null | undefined} ifMatch */
function revisionHeader(ifMatch) {
  return { "If-Match": ifMatch && (ifMatch.endsWith('"') ? ifMatch : `"${ifMatch}"`) };
}

/**
 * Whether the configuration has every value of the changes.
 * @param {Configuration} stored
 * @param {Partial<ConfigurationInput>} changes
 */
function contains(stored, changes) {
  return (
    (changes.name === undefined || changes.name.trim().normalize() === stored.name) &&
    (changes.timeframe_days === undefined || changes.timeframe_days === stored.timeframe_days) &&
    (changes.include_extended_hours === undefined ||
      changes.include_extended_hours === stored.include_extended_hours) &&
    (changes.tickers === undefined ||
      changes.tickers.map(canonicalSymbol).join() === stored.tickers.map((ticker) => ticker.symbol).join())
  );
}

/** @param {string} id */
function pathOf(id) {
  return `/configurations/${encodeURIComponent(id)}`;
}
