/** The page: connects the list, the editor, the session and the service. */

import { Account, currentLoss } from "./account.js";
import { ConfigApi, ConfigApiError } from "./config-api.js";
import { focusCard, showConfigurations, showInstead, showLoading } from "./configuration-list.js";
import { byId, h, icon } from "./dom.js";
import "./double-click.js";
import { discardDraft, formOf, takeDraft } from "./drafts.js";
import { Editor } from "./editor.js";
import { MAX_NAME } from "./form-errors.js";
import { errorTitle, timeAgo } from "./messages.js";
import { showNewVersion, useLoaded } from "./modules.js";
import { Notices, countdown, notice, requestReference } from "./notices.js";
import { PendingDeletes } from "./pending-deletes.js";
import { listenToShortcuts } from "./shortcuts.js";
import { isManual, listenToOrder, move, sorted } from "./sorting.js";
import { read } from "./storage.js";
import { toast } from "./toasts.js";
import { Watchlists } from "./watchlists.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./configuration-list.js").Handlers} Handlers */
/** @typedef {import("./dialogs.js").Page} Page */

const root = document.documentElement;
const baseUrl = root.dataset.api;
const notices = new Notices();
/** Toasts about kept drafts, by the key of the draft. @type {Map<string, () => void>} */
const draftToasts = new Map();
/** @type {AbortController | null} */
let loading = null;
let isLoadingQuietly = true;
/** Whether the session ends soon. */
let isEnding = false;

/** @type {Account} */
const account = new Account(baseUrl, {
  wait: (wait) => showWait("session", wait),
  changed: userChanged,
  signIn,
  signOut,
});
const api = new ConfigApi({ baseUrl, getToken: account.token });

const watchlists = new Watchlists(api, () => account.userId, {
  change: () => render(),
  changedElsewhere: () => load({ quietly: true }),
});

const deletes = new PendingDeletes(api, {
  change: () => render(),
  deleted: (id) => {
    takeDraft(id);
    watchlists.drop(id);
  },
  failed: (configuration, title, text) => {
    const content = { title, text: [`${configuration.name}: ${text}`] };
    notices.show(`delete-${configuration.config_id}`, { tone: "warning", ...content });
    load({ quietly: true });
  },
  wait: (id, wait, stop) => {
    showWait(`delete-${id}`, wait, stop);
    // A create in the dialog waits for the delete.
    if (editor.isOpen) editor.say(wait && countdown(wait, stop));
  },
});

const editor = new Editor(api, {
  open: (draft) => draftToasts.get(draft.key)?.(),
  beforeCreate: () => deletes.flush(),
  saved: (saved, created) => {
    watchlists.put(saved);
    toast(created ? `Created “${saved.name}”` : `Saved “${saved.name}”`);
    focusCard(saved.config_id);
    load({ quietly: true });
  },
  outdated: () => load({ quietly: true }),
  kept: ({ key, form }) => {
    const name = form.name.trim();
    const { close } = toast(name ? `Kept your draft “${name}”` : "Kept your draft", {
      action: { label: "Discard", run: () => discardDraft(key) },
    });
    draftToasts.set(key, close);
  },
  atLimit: () => account.signInButton(),
});

/** @type {Page} */
const page = {
  api,
  account,
  notices,
  watchlists,
  settle: () => deletes.flush(),
  reload: () => load(),
  refresh: () => load({ quietly: true }),
  onWait: (wait) => showWait("session", wait),
  userChanged,
  signIn,
  withLoaded,
};

/** @type {Handlers} */
const on = {
  create: (starter) => editor.create(starter),
  edit: (configuration) => {
    editor.edit(configuration);
    load({ quietly: true });
  },
  duplicate: (configuration) => {
    const name = [..."Copy of ", ...configuration.name].slice(0, MAX_NAME).join("");
    editor.create({ ...formOf(configuration), name });
  },
  rename,
  renameEnded: () => render(),
  remove: (configuration) => {
    const message = deletes.start(configuration, () => focusCard(configuration.config_id));
    message.querySelector("button")?.focus();
  },
  move: (configuration, step) => {
    move(visible(), configuration, step);
    render();
  },
};

/** The configurations in the order shown, without those that are being deleted. */
function visible() {
  return sorted(watchlists.list?.configurations ?? []).filter((each) => !deletes.has(each.config_id));
}

