/** The dialog in which a watchlist is created or changed, and where trouble with saving is sorted out. */

import { ConfigApiError, RevisionMismatch, newIdempotencyKey } from "./config-api.js";
import { byId, h, icon, plate } from "./dom.js";
import {
  changesFrom,
  draftOf,
  emptyForm,
  formOf,
  held,
  hold,
  intend,
  onTopOf,
  same,
  shelve,
  take,
} from "./drafts.js";
import { notice, waiting } from "./notices.js";
import { TickerPicker } from "./picker.js";
import { moment, plural, title } from "./wording.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Draft} Draft */
/** @typedef {import("./config-api.js").FieldError} FieldError */
/** @typedef {import("./config-api.js").Versioned} Versioned */
/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./drafts.js").Form} Form */
/** @typedef {import("./drafts.js").Intention} Intention */

const MAX_NAME = 50;

export class Editor {
  #api;
  #on;
  #dialog = byId("editor", HTMLDialogElement);
  #form = /** @type {HTMLFormElement} */ (this.#dialog.querySelector("form"));
  #name = byId("name", HTMLInputElement);
  #timeframe = byId("timeframe", HTMLInputElement);
  #extended = byId("extended", HTMLInputElement);
  #save = byId("save", HTMLButtonElement);
  #status = byId("editor-status", HTMLElement);
  #conflict = byId("conflict", HTMLElement);
  #restored = byId("restored", HTMLElement);
  #picker;
  /** @type {Intention} */
  #intention = intend(emptyForm(), null);
  /** @type {AbortController | null} */
  #saving = null;

