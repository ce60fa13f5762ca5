/** Dialogs that are made when they are opened. */

import { ConfigApiError } from "./config-api.js";
import { h, icon } from "./dom.js";
import { errorTitle } from "./messages.js";
import { countdown, notice, requestReference } from "./notices.js";
import "./on-demand-styles.js";

/** @typedef {import("./account.js").Account} Account */
/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Options} Options */
/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("./notices.js").Notices} Notices */
/** @typedef {import("./watchlists.js").Watchlists} Watchlists */

/**
 * @typedef {object} Page What the dialogs that are loaded on demand need of the page.
 * @property {ConfigApi} api
 * @property {Account} account
 * @property {Notices} notices
 * @property {Watchlists} watchlists
 * @property {() => Promise<void>} settle sends what waits to be sent
 * @property {() => Promise<void>} reload loads the list
 * @property {() => void} refresh loads the list in the background
 * @property {(wait: Wait | null) => void} onWait
 * @property {() => void} userChanged
 * @property {() => void} signIn
 * @property {<T>(module: Promise<T>, use: (module: T) => void | Promise<void>) => Promise<void>} withLoaded
 */

export class Dialog {
  #element;
  #form;
  #body = h("div", { class: "fields" });
  #status = h("div", { class: "editor-status", role: "status" });
  #foot = h("div", { class: "editor-foot" });
  #stop = new AbortController();
  #resolveClosed = () => {};
  /** Resolves when the dialog was closed. */
  closed;

  /** @param {string} title */
  constructor(title) {
    const close = h(
      "button",
      { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => this.close() },
      icon("close"),
    );
    const head = h(
      "div",
      { class: "editor-head" },
      h("h2", { id: "dialog-title", tabindex: "-1", autofocus: true }, title),
      close,
    );
    this.#form = h("form", { novalidate: true }, head, this.#body, this.#status, this.#foot);
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#element = h("dialog", { class: "editor", "aria-labelledby": "dialog-title" }, this.#form);
    this.closed = /** @type {Promise<void>} */ (new Promise((resolve) => (this.#resolveClosed = resolve)));
    this.#element.addEventListener("close", this.#resolveClosed);
    this.closed.then(() => {
      this.#stop.abort();
      this.#element.remove();
    });
    document.body.append(this.#element);
    this.#element.showModal();
  }

  /** Whether the user has closed it. */
  get isClosed() {
    return !this.#element.open;
  }

  close() {
    this.#element.close();
    // Not only at the event, which the browser sends later: the user may leave the page before.
    this.#resolveClosed();
  }

  /**
   * Replace the content.
   * @param {Child[]} body
   * @param {HTMLElement[]} buttons
   */
  show(body, buttons) {
    this.#body.replaceChildren(...h("div", {}, ...body).childNodes);
    this.#foot.replaceChildren(...buttons);
  }

  /** @param {HTMLElement | null} element a notice; null removes it */
  say(element) {
    this.#status.replaceChildren(...(element ? [element] : []));
    element?.scrollIntoView({ block: "nearest" });
  }

  /**
   * Run requests: with a countdown while they wait, and a notice if they fail. Closing the dialog ends them.
   * @template T
   * @param {(options: Options) => Promise<T>} work
   * @returns {Promise<T | null>} null after a failure
   */
  async run(work) {
    this.#form.setAttribute("aria-busy", "true");
    this.say(null);
    const stop = new AbortController();
    const end = () => stop.abort();
    this.#stop.signal.addEventListener("abort", end);
    try {
      return await work({ signal: stop.signal, onWait: (wait) => this.say(wait && countdown(wait, end)) });
    } catch (error) {
      if (stop.signal.aborted) this.say(notice({ title: "Stopped", text: ["You can try again."] }));
      else if (error instanceof ConfigApiError) this.fail(error);
      else throw error;
      return null;
    } finally {
      this.#stop.signal.removeEventListener("abort", end);
      this.#form.removeAttribute("aria-busy");
    }
  }

  /** @param {ConfigApiError} error */
  fail(error) {
    const text = error.isTransient ? "You can try again." : error.message;
    this.say(notice({ tone: "danger", title: errorTitle(error), text: [text, requestReference(error)] }));
  }

  /**
   * @param {string} label
   * @param {() => void} onclick
   * @param {string} [kind]
   */
  button(label, onclick, kind = "") {
    return h("button", { class: `button ${kind}`, type: "button", onclick }, label);
  }
}
