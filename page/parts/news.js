"use strict";
// What differs since a day that the reader picks: what ended, what came, and what changed, by attribute.

const COMING = new Set(["created", "first seen", "returned"]);
const GOING = new Set(["deleted", "gone", "retired"]);
// The group of the images that moved; no attribute can have this name.
const MOVES = Symbol("moved between listings");
let since = null;

// The rows of `events` of an image are from starts[place] up to starts[place + 1], the oldest first.
function eventStarts() {
  const { events, images } = tables;
  const starts = new Uint32Array(images.rows + 1);
  for (let row = 0; row < events.rows; row++) starts[events.image(row) + 1]++;
  for (let place = 0; place < images.rows; place++) starts[place + 1] += starts[place];
  return starts;
}

// Compares the end of the day with now, as `glanceback diff` does: what came and went in between counts for neither.
function differencesSince(day) {
  const { events, images } = tables;
  const ended = [], came = [], changed = new Map(), moments = new Set();
  let passing = 0;
  const limit = `${day}T24`;
  for (let place = 0; place < images.rows; place++) {
    if (!ofChosen(place)) continue;
    let was = true, is = true, first = null, last = null;
    const values = new Map();
    for (let row = eventsOf.starts[place]; row < eventsOf.starts[place + 1]; row++) {
      const at = events.happened_at(row);
      if (at < limit) continue;
      moments.add(at);
      const event = events.event(row);
      if (COMING.has(event) || GOING.has(event)) {
        if (first === null) was = GOING.has(event);
        is = COMING.has(event);
        last = { place, event, at };
        first ??= last;
      } else {
        const attribute = event === "moved" ? MOVES : events.attribute(row);
        const before = values.get(attribute);
        values.set(attribute, { place, at, old: before ? before.old : events.old_value(row), new: events.new_value(row), times: (before?.times ?? 0) + 1 });
      }
    }
    if (!was && !is) passing++;
    else if (was && !is) ended.push(last);
    else if (!was && is) came.push(first);
    else for (const [attribute, change] of values)
      // Of one change the values differ, even if they are cut and look alike.
      if (change.times === 1 || change.old !== change.new) {
        if (!changed.has(attribute)) changed.set(attribute, []);
        changed.get(attribute).push(change);
      }
  }
  const newestFirst = (one, other) => (one.at > other.at ? -1 : one.at < other.at ? 1 : one.place - other.place);
  for (const list of [ended, came, ...changed.values()]) list.sort(newestFirst);
  const attributes = [...changed].sort((one, other) => rankOf(one[0]) - rankOf(other[0]) || other[1].length - one[1].length || (one[0] < other[0] ? -1 : 1));
  // An image that moved to another listing has the content that it had: that is no change, here as in every other number.
  const imagesOf = (lists) => new Set(lists.flatMap(([, list]) => list.map((change) => change.place))).size;
  return {
    ended, came, attributes, passing,
    changed: imagesOf(attributes.filter(([attribute]) => attribute !== MOVES)), moved: imagesOf(attributes.filter(([attribute]) => attribute === MOVES)),
  };
}

// That nothing but the time of the update changed comes last.
function rankOf(attribute) {
  return attribute === MOVES ? 0 : attribute === "updated_at" ? 2 : 1;
}

