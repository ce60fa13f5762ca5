/** The page of the API documentation: curl commands that follow the forms, copying, and requests to the service. */

import { ConfigApi, ConfigApiError, newIdempotencyKey } from "./config-api.js";
import { byId, h } from "./dom.js";
import { listenToSearch } from "./docs-search.js";
import { currentMember, memberToken } from "./member-session.js";
import { AnonymousSession } from "./session.js";
import { toast } from "./toasts.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */

const baseUrl = document.documentElement.dataset.api;
const session = new AnonymousSession(new ConfigApi({ baseUrl, patience: 0 }), { wait: () => {}, replaced: () => {} });

/** The token of the member who is signed in, or of this browser's anonymous session. */
async function token() {
  return currentMember() ? memberToken(undefined, { mayRedirect: false }) : session.token();
}

/** @param {HTMLFormElement} form of an operation that deletes something */
function isDeleteConfirmed({ dataset }) {
  const member = currentMember();
  const owner = member ? `the account of ${member.name}` : "this browser’s session";
  const what = dataset.path?.endsWith("/auth/me") ? "everything" : "a watchlist";
  return confirm(`This deletes ${what} of ${owner}. Continue?`);
}

/**
 * @param {HTMLFormElement} form
 * @returns {Field[]}
 */
function fieldsOf(form) {
  return [...form.querySelectorAll("[data-in]")].map((field) => /** @type {Field} */ (field));
}

/**
 * The request that the form describes. Empty optional fields are left out.
 * @param {HTMLFormElement} form
 */
function requestOf(form) {
  const { method, path = "", mediaType } = form.dataset;
  const url = new URL(path, location.href);
  const headers = new Headers(mediaType ? { "Content-Type": mediaType } : {});
  /** @type {string | null} */
  let body = null;
  for (const { name, value, dataset } of fieldsOf(form)) {
    if (dataset.in === "path") url.pathname = url.pathname.replace(encodeURI(`{${name}}`), encodeURIComponent(value));
    else if (dataset.in === "query" && value) url.searchParams.set(name, value);
    else if (dataset.in === "header" && value) headers.set(name, value);
    else if (dataset.in === "body") body = value;
  }
  return { url, init: { method, headers, body, cache: /** @type {const} */ ("no-store") } };
}

/**
 * Write the values of the form into its curl command, quoted for a shell.
 * @param {HTMLFormElement} form
 */
function showCommand(form) {
  for (const field of fieldsOf(form)) {
    const place = form.querySelector(`[data-value="${field.id}"]`);
    if (!place) continue;
    const value = field.dataset.in === "path" ? encodeURIComponent(field.value) : field.value;
    place.textContent = value.replaceAll("'", "'\\''") || field.name.toUpperCase();
    const line = place.closest("[data-line]");
    if (line instanceof HTMLElement) line.hidden = !value;
  }
}

/**
 * Send the request of the form with this browser's session, and show the response.
 * @param {HTMLFormElement} form
 */
async function send(form) {
  const outcome = /** @type {HTMLElement} */ (form.querySelector(".outcome"));
  const answer = /** @type {HTMLElement} */ (form.querySelector(".answer"));
  if (form.dataset.method === "DELETE" && !isDeleteConfirmed(form)) return;
  answer.replaceChildren();
  outcome.replaceChildren("Waiting for the response…");
  try {
    const { url, init } = requestOf(form);
    if ("secured" in form.dataset) init.headers.set("Authorization", `Bearer ${await token()}`);
    const response = await fetch(url, init);
    const text = await response.text();
    const body = parsed(text);
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    outcome.replaceChildren(h("b", {}, `${response.status} ${response.statusText}`), ...adviceFor(body?.code));
    answer.replaceChildren(
      h("pre", {}, body ? JSON.stringify(body, null, 2) : text || "No body"),
      h("details", {}, h("summary", {}, "Headers"), h("pre", {}, headers)),
    );
    fillIds(body);
  } catch (error) {
    outcome.replaceChildren(error instanceof ConfigApiError ? error.message : `No response: ${error}`);
  }
}

/**
 * What the table of errors says about a code.
 * @param {string | undefined} code
 */
function adviceFor(code) {
  const advice = document.querySelector(`#${CSS.escape(code ?? "none")} .advice`);
  return advice ? [" What to do: ", ...[...advice.childNodes].map((node) => node.cloneNode(true))] : [];
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Fill the empty fields for an id with that of the configuration in a response.
 * @param {any} body
 */
function fillIds(body) {
  const id = body?.configurations?.[0]?.config_id ?? body?.config_id;
  for (const form of id ? document.forms : []) {
    for (const field of fieldsOf(form)) if (field.name === "config_id") field.value ||= id;
    showCommand(form);
  }
}

/**
 * @param {string} text
 * @param {HTMLElement} [source] is selected where the page may not use the clipboard
 */
async function copy(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    if (source instanceof HTMLTextAreaElement) source.select();
    else if (source) getSelection()?.selectAllChildren(source);
    toast(source ? "Selected: copy it with Ctrl+C" : "The browser does not allow the page to copy");
  }
}

for (const place of document.querySelectorAll("[data-origin]")) place.textContent = location.origin;
for (const form of document.forms) {
  for (const field of fieldsOf(form)) if (field.name === "Idempotency-Key") field.value = newIdempotencyKey();
  showCommand(form);
  form.addEventListener("input", () => showCommand(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
for (const button of document.querySelectorAll("[data-copy]")) {
  const source = byId(button.getAttribute("data-copy") ?? "", HTMLElement);
  const text = () => (source instanceof HTMLTextAreaElement ? source.value : source.innerText);
  button.addEventListener("click", () => copy(text(), source));
}
byId("copy-token", HTMLButtonElement).addEventListener("click", async () => {
  try {
    await copy(`TOKEN=${await token()}`);
  } catch (error) {
    if (!(error instanceof ConfigApiError)) throw error;
    toast(error.message);
  }
});
listenToSearch();
