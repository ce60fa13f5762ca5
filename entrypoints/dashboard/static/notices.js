/** Lines that tell what is going on: what is waited for and how long, what failed, what to know. */

import { byId, h, icon } from "./dom.js";
import { plural, title } from "./wording.js";

/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./dom.js").Child} Child */

/**
 * @typedef {object} Notice
 * @property {"info" | "warning" | "danger"} [tone]
 * @property {string} [symbol] an icon
 * @property {string} title
 * @property {Child[]} [text]
 * @property {Child} [action]
 */

/**
 * @param {Notice} notice
 * @returns {HTMLElement}
 */
export function notice({ tone = "info", symbol = tone === "info" ? "info" : "alert", title: heading, text = [], action }) {
  return h(
    "div",
    { class: `notice ${tone}` },
    icon(symbol),
    h("div", { class: "notice-text" }, h("b", {}, heading), text.length > 0 && h("span", {}, ...text)),
    action,
  );
}

/** The notices above the watchlists, each under a name, so that it is shown once and can be taken back. */
export class Notices {
  #place = byId("notices", HTMLElement);
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();

  /**
   * @param {string} name
   * @param {HTMLElement | null} element null takes it back
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
   * One that can be closed.
   * @param {string} name
   * @param {Notice} content
   */
  tell(name, content) {
    const close = h(
      "button",
      { class: "icon-button", type: "button", "aria-label": "Dismiss", onclick: () => this.set(name, null) },
      icon("close"),
    );
    this.set(name, notice({ ...content, action: close }));
  }
}

/**
 * Counts down while the client waits, and says that it goes on by itself. Screen readers hear it once, not every second.
 * @param {Wait} wait
 * @param {() => void} [onStop]
 * @returns {HTMLElement} ends its own clock when it leaves the page
 */
export function waiting({ error, seconds }, onStop) {
  const stop = onStop && h("button", { class: "button small", type: "button", onclick: onStop }, "Stop");
  if (seconds === Infinity) {
    return notice({ tone: "warning", symbol: "offline", title: "You are offline", text: ["This goes on as soon as you are back."], action: stop });
  }
  const until = Date.now() + seconds * 1000;
  const left = () => Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const count = h("span", { class: "countdown", "aria-hidden": "true" }, `Trying again in ${left()} s`);
  const once = h("span", { class: "hidden-text" }, `Trying again in ${plural(left(), "second")}.`);
  const element = notice({ tone: "warning", symbol: "clock", title: title(error), text: [count, once], action: stop });
  const timer = setInterval(() => {
    if (!element.isConnected) return clearInterval(timer);
    count.textContent = left() > 0 ? `Trying again in ${left()} s` : "Trying again…";
  }, 250);
  return element;
}
