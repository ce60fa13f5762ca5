/** Notices: what the page waits for, what failed, and what the user should know. */

import { byId, h, icon } from "./dom.js";
import { errorTitle, plural } from "./messages.js";

/** @typedef {import("./config-api.js").ConfigApiError} ConfigApiError */
/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./dom.js").Child} Child */

/**
 * @typedef {object} Notice
 * @property {"info" | "passing" | "warning" | "danger"} [tone]
 * @property {string} [symbol] name of an icon
 * @property {string} title
 * @property {Child[]} [text]
 * @property {Child[]} [actions]
 */

/**
 * @param {Notice} notice
 * @returns {HTMLElement}
 */
export function notice({ tone = "info", symbol, title, text = [], actions = [] }) {
  const isUrgent = tone === "warning" || tone === "danger";
  return h(
    "div",
    { class: `notice ${tone}` },
    icon(symbol ?? (isUrgent ? "alert" : "info")),
    h("div", { class: "notice-text" }, h("b", {}, title), text.length > 0 && h("span", {}, ...text)),
    actions.length > 0 && h("div", { class: "notice-actions" }, ...actions),
  );
}

/**
 * @param {string} label
 * @param {() => void} onclick
 */
export function smallButton(label, onclick) {
  return h("button", { class: "button small", type: "button", onclick }, label);
}

/** The notices above the list. Each has a name: a notice replaces an older one of the same name. */
export class Notices {
  #place = byId("notices", HTMLElement);
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();

  /**
   * @param {string} name
   * @param {HTMLElement | null} element null removes the notice
   */
  set(name, element) {
    const old = this.#shown.get(name);
    if (element) {
      if (old) old.replaceWith(element);
      else this.#place.append(element);
      this.#shown.set(name, element);
    } else {
      old?.remove();
      this.#shown.delete(name);
    }
  }

  /**
   * Show a notice that the user can dismiss.
   * @param {string} name
   * @param {Notice} content
   * @param {() => void} [onDismiss]
   */
  show(name, content, onDismiss) {
    const onclick = () => {
      this.set(name, null);
      onDismiss?.();
    };
    const close = h(
      "button",
      { class: "icon-button", type: "button", "aria-label": "Dismiss", onclick },
      icon("close"),
    );
    this.set(name, notice({ ...content, actions: [...(content.actions ?? []), close] }));
  }
}

/**
 * Counts down to the next attempt. Screen readers hear it once, not every second.
 * @param {Wait} wait
 * @param {() => void} [onStop] without it the wait cannot be stopped
 * @returns {HTMLElement} its timer ends when it leaves the page
 */
export function countdown({ error, seconds, retryNow }, onStop) {
  const actions = [smallButton("Try now", retryNow)];
  if (onStop) actions.push(smallButton("Stop", onStop));
  if (seconds === Infinity) {
    return notice({
      tone: "warning",
      symbol: "offline",
      title: "You are offline",
      text: ["This continues when you are back online."],
      actions,
    });
  }
  const until = Date.now() + seconds * 1000;
  const left = () => Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const visible = h("span", { class: "countdown", "aria-hidden": "true" }, `Trying again in ${left()} s`);
  const announced = h("span", { class: "hidden-text" }, `Trying again in ${plural(left(), "second")}.`);
  const element = notice({
    tone: "warning",
    symbol: "clock",
    title: errorTitle(error),
    text: [visible, announced],
    actions,
  });
  const timer = setInterval(() => {
    if (!element.isConnected) return clearInterval(timer);
    visible.textContent = left() > 0 ? `Trying again in ${left()} s` : "Trying again…";
  }, 250);
  return element;
}

/** @param {ConfigApiError} error */
export function requestReference(error) {
  return error.requestId ? h("small", { class: "request-id" }, ` Reference: ${error.requestId}`) : null;
}
