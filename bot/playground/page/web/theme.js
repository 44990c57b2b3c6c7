// Runs before the first paint (a classic script on purpose), so that a chosen theme never flashes.
"use strict";
(function applyStoredTheme() {
  let theme = null;
  try {
    theme = localStorage.getItem("playground.theme");
  } catch {
    // Storage may be forbidden; the system's theme is a fine answer.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
