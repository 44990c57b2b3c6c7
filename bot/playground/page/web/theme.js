// A classic script that runs before the first paint, so that the theme does not flash.
"use strict";
(function applyStoredTheme() {
  let theme = null;
  try {
    theme = localStorage.getItem("playground.theme");
  } catch {
    // Without storage the system's theme applies.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