// The change that most images share, where two or more do.
function commonest(changes) {
  const found = new Map();
  for (const change of changes) {
    const key = JSON.stringify([change.old, change.new]);
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  const [key, count] = [...found].reduce((best, one) => (one[1] > best[1] ? one : best), ["", 0]);
  return count > 1 ? { count, change: JSON.parse(key) } : null;
}

function short(value) {
  const text = value === null ? "nothing" : value === "" ? "(empty)" : value;
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function newsGroup(word, entries, columns, { isOpen = false, note = "", key = word } = {}) {
  const body = element("div", { class: "body" });
  const details = element("details", { class: "group", "data-group": key },
    element("summary", {}, element("strong", { class: "number" }, whole.format(entries.length)),
      element("span", {}, element("span", { class: "title" }, word), " ", element("span", { class: "todo" }, note))), body);
  const fill = () => { if (details.open && !body.hasChildNodes()) body.append(longTable(`${word} since ${since}`, columns, entries)); };
  details.addEventListener("toggle", fill);
  details.open = isOpen;
  fill();
  return details;
}

function imageColumnOf() {
  return [{ title: "Image", kind: "text wide", show: ({ place }) => imageLink(place), value: ({ place }) => [["name", tables.images.name(place)], ["id", tables.images.id(place)]] }];
}

function entryColumns(middle) {
  const images = tables.images;
  return [...imageColumnOf(), ...middle,
    { title: "Found", kind: "short", show: ({ at }) => timeText(at) },
    ...(severalClouds() ? [{ title: "Cloud", kind: "text", show: ({ place }) => images.cloud(place) }] : [])];
}

function showNews() {
  const images = tables.images;
  const { ended, came, attributes, passing, changed, moved } = differencesSince(since);
  const net = came.length - ended.length;
  const owner = { title: "Owner", kind: "text", show: ({ place }) => ownerNode(images.owner(place)), value: ({ place }) => OWNER_COLUMN.value(place) };
  const system = { title: "System", kind: "text", show: ({ place }) => systemText(place) };
  const size = { title: "Size", kind: "number", show: ({ place }) => sizeText(place), value: ({ place }) => [["bytes", images.bytes(place)]] };
  const event = { title: "How", kind: "short", show: (entry) => entry.event };
  const listings = { title: "Listings", kind: "text", show: ({ place }) => images.listings(place) };
  const groups = [
    ended.length ? newsGroup("Ended", ended, entryColumns([event, owner, system, size]), { isOpen: true, note: "deleted, or no longer visible" }) : null,
    came.length ? newsGroup("New", came, entryColumns([event, owner, system, listings, size]), { isOpen: true, note: "created, shared with us, or returned" }) : null,
    ...attributes.map(([attribute, changes]) => {
      const most = commonest(changes);
      const word = attribute === MOVES ? "Moved between listings" : attribute === "updated_at" ? "only updated_at" : attribute;
      return newsGroup(word, changes, entryColumns([
        { title: "Before", kind: "text value", show: (change) => valueNode("old", change.old), value: (change) => change.old },
        { title: "After", kind: "text value", show: (change) => valueNode("new", change.new), value: (change) => change.new }]), {
        key: attribute === MOVES ? "moved" : `changed ${attribute}`,
        note: most ? `${short(most.change[0])} → ${short(most.change[1])}${most.count === changes.length ? "" : ` in ${whole.format(most.count)} of ${whole.format(changes.length)}`}` : "",
      });
    })].filter(Boolean);
  fill(document.getElementById("news-sentence"),
    element("strong", {}, `${whole.format(came.length)} new, ${whole.format(ended.length)} ended: ${signed(net)} images. ${whole.format(changed)} changed, ${whole.format(moved)} moved between listings.`),
    element("span", { class: "quiet" }, since < runDays().first ? ` Compared with the first reading, on ${runDays().first}.` : ` Compared with the end of ${since}, as glanceback diff ${since} does.`,
      passing ? ` ${counted(passing, "image")} came and went in between.` : ""));
  const changedAttributes = attributes.filter(([attribute]) => attribute !== MOVES).length;
  const firstGroup = changedAttributes ? groups.length - changedAttributes : -1;
  document.getElementById("news").replaceChildren(...(groups.length
    ? groups.flatMap((group, number) => (number === firstGroup ? [element("h3", {}, "Changed, by attribute"), group] : [group]))
    : [quiet(figures.runs.rows.length < 2 ? "There was one run. From the next one on, this says what is new." : since <= runDays().first ? "Nothing differs since then." : "Nothing differs since then. Pick an earlier day to see more.")]));
}

// Builds the controls once. The first choice: what the last day with a run found.
function startNews() {
  const days = runDays();
  const place = document.getElementById("news-controls");
  if (!days.last) { showNewsWithout(); return; }
  const cut = figures.events_from ? figures.events_from.slice(0, 10) : null;
  const least = cut ?? dayBefore(days.first);
  const input = element("input", { type: "date", id: "since", min: least, max: days.last, required: true });
  const choose = (day) => {
    if (!/^\d{4}-\d\d-\d\d$/.test(day)) return;
    since = day < least ? least : day > days.last ? days.last : day;
    input.value = since;
    for (const button of place.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.day === since));
    showNews();
  };
  input.addEventListener("change", () => choose(input.value));
  const choices = [["last day", 1], ["7 days", 7], ["30 days", 30], ["a year", 365]].filter(([, back], number) => number === 0 || dayBefore(days.last, back) >= least);
  fill(place, element("label", {}, "Since the end of ", input),
    ...choices.map(([word, back]) => element("button", { type: "button", "data-day": dayBefore(days.last, back) < least ? least : dayBefore(days.last, back), onclick: (event) => choose(event.target.dataset.day) }, word)),
    cut ? quiet(`What happened up to ${timeText(figures.events_from)} is not in this file: it would be too large. glanceback diff DAY shows it.`) : "");
  choose(dayBefore(days.last) < least ? least : dayBefore(days.last));
}

function showNewsWithout() {
  document.getElementById("news").replaceChildren(quiet(figures.runs.rows.length ? "No run has seen an image yet." : "There is no run yet. From the second run on, this says what is new."));
}
