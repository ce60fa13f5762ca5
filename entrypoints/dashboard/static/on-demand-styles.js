/** The styles of what the page loads on demand. */

import { h } from "./dom.js";

await new Promise((resolve) => {
  const href = new URL("./on-demand.css", import.meta.url).href;
  document.head.append(h("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
});
