// Dark, light, or as the system has it: before anything is painted.
"use strict";
(() => {
  const kept = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
  document.documentElement.dataset.theme = ["dark", "light", "system"].includes(kept) ? kept : "dark";
})();
