"use strict";
// One image, when it is opened: what it is, what was promised, and everything that happened to it.

const WORDS = {
  created: "Created", "first seen": "First seen", changed: "Changed", moved: "Moved to other listings", returned: "Returned",
  deleted: "Deleted", gone: "Gone: deleted or withdrawn, which cannot be told apart", retired: "Retired with its cloud or listing",
};

// What happened, the newest first: [{ at, event, version, changes: [{ attribute, old, new }] }].
function timelineOf(place) {
  const { events, images } = tables;
  const entries = [];
  for (let row = eventsOf.starts[place]; row < eventsOf.starts[place + 1]; row++) {
    const at = events.happened_at(row), event = events.event(row);
    const last = entries.at(-1);
    const entry = last && last.at === at && last.event === event ? last : { at, event, changes: [] };
    if (entry !== last) entries.push(entry);
    if (events.attribute(row) !== null) entry.changes.push({ attribute: events.attribute(row), old: events.old_value(row), new: events.new_value(row) });
  }
  const isVersion = (entry) => entry.event === "changed" || COMING.has(entry.event);
  let version = images.versions(place);
  entries.reverse();
  for (const entry of entries) if (isVersion(entry)) entry.version = version--;
  return { entries, versionsBefore: version };
}

function fact(title, ...value) {
  return value.flat().some((one) => one !== null && one !== undefined && one !== "") ? element("div", {}, element("dt", {}, title), element("dd", {}, ...value)) : null;
}

function promisesOf(place) {
  const { promises } = tables;
  const rows = [];
  for (let row = 0; row < promises.rows; row++) if (promises.image(row) === place) rows.push(row);
  if (!rows.length) return [];
  const columns = [
    { title: "Promise", kind: "text wide", show: (row) => `${PROMISES[promises.promise(row)]}: ${promises.value(row)}${promises.promised_to(row) ? ` (up to ${promises.promised_to(row)})` : ""}` },
    { title: "Due", kind: "short", show: promises.due_on }, { title: "Status", kind: "short", show: promises.status },
    { title: "Broken since", kind: "short", show: promises.broken_from },
    { title: "Made good", kind: "short", show: (row) => (promises.status(row) === "broken" ? promises.made_good(row) : null) }];
  const { scroll, body } = tableOf("Promises", columns);
  body.append(...rows.map((row) => rowOf(columns, row)));
  return [element("h3", {}, "Promises"), scroll];
}

function timelineList(place) {
  const { images } = tables;
  const { entries, versionsBefore } = timelineOf(place);
  const listed = entries.map((entry) => element("li", { class: entry.event.replaceAll(" ", "-") },
    element("p", {}, element("time", { datetime: `${entry.at}Z` }, timeText(entry.at)), " ", element("strong", {}, WORDS[entry.event] ?? entry.event),
      entry.version ? element("span", { class: "quiet" }, ` version ${entry.version}`) : null),
    entry.changes.length ? element("dl", { class: "changes" }, entry.changes.map((change) => element("div", {}, element("dt", {}, change.attribute),
      element("dd", {}, valueNode("old", change.old), element("span", { class: "arrow" }, " → "), valueNode("new", change.new))))) : null));
  if (versionsBefore > 0) {
    const cut = figures.events_from && images.first_seen(place) <= figures.events_from.slice(0, 10);
    listed.push(element("li", {}, element("p", {}, element("time", {}, images.first_seen(place)), " ", element("strong", {}, "First seen"),
      element("span", { class: "quiet" }, versionsBefore > 1
        ? ` ${counted(versionsBefore, "version")} up to ${cut ? timeText(figures.events_from) : "then"} are not in this file.`
        : ` version 1${cut ? "" : ", by the first reading: it was there before"}`))));
  }
  return element("ol", { class: "timeline" }, listed);
}

function showImage(place) {
  const { images } = tables;
  const dialog = document.getElementById("image");
  const tags = images.tags(place) ? images.tags(place).split("\u001f") : [];
  const ended = images.ended(place);
  const successor = images.successor(place);
  const next = successor === null ? null : placeOf(images.cloud(place), successor);
  const query = `glanceback sql --query image_history --param id=${images.id(place)}`;
  fill(dialog,
    element("form", { method: "dialog", class: "head" }, element("h2", { id: "image-title" }, images.name(place) || "(no name)"),
      element("button", { type: "submit", class: "close", "aria-label": "Close" }, "✕")),
    element("p", { class: "id" }, images.id(place)),
    ended === null ? null : element("p", { class: "notice" }, `This image is no longer there: ${images.end_reason(place)}, found on ${ended}.`),
    next === null ? null : element("p", { class: "notice" }, "Its name now stands for ", imageLink(next), " (", element("span", { class: "code" }, successor), ")."),
    images.withheld(place) === null ? null : element("p", { class: "notice" }, `No listing shows it any more; its deletion is withheld: ${WITHHELD[images.withheld(place)] ?? images.withheld(place)}.`),
    images.support_is_over(place) === 1 ? element("p", { class: "notice" }, `${images.release(place)}: free maintenance ended${images.support_ends(place) ? ` on ${images.support_ends(place)}` : ""}.`) : null,
    element("dl", { class: "facts" },
      fact("Cloud", images.cloud(place)), fact("Listings", images.listings(place)), fact("Status", images.status(place)),
      fact("Owner", ownerNode(images.owner(place))), fact("System", images.system(place)), fact("Architecture", images.architecture(place)),
      fact("Size", sizeText(place)), fact("Created", images.created(place)), fact("Updated", images.updated(place)),
      fact("First seen", images.first_seen(place)), fact("Versions", images.versions(place)),
      fact("Waits since", images.waiting_since(place)), fact("Maintained until", images.support_is_over(place) === 1 ? null : images.support_ends(place)),
      fact("Tags", tags.map((tag) => element("span", { class: "tag" }, tag)))),
    ...promisesOf(place),
    element("h3", {}, "What happened"), timelineList(place),
    /^[\w.:-]+$/.test(images.id(place)) ? quiet("All of it, with every value whole: ", element("code", {}, query)) : null);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function placeOf(cloud, id) {
  for (let place = 0; place < tables.images.rows; place++)
    if (tables.images.id(place) === id && tables.images.cloud(place) === cloud) return place;
  return null;
}

// The address says which image is open, so that a link to it can be sent, and Back closes it.
function followAddress() {
  const dialog = document.getElementById("image");
  const [, cloud, id] = /^#image=([^/]*)\/(.*)$/.exec(location.hash) ?? [];
  if (id === undefined) { dialog.close(); return; }
  let place = null;
  try { place = placeOf(decodeURIComponent(cloud), decodeURIComponent(id)); } catch { /* No address of ours. */ }
  if (place === null) {
    dialog.replaceChildren(element("form", { method: "dialog", class: "head" }, element("h2", { id: "image-title" }, "Not in this file"),
      element("button", { type: "submit", class: "close", "aria-label": "Close" }, "✕")),
      element("p", {}, "The address names an image that this page does not have. It may have ended long ago: glanceback sql --query image_history knows."));
    if (!dialog.open) dialog.showModal();
  } else showImage(place);
}

function startTimeline() {
  const dialog = document.getElementById("image");
  dialog.addEventListener("close", () => { if (location.hash.startsWith("#image=")) history.replaceState(null, "", "#"); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  window.addEventListener("hashchange", followAddress);
  if (location.hash.startsWith("#image=")) followAddress();
}
