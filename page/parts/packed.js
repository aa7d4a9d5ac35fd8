"use strict";
// Unpacks the tables that page/packing.py packed. A column becomes a function from a row's place to its value; `key` beside
// it gives what sorts it.

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const NO_DAY = 0xffff;

// The tables by name: `rows`, the number of rows, and a function for each column.
async function unpack(id) {
  if (typeof DecompressionStream === "undefined")
    throw new Error("this browser is too old: it needs Chrome 80, Firefox 113, Safari 16.4, or a later one");
  const squeezed = Uint8Array.from(atob(document.getElementById(id).textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([squeezed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const headLength = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headLength)));
  const found = {};
  let at = 4 + headLength;
  for (const [name, { rows, columns }] of Object.entries(head)) {
    found[name] = { rows };
    for (const column of columns) {
      found[name][column.name] = reader(column, buffer.slice(at, at + column.bytes), column.texts_of ? found[name][column.texts_of].texts : column.texts);
      at += column.bytes;
    }
  }
  return found;
}

function numbersOf(width, bytes) {
  return width === 1 ? new Uint8Array(bytes) : width === 2 ? new Uint16Array(bytes) : width === 4 ? new Uint32Array(bytes) : new Float64Array(bytes);
}

function reader(column, bytes, texts) {
  if (column.kind === "numbers") {
    const values = numbersOf(column.width, bytes);
    const nothing = 2 ** (8 * column.width) - 1;
    const value = (place) => (values[place] === nothing || Number.isNaN(values[place]) ? null : values[place]);
    return Object.assign(value, { key: (place) => value(place) ?? -1 });
  }
  if (column.kind === "steps") {
    const steps = numbersOf(column.width, bytes);
    const values = new Float64Array(steps.length);
    for (let place = 0, sum = 0; place < steps.length; place++) values[place] = sum += steps[place];
    return Object.assign((place) => values[place], { key: (place) => values[place] });
  }
  if (column.kind === "days") {
    const values = new Uint16Array(bytes);
    const text = (place) => (values[place] === NO_DAY ? null : new Date(values[place] * DAY_MS).toISOString().slice(0, 10));
    return Object.assign(text, { key: (place) => (values[place] === NO_DAY ? -1 : values[place]) });
  }
  if (column.kind === "ids") {
    const values = new Uint8Array(bytes);
    const text = (place) => {
      let found = "";
      for (let byte = 0; byte < 16; byte++) found += (byte === 4 || byte === 6 || byte === 8 || byte === 10 ? "-" : "") + HEX[values[place * 16 + byte]];
      return found;
    };
    return Object.assign(text, { key: text });
  }
  if (column.kind === "lines") {
    const values = JSON.parse(new TextDecoder().decode(bytes));
    return Object.assign((place) => values[place], { key: (place) => (values[place] ?? "").toLowerCase(), texts: values });
  }
  const numbers = numbersOf(column.width, bytes);
  let rank = null;
  const key = (place) => {
    rank ??= new Map([...texts].sort().map((text, number) => [text, number]));
    return rank.get(texts[numbers[place]]);
  };
  return Object.assign((place) => texts[numbers[place]], { key, texts });
}
