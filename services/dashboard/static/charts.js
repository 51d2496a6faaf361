// Draws the charts of panels from their data; words and numbers only, colours come from the style sheet.
(function () {
  "use strict";
  var drawn = new WeakMap();
  function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
  function palette() { return [1, 2, 3, 4, 5, 6, 7, 8].map(function (n) { return css("--series-" + n); }); }
  var TONES = { green: "--fill-good", amber: "--fill-warn", red: "--fill-bad", muted: "--series-muted", critical: "--sev-critical", high: "--sev-high", medium: "--sev-medium", low: "--sev-low", none: "--series-muted" };
  function tone(name) { return TONES[name] ? css(TONES[name]) : undefined; }
  var compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  var exact = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  function short(value) { return Math.abs(value) >= 10000 ? compact.format(value) : exact.format(value); }
  function said(value, unit) {
    if (value === null || value === undefined) return "no data";
    return /^[A-Z]{3}$/.test(unit || "") ? unit + " " + exact.format(value) : exact.format(value) + (unit ? " " + unit : "");
  }
  function cut(text, most) { text = String(text); return text.length > most ? text.slice(0, most - 1) + "…" : text; }

  function common(ink) {
    return {
      animationDuration: 300, animationDurationUpdate: 400,
      animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink.soft },
      color: palette(),
      grid: { left: 8, right: 16, top: 28, bottom: 6, containLabel: true },
      tooltip: { renderMode: "richText", confine: true, backgroundColor: css("--raised"), borderColor: css("--line"), textStyle: { color: ink.ink, fontSize: 12 }, padding: [8, 10] },
      legend: { top: 0, left: 0, itemWidth: 10, itemHeight: 10, icon: "roundRect", textStyle: { color: ink.soft, fontSize: 12 }, inactiveColor: css("--line") },
      aria: { enabled: false }
    };
  }
  function axis(ink, more) {
    return Object.assign({ axisLine: { lineStyle: { color: css("--line") } }, axisTick: { show: false }, splitLine: { lineStyle: { color: css("--grid") } }, axisLabel: { color: ink.soft, fontSize: 11 } }, more);
  }
  function aimLine(aim, horizontal, unit) {
    return { silent: true, symbol: "none", lineStyle: { color: css("--aim"), type: "dashed", width: 1.5 }, label: { color: css("--soft"), fontSize: 11, formatter: (unit && unit.length === 3 ? "budget " : "target ") + short(aim) + (unit === "%" ? " %" : ""), position: horizontal ? "end" : "insideEndTop" }, data: [horizontal ? { xAxis: aim } : { yAxis: aim }] };
  }

  // as wide as the longest of them: the library's own measure is a few pixels short
  function width(words, most) {
    var pen = document.createElement("canvas").getContext("2d");
    pen.font = "11px " + getComputedStyle(document.body).fontFamily;
    return Math.ceil(Math.max.apply(null, words.map(function (w) { return pen.measureText(cut(w, most)).width; }).concat(10))) + 16;
  }

  function bars(chart, ink, box) {
    var horizontal = chart.horizontal, narrow = box.clientWidth < 480;
    var many = chart.categories.length > 10;
    var category = axis(ink, { type: "category", data: chart.categories, axisLabel: { color: ink.soft, fontSize: 11, interval: horizontal ? 0 : many ? "auto" : 0, rotate: !horizontal && many && chart.categories[0].length > 4 ? 40 : 0, formatter: function (v) { return cut(v, horizontal ? (narrow ? 22 : 46) : 14); } } });
    category.splitLine = { show: false };
    var value = axis(ink, { type: "value", max: chart.max || null, axisLabel: { color: ink.soft, fontSize: 11, formatter: function (v) { return short(v) + (chart.unit === "%" ? " %" : ""); } }, splitNumber: 4 });
    var series = chart.series.map(function (each, place) {
      var last = place === chart.series.length - 1;
      return {
        name: each.name, type: "bar", stack: chart.stack ? "all" : undefined, barMaxWidth: 28, barCategoryGap: "38%",
        itemStyle: { color: tone(each.tone), borderRadius: chart.stack ? 0 : horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0] },
        data: each.values.map(function (v, i) { var t = each.tones && tone(each.tones[i]); return t ? { value: v, itemStyle: { color: t } } : v; }),
        markLine: chart.aim !== undefined && chart.aim !== null && last && !(chart.lines || []).length ? aimLine(chart.aim, horizontal, chart.unit) : undefined
      };
    });
    (chart.lines || []).forEach(function (each) {
      series.push({ name: each.name, type: "line", step: each.step ? "middle" : undefined, symbol: "none", lineStyle: { width: 2, color: css("--aim") }, itemStyle: { color: css("--aim") }, data: each.values,
        markLine: each.step && chart.aim ? aimLine(chart.aim, false, chart.unit) : undefined });
    });
    var option = Object.assign(common(ink), { series: series });
    option.legend.show = series.length > 1;
    if (!option.legend.show) option.grid.top = 14;
    if (chart.aim !== undefined && chart.aim !== null && !horizontal) option.grid.right = 20;
    if (chart.aim !== undefined && chart.aim !== null && horizontal) option.grid.top = 24;
    option.tooltip.trigger = "axis";
    option.tooltip.axisPointer = { type: "shadow" };
    option.tooltip.valueFormatter = function (v) { return said(v, chart.unit); };
    if (horizontal) Object.assign(option.grid, { left: width(chart.categories, narrow ? 22 : 46), bottom: 24, containLabel: false });
    option[horizontal ? "yAxis" : "xAxis"] = category;
    option[horizontal ? "xAxis" : "yAxis"] = value;
    return option;
  }

  function lines(chart, ink) {
    var option = Object.assign(common(ink), {
      xAxis: axis(ink, { type: chart.time ? "time" : "category", splitLine: { show: false }, axisLabel: { color: ink.soft, fontSize: 11, hideOverlap: true } }),
      yAxis: axis(ink, { type: "value", scale: true, splitNumber: 4, axisLabel: { color: ink.soft, fontSize: 11, formatter: function (v) { return short(v) + (chart.unit === "%" ? " %" : ""); } } }),
      series: chart.series.map(function (each, place) {
        var colour = each.dashed ? css("--soft") : palette()[place % 8];
        var marks = place === 0 ? (chart.marks || []).map(function (m) { return { xAxis: m.at, label: { formatter: m.label } }; }) : [];
        if (place === 0 && chart.aim !== null && chart.aim !== undefined) marks.push({ yAxis: chart.aim, label: { formatter: "target " + short(chart.aim), position: "insideEndTop" } });
        return {
          name: each.name, type: "line", data: each.points, symbol: each.points.length > 40 ? "none" : "circle", symbolSize: 5, connectNulls: false,
          lineStyle: { width: 2, type: each.dashed ? "dashed" : "solid", color: colour }, itemStyle: { color: colour },
          areaStyle: each.area ? { color: colour, opacity: 0.12 } : undefined,
          markLine: marks.length ? { silent: true, symbol: "none", lineStyle: { color: css("--aim"), type: "dotted" }, label: { color: css("--soft"), fontSize: 10 }, data: marks } : undefined
        };
      })
    });
    option.legend.show = chart.series.length > 1;
    if (!option.legend.show) option.grid.top = 14;
    option.grid.right = 24;
    option.tooltip.trigger = "axis";
    option.tooltip.valueFormatter = function (v) { return said(v, chart.unit); };
    return option;
  }

  function scatter(chart, ink) {
    var most = Math.max.apply(null, chart.points.map(function (p) { return p.size; }).concat(1));
    var names = { green: "green", amber: "amber", red: "red", none: "no report" };
    var groups = ["green", "amber", "red", "none"].filter(function (t) { return chart.points.some(function (p) { return p.tone === t; }); });
    var option = Object.assign(common(ink), {
      xAxis: axis(ink, { type: "value", name: chart.x, nameLocation: "middle", nameGap: 28, nameTextStyle: { color: ink.soft }, axisLabel: { color: ink.soft, fontSize: 11 } }),
      yAxis: axis(ink, { type: "value", scale: true, name: chart.y, nameTextStyle: { color: ink.soft, align: "left" }, axisLabel: { color: ink.soft, fontSize: 11, formatter: "{value} %" } }),
      series: groups.map(function (t, place) {
        return {
          name: names[t], type: "scatter", itemStyle: { color: tone(t), opacity: 0.78, borderColor: css("--card"), borderWidth: 1 },
          symbolSize: function (v) { return 10 + 34 * Math.sqrt(v[2] / most); },
          data: chart.points.filter(function (p) { return p.tone === t; }).map(function (p) { return { value: [p.x, p.y, p.size], name: p.name, link: p.link }; }),
          markLine: place === 0 ? { silent: true, symbol: "none", lineStyle: { color: css("--aim"), type: "dashed" }, label: { show: false }, data: [{ xAxis: chart.xline }, { yAxis: chart.yline }] } : undefined
        };
      })
    });
    option.grid.bottom = 30; option.grid.top = 52;
    option.tooltip.formatter = function (p) { return p.name + "\n" + (p.value[0] > 0 ? "+" : "") + p.value[0] + " days, EAC " + p.value[1] + " % of " + exact.format(p.value[2]); };
    return option;
  }

  function heat(chart, ink, box) {
    var narrow = box.clientWidth < 560;
    var option = Object.assign(common(ink), {
      xAxis: axis(ink, { type: "category", data: chart.x, position: "top", splitLine: { show: false }, axisLine: { show: false }, axisLabel: { color: ink.soft, fontSize: 11, interval: narrow ? 2 : 0 } }),
      yAxis: axis(ink, { type: "category", data: chart.y, inverse: true, splitLine: { show: false }, axisLine: { show: false }, axisLabel: { color: ink.soft, fontSize: 11, interval: 0, formatter: function (v) { return cut(v, narrow ? 14 : 30); } } }),
      visualMap: { show: false, type: "piecewise", dimension: 2, pieces: [
        { lte: 0, color: css("--heat-0") }, { gt: 0, lte: 25, color: css("--heat-1") }, { gt: 25, lte: 50, color: css("--heat-2") },
        { gt: 50, lte: 75, color: css("--heat-3") }, { gt: 75, lte: 90, color: css("--heat-4") }, { gt: 90, lte: 100, color: css("--heat-5") },
        { gt: 100, lte: 120, color: css("--heat-6") }, { gt: 120, color: css("--heat-7") }] },
      series: [{
        type: "heatmap", data: chart.cells, itemStyle: { borderColor: css("--card"), borderWidth: 2, borderRadius: 4 },
        label: { show: true, fontSize: narrow ? 9 : 11, formatter: function (p) { return p.value[2] > 998 ? "!" : Math.round(p.value[2]); },
          color: css("--heat-ink") },
        emphasis: { itemStyle: { borderColor: css("--accent"), borderWidth: 2 } }
      }]
    });
    option.series[0].data = chart.cells.map(function (c) { return { value: c, label: { color: c[2] > 100 || c[2] > 75 && c[2] <= 100 ? css("--heat-ink-strong") : css("--heat-ink") } }; });
    option.grid = { left: width(chart.y, narrow ? 14 : 30), right: 4, top: 24, bottom: 4 };
    option.legend.show = false;
    option.tooltip.formatter = function (p) { return chart.y[p.value[1]] + ", week of " + chart.x[p.value[0]] + "\n" + (p.value[2] > 998 ? "no supply" : exact.format(p.value[2]) + " % of net supply") + "\n" + p.value[3]; };
    return option;
  }

  var kinds = { bars: bars, lines: lines, scatter: scatter, heat: heat };
  function draw(box) {
    var source = box.parentElement.querySelector("script.chart-data");
    if (!source || !window.echarts) return;
    var chart = JSON.parse(source.textContent);
    var rows = Number(box.dataset.rows || 0);
    if (rows) box.style.height = Math.max(140, rows * 26 + 60) + "px";
    if (box.offsetParent === null) return;
    var held = drawn.get(box), instance = held ? held.instance : null;
    if (!instance) {
      instance = window.echarts.init(box, null, { renderer: "canvas" });
      instance.on("click", function (p) {
        var now = drawn.get(box).chart;
        var target = (p.data && p.data.link) || (now.links && now.links[p.dataIndex]);
        if (target) location.href = target + location.search;
      });
    }
    drawn.set(box, { instance: instance, chart: chart });
    var ink = { ink: css("--ink"), soft: css("--soft") };
    instance.resize();
    instance.setOption(kinds[chart.kind](chart, ink, box), { notMerge: !held });
  }
  function all(root) { (root || document).querySelectorAll("[data-chart]").forEach(draw); }
  var waits;
  addEventListener("resize", function () { clearTimeout(waits); waits = setTimeout(function () { all(); }, 120); });
  document.addEventListener("pmo:theme", function () { all(); });
  document.addEventListener("DOMContentLoaded", function () { all(); });
  addEventListener("beforeprint", function () { all(); });
  window.pmoCharts = {
    draw: all,
    // the old chart's box goes on in the new panel, so that it moves from what it showed to what it shows
    carry: function (old, fresh) { if (drawn.get(old)) { fresh.replaceWith(old); old.dataset.rows = fresh.dataset.rows; } },
    forget: function (root) { root.querySelectorAll("[data-chart]").forEach(function (box) { var held = drawn.get(box); if (held) { held.instance.dispose(); drawn.delete(box); } }); },
    png: function (box) { var held = drawn.get(box); return held ? held.instance.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: css("--card") }) : null; }
  };
})();
