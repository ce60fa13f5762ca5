/** Sign in, come back from the issuer, and sign out, with a message for each failure. */

import { ConfigApiError } from "./config-api.js";
import { byId } from "./dom.js";
import { currentMember, keepMember } from "./member-session.js";
import { errorTitle } from "./messages.js";
import { notice, requestReference } from "./notices.js";
import {
  completeSignIn,
  endSession,
  isSignInRequired,
  keepFailedRenewal,
  leaveForIssuer,
  takeRequest,
} from "./sign-in.js";
import { read, write } from "./storage.js";

/** @typedef {import("./dialogs.js").Page} Page */
/** @typedef {import("./member-session.js").Member} Member */

const NOT_SIGNED_IN = { title: "You are not signed in", advice: "Try again later.", outcome: "Your input is kept." };
const SIGNED_OUT_HERE = {
  title: "You are signed out here only",
  advice: "Close the browser, or sign out at the sign-in service.",
  outcome: "",
};

/** @param {Page} page */
export function signIn(page) {
  return attempt(page, NOT_SIGNED_IN, async () => {
    await page.settle();
    await leaveForIssuer({ onWait: page.onWait, patience: 10 });
  });
}

/**
 * End the session at the issuer.
 * @param {Page} page
 * @param {Member} member whom the page has forgotten already
 */
export function endSignIn(page, member) {
  return explain(page, SIGNED_OUT_HERE, () => endSession(member));
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
    const text =
      "The answer of the sign-in service was ignored: this tab did not ask for it, or has already used it. Sign in again.";
    throw new ConfigApiError(text, { status: 400, code: "unknown_state" });
  }
  notices.set("sign-in", notice({ title: "Signing in…" }));
  try {
    const member = await completeSignIn(answer, request, { onWait });
    if (request.renewedUser !== null) return keepRenewed(member, request.renewedUser);
    keepMember(member);
    // The page asks whether the watchlists of the anonymous session should be moved.
    if (read("session")) write("adopt", true);
  } catch (error) {
    if (request.renewedUser !== null && error instanceof ConfigApiError) {
      return endRenewal(error, request.renewedUser);
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
 * @param {Member} member whom the issuer recognised
 * @param {string} renewedUser whom it was asked for
 */
function keepRenewed(member, renewedUser) {
  if (member.user_id !== renewedUser) {
    throw new ConfigApiError("Another user is signed in there.", { status: 401, code: "login_required" });
  }
  // Meanwhile somebody may have signed out, or another member in.
  if (currentMember()?.user_id === renewedUser) keepMember(member);
}

/**
 * End the sign-in only if the issuer does not know the member any more.
 * @param {ConfigApiError} error
 * @param {string} renewedUser
 */
function endRenewal(error, renewedUser) {
  if (currentMember()?.user_id !== renewedUser) return;
  // Loading the watchlists shows the reason, unless the token can be renewed by then.
  if (!isSignInRequired(error)) return keepFailedRenewal(error);
  keepMember(null);
  const text = "Your sign-in has ended. Sign in again to see the watchlists of your account.";
  throw new ConfigApiError(text, { status: 401, code: "sign_in_required", cause: error });
}

/**
 * @param {Page} page
 * @param {{title: string, advice: string, outcome: string}} failure
 * @param {() => Promise<void>} step
 */
async function attempt(page, failure, step) {
  const button = byId("sign-in", HTMLButtonElement);
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  await explain(page, failure, step);
}

/**
 * @param {Page} page
 * @param {{title: string, advice: string, outcome: string}} failure
 * @param {() => Promise<void>} step
 */
async function explain({ account, notices }, { title, advice, outcome }, step) {
  notices.set("sign-in", null);
  try {
    await step();
  } catch (error) {
    if (!(error instanceof ConfigApiError)) throw error;
    const reason = error.isTransient ? `${errorTitle(error)}. ${advice}` : error.message;
    const text = [`${reason} ${outcome}`, requestReference(error)];
    notices.show("sign-in", { tone: "warning", title, text });
  } finally {
    account.show();
  }
}
