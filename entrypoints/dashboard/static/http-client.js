/**
 * HTTP for the Config API client: JSON requests with a timeout, repeated after transient failures.
 *
 * An attempt includes reading the body. Network failures, unreadable responses, 429, 502, 503 and 504 are
 * transient; every other error response is thrown as it is. A programming error (an invalid header, a
 * throwing callback) is never repeated.
 */

/** @typedef {{field: string, code: string, detail: string, successor?: string}} FieldError */

/**
 * @typedef {object} Wait Why and how long the client waits before the next attempt.
 * @property {ConfigApiError} error of the last attempt
 * @property {number} seconds Infinity while the browser is offline
 * @property {() => void} retryNow starts the next attempt immediately
 */

/**
 * @typedef {object} Options of every call
 * @property {AbortSignal} [signal] ends the call, also while it waits
 * @property {(wait: Wait | null) => void} [onWait] called when a wait begins, and with null when it ends
 * @property {number} [patience] maximum seconds to spend waiting; 0 allows one attempt
 */

/**
 * @typedef {object} RequestOptions
 * @property {Record<string, string | null | undefined>} [headers] those without a value are not sent
 * @property {unknown} [body] sent as JSON
 * @property {boolean} [keepalive] the request outlives the page
 * @property {boolean} [anonymous] sends no token
 * @property {number[]} [accept] statuses to return although they are not 2xx
 */

/** @typedef {{status: number, headers: Headers, body: any}} Answer `body` is the parsed JSON, or null without content */

/** The only error that a request causes: an error response, or no response (`status` 0, code `network_error`). */
export class ConfigApiError extends Error {
  /**
   * @param {string} message a sentence for people
   * @param {object} facts
   * @param {number} facts.status of HTTP; 0 without a response
   * @param {string} facts.code for programs: `limit_reached`, `throttled`, …
   * @param {FieldError[]} [facts.fields] every wrong field
   * @param {number} [facts.retryAfter] seconds that the server asks to wait
   * @param {string} [facts.requestId] to quote to the operator
   * @param {number} [facts.maxAllowed] of `limit_reached`: the limit
   * @param {string} [facts.configId] of `deleted_since`: the configuration that was created and deleted
   * @param {string} [facts.deletedAt] of `deleted_since`: when, ISO 8601, UTC
   * @param {unknown} [facts.cause]
   */
  constructor(message, { status, code, fields = [], retryAfter, requestId, maxAllowed, configId, deletedAt, cause }) {
    super(message, { cause });
    this.name = "ConfigApiError";
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
    this.maxAllowed = maxAllowed;
    this.configId = configId;
    this.deletedAt = deletedAt;
  }

  /** Whether the same request may succeed later. After such an error a write may or may not have happened. */
  get isTransient() {
    return TRANSIENT.has(this.status);
  }
}

const TRANSIENT = new Set([0, 429, 502, 503, 504]);
const ATTEMPT_TIMEOUT = 15_000;
const MAX_RETRY_AFTER = 60;
const BACKOFF = { base: 0.5, cap: 20 };

export class HttpClient {
  #baseUrl;
  #getToken;
  #fetch;
  #random;
  #patience;

