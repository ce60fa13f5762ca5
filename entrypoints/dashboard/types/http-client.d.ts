/**
 * Seconds that `Retry-After` asks for, as a number or as a date (RFC 9110 §10.2.3). A date is compared with the
 * server's own clock where the response has a `Date`.
 * @param {Headers} headers
 * @returns {number | undefined}
 */
export function retryAfter(headers: Headers): number | undefined;
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
    constructor(message: string, { status, code, fields, retryAfter, requestId, maxAllowed, configId, deletedAt, cause }: {
        status: number;
        code: string;
        fields?: FieldError[] | undefined;
        retryAfter?: number | undefined;
        requestId?: string | undefined;
        maxAllowed?: number | undefined;
        configId?: string | undefined;
        deletedAt?: string | undefined;
        cause?: unknown;
    });
    status: number;
    code: string;
    fields: FieldError[];
    retryAfter: number | undefined;
    requestId: string | undefined;
    maxAllowed: number | undefined;
    configId: string | undefined;
    deletedAt: string | undefined;
    /** Whether the same request may succeed later. After such an error a write may or may not have happened. */
    get isTransient(): boolean;
}
export class HttpClient {
    /**
     * @param {object} options
     * @param {string} options.baseUrl
     * @param {(refused?: string, error?: ConfigApiError) => string | null | Promise<string | null>} options.getToken
     * @param {typeof fetch} options.fetch
     * @param {() => number} options.random in [0, 1)
     * @param {number} options.patience maximum seconds that one call spends waiting
     */
    constructor({ baseUrl, getToken, fetch, random, patience }: {
        baseUrl: string;
        getToken: (refused?: string, error?: ConfigApiError) => string | null | Promise<string | null>;
        fetch: typeof globalThis.fetch;
        random: () => number;
        patience: number;
    });
    /**
     * Send a request, and repeat it after transient failures.
     * @param {string} method
     * @param {string} path
     * @param {Options & RequestOptions} [options]
     * @returns {Promise<Answer>}
     */
    send(method: string, path: string, { signal, onWait, patience, ...request }?: Options & RequestOptions): Promise<Answer>;
    #private;
}
export type FieldError = {
    field: string;
    code: string;
    detail: string;
    successor?: string;
};
/**
 * Why and how long the client waits before the next attempt.
 */
export type Wait = {
    /**
     * of the last attempt
     */
    error: ConfigApiError;
    /**
     * Infinity while the browser is offline
     */
    seconds: number;
    /**
     * starts the next attempt immediately
     */
    retryNow: () => void;
};
/**
 * of every call
 */
export type Options = {
    /**
     * ends the call, also while it waits
     */
    signal?: AbortSignal | undefined;
    /**
     * called when a wait begins, and with null when it ends
     */
    onWait?: ((wait: Wait | null) => void) | undefined;
    /**
     * maximum seconds to spend waiting; 0 allows one attempt
     */
    patience?: number | undefined;
};
export type RequestOptions = {
    /**
     * those without a value are not sent
     */
    headers?: Record<string, string | null | undefined> | undefined;
    /**
     * sent as JSON
     */
    body?: unknown;
    /**
     * the request outlives the page
     */
    keepalive?: boolean | undefined;
    /**
     * sends no token
     */
    anonymous?: boolean | undefined;
    /**
     * statuses to return although they are not 2xx
     */
    accept?: number[] | undefined;
};
/**
 * `body` is the parsed JSON, or null without content
 */
export type Answer = {
    status: number;
    headers: Headers;
    body: any;
};
