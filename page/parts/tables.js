"use strict";
// Tables: small ones as they are, and the one of all images, which is unpacked, searched, sorted and turned in pages.

const ROWS_A_PAGE = 50;
const NO_NUMBER = 0xffffffff;
const NO_DAY = 0xffff;

// `kinds` gives columns a class: number, text, code, old, new.
function plainTable(caption, columns, rows, kinds = {}) {
  const head = element("tr", {}, ...columns.map((column) => element("th", { scope: "col", class: kinds[column] ?? "" }, column)));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell, place) =>
    element("td", { class: kinds[columns[place]] ?? "" }, cell === null || cell === undefined ? "" : cell))));
  const table = element("table", {}, element("caption", { class: "hidden" }, caption), element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { class: "scroll high", tabindex: "0", role: "region", "aria-label": `Table: ${caption}` }, table);
}

async function unpack(id) {
  const text = document.getElementById(id).textContent;
  const squeezed = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const stream = new Blob([squeezed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const headLength = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headLength)));
  const columns = {};
  let at = 4 + headLength;
  for (const column of head.columns) {
    columns[column.name] = reader(column, buffer.slice(at, at + column.bytes));
    at += column.bytes;
  }
  return { count: head.images, columns };
}

// A function from an image's place to its value; what sorts it is beside it, as `key`.
function reader(column, bytes) {
  if (column.kind === "numbers") {
    const values = new Uint32Array(bytes);
    return Object.assign((place) => (values[place] === NO_NUMBER ? null : values[place]), { key: (place) => (values[place] === NO_NUMBER ? -1 : values[place]) });
  }
  if (column.kind === "days") {
    const values = new Uint16Array(bytes);
    const text = (place) => (values[place] === NO_DAY ? null : new Date(values[place] * 86400000).toISOString().slice(0, 10));
    return Object.assign(text, { key: (place) => (values[place] === NO_DAY ? -1 : values[place]) });
  }
  if (column.kind === "ids") {
    const values = new Uint8Array(bytes);
    const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
    const text = (place) => {
      let found = "";
      for (let byte = 0; byte < 16; byte++) found += (byte === 4 || byte === 6 || byte === 8 || byte === 10 ? "-" : "") + hex[values[place * 16 + byte]];
      return found;
    };
    return Object.assign(text, { key: text });
  }
  if (column.kind === "lines") {
    const values = JSON.parse(new TextDecoder().decode(bytes));
    return Object.assign((place) => values[place], { key: (place) => values[place].toLowerCase() });
  }
  const numbers = column.width === 1 ? new Uint8Array(bytes) : column.width === 2 ? new Uint16Array(bytes) : new Uint32Array(bytes);
  const texts = column.texts;
  const rank = new Map([...texts].sort().map((text, place) => [text, place]));
  return Object.assign((place) => texts[numbers[place]], { key: (place) => rank.get(texts[numbers[place]]) });
}

const IMAGE_COLUMNS = [
  ["name", "Name", "text wide"], ["system", "System", "text"], ["listings", "Listings", "text"], ["cloud", "Cloud", "text"],
  ["megabytes", "Size", "number"], ["created", "Created", "short"], ["updated", "Updated", "short"], ["status", "Status", "short"],
  ["owner", "Owner", "code"], ["id", "Id", "code"],
];

class ImageTable {
  constructor(place, images) {
    this.images = images;
    this.cloud = null;
    this.words = [];
    this.sorted = { column: "name", down: false };
    this.first = 0;
    this.order = Array.from({ length: images.count }, (_, number) => number);
    this.build(place);
    this.choose();
  }

  build(place) {
    const search = element("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false" });
    let waiting;
    search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { this.words = search.value.toLowerCase().split(/\s+/).filter(Boolean); this.choose(); }, 150);
    });
    this.told = element("p", { class: "quiet", role: "status" });
    this.heads = IMAGE_COLUMNS.map(([name, title, kind]) =>
      element("th", { scope: "col", class: kind }, element("button", { type: "button", onclick: () => this.sort(name) }, title)));
    this.body = element("tbody");
    const table = element("table", {}, element("caption", { class: "hidden" }, "All images"),
      element("thead", {}, element("tr", {}, ...this.heads)), this.body);
    const turn = (step) => () => { this.first += step * ROWS_A_PAGE; this.show(); };
    this.back = element("button", { type: "button", onclick: turn(-1) }, "Back");
    this.on = element("button", { type: "button", onclick: turn(1) }, "On");
    this.page = element("span");
    place.replaceChildren(
      element("div", { class: "search" }, element("label", {}, "Search names, systems, owners, listings and ids", search)), this.told,
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table: all images" }, table),
      element("nav", { class: "pager", "aria-label": "Pages of the table" }, this.back, this.page, this.on));
  }

  sort(column) {
    this.sorted = { column, down: this.sorted.column === column && !this.sorted.down };
    const keys = new Array(this.images.count);
    for (let place = 0; place < keys.length; place++) keys[place] = this.images.columns[column].key(place);
    const sign = this.sorted.down ? -1 : 1;
    this.order.sort((one, other) => (keys[one] < keys[other] ? -sign : keys[one] > keys[other] ? sign : one - other));
    this.choose();
  }

  text(place) {
    const { name, system, owner, listings, id } = this.images.columns;
    return `${name(place)} ${system(place)} ${owner(place)} ${listings(place)} ${id(place)}`.toLowerCase();
  }

  choose(cloud = this.cloud) {
    this.cloud = cloud;
    this.found = this.order.filter((place) =>
      (!this.cloud || this.images.columns.cloud(place) === this.cloud) &&
      (!this.words.length || ((text) => this.words.every((word) => text.includes(word)))(this.text(place))));
    this.first = 0;
    this.show();
  }

  show() {
    const last = Math.min(this.first + ROWS_A_PAGE, this.found.length);
    this.told.textContent = `${whole.format(this.found.length)} of ${whole.format(this.images.count)} images`;
    this.page.textContent = this.found.length ? `${whole.format(this.first + 1)} to ${whole.format(last)}` : "none";
    this.back.disabled = this.first === 0;
    this.on.disabled = last >= this.found.length;
    IMAGE_COLUMNS.forEach(([name], number) => {
      const is = this.sorted.column === name;
      this.heads[number].setAttribute("aria-sort", is ? (this.sorted.down ? "descending" : "ascending") : "none");
    });
    this.body.replaceChildren(...this.found.slice(this.first, last).map((place) => element("tr", {},
      ...IMAGE_COLUMNS.map(([name, , kind]) => {
        const value = this.images.columns[name](place);
        const shown = name === "megabytes" && value !== null ? bytesText(value * 1e6) : value;
        return element("td", { class: kind }, shown ?? "");
      }))));
  }
}
