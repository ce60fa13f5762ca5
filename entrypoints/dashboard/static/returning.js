/** The way back from the issuer. */

import { ConfigApiError } from "./config-api.js";
import { currentMember, keepMember } from "./member-session.js";
import { notice } from "./notices.js";
import { completeSignIn, takeRequest } from "./sign-in.js";
import { read, write } from "./storage.js";

/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./notices.js").Notices} Notices */

/**
 * Complete the sign-in that the answer of the issuer belongs to. Throws ConfigApiError with the reason otherwise.
 * @param {URLSearchParams} answer
 * @param {Notices} notices
 * @param {(wait: Wait | null) => void} onWait
 */
export async function completeReturn(answer, notices, onWait) {
  const request = takeRequest(answer);
  if (!request) {
    // The back button, after the sign-in was completed, leads here too.
    if (currentMember()) return;
    const text = "The answer of the issuer was ignored: this tab did not ask for it, or has already used it.";
    throw new ConfigApiError(text, { status: 400, code: "unknown_state" });
  }
  notices.set("sign-in", notice({ title: "Signing in…" }));
  try {
    keepMember(await completeSignIn(answer, request, { onWait }));
    // The page asks whether the watchlists of the anonymous session should be moved.
    if (!request.isSilent && read("session")) write("adopt", true);
  } catch (error) {
    if (request.isSilent) {
      // Otherwise the page would ask the issuer again, without an end.
      keepMember(null);
      const text = "Your sign-in has ended. Sign in again to see the watchlists of your account.";
      throw new ConfigApiError(text, { status: 401, code: "sign_in_required", cause: error });
    }
    if (error instanceof ConfigApiError && error.code === "access_denied") {
      throw new ConfigApiError("The sign-in was cancelled or denied.", { status: 400, code: error.code, cause: error });
    }
    throw error;
  } finally {
    notices.set("sign-in", null);
  }
}
