// Light or dark as the system says, or as was chosen here; first of all, so that no page flashes in the other one.
(function () {
  "use strict";
  var root = document.documentElement;
  function kept() { try { return localStorage.getItem("pmo-theme"); } catch (e) { return null; } }
  function apply(theme) { root.dataset.theme = theme || "auto"; }
  apply(kept());
  window.pmoIsDark = function () {
    var theme = root.dataset.theme;
    return theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  };
  document.addEventListener("DOMContentLoaded", function () {
    var button = document.getElementById("theme");
    if (button) button.addEventListener("click", function () {
      var next = window.pmoIsDark() ? "light" : "dark";
      try { localStorage.setItem("pmo-theme", next); } catch (e) { /* kept for this page only */ }
      apply(next);
      document.dispatchEvent(new Event("pmo:theme"));
    });
    var menu = document.getElementById("menu"), side = document.getElementById("side");
    if (menu) menu.addEventListener("click", function () {
      var open = side.classList.toggle("open");
      menu.setAttribute("aria-expanded", String(open));
      if (open) side.querySelector("a[data-nav]").focus();
    });
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape" && side && side.classList.contains("open")) { side.classList.remove("open"); menu.setAttribute("aria-expanded", "false"); menu.focus(); }
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { document.dispatchEvent(new Event("pmo:theme")); });
})();
