"use strict";
// How charts are drawn. Every chart has a title, a sentence for those who do not see it, and its figures as a table.

const LIGHT = { ink: "#16202c", quiet: "#4b5a6b", line: "#d9e0e8", paper: "#ffffff" };
const DARK = { ink: "#e8edf3", quiet: "#a7b4c2", line: "#2e3a47", paper: "#10161d" };
// Okabe and Ito's palette, told apart also by people who do not see all colours.
const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8a00", "#7f7f7f"];
const MOST_BARS = 10;
// ECharts measures texts itself, and has to know in what they are set.
const FONT = "system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, sans-serif";

const drawn = new Map();

// The tick labels of an axis: short, so that they fit on a telephone, but never two alike.
function axisText(measure, least, most) {
  if (measure === "bytes") return (value) => bytesText(value).replace(/\.0 /, " ");
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  return (value) => (most - least >= 5000 || most < 10000 ? short.format(value) : whole.format(value));
}

function colours() {
  return document.documentElement.dataset.theme === "dark" ? DARK : LIGHT;
}

function figure(id, title, sentence, columns, rows, option) {
  const place = document.getElementById(id);
  if (!drawn.has(id)) {
    const chart = element("div", { class: "chart", role: "img" });
    const details = element("details", {}, element("summary"));
    details.addEventListener("toggle", () => drawn.get(id).showTable());
    place.append(element("figcaption", {}, element("h3"), quiet()), chart, details);
    drawn.set(id, { chart: echarts.init(chart, null, { renderer: "svg" }), place, details });
    new ResizeObserver(() => drawn.get(id).chart.resize()).observe(chart);
  }
  const it = drawn.get(id);
  // Axes without anything say less than the sentence.
  place.classList.toggle("nothing", !rows.length);
  const box = place.querySelector(".chart");
  place.querySelector("h3").textContent = title;
  place.querySelector("p").textContent = sentence;
  place.querySelector("summary").textContent = `${title}: the figures`;
  box.setAttribute("aria-label", `${title}. ${sentence}`);
  it.showTable = () => {
    it.details.querySelector(".scroll")?.remove();
    if (it.details.open) it.details.append(plainTable(`${title}: the figures`, columns, rows));
  };
  it.showTable();
  it.chart.setOption(styled(option), { notMerge: true });
}

function styled(option) {
  const paint = colours();
  const axis = (given) => ({
    axisLine: { lineStyle: { color: paint.quiet } }, axisTick: { show: false },
    splitLine: { lineStyle: { color: paint.line } }, ...given,
    axisLabel: { color: paint.quiet, hideOverlap: true, ...given.axisLabel },
  });
  return {
    animation: false, color: PALETTE, textStyle: { fontFamily: FONT, color: paint.ink },
    ...option,
    tooltip: {
      renderMode: "richText", confine: true, backgroundColor: paint.paper, borderColor: paint.quiet,
      textStyle: { color: paint.ink, fontSize: 12 }, ...option.tooltip,
    },
    legend: { show: false, type: "scroll", top: 0, left: 0, itemGap: 16, itemWidth: 16, textStyle: { color: paint.ink }, pageTextStyle: { color: paint.ink },
      pageIconColor: paint.ink, pageIconInactiveColor: paint.line, ...option.legend },
    grid: { left: 4, right: 16, top: 36, bottom: 4, containLabel: true, ...option.grid },
    xAxis: axis(option.xAxis), yAxis: axis(option.yAxis),
  };
}

// Lines and bars over days. `series`: [{ name, values, colour, kind, stack }], a value for each day. `isFitted`: the axis need
// not begin at 0, so that a small change of a large number shows; the sentence says so.
function overTime(id, title, sentence, days, series, measure, { isFitted = false, isSigned = false } = {}) {
  const text = (value) => (isSigned && measure !== "bytes" ? signed(value) : (isSigned && value > 0 ? "+" : "") + numberText(measure, value));
  const rows = days.map((day, place) => [day, ...series.map((one) => text(one.values[place] ?? 0))]);
  let least = Infinity, most = -Infinity;
  for (const one of series) for (const value of one.values) { least = Math.min(least, value); most = Math.max(most, value); }
  figure(id, title, sentence, ["day", ...series.map((one) => one.name)], rows.reverse(), {
    legend: { show: series.length > 1 },
    tooltip: { trigger: "axis", valueFormatter: (value) => text(value ?? 0) },
    grid: { top: series.length > 1 ? 36 : 12 },
    xAxis: {
      type: "category", data: days, boundaryGap: series.some((one) => one.kind === "bar"), splitLine: { show: false },
      axisLine: { onZero: true },
      axisLabel: { interval: Math.max(0, Math.ceil(days.length / Math.max(1, document.getElementById(id).clientWidth / 110)) - 1) },
    },
    yAxis: {
      type: "value", scale: isFitted, minInterval: measure === "bytes" ? undefined : 1, splitNumber: 4,
      axisLabel: { formatter: axisText(measure, least, most) },
    },
    series: series.map((one, number) => ({
      name: one.name, type: one.kind ?? "line", stack: one.stack, data: one.values, symbol: "circle", symbolSize: 7, showSymbol: days.length === 1,
      barMaxWidth: 22, itemStyle: { color: one.colour ?? PALETTE[number % PALETTE.length] }, z: one.kind === "bar" ? 2 : 3,
      ...(one.kind === "bar" ? {} : { lineStyle: { width: series.some((other) => other.kind === "bar") ? 1.5 : 2 }, step: days.length < 40 ? "end" : false }),
    })),
  });
}

// Bars from the largest down. `pairs`: [[label, value], ...].
function bars(id, title, pairs, measure, { keepOrder = false, label = (text) => text } = {}) {
  const sorted = keepOrder ? pairs : [...pairs].sort((one, other) => other[1] - one[1]);
  const shown = keepOrder ? sorted.slice(-2 * MOST_BARS) : sorted.slice(0, MOST_BARS);
  const rest = keepOrder ? [] : sorted.slice(MOST_BARS);
  // As a bar, thousands of others would dwarf all that have a name.
  const others = rest.length ? ` ${counted(rest.length, "other")}: ${numberText(measure, rest.reduce((sum, pair) => sum + pair[1], 0))} together.` : "";
  const most = sorted.reduce((best, pair) => (pair[1] > (best?.[1] ?? -1) ? pair : best), null);
  const sentence = most ? `Most: ${label(most[0])}, ${numberText(measure, most[1])}.${others}` : "Nothing to show.";
  const bottomUp = [...shown].reverse();
  figure(id, title, sentence, ["", measure], sorted.map(([name, value]) => [name, numberText(measure, value)]), {
    tooltip: { trigger: "item", valueFormatter: (value) => numberText(measure, value) },
    grid: { top: 4, right: 64 },
    xAxis: { type: "value", axisLabel: { formatter: axisText(measure, 0, most?.[1] ?? 0) }, splitNumber: 4, minInterval: measure === "bytes" ? undefined : 1 },
    yAxis: { type: "category", data: bottomUp.map((pair) => pair[0]), axisLabel: { width: 130, overflow: "truncate", interval: 0, formatter: label } },
    series: [{
      type: "bar", data: bottomUp.map((pair) => pair[1]), barMaxWidth: 18, itemStyle: { color: PALETTE[0] },
      label: { show: true, position: "right", color: colours().ink, formatter: (bar) => numberText(measure, bar.value) },
    }],
  });
}
