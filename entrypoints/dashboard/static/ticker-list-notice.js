/** What the page says while the ticker list is outdated. */

import { formatDuration } from "./messages.js";
import { notice } from "./notices.js";

/** @typedef {import("./config-api.js").TickerListState} TickerListState */

/**
 * @param {import("./notices.js").Notices} notices
 * @param {TickerListState} tickers
 */
export function show(notices, { source, age_seconds }) {
  const text = [
    source === "bundled"
      ? "The list that came with the service is in use."
      : `The list in use is ${formatDuration(age_seconds)} old.`,
    " Very new tickers may be missing.",
  ];
  notices.set("tickers", notice({ title: "The ticker list can’t be refreshed right now", text }));
}
