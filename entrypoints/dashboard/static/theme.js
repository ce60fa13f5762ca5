// A classic script in the head: the page is never painted in the wrong theme first.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("config-api.theme");
    } catch {
      return null; // storage is off: the system decides
    }
  };
  const isDark = () => (chosen() ?? (system.matches ? "dark" : "light")) === "dark";

  function apply() {
    root.dataset.theme = isDark() ? "dark" : "light";
    document.getElementById("theme")?.setAttribute("aria-pressed", String(isDark()));
  }

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme")?.addEventListener("click", () => {
      const next = isDark() ? "light" : "dark";
      try {
        // What the system would choose anyway is not kept, so that it goes on deciding.
        if ((next === "dark") === system.matches) localStorage.removeItem("config-api.theme");
        else localStorage.setItem("config-api.theme", next);
        apply();
      } catch {
        root.dataset.theme = next;
      }
    });
  });
})();
