"use strict";
// How numbers are written and charts are drawn. Every chart has a title, a sentence for those who do not see it, and
// its figures as a table. Text from the cloud goes into text nodes and SVG text, never into HTML.

const LIGHT = { ink: "#16202c", quiet: "#4b5a6b", line: "#d4dbe4", paper: "#ffffff" };
const DARK = { ink: "#e8edf3", quiet: "#a7b4c2", line: "#2e3a47", paper: "#10161d" };
// Okabe and Ito's palette, told apart also by people who do not see all colours.
const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8a00", "#7f7f7f"];
const EVENT_COLOURS = { new: "#009e73", changed: "#0072b2", deleted: "#d55e00", returned: "#cc79a7" };
const MOST_BARS = 10;
// ECharts measures texts itself, and has to know in what they are set.
const FONT = "system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, sans-serif";

const whole = new Intl.NumberFormat("en");
const drawn = new Map();

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined).map((child) =>
    child instanceof Node ? child : document.createTextNode(String(child))));
  return made;
}

function bytesText(bytes) {
  for (const [unit, size] of [["PB", 1e15], ["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]])
    if (Math.abs(bytes) >= size) return `${(bytes / size).toFixed(bytes / size < 100 ? 1 : 0)} ${unit}`;
  return `${whole.format(bytes)} B`;
}

function numberText(measure, value) {
  return measure === "bytes" ? bytesText(value) : whole.format(value);
}

// The tick labels of an axis: short, so that they fit on a telephone.
function axisText(measure) {
  const short = new Intl.NumberFormat("en", { notation: "compact" });
  return (value) => (measure === "bytes" ? bytesText(value).replace(/\.0 /, " ") : short.format(value));
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === "dark";
}

function figure(id, title, sentence, columns, rows, option) {
  const place = document.getElementById(id);
  if (!drawn.has(id)) {
    const chart = element("div", { class: "chart", role: "img" });
    const details = element("details", {}, element("summary"));
    details.addEventListener("toggle", () => drawn.get(id).showTable());
    place.append(element("figcaption", {}, element("h3"), element("p", { class: "quiet" })), chart, details);
    drawn.set(id, { chart: echarts.init(chart, null, { renderer: "svg" }), place, details });
    new ResizeObserver(() => drawn.get(id).chart.resize()).observe(chart);
  }
  const it = drawn.get(id);
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
  const colours = isDark() ? DARK : LIGHT;
  const axis = (given) => ({
    axisLine: { lineStyle: { color: colours.quiet } }, axisTick: { show: false },
    splitLine: { lineStyle: { color: colours.line } }, ...given,
    axisLabel: { color: colours.quiet, hideOverlap: true, ...given.axisLabel },
  });
  return {
    animation: false, color: PALETTE, textStyle: { fontFamily: FONT, color: colours.ink },
    ...option,
    tooltip: {
      renderMode: "richText", confine: true, backgroundColor: colours.paper, borderColor: colours.quiet,
      textStyle: { color: colours.ink, fontSize: 12 }, ...option.tooltip,
    },
    legend: { show: false, type: "scroll", top: 0, itemGap: 18, textStyle: { color: colours.ink }, pageTextStyle: { color: colours.ink },
      pageIconColor: colours.ink, pageIconInactiveColor: colours.line, ...option.legend },
    grid: { left: 4, right: 16, top: 36, bottom: 4, containLabel: true, ...option.grid },
    xAxis: axis(option.xAxis), yAxis: axis(option.yAxis),
  };
}

// Series over days, stacked. `series`: [{name, values}], each value that of the day in its place.
function overTime(id, title, sentence, days, series, measure, kind, colours) {
  const rows = days.map((day, place) => [day, ...series.map((one) => numberText(measure, one.values[place] ?? 0))]);
  figure(id, title, sentence, ["day", ...series.map((one) => one.name)], rows.reverse(), {
    legend: { show: series.length > 1 },
    tooltip: { trigger: "axis", valueFormatter: (value) => numberText(measure, value ?? 0) },
    xAxis: {
      type: "category", data: days, boundaryGap: kind === "bar", splitLine: { show: false },
      axisLabel: { interval: Math.max(0, Math.ceil(days.length / (document.getElementById(id).clientWidth / 110)) - 1) },
    },
    yAxis: { type: "value", axisLabel: { formatter: axisText(measure) } },
    series: series.map((one) => ({
      name: one.name, type: kind, stack: "all", data: one.values, symbol: "none", barMaxWidth: 22,
      ...(kind === "line" ? { areaStyle: { opacity: 0.75 }, lineStyle: { width: 1 }, step: days.length < 90 ? "middle" : false } : {}),
      ...(days.length === 1 && kind === "line" ? { symbol: "circle", symbolSize: 8 } : {}),
      ...(colours ? { itemStyle: { color: colours[one.name] } } : {}),
    })),
  });
}

// Bars from the largest down. `pairs`: [[label, value], ...].
function bars(id, title, pairs, measure, keepOrder = false) {
  const sorted = keepOrder ? pairs : [...pairs].sort((one, other) => other[1] - one[1]);
  const shown = keepOrder ? sorted.slice(-2 * MOST_BARS) : sorted.slice(0, MOST_BARS);
  const rest = keepOrder ? [] : sorted.slice(MOST_BARS);
  if (rest.length) shown.push([`${rest.length} others`, rest.reduce((sum, pair) => sum + pair[1], 0)]);
  const most = sorted.reduce((best, pair) => (pair[1] > (best?.[1] ?? -1) ? pair : best), null);
  const sentence = most ? `Most: ${most[0]}, ${numberText(measure, most[1])}.` : "Nothing to show.";
  const bottomUp = [...shown].reverse();
  figure(id, title, sentence, ["", measure], sorted.map(([label, value]) => [label, numberText(measure, value)]), {
    tooltip: { trigger: "item", valueFormatter: (value) => numberText(measure, value) },
    grid: { top: 4, right: 64 },
    xAxis: { type: "value", axisLabel: { formatter: axisText(measure) }, splitNumber: 4 },
    yAxis: { type: "category", data: bottomUp.map((pair) => pair[0]), axisLabel: { width: 130, overflow: "truncate", interval: 0 } },
    series: [{
      type: "bar", data: bottomUp.map((pair) => pair[1]), barMaxWidth: 18, itemStyle: { color: PALETTE[0] },
      label: { show: true, position: "right", color: (isDark() ? DARK : LIGHT).ink, formatter: (bar) => numberText(measure, bar.value) },
    }],
  });
}
