"use strict";
// Tables: short ones, and long ones that show a part, say of how much, show more when asked, and give all as CSV.

const ROWS_MORE = 200;
const MOST_ROWS_WITHOUT_FILE = 2;

// `columns`: [{ title, kind, show, value }]. `show`: a row's cell, text or an element. `value`: its text or number for CSV,
// where `show` is an element; a list of [title, value] pairs if CSV has more columns. `kind`: a class of the cell.
function tableOf(caption, columns, { isStacked = true } = {}) {
  const body = element("tbody", { role: "rowgroup" });
  const head = element("tr", { role: "row" }, columns.map((column) =>
    element("th", { scope: "col", role: "columnheader", class: column.kind }, column.title)));
  const table = element("table", { class: isStacked ? "stacked" : null, role: "table" }, element("caption", { class: "hidden" }, caption),
    element("thead", { role: "rowgroup" }, head), body);
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Table: ${caption}` }, table);
  return { scroll, body };
}

function rowOf(columns, row, attributes = {}) {
  return element("tr", { role: "row", ...attributes }, columns.map((column) => {
    const shown = column.show(row);
    const is_empty = shown === null || shown === undefined || shown === "";
    return element("td", { role: "cell", class: [column.kind, is_empty ? "empty" : ""].filter(Boolean).join(" ") || null, "data-title": column.title }, shown);
  }));
}

function csvOf(columns, rows) {
  const cells = (row) => columns.flatMap(({ title, show, value }) => {
    const found = value ? value(row) : show(row);
    return Array.isArray(found) ? found : [[title.toLowerCase(), found]];
  });
  const titles = rows.length ? cells(rows[0]).map(([title]) => title) : columns.map((column) => column.title.toLowerCase());
  return [titles, rows.map((row) => cells(row).map(([, cell]) => cell))];
}

// `total`: how many there are, where `rows` are only some of them. `also`: one more button.
function longTable(caption, columns, rows, { first = 10, total = rows.length, isStacked = true, also = null } = {}) {
  const { scroll, body } = tableOf(caption, columns, { isStacked });
  const told = element("span", { role: "status" });
  const more = element("button", { type: "button", onclick: () => show(ROWS_MORE) });
  const csv = element("button", { type: "button", onclick: () => saveCsv(caption, ...csvOf(columns, rows)) }, "CSV");
  let shown = 0;
  function show(count) {
    body.append(...rows.slice(shown, shown + count).map((row) => rowOf(columns, row)));
    shown = Math.min(shown + count, rows.length);
    told.textContent = shown < total ? `${whole.format(shown)} of ${whole.format(total)}` : `all ${whole.format(total)}`;
    more.hidden = shown >= rows.length;
    more.textContent = `Show ${whole.format(Math.min(ROWS_MORE, rows.length - shown))} more`;
  }
  show(first);
  return element("div", { class: "long" }, scroll,
    // Who reads two rows needs no file of them.
    total > MOST_ROWS_WITHOUT_FILE || also ? element("div", { class: "pager" }, told, more, csv, also) : null);
}

// Rows of plain texts, as of a chart's figures.
function plainTable(caption, titles, rows, kinds = {}) {
  const columns = titles.map((title, place) => ({ title, kind: kinds[title], show: (row) => row[place] ?? "" }));
  const { scroll, body } = tableOf(caption, columns, { isStacked: false });
  scroll.classList.add("high");
  body.append(...rows.map((row) => rowOf(columns, row)));
  return scroll;
}