function render() {
  const { list, isCurrent } = watchlists;
  // A name that is being edited in its card stays.
  if (!list || document.querySelector(".rename-field:not([readonly])")) return;
  const atLimit = account.offeredLimit > list.maxAllowed ? account.signInButton() : null;
  const view = { configurations: visible(), maxAllowed: list.maxAllowed, isCurrent, isManual: isManual(), atLimit };
  showConfigurations(view, on);
  const text = [`As they were ${timeAgo(list.receivedAt)}. They can be edited when they are up to date.`];
  notices.set("outdated", isCurrent ? null : notice({ tone: "passing", title: "Updating your watchlists…", text }));
  for (const each of list.configurations) editor.refresh(each);
  // The footer is hidden until then, and its date needs Intl.
  if (isCurrent) account.showOwner();
}

/**
 * Load the watchlists. Quietly: in one attempt, and a failure leaves the page as it is.
 * @param {{quietly?: boolean}} [how]
 */
async function load({ quietly = false } = {}) {
  // A load that the user watches is not replaced by a quiet one.
  if (quietly && loading && !isLoadingQuietly) return;
  loading?.abort();
  const mine = (loading = new AbortController());
  isLoadingQuietly = quietly;
  try {
    const onWait = (/** @type {Wait | null} */ wait) => showWait("list", wait, () => mine.abort());
    await watchlists.load(quietly ? { signal: mine.signal, patience: 0 } : { signal: mine.signal, onWait });
    notices.set("load-failed", null);
  } catch (error) {
    // Aborted by a newer load, or not worth a message.
    if (loading !== mine || (quietly && watchlists.isCurrent)) return;
    if (mine.signal.aborted || error instanceof ConfigApiError) showLoadFailure(error);
    else throw error;
  } finally {
    if (loading === mine) loading = null;
  }
}

/** @param {unknown} error a ConfigApiError, or an abort by the user */
function showLoadFailure(error) {
  const apiError = error instanceof ConfigApiError ? error : null;
  let title = apiError ? errorTitle(apiError) : "Your watchlists are not loaded";
  const actions = [h("button", { class: "button", type: "button", onclick: () => load() }, "Try again")];
  /** @type {import("./dom.js").Child[]} */
  let text = ["Your watchlists are stored, and will be loaded when the service responds."];
  if (apiError?.code === "sign_in_required" || (apiError?.status === 401 && account.member)) {
    text = ["Your watchlists are stored. Sign in again to see them."];
    actions.push(h("button", { class: "button", type: "button", onclick: signIn }, "Sign in again"));
  } else if (apiError?.status === 401) {
    text = [
      "This may be temporary: your watchlists are still stored. Try again later, ",
      "or start a new session, in which you cannot reach them.",
    ];
    actions.push(h("button", { class: "button", type: "button", onclick: account.startAgain }, "Start a new session"));
  } else if (apiError && !apiError.isTransient) text = [apiError.message];
  if (apiError) text.push(requestReference(apiError));
  if (watchlists.list) {
    notices.set("outdated", null);
    if (!apiError) title = "Your watchlists are not up to date";
    text.unshift(`They are shown as they were ${timeAgo(watchlists.list.receivedAt)} and cannot be edited. `);
    return notices.set("load-failed", notice({ tone: "warning", title, text, actions }));
  }
  const heading = [h("span", { class: "empty-icon" }, icon("alert")), h("h2", {}, title)];
  showInstead(h("div", { class: "empty" }, ...heading, h("p", {}, ...text), h("div", { class: "pair" }, ...actions)));
}

/**
 * @param {Configuration} configuration
 * @param {string} name
 */
async function rename(configuration, name) {
  let isRenamed = false;
  await withLoaded(import("./renaming.js"), async (module) => {
    isRenamed = await module.rename(page, configuration, name);
  });
  return isRenamed;
}

/**
 * Show a countdown. While the browser is offline there is a notice already.
 * @param {string} name
 * @param {Wait | null} wait
 * @param {() => void} [stop]
 */
function showWait(name, wait, stop) {
  notices.set(name, wait && wait.seconds !== Infinity ? countdown(wait, stop) : null);
}

