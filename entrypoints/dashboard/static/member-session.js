/** The member who is signed in, in all tabs of a browser. Loaded only where somebody is. */

import { loaded } from "./modules.js";
import { exclusively, read, write } from "./storage.js";

/** @typedef {import("./config-api.js").SignIn} SignIn */

/**
 * @typedef {object} Member
 * @property {string} user_id
 * @property {string} name as the issuer gives it
 * @property {string} token that the service accepts
 * @property {number} expires_at of the token: milliseconds since the epoch, by the clock of this browser
 * @property {string | undefined} refresh_token
 * @property {string} id_token the hint for signing out at the issuer
 * @property {SignIn} oidc how the member signed in
 */

export const MEMBER = "member";
/** Milliseconds before its end at which a token is renewed. */
const MARGIN = 10_000;
/** Where tabs keep the `expires_at` of the member whose token was renewed last. */
const RENEWED = "/renewed-member";
/** Milliseconds to wait for a write of another tab to arrive. */
const PATIENCE = 5000;

/** @returns {Member | null} */
export function currentMember() {
  return read(MEMBER);
}

/** @param {Member | null} member */
export function keepMember(member) {
  write(MEMBER, member);
  // What the page shows of an earlier user belongs to them.
  if (member?.user_id !== read("list")?.userId) write("list", null);
}

/**
 * The token to send. It is renewed in one tab at a time, because a refresh token that is used twice ends the session.
 * @param {string} [refused]
 * @param {{mayRedirect?: boolean}} [options] see `renewMember`
 * @returns {Promise<string | null>}
 */
export async function memberToken(refused, options) {
  const isUsable = (/** @type {Member} */ { token, expires_at }) =>
    token !== refused && expires_at - MARGIN > Date.now();
  const member = currentMember();
  if (!member || isUsable(member)) return member && member.token;
  return exclusively(MEMBER, async () => {
    // Another tab may have been faster.
    const latest = await latestMember();
    if (!latest || isUsable(latest)) return latest && latest.token;
    const { renewMember } = await loaded(import("./sign-in.js"));
    const renewed = await renewMember(latest, options);
    // Meanwhile somebody may have signed out, or another member in.
    if (currentMember()?.token === latest.token) {
      keepMember(renewed);
      await (await renewals())?.put(RENEWED, new Response(String(latest.expires_at)));
    }
    return currentMember()?.token ?? null;
  });
}

/**
 * The member that the last holder of the lock has stored. Another process may get the lock before it sees what was
 * written to localStorage (measured in Chromium: in a tenth of the cases on a busy machine); a cache has no such delay.
 */
async function latestMember() {
  const renewed = await (await (await renewals())?.match(RENEWED))?.text();
  const isBehind = () => String(currentMember()?.expires_at) === renewed;
  if (isBehind()) {
    const signal = AbortSignal.timeout(PATIENCE);
    await new Promise((resolve) => {
      addEventListener("storage", () => isBehind() || resolve(null), { signal });
      signal.addEventListener("abort", resolve);
    });
  }
  return currentMember();
}

/** The cache, or undefined where the browser has none (no secure context, or a private window of some browsers). */
async function renewals() {
  return globalThis.caches?.open("config-api").catch(() => undefined);
}
