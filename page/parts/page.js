"use strict";
// The page itself: reads what it was given, draws every section, and draws again when the cloud, the measure, the period
// or the colours are changed.

const figures = JSON.parse(document.getElementById("figures").textContent);
const clouds = [...new Set(figures.status.rows.map((row) => row[0]))];
const chosen = { cloud: null, measure: "images", days: 366 };
const eventsOf = { starts: null };
let tables = null;
let imageTable = null;

// The rows of a query as objects: those of the chosen cloud, and those for which `others` is true.
function rowsOf(name, others = () => false) {
  const { columns, rows } = figures[name];
  const place = columns.indexOf("cloud");
  return rows
    .map((row) => Object.fromEntries(columns.map((column, number) => [column, row[number]])))
    .filter((row) => place < 0 || !chosen.cloud || row.cloud === chosen.cloud || others(row));
}

// How many rows the query has, where the page may have only some of them.
function countOf(name) {
  const { counts } = figures[name];
  return chosen.cloud ? counts[chosen.cloud] ?? 0 : Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function ofChosen(place) {
  return !chosen.cloud || tables.images.cloud(place) === chosen.cloud;
}

function today() {
  return figures.made_at.slice(0, 10);
}

// The first day of a table of days: of many clouds and days it has only the last ones.
function firstDayOf(name) {
  const table = tables[name];
  let first = null;
  for (let row = 0; row < table.rows; row++) if (first === null || table.day(row) < first) first = table.day(row);
  return first;
}

// The days of the first and the last reading.
function runDays() {
  const { daily } = tables;
  let last = null;
  for (let row = 0; row < daily.rows; row++) if (last === null || daily.day(row) > last) last = daily.day(row);
  return { first: figures.first_day, last };
}

function showDrift() {
  const drift = rowsOf("drift").map((row) => [row.cloud, row.attribute, row.drift, whole.format(row.images), timeText(row.first_seen), row.example]);
  const total = countOf("drift");
  document.getElementById("drift-section").hidden = !drift.length;
  fill(document.getElementById("drift"),
    plainTable("Attributes that appeared or vanished", ["cloud", "attribute", "drift", "images", "first seen", "example"], drift, { images: "number", example: "text" }),
    drift.length < total ? quiet(`${whole.format(drift.length)} of ${whole.format(total)}; FROM schema_drift has all.`) : "");
}

// A section that cannot be drawn says so, and the others are drawn all the same.
function drawn_or_said(id, draw) {
  try {
    draw();
  } catch (problem) {
    document.getElementById(id).replaceChildren(notice(`This part cannot be shown: ${problem.message}. Make the page again: glanceback dashboard.`));
    console.error(problem);
  }
}

function showAll() {
  drawn_or_said("health", showHealth);
  drawn_or_said("drift", showDrift);
  if (!tables) return;
  drawn_or_said("decisions", showDecisions);
  drawn_or_said("news", since ? showNews : showNewsWithout);
  drawn_or_said("charts", showTime);
  drawn_or_said("today", showNow);
  imageTable?.choose();
}

function useTheme(theme) {
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

function redraw() {
  if (tables) { showTime(); showNow(); }
}

function showAge() {
  const hours = hoursSince(figures.made_at);
  document.getElementById("made").textContent = `As of ${timeText(figures.made_at)} UTC`;
  if (hours > STALE_HOURS)
    document.getElementById("stale").replaceChildren(notice(`This page was made ${ageText(figures.made_at)}. If it should be newer, the schedule has stopped, or writes it elsewhere: glanceback status says how old the data are.`));
}

function start() {
  const theme = document.getElementById("theme");
  useTheme(theme.value = "auto");
  theme.addEventListener("change", () => { useTheme(theme.value); redraw(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { useTheme(theme.value); redraw(); });
  // Paper is light.
  window.addEventListener("beforeprint", () => { useTheme("light"); redraw(); });
  window.addEventListener("afterprint", () => { useTheme(theme.value); redraw(); });
  showAge();
  document.getElementById("version").textContent = `glanceback ${figures.version}`;
  const select = document.getElementById("cloud");
  select.append(element("option", { value: "" }, "all"), ...clouds.map((cloud, place) => element("option", { value: String(place) }, cloud)));
  select.closest("label").hidden = clouds.length < 2;
  select.addEventListener("change", () => { chosen.cloud = select.value === "" ? null : clouds[Number(select.value)]; showAll(); });
  document.getElementById("period").addEventListener("change", (event) => { chosen.days = Number(event.target.value); showTime(); });
  for (const choice of document.getElementsByName("measure"))
    choice.addEventListener("change", () => { chosen.measure = choice.value; redraw(); });
  showAll();
  unpack("packed").then((unpacked) => {
    tables = unpacked;
    eventsOf.starts = eventStarts();
    drawn_or_said("images", () => { imageTable = new ImageTable(document.getElementById("images")); });
    drawn_or_said("news", startNews);
    showAll();
    startTimeline();
    document.documentElement.dataset.ready = "yes";
  }).catch((problem) => {
    for (const id of ["decisions", "news", "images"])
      document.getElementById(id).replaceChildren(notice(`The images and their history cannot be unpacked here: ${problem.message}.`));
    console.error(problem);
  });
}

start();
