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

/** @type {[string, number][]} */
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/**
 * `3 minutes ago`. Without `Intl`, whose first use takes 20 ms and would delay the stored list of a return visit.
 * @param {string} iso
 */
export function timeAgo(iso) {
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  return seconds < 45 ? "just now" : `${formatDuration(seconds)} ago`;
}

/** @param {number} seconds */
export function formatDuration(seconds) {
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ["minute", 60];
  return plural(Math.max(1, Math.round(seconds / length)), unit);
}

/**
 * In the order and with the separators that the user is used to, as `formatDate`.
 * @param {string} iso
 */
export function formatDateTime(iso) {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** @param {string} iso */
export function formatDate(iso) {
  return new Date(iso).toLocaleDateString(undefined, { dateStyle: "medium" });
}
