/**
 * What typed or pasted text means as tickers.
 *
 * The result depends only on the text and on what the service knows, never on which response arrives first.
 */

import { ConfigApiError, canonicalSymbol } from "./config-api.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Ticker} Ticker */
/** @typedef {import("./config-api.js").TickerValidation} TickerValidation */

/**
 * @typedef {object} Entry A ticker as it was entered. Without a status it is valid.
 * @property {string} symbol empty while the text is not known to be a symbol
 * @property {string} name
 * @property {string} exchange
 * @property {string} [text] as it was typed
 * @property {"checking" | "unchecked" | "wrong"} [status] `unchecked`: the service could not be asked
 * @property {string} [detail] what is wrong
 * @property {string} [replacement] the symbol that was probably meant
 */

const SYMBOL = /^[A-Z0-9]{1,8}(\.[A-Z0-9]{1,4}){0,2}$/;
const LIST_SEPARATOR = /[\n\r\t,;|]+/;
const BULLET = /^\s*(?:[-*•·–]\s+|\d+[.)]\s+)/;
/** The end of a name such as `Tesla, Inc.`; not `NV`, `SE` or `AG`, which are also symbols. */
const COMPANY_SUFFIX = /^(?:inc\.?|incorporated|corporation|corp\.|co\.|ltd\.?|llc|plc|n\.v\.|s\.a\.)$/i;
/** `NASDAQ:AAPL`, as chart sites write it. */
const EXCHANGE_PREFIX = /^[a-z]{2,12}:(?=[a-z0-9])/i;
/** `Apple Inc. (AAPL)` and `Apple Inc. (NASDAQ: AAPL)`. */
const SYMBOL_IN_PARENTHESES = /\((?:[a-z ]+:\s*)?([a-z0-9.\-/]{1,10})\)\s*$/i;
const MAX_TEXT = 100;

/**
 * The parts of a list, each of them a symbol, a company name or several symbols separated by blanks.
 * @param {string} text
 * @returns {string[]}
 */
export function splitList(text) {
  /** @type {string[]} */
  const parts = [];
  for (const part of text.split(LIST_SEPARATOR).map(clean).filter(Boolean)) {
    if (parts.length === 0 || !COMPANY_SUFFIX.test(part)) parts.push(...symbolsIn(part.slice(0, MAX_TEXT)));
  }
  return parts;
}

/** @param {string} text */
export function looksLikeSymbol(text) {
  return SYMBOL.test(canonicalSymbol(text));
}

/**
 * The index of the match that the text means, or -1: the exact symbol; for a text that could be a symbol itself, the
 * first match whose symbol or name starts with it; for any other text the best match.
 * @param {string} text
 * @param {Ticker[]} matches best match first
 */
export function meantMatch(text, matches) {
  const exact = matches.findIndex((match) => match.symbol === canonicalSymbol(text));
  if (exact >= 0 || matches.length === 0) return exact;
  const isOneWord = looksLikeSymbol(text) && text.length <= 5;
  if (!isOneWord) return 0;
  const start = text.trim().toLowerCase();
  return matches.findIndex(({ symbol, name }) => [symbol, name].some((each) => each.toLowerCase().startsWith(start)));
}

/**
 * A placeholder that is shown until `resolve` knows what the text means.
 * @param {string} text
 * @returns {Entry}
 */
export function unresolved(text) {
  const symbol = looksLikeSymbol(text) ? canonicalSymbol(text) : "";
  return { symbol, name: "", exchange: "", text, status: "checking" };
}

/**
 * Ask the service what each text means.
 * @param {ConfigApi} api
 * @param {string[]} texts from `splitList`
 * @returns {Promise<Entry[][]>} the entries of each text
 */
export async function resolve(api, texts) {
  const symbols = texts.flatMap(wordsOf).filter(looksLikeSymbol).map(canonicalSymbol);
  const validations = await validate(api, [...new Set(symbols)]);
  return Promise.all(texts.map((text) => resolveOne(api, text, validations)));
}

