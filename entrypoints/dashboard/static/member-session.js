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
    const latest = currentMember();
    if (!latest || isUsable(latest)) return latest && latest.token;
    const { renewMember } = await loaded(import("./sign-in.js"));
    const renewed = await renewMember(latest, options);
    // Meanwhile somebody may have signed out, or another member in.
    if (currentMember()?.token === latest.token) keepMember(renewed);
    return currentMember()?.token ?? null;
  });
}
