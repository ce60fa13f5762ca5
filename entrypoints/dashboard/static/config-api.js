/**
 * A client for the Config API. It depends on nothing but the browser, and can be copied as it is.
 *
 * What it does for you: one idempotency key for one intention, over all repeats; waits as long as
 * the server asks (`Retry-After`), goes on by itself, and says so; turns every refusal into one kind
 * of error; and never takes its own lost success for somebody else's change.
 */

/** @typedef {{symbol: string, name: string, exchange: string}} Ticker */

/**
 * @typedef {object} Draft What a caller says of a configuration.
 * @property {string} name
 * @property {string[]} tickers
 * @property {number} timeframe_days
 * @property {boolean} include_extended_hours
 */

/**
 * @typedef {object} Configuration
 * @property {string} config_id
 * @property {string} name
 * @property {Ticker[]} tickers
 * @property {number} timeframe_days
 * @property {boolean} include_extended_hours
 * @property {string} created_at ISO 8601, UTC
 * @property {string} updated_at ISO 8601, UTC
 */

/** @typedef {Configuration & {etag: string | null}} Versioned A configuration and the name of this state of it. */
/** @typedef {{configurations: Configuration[], max_allowed: number, remaining: number}} Shelf */
/** @typedef {{user_id: string, token: string, auth_type: string, created_at: string, session_expires_at: string}} Session */
/** @typedef {{status: string, store: string, tickers: {source: string, version: string, count: number, age_seconds: number}}} Readiness */
/** @typedef {{field: string, code: string, detail: string, successor?: string}} FieldError */

/**
 * @typedef {object} Wait Why and until when the client waits before it asks again.
 * @property {ConfigApiError} error what the last try met
 * @property {number} seconds how long it waits; Infinity while the browser is offline
 */

/**
 * @typedef {object} Options Of every call.
 * @property {AbortSignal} [signal] ends the call, also while it waits
 * @property {(wait: Wait | null) => void} [onWait] called when a wait begins, and with null when it is over
 * @property {number} [patience] most seconds to spend waiting; 0 to never ask twice
 */

/** The one error of this client: an answer that refuses, or no answer (`status` 0, code `network_error`). */
export class ConfigApiError extends Error {
  /**
   * @param {string} message a sentence for people
   * @param {object} facts
   * @param {number} facts.status of HTTP; 0 where there was no answer
   * @param {string} facts.code what to decide by: `limit_reached`, `throttled`, …
   * @param {FieldError[]} [facts.fields] the wrong fields, all of them
   * @param {number} [facts.retryAfter] seconds the server asks to wait
   * @param {string} [facts.requestId] to quote to whoever reads the logs
   * @param {unknown} [facts.cause]
   */
  constructor(message, { status, code, fields = [], retryAfter, requestId, cause }) {
    super(message, { cause });
    this.name = "ConfigApiError";
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
  }

  /** Whether the same request may succeed later. After such an error a write may or may not have happened. */
  get isTransient() {
    return TRANSIENT.has(this.status);
  }
}

/** A 412: what was to be written, and what is stored now. Write again with `theirs.etag` to insist. */
export class RevisionMismatch extends ConfigApiError {
  /**
   * @param {ConfigApiError} error
   * @param {Partial<Draft> | null} mine null for a delete
   * @param {Versioned} theirs
   */
  constructor(error, mine, theirs) {
    super(error.message, { ...error, cause: error });
    this.name = "RevisionMismatch";
    this.mine = mine;
    this.theirs = theirs;
  }
}

/** No answer, throttled, or down: 502 and 504 are what a gateway says for us. */
const TRANSIENT = new Set([0, 429, 502, 503, 504]);
const ATTEMPT_TIMEOUT = 15_000;
const LONGEST_WAIT = 60;
const BACKOFF = { base: 0.5, cap: 20 };

export class ConfigApi {
  #baseUrl;
  #getToken;
  #fetch;
  #random;
  #patience;

