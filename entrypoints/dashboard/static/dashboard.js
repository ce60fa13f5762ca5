/** The page put together: what it knows, and who does what when something happens. */

import { ConfigApi, ConfigApiError } from "./config-api.js";
import { Deletions } from "./deletions.js";
import { byId, h, icon } from "./dom.js";
import { take } from "./drafts.js";
import { Editor, requestId } from "./editor.js";
import { Notices, notice, waiting } from "./notices.js";
import { SessionKeeper } from "./session.js";
import { focusCard, showInstead, showShelf } from "./shelf.js";
import { toast } from "./toasts.js";
import { date, duration, title } from "./wording.js";

/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./shelf.js").Configuration} Configuration */

const root = document.documentElement;
const notices = new Notices();
/** @type {{configurations: Configuration[], maxAllowed: number} | null} */
let shelf = null;
/** @type {AbortController | null} */
let loading = null;

const session = new SessionKeeper(
  () => api.startSession({ onWait: (wait) => announce("session", wait) }),
  () => {
    notices.tell("renewed", {
      title: "Your session had ended, so a new one has begun",
      text: ["Anonymous watchlists live as long as their session. What you are typing is kept, and saves into the new one."],
    });
    load();
  },
);
const api = new ConfigApi({ baseUrl: root.dataset.api, getToken: session.token });

const deletions = new Deletions(api, {
  change: render,
  deleted: (id) => {
    take(id);
    if (shelf) shelf.configurations = shelf.configurations.filter((each) => each.config_id !== id);
  },
  kept: (configuration, heading, text) => {
    notices.tell(`kept-${configuration.config_id}`, { tone: "warning", title: heading, text: [`${configuration.name}: ${text}`] });
    load({ quietly: true });
  },
  wait: (id, wait, stop) => {
    announce(`delete-${id}`, wait, stop);
    if (editor.isOpen) editor.say(wait && waiting(wait, stop)); // what is saved there needs the place
  },
});

const editor = new Editor(api, {
  beforeCreate: () => deletions.flush(),
  saved: (saved, created) => {
    const others = shelf?.configurations ?? [];
    const known = others.some((each) => each.config_id === saved.config_id);
    if (shelf) shelf.configurations = known ? others.map((each) => (each.config_id === saved.config_id ? saved : each)) : [saved, ...others];
    toast(created ? `Created “${saved.name}”` : `Saved “${saved.name}”`);
    render();
    focusCard(saved.config_id);
    load({ quietly: true });
  },
  missing: () => load({ quietly: true }),
  full: () => load({ quietly: true }),
  unsettled: () => load({ quietly: true }),
  kept: ({ id }) =>
    toast("What you typed is kept", { action: { label: "Discard", run: () => take(id) } }),
});

const on = {
  create: (/** @type {Parameters<typeof editor.create>[0]} */ starter) => editor.create(starter),
  edit: async (/** @type {Configuration} */ configuration, /** @type {HTMLElement} */ opener) => {
    if (opener.getAttribute("aria-busy")) return;
    opener.setAttribute("aria-busy", "true");
    const stop = new AbortController();
    try {
      const id = configuration.config_id;
      editor.edit(await api.get(id, { signal: stop.signal, onWait: (wait) => announce("edit", wait, () => stop.abort()) }));
    } catch (error) {
      if (!stop.signal.aborted) complain(error);
    } finally {
      opener.removeAttribute("aria-busy");
    }
  },
  remove: (/** @type {Configuration} */ configuration) => {
    const message = deletions.begin(configuration, () => focusCard(configuration.config_id));
    message.querySelector("button")?.focus();
  },
};

function render() {
  if (!shelf) return;
  showShelf(shelf.configurations.filter((each) => !deletions.has(each.config_id)), shelf.maxAllowed, on);
  const until = session.current?.session_expires_at;
  byId("session", HTMLElement).textContent = until ? `Anonymous session in this browser, until ${date(until)}.` : "";
}

