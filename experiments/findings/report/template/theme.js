// Light and dark: what the system says, until the button is used.
const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
const themeListeners = [];

function stored(value) {
  try {
    if (value) localStorage.setItem("report-theme", value);
    return localStorage.getItem("report-theme");
  } catch {
    return null; // a browser may refuse storage to files
  }
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : systemDark.matches;
}

function themeChanged() {
  byId("theme").setAttribute("aria-pressed", String(isDark()));
  themeListeners.forEach((listener) => listener());
}

byId("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = stored(isDark() ? "light" : "dark") || (isDark() ? "light" : "dark");
  themeChanged();
});
systemDark.addEventListener("change", themeChanged);
if (["light", "dark"].includes(stored())) document.documentElement.dataset.theme = stored();
themeChanged();
