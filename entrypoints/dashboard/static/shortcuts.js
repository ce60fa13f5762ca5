/** Keyboard shortcuts. */

import { read } from "./storage.js";

/**
 * @param {object} on
 * @param {() => void} on.create
 * @param {() => void} on.search
 * @param {() => void} on.undo
 * @param {() => void} on.show the overview of the shortcuts
 */
export function listenToShortcuts(on) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || isTyping(event.target)) return;
    if (document.querySelector("dialog:modal")) return;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") on.undo();
    // Single keys can be switched off, for speech input and accidental presses (WCAG 2.1.4).
    else if (!isPlain || read("shortcuts") === false) return;
    else if (event.key === "n") on.create();
    else if (event.key === "/") on.search();
    else if (event.key === "?") on.show();
    else return;
    event.preventDefault();
  });
}

/**
 * Whether the key belongs to a text field. A field in a dialog that was just closed can still have the focus.
 * @param {EventTarget | null} target
 */
function isTyping(target) {
  const isText = target instanceof HTMLElement && target.matches("input:not([type=checkbox]), [contenteditable]");
  return isText && target.checkVisibility();
}
