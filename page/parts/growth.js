"use strict";
// The catalogue over time, and what it is made of today.

const NEW_COLOUR = "#0072b2", ENDED_COLOUR = "#d55e00";

const MOST_DAYS = 100;

// Bars of single days would be too thin for a year: more than MOST_DAYS days become weeks, each named after its first day. The
// last week is a whole one; the first may have fewer days.
function perPeriod(days, each) {
  if (days.length <= MOST_DAYS) return { word: "day", starts: days, each };
  const places = days.map((_, place) => place).filter((place) => place === 0 || (days.length - place) % 7 === 0);
  const sum = (values) => places.map((place, week) => values.slice(place, places[week + 1]).reduce((before, value) => before + value, 0));
  return { word: "week", starts: places.map((place) => days[place]), each: each.map((one) => ({ ...one, values: sum(one.values) })) };
}

// Values a day for each name that `label` gives the rows: the sums of `value`.
function series(rows, label, value, days) {
  const places = new Map(days.map((day, place) => [day, place]));
  const found = new Map();
  for (const row of rows) {
    const place = places.get(row.day);
    if (place === undefined) continue;
    const name = label(row);
    if (!found.has(name)) found.set(name, new Array(days.length).fill(0));
    found.get(name)[place] += value(row);
  }
  return [...found].map(([name, values]) => ({ name, values }));
}

function dailyRows(name) {
  const table = tables[name];
  const columns = Object.keys(table).filter((column) => column !== "rows");
  const found = [];
  for (let row = 0; row < table.rows; row++)
    if (!chosen.cloud || table.cloud(row) === chosen.cloud) found.push(Object.fromEntries(columns.map((column) => [column, table[column](row)])));
  return found;
}

// A day's total is that of each cloud's rows: a cloud that was not read yet has none.
function showTime() {
  const { measure } = chosen;
  const daily = dailyRows("daily");
  const all = [...new Set(daily.map((row) => row.day))].sort();
  const days = all.slice(-chosen.days);
  const what = measure === "bytes" ? "Size" : "Images";
  const isCut = (name) => tables[name].rows > 0 && firstDayOf(name) > figures.first_day;
  const leftOut = (name) => (isCut(name) && days[0] <= firstDayOf(name) ? ` The days before ${firstDayOf(name)} are not in this file: of so many clouds it would be too large. FROM daily_catalogue has them.` : "");
  const sum = (rows, name, value) => series(rows, () => name, value, days)[0] ?? { name, values: new Array(days.length).fill(0) };
  const total = sum(daily, measure === "bytes" ? "size" : "images", (row) => row[measure]);
  const grown = days.length ? total.values.at(-1) - total.values[0] : 0;
  const more = grown === 0 ? "as many as" : `${numberText(measure, Math.abs(grown))} ${grown > 0 ? "more" : "fewer"} than`;
  overTime("size", `${what} over time`, days.length ? `${numberText(measure, total.values.at(-1))} on ${days.at(-1)}, ${measure === "bytes" ? more.replace("fewer", "less").replace("as many", "as much") : more} on ${days[0]}. The axis does not begin at 0.${leftOut("daily")}` : "No day yet.",
    days, [total], measure, { isFitted: true });
  const byCloud = !chosen.cloud && severalClouds();
  const partsFrom = byCloud ? "daily" : "daily_listings";
  const since = firstDayOf(partsFrom);
  const partsDays = days.filter((day) => day >= since);
  const parts = series(byCloud ? daily : dailyRows("daily_listings"), (row) => (byCloud ? row.cloud : row.listing), (row) => row[measure], partsDays)
    .map(({ name, values }) => ({ name, values: values.map((value) => value - values[0]) }))
    .sort((one, other) => Math.abs(other.values.at(-1)) - Math.abs(one.values.at(-1)));
  const most = parts.slice(0, PALETTE.length);
  overTime("parts", `Change since ${partsDays[0] ?? "the first day"}, by ${byCloud ? "cloud" : "listing"}`,
    most.length ? `${most.slice(0, 3).map(({ name, values }) => `${name} ${measure === "bytes" ? (values.at(-1) > 0 ? "+" : "") + bytesText(values.at(-1)) : signed(values.at(-1))}`).join(", ")}.${parts.length > most.length ? ` The other ${parts.length - most.length} changed less.` : ""}${byCloud ? "" : leftOut("daily_listings")}` : "No day yet.",
    partsDays, most, measure, { isSigned: true });
  // On a cloud's first day everything is new. The first day of a table that is cut need not be the cloud's.
  const firsts = new Map();
  for (const row of daily) if (!firsts.has(row.cloud)) firsts.set(row.cloud, row.day);
  const cutAt = isCut("daily") ? firstDayOf("daily") : null;
  const later = daily.filter((row) => row.day !== firsts.get(row.cloud) || row.day === cutAt);
  const came = { ...sum(later, "new", (row) => row.new + row.returned), kind: "bar", stack: "all", colour: NEW_COLOUR };
  const ended = { ...sum(later, "ended", (row) => -row.deleted), kind: "bar", stack: "all", colour: ENDED_COLOUR };
  const net = { name: "net", values: came.values.map((value, place) => value + ended.values[place]), colour: colours().ink };
  const count = (one) => whole.format(Math.abs(one.values.reduce((before, value) => before + value, 0)));
  const period = days.length === 1 ? "On this day" : `In these ${days.length} days`;
  const told = (sentence) => (days.length ? `${period}: ${sentence}` : "No day yet.");
  const moves = perPeriod(days, [came, ended, net]);
  overTime("events", `New and ended images a ${moves.word}`, told(`${count(came)} new, ${count(ended)} ended; net ${signed(net.values.reduce((before, value) => before + value, 0))}.`),
    moves.starts, moves.each, "images", { isSigned: true });
  const changed = { ...sum(later, "changed", (row) => row.changed), kind: "bar", colour: PALETTE[2] };
  const changes = perPeriod(days, [changed]);
  overTime("changed", `Changed images a ${changes.word}`, told(`${count(changed)} changes; most on one day: ${whole.format(Math.max(0, ...changed.values))}.`), changes.starts, changes.each, "images");
}

// `label` of each image that is there, with how many there are, or their bytes.
function sums(label, measure) {
  const found = new Map();
  const { images } = tables;
  for (let place = 0; place < images.rows; place++) {
    if (!ofChosen(place) || images.ended(place) !== null) continue;
    const name = label(place);
    found.set(name, (found.get(name) ?? 0) + (measure === "bytes" ? images.bytes(place) ?? 0 : 1));
  }
  return [...found];
}

function showNow() {
  const { measure } = chosen;
  const { images } = tables;
  const listings = new Map();
  for (const [names, value] of sums(images.listings, measure))
    for (const name of names ? names.split(", ") : ["in no listing"]) listings.set(name, (listings.get(name) ?? 0) + value);
  bars("listings", "By listing", [...listings], measure);
  bars("systems", "By operating system", sums((place) => images.system(place) || "not said", measure), measure);
  bars("architectures", "By architecture", sums((place) => images.architecture(place) || "not said", measure), measure);
  const ages = sums((place) => images.created(place)?.slice(0, 4) ?? "not said", measure);
  bars("ages", "By year of creation", ages.sort((one, other) => (one[0] < other[0] ? -1 : 1)), measure, { keepOrder: true });
  bars("owners", "Largest owners", sums((place) => images.owner(place) || "not said", "bytes"), "bytes", { label: ownerText });
}
