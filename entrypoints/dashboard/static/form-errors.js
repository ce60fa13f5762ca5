/** Errors of form fields: those that the page finds itself, and how they are shown. */

import { byId } from "./dom.js";

/** @typedef {import("./config-api.js").FieldError} FieldError */
/** @typedef {import("./drafts.js").Form} Form */

export const MAX_NAME = 50;
const MAX_DAYS = 365;

/**
 * The length of a name as the service counts it: code points after trimming and NFC.
 * @param {string} name
 */
export function nameLength(name) {
  return [...name.trim().normalize()].length;
}

/**
 * The errors that need no request.
 * @param {Form} form
 * @returns {FieldError[]}
 */
export function errorsOf(form) {
  const days = Number(form.timeframe);
  const length = nameLength(form.name);
  const errors = [];
  if (length === 0) errors.push({ field: "name", code: "too_short", detail: "Enter a name." });
  if (length > MAX_NAME) {
    errors.push({ field: "name", code: "too_long", detail: `A name has at most ${MAX_NAME} characters.` });
  }
  if (form.tickers.length === 0) {
    errors.push({ field: "tickers", code: "too_few", detail: "Add at least one ticker." });
  }
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) {
    errors.push({ field: "timeframe_days", code: "out_of_range", detail: `Enter 1 to ${MAX_DAYS} days.` });
  }
  return errors;
}

/**
 * @param {HTMLInputElement} input
 * @param {string} detail empty without an error
 */
export function setFieldError(input, detail) {
  const place = byId(`${input.id}-error`, HTMLElement);
  place.textContent = detail;
  place.hidden = !detail;
  input.setAttribute("aria-invalid", String(Boolean(detail)));
}
