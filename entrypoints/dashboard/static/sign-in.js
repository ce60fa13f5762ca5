/**
 * Sign in at the issuer: authorization code with PKCE (RFC 7636), as a public client, by a redirect of the page.
 *
 * A popup would be cut off by the page's opener policy, and a frame has no cookies of the issuer.
 */

import { ConfigApi, ConfigApiError } from "./config-api.js";
import * as oauth from "./oauth4webapi.js";
import { read, write } from "./storage.js";

/** @typedef {import("./config-api.js").Options} Options */
/** @typedef {import("./config-api.js").SignIn} SignIn */
/** @typedef {import("./member-session.js").Member} Member */

/**
 * @typedef {object} SignInRequest What is kept until the issuer answers.
 * @property {SignIn} oidc
 * @property {string} nonce
 * @property {string} verifier
 * @property {string | null} renewedUser the id of the member whose token is renewed silently; null if the user is asked
 */

const baseUrl = document.documentElement.dataset.api ?? "";
/** The page itself, with its slash, also below a stage. */
const REDIRECT_URI = new URL("../../", new URL(`${baseUrl}/`, location.href)).href;
const TIMEOUT = 15_000;
/** The issuer wants the user to sign in again (RFC 6749 §5.2, OpenID Connect Core 1.0 §3.1.2.6). */
const REAUTHENTICATION_ERRORS = new Set([
  "access_denied",
  "account_selection_required",
  "consent_required",
  "interaction_required",
  "invalid_grant",
  "invalid_token",
  "login_required",
]);
/** Why the redirect that led to this page failed. The next one may fail too, without an end. @type {ConfigApiError | null} */
let failedRenewal = null;

/**
 * Leave the page for the issuer. Returns only if the user comes back with the browser's back button.
 * @param {{renewed?: Member} & Options} [options] `renewed`: a member whom the issuer must recognise without asking
 */
export async function leaveForIssuer({ renewed, ...options } = {}) {
  // PKCE needs crypto.subtle.
  if (!isSecureContext) throw issuerError("insecure_context", "Signing in needs a page that is loaded with https.");
  const oidc = await withReadableErrors(() => new ConfigApi({ baseUrl }).signIn(options));
  if (!oidc) throw issuerError("sign_in_unavailable", "Nobody can sign in here.");
  await expectReachable(oidc.token_endpoint);
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const verifier = oauth.generateRandomCodeVerifier();
  /** @type {SignInRequest} */
  const request = { oidc, nonce, verifier, renewedUser: renewed?.user_id ?? null };
  write(entryOf(state), request, { perTab: true });
  await leave(oidc.authorization_endpoint, {
    ...oidc.parameters,
    response_type: "code",
    client_id: oidc.client_id,
    redirect_uri: REDIRECT_URI,
    scope: oidc.scope,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...(renewed && { prompt: "none", id_token_hint: renewed.id_token }),
  });
}

/**
 * The request that an answer of the issuer belongs to. It is answered once.
 * @param {URLSearchParams} answer
 * @returns {SignInRequest | null} null if this tab sent no request with this state
 */
export function takeRequest(answer) {
  const entry = entryOf(answer.get("state") ?? "");
  const request = read(entry, { perTab: true });
  write(entry, null, { perTab: true });
  return request;
}

/**
 * Exchange the code of the answer for the member's tokens, and ask the service who it is.
 * @param {URLSearchParams} answer
 * @param {SignInRequest} request
 * @param {Options} options
 * @returns {Promise<Member>}
 */
export async function completeSignIn(answer, { oidc, nonce, verifier }, options) {
  const server = serverOf(oidc);
  const tokens = await withReadableErrors(async () => {
    const parameters = oauth.validateAuthResponse(server, oidc, answer, answer.get("state") ?? undefined);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      oidc,
      oauth.None(),
      parameters,
      REDIRECT_URI,
      verifier,
      requestOptions(oidc),
    );
    const expected = { expectedNonce: nonce, requireIdToken: true };
    return oauth.processAuthorizationCodeResponse(server, oidc, response, expected);
  });
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  const token = tokenOf(tokens, oidc);
  const { user_id } = await new ConfigApi({ baseUrl, getToken: () => token.token }).me(options);
  const name = String(claims?.name ?? claims?.preferred_username ?? claims?.email ?? "a member");
  return { user_id, name, ...token, refresh_token: tokens.refresh_token, id_token: tokens.id_token ?? "", oidc };
}

/**
 * Renew the token: with the refresh token, or with a redirect that asks the user nothing. While a form is open, which
 * the redirect would interrupt, it is left to the user.
 * @param {Member} member
 * @param {{mayRedirect?: boolean}} [options] `mayRedirect`: the redirect leads back to the dashboard
 * @returns {Promise<Member>}
 */
export async function renewMember(member, { mayRedirect = true } = {}) {
  const { oidc, refresh_token } = member;
  try {
    if (refresh_token) return { ...member, ...(await refresh(oidc, refresh_token)) };
  } catch (error) {
    if (!(error instanceof ConfigApiError) || !isSignInRequired(error)) throw error;
  }
  if (document.querySelector('dialog:modal form:not([aria-busy="true"])')) throw signInRequired();
  if (!mayRedirect) throw signInRequired("Your sign-in has expired. Open the dashboard to renew it.");
  if (failedRenewal) throw failedRenewal;
  await leaveForIssuer({ renewed: member, patience: 0 });
  throw signInRequired();
}

