/** The dialog in which a watchlist is created or changed. */

import { memberId } from "./account.js";
import { ConfigApiError, RevisionMismatch } from "./config-api.js";
import { byId } from "./dom.js";
import {
  discardDraft,
  emptyForm,
  formOf,
  inputOf,
  isOwn,
  isUntouched,
  keepDraft,
  newDraft,
  readOpenDraft,
  storeOpenDraft,
  takeDraft,
} from "./drafts.js";
import { EditorForm } from "./editor-form.js";
import { errorsOf } from "./form-errors.js";
import { errorTitle } from "./messages.js";
import { loaded } from "./modules.js";
import { countdown, notice, requestReference, smallButton } from "./notices.js";

/** @typedef {import("./config-api.js").ConfigApi} ConfigApi */
/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").FieldError} FieldError */
/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./drafts.js").Draft} Draft */
/** @typedef {import("./drafts.js").Form} Form */

export class Editor {
  #api;
  #on;
  #dialog = byId("editor", HTMLDialogElement);
  #save = byId("save", HTMLButtonElement);
  #status = byId("editor-status", HTMLElement);
  #restored = byId("restored", HTMLElement);
  #form;
  #draft = newDraft(emptyForm(), null);
  /** @type {AbortController | null} */
  #saving = null;

  /**
   * @param {ConfigApi} api
   * @param {object} on
   * @param {(draft: Draft) => void} on.open a draft was opened, perhaps one that was kept
   * @param {() => Promise<void>} on.beforeCreate sends pending deletes, whose places the create may need
   * @param {(saved: Configuration, created: boolean) => void} on.saved
   * @param {() => void} on.outdated the list that the page shows may be wrong
   * @param {(draft: Draft) => void} on.kept the dialog was closed over unsaved input
   * @param {() => HTMLElement | null} on.atLimit what the user can do at the limit, besides deleting a watchlist
   */
  constructor(api, on) {
    this.#api = api;
    this.#on = on;
    this.#form = new EditorForm(api, { edit: () => this.#edited(), submit: () => this.#submit() });
    byId("start-over", HTMLButtonElement).addEventListener("click", () => this.#startOver());
    this.#listenToClose();
    addEventListener("pagehide", () => this.isOpen && !isUntouched(this.#draft) && keepDraft(this.#draft));
  }

  get isOpen() {
    return this.#dialog.open;
  }

  /**
   * Create a configuration. Without a starter, the latest draft that was kept is continued.
   * @param {Partial<Form>} [starter]
   * @param {"name" | "ticker"} [field] to focus
   */
  create(starter, field = "name") {
    const kept = starter ? null : takeDraft("new");
    this.#open(kept ?? newDraft({ ...emptyForm(), ...starter }, null), kept !== null, field);
  }

  /** @param {Configuration} configuration as the list shows it */
  edit(configuration) {
    const kept = takeDraft(configuration.config_id);
    this.#open(kept ?? newDraft(formOf(configuration), configuration), kept !== null);
    if (kept && kept.base?.revision !== configuration.revision) this.#showConflict(configuration);
  }

  /**
   * Show newer values of the configuration that is open, unless the user has changed something: then the conflict is
   * shown when the user saves, not while they type.
   * @param {Configuration} latest
   */
  refresh(latest) {
    const { base } = this.#draft;
    if (!this.isOpen || this.#saving || base?.config_id !== latest.config_id) return;
    if (base.revision !== latest.revision && isUntouched(this.#draft)) this.#continueWith(formOf(latest), latest);
  }

  /** After a reload: open the draft that was open. */
  resume() {
    const draft = readOpenDraft();
    // The user may have opened another one meanwhile.
    if (!draft || this.isOpen || !isOwn(draft)) return;
    // It was also kept when the page was left.
    discardDraft(draft.key);
    this.#open(draft, true);
  }

  /** The user is another one: a draft of the earlier user is kept for them. */
  userChanged() {
    if (!this.isOpen) return;
    if (!isOwn(this.#draft)) this.#leave();
    else this.#draft.memberId = memberId();
  }

  focusTickers() {
    this.#form.focus("ticker");
  }

  /**
   * Show a notice in the dialog.
   * @param {HTMLElement | null} element null removes it
   */
  say(element) {
    this.#status.replaceChildren(...(element ? [element] : []));
    element?.scrollIntoView({ block: "nearest" });
  }

  /**
   * @param {Draft} draft
   * @param {boolean} restored
   * @param {"name" | "ticker"} [field]
   */
  #open(draft, restored, field = "name") {
    const editing = draft.base !== null;
    this.#draft = draft;
    byId("editor-title", HTMLElement).textContent = editing ? "Edit watchlist" : "New watchlist";
    this.#save.textContent = editing ? "Save changes" : "Create watchlist";
    this.#restored.hidden = !restored;
    this.#fill(draft.form);
    draft.memberId = memberId();
    if (restored) storeOpenDraft(draft);
    this.#dialog.showModal();
    this.#form.focus(field);
    if (!editing && field === "name") this.#form.selectName();
    this.#on.open(draft);
  }

  #listenToClose() {
    for (const button of this.#dialog.querySelectorAll("[data-close]")) {
      button.addEventListener("click", () => this.#close());
    }
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#close();
    });
    // A click beside the dialog: pressed and released there, unlike a text selection that ends outside.
    let pressedOutside = false;
    this.#dialog.addEventListener("pointerdown", ({ target }) => (pressedOutside = target === this.#dialog));
    this.#dialog.addEventListener("click", ({ target }) => {
      if (pressedOutside && target === this.#dialog) this.#close();
    });
  }

  #close() {
    if (this.#leave()) this.#on.kept(this.#draft);
  }

  /** Close the dialog. @returns {boolean} whether a draft was kept */
  #leave() {
    this.#saving?.abort();
    storeOpenDraft(null);
    this.#dialog.close();
    const isKept = !isUntouched(this.#draft);
    if (isKept) keepDraft(this.#draft);
    return isKept;
  }

  #startOver() {
    const { base } = this.#draft;
    storeOpenDraft(null);
    this.#draft = newDraft(base ? formOf(base) : emptyForm(), base);
    this.#restored.hidden = true;
    this.#fill(this.#draft.form);
    this.#form.focus("name");
  }

  /** @param {Form} form */
  #fill(form) {
    this.#form.value = form;
    byId("conflict", HTMLElement).hidden = true;
    this.say(null);
  }

  #edited() {
    this.#draft.form = this.#form.value;
    if (this.isOpen) storeOpenDraft(this.#draft);
    // The connection may be lost before it is needed.
    import("./saving.js").catch(() => {});
  }

  async #submit() {
    if (this.#saving) return;
    const saving = (this.#saving = new AbortController());
    this.#form.setBusy(true);
    try {
      const isSettled = await this.#form.settle();
      if (saving.signal.aborted) return;
      this.#edited();
      const errors = errorsOf(this.#draft.form);
      if (errors.length > 0 || !isSettled) this.#reject(errors);
      else await this.#send(saving);
    } finally {
      this.#saving = null;
      this.#form.setBusy(false);
    }
  }

  /** @param {FieldError[]} errors */
  #reject(errors) {
    if (errors.length === 0) return this.#form.focus("ticker");
    this.#form.showErrors(errors);
    this.#form.focusFirstError();
  }

  /** @param {AbortController} saving */
  async #send(saving) {
    const draft = this.#draft;
    const onWait = (/** @type {Wait | null} */ wait) => this.say(wait && countdown(wait, () => saving.abort()));
    try {
      const { save } = await loaded(import("./saving.js"));
      if (!draft.base) await this.#on.beforeCreate();
      const saved = await save(this.#api, draft, inputOf(draft.form), { signal: saving.signal, onWait });
      storeOpenDraft(null);
      this.#dialog.close();
      this.#on.saved(saved, draft.base === null);
    } catch (error) {
      if (saving.signal.aborted) this.#stopped();
      else if (error instanceof ConfigApiError) this.#failed(error);
      else throw error;
    }
  }

  #stopped() {
    if (!this.isOpen) return;
    const text = this.#draft.base
      ? "The changes may have been saved or not. Save again to be sure."
      : "The watchlist may have been created or not. Create it again to be sure: there will never be two.";
    this.say(notice({ title: "Stopped", text: [text] }));
    this.#on.outdated();
  }

  /** @param {ConfigApiError} error */
  #failed(error) {
    this.say(null);
    const title = errorTitle(error);
    if (error instanceof RevisionMismatch) return this.#showConflict(error.theirs);
    if (error.status === 404 && this.#draft.base) return this.#offerNew();
    if (error.fields.length > 0) {
      const others = this.#form.showErrors(error.fields);
      const text = [others.map((each) => each.detail).join(" ")];
      if (others.length > 0) this.say(notice({ tone: "danger", title, text }));
      return this.#form.focusFirstError();
    }
    if (error.code === "deleted_since") {
      this.say(notice({ tone: "warning", title, text: ["Save again to create a new one. Your input is kept."] }));
    } else if (error.code === "limit_reached") {
      const text = ["Delete a watchlist to create this one. Your input is kept."];
      this.say(notice({ tone: "warning", title, text, actions: [this.#on.atLimit()] }));
    } else {
      const text = error.isTransient ? "Your input is kept. Save again when you like." : error.message;
      this.say(notice({ tone: "danger", title, text: [text, requestReference(error)] }));
    }
    if (error.isTransient || ["deleted_since", "limit_reached"].includes(error.code)) this.#on.outdated();
  }

  /** The configuration was deleted; the input can become a new one. */
  #offerNew() {
    const saveAsNew = () => {
      this.#dialog.close();
      this.#on.outdated();
      this.#open({ ...newDraft(emptyForm(), null), form: this.#draft.form }, false);
      storeOpenDraft(this.#draft);
    };
    this.say(
      notice({
        tone: "warning",
        title: "This watchlist no longer exists",
        text: ["It was deleted elsewhere, or it belonged to a session that has ended."],
        actions: [smallButton("Save as new", saveAsNew)],
      }),
    );
  }

  /** @param {Configuration} theirs */
  async #showConflict(theirs) {
    const draft = this.#draft;
    const module = await loaded(import("./conflict-view.js")).catch((error) => this.#failed(error));
    if (!module || this.#draft !== draft) return;
    module.showConflict(draft, theirs, {
      continue: (form) => this.#continueWith(form, theirs),
      save: () => this.#submit(),
    });
  }

  /**
   * @param {Form} form
   * @param {Configuration} base
   */
  #continueWith(form, base) {
    this.#draft = { ...this.#draft, form, base, initial: formOf(base) };
    this.#fill(form);
    if (!isUntouched(this.#draft)) storeOpenDraft(this.#draft);
    this.#form.focus("name");
  }
}