  /**
   * @param {object} options
   * @param {string} [options.baseUrl] such as `https://api.example.com/api/v2`
   * @param {(refused?: string) => string | null | Promise<string | null>} [options.getToken] the token to send;
   *   called with the one that was refused after a 401, and its answer, if it is another, is tried once
   * @param {typeof fetch} [options.fetch]
   * @param {() => number} [options.random] in [0, 1)
   * @param {number} [options.patience] most seconds that one call spends waiting
   */
  constructor({ baseUrl = "/api/v2", getToken, fetch: fetcher, random = Math.random, patience = 120 } = {}) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#getToken = getToken ?? (() => null);
    this.#fetch = fetcher ?? globalThis.fetch.bind(globalThis);
    this.#random = random;
    this.#patience = patience;
  }

  /**
   * A new anonymous user.
   * @param {Options} [options]
   * @returns {Promise<Session>}
   */
  async startSession(options) {
    return this.#json(await this.#send("POST", "/auth/anonymous", { ...options, anonymous: true }));
  }

  /**
   * @param {Options} [options]
   * @returns {Promise<Shelf>}
   */
  async list(options) {
    return this.#json(await this.#send("GET", "/configurations", options));
  }

  /**
   * @param {string} id
   * @param {Options} [options]
   * @returns {Promise<Versioned>}
   */
  async get(id, options) {
    return this.#versioned(await this.#send("GET", path(id), options));
  }

  /**
   * Create at most one configuration, however often it is repeated with the same key.
   * @param {Draft} draft
   * @param {Options & {idempotencyKey?: string}} [options] give a key to repeat the same intention in another call
   * @returns {Promise<Versioned>}
   */
  async create(draft, { idempotencyKey = newIdempotencyKey(), ...options } = {}) {
    const headers = { "Idempotency-Key": idempotencyKey };
    return this.#versioned(await this.#send("POST", "/configurations", { ...options, headers, body: draft }));
  }

  /**
   * Change the given fields, if it is still at `ifMatch`. Throws RevisionMismatch where it is not,
   * unless what is stored already says what was to be written: then our own answer was lost.
   * @param {string} id
   * @param {Partial<Draft>} changes
   * @param {Options & {ifMatch?: string | null}} [options]
   * @returns {Promise<Versioned>}
   */
  async update(id, changes, { ifMatch, ...options } = {}) {
    try {
      return await this.#versioned(
        await this.#send("PATCH", path(id), { ...options, headers: { "If-Match": ifMatch }, body: changes }),
      );
    } catch (error) {
      if (!(error instanceof ConfigApiError) || error.status !== 412) throw error;
      const theirs = await this.get(id, options);
      if (says(theirs, changes)) return theirs;
      throw new RevisionMismatch(error, changes, theirs);
    }
  }

  /**
   * Delete it, if it is still at `ifMatch`. Throws RevisionMismatch where it is not.
   * @param {string} id
   * @param {Options & {ifMatch?: string | null, keepalive?: boolean}} [options] `keepalive` lets it outlive the page
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
      await this.#send("DELETE", path(id), { ...options, onWait, headers: { "If-Match": ifMatch } });
    } catch (error) {
      if (!(error instanceof ConfigApiError)) throw error;
      if (error.status === 404 && repeated) return; // an earlier try did it, and its answer was lost
      if (error.status !== 412) throw error;
      throw new RevisionMismatch(error, null, await this.get(id, options));
    }
  }

  /**
   * @param {string} query
   * @param {Options & {limit?: number}} [options]
   * @returns {Promise<Ticker[]>}
   */
  async searchTickers(query, { limit = 10, ...options } = {}) {
    const search = new URLSearchParams({ q: query, limit: String(limit) });
    const response = await this.#send("GET", `/tickers/search?${search}`, { ...options, anonymous: true });
    return (await this.#json(response)).results;
  }

  /**
   * What works and how fresh the ticker list is; answers also while the store is down.
   * @param {Options} [options]
   * @returns {Promise<Readiness>}
   */
  async readiness({ signal } = {}) {
    return this.#json(await this.#fetch(`${this.#baseUrl}/health/ready`, { signal, cache: "no-store" }));
  }

  /**
   * Send it, and again while that may help.
   * @param {string} method
   * @param {string} where
   * @param {Options & {headers?: Record<string, string | null | undefined>, body?: unknown, keepalive?: boolean,
   *   anonymous?: boolean}} [request]
   * @returns {Promise<Response>}
   */
  async #send(method, where, { signal, onWait, patience = this.#patience, anonymous = false, ...request } = {}) {
    let token = anonymous ? null : await this.#getToken();
    let renewed = anonymous;
    let waited = 0;
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#attempt(method, where, token, signal, request);
      if (answer instanceof Response) return answer;
      if (answer.status === 401 && !renewed) {
        renewed = true;
        const next = await this.#getToken(token ?? undefined);
        if (!next || next === token) throw answer;
        token = next;
        continue;
      }
      const seconds = this.#pauseAfter(answer, attempt);
      const offline = seconds === Infinity && patience > 0;
      const tooLong = (answer.retryAfter ?? 0) > LONGEST_WAIT || waited + seconds > patience;
      if (!answer.isTransient || (tooLong && !offline)) throw answer;
      onWait?.({ error: answer, seconds });
      try {
        await (offline ? untilOnline(signal) : pause(seconds, signal));
      } finally {
        onWait?.(null);
      }
      waited += offline ? 0 : seconds;
    }
  }

  /**
   * One request over the wire.
   * @param {string} method
   * @param {string} where
   * @param {string | null} token
   * @param {AbortSignal | undefined} signal
   * @param {{headers?: Record<string, string | null | undefined>, body?: unknown, keepalive?: boolean}} request
   * @returns {Promise<Response | ConfigApiError>} an answer that refuses comes back as the error it stands for
   */
  async #attempt(method, where, token, signal, { headers = {}, body, keepalive = false }) {
    const timeout = AbortSignal.timeout(ATTEMPT_TIMEOUT);
    try {
      const response = await this.#fetch(this.#baseUrl + where, {
        method,
        headers: present({
          ...headers,
          Accept: "application/json, application/problem+json",
          Authorization: token && `Bearer ${token}`,
          "Content-Type": body === undefined ? null : "application/json",
        }),
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        cache: "no-store",
        keepalive,
      });
      return response.ok ? response : await refusal(response);
    } catch (cause) {
      signal?.throwIfAborted();
      return new ConfigApiError("The service cannot be reached.", { status: 0, code: "network_error", cause });
    }
  }

  /**
   * Seconds until the next try: never sooner than the server asks, a little later so that a crowd spreads out.
   * @param {ConfigApiError} error
   * @param {number} attempt
   */
  #pauseAfter(error, attempt) {
    if (error.status === 0 && globalThis.navigator?.onLine === false) return Infinity;
    const backoff = this.#random() * Math.min(BACKOFF.cap, BACKOFF.base * 2 ** attempt);
    return Math.max(backoff, (error.retryAfter ?? 0) * (1 + this.#random() / 10));
  }

  /** @param {Response} response */
  async #json(response) {
    return response.json();
  }

  /**
   * @param {Response} response
   * @returns {Promise<Versioned>}
   */
  async #versioned(response) {
    return { ...(await response.json()), etag: response.headers.get("ETag") };
  }
}

