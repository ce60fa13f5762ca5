/** What the browser keeps for us, as JSON; where it keeps nothing (a private window), until the page is left. */

/** @type {Map<string, string>} */
const memory = new Map();
const PREFIX = "config-api.";

/**
 * @param {string} name
 * @returns {any} what was kept under this name, or null
 */
export function recall(name) {
  const key = PREFIX + name;
  try {
    return JSON.parse(localStorage.getItem(key) ?? memory.get(key) ?? "null");
  } catch {
    return JSON.parse(memory.get(key) ?? "null");
  }
}

/**
 * @param {string} name
 * @param {unknown} value null to forget it
 */
export function keep(name, value) {
  const key = PREFIX + name;
  memory.delete(key);
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    if (value !== null) memory.set(key, JSON.stringify(value));
  }
}
