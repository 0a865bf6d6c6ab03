(function () {
  "use strict";
  var root = document.documentElement, dark = window.matchMedia("(prefers-color-scheme: dark)");
  function show(theme) { root.dataset.theme = theme; }
  show(dark.matches ? "dark" : "light");
  dark.addEventListener("change", function (event) { show(event.matches ? "dark" : "light"); });
  document.getElementById("theme").addEventListener("click", function () { show(root.dataset.theme === "dark" ? "light" : "dark"); });

  var search = document.getElementById("search");
  if (!search) return;
  var tests = Array.prototype.slice.call(document.querySelectorAll("details[data-verdict]"));
  var filters = Array.prototype.slice.call(document.querySelectorAll("button[data-filter]"));
  var shown = document.getElementById("shown"), filter = "";
  function apply() {
    var words = search.value.toLowerCase().split(/\s+/), count = 0;
    tests.forEach(function (test) {
      var text = test.dataset.text || (test.dataset.text = test.textContent.toLowerCase());
      var fits = (!filter || test.dataset.verdict === filter) && words.every(function (word) { return text.indexOf(word) >= 0; });
      test.classList.toggle("hidden", !fits);
      if (fits) count += 1;
    });
    shown.textContent = count + " shown";
  }
  filters.forEach(function (button) {
    button.addEventListener("click", function () {
      filter = button.dataset.filter;
      filters.forEach(function (other) { other.setAttribute("aria-pressed", String(other === button)); });
      apply();
    });
  });
  search.addEventListener("input", apply);
  apply();
}());
