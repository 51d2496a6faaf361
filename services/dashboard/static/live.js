// One stream for this browser: how far the log has come, and which panels have other figures.
(function () {
  "use strict";
  var STALE_MS = 12000;
  var source = null, heard = Date.now(), stamp = null, announced = "";
  function el(id) { return document.getElementById(id); }
  function live() { return el("main") && el("main").dataset.live === "yes"; }

  function show(said) {
    if (!said) return;
    if (stamp && stamp.seq !== said.seq) beat();
    stamp = said;
    if (el("main")) el("main").dataset.seq = String(said.seq);
    if (el("position")) el("position").textContent = Number(said.position).toLocaleString("en");
    if (el("nothing-yet")) el("nothing-yet").hidden = said.position > 0;
    if (el("stamp-last")) el("stamp-last").textContent = (said.what + " " + said.stream).trim() || "nothing recorded yet";
    tick();
  }
  function age(ms) {
    var s = Math.max(0, Math.round(ms / 1000));
    if (s < 60) return s + " s ago";
    if (s < 3600) return Math.floor(s / 60) + " min ago";
    if (s < 172800) return Math.floor(s / 3600) + " h ago";
    return Math.floor(s / 86400) + " days ago";
  }
  // once for each event, not for ever: what moves all the time costs a phone its battery
  function beat() {
    var box = el("stamp");
    if (!box) return;
    box.classList.remove("beats");
    requestAnimationFrame(function () { box.classList.add("beats"); });
  }
  function tick() {
    var box = el("stamp");
    if (!box || !stamp) return;
    if (el("stamp-age")) el("stamp-age").textContent = stamp.recorded_at ? age(Date.now() - Date.parse(stamp.recorded_at)) : "";
    if (!live()) { state("frozen", "As known then"); return; }
    var silent = Date.now() - heard > STALE_MS || (source && source.readyState !== EventSource.OPEN && Date.now() - heard > 1500);
    if (silent) state("stale", "Stale, no news for " + age(Date.now() - heard).replace(" ago", ""));
    else if (!stamp.reads) state("stale", "Stale, ClickHouse does not answer");
    else state("live", "Live");
  }
  function state(name, words) {
    var box = el("stamp");
    box.dataset.state = name;
    if (el("stamp-state").textContent !== words) el("stamp-state").textContent = words;
    if (announced !== name) {
      if (announced && name !== "frozen") el("announce").textContent = name === "stale" ? "The figures are not live any more." : "The figures are live.";
      announced = name;
    }
  }
  function open() {
    if (source) { source.close(); source = null; }
    if (!live()) { tick(); return; }
    var params = new URLSearchParams(JSON.parse(el("main").dataset.query || "{}"));
    params.set("since", el("main").dataset.seq);
    heard = Date.now();
    source = new EventSource("/live" + el("main").dataset.page + "?" + params);
    source.addEventListener("update", function (event) {
      heard = Date.now();
      var said = JSON.parse(event.data);
      show(said);
      if (said.panels && said.panels.length) window.pmoPanels.load(said.panels, "");
    });
    source.addEventListener("beat", function (event) { heard = Date.now(); show(JSON.parse(event.data)); });
    source.addEventListener("open", function () { heard = Date.now(); tick(); });
    source.addEventListener("error", function () {
      tick();
      // a refusal ends the stream for good, but whoever refused may be there again
      if (source && source.readyState === EventSource.CLOSED) setTimeout(open, 3000);
    });
  }
  function start() { var box = el("stamp"); if (box) show(JSON.parse(box.dataset.stamp)); open(); }
  window.pmoStamp = show;
  window.pmoLive = { restart: start };
  document.addEventListener("DOMContentLoaded", function () { start(); setInterval(tick, 1000); });
  addEventListener("pagehide", function () { if (source) source.close(); });
})();
