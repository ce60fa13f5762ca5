// A classic script in the head, so that the page is never painted in the wrong theme first.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("config-api.theme");
    } catch {
      return null;
    }
  };
  const isDark = () => (chosen() ?? (system.matches ? "dark" : "light")) === "dark";

  function apply() {
    root.dataset.theme = isDark() ? "dark" : "light";
    document.getElementById("theme")?.setAttribute("aria-pressed", String(isDark()));
  }

  let isIncomplete = false;

  // A stored page can outlive its files when the service is updated: load the current page, once.
  async function recover() {
    if (isIncomplete || document.readyState === "complete") return;
    isIncomplete = true;
    try {
      const { ok } = await fetch(location.pathname, { cache: "no-cache" });
      if (!ok || sessionStorage.getItem("config-api.recovered")) return;
      sessionStorage.setItem("config-api.recovered", "true");
      location.reload();
    } catch {
      // Offline, or without storage, where it could reload without an end.
    }
  }

  // Errors of scripts and styles do not bubble.
  addEventListener("error", ({ target }) => target instanceof Element && recover(), true);
  addEventListener("load", () => {
    try {
      if (!isIncomplete) sessionStorage.removeItem("config-api.recovered");
    } catch {
      // Nothing is stored.
    }
  });

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme")?.addEventListener("click", () => {
      const next = isDark() ? "light" : "dark";
      try {
        // The choice that the system makes anyway is not stored, so that the page follows the system again.
        if ((next === "dark") === system.matches) localStorage.removeItem("config-api.theme");
        else localStorage.setItem("config-api.theme", next);
        apply();
      } catch {
        root.dataset.theme = next;
      }
    });
  });
})();
