"use strict";
// Each cloud's last run, the last runs as a strip with the reasons of those that were not completed, and each listing.

const STALE_HOURS = 26;
const MOST_CARDS = 12;
const MOST_FAULTS_SHOWN = 5;
const SIGNS = { completed: "✓", partial: "!", running: "…", failed: "✕" };

function verdictOf(cloud) {
  if (cloud.last_status === "running") return ["warn", "running", 1];
  if (cloud.last_status === "failed") return ["bad", "failed", 3];
  if (cloud.last_status !== "completed") return ["warn", cloud.last_status, 2];
  return !cloud.last_good_at || hoursSince(cloud.last_good_at) > STALE_HOURS ? ["warn", "stale", 2] : ["good", "completed", 0];
}

function cardOf(cloud) {
  const [kind, word] = verdictOf(cloud);
  const facts = [["new", cloud.new], ["deleted", cloud.deleted], ["changed", cloud.changed], ["withheld", cloud.withheld]];
  return element("article", { class: "card" },
    element("div", { class: "head" }, element("h3", {}, cloud.cloud), element("span", { class: `badge ${kind}` }, word)),
    element("p", { class: "figure" }, whole.format(cloud.images), element("span", { class: "quiet" }, cloud.images === 1 ? " image" : " images")),
    cloud.last_good_at ? quiet(`All listings last read in full ${ageText(cloud.last_good_at)} (${timeText(cloud.last_good_at)})`)
      : quiet("No full run has read all of its listings yet."),
    quiet("In the last run:"),
    element("dl", {}, facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value === null ? "–" : whole.format(value))))),
    cloud.error ? element("p", { class: "error" }, cloud.error) : null);
}

function showFaults(runs) {
  const shown = new Set(runs.map((run) => run.run_id));
  const faults = rowsOf("faulty_runs", (row) => row.cloud === null).filter((row) => shown.has(row.run_id));
  const faulty = runs.filter((run) => run.status === "partial" || run.status === "failed").length;
  if (!faulty) return quiet(runs.length === 1 ? "It was completed." : "All of them were completed.");
  const columns = [
    { title: "Run", kind: "short", show: (row) => timeText(row.started_at) }, { title: "Status", kind: "short", show: (row) => row.status },
    ...(severalClouds() ? [{ title: "Cloud", kind: "text", show: (row) => row.cloud ?? "" }] : []),
    { title: "Listing", kind: "short", show: (row) => row.listing ?? "all" },
    { title: "Why", kind: "text long", show: (row) => row.error ?? "Nothing says; see the log of the run." }];
  return element("div", {}, quiet(`${runs.length === 1 ? "It was" : faulty === 1 ? "One of them was" : `${faulty} of them were`} not completed:`),
    longTable("Runs that were not completed", columns, faults, { first: MOST_FAULTS_SHOWN, total: Math.max(faults.length, countOf("faulty_runs")) }),
    faults.length < countOf("faulty_runs") ? quiet("The others are not in this file: glanceback sql --query faulty_runs has them.") : "");
}

// How many clouds are in which state, the worst first.
function cloudsText(cards) {
  const found = new Map();
  for (const cloud of cards) found.set(verdictOf(cloud)[1], (found.get(verdictOf(cloud)[1]) ?? 0) + 1);
  const images = cards.reduce((sum, cloud) => sum + cloud.images, 0);
  return `${counted(cards.length, "cloud")} with ${counted(images, "image")}: ${[...found].map(([word, count]) => `${whole.format(count)} ${word}`).join(", ")}. Those that need a look come first.`;
}

function showHealth() {
  const cards = rowsOf("status").sort((one, other) => verdictOf(other)[2] - verdictOf(one)[2]);
  document.getElementById("health").replaceChildren(...(cards.length ? cards.slice(0, MOST_CARDS).map(cardOf)
    : [notice("No run has loaded a cloud yet: there is nothing to show. Run glanceback check to see whether the settings are right, then glanceback sync.")]));
  document.getElementById("health-and-runs").classList.toggle("alone", cards.length === 1);
  const others = cards.slice(MOST_CARDS);
  fill(document.getElementById("clouds"), others.length ? quiet(cloudsText(cards)) : "");
  const runs = rowsOf("runs");
  const told = (run) => `${timeText(run.started_at)}, ${run.mode}, ${run.status}${run.seconds === null ? "" : `, ${Math.round(run.seconds)} s`}`;
  document.getElementById("runs").replaceChildren(...(runs.length ? [
    quiet(runs.length === 1 ? "There was one run:" : `The last ${runs.length} runs, the newest at the end:`),
    element("ul", { class: "strip" }, runs.map((run) => element("li", { class: run.status, title: told(run) },
      element("span", { "aria-hidden": "true" }, SIGNS[run.status] ?? "?"), element("span", { class: "hidden" }, told(run))))),
    showFaults(runs)] : []));
  const listings = rowsOf("freshness");
  fill(document.getElementById("freshness"),
    others.length ? element("details", {}, element("summary", {}, counted(others.length, "more cloud")), plainTable("The other clouds",
      ["cloud", "last run", "images", "last read in full"], others.map((cloud) => [cloud.cloud, verdictOf(cloud)[1], whole.format(cloud.images), timeText(cloud.last_good_at)]), { images: "number" })) : "",
    listings.length ? element("details", {}, element("summary", {}, "Each listing"), plainTable("How fresh each listing is",
      ["cloud", "listing", "images", "last full run", "last changes run", "last tried", "error"],
      listings.map((row) => [row.cloud, row.listing ?? "", whole.format(row.images), timeText(row.last_full_at), timeText(row.last_changes_at), timeText(row.last_tried_at), row.error]),
      { images: "number", error: "text" })) : "");
}
