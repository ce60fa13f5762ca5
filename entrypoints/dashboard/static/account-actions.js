/** Sign in, come back from the issuer, and sign out, with a message for each failure. */

import { ConfigApiError } from "./config-api.js";
import { byId } from "./dom.js";
import { currentMember, keepMember } from "./member-session.js";
import { errorTitle } from "./messages.js";
import { notice, requestReference } from "./notices.js";
import { completeSignIn, endSession, leaveForIssuer, takeRequest } from "./sign-in.js";
import { read, write } from "./storage.js";

/** @typedef {import("./dialogs.js").Page} Page */

const NOT_SIGNED_IN = { title: "You are not signed in", advice: "Try again later." };
const SIGNED_OUT_HERE = { title: "You are signed out here only", advice: "You may still be signed in at the issuer." };

/** @param {Page} page */
export function signIn(page) {
  return attempt(page, NOT_SIGNED_IN, async () => {
    await page.settle();
    await leaveForIssuer({ onWait: page.onWait, patience: 10 });
  });
}

/** @param {Page} page */
export function signOut(page) {
  return attempt(page, SIGNED_OUT_HERE, async () => {
    await page.settle();
    const member = currentMember();
    keepMember(null);
    try {
      if (member) await endSession(member);
    } finally {
      page.userChanged();
    }
  });
}

/**
 * @param {Page} page
 * @param {URLSearchParams} answer of the issuer
 */
export function completeReturn(page, answer) {
  return attempt(page, NOT_SIGNED_IN, () => complete(page, answer));
}

/**
 * Complete the sign-in that the answer of the issuer belongs to. Throws ConfigApiError with the reason otherwise.
 * @param {Page} page
 * @param {URLSearchParams} answer
 */
async function complete({ notices, onWait }, answer) {
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

/**
 * @param {Page} page
 * @param {{title: string, advice: string}} failure
 * @param {() => Promise<void>} step
 */
async function attempt({ account, notices }, { title, advice }, step) {
  const button = byId("sign-in", HTMLButtonElement);
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  notices.set("sign-in", null);
  try {
    await step();
  } catch (error) {
    if (!(error instanceof ConfigApiError)) throw error;
    const reason = error.isTransient ? `${errorTitle(error)}. ${advice}` : error.message;
    const text = [`${reason} Your input is kept.`, requestReference(error)];
    notices.show("sign-in", { tone: "warning", title, text });
  } finally {
    account.show();
  }
}
