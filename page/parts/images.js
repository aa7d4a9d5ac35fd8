"use strict";
// The table of all images: searched, filtered, sorted, shown page by page, and saved as CSV.

const ROWS_A_PAGE = 50;
const SHOWN = [
  ["there", "that are there now"], ["ended", "that ended"], ["all", "that were ever seen"], ["withheld", "whose deletion is withheld"],
  ["waiting", "that wait to be accepted"], ["support", "of systems without support"],
];

function systemText(place) {
  const { images } = tables;
  const system = images.system(place);
  return system === images.name(place).toLowerCase() ? images.os_type(place) || system : system;
}

function sizeText(place) {
  const bytes = tables.images.bytes(place);
  return bytes === null ? "" : bytesText(bytes);
}

function nameCell(place) {
  const tags = tables.images.tags(place);
  return element("span", {}, imageLink(place), tags ? tags.split("\u001f").map((tag) => element("span", { class: "tag" }, tag)) : null);
}

function imageColumns() {
  const { images } = tables;
  const day = (name, title) => ({ name, title, kind: "short", show: images[name] });
  return [
    { name: "name", title: "Name", kind: "text wide", show: nameCell, value: (place) => [["name", images.name(place)], ["tags", images.tags(place).replaceAll("\u001f", " ")]] },
    { name: "id", title: "Id", kind: "code", show: images.id },
    ...(severalClouds() ? [{ name: "cloud", title: "Cloud", kind: "text", show: images.cloud }] : []),
    { name: "owner", title: "Owner", kind: "text", show: (place) => ownerNode(images.owner(place)), value: OWNER_COLUMN.value },
    { name: "system", title: "System", kind: "text", show: systemText, value: images.system },
    { name: "listings", title: "Listings", kind: "text", show: (place) => (images.ended(place) === null ? images.listings(place) || "in none" : `${images.end_reason(place)} ${images.ended(place)}`),
      value: (place) => [["listings", images.listings(place)], ["end", images.end_reason(place)], ["ended", images.ended(place)]] },
    { name: "status", title: "Status", kind: "short", show: images.status },
    { name: "bytes", title: "Size", kind: "number", show: sizeText, value: (place) => [["bytes", images.bytes(place)]] },
    day("created", "Created"), day("updated", "Updated"),
  ];
}

// One letter can be written in several ways, as é is one character or two.
function plain(text) {
  return text.normalize("NFKC").toLowerCase();
}

// `tag:web owner:3f2a ubuntu` -> what each word must be found in; a word without a field may be in any of them.
function wordsOf(text) {
  return plain(text).split(/\s+/).filter(Boolean).map((word) => {
    const [, field, sought] = /^(id|name|owner|tag|system):(.+)$/.exec(word) ?? [null, null, word];
    return { field, sought };
  });
}

class ImageTable {
  constructor(place) {
    this.words = [];
    this.show = "there";
    this.listing = this.system = this.release = "";
    this.sorted = { column: "name", isDown: false };
    this.first = 0;
    this.order = Array.from({ length: tables.images.rows }, (_, number) => number);
    this.columns = imageColumns();
    this.build(place);
  }

