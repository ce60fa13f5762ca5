/** JSON values kept by the browser, and locks. Without storage (a private window) values last until the page is left. */

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

/**
 * Run `work` in one tab at a time, where the browser has Web Locks (a secure context).
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function exclusively(name, work) {
  return navigator.locks ? navigator.locks.request(PREFIX + name, work) : work();
}
