/** Who uses the page: the member who is signed in, or the anonymous session of this browser. */

import { ConfigApi, ConfigApiError } from "./config-api.js";
import { byId } from "./dom.js";
import { formatDate } from "./messages.js";
import { loaded } from "./modules.js";
import { smallButton } from "./notices.js";
import { AnonymousSession } from "./session.js";
import { read, write } from "./storage.js";

/** @typedef {import("./config-api.js").Configuration} Configuration */
/** @typedef {import("./config-api.js").Wait} Wait */
/** @typedef {import("./member-session.js").Member} Member */
/** @typedef {{isExpired: boolean, configurations: Configuration[]}} Loss The watchlists of a session that is gone. */

const { memberLimit, signInUnavailable } = document.documentElement.dataset;
/** Also while nobody can sign in: the token of a member may still be valid. */
const hasMembers = Boolean(memberLimit) || signInUnavailable !== undefined;
/** Days before its end at which the page warns of a session that could not be renewed. */
const WARNING_DAYS = 7;

/** @returns {Loss | null} */
export function currentLoss() {
  return read("loss");
}

/** @returns {Member | null} */
function currentMember() {
  return hasMembers ? read("member") : null;
}

/**
 * The id of the member who is signed in.
 * @returns {string | null}
 */
export function memberId() {
  return currentMember()?.user_id ?? null;
}

export class Account {
  #baseUrl;
  #on;
  /** @type {typeof import("./member-session.js").memberToken | undefined} */
  #memberToken;
  anonymous;

  /**
   * @param {string | undefined} baseUrl
   * @param {object} on
   * @param {(wait: Wait | null) => void} on.wait
   * @param {() => void} on.changed the user is another one, who has other watchlists
   * @param {() => void} on.signIn
   * @param {() => void} on.signOut
   */
  constructor(baseUrl, on) {
    this.#baseUrl = baseUrl;
    this.#on = on;
    this.anonymous = new AnonymousSession(new ConfigApi({ baseUrl }), {
      wait: on.wait,
      replaced: () => {
        this.#remember(true);
        on.changed();
      },
    });
    this.#remember(false);
    if (!hasMembers) return;
    byId("sign-in", HTMLButtonElement).addEventListener("click", ({ currentTarget }) => {
      const isBusy = currentTarget instanceof Element && currentTarget.getAttribute("aria-disabled") === "true";
      if (!isBusy) (this.member ? on.signOut : on.signIn)();
    });
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
    return currentMember();
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
    // Kept, because a page that is being left cannot wait for a module.
    this.#memberToken ??= (await loaded(import("./member-session.js"))).memberToken;
    return this.#memberToken(refused);
  };

  /**
   * Forget the member, and what the browser keeps of the account.
   * @returns {Member | null} who was signed in
   */
  signOut() {
    const { member } = this;
    write("member", null);
    write("list", null);
    this.show();
    byId("sign-in", HTMLButtonElement).setAttribute("aria-disabled", "true");
    return member;
  }

  /** Show who is signed in. */
  show() {
    const { member } = this;
    const button = byId("sign-in", HTMLButtonElement);
    const user = byId("user", HTMLElement);
    button.textContent = member ? "Sign out" : "Sign in";
    button.removeAttribute("aria-disabled");
    button.hidden = !member && !memberLimit;
    user.textContent = member?.name ?? "";
    user.title = member ? `Signed in as ${member.name}` : "";
    user.hidden = !member;
  }

  /** Show in the footer to whom the watchlists belong. */
  showOwner() {
    const { member } = this;
    const end = this.anonymous.current?.session_expires_at;
    byId("session", HTMLElement).textContent = member
      ? `Your watchlists belong to the account of ${member.name}.`
      : end
        ? `Your watchlists belong to this browser. Its anonymous session ends on ${formatDate(end)}. Each visit renews it.`
        : "";
  }

  /** A button that signs in, for a message about the limit. Null if that does not help. */
  signInButton() {
    const limit = this.offeredLimit;
    return limit > 0 ? smallButton(`Sign in for ${limit} watchlists`, this.#on.signIn) : null;
  }

  /**
   * The answer of the issuer, if it has redirected here.
   * @returns {URLSearchParams | null}
   */
  takeAnswer() {
    const answer = new URLSearchParams(location.search);
    if (!hasMembers || !answer.has("state") || !(answer.has("code") || answer.has("error"))) return null;
    // First of all, so that the code is in no history, bookmark or reload.
    history.replaceState(null, "", location.pathname);
    return answer;
  }

  /** Give up the anonymous session, which the service refuses. */
  startAgain = () => {
    this.anonymous.discard();
    this.#remember(false);
    this.#on.changed();
  };

  /**
   * Renew the anonymous session if it is due.
   * @returns {Promise<boolean>} whether it ends soon nevertheless, and its watchlists are those that the page shows
   */
  async renew() {
    try {
      await this.anonymous.renew(this.#baseUrl);
    } catch (error) {
      if (!(error instanceof ConfigApiError)) throw error;
    }
    const { daysLeft } = this.anonymous;
    return !this.member && daysLeft > 0 && daysLeft < WARNING_DAYS;
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
}

/** @param {string | null} stored a member as `localStorage` has it */
function userIdIn(stored) {
  return stored && JSON.parse(stored).user_id;
}
