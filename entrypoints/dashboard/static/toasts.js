/** Short messages at the bottom of the page. */

import { byId, h, icon } from "./dom.js";

/** @typedef {{label: string, run: () => void}} Action */
/** @typedef {{element: HTMLElement, close: () => void}} Toast */

/**
 * Show a message for some seconds.
 * @param {string} message
 * @param {object} [options]
 * @param {Action} [options.action] closes the toast and runs
 * @param {number} [options.seconds]
 * @returns {Toast}
 */
export function toast(message, { action, seconds = action ? 10 : 5 } = {}) {
  const run = () => {
    close();
    action?.run();
  };
  const bar = h("span", { class: "toast-bar", "aria-hidden": "true" });
  bar.style.setProperty("--seconds", `${seconds}s`);
  const element = h(
    "div",
    { class: "toast" },
    !action && icon("check"),
    h("span", {}, message),
    action && h("button", { class: "toast-action", type: "button", onclick: run }, action.label),
    action && bar,
  );
  const place = byId("toasts", HTMLElement);
  // A new message replaces older ones that offer no action.
  for (const plain of place.querySelectorAll(".toast:not(:has(button))")) plain.remove();
  place.append(element);
  const timer = setTimeout(close, seconds * 1000);

  function close() {
    clearTimeout(timer);
    const hadFocus = element.contains(document.activeElement);
    element.remove();
    if (hadFocus) byId("configurations", HTMLElement).focus({ preventScroll: true });
  }
  return { element, close };
}