/** Show a notice while the ticker list is outdated. */
async function checkTickerList() {
  const { tickers } = await api.readiness().catch(() => ({ tickers: null }));
  const isBundled = tickers?.source === "bundled" && "bundledIsFallback" in root.dataset;
  if (tickers && (isBundled || tickers.source === "stale")) {
    await withLoaded(import("./ticker-list-notice.js"), (module) => module.show(notices, tickers));
  } else if (tickers) notices.set("tickers", null);
}

function showConnection() {
  const text = ["You can continue typing. Saving continues when you are back online."];
  const offline = notice({ tone: "warning", symbol: "offline", title: "You are offline", text });
  notices.set("offline", navigator.onLine ? null : offline);
}

/** @param {"name" | "ticker"} field */
function create(field) {
  const button = byId("create", HTMLButtonElement);
  if (button.disabled || button.getAttribute("aria-disabled") === "true") button.focus();
  else editor.create(undefined, field);
}

/**
 * @template T
 * @param {Promise<T>} module
 * @param {(module: T) => void | Promise<void>} use
 */
function withLoaded(module, use) {
  return useLoaded(notices, module, use);
}

/** @param {Promise<{open: (page: Page) => Promise<void>}>} module of a dialog */
function openLoaded(module) {
  return withLoaded(module, ({ open }) => open(page));
}

function signIn() {
  withLoaded(import("./account-actions.js"), (module) => module.signIn(page));
}

/** Forget the member first: nothing that fails later may leave the next user with their watchlists. */
async function signOut() {
  deletes.leave();
  const member = account.signOut();
  showNothing();
  if (member) await withLoaded(import("./account-actions.js"), (module) => module.endSignIn(page, member));
  account.show();
  userChanged();
}

/** Show nothing of the earlier user. */
function showNothing() {
  loading?.abort();
  editor.userChanged();
  for (const close of draftToasts.values()) close();
  watchlists.forget();
  showLoading();
  account.showOwner();
}

function userChanged() {
  showNothing();
  load();
  showSession();
}

const showShortcuts = () => openLoaded(import("./shortcuts-dialog.js"));

/** Renew the session; show what is lost, or what will be lost soon, and what was not completed. */
async function showSession() {
  isEnding = await account.renew();
  if (!isEnding) notices.set("ending", null);
  if (isEnding || currentLoss() || read("erasing")) {
    await withLoaded(import("./session-notices.js"), (module) => module.showSession(page, isEnding));
  }
}

/** Renew the session also in a page that is never opened again. */
async function renewSession() {
  if ((await account.renew()) !== isEnding) showSession();
}

byId("create", HTMLButtonElement).addEventListener("click", () => create("name"));
byId("download", HTMLButtonElement).addEventListener("click", () => openLoaded(import("./download-dialog.js")));
byId("import", HTMLButtonElement).addEventListener("click", () => openLoaded(import("./import-dialog.js")));
byId("show-shortcuts", HTMLButtonElement).addEventListener("click", showShortcuts);
byId("erase", HTMLButtonElement).addEventListener("click", () => openLoaded(import("./erase-dialog.js")));
listenToOrder(render);
listenToShortcuts({
  create: () => create("name"),
  search: () => create("ticker"),
  undo: () => deletes.undoLatest(),
  show: showShortcuts,
});
addEventListener("online", () => {
  showConnection();
  load({ quietly: true });
});
addEventListener("offline", showConnection);
addEventListener("storage", ({ key }) => key === "config-api.session" && load({ quietly: true }));
addEventListener("pageshow", ({ persisted }) => persisted && load({ quietly: true }));
addEventListener("focus", () => {
  load({ quietly: true });
  renewSession();
});
addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  checkTickerList();
  renewSession();
});
// Relative times change.
setInterval(render, 60_000);

showConnection();
render();
if (watchlists.list) performance.mark("listed");
byId("configurations", HTMLElement).classList.remove("is-initial");
const answer = account.takeAnswer();
if (answer) await withLoaded(import("./account-actions.js"), (module) => module.completeReturn(page, answer));
const isFirstSignIn = account.member !== null && read("adopt") !== null;
// A draft that was open waits until it is known whose watchlist it is.
if (!isFirstSignIn) editor.resume();
await load();
performance.mark("usable");
checkTickerList();
showSession();
if (isFirstSignIn) {
  await openLoaded(import("./adopt-dialog.js"));
  editor.resume();
}
showNewVersion(notices);
if ("faults" in root.dataset) await import("./fault-panel.js");
