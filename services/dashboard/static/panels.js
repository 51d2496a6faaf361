// What one can do with a panel, and how one is replaced by its successor.
(function () {
  "use strict";
  function main() { return document.getElementById("main"); }
  function query() { return new URLSearchParams(JSON.parse(main().dataset.query || "{}")); }
  function page() { return main().dataset.page; }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (!button) return;
    var panel = button.closest(".panel");
    if (button.matches("[data-toggle]")) {
      var behind = panel.querySelector("[data-behind]"), chart = panel.querySelector("[data-chart]");
      var show = behind.hidden;
      behind.hidden = !show; chart.hidden = show;
      button.setAttribute("aria-pressed", String(show));
      if (!show) window.pmoCharts.draw(panel);
    } else if (button.matches("[data-png]")) {
      var shown = panel.querySelector("[data-chart]");
      if (shown.hidden) panel.querySelector("[data-toggle]").click();
      var url = window.pmoCharts.png(shown);
      if (!url) return;
      var link = document.createElement("a");
      link.href = url; link.download = panel.id + ".png";
      document.body.append(link); link.click(); link.remove();
    } else if (button.matches("[data-sort]")) sort(button);
  });

  function sort(button) {
    var head = button.closest("th"), table = button.closest("table");
    var place = Array.prototype.indexOf.call(head.parentElement.children, head);
    var down = head.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("th").forEach(function (th) { th.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    var body = table.tBodies[0];
    var rows = Array.prototype.filter.call(body.rows, function (row) { return !row.classList.contains("cut"); });
    rows.sort(function (a, b) {
      var x = a.cells[place].dataset.raw, y = b.cells[place].dataset.raw;
      if (x === "" || y === "") return (x === "") - (y === "");
      var n = Number(x) - Number(y);
      return (Number.isNaN(n) ? x.localeCompare(y) : n) * (down ? -1 : 1);
    });
    rows.forEach(function (row) { body.append(row); });
  }

  document.addEventListener("input", function (event) {
    if (!event.target.matches(".find")) return;
    var wanted = event.target.value.trim().toLowerCase();
    event.target.closest(".panel").querySelectorAll("tbody tr, .evidence > li, .timeline > li").forEach(function (row) {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    });
  });

  // what somebody has opened, typed or sorted stays as it is
  function replace(old, html) {
    var holder = document.createElement("template");
    holder.innerHTML = html;
    var fresh = holder.content.firstElementChild;
    var before = new Map();
    old.querySelectorAll("[data-kpi]").forEach(function (tile) { before.set(tile.dataset.kpi, tile.textContent); });
    var find = old.querySelector(".find"), chart = old.querySelector("[data-chart]"), next = fresh.querySelector("[data-chart]");
    var open = Array.prototype.map.call(old.querySelectorAll(".evidence details[open] .ev-name"), function (e) { return e.textContent; });
    var toggled = old.querySelector('[data-toggle][aria-pressed="true"]');
    var scroll = old.querySelector(".scroll"), focus = old.contains(document.activeElement) ? path(old, document.activeElement) : null;
    var sorted = old.querySelector("th[aria-sort]");
    if (chart && next) window.pmoCharts.carry(chart, next);
    else window.pmoCharts.forget(old);
    old.replaceWith(fresh);
    if (find && find.value && fresh.querySelector(".find")) {
      fresh.querySelector(".find").value = find.value;
      fresh.querySelector(".find").dispatchEvent(new Event("input", { bubbles: true }));
    }
    fresh.querySelectorAll(".evidence .ev-name").forEach(function (e) { if (open.includes(e.textContent)) e.closest("details").open = true; });
    if (toggled && fresh.querySelector("[data-toggle]")) fresh.querySelector("[data-toggle]").click();
    if (scroll && fresh.querySelector(".scroll")) { fresh.querySelector(".scroll").scrollLeft = scroll.scrollLeft; fresh.querySelector(".scroll").scrollTop = scroll.scrollTop; }
    if (sorted) {
      var place = Array.prototype.indexOf.call(sorted.parentElement.children, sorted);
      var again = fresh.querySelectorAll("thead th")[place], twice = sorted.getAttribute("aria-sort") === "descending";
      if (again && again.querySelector("[data-sort]")) { sort(again.querySelector("[data-sort]")); if (twice) sort(again.querySelector("[data-sort]")); }
    }
    window.pmoCharts.draw(fresh);
    if (focus) { var to = focus.reduce(function (at, n) { return at && at.children[n]; }, fresh); if (to) to.focus({ preventScroll: true }); }
    fresh.querySelectorAll("[data-kpi]").forEach(function (tile) {
      var was = before.get(tile.dataset.kpi);
      if (was !== undefined && squeezed(was) !== squeezed(tile.textContent)) tile.classList.add("changed");
    });
    return fresh;
  }
  function squeezed(text) { return text.replace(/\s+/g, " "); }
  function path(root, node) { var found = []; for (; node !== root; node = node.parentElement) found.unshift(Array.prototype.indexOf.call(node.parentElement.children, node)); return found; }

  // two lanes: what is there is shown at once, what is still being computed is waited for beside
  function lane(wait) { return { wait: wait, busy: null, asked: new Set() }; }
  var quick = lane(""), patient = lane("1");
  function load(names, wait) {
    var its = wait ? patient : quick;
    names.forEach(function (name) { its.asked.add(name); });
    if (!its.busy) its.busy = go(its).finally(function () { its.busy = null; });
    return its.busy;
  }
  async function go(its) {
    var where = main(), asked = its.asked;
    while (asked.size) {
      var names = Array.from(asked), params = query();
      asked.clear();
      params.set("panels", names.join(","));
      if (its.wait) params.set("wait", its.wait);
      try {
        var answer = await fetch("/fragments" + page() + "?" + params, { headers: { Accept: "application/json" } });
        if (!answer.ok) { if (answer.status === 429) { await pause(1000); names.forEach(function (n) { asked.add(n); }); continue; } return; }
        var found = await answer.json();
        if (where !== main()) return;
        Object.keys(found.panels).forEach(function (name) {
          var old = document.getElementById(name);
          if (old) replace(old, found.panels[name].html);
          if (found.panels[name].waiting) load([name], "1");
        });
        window.pmoStamp && window.pmoStamp(found.stamp);
      } catch (e) { await pause(1000); names.forEach(function (n) { asked.add(n); }); }
    }
    if (its.wait) document.dispatchEvent(new Event("pmo:settled"));
  }
  function pause(ms) { return new Promise(function (done) { setTimeout(done, ms); }); }
  function waiting() {
    return Array.prototype.filter.call(document.querySelectorAll("[data-panel]"), function (p) { return p.dataset.waiting !== "0"; }).map(function (p) { return p.dataset.panel; });
  }
  function start() { var names = waiting(); if (names.length) load(names, "1"); }
  document.addEventListener("DOMContentLoaded", start);
  window.pmoPanels = { load: load, start: start, waiting: waiting };
})();
