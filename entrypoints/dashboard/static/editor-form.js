/** The form in the editor: its fields, counters and errors. */

import { byId } from "./dom.js";
import { MAX_NAME, nameLength, setFieldError } from "./form-errors.js";
import { TickerField } from "./ticker-field.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").FieldError} FieldError */
/** @typedef {import("./drafts.js").Form} Form */

export class EditorForm {
  #onEdit;
  #form = byId("editor-form", HTMLFormElement);
  #name = byId("name", HTMLInputElement);
  #timeframe = byId("timeframe", HTMLInputElement);
  #extended = byId("extended", HTMLInputElement);
  #save = byId("save", HTMLButtonElement);
  #tickers;

  /**
   * @param {ConfigApi} api
   * @param {object} on
   * @param {() => void} on.edit
   * @param {() => void} on.submit
   */
  constructor(api, on) {
    this.#onEdit = on.edit;
    this.#tickers = new TickerField(api, () => this.#edited());
    this.#form.addEventListener("input", ({ target }) => {
      // The ticker field reports its own changes.
      if (target instanceof HTMLElement && target.id !== "ticker") this.#edited();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      on.submit();
    });
    this.#form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) on.submit();
    });
    for (const preset of this.#presets) {
      preset.addEventListener("click", () => {
        this.#timeframe.value = preset.value;
        this.#edited();
      });
    }
  }

  /** @returns {Form} */
  get value() {
    const { tickers, query } = this.#tickers.value;
    return {
      name: this.#name.value,
      tickers,
      query,
      timeframe: this.#timeframe.value,
      extended: this.#extended.checked,
    };
  }

  /** @param {Form} form */
  set value(form) {
    this.#name.value = form.name;
    this.#timeframe.value = form.timeframe;
    this.#extended.checked = form.extended;
    this.#tickers.value = form;
    this.showErrors([]);
    this.#showCounts();
  }

  /** Wait for the ticker field, see `TickerField.settle`. */
  settle() {
    return this.#tickers.settle();
  }

  /** @param {"name" | "ticker"} field */
  focus(field) {
    if (field === "ticker") this.#tickers.focus();
    else this.#name.focus();
  }

  selectName() {
    this.#name.select();
  }

  focusFirstError() {
    const first = this.#form.querySelector('[aria-invalid="true"]');
    if (first instanceof HTMLElement) first.focus();
  }

  /**
   * @param {FieldError[]} errors
   * @returns {FieldError[]} those of no field of the form
   */
  showErrors(errors) {
    const ofField = (/** @type {string} */ name) => errors.filter(({ field }) => field.split(".")[0] === name);
    setFieldError(this.#name, ofField("name")[0]?.detail ?? "");
    setFieldError(this.#timeframe, ofField("timeframe_days")[0]?.detail ?? "");
    this.#tickers.showErrors(ofField("tickers"));
    const shown = ["name", "timeframe_days", "tickers"].flatMap(ofField);
    return errors.filter((error) => !shown.includes(error));
  }

  /** @param {boolean} busy */
  setBusy(busy) {
    // Not `disabled`: the button would lose the focus.
    this.#save.setAttribute("aria-disabled", String(busy));
    this.#save.classList.toggle("is-busy", busy);
    this.#form.setAttribute("aria-busy", String(busy));
  }

  /** An edit removes the error of its field. */
  #edited() {
    if (document.activeElement === this.#name) setFieldError(this.#name, "");
    setFieldError(this.#timeframe, "");
    this.#showCounts();
    this.#onEdit();
  }

  #showCounts() {
    const length = nameLength(this.#name.value);
    const count = byId("name-count", HTMLElement);
    count.textContent = `${length} of ${MAX_NAME}`;
    count.classList.toggle("is-over", length > MAX_NAME);
    for (const preset of this.#presets) {
      preset.setAttribute("aria-pressed", String(preset.value === this.#timeframe.value));
    }
  }

  /** @returns {HTMLButtonElement[]} */
  get #presets() {
    return [...this.#form.querySelectorAll(".presets button")].filter((each) => each instanceof HTMLButtonElement);
  }
}
