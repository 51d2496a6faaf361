// The two times: sliders, days, and play, which goes through the months. All of it stands in the address.
(function () {
  "use strict";
  var playing = null;
  function el(id) { return document.getElementById(id); }
  function day(first, offset) { var d = new Date(first + "T00:00:00Z"); d.setUTCDate(d.getUTCDate() + offset); return d.toISOString().slice(0, 10); }
  function offset(first, text) { return Math.round((Date.parse(text + "T00:00:00Z") - Date.parse(first + "T00:00:00Z")) / 864e5); }

  function bind(name) {
    var input = el(name), slide = el(name + "_slide"), first = slide.dataset.first;
    slide.value = String(offset(first, input.value));
    slide.setAttribute("aria-valuetext", input.value);
    fill(slide);
    slide.addEventListener("input", function () { input.value = day(first, Number(slide.value)); slide.setAttribute("aria-valuetext", input.value); fill(slide); soon(); });
    input.addEventListener("change", function () { if (input.value) { slide.value = String(offset(first, input.value)); fill(slide); go(); } });
  }
  function fill(slide) { slide.style.setProperty("--at", 100 * Number(slide.value) / Math.max(1, Number(slide.max)) + "%"); }
  var timer;
  function soon() { clearTimeout(timer); timer = setTimeout(go, 250); }

  function params() {
    var found = new URLSearchParams(JSON.parse(el("main").dataset.query || "{}"));
    ["as_of", "known_at", "unit", "versus"].forEach(function (name) {
      var field = el(name), value = field.value;
      if (value === (field.dataset.default || "")) value = "";
      if (value) found.set(name, value); else found.delete(name);
    });
    return found;
  }
  function address(found) { var text = found.toString(); return el("main").dataset.page + (text ? "?" + text : ""); }
  function go() { return show(address(params()), true); }

  // the page changes without being loaded again, so that a slider stays in one's hand
  var latest = 0;
  async function show(url, push) {
    var mine = ++latest;
    document.body.classList.add("loading");
    try {
      var answer = await fetch(url, { headers: { Accept: "text/html" } });
      var html = await answer.text();
      if (mine !== latest) return;
      var page = new DOMParser().parseFromString(html, "text/html");
      var fresh = page.getElementById("main");
      if (!fresh || !page.getElementById("scope")) { location.href = url; return; }
      window.pmoCharts.forget(el("main"));
      el("main").replaceWith(fresh);
      ["stamp", "today"].forEach(function (id) { if (el(id) && page.getElementById(id)) el(id).replaceWith(page.getElementById(id)); });
      document.querySelectorAll("a[data-nav]").forEach(function (a, place) { a.setAttribute("href", page.querySelectorAll("a[data-nav]")[place].getAttribute("href")); });
      document.title = page.title;
      if (push) history.pushState({}, "", url);
      window.pmoCharts.draw();
      window.pmoPanels.start();
      window.pmoLive.restart();
      bindToday();
    } finally { if (mine === latest) document.body.classList.remove("loading"); }
  }
  addEventListener("popstate", function () { location.reload(); });

  function set(name, value) { el(name).value = value; var slide = el(name + "_slide"); slide.value = String(offset(slide.dataset.first, value)); slide.setAttribute("aria-valuetext", value); fill(slide); }
  function bindToday() { var b = el("today"); if (b) b.onclick = function () { stop(); ["as_of", "known_at"].forEach(function (n) { set(n, el(n).dataset.default); }); go(); }; }

  function stop() {
    playing = null;
    var b = el("play"); b.setAttribute("aria-pressed", "false"); b.querySelector("span").textContent = "Play"; icon(b, "play");
  }
  function icon(button, name) { var use = button.querySelector("use"); use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#" + name)); }
  function months(from, to) {
    var found = [], d = new Date(from + "T00:00:00Z");
    for (;;) { d = new Date(Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1, 0)); var text = d.toISOString().slice(0, 10); if (text >= to) break; if (text > from) found.push(text); d.setUTCDate(d.getUTCDate() + 1); }
    found.push(to);
    return found;
  }
  async function play() {
    var last = el("as_of").max, from = el("as_of").value;
    if (from >= last) { var year = new Date(last + "T00:00:00Z"); year.setUTCFullYear(year.getUTCFullYear() - 1); from = year.toISOString().slice(0, 10); if (from < el("as_of").min) from = el("as_of").min; }
    var me = playing = {};
    for (var at of months(from, last)) {
      if (playing !== me) return;
      set("as_of", at);
      var began = Date.now();
      await go();
      await settled(6000);
      await new Promise(function (done) { setTimeout(done, Math.max(0, 900 - (Date.now() - began))); });
    }
    if (playing === me) stop();
  }
  function settled(most) {
    if (!window.pmoPanels.waiting().length) return Promise.resolve();
    return new Promise(function (done) { var t = setTimeout(done, most); document.addEventListener("pmo:settled", function () { clearTimeout(t); done(); }, { once: true }); });
  }

  document.addEventListener("DOMContentLoaded", function () {
    if (!el("scope")) return;
    bind("as_of"); bind("known_at"); bindToday();
    ["unit", "versus"].forEach(function (name) { el(name).addEventListener("change", go); });
    el("scope").addEventListener("submit", function (event) { event.preventDefault(); go(); });
    el("play").addEventListener("click", function () {
      if (playing) { stop(); return; }
      var b = el("play"); b.setAttribute("aria-pressed", "true"); b.querySelector("span").textContent = "Pause"; icon(b, "pause");
      play();
    });
  });
  document.addEventListener("change", function (event) {
    var form = event.target.closest("form[data-filters]");
    if (form && event.target.matches("select")) form.requestSubmit();
  });
  document.addEventListener("submit", function (event) {
    var form = event.target.closest("form[data-filters]");
    if (!form) return;
    event.preventDefault();
    var found = new URLSearchParams(new FormData(form));
    Array.from(found.keys()).forEach(function (name) { if (!found.get(name)) found.delete(name); });
    show(form.getAttribute("action") + (String(found) ? "?" + found : ""), true);
  });
})();