/** A key for one intention: keep it until the intention is settled, and across a reload. */
export function newIdempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID wants a secure context
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Seconds that `Retry-After` asks for, whether as seconds or as a date (RFC 9110 §10.2.3). A date is
 * measured against the server's own clock where the answer shows it.
 * @param {Headers} headers
 * @returns {number | undefined}
 */
export function retryAfter(headers) {
  const value = headers.get("Retry-After")?.trim();
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const now = Date.parse(headers.get("Date") ?? "") || Date.now();
  const seconds = (Date.parse(value) - now) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/**
 * @param {Response} response
 * @returns {Promise<ConfigApiError>}
 */
async function refusal(response) {
  const type = response.headers.get("Content-Type") ?? "";
  const problem = type.includes("json") ? await response.json().catch(() => ({})) : {};
  return new ConfigApiError(problem.detail ?? problem.title ?? `The service answered ${response.status}.`, {
    status: response.status,
    code: problem.code ?? `http_${response.status}`,
    fields: problem.errors ?? [],
    retryAfter: retryAfter(response.headers) ?? problem.retry_after,
    requestId: problem.request_id ?? response.headers.get("X-Request-ID") ?? undefined,
  });
}

/**
 * Whether the configuration already has every value of the changes.
 * @param {Configuration} stored
 * @param {Partial<Draft>} changes
 */
function says(stored, changes) {
  return (
    (changes.name === undefined || changes.name.trim().normalize() === stored.name) &&
    (changes.timeframe_days === undefined || changes.timeframe_days === stored.timeframe_days) &&
    (changes.include_extended_hours === undefined ||
      changes.include_extended_hours === stored.include_extended_hours) &&
    (changes.tickers === undefined ||
      changes.tickers.map(canonicalSymbol).join() === stored.tickers.map((ticker) => ticker.symbol).join())
  );
}

/**
 * The one spelling of a symbol: `brk-b` and ` BRK/B ` are `BRK.B`.
 * @param {string} text
 */
export function canonicalSymbol(text) {
  return text.trim().toUpperCase().replace(/[-/]/g, ".");
}

/** @param {string} id */
function path(id) {
  return `/configurations/${encodeURIComponent(id)}`;
}

/** @param {Record<string, string | null | undefined>} headers */
function present(headers) {
  return Object.entries(headers).flatMap(([name, value]) => (value ? [/** @type {[string, string]} */ ([name, value])] : []));
}

/**
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(finish, seconds * 1000);
    function finish() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      signal?.aborted ? reject(signal.reason) : resolve();
    }
    if (signal?.aborted) finish();
    signal?.addEventListener("abort", finish);
  });
}

/**
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function untilOnline(signal) {
  return new Promise((resolve, reject) => {
    function finish() {
      globalThis.removeEventListener("online", finish);
      signal?.removeEventListener("abort", finish);
      signal?.aborted ? reject(signal.reason) : resolve();
    }
    if (signal?.aborted || navigator.onLine) return finish();
    globalThis.addEventListener("online", finish);
    signal?.addEventListener("abort", finish);
  });
}
