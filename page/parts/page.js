"use strict";
// The page itself: reads the figures, draws every section, and draws again when the cloud, the measure, the period or
// the colours are changed.

const figures = JSON.parse(document.getElementById("figures").textContent);
const chosen = { cloud: null, measure: "images", days: 366 };
let imageTable = null;

// The rows of a query as objects, of the chosen cloud where they are of one.
function rowsOf(name) {
  const { columns, rows } = figures[name];
  const place = columns.indexOf("cloud");
  return rows
    .filter((row) => place < 0 || !chosen.cloud || row[place] === chosen.cloud)
    .map((row) => Object.fromEntries(columns.map((column, number) => [column, row[number]])));
}

function timeText(iso) {
  return iso ? `${iso.slice(0, 10)} ${iso.slice(11, 16)}` : "never";
}

function ageText(iso) {
  if (!iso) return "never";
  const hours = (Date.now() - Date.parse(`${iso}Z`)) / 3600000;
  if (hours < 1) return "less than an hour ago";
  return hours < 48 ? `${Math.floor(hours)} h ago` : `${Math.floor(hours / 24)} days ago`;
}

function sums(rows, label, measure) {
  const found = new Map();
  for (const row of rows) found.set(label(row), (found.get(label(row)) ?? 0) + row[measure]);
  return [...found];
}

function showHealth() {
  const cards = rowsOf("clouds").map((cloud) => {
    const good = cloud.last_status === "completed";
    const stale = !cloud.last_good_at || Date.now() - Date.parse(`${cloud.last_good_at}Z`) > 26 * 3600000;
    const [kind, word] = !good ? [cloud.last_status === "running" ? "warn" : "bad", cloud.last_status] : stale ? ["warn", "stale"] : ["good", "completed"];
    const facts = [["new", cloud.new ?? 0], ["changed", cloud.changed ?? 0], ["deleted", cloud.deleted ?? 0], ["withheld", cloud.withheld]];
    return element("article", { class: "card" },
      element("div", { class: "head" }, element("h3", {}, cloud.cloud), element("span", { class: `badge ${kind}` }, word)),
      element("p", { class: "number" }, whole.format(cloud.images), element("span", { class: "quiet" }, " images")),
      element("p", { class: "quiet" }, `all listings last read in full ${ageText(cloud.last_good_at)} (${timeText(cloud.last_good_at)})`),
      element("p", { class: "quiet" }, "In the last run:"),
      element("dl", {}, ...facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, whole.format(value))))),
      cloud.error ? element("p", { class: "error" }, cloud.error) : null);
  });
  document.getElementById("health").replaceChildren(...(cards.length ? cards : [element("p", { class: "notice" }, "No run has loaded a cloud yet.")]));
  const signs = { completed: "✓", partial: "!", running: "…", failed: "✕" };
  const runs = figures.runs.rows.map((row) => Object.fromEntries(figures.runs.columns.map((column, number) => [column, row[number]])));
  document.getElementById("runs").replaceChildren(
    element("p", { class: "quiet" }, `The last ${runs.length} runs, the newest at the end:`),
    element("ul", { class: "strip" }, ...runs.map((run) => {
      const told = `${timeText(run.started_at)}, ${run.mode}, ${run.status}${run.seconds === null ? "" : `, ${Math.round(run.seconds)} s`}`;
      return element("li", { class: run.status, title: told }, element("span", { "aria-hidden": "true" }, signs[run.status] ?? "?"), element("span", { class: "hidden" }, told));
    })));
  const listings = rowsOf("freshness");
  document.getElementById("freshness").replaceChildren(element("summary", {}, "Each listing"),
    plainTable("How fresh each listing is", ["cloud", "listing", "images", "last full run", "last changes run", "last tried", "error"],
      listings.map((row) => [row.cloud, row.listing ?? "", whole.format(row.images), timeText(row.last_full_at), timeText(row.last_changes_at), timeText(row.last_tried_at), row.error]),
      { images: "number", error: "text" }));
}

function series(rows, label, value, days) {
  const places = new Map(days.map((day, place) => [day, place]));
  const found = new Map();
  for (const row of rows) {
    const place = places.get(row.day);
    if (place === undefined) continue;
    const name = label(row);
    if (!found.has(name)) found.set(name, new Array(days.length).fill(0));
    found.get(name)[place] += row[value];
  }
  return [...found].map(([name, values]) => ({ name, values })).sort((one, other) => other.values.at(-1) - one.values.at(-1));
}