  build(place) {
    this.search = element("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false", "aria-describedby": "search-hint" });
    let waiting;
    this.search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { this.words = wordsOf(this.search.value); this.choose(); }, 120);
    });
    const { images } = tables;
    const names = new Set();
    for (const text of images.listings.texts ?? []) for (const name of (text ?? "").split(", ")) if (name) names.add(name);
    const systems = sums(images.system, "images").filter(([system]) => system).sort((one, other) => other[1] - one[1]);
    const select = (id, title, choices, change) => {
      const made = element("select", { id }, choices.map(([value, text]) => element("option", { value }, text)));
      made.addEventListener("change", () => { change(made.value); this.choose(); });
      return [element("label", {}, title, made), made];
    };
    const [showLabel, showSelect] = select("show", "Images", SHOWN, (value) => { this.show = value; this.release = ""; });
    const [listingLabel, listingSelect] = select("listing", "Listing", [["", "any"], ...[...names].sort().map((name) => [name, name])], (value) => { this.listing = value; });
    const [systemLabel, systemSelect] = select("system", "System", [["", "any"], ...systems.map(([system, count]) => [system, `${system} (${whole.format(count)})`])], (value) => { this.system = value; });
    this.selects = { show: showSelect, listing: listingSelect, system: systemSelect };
    this.told = element("p", { class: "told", role: "status" });
    this.heads = this.columns.map(({ name, title, kind }) =>
      element("th", { scope: "col", role: "columnheader", class: kind }, element("button", { type: "button", onclick: () => this.sort(name) }, title, element("span", { class: "arrow", "aria-hidden": "true" }))));
    const { scroll, body } = tableOf("All images", []);
    scroll.querySelector("thead tr").replaceChildren(...this.heads);
    scroll.querySelector("table").classList.add("images");
    this.body = body;
    const turn = (step) => () => { this.first += step * ROWS_A_PAGE; this.draw(); };
    this.back = element("button", { type: "button", onclick: turn(-1) }, "Previous page");
    this.next = element("button", { type: "button", onclick: turn(1) }, "Next page");
    this.page = element("span");
    this.csv = element("button", { type: "button", id: "csv", onclick: () => saveCsv(`images ${today()}`, ...csvOf(this.columns, this.found)) });
    this.clear = element("button", { type: "button", onclick: () => this.showOnly("there") }, "Clear");
    place.replaceChildren(
      element("div", { class: "search" }, element("label", { class: "grow" }, "Find by id, name, owner, tag or system", this.search), showLabel, listingLabel, systemLabel, this.clear),
      element("p", { class: "quiet", id: "search-hint" }, "All words must be found. tag:web, owner:…, name:…, id:… or system:… looks only there."),
      element("div", { class: "pager" }, this.told, this.csv), scroll,
      element("nav", { class: "pager", "aria-label": "Pages of the table" }, this.back, this.page, this.next));
    this.choose();
  }

  // What another part of the page asks for: only these images, without other filters.
  showOnly(show, release = "") {
    Object.assign(this, { show, release, listing: "", system: "", words: [] });
    this.search.value = this.selects.listing.value = this.selects.system.value = "";
    this.selects.show.value = show;
    this.choose();
    document.getElementById("images-title").scrollIntoView();
    this.search.focus({ preventScroll: true });
  }

  sort(column) {
    this.sorted = { column, isDown: this.sorted.column === column && !this.sorted.isDown };
    const keys = Array.from({ length: tables.images.rows }, (_, place) => tables.images[column].key(place));
    const sign = this.sorted.isDown ? -1 : 1;
    this.order.sort((one, other) => (keys[one] < keys[other] ? -sign : keys[one] > keys[other] ? sign : one - other));
    this.choose();
  }

  // The text in which a word is sought; made when it is first needed, for all images at once.
  texts(field) {
    this.found_in ??= new Map();
    if (!this.found_in.has(field)) {
      const { images } = tables;
      const owner = (place) => `${images.owner(place)} ${figures.projects[images.owner(place)] ?? ""}`;
      const text = {
        id: images.id, name: images.name, owner, tag: images.tags, system: images.system,
        any: (place) => `${images.name(place)}\n${images.id(place)}\n${owner(place)}\n${images.tags(place)}\n${images.system(place)}`,
      }[field];
      this.found_in.set(field, Array.from({ length: images.rows }, (_, place) => plain(text(place))));
    }
    return this.found_in.get(field);
  }

  choose() {
    const { images } = tables;
    const shows = {
      there: (place) => images.ended(place) === null, ended: (place) => images.ended(place) !== null, all: () => true,
      withheld: (place) => images.withheld(place) !== null, waiting: (place) => images.waiting_since(place) !== null,
      support: (place) => images.support_is_over(place) === 1 && (!this.release || images.release(place) === this.release),
    }[this.show];
    const sought = this.words.map(({ field, sought }) => [this.texts(field ?? "any"), sought]);
    const candidates = this.order.filter((place) => ofChosen(place) && shows(place));
    this.total = candidates.length;
    this.found = candidates.filter((place) =>
      (!this.listing || images.listings(place).split(", ").includes(this.listing)) &&
      (!this.system || images.system(place) === this.system) && sought.every(([texts, word]) => texts[place].includes(word)));
    this.first = 0;
    this.draw();
  }

  draw() {
    const { images } = tables;
    const last = Math.min(this.first + ROWS_A_PAGE, this.found.length);
    this.told.textContent = `${whole.format(this.found.length)} of ${counted(this.total, "image")}${this.release ? `, ${this.release}` : ""}`;
    this.page.textContent = this.found.length ? `${whole.format(this.first + 1)} to ${whole.format(last)}` : "";
    this.csv.textContent = `CSV of ${this.found.length === 1 ? "this one" : `these ${whole.format(this.found.length)}`}`;
    this.csv.disabled = !this.found.length;
    this.back.disabled = this.first === 0;
    this.next.disabled = last >= this.found.length;
    this.clear.hidden = !(this.words.length || this.listing || this.system || this.release || this.show !== "there");
    this.columns.forEach(({ name }, number) => {
      const is = this.sorted.column === name;
      this.heads[number].setAttribute("aria-sort", is ? (this.sorted.isDown ? "descending" : "ascending") : "none");
    });
    const rows = this.found.slice(this.first, last).map((place) => rowOf(this.columns, place, { class: images.ended(place) === null ? null : "ended" }));
    this.body.replaceChildren(...(rows.length ? rows : [element("tr", { role: "row" }, element("td", { role: "cell", colspan: this.columns.length, class: "nothing" },
      !images.rows ? "No run has seen an image yet." : this.words.length ? "No image has all of these words. Look among those “that were ever seen”, or clear the search." : this.show === "there" && !this.total ? "No image is there now. “That were ever seen” has those that have ended." : "No image is like that."))]));
  }
}
