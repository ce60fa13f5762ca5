/** The copy of the page that the browser stores, so that a return visit opens without a request. */

/**
 * Renew the copy, which the next visit shows.
 * @returns {Promise<boolean>} whether the service has a newer version than the one that is open
 */
export async function renewStoredPage() {
  try {
    const response = await fetch(location.pathname, { cache: "no-cache" });
    // The folder of the files is named after their version.
    return response.ok && !(await response.text()).includes(new URL(".", import.meta.url).pathname);
  } catch {
    return false;
  }
}
