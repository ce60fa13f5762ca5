/** The rows of an import: what is wrong with each, and how it is created exactly once. */

import { ConfigApiError } from "./config-api.js";
import { sameInput } from "./drafts.js";
import { errorsOf } from "./form-errors.js";
import { looksLikeSymbol, unresolved } from "./ticker-entries.js";
import { inputsOf } from "./watchlist-files.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").ConfigurationInput} ConfigurationInput */
/** @typedef {import("./config-api.js").Options} Options */
/** @typedef {import("./config-api.js").TickerValidation} TickerValidation */
/** @typedef {import("./watchlist-files.js").Row} Row */

/**
 * @typedef {object} ImportRow
 * @property {Required<ConfigurationInput>} input
 * @property {number} occurrence how many rows before have the same input
 * @property {string[]} problems why it cannot be imported
 * @property {string} [note] why it is not selected, or what became of it
 * @property {boolean} isSelected
 * @property {boolean} isDone
 * @property {number} round how often the user has imported it again after its watchlist was changed or deleted
 */

const MAX_TICKERS = 5;
const SYMBOLS_PER_REQUEST = 50;

/**
 * Check the rows of a file, and select those that fit.
 * @param {ConfigApi} api
 * @param {Row[]} rows
 * @param {{configurations: Configuration[], remaining: number}} held
 * @param {Options} options
 * @returns {Promise<ImportRow[]>}
 */
export async function checkRows(api, rows, held, options) {
  const inputs = rows.map(({ problem: _, ...input }) => ({ ...input, name: input.name.trim().normalize() }));
  const symbols = new Set(inputs.flatMap(({ tickers }) => tickers.filter(looksLikeSymbol).map(symbolOf)));
  const validations = await validate(api, [...symbols], options);
  const existing = inputsOf(held.configurations);
  let places = held.remaining;
  return inputs.map((input, index) => {
    const checked = { ...input, tickers: [...new Set(input.tickers.map(symbolOf))] };
    const problem = rows[index]?.problem;
    const problems = [...problemsOf(checked, input.tickers, validations), ...(problem ? [problem] : [])];
    const occurrence = inputs.slice(0, index).filter((each) => sameInput(each, input)).length;
    const isHeld = existing.some((each) => sameInput(each, checked));
    const isSelected = problems.length === 0 && !isHeld && places > 0;
    if (isSelected) places -= 1;
    const note = isHeld ? "You have this watchlist already." : undefined;
    return { input: checked, occurrence, problems, note, isSelected, isDone: false, round: 0 };
  });
}

/**
 * Create the watchlist of a row. The key is derived from the row, so that repeating the import creates nothing twice.
 * @param {ConfigApi} api
 * @param {ImportRow} row
 * @param {Options} options
 * @returns {Promise<Configuration | null>} null if it was not created, with the reason in the row
 */
export async function importRow(api, row, options) {
  try {
    const created = await api.create(row.input, { idempotencyKey: keyOf(row), ...options });
    if (!sameInput(inputsOf([created])[0] ?? null, row.input)) return again(row, "changed since");
    Object.assign(row, { isDone: true, isSelected: false, note: "Imported" });
    return created;
  } catch (error) {
    if (!(error instanceof ConfigApiError) || error.isTransient || error.status === 401) throw error;
    row.isSelected = false;
    row.note = error.fields.length > 0 ? error.fields.map(({ detail }) => detail).join(" ") : error.message;
    if (error.code === "deleted_since") again(row, "deleted since");
    return null;
  }
}

/**
 * The row was imported before. To select it again is a new intention, with another key.
 * @param {ImportRow} row
 * @param {string} fate of its watchlist
 */
function again(row, fate) {
  row.round += 1;
  row.isSelected = false;
  row.note = `It was imported before, and ${fate}. Select it to import it again.`;
  return null;
}

/**
 * @param {Required<ConfigurationInput>} input
 * @param {string[]} texts the tickers as they are in the file
 * @param {Map<string, TickerValidation>} validations
 */
function problemsOf(input, texts, validations) {
  const { name, tickers, timeframe_days, include_extended_hours } = input;
  const entries = tickers.map(unresolved);
  const form = {
    name,
    tickers: entries,
    query: "",
    timeframe: String(timeframe_days),
    extended: include_extended_hours,
  };
  const problems = errorsOf(form).map(({ detail }) => detail);
  if (tickers.length > MAX_TICKERS)
    problems.push(`It has ${tickers.length} tickers; at most ${MAX_TICKERS} are possible.`);
  for (const text of texts) {
    const validation = validations.get(symbolOf(text));
    if (!looksLikeSymbol(text)) problems.push(`“${text}” is not a symbol.`);
    else if (validation && !validation.valid) problems.push(validation.message);
  }
  return problems;
}

/**
 * @param {ConfigApi} api
 * @param {string[]} symbols
 * @param {Options} options
 * @returns {Promise<Map<string, TickerValidation>>}
 */
async function validate(api, symbols, options) {
  const validations = new Map();
  for (let start = 0; start < symbols.length; start += SYMBOLS_PER_REQUEST) {
    const part = symbols.slice(start, start + SYMBOLS_PER_REQUEST);
    const results = await api.validateTickers(part, options);
    part.forEach((symbol, index) => validations.set(symbol, results[index]));
  }
  return validations;
}

/** @param {string} text */
function symbolOf(text) {
  return unresolved(text).symbol || text;
}

/** @param {ImportRow} row */
function keyOf({ input, occurrence, round }) {
  return `import-${hash(JSON.stringify([input, occurrence, round]))}`;
}

/**
 * Two 64-bit FNV-1a hashes; crypto.subtle exists only in secure contexts. A collision would be refused by the service.
 * @param {string} text
 */
function hash(text) {
  const bytes = new TextEncoder().encode(text);
  const half = (/** @type {bigint} */ seed) =>
    bytes
      .reduce((sum, byte) => BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n), seed)
      .toString(16)
      .padStart(16, "0");
  return half(0xcbf29ce484222325n) + half(0x84222325cbf29ce4n);
}