function showTime() {
  const daily = rowsOf("daily");
  const days = [...new Set(daily.map((row) => row.day))].sort().slice(-chosen.days);
  const whose = (row) => (chosen.cloud ? row.listing : row.cloud);
  const several = new Set(figures.clouds.rows.map((row) => row[0])).size > 1;
  const source = chosen.cloud || !several ? rowsOf("daily_listings") : daily;
  const label = chosen.cloud || !several ? (row) => row.listing : whose;
  const size = series(source, label, chosen.measure, days);
  const total = (place) => daily.filter((row) => row.day === days.at(place)).reduce((sum, row) => sum + row[chosen.measure], 0);
  const what = chosen.measure === "bytes" ? "Size" : "Images";
  const sentence = days.length ? `${numberText(chosen.measure, total(-1))} on ${days.at(-1)}, ${numberText(chosen.measure, total(0))} on ${days[0]}.` : "No day yet.";
  overTime("size", `${what} over time, by ${chosen.cloud || !several ? "listing" : "cloud"}`, sentence, days, size, chosen.measure, "line");
  const names = ["new", "changed", "deleted", "returned"];
  // The first day, on which everything is new, would dwarf all others.
  const first = daily.map((row) => row.day).sort()[0];
  const after = days.length > 1 ? days.filter((day) => day !== first) : days;
  const events = names.map((name) => series(daily.map((row) => ({ day: row.day, count: row[name] })), () => name, "count", after)[0] ?? { name, values: [] });
  const counts = events.map((one) => `${whole.format(one.values.reduce((sum, value) => sum + value, 0))} ${one.name}`);
  overTime("events", "New, changed and deleted images a day", `In ${after.length === 1 ? "this one day" : `these ${after.length} days`}: ${counts.join(", ")}.`, after, events, "images", "bar", EVENT_COLOURS);
}

function showNow() {
  const { measure } = chosen;
  const latest = figures.daily_listings.rows.reduce((last, row) => (row[2] > last ? row[2] : last), "");
  const listings = rowsOf("daily_listings").filter((row) => row.day === latest);
  bars("listings", "By listing", sums(listings, (row) => row.listing, measure).filter((pair) => pair[1] > 0), measure);
  bars("systems", "By operating system", sums(rowsOf("systems"), (row) => row.os_type ?? "not said", measure), measure);
  bars("platforms", "By platform", sums(rowsOf("systems"), (row) => row.platform ?? "not said", measure), measure);
  const ages = sums(rowsOf("ages"), (row) => String(row.created_in ?? "not said"), measure);
  bars("ages", "By year of creation", ages.sort((one, other) => (one[0] < other[0] ? -1 : 1)), measure, true);
  bars("owners", "Largest owners", sums(rowsOf("owners"), (row) => row.owner ?? "not said", "bytes"), "bytes");
}

function showChanges() {
  const rows = rowsOf("changes").map((row) => [timeText(row.happened_at), row.cloud, row.event, row.name, row.attribute, row.old_value, row.new_value]);
  document.getElementById("changes").replaceChildren(rows.length
    ? plainTable("Last changes", ["time", "cloud", "event", "image", "attribute", "before", "after"], rows,
      { image: "text", before: "text old", after: "text new" })
    : element("p", { class: "quiet" }, "Nothing has changed since the first run."));
  const drift = rowsOf("drift").map((row) => [row.cloud, row.attribute, row.drift, whole.format(row.images), timeText(row.first_seen), row.example]);
  document.getElementById("drift-section").hidden = !drift.length;
  document.getElementById("drift").replaceChildren(
    plainTable("Attributes that appeared or vanished", ["cloud", "attribute", "drift", "images", "first seen", "example"], drift, { images: "number", example: "text" }));
}

function showAll() {
  showHealth();
  showTime();
  showNow();
  showChanges();
  imageTable?.choose(chosen.cloud);
}

function useTheme(theme) {
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

function start() {
  const theme = document.getElementById("theme");
  useTheme(theme.value = "auto");
  theme.addEventListener("change", () => { useTheme(theme.value); showAll(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { useTheme(theme.value); showAll(); });
  document.getElementById("made").textContent = `As of ${timeText(figures.made_at)} UTC`;
  document.getElementById("version").textContent = `glanceback ${figures.version}`;
  const clouds = [...new Set(figures.clouds.rows.map((row) => row[0]))];
  const select = document.getElementById("cloud");
  select.append(element("option", { value: "" }, "all"), ...clouds.map((cloud, place) => element("option", { value: String(place) }, cloud)));
  select.addEventListener("change", () => { chosen.cloud = select.value === "" ? null : clouds[Number(select.value)]; showAll(); });
  document.getElementById("period").addEventListener("change", (event) => { chosen.days = Number(event.target.value); showTime(); });
  for (const choice of document.getElementsByName("measure"))
    choice.addEventListener("change", () => { chosen.measure = choice.value; showTime(); showNow(); });
  showAll();
  const place = document.getElementById("images");
  unpack("packed").then((images) => { imageTable = new ImageTable(place, images); imageTable.choose(chosen.cloud); })
    .catch((problem) => place.replaceChildren(element("p", { class: "notice" }, `The table cannot be unpacked here: ${problem.message}`)));
}

start();