  /**
   * @param {object} options
   * @param {string} options.baseUrl
   * @param {(refused?: string, error?: ConfigApiError) => string | null | Promise<string | null>} options.getToken
   * @param {typeof fetch} options.fetch
   * @param {() => number} options.random in [0, 1)
   * @param {number} options.patience maximum seconds that one call spends waiting
   */
  constructor({ baseUrl, getToken, fetch, random, patience }) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#getToken = getToken;
    this.#fetch = fetch;
    this.#random = random;
    this.#patience = patience;
  }

  /**
   * Send a request, and repeat it after transient failures.
   * @param {string} method
   * @param {string} path
   * @param {Options & RequestOptions} [options]
   * @returns {Promise<Answer>}
   */
  async send(method, path, { signal, onWait, patience = this.#patience, ...request } = {}) {
    let token = request.anonymous ? null : await this.#getToken();
    let renewed = request.anonymous === true;
    let waited = 0;
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#attempt(method, path, token, signal, request);
      if (!(answer instanceof ConfigApiError)) return answer;
      if (answer.status === 401 && !renewed) {
        renewed = true;
        const next = await this.#getToken(token ?? undefined, answer);
        if (!next || next === token) throw answer;
        token = next;
        continue;
      }
      const seconds = this.#delayAfter(answer, attempt);
      const offline = seconds === Infinity && patience > 0;
      const tooLong = (answer.retryAfter ?? 0) > MAX_RETRY_AFTER || waited + seconds > patience;
      if (!answer.isTransient || (tooLong && !offline)) throw answer;
      try {
        await wait(seconds, signal, (retryNow) => onWait?.({ error: answer, seconds, retryNow }));
      } finally {
        onWait?.(null);
      }
      waited += offline ? 0 : seconds;
    }
  }

  /**
   * Send the request once and read the whole response.
   * @param {string} method
   * @param {string} path
   * @param {string | null} token
   * @param {AbortSignal | undefined} signal
   * @param {RequestOptions} request
   * @returns {Promise<Answer | ConfigApiError>} an error response and a network failure are returned, not thrown
   */
  async #attempt(method, path, token, signal, { headers = {}, body, keepalive = false, accept = [] }) {
    signal?.throwIfAborted();
    // AbortSignal.any is missing in Safari before 17.4.
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    signal?.addEventListener("abort", abort);
    AbortSignal.timeout(ATTEMPT_TIMEOUT).addEventListener("abort", abort);
    // Outside the try block: an invalid header or body is a programming error.
    const prepared = new Request(this.#baseUrl + path, {
      method,
      headers: withValue({
        ...headers,
        Accept: "application/json, application/problem+json",
        Authorization: token && `Bearer ${token}`,
        "Content-Type": body === undefined ? null : "application/json",
      }),
      body: body === undefined ? null : JSON.stringify(body),
      signal: attempt.signal,
      cache: "no-store",
      keepalive,
    });
    try {
      const response = await this.#fetch(prepared);
      if (!response.ok && !accept.includes(response.status)) return await errorOf(response);
      return { status: response.status, headers: response.headers, body: await bodyOf(response) };
    } catch (cause) {
      signal?.throwIfAborted();
      if (!isNetworkFailure(cause)) throw cause;
      return new ConfigApiError("The service cannot be reached.", { status: 0, code: "network_error", cause });
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /**
   * Seconds until the next attempt: `Retry-After` plus up to a tenth, or exponential backoff with full jitter.
   * @param {ConfigApiError} error
   * @param {number} attempt
   */
  #delayAfter(error, attempt) {
    if (error.status === 0 && globalThis.navigator?.onLine === false) return Infinity;
    const backoff = this.#random() * Math.min(BACKOFF.cap, BACKOFF.base * 2 ** attempt);
    return Math.max(backoff, (error.retryAfter ?? 0) * (1 + this.#random() / 10));
  }
}

/**
 * Seconds that `Retry-After` asks for, as a number or as a date (RFC 9110 §10.2.3). A date is compared with the
 * server's own clock where the response has a `Date`.
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
 * `fetch` rejects with a TypeError without a connection or when a body is cut, and with a DOMException after an
 * abort or timeout; a body that is not JSON (a captive portal) is a SyntaxError.
 * @param {unknown} error
 */
function isNetworkFailure(error) {
  return error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException;
}

/** @param {Response} response */
async function bodyOf(response) {
  return response.status === 204 || response.status === 304 ? null : response.json();
}

/**
 * A problem of the service that is cut is a network failure. A gateway may call anything JSON.
 * @param {Response} response
 * @returns {Promise<ConfigApiError>}
 */
async function errorOf(response) {
  const type = response.headers.get("Content-Type") ?? "";
  const body = type.includes("json") ? response.json() : Promise.resolve({});
  const problem = await (type.includes("problem+json") ? body : body.catch(() => ({})));
  return new ConfigApiError(problem.detail ?? problem.title ?? `The service answered ${response.status}.`, {
    status: response.status,
    code: problem.code ?? `http_${response.status}`,
    fields: problem.errors ?? [],
    retryAfter: retryAfter(response.headers) ?? problem.retry_after,
    requestId: problem.request_id ?? response.headers.get("X-Request-ID") ?? undefined,
    maxAllowed: problem.max_allowed,
    configId: problem.config_id,
    deletedAt: problem.deleted_at,
  });
}

/**
 * @param {Record<string, string | null | undefined>} headers
 * @returns {[string, string][]}
 */
function withValue(headers) {
  return Object.entries(headers).flatMap(([name, value]) => (value ? [[name, value]] : []));
}

/**
 * Wait until the time has passed, or, without an end, until the browser is online.
 * @param {number} seconds
 * @param {AbortSignal | undefined} signal ends the wait with its reason
 * @param {(end: () => void) => void} onStart receives a function that ends the wait early
 * @returns {Promise<void>}
 */
async function wait(seconds, signal, onStart) {
  signal?.throwIfAborted();
  /** @type {() => void} */
  let end = () => {};
  const ended = new Promise((resolve) => (end = () => resolve(undefined)));
  const timer = seconds === Infinity ? undefined : setTimeout(end, seconds * 1000);
  if (seconds === Infinity) globalThis.addEventListener("online", end);
  signal?.addEventListener("abort", end);
  try {
    onStart(end);
    if (seconds === Infinity && globalThis.navigator?.onLine) end();
    await ended;
    signal?.throwIfAborted();
  } finally {
    clearTimeout(timer);
    globalThis.removeEventListener("online", end);
    signal?.removeEventListener("abort", end);
  }
}
