/** A new idempotency key. Keep it until the create is settled, also across a reload. */
export function newIdempotencyKey(): string;
/**
 * The canonical form of a symbol: `brk-b` and ` BRK/B ` become `BRK.B`. Fullwidth letters, dashes and invisible
 * characters, which pasted text carries, are understood.
 * @param {string} text
 */
export function canonicalSymbol(text: string): string;
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
    constructor(error: ConfigApiError, mine: Partial<ConfigurationInput> | null, theirs: Configuration);
    mine: Partial<ConfigurationInput> | null;
    theirs: Configuration;
}
export class ConfigApi {
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
    constructor({ baseUrl, getToken, fetch, random, patience }?: {
        baseUrl?: string | undefined;
        getToken?: ((refused?: string, error?: ConfigApiError) => string | null | Promise<string | null>) | undefined;
        fetch?: typeof globalThis.fetch | undefined;
        random?: (() => number) | undefined;
        patience?: number | undefined;
    });
    /**
     * Create an anonymous user.
     * @param {Options} [options]
     * @returns {Promise<Session>}
     */
    startSession(options?: Options): Promise<Session>;
    /**
     * Give the anonymous session another 30 days. A token that is younger than 10 days comes back as it is.
     * @param {Options} [options]
     * @returns {Promise<Session>}
     */
    renewSession(options?: Options): Promise<Session>;
    /**
     * @param {Options} [options]
     * @returns {Promise<SignIn | null>} null if nobody can sign in
     */
    signIn(options?: Options): Promise<SignIn | null>;
    /**
     * @param {Options} [options]
     * @returns {Promise<Me>} the user of the token
     */
    me(options?: Options): Promise<Me>;
    /**
     * Move configurations of an anonymous session to the member who calls: all or none.
     * @param {string} anonymousToken
     * @param {Options & {configIds?: string[]}} [options] without `configIds`, everything that the session holds
     * @returns {Promise<Adoption>}
     */
    adopt(anonymousToken: string, { configIds, ...options }?: Options & {
        configIds?: string[];
    }): Promise<Adoption>;
    /**
     * Delete everything that the caller holds.
     * @param {Options} [options]
     * @returns {Promise<void>}
     */
    erase(options?: Options): Promise<void>;
    /**
     * @param {Options & {ifNoneMatch?: string | null}} [options]
     * @returns {Promise<(ConfigurationList & {etag: string | null}) | null>} null if it still has the ETag `ifNoneMatch`
     */
    list({ ifNoneMatch, ...options }?: Options & {
        ifNoneMatch?: string | null;
    }): Promise<(ConfigurationList & {
        etag: string | null;
    }) | null>;
    /**
     * @param {string} id
     * @param {Options} [options]
     * @returns {Promise<Configuration>}
     */
    get(id: string, options?: Options): Promise<Configuration>;
    /**
     * Create at most one configuration, however often the call is repeated with the same key.
     * @param {ConfigurationInput} input
     * @param {Options & {idempotencyKey?: string}} [options]
     * @returns {Promise<Configuration>}
     */
    create(input: ConfigurationInput, { idempotencyKey, ...options }?: Options & {
        idempotencyKey?: string;
    }): Promise<Configuration>;
    /**
     * Change the given fields if the stored revision is `ifMatch` (a revision or an ETag). Otherwise throw RevisionMismatch, except where
     * the stored fields already have these values: then an earlier attempt succeeded and its response was lost.
     * @param {string} id
     * @param {Partial<ConfigurationInput>} changes
     * @param {Options & {ifMatch?: string | null}} [options]
     * @returns {Promise<Configuration>}
     */
    update(id: string, changes: Partial<ConfigurationInput>, options?: Options & {
        ifMatch?: string | null;
    }): Promise<Configuration>;
    /**
     * Replace all fields, under the conditions of `update`. A field that is left out gets its default.
     * @param {string} id
     * @param {ConfigurationInput} input
     * @param {Options & {ifMatch?: string | null}} [options]
     * @returns {Promise<Configuration>}
     */
    replace(id: string, input: ConfigurationInput, options?: Options & {
        ifMatch?: string | null;
    }): Promise<Configuration>;
    /**
     * Delete it if the stored revision is `ifMatch`; otherwise throw RevisionMismatch.
     * @param {string} id
     * @param {Options & {ifMatch?: string | null, keepalive?: boolean}} [options]
     * @returns {Promise<void>}
     */
    remove(id: string, { ifMatch, ...options }?: Options & {
        ifMatch?: string | null;
        keepalive?: boolean;
    }): Promise<void>;
    /**
     * @param {string} query
     * @param {Options & {limit?: number}} [options]
     * @returns {Promise<Ticker[]>} best match first
     */
    searchTickers(query: string, { limit, ...options }?: Options & {
        limit?: number;
    }): Promise<Ticker[]>;
    /**
     * @param {string[]} symbols at most 50
     * @param {Options} [options]
     * @returns {Promise<TickerValidation[]>} in the order of `symbols`
     */
    validateTickers(symbols: string[], options?: Options): Promise<TickerValidation[]>;
    /**
     * @param {string} symbol in any spelling
     * @param {Options} [options]
     * @returns {Promise<TickerValidation>}
     */
    validateTicker(symbol: string, options?: Options): Promise<TickerValidation>;
    /**
     * @param {string} symbol in any spelling, also of a security that is no longer traded
     * @param {Options} [options]
     * @returns {Promise<ListedTicker>}
     */
    ticker(symbol: string, options?: Options): Promise<ListedTicker>;
    /**
     * The state of the service and its ticker list, also while the store is down.
     * @param {Options} [options]
     * @returns {Promise<Readiness>}
     */
    readiness(options?: Options): Promise<Readiness>;
    #private;
}
export type Options = import("./http-client.js").Options;
export type Wait = import("./http-client.js").Wait;
export type FieldError = import("./http-client.js").FieldError;
export type Ticker = {
    symbol: string;
    name: string;
    exchange: string;
};
export type ListedTicker = Ticker & {
    is_active: boolean;
    successor?: string;
};
/**
 * The fields that a caller writes.
 */
