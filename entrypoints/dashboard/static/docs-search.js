/** The contents of the documentation: search, and the section that is shown. */

import { byId } from "./dom.js";
import { plural } from "./messages.js";

const search = byId("search", HTMLInputElement);
const toggle = byId("toggle-contents", HTMLButtonElement);
const status = byId("search-status", HTMLElement);

/** The sections, each with its link in the contents. @type {[HTMLElement, HTMLAnchorElement][]} */
const sections = [...byId("contents", HTMLElement).querySelectorAll("a")].map((link) => [
  byId(link.hash.slice(1), HTMLElement),
  link,
]);

export function listenToSearch() {
  search.addEventListener("input", filter);
  search.addEventListener("keydown", ({ key }) => key === "Escape" && clear());
  toggle.addEventListener("click", () => expand(toggle.getAttribute("aria-expanded") === "false"));
  for (const [, link] of sections) link.addEventListener("click", () => expand(false));
  // A link may lead to something that the search hides.
  addEventListener("hashchange", () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target?.closest("section[hidden]")) return;
    clear();
    target.scrollIntoView();
  });
  const observer = new IntersectionObserver(markCurrent, { rootMargin: "-25% 0px -75% 0px" });
  for (const [section] of sections) observer.observe(section);
}

/** Show only the sections that contain every word. */
function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const [section, link] of sections) {
    const text = section.textContent?.toLowerCase() ?? "";
    section.hidden = !words.every((word) => text.includes(word));
    /** @type {HTMLElement} */ (link.parentElement).hidden = section.hidden;
  }
  const count = sections.filter(([section]) => !section.hidden).length;
  status.textContent = words.length ? `${plural(count, "section")} found` : "";
  expand(words.length > 0);
}

function clear() {
  search.value = "";
  filter();
}

/**
 * Show the contents. On wide pages they are always shown.
 * @param {boolean} isExpanded
 */
function expand(isExpanded) {
  toggle.setAttribute("aria-expanded", String(isExpanded));
}

/** @param {IntersectionObserverEntry[]} entries the sections that crossed the line at a quarter of the height */
function markCurrent(entries) {
  for (const { target, isIntersecting } of entries) {
    const link = sections.find(([section]) => section === target)?.[1];
    if (isIntersecting) link?.setAttribute("aria-current", "true");
    else link?.removeAttribute("aria-current");
  }
}
