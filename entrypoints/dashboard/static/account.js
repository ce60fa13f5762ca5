/** Who uses the page: the member who is signed in, or the anonymous session of this browser. */

import { ConfigApi, ConfigApiError } from "./config-api.js";
import { byId } from "./dom.js";
import { errorTitle } from "./messages.js";
import { loaded } from "./modules.js";
import { requestReference, smallButton } from "./notices.js";
import { AnonymousSession } from "./session.js";
import { read, write } from "./storage.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./member-session.js").Member} Member */
/** @typedef {import("./notices.js").Notices} Notices */
/** @typedef {{isExpired: boolean, configurations: Configuration[]}} Loss The watchlists of a session that is gone. */

const { memberLimit } = document.documentElement.dataset;
/** Days before its end at which the page warns of a session that could not be renewed. */
const WARNING_DAYS = 7;
const NOT_SIGNED_IN = { title: "You are not signed in", advice: "Try again later." };

/** @returns {Loss | null} */
export function currentLoss() {
  return read("loss");
}

export class Account {
  #baseUrl;
  #notices;
  #on;
  anonymous;

  /**
   * @param {string | undefined} baseUrl
   * @param {Notices} notices
   * @param {object} on
   * @param {(wait: Wait | null) => void} on.wait
   * @param {() => Promise<void>} on.leave settles what must be sent as the present user
   * @param {() => void} on.changed the user is another one, who has other watchlists
   */
  constructor(baseUrl, notices, on) {
    this.#baseUrl = baseUrl;
    this.#notices = notices;
    this.#on = on;
    this.anonymous = new AnonymousSession(new ConfigApi({ baseUrl }), {
      wait: on.wait,
      replaced: () => {
        this.#remember(true);
        on.changed();
      },
    });
    this.#remember(false);
    if (!memberLimit) return;
    byId("sign-in", HTMLButtonElement).addEventListener("click", () => (this.member ? this.signOut() : this.signIn()));
    const followOtherTabs = () => {
      this.show();
      on.changed();
    };
    addEventListener("storage", ({ key, oldValue, newValue }) => {
      // Renewing a token does not change the user.
      if (key === "config-api.member" && userIdIn(oldValue) !== userIdIn(newValue)) followOtherTabs();
    });
    addEventListener("pageshow", ({ persisted }) => persisted && followOtherTabs());
    this.show();
  }

  /** @returns {Member | null} */
  get member() {
    return memberLimit ? read("member") : null;
  }

  /** The id of the user, if one is known. */
  get userId() {
    return (this.member ?? this.anonymous.current)?.user_id;
  }

  /** How many watchlists signing in would allow; 0 if nobody can sign in, or somebody is signed in. */
  get offeredLimit() {
    return this.member ? 0 : Number(memberLimit ?? 0);
  }

  /**
   * The token to send, see `HttpClient`.
   * @param {string} [refused]
   * @param {ConfigApiError} [error]
   * @returns {Promise<string | null>}
   */
  token = async (refused, error) => {
    if (!this.member) return this.anonymous.token(refused, error);
    const { memberToken } = await loaded(import("./member-session.js"));
    return memberToken(refused);
  };

  /** Show who is signed in. */
  show() {
    const { member } = this;
    const button = byId("sign-in", HTMLButtonElement);
    const user = byId("user", HTMLElement);
    button.textContent = member ? "Sign out" : "Sign in";
    button.removeAttribute("aria-disabled");
    user.textContent = member?.name ?? "";
    user.title = member ? `Signed in as ${member.name}` : "";
    user.hidden = !member;
  }

  /** A button that signs in, for a message about the limit. Null if that does not help. */
  signInButton() {
    const limit = this.offeredLimit;
    return limit > 0 ? smallButton(`Sign in for ${limit} watchlists`, () => this.signIn()) : null;
  }

  signIn() {
    return this.#busy(NOT_SIGNED_IN, async () => {
      await this.#on.leave();
      const { leaveForIssuer } = await loaded(import("./sign-in.js"));
      await leaveForIssuer({ onWait: this.#on.wait, patience: 10 });
    });
  }

  signOut() {
    const failure = { title: "You are signed out here only", advice: "You may still be signed in at the issuer." };
    return this.#busy(failure, async () => {
      await this.#on.leave();
      const { member } = this;
      for (const name of ["member", "list"]) write(name, null);
      try {
        if (member) await (await loaded(import("./sign-in.js"))).endSession(member);
      } finally {
        this.#on.changed();
      }
    });
  }

  /** After the page was opened: complete a sign-in if the issuer has redirected here. */
  async start() {
    const answer = new URLSearchParams(location.search);
    if (!memberLimit || !answer.has("state") || !(answer.has("code") || answer.has("error"))) return;
    // First of all, so that the code is in no history, bookmark or reload.
    history.replaceState(null, "", location.pathname);
    await this.#busy(NOT_SIGNED_IN, async () => {
      const { completeReturn } = await loaded(import("./returning.js"));
      await completeReturn(answer, this.#notices, this.#on.wait);
    });
  }

  /** Give up the anonymous session, which the service refuses. */
  startAgain() {
    this.anonymous.discard();
    this.#remember(false);
    this.#on.changed();
  }

  /**
   * Renew the anonymous session if it is due.
   * @returns {Promise<boolean>} whether it ends soon nevertheless
   */
  async renew() {
    if (this.member) return false;
    try {
      await this.anonymous.renew(this.#baseUrl);
    } catch (error) {
      if (!(error instanceof ConfigApiError)) throw error;
    }
    const { daysLeft } = this.anonymous;
    return daysLeft > 0 && daysLeft < WARNING_DAYS;
  }

  /**
   * Remember what is lost: the list that this browser has of a session that it no longer has.
   * @param {boolean} isExpired
   */
  #remember(isExpired) {
    const kept = read("list");
    const isLost = isExpired ? !this.member : kept && kept.userId !== this.userId;
    if (!isLost) return;
    write("loss", { isExpired, configurations: kept?.configurations ?? [] });
    write("list", null);
  }

  /**
   * Run one step of signing in or out, and show its failure.
   * @param {{title: string, advice: string}} failure
   * @param {() => Promise<void>} step
   */
  async #busy({ title, advice }, step) {
    const button = byId("sign-in", HTMLButtonElement);
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    this.#notices.set("sign-in", null);
    try {
      await step();
    } catch (error) {
      if (!(error instanceof ConfigApiError)) throw error;
      const reason = error.isTransient ? `${errorTitle(error)}. ${advice}` : error.message;
      const text = [`${reason} Your input is kept.`, requestReference(error)];
      this.#notices.show("sign-in", { tone: "warning", title, text });
    } finally {
      this.show();
    }
  }
}

/** @param {string | null} stored a member as `localStorage` has it */
function userIdIn(stored) {
  return stored && JSON.parse(stored).user_id;
}
