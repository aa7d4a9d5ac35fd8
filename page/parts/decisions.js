"use strict";
// What waits for a person: each matter has a number, what to do, and a list, which is made when it is opened.

const BROKEN_DAYS = 365;

const NAME_COLUMN = { title: "Image", kind: "text wide", show: imageLink, value: (place) => [["name", tables.images.name(place)], ["id", tables.images.id(place)]] };
const CLOUD_COLUMN = { title: "Cloud", kind: "text", show: (place) => tables.images.cloud(place) };
const OWNER_COLUMN = {
  title: "Owner", kind: "text", show: (place) => ownerNode(tables.images.owner(place)),
  value: (place) => [["owner", figures.projects[tables.images.owner(place)] ?? ""], ["owner id", tables.images.owner(place)]],
};

function withCloud(columns, cloudColumn = CLOUD_COLUMN) {
  return severalClouds() ? [...columns, cloudColumn] : columns;
}

// The places of the images of the chosen cloud for which `holds` is true.
function placesWhere(holds) {
  const found = [];
  for (let place = 0; place < tables.images.rows; place++) if (ofChosen(place) && holds(place)) found.push(place);
  return found;
}

function listOf(caption, columns, places, show) {
  return longTable(caption, columns, places, { also: element("button", { type: "button", onclick: () => imageTable.showOnly(show) }, "Show in the table of images") });
}

const WITHHELD = { "too many": "too many vanished at once", "no answer": "it could not be asked for" };

function withheldMatter() {
  const images = tables.images;
  const places = placesWhere((place) => images.withheld(place) !== null);
  const undecided = places.filter((place) => images.withheld(place) === "too many").length;
  return {
    number: places.length, title: places.length === 1 ? "deletion withheld" : "deletions withheld", none: "no deletion is withheld", isUrgent: undecided > 0,
    todo: undecided
      ? `${counted(undecided, "image")} vanished at once: glanceback sync --accept-deletions, if that is right; else nothing is lost.`
      : "They could not be asked for by id; the next run asks again.",
    body: () => listOf("Deletions withheld", withCloud([NAME_COLUMN, { title: "Why", kind: "text", show: (place) => WITHHELD[images.withheld(place)] ?? images.withheld(place) }, OWNER_COLUMN,
      { title: "Updated", kind: "short", show: images.updated }]), places, "withheld"),
  };
}

function waitingMatter() {
  const images = tables.images;
  const places = placesWhere((place) => images.waiting_since(place) !== null)
    .sort((one, other) => images.waiting_since.key(one) - images.waiting_since.key(other));
  const oldest = places.length ? images.waiting_since(places[0]) : null;
  return {
    number: places.length, title: places.length === 1 ? "share waits to be accepted" : "shares wait to be accepted", none: "no share waits",
    todo: oldest ? `The first waits since ${oldest}${oldest < today() ? `: ${counted(daysBetween(oldest, today()), "day")}` : ", today"}. Accept or reject it in its project.` : "",
    body: () => listOf("Shares that wait", withCloud([NAME_COLUMN, OWNER_COLUMN, { title: "Waits since", kind: "short", show: images.waiting_since },
      { title: "Days", kind: "number", show: (place) => daysBetween(images.waiting_since(place), today()) }]), places, "waiting"),
  };
}

function supportMatter() {
  const images = tables.images;
  const places = placesWhere((place) => images.support_is_over(place) === 1);
  const releases = new Map();
  for (const place of places) {
    const release = images.release(place);
    const found = releases.get(release) ?? { release, ends: images.support_ends(place), images: 0, owners: new Set() };
    found.images++;
    found.owners.add(images.owner(place));
    releases.set(release, found);
  }
  const rows = [...releases.values()].sort((one, other) => ((one.ends ?? "9999") < (other.ends ?? "9999") ? -1 : 1));
  return {
    number: places.length, title: places.length === 1 ? "image of a system without support" : "images of systems without support", none: "no system's support has ended",
    todo: rows.length ? `${counted(rows.length, "release")}; ${rows[0].release} has no free maintenance since ${rows[0].ends ?? "an unknown day"}. Replace the images, or hide them.` : "",
    body: () => longTable("Systems without support", [
      { title: "System", kind: "text", show: ({ release }) => element("button", { type: "button", class: "link", onclick: () => imageTable.showOnly("support", release) }, release), value: ({ release }) => release },
      { title: "Ended on", kind: "short", show: ({ ends }) => ends ?? "unknown day" },
      { title: "Images", kind: "number", show: ({ images: count }) => whole.format(count), value: ({ images: count }) => count },
      { title: "Owners", kind: "number", show: ({ owners }) => whole.format(owners.size), value: ({ owners }) => owners.size }], rows),
  };
}