/**
 * Ask for the watchlists; quietly keeps what is shown if there is no answer.
 * @param {{quietly?: boolean}} [how]
 */
async function load({ quietly = false } = {}) {
  loading?.abort();
  const mine = (loading = new AbortController());
  try {
    const onWait = (/** @type {Wait | null} */ wait) => announce("list", wait, () => mine.abort());
    const { configurations, max_allowed } = await api.list(quietly ? { signal: mine.signal, patience: 0 } : { signal: mine.signal, onWait });
    const known = new Map(shelf?.configurations.map((each) => [each.config_id + each.updated_at, each]));
    shelf = { configurations: configurations.map((each) => known.get(each.config_id + each.updated_at) ?? each), maxAllowed: max_allowed };
    render();
  } catch (error) {
    if (loading !== mine || (quietly && shelf)) return; // a newer question has the say
    if (mine.signal.aborted || error instanceof ConfigApiError) showFailure(error instanceof ConfigApiError ? error : null);
    else throw error;
  }
}

/**
 * Say what is waited for; that the browser is offline is said already.
 * @param {string} name
 * @param {Wait | null} wait
 * @param {() => void} [stop]
 */
function announce(name, wait, stop) {
  notices.set(name, wait && wait.seconds !== Infinity ? waiting(wait, stop) : null);
}

/** @param {ConfigApiError | null} error null where somebody stopped waiting */
function showFailure(error) {
  showInstead(
    h(
      "div",
      { class: "empty" },
      h("span", { class: "empty-icon" }, icon("alert")),
      h("h2", {}, error ? title(error) : "Your watchlists are not loaded"),
      h("p", {}, error && !error.isTransient ? error.message : "They are safe where they are, and will show when the service answers.", error && requestId(error)),
      h("button", { class: "button", type: "button", onclick: () => load() }, "Try again"),
    ),
  );
}

/** @param {unknown} error */
function complain(error) {
  if (!(error instanceof ConfigApiError)) throw error;
  notices.tell("failed", { tone: "danger", title: title(error), text: error.isTransient ? [] : [error.message, requestId(error)] });
  load({ quietly: true });
}

/** Say so while the ticker list is not the newest there is. */
async function watchTickers() {
  const { tickers } = await api.readiness().catch(() => ({ tickers: null }));
  if (!tickers) return;
  const bundled = tickers.source === "bundled" && "bundledIsFallback" in root.dataset;
  const text = bundled ? "The list that came with the service is in use." : `The list in use is ${duration(tickers.age_seconds)} old.`;
  notices.set(
    "tickers",
    bundled || tickers.source === "stale"
      ? notice({ tone: "info", title: "The ticker list can’t be refreshed right now", text: [text, " Well-known tickers work; very new ones may have to wait."] })
      : null,
  );
}

function watchConnection() {
  const offline = !navigator.onLine;
  notices.set(
    "offline",
    offline ? notice({ tone: "warning", symbol: "offline", title: "You are offline", text: ["You can go on typing. Saving continues when you are back."] }) : null,
  );
}

byId("create", HTMLButtonElement).addEventListener("click", ({ currentTarget }) => {
  const full = currentTarget instanceof HTMLElement && currentTarget.getAttribute("aria-disabled") === "true";
  if (!full) editor.create();
});
addEventListener("online", () => (watchConnection(), load({ quietly: true })));
addEventListener("offline", watchConnection);
addEventListener("storage", ({ key }) => key === "config-api.session" && load({ quietly: true }));
addEventListener("pageshow", ({ persisted }) => persisted && load({ quietly: true }));
addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && shelf) {
    load({ quietly: true });
    watchTickers();
  }
});
setInterval(render, 60_000); // what was “just now” no longer is

watchConnection();
editor.resume();
await load();
performance.mark("usable");
watchTickers();
if ("faults" in root.dataset) await import("./faults.js");
