/**
 * A double click acts once on what it hit first: when the first click moves or removes an element, the second one
 * must not hit the element that took its place.
 */

/** @type {EventTarget | null} */
let pressed = null;

addEventListener(
  "click",
  (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const control = target?.closest("button, a, input, label, summary, [role=option], dialog") ?? null;
    // `detail` counts the clicks at one place; it is 0 for the keyboard.
    if (event.detail > 1 && control !== pressed) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (event.detail === 1) pressed = control;
  },
  { capture: true },
);