  /**
   * @param {ConfigApi} api
   * @param {object} on
   * @param {() => Promise<void>} on.beforeCreate makes sure that a place that looks free is free
   * @param {(saved: Versioned, created: boolean) => void} on.saved
   * @param {(id: string) => void} on.missing what was edited is no longer there
   * @param {() => void} on.full the user is at the limit, which the page did not know
   * @param {() => void} on.unsettled it is not known whether what was sent was stored
   * @param {(intention: Intention) => void} on.kept the dialog was closed over something that was typed
   */
  constructor(api, on) {
    this.#api = api;
    this.#on = on;
    this.#picker = new TickerPicker(api, () => this.#edited());
    this.#form.addEventListener("input", (event) => event.target !== byId("ticker", HTMLInputElement) && this.#edited());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    for (const button of this.#dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => this.#close());
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#close();
    });
    this.#dialog.addEventListener("pointerdown", (event) => event.target === this.#dialog && this.#close());
    for (const preset of this.#presets) {
      preset.addEventListener("click", () => {
        this.#timeframe.value = preset.value;
        this.#edited();
      });
    }
    addEventListener("pagehide", () => this.#dialog.open && !this.#isUntouched && shelve(this.#intention));
    byId("start-over", HTMLButtonElement).addEventListener("click", () => this.#startOver());
  }

  /**
   * Create one; what was typed before and not saved comes first.
   * @param {Partial<Form>} [starter]
   */
  create(starter) {
    const kept = starter ? null : take("new");
    this.#open(kept ?? intend({ ...emptyForm(), ...starter }, null), kept !== null);
  }

  /** @param {Versioned} configuration as it is now */
  edit(configuration) {
    const kept = take(configuration.config_id);
    this.#open(kept ?? intend(formOf(configuration), configuration), kept !== null);
    if (kept?.base && kept.base.etag !== configuration.etag) this.#showConflict(configuration);
  }

  /** After a reload: open again what was open. */
  resume() {
    const mine = held();
    if (!mine) return;
    take(mine.id); // left there when the page was, in case it would never come back
    this.#open(mine, true);
  }

  /**
   * @param {Intention} intention
   * @param {boolean} restored
   */
  #open(intention, restored) {
    const editing = intention.base !== null;
    this.#intention = intention;
    byId("editor-title", HTMLElement).textContent = editing ? "Edit watchlist" : "New watchlist";
    this.#save.textContent = editing ? "Save changes" : "Create watchlist";
    this.#restored.hidden = !restored;
    this.#fill(intention.form);
    if (restored) hold(intention);
    this.#dialog.showModal();
    this.#name.focus();
    if (!editing) this.#name.select();
  }

  #close() {
    this.#saving?.abort();
    hold(null);
    this.#dialog.close();
    if (this.#isUntouched) return;
    shelve(this.#intention);
    this.#on.kept(this.#intention);
  }

  get #isUntouched() {
    const { form, base, sent } = this.#intention;
    return sent === null && JSON.stringify(form) === JSON.stringify(base ? formOf(base) : emptyForm());
  }

  #startOver() {
    const { base } = this.#intention;
    hold(null);
    this.#intention = intend(base ? formOf(base) : emptyForm(), base);
    this.#restored.hidden = true;
    this.#fill(this.#intention.form);
    this.#name.focus();
  }

  /** @param {Form} form */
  #fill(form) {
    this.#name.value = form.name;
    this.#timeframe.value = form.timeframe;
    this.#extended.checked = form.extended;
    this.#picker.value = form;
    this.#conflict.hidden = true;
    this.say(null);
    this.#showErrors([]);
    this.#mirror();
  }

  /** With every keystroke: keep it, and take back what was said about the old value. */
  #edited() {
    this.#intention.form = {
      name: this.#name.value,
      ...this.#picker.value,
      timeframe: this.#timeframe.value,
      extended: this.#extended.checked,
    };
    hold(this.#intention);
    if (document.activeElement === this.#name) setError(this.#name, "");
    setError(this.#timeframe, "");
    this.#mirror();
  }

  #mirror() {
    const length = [...this.#name.value.trim().normalize()].length; // code points after NFC, as the service counts
    const count = byId("name-count", HTMLElement);
    count.textContent = `${length} of ${MAX_NAME}`;
    count.classList.toggle("is-over", length > MAX_NAME);
    for (const preset of this.#presets) preset.setAttribute("aria-pressed", String(preset.value === this.#timeframe.value));
  }

  /** @returns {HTMLButtonElement[]} */
  get #presets() {
    return [...this.#dialog.querySelectorAll(".presets button")].filter((each) => each instanceof HTMLButtonElement);
  }

  async #submit() {
    if (this.#saving) return; // a second click asks for nothing new
    if (!this.#picker.settle()) return this.#picker.focus();
    this.#edited();
    const draft = draftOf(this.#intention.form);
    const wrong = problemsOf(this.#intention.form);
    this.#showErrors(wrong);
    if (wrong.length > 0) return this.#focusFirstError();

    const saving = (this.#saving = new AbortController());
    this.#busy(true);
    try {
      const { base } = this.#intention;
      const saved = base ? await this.#update(base, draft) : await this.#create(draft);
      this.#finish(saved, base === null);
    } catch (error) {
      if (saving.signal.aborted) this.#stopped();
      else if (error instanceof ConfigApiError) this.#failed(error);
      else throw error;
    } finally {
      this.#saving = null;
      this.#busy(false);
    }
  }

  /** @param {Draft} draft */
  async #create(draft) {
    const intention = this.#intention;
    await this.#on.beforeCreate();
    intention.sent ??= draft;
    hold(intention);
    try {
      return await this.#api.create(draft, { idempotencyKey: intention.key, ...this.#patiently });
    } catch (error) {
      if (!(error instanceof ConfigApiError)) throw error;
      if (error.code === "idempotency_key_reused") return this.#settle(intention, intention.sent, draft);
      if (!error.isTransient && same(intention.sent, draft)) this.#refused(intention);
      throw error;
    }
  }

  /**
   * The key was used before: by an earlier try of ours that had got through after all, and is now made to say
   * what was typed since; or in another tab, for something else.
   * @param {Intention} intention
   * @param {Draft} sent
   * @param {Draft} draft
   */
  async #settle(intention, sent, draft) {
    const ours = !same(sent, draft);
    if (ours) {
      const stored = await this.#api.create(sent, { idempotencyKey: intention.key, ...this.#patiently });
      return this.#api.update(stored.config_id, draft, { ifMatch: stored.etag, ...this.#patiently });
    }
    intention.key = newIdempotencyKey();
    return this.#api.create(draft, { idempotencyKey: intention.key, ...this.#patiently });
  }

  /** What was sent left nothing behind. @param {Intention} intention */
  #refused(intention) {
    intention.sent = null;
    hold(intention);
  }

  /**
   * @param {Versioned} base
   * @param {Draft} draft
   */
  async #update(base, draft) {
    const changes = changesFrom(draft, base);
    if (Object.keys(changes).length === 0) return base;
    return this.#api.update(base.config_id, changes, { ifMatch: base.etag, ...this.#patiently });
  }

  get #patiently() {
    const saving = this.#saving;
    return {
      signal: saving?.signal,
      onWait: (/** @type {Wait | null} */ wait) => this.say(wait && waiting(wait, () => saving?.abort())),
    };
  }

  /**
   * @param {Versioned} saved
   * @param {boolean} created
   */
  #finish(saved, created) {
    hold(null);
    this.#dialog.close();
    this.#on.saved(saved, created);
  }

  #stopped() {
    if (!this.#dialog.open) return;
    this.say(
      notice({
        title: "Stopped",
        text: [
          this.#intention.base
            ? "It may have been saved or not. Save again to be sure."
            : "It may have been created or not. Create again to be sure: there will never be two.",
        ],
      }),
    );
    this.#on.unsettled();
  }

  /** @param {ConfigApiError} error */
  #failed(error) {
    this.say(null);
    if (error instanceof RevisionMismatch) return this.#showConflict(error.theirs);
    if (error.code === "limit_reached") {
      this.#on.full();
      return this.say(
        notice({ tone: "warning", title: title(error), text: ["Delete a watchlist to make room. What you typed is kept here."] }),
      );
    }
    if (error.status === 404 && this.#intention.base) return this.#offerNew();
    if (error.fields.length > 0) {
      const elsewhere = this.#showErrors(error.fields);
      if (elsewhere.length > 0) this.say(notice({ tone: "danger", title: title(error), text: [elsewhere.map((each) => each.detail).join(" ")] }));
      return this.#focusFirstError();
    }
    this.say(
      notice({
        tone: "danger",
        title: title(error),
        text: [error.isTransient ? "What you typed is kept. Save again when you like." : error.message, requestId(error)],
      }),
    );
    if (error.isTransient) this.#on.unsettled();
  }

  /** What was edited is gone, what was typed is not. */
  #offerNew() {
    const { form, id } = this.#intention;
    const saveAsNew = () => {
      this.#dialog.close();
      this.#on.missing(id);
      this.#open(intend(form, null), false);
      hold(this.#intention);
    };
    this.say(
      notice({
        tone: "warning",
        title: "It is no longer there",
        text: ["It was deleted elsewhere, or belonged to a session that has ended."],
        action: h("button", { class: "button small", type: "button", onclick: saveAsNew }, "Make it a new one"),
      }),
    );
  }

  /**
   * Both versions, and a choice between them. What only one side has changed is not at stake.
   * @param {Versioned} theirs
   */
  #showConflict(theirs) {
    const { base, form } = this.#intention;
    if (!base) return;
    const merged = onTopOf(form, base, theirs);
    const mine = changesFrom(draftOf(merged), theirs);
    const others = changesFrom(draftOf(formOf(theirs)), base);
    const decide = (/** @type {Form} */ chosen) => {
      this.#intention = { ...this.#intention, form: chosen, base: theirs };
      this.#fill(chosen);
      hold(this.#intention);
      this.#name.focus();
    };
    if (Object.keys(mine).length === 0) return decide(merged);

    const unchanged = () => h("span", { class: "unchanged" }, "unchanged");
    const rows = FIELDS.filter(([field]) => field in mine || field in others).map(([field, label, show]) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, label),
        h("td", {}, field in mine ? show(draftOf(merged)) : unchanged()),
        h("td", {}, field in others ? show(draftOf(formOf(theirs))) : unchanged()),
      ),
    );
    const useTheirs = () => decide(formOf(theirs));
    const keepMine = () => {
      decide(merged);
      this.#submit();
    };
    this.#conflict.replaceChildren(
      h("div", { class: "conflict-head" }, icon("fork"), h("b", {}, "Changed elsewhere"), h("span", {}, moment(theirs.updated_at))),
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, "Yours"), h("th", { scope: "col" }, "Theirs"))),
        h("tbody", {}, ...rows),
      ),
      h(
        "div",
        { class: "conflict-choice" },
        h("button", { class: "button small", type: "button", onclick: useTheirs }, "Use theirs"),
        h("button", { class: "button small", type: "button", onclick: keepMine }, "Keep my changes"),
      ),
    );
    this.#conflict.hidden = false;
    this.#conflict.scrollIntoView({ block: "nearest" });
    this.#conflict.querySelector("button")?.focus();
  }

  /**
   * @param {FieldError[]} errors
   * @returns {FieldError[]} the ones that belong to no field of the form
   */
  #showErrors(errors) {
    /** @type {Map<number | "all", {detail: string, successor?: string | undefined}>} */
    const tickers = new Map();
    const elsewhere = [];
    setError(this.#name, "");
    setError(this.#timeframe, "");
    for (const error of errors) {
      const [field, position] = error.field.split(".");
      if (field === "name") setError(this.#name, error.detail);
      else if (field === "timeframe_days") setError(this.#timeframe, error.detail);
      else if (field === "tickers") tickers.set(position === undefined ? "all" : Number(position), error);
      else elsewhere.push(error);
    }
    this.#picker.complain(tickers);
    return elsewhere;
  }

  #focusFirstError() {
    const first = this.#form.querySelector('[aria-invalid="true"]');
    if (first instanceof HTMLElement) first.focus();
  }

  get isOpen() {
    return this.#dialog.open;
  }

  /**
   * Put a notice into the dialog, or take it away.
   * @param {HTMLElement | null} element
   */
  say(element) {
    this.#status.replaceChildren(...(element ? [element] : []));
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.#save.setAttribute("aria-disabled", String(busy)); // not disabled: that would lose the focus
    this.#save.classList.toggle("is-busy", busy);
    this.#form.setAttribute("aria-busy", String(busy));
  }
}

/** @type {[keyof Draft, string, (draft: Draft) => Node | string][]} */
const FIELDS = [
  ["name", "Name", (draft) => draft.name],
  ["tickers", "Tickers", (draft) => h("span", { class: "plates" }, ...draft.tickers.map(plate))],
  ["timeframe_days", "Time frame", (draft) => plural(draft.timeframe_days, "day")],
  ["include_extended_hours", "Extended hours", (draft) => (draft.include_extended_hours ? "On" : "Off")],
];

/**
 * What can be told without asking the service.
 * @param {Form} form
 * @returns {FieldError[]}
 */
function problemsOf(form) {
  const days = Number(form.timeframe);
  const problems = [];
  if (!form.name.trim()) problems.push({ field: "name", code: "too_short", detail: "Give it a name." });
  if (form.tickers.length === 0) problems.push({ field: "tickers", code: "too_few", detail: "Choose at least one ticker." });
  if (!Number.isInteger(days) || days < 1 || days > 365) {
    problems.push({ field: "timeframe_days", code: "out_of_range", detail: "Between 1 and 365 days." });
  }
  return problems;
}

/**
 * @param {HTMLInputElement} input
 * @param {string} detail
 */
function setError(input, detail) {
  const place = byId(`${input.id}-error`, HTMLElement);
  place.textContent = detail;
  place.hidden = !detail;
  input.setAttribute("aria-invalid", String(Boolean(detail)));
}

/** @param {ConfigApiError} error */
export function requestId(error) {
  return error.requestId ? h("small", { class: "request-id" }, ` Reference: ${error.requestId}`) : null;
}
