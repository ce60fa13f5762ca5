/** JSON values kept by the browser. Without storage (a private window) they last until the page is left. */

/** @typedef {{perTab?: boolean}} Scope `perTab`: for this tab and its reloads; otherwise for all tabs, without an end */

/** @type {Map<string, string>} */
const memory = new Map();
const PREFIX = "config-api.";

/**
 * @param {string} name
 * @param {Scope} [scope]
 * @returns {any} the stored value, or null
 */
export function read(name, { perTab } = {}) {
  const key = PREFIX + name;
  try {
    const area = perTab ? sessionStorage : localStorage;
    return JSON.parse(area.getItem(key) ?? memory.get(key) ?? "null");
  } catch {
    return JSON.parse(memory.get(key) ?? "null");
  }
}

/**
 * @param {string} name
 * @param {unknown} value null removes it
 * @param {Scope} [scope]
 */
export function write(name, value, { perTab } = {}) {
  const key = PREFIX + name;
  memory.delete(key);
  try {
    const area = perTab ? sessionStorage : localStorage;
    if (value === null) area.removeItem(key);
    else area.setItem(key, JSON.stringify(value));
  } catch {
    if (value !== null) memory.set(key, JSON.stringify(value));
  }
}