/**
 * @param {ConfigApi} api
 * @param {string} text
 * @param {Map<string, TickerValidation> | null} validations null if the service could not be asked
 * @returns {Promise<Entry[]>}
 */
async function resolveOne(api, text, validations) {
  const words = wordsOf(text);
  const known = words.map((word) => validations?.get(canonicalSymbol(word)));
  // Words that are all symbols are a list, unless one is unknown and the whole is a company name (`bank of america`).
  const isList = words.length > 1 && words.every(looksLikeSymbol);
  if (known.every((each) => each && each.status !== "unknown"))
    return known.flatMap((each) => (each ? [entryOf(each)] : []));
  const matches = await search(api, text);
  const meant = matches?.[meantMatch(text, matches)];
  if (meant) return [meant];
  if (isList) return words.map((word, i) => checked(word, known[i] ?? null, null));
  return [checked(text, known[0] ?? null, matches)];
}

/**
 * @param {string} text
 * @param {TickerValidation | null} validation
 * @param {Ticker[] | null} matches null if the service could not be asked
 * @returns {Entry}
 */
function checked(text, validation, matches) {
  if (validation && validation.status !== "unknown") return entryOf(validation);
  const entry = unresolved(text);
  const wasAsked = validation !== null || (matches !== null && !entry.symbol);
  if (!wasAsked && entry.symbol) return { ...entry, status: "unchecked" };
  if (!wasAsked) return { ...entry, status: "wrong", detail: `“${text}” can’t be looked up right now.` };
  const [best] = matches ?? [];
  const question = best ? ` Did you mean ${best.name}?` : "";
  return {
    ...entry,
    status: "wrong",
    detail: `“${text}” is not a known ticker.${question}`,
    ...(best && { replacement: best.symbol }),
  };
}

/**
 * @param {TickerValidation} validation
 * @returns {Entry}
 */
function entryOf({ symbol, status, ticker, successor, message }) {
  const entry = ticker ?? { symbol, name: "", exchange: "" };
  if (status === "valid") return entry;
  return { ...entry, status: "wrong", detail: message, ...(successor && { replacement: successor }) };
}

/**
 * @param {ConfigApi} api
 * @param {string[]} symbols
 * @returns {Promise<Map<string, TickerValidation> | null>}
 */
async function validate(api, symbols) {
  if (symbols.length === 0) return new Map();
  const batch = symbols.slice(0, 50);
  const results = await unlessUnavailable(api.validateTickers(batch, { patience: 0 }));
  return results && new Map(results.map((result, i) => [batch[i] ?? result.symbol, result]));
}

/**
 * @param {ConfigApi} api
 * @param {string} text
 * @returns {Promise<Ticker[] | null>}
 */
function search(api, text) {
  return unlessUnavailable(api.searchTickers(text, { limit: 8, patience: 0 }));
}

/**
 * @template T
 * @param {Promise<T>} answer
 * @returns {Promise<T | null>} null after an error of the service
 */
async function unlessUnavailable(answer) {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ConfigApiError) return null;
    throw error;
  }
}

/** @param {string} text */
function wordsOf(text) {
  return text.split(" ");
}

/** @param {string} part */
function clean(part) {
  const text = part
    .normalize("NFKC")
    .replace(/["“”„«»]/g, "")
    .replace(BULLET, "")
    .replace(/:\s+/g, ":")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^['‘’]|['‘’]$/g, "");
  const symbol = SYMBOL_IN_PARENTHESES.exec(text)?.[1];
  return symbol ?? text;
}

/**
 * `$AAPL NASDAQ:MSFT` are two symbols; other words stay together, because they may be a company name.
 * @param {string} part
 */
function symbolsIn(part) {
  const words = wordsOf(part);
  const isMarked = (/** @type {string} */ word) => word.startsWith("$") || EXCHANGE_PREFIX.test(word);
  const unmark = (/** @type {string} */ word) => word.replace(/^\$+/, "").replace(EXCHANGE_PREFIX, "");
  return words.some(isMarked) ? words.map(unmark).filter(Boolean) : [part];
}