/**
 * Whether the sign-in has ended. After any other failure the token may be renewed later.
 * @param {ConfigApiError} error
 */
export function isSignInRequired({ code, status }) {
  return REAUTHENTICATION_ERRORS.has(code) || status === 401;
}

/**
 * Do not redirect again until the page is reloaded.
 * @param {ConfigApiError} cause
 */
export function keepFailedRenewal(cause) {
  const text = `${cause.message} Reload the page to try again.`;
  failedRenewal = new ConfigApiError(text, { status: 400, code: "renewal_failed", cause });
}

/**
 * Leave the page for the end of the session at the issuer, which leads back to the page.
 * @param {Member} member whom the page has forgotten already
 */
export async function endSession({ oidc, id_token }) {
  if (!oidc.end_session_endpoint) return;
  await expectReachable(oidc.token_endpoint);
  await leave(oidc.end_session_endpoint, {
    id_token_hint: id_token,
    client_id: oidc.client_id,
    post_logout_redirect_uri: REDIRECT_URI,
  });
}

/**
 * @param {SignIn} oidc
 * @param {string} refreshToken
 */
async function refresh(oidc, refreshToken) {
  const server = serverOf(oidc);
  const tokens = await withReadableErrors(async () => {
    const response = await oauth.refreshTokenGrantRequest(
      server,
      oidc,
      oauth.None(),
      refreshToken,
      requestOptions(oidc),
    );
    return oauth.processRefreshTokenResponse(server, oidc, response);
  });
  const { refresh_token = refreshToken, id_token } = tokens;
  return { ...tokenOf(tokens, oidc), refresh_token, ...(id_token && { id_token }) };
}

/**
 * The token that the service accepts. Its end is computed with the clock of this browser, which may be wrong.
 * @param {oauth.TokenEndpointResponse} tokens
 * @param {SignIn} oidc
 */
function tokenOf(tokens, { token_use }) {
  const token = tokens[token_use];
  if (typeof token !== "string") throw issuerError("invalid_token", `The sign-in service sent no ${token_use}.`);
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  const seconds = token_use === "id_token" && claims ? claims.exp - claims.iat : (tokens.expires_in ?? 300);
  return { token, expires_at: Date.now() + seconds * 1000 };
}

/**
 * Run a step of the protocol, and report a failure as an error that the page can show.
 * @template T
 * @param {() => Promise<T>} step
 * @returns {Promise<T>}
 */
async function withReadableErrors(step) {
  // The policy of such a page allows no request to the issuer.
  if ("signInUnavailable" in document.documentElement.dataset) {
    const text = "The sign-in service could not be reached when this page was loaded. Reload the page to try again.";
    throw issuerError("issuer_unreachable", text);
  }
  try {
    return await step();
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError) {
      const reason = error.error_description ? `: ${error.error_description}` : ".";
      throw issuerError(error.error, `The sign-in service reported ${error.error}${reason}`, error);
    }
    // The service cannot read the documents of the issuer.
    if (error instanceof ConfigApiError && error.code === "identity_unavailable") throw unreachable(error);
    if (error instanceof TypeError || error instanceof DOMException) throw unreachable(error);
    if (error instanceof oauth.OperationProcessingError || error instanceof oauth.WWWAuthenticateChallengeError) {
      throw issuerError("invalid_answer", error.message, error);
    }
    throw error;
  }
}

/**
 * Without this, an issuer that is down would replace the page by an error page of the browser.
 * @param {string} url
 */
async function expectReachable(url) {
  // Any response is enough. Its content is hidden, and no cookie is sent.
  const options = /** @type {const} */ ({ mode: "no-cors", credentials: "omit", cache: "no-store" });
  try {
    await fetch(url, { ...options, signal: AbortSignal.timeout(TIMEOUT) });
  } catch (cause) {
    throw unreachable(cause);
  }
}

/**
 * @param {string} url
 * @param {Record<string, string | undefined>} parameters
 */
async function leave(url, parameters) {
  const target = new URL(url);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) target.searchParams.set(name, value);
  }
  await new Promise((resolve, reject) => {
    addEventListener("pageshow", ({ persisted }) => persisted && resolve(null));
    // A response without a page (204, a download) leaves this one open, which may hold the lock of all tabs.
    setTimeout(() => reject(unreachable(undefined)), TIMEOUT);
    location.assign(target.href);
  });
}

/** @param {SignIn} oidc */
function serverOf({ issuer, authorization_endpoint, token_endpoint }) {
  return { issuer, authorization_endpoint, token_endpoint };
}

/** @param {SignIn} oidc */
function requestOptions({ token_endpoint }) {
  const { protocol, hostname } = new URL(token_endpoint);
  const isLoopback = protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return { [oauth.allowInsecureRequests]: isLoopback, signal: AbortSignal.timeout(TIMEOUT) };
}

/** @param {string} state */
function entryOf(state) {
  return `sign-in.${state}`;
}

/** @param {unknown} cause */
function unreachable(cause) {
  return new ConfigApiError("The sign-in service does not answer.", { status: 0, code: "issuer_unreachable", cause });
}

/**
 * @param {string} code
 * @param {string} message
 * @param {unknown} [cause]
 */
function issuerError(code, message, cause) {
  return new ConfigApiError(message, { status: 400, code, cause });
}

function signInRequired(text = "Your sign-in has ended. Sign in again.") {
  return new ConfigApiError(text, { status: 401, code: "sign_in_required" });
}
