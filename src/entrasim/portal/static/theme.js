// Before anything is drawn: the theme that the system prefers, unless the visitor chose one.
(() => {
  const root = document.documentElement;
  root.classList.add("has-script");
  if (root.dataset.choice !== "auto") return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  dark.addEventListener("change", apply);
  apply();
})();
