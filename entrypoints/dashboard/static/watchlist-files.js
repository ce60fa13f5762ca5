/** Watchlists as files: JSON with a version, and CSV. */

import { looksLikeSymbol, splitList } from "./ticker-entries.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").ConfigurationInput} ConfigurationInput */
/** @typedef {Required<ConfigurationInput> & {problem?: string}} Row A watchlist of a file, valid or not. */

const FORMAT = "config-api.watchlists";
const VERSION = 1;
const COLUMNS = /** @type {const} */ (["name", "tickers", "timeframe_days", "include_extended_hours"]);
/** The most that a user can hold, whatever the operator sets. */
export const MAX_ROWS = 100;
const MAX_BYTES = 5_000_000;
/** What spreadsheets take for a formula, also in fullwidth (OWASP: CSV injection), and the apostrophe that stops them. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const ON = new Set(["true", "wahr", "vrai", "verdadero", "vero", "1", "yes", "on"]);
const OFF = new Set(["false", "falsch", "faux", "falso", "0", "no", "off", ""]);

/** The file cannot be read; the message says why, and what to do. */
export class FileError extends Error {}

/**
 * @param {Configuration[]} configurations
 * @returns {Required<ConfigurationInput>[]}
 */
export function inputsOf(configurations) {
  return configurations.map(({ name, tickers, timeframe_days, include_extended_hours }) => ({
    name,
    tickers: tickers.map(({ symbol }) => symbol),
    timeframe_days,
    include_extended_hours,
  }));
}

/** @param {ConfigurationInput[]} watchlists */
export function toJson(watchlists) {
  const exported_at = new Date().toISOString();
  return `${JSON.stringify({ format: FORMAT, version: VERSION, exported_at, watchlists }, null, 2)}\n`;
}

/**
 * CSV (RFC 4180) with a byte order mark, without which Excel does not read UTF-8.
 * @param {ConfigurationInput[]} watchlists
 */
export function toCsv(watchlists) {
  const lines = watchlists.map((each) =>
    [each.name, each.tickers.join(" "), String(each.timeframe_days), String(each.include_extended_hours)]
      .map((cell) => cellOf(FORMULA.test(cell) ? `'${cell}` : cell))
      .join(","),
  );
  return `\ufeff${[COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}

/**
 * The watchlists of a file. Throws FileError.
 * @param {File} file
 * @returns {Promise<Row[]>}
 */
export async function readFile(file) {
  if (file.size > MAX_BYTES) throw new FileError("The file is larger than 5 MB. It cannot be a file of watchlists.");
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    throw new FileError("This is a workbook, not a text file. In the spreadsheet, save it as “CSV UTF-8”.");
  }
  const text = decode(bytes).trimStart();
  if (!text) throw new FileError("The file is empty.");
  const rows = text.startsWith("{") || text.startsWith("[") ? fromJson(text) : fromCsv(text);
  if (rows.length === 0) throw new FileError("The file has no watchlists.");
  if (rows.length > MAX_ROWS) {
    const count = rows.length.toLocaleString("en");
    throw new FileError(`The file has ${count} watchlists. At most ${MAX_ROWS} can be read: make a shorter file.`);
  }
  return rows;
}

/** @param {Uint8Array} bytes */
function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FileError("The file is not UTF-8 text. In a spreadsheet, save it as “CSV UTF-8”.");
  }
}

/**
 * @param {string} text
 * @returns {Row[]}
 */
function fromJson(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new FileError("The file is not valid JSON. Perhaps it is incomplete.", { cause });
  }
  if (content.format !== FORMAT || !Array.isArray(content.watchlists)) {
    throw new FileError("This JSON file does not contain watchlists of this page.");
  }
  if (content.version !== VERSION) {
    throw new FileError(`The file has version ${content.version} of the format. This page reads version ${VERSION}.`);
  }
  return content.watchlists.map((/** @type {any} */ each) => ({
    name: typeof each?.name === "string" ? each.name : "",
    tickers: Array.isArray(each?.tickers) ? each.tickers.map(String) : [],
    timeframe_days: typeof each?.timeframe_days === "number" ? each.timeframe_days : NaN,
    ...extendedHours(String(each?.include_extended_hours)),
  }));
}

/**
 * @param {string} text
 * @returns {Row[]}
 */
function fromCsv(text) {
  const head = text.slice(0, text.search(/[\r\n]|$/));
  const separator = [",", ";", "\t"].toSorted((one, other) => head.split(other).length - head.split(one).length)[0];
  const [header = [], ...rows] = cellsOf(text, separator ?? ",");
  const names = header.map((cell) => cell.trim().toLowerCase());
  const [name, tickers, days, extended] = COLUMNS.map((column) => names.indexOf(column));
  if (name === undefined || tickers === undefined || name < 0 || tickers < 0) {
    throw new FileError(`The first line must name the columns: ${COLUMNS.join(", ")}. The last two may be missing.`);
  }
  return rows.map((row) => {
    const cell = (/** @type {number | undefined} */ index) => plain(row[index ?? -1] ?? "").trim();
    return {
      name: cell(name),
      tickers: splitList(cell(tickers)).flatMap(symbolsIn),
      timeframe_days: cell(days) === "" ? 7 : Number(cell(days)),
      ...extendedHours(cell(extended)),
    };
  });
}

/**
 * The symbols of a text that has blanks between them; any other text as it is.
 * @param {string} text
 */
function symbolsIn(text) {
  const words = text.split(/\s+/);
  return words.every(looksLikeSymbol) ? words : [text];
}

/** @param {string} text */
function extendedHours(text) {
  const value = text.toLowerCase();
  const include_extended_hours = ON.has(value);
  if (include_extended_hours || OFF.has(value)) return { include_extended_hours };
  return { include_extended_hours, problem: `Extended hours are true or false, not “${text}”.` };
}

/**
 * The cells of a CSV text, without empty lines.
 * @param {string} text
 * @param {string} separator
 * @returns {string[][]}
 */
function cellsOf(text, separator) {
  const pattern = new RegExp(`(?:"((?:[^"]|"")*)"|((?!")[^${separator}\\r\\n]*))(${separator}|\\r\\n|\\r|\\n|$)`, "y");
  /** @type {string[][]} */
  const rows = [];
  /** @type {string[]} */
  let row = [];
  while (pattern.lastIndex < text.length) {
    const line = rows.length + 1;
    const match = pattern.exec(text);
    if (!match) throw new FileError(`Line ${line} has a quotation mark that is not closed, or text after it.`);
    const [, quoted, bare, end] = match;
    row.push(quoted?.replaceAll('""', '"') ?? bare ?? "");
    if (end === separator) continue;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push([...row, ""]);
  return rows.filter((cells) => cells.some((each) => each.trim() !== ""));
}

/** @param {string} text */
function cellOf(text) {
  return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A cell without the apostrophe that `toCsv` puts before a formula.
 * @param {string} cell
 */
function plain(cell) {
  return FORMULA.test(cell) && cell.startsWith("'") ? cell.slice(1) : cell;
}
