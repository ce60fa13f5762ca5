/** After signing in: asks whether the watchlists of this browser should be moved to the account. */

import { ConfigApi, ConfigApiError } from "./config-api.js";
import { Dialog } from "./dialogs.js";
import { h, symbolBadge } from "./dom.js";
import { plural } from "./messages.js";
import { settleCreates } from "./settling.js";
import { write } from "./storage.js";
import { toast } from "./toasts.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").Options} Options */
/** @typedef {import("./dialogs.js").Page} Page */
/** @typedef {{token: string, configurations: Configuration[], remaining: number}} Offer */

/**
 * Ask, and return when the user has answered. Nothing is moved without an answer, because the browser may be shared.
 * @param {Page} page
 */
export async function open(page) {
  const token = page.account.anonymous.current?.token;
  if (!token) return write("adopt", null);
  // Without a dialog first, because often there is nothing to ask.
  const first = await read(page, token, { patience: 0 }).catch(ignoreApiError);
  const dialog =
    first && first.configurations.length === 0 ? null : new Dialog("Move your watchlists to your account?");
  dialog?.show([h("p", {}, "Reading the watchlists of this browser…")], [later(dialog)]);
  const offer = first ?? (await dialog?.run((options) => read(page, token, options)));
  if (dialog && offer && offer.configurations.length > 0) show(page, dialog, offer, new Set(firstFitting(offer)));
  else if (offer) dialog?.close();
  await dialog?.closed;
  write("adopt", null);
}

/**
 * Settle what was sent in the anonymous session, and read what it holds.
 * @param {Page} page
 * @param {string} token
 * @param {Options} options
 * @returns {Promise<Offer>}
 */
async function read({ api }, token, options) {
  const baseUrl = document.documentElement.dataset.api;
  const anonymousApi = new ConfigApi({ baseUrl, getToken: () => token });
  try {
    await settleCreates(anonymousApi, options);
    const held = await anonymousApi.list(options);
    const account = await api.list(options);
    return { token, configurations: held?.configurations ?? [], remaining: account?.remaining ?? 0 };
  } catch (error) {
    // The anonymous session has ended: there is nothing to move.
    if (error instanceof ConfigApiError && error.code === "expired_token") {
      return { token, configurations: [], remaining: 0 };
    }
    throw error;
  }
}

/** @param {unknown} error */
function ignoreApiError(error) {
  if (!(error instanceof ConfigApiError)) throw error;
}

/** @param {Offer} offer */
function firstFitting({ configurations, remaining }) {
  return configurations.slice(0, remaining).map(({ config_id }) => config_id);
}

/**
 * @param {Page} page
 * @param {Dialog} dialog
 * @param {Offer} offer
 * @param {Set<string>} chosen ids
 */
function show(page, dialog, offer, chosen) {
  const { configurations, remaining } = offer;
  const fits = configurations.length <= remaining;
  const update = () => show(page, dialog, offer, chosen);
  const rows = configurations.map(({ config_id, name, tickers }) => {
    const isChosen = chosen.has(config_id);
    const box = h("input", { type: "checkbox", id: config_id, disabled: !isChosen && chosen.size >= remaining });
    box.checked = isChosen;
    box.addEventListener("change", () => {
      if (box.checked) chosen.add(config_id);
      else chosen.delete(config_id);
      update();
      document.getElementById(config_id)?.focus();
    });
    const symbols = h("span", { class: "symbols" }, ...tickers.map(({ symbol }) => symbolBadge(symbol)));
    return h("li", {}, h("label", { for: config_id }, box, h("b", {}, name), symbols));
  });
  const move = dialog.button(
    `Move ${plural(chosen.size, "watchlist")}`,
    () => adopt(page, dialog, offer, chosen),
    "primary",
  );
  move.setAttribute("aria-disabled", String(chosen.size === 0));
  dialog.show(
    [
      h("p", {}, "They were made in this browser before you signed in. In your account you have them on every device."),
      !fits && h("p", {}, limitText(remaining)),
      h("ul", { class: "rows" }, ...rows),
    ],
    [later(dialog), move],
  );
}

/** @param {number} remaining */
function limitText(remaining) {
  if (remaining === 0) return "Your account is full. Delete a watchlist in it, and sign in again to move these.";
  return `Your account has room for ${remaining} more. Choose which; the others stay in this browser.`;
}

/** @param {Dialog} dialog */
function later(dialog) {
  return dialog.button("Not now", () => dialog.close());
}

/**
 * @param {Page} page
 * @param {Dialog} dialog
 * @param {Offer} offer
 * @param {Set<string>} chosen
 */
async function adopt(page, dialog, offer, chosen) {
  if (chosen.size === 0) return;
  const { token, configurations } = offer;
  const isAll = chosen.size === configurations.length;
  const ids = isAll ? {} : { configIds: [...chosen] };
  const answer = await dialog.run((options) => page.api.adopt(token, { ...ids, ...options }));
  if (!answer) {
    // What fits may have changed, in this account or in this browser.
    const next = dialog.isClosed ? null : await read(page, token, { patience: 0 }).catch(ignoreApiError);
    if (next) show(page, dialog, next, new Set(firstFitting(next)));
    return;
  }
  // Only now: before the response, the token is the only way to what the session holds.
  if (isAll) page.account.anonymous.discard();
  dialog.close();
  await page.reload();
  toast(`Moved ${plural(chosen.size, "watchlist")} to your account`);
}
