/** What the browser keeps for us, as JSON; where it keeps nothing (a private window), until the page is left. */

/** @typedef {{inTab?: boolean}} Where `inTab`: for this tab alone, over its reloads; otherwise for all of them, for good */

/** @type {Map<string, string>} */
const memory = new Map();
const PREFIX = "config-api.";

/**
 * @param {string} name
 * @param {Where} [where]
 * @returns {any} what was kept under this name, or null
 */
export function recall(name, { inTab } = {}) {
  const key = PREFIX + name;
  try {
    const area = inTab ? sessionStorage : localStorage;
    return JSON.parse(area.getItem(key) ?? memory.get(key) ?? "null");
  } catch {
    return JSON.parse(memory.get(key) ?? "null");
  }
}

/**
 * @param {string} name
 * @param {unknown} value null to forget it
 * @param {Where} [where]
 */
export function keep(name, value, { inTab } = {}) {
  const key = PREFIX + name;
  memory.delete(key);
  try {
    const area = inTab ? sessionStorage : localStorage;
    if (value === null) area.removeItem(key);
    else area.setItem(key, JSON.stringify(value));
  } catch {
    if (value !== null) memory.set(key, JSON.stringify(value));
  }
}
