/** What the page says about an error, and about time. */

/** @typedef {import("./config-api.js").ConfigApiError} ConfigApiError */

/** @type {Record<string, string>} */
const TITLES = {
  throttled: "The service is busy",
  contended: "Your changes are getting in each other’s way",
  rate_limited: "That was a lot at once",
  store_unavailable: "The service can’t reach its storage",
  tickers_unavailable: "These tickers can’t be checked right now",
  network_error: "The service can’t be reached",
  not_found: "It is no longer there",
  limit_reached: "All your places are taken",
};

/** @param {ConfigApiError} error */
export function title(error) {
  return TITLES[error.code] ?? (error.isTransient ? "The service is having trouble" : "That didn’t work");
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat("en", { dateStyle: "long" });

/**
 * `3 minutes ago`; a month and more is a date.
 * @param {string} iso
 */
export function ago(iso) {
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  if (seconds < 45) return "just now";
  if (seconds > 30 * 86_400) return `on ${day.format(new Date(iso))}`;
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ["minute", 60];
  return relative.format(-Math.max(1, Math.round(seconds / length)), unit);
}

/** @param {string} iso */
export function moment(iso) {
  return absolute.format(new Date(iso));
}

/** @param {string} iso */
export function date(iso) {
  return day.format(new Date(iso));
}

/** @param {number} seconds */
export function duration(seconds) {
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ["minute", 60];
  return plural(Math.max(1, Math.round(seconds / length)), unit);
}
