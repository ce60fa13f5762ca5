/** Short messages at the foot of the page; the ones with an action stay while they are pointed at. */

import { byId, h, icon } from "./dom.js";

/** @typedef {{label: string, run: () => void}} Action */

const TICK = 250;

/**
 * Show a message for some seconds.
 * @param {string} message
 * @param {object} [options]
 * @param {Action} [options.action]
 * @param {number} [options.seconds]
 * @param {() => void} [options.onGone] called when its time is over, and not when the action was chosen or `close` was called
 * @returns {{element: HTMLElement, close: () => void}}
 */
export function toast(message, { action, seconds = action ? 8 : 4, onGone } = {}) {
  const bar = action && h("span", { class: "toast-bar", "aria-hidden": "true" });
  const button =
    action &&
    h("button", { class: "toast-action", type: "button", onclick: () => (close(), action.run()) }, action.label);
  const element = h("div", { class: "toast" }, !action && icon("check"), h("span", {}, message), button, bar);
  bar?.style.setProperty("--seconds", `${seconds}s`);
  const place = byId("toasts", HTMLElement);
  for (const plain of place.querySelectorAll(".toast:not(:has(button))")) plain.remove(); // old news
  place.append(element);

  let left = seconds * 1000;
  const timer = setInterval(() => {
    // Somebody is making up their mind, or can't get here because of a dialog.
    if (element.matches(":hover, :has(:focus-visible)") || document.querySelector("dialog:modal")) return;
    left -= TICK;
    if (left > 0) return;
    close();
    onGone?.();
  }, TICK);

  function close() {
    clearInterval(timer);
    const hadFocus = element.contains(document.activeElement);
    element.remove();
    if (hadFocus) byId("shelf", HTMLElement).focus({ preventScroll: true });
  }
  return { element, close };
}