export type ConfigurationInput = {
    name: string;
    tickers: string[];
    /**
     * default 7
     */
    timeframe_days?: number | undefined;
    /**
     * default false
     */
    include_extended_hours?: boolean | undefined;
};
/**
 * ISO 8601, UTC
 */
export type Times = {
    created_at: string;
    updated_at: string;
};
/**
 * `revision` is unique to it, for `ifMatch`; `etag` has quotes
 */
export type Version = {
    revision: string;
    etag?: string;
};
export type Configuration = Required<Omit<ConfigurationInput, "tickers">> & {
    config_id: string;
    tickers: Ticker[];
} & Times & Version;
export type ConfigurationList = {
    configurations: Configuration[];
    max_allowed: number;
    remaining: number;
};
export type Session = {
    user_id: string;
    token: string;
    auth_type: string;
    created_at: string;
    session_expires_at: string;
};
export type Limits = {
    max_configurations: number;
    max_tickers: number;
};
export type Me = {
    user_id: string;
    auth_type: string;
    is_anonymous: boolean;
    session_expires_at: string;
    limits: Limits;
};
export type Adoption = ConfigurationList & {
    adopted: Configuration[];
};
export type TickerListState = {
    source: string;
    version: string;
    count: number;
    age_seconds: number;
};
export type Readiness = {
    status: string;
    store: string;
    tickers: TickerListState;
};
/**
 * What a browser needs to sign in at the issuer.
 */
export type SignIn = {
    issuer: string;
    client_id: string;
    scope: string;
    /**
     * of the authorization request, besides the standard ones
     */
    parameters: Record<string, string>;
    authorization_endpoint: string;
    token_endpoint: string;
    end_session_endpoint: string | null;
    /**
     * the token that the service accepts
     */
    token_use: "id_token" | "access_token";
};
export type TickerValidation = {
    symbol: string;
    valid: boolean;
    status: "valid" | "delisted" | "unknown";
    ticker?: Ticker | undefined;
    /**
     * the symbol that replaced a delisted one
     */
    successor?: string | undefined;
    message: string;
};
import { ConfigApiError } from "./http-client.js";
export { ConfigApiError, retryAfter } from "./http-client.js";
