"use strict";
// Elements, and how numbers, times, owners and values are written. Text from a cloud goes into text nodes, never into HTML.

const whole = new Intl.NumberFormat("en");
const DAY_MS = 86400000;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== "").map((child) =>
    child instanceof Node ? child : document.createTextNode(String(child))));
  return made;
}

// Replaces what an element holds, without those children that are null or empty.
function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
}

function quiet(...words) {
  return element("p", { class: "quiet" }, ...words);
}

function notice(...words) {
  return element("p", { class: "notice" }, ...words);
}

// "1 image", "986 images".
function counted(number, noun, plural = `${noun}s`) {
  return `${whole.format(number)} ${number === 1 ? noun : plural}`;
}

function signed(number) {
  return number > 0 ? `+${whole.format(number)}` : number < 0 ? `−${whole.format(-number)}` : "±0";
}

function bytesText(bytes) {
  for (const [unit, size] of [["PB", 1e15], ["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]])
    if (Math.abs(bytes) >= size) return `${(bytes / size).toFixed(Math.abs(bytes) / size < 100 ? 1 : 0)} ${unit}`;
  return `${whole.format(bytes)} B`;
}

function numberText(measure, value) {
  return measure === "bytes" ? bytesText(value) : whole.format(value);
}

function timeText(iso) {
  return iso ? `${iso.slice(0, 10)} ${iso.slice(11, 16)}` : "never";
}

function hoursSince(iso) {
  return (Date.now() - Date.parse(`${iso}Z`)) / 3600000;
}

function ageText(iso) {
  if (!iso) return "never";
  const hours = hoursSince(iso);
  if (hours < 1) return "less than an hour ago";
  return hours < 48 ? `${Math.floor(hours)} h ago` : `${Math.floor(hours / 24)} days ago`;
}

function dayBefore(day, days = 1) {
  return new Date(Date.parse(`${day}T00:00:00Z`) - days * DAY_MS).toISOString().slice(0, 10);
}

function daysBetween(from, to) {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}

// A project's name where it is known, else its id, shortened by CSS: who copies or hovers it gets all of it.
function ownerNode(owner) {
  if (!owner) return "";
  const name = figures.projects[owner];
  return element("span", { class: name ? "owner" : "owner code", title: name ? `${name}: ${owner}` : owner }, name ?? owner);
}

function ownerText(owner) {
  return figures.projects[owner] ?? (/^[0-9a-f]{32}$/.test(owner) ? `${owner.slice(0, 8)}…` : owner);
}

// A value before or after a change. Which one it is, words say too, for those who do not see how it is set.
function valueNode(kind, value) {
  if (value === null) return element("span", { class: "quiet" }, "nothing");
  return element(kind === "old" ? "del" : "ins", {}, value === "" ? "(empty)" : value);
}

function imageAddress(place) {
  const { cloud, id } = tables.images;
  return `#image=${encodeURIComponent(cloud(place))}/${encodeURIComponent(id(place))}`;
}

function imageLink(place) {
  const name = tables.images.name(place);
  return element("a", { href: imageAddress(place), class: name ? "image" : "image quiet" }, name || "(no name)");
}

// Images that ended may be of a cloud that is no longer read.
function severalClouds() {
  return new Set([...clouds, ...(tables?.images.cloud.texts ?? [])]).size > 1;
}

// The cell of a spreadsheet that begins like this is a formula there, whoever wrote it.
const FORMULA = /^[\s\u0000-\u001f\u00a0\ufeff]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/;

function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) || /^[\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n;\t]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

function csvText(titles, rows) {
  return [titles, ...rows].map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

// The mark at the beginning makes spreadsheets read it as UTF-8.
function saveCsv(name, titles, rows) {
  const address = URL.createObjectURL(new Blob(["\ufeff", csvText(titles, rows)], { type: "text/csv;charset=utf-8" }));
  element("a", { href: address, download: `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "")}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
