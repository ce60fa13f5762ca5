/** "Delete everything": with an explicit confirmation, and continued after an interruption. */

import { Dialog } from "./dialogs.js";
import { h } from "./dom.js";
import { forgetDrafts } from "./drafts.js";
import { notice } from "./notices.js";
import { read, write } from "./storage.js";
import { toast } from "./toasts.js";

/** @typedef {import("./dialogs.js").Page} Page */

const CONFIRMATION = "delete";
/** The id of the user whose data is being deleted, until the service has confirmed it. */
const NAME = "erasing";

/** @param {Page} page */
export async function open(page) {
  const dialog = new Dialog("Delete everything");
  const isInterrupted = read(NAME) !== null && read(NAME) === page.account.userId;
  const input = h("input", { class: "input", id: "confirmation", type: "text", autocomplete: "off" });
  const owner = page.account.member ? "your account" : "this browser";
  const isConfirmed = () => input.value.trim().toLowerCase() === CONFIRMATION;
  const confirm = dialog.button("Delete everything", () => isConfirmed() && erase(page, dialog), "danger");
  const update = () => confirm.setAttribute("aria-disabled", String(!isConfirmed()));
  input.addEventListener("input", update);
  input.addEventListener("keydown", ({ key }) => key === "Enter" && confirm.click());
  update();
  dialog.show(
    [
      h(
        "p",
        {},
        `All watchlists of ${owner} are deleted, with what you typed and did not save. This cannot be undone.`,
      ),
      h("p", {}, "To keep a copy, close this and download your watchlists first."),
      h("div", { class: "field" }, h("label", { for: "confirmation" }, `Type “${CONFIRMATION}” to confirm`), input),
    ],
    [dialog.button("Cancel", () => dialog.close()), confirm],
  );
  if (isInterrupted) {
    input.value = CONFIRMATION;
    update();
    dialog.say(notice({ tone: "warning", title: "An earlier attempt was not completed. It can be repeated." }));
  }
  input.focus();
}

/**
 * Deleting may be repeated, so an interrupted attempt is repeated from the start.
 * @param {Page} page
 * @param {Dialog} dialog
 */
async function erase(page, dialog) {
  write(NAME, page.account.userId ?? null);
  const isErased = await dialog.run(async (options) => {
    await page.settle();
    await page.api.erase(options);
    return true;
  });
  if (!isErased) return;
  write(NAME, null);
  forgetDrafts();
  page.watchlists.clear();
  for (const name of ["loss", "adopt", "order"]) write(name, null);
  page.notices.set("erasing", null);
  dialog.close();
  toast("Everything is deleted");
  await page.reload();
}
