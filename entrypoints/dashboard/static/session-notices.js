/** What the page says about a session that is gone or ends soon, and about an interrupted "Delete everything". */

import { currentLoss } from "./account.js";
import { formatDate } from "./messages.js";
import { smallButton } from "./notices.js";
import { read, write } from "./storage.js";

/** @typedef {import("./account.js").Loss} Loss */
/** @typedef {import("./dialogs.js").Page} Page */

/**
 * @param {Page} page
 * @param {boolean} isEnding
 */
export function showSession(page, isEnding) {
  const { account, notices } = page;
  const loss = currentLoss();
  if (loss) showLoss(page, loss);
  if (isEnding) showEnd(page);
  if (read("erasing") === account.userId && account.userId) {
    const title = "“Delete everything” was not completed";
    notices.show("erasing", { tone: "warning", title, actions: [click("Continue", "erase")] }, () =>
      write("erasing", null),
    );
  }
}

/**
 * @param {Page} page
 * @param {Loss} loss
 */
function showLoss(page, { isExpired, configurations }) {
  const title = isExpired
    ? "Your session has expired, and its watchlists can no longer be reached"
    : "Your earlier session is lost, and its watchlists can no longer be reached";
  const names = configurations.map(
    ({ name, tickers }) => `“${name}” (${tickers.map(({ symbol }) => symbol).join(", ")})`,
  );
  const text = [
    isExpired
      ? "An anonymous session ends when it was not used for 30 days. A new one has started. "
      : "This browser no longer has the key to it. A new session has started. ",
    names.length > 0 ? `Gone: ${names.join(", ")}. ` : "This browser does not remember their names. ",
    "What you are typing is kept and will be saved in the new session.",
  ];
  const dismiss = () => write("loss", null);
  const again = () =>
    page.withLoaded(import("./import-dialog.js"), async ({ openFor }) => {
      await openFor(page, configurations);
      const held = page.watchlists.list?.configurations ?? [];
      if (!configurations.every((lost) => held.some(({ name }) => name === lost.name))) return;
      dismiss();
      page.notices.set("loss", null);
    });
  const download = () => page.withLoaded(import("./download-dialog.js"), ({ openFor }) => openFor(configurations));
  const actions = names.length > 0 ? [smallButton("Create them again", again), smallButton("Download", download)] : [];
  page.notices.show("loss", { tone: "warning", title, text, actions }, dismiss);
}

/** @param {Page} page */
function showEnd({ account, notices, signIn }) {
  const end = account.anonymous.current?.session_expires_at;
  if (!end) return;
  const signInButton = account.offeredLimit > 0 ? smallButton("Sign in", signIn) : null;
  notices.show("ending", {
    tone: "warning",
    title: `Your watchlists will be lost on ${formatDate(end)}`,
    text: [
      "The session of this browser ends then, and could not be renewed. ",
      signInButton ? "Sign in to keep them, or download them." : "Download them to keep them.",
    ],
    actions: [signInButton, click("Download my watchlists", "download")],
  });
}

/**
 * @param {string} label
 * @param {string} id of the button of the page that does it
 */
function click(label, id) {
  return smallButton(label, () => document.getElementById(id)?.click());
}
