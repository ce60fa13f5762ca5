/** What the page says about errors, numbers and time. */

/** @typedef {import("./config-api.js").ConfigApiError} ConfigApiError */

/** @type {Record<string, string>} */
const TITLES = {
  throttled: "The service is busy",
  contended: "The service is busy with your other changes",
  rate_limited: "Too many requests",
  store_unavailable: "The service can’t reach its storage",
  identity_unavailable: "Your session can’t be verified right now",
  tickers_unavailable: "These tickers can’t be checked right now",
  network_error: "The service can’t be reached",
  issuer_unreachable: "The sign-in service can’t be reached",
  page_updated: "This page has been updated",
  renewal_failed: "Your sign-in can’t be renewed right now",
  sign_in_required: "Your sign-in has ended",
  not_found: "This watchlist no longer exists",
  deleted_since: "This watchlist was created, and deleted since",
  limit_reached: "You have the maximum number of watchlists",
  invalid_token: "The service refused this browser’s session",
  unauthenticated: "The service refused this browser’s session",
};

/** @param {ConfigApiError} error */
export function errorTitle(error) {
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
// Without a locale: the order and the separators that the user is used to.
const dateTimeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/**
 * `3 minutes ago`, or the date after 30 days.
 * @param {string} iso
 */
export function timeAgo(iso) {
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  if (seconds < 45) return "just now";
  if (seconds > 30 * 86_400) return `on ${formatDate(iso)}`;
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ["minute", 60];
  return relative.format(-Math.max(1, Math.round(seconds / length)), unit);
}

/** @param {string} iso */
export function formatDateTime(iso) {
  return dateTimeFormat.format(new Date(iso));
}

/** @param {string} iso */
export function formatDate(iso) {
  return dateFormat.format(new Date(iso));
}

/** @param {number} seconds */
export function formatDuration(seconds) {
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ["minute", 60];
  return plural(Math.max(1, Math.round(seconds / length)), unit);
}