const PROMISES = { replace_frequency: "replaced", uuid_validity: "id is kept", provided_until: "provided until" };

function promiseMatter() {
  const { promises, images } = tables;
  const since = dayBefore(today(), BROKEN_DAYS);
  const rows = [];
  for (let row = 0; row < promises.rows; row++)
    if (promises.status(row) === "broken" && promises.made_good(row) === null && promises.broken_from(row) >= since && ofChosen(promises.image(row))) rows.push(row);
  return {
    number: rows.length, title: rows.length === 1 ? "promise broken, not made good" : "promises broken, not made good", none: "no promise is broken",
    todo: rows.length ? `Of public images, in the last year; the last on ${promises.broken_from(rows[0])}. Ask the provider, and do not build on these ids.` : "",
    body: () => longTable("Broken promises", [
      { title: "Image", kind: "text wide", show: (row) => imageLink(promises.image(row)), value: (row) => [["name", promises.name(row)], ["id", images.id(promises.image(row))]] },
      { title: "Promise", kind: "text", show: (row) => `${PROMISES[promises.promise(row)]}: ${promises.value(row)}` },
      { title: "Due", kind: "short", show: promises.due_on }, { title: "Broken since", kind: "short", show: promises.broken_from },
      { title: "Days", kind: "number", show: (row) => daysBetween(promises.broken_from(row), today()) },
      ...(severalClouds() ? [{ title: "Cloud", kind: "text", show: (row) => images.cloud(promises.image(row)) }] : [])], rows),
  };
}

function overdueMatter() {
  const rows = rowsOf("overdue");
  const total = countOf("overdue");
  const keyOf = (cloud, id) => JSON.stringify([cloud, id]);
  const byId = new Map(rows.map((row) => [keyOf(row.cloud, row.id), null]));
  for (let place = 0; place < tables.images.rows && byId.size; place++) {
    const key = keyOf(tables.images.cloud(place), tables.images.id(place));
    if (byId.has(key)) byId.set(key, place);
  }
  const placeOf = (row) => byId.get(keyOf(row.cloud, row.id));
  return {
    number: total, title: total === 1 ? "public name overdue" : "public names overdue", none: "no public name is overdue",
    todo: rows.length ? `${rows[0].name || "(no name)"} has its image since ${rows[0].last_on}: ${counted(rows[0].days, "day")}. Ask the provider for a newer one.` : "",
    body: () => longTable("Names overdue", [
      { title: "Name", kind: "text wide", show: (row) => (placeOf(row) === null ? row.name : imageLink(placeOf(row))), value: (row) => [["name", row.name], ["id", row.id]] },
      { title: "Last renewed", kind: "short", show: (row) => row.last_on }, { title: "Days", kind: "number", show: (row) => row.days },
      { title: "Promised", kind: "text", show: (row) => row.promised ?? "" },
      { title: "Usually, in days", kind: "number", show: (row) => (row.usual_days === null ? "" : Math.round(row.usual_days)) },
      ...(severalClouds() ? [{ title: "Cloud", kind: "text", show: (row) => row.cloud }] : [])], rows, { total }),
  };
}

function showDecisions() {
  if (!tables.images.rows) {
    fill(document.getElementById("decisions"), quiet("No run has seen an image yet, so nothing is known that waits for a decision."));
    return;
  }
  const matters = [withheldMatter(), waitingMatter(), supportMatter(), promiseMatter(), overdueMatter()];
  const open = matters.filter((matter) => matter.number > 0);
  const none = matters.filter((matter) => matter.number === 0).map((matter) => matter.none).join(", ");
  fill(document.getElementById("decisions"),
    open.map((matter) => {
      const body = element("div", { class: "body" });
      const details = element("details", { class: matter.isUrgent ? "matter urgent" : "matter" },
        element("summary", {}, element("strong", { class: "number" }, whole.format(matter.number)),
          element("span", {}, element("span", { class: "title" }, matter.title), " ", element("span", { class: "todo" }, matter.todo))), body);
      details.addEventListener("toggle", () => { if (details.open && !body.hasChildNodes()) body.append(matter.body()); });
      return details;
    }),
    none ? quiet(open.length ? `Besides: ${none}.` : `Nothing waits for a decision: ${none}.`) : null);
}
