"use strict";
const $ = id => document.getElementById(id);
const embedded = name => { const found = $("data-" + name); return found && JSON.parse(found.textContent); };
const count = value => value.toLocaleString("en-US");
// Texts enter the page as text only: textContent, never markup.
function make(name, text, more = {}) {
  const made = document.createElement(name);
  if (text !== null && text !== undefined) made.textContent = String(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
  for (const [key, value] of Object.entries(more)) if (value !== null && value !== undefined) made.setAttribute(key, value);
  return made;
}
const said = (name, text, lang) => make(name, text, {dir: "auto", lang});

// -- values under the pointer, or under the focus
const tip = $("tip");
function show(text, x, y) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 12, innerWidth - box.width - 8)) + "px";
  tip.style.top = (y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 18) + "px";
}
document.addEventListener("pointermove", event => {
  const over = event.target.closest && event.target.closest("[data-tip]");
  if (over) show(over.dataset.tip, event.clientX, event.clientY);
  else if (!(event.target.closest && event.target.closest("[data-hover]"))) tip.hidden = true;
});
document.addEventListener("focusin", event => {
  if (!event.target.dataset || !event.target.dataset.tip || !event.target.matches(":focus-visible")) return;
  const box = event.target.getBoundingClientRect();
  show(event.target.dataset.tip, box.left, box.bottom - 12);
});
document.addEventListener("focusout", () => { tip.hidden = true; });
document.addEventListener("keydown", event => { if (event.key === "Escape") tip.hidden = true; });

// -- courses: the values of all series at the step under the pointer
for (const canvas of document.querySelectorAll("[data-hover]")) {
  const data = embedded(canvas.dataset.hover);
  const rule = canvas.appendChild(make("div", null, {class: "rule", hidden: ""}));
  canvas.addEventListener("pointermove", event => {
    const box = canvas.getBoundingClientRect();
    const at = data.left + (data.right - data.left) * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const lines = Object.entries(data.series).map(([name, one]) => {
      let near = 0;
      one.x.forEach((x, place) => { if (Math.abs(x - at) < Math.abs(one.x[near] - at)) near = place; });
      return [one.y[near], `${name}: ${one.y[near].toFixed(data.digits)}`];
    });
    lines.sort((a, b) => b[0] - a[0]);
    rule.hidden = false;
    rule.style.left = event.clientX - box.left + "px";
    show(`${data.what} ${count(Math.round(at))}\n${lines.map(line => line[1]).join("\n")}`, event.clientX, event.clientY);
  });
  canvas.addEventListener("pointerleave", () => { rule.hidden = true; tip.hidden = true; });
}

// -- tables: heads that sort, long ones folded
function valueOf(cell, numeric) {
  if (!cell) return numeric ? -Infinity : "";
  if (!numeric) return cell.textContent.trim();
  return cell.dataset.v === undefined ? -Infinity : +cell.dataset.v;
}
const FOLD = 16;
function fold(table) {
  const rows = [...table.tBodies[0].rows].filter(row => !row.dataset.off);
  rows.forEach((row, place) => { row.hidden = !table.dataset.open && place >= FOLD && rows.length > FOLD + 4; });
  const more = table.parentElement.nextElementSibling;
  if (more && more.classList.contains("more")) {
    more.hidden = rows.length <= FOLD + 4;
    more.textContent = table.dataset.open ? "Show fewer" : `Show all ${count(rows.length)} rows`;
  }
}
for (const table of document.querySelectorAll("table.sortable")) {
  const more = make("button", "", {type: "button", class: "more"});
  table.parentElement.after(more);
  more.addEventListener("click", () => {
    if (table.dataset.open) delete table.dataset.open; else table.dataset.open = "1";
    fold(table);
  });
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.textContent) return;
    const button = make("button", head.textContent, {type: "button", class: "sort"});
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("n");
      const now = head.getAttribute("aria-sort") || (numeric ? "ascending" : "descending");
      const down = now === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].map(row => [valueOf(row.cells[column], numeric), row]);
      rows.sort(([a], [b]) => (numeric ? a - b : a.localeCompare(b)) * (down ? -1 : 1));
      table.tBodies[0].append(...rows.map(row => row[1]));
      fold(table);
    });
  });
  fold(table);
}

// -- the filter of languages: rows and groups that say which language they are of
const only = $("only");
only.addEventListener("input", () => {
  const wanted = only.value.toLowerCase().split(/[\s,]+/).filter(Boolean);
  for (const node of document.querySelectorAll("main [data-language]")) {
    const mine = node.dataset.language.toLowerCase().split(" ");
    const off = wanted.length && mine[0] && !wanted.some(one => mine.includes(one));
    if (off) node.dataset.off = "1"; else delete node.dataset.off;
    node.hidden = off;
  }
  document.querySelectorAll("table.sortable").forEach(fold);
  document.dispatchEvent(new CustomEvent("languages", {detail: wanted}));
});

// -- colours; kept where the browser lets a file keep something
const theme = $("theme");
const remember = value => { try { localStorage.setItem("faquarry-theme", value); } catch { /* a file may not */ } };
const paint = value => { if (value === "auto") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = value; };
try { theme.value = localStorage.getItem("faquarry-theme") || "auto"; } catch { theme.value = "auto"; }
if (!theme.value) theme.value = "auto";
paint(theme.value);
theme.addEventListener("change", () => { paint(theme.value); remember(theme.value); });

// -- contents: folded on small screens, the section in sight is marked
const contents = $("contents"), wide = matchMedia("(min-width: 64rem)");
contents.open = wide.matches;
wide.addEventListener("change", () => { contents.open = wide.matches; });
const links = new Map([...document.querySelectorAll("nav a")].map(link => [link.hash.slice(1), link]));
const seen = new Set();
const watch = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) seen.add(entry.target.id); else seen.delete(entry.target.id);
  const first = [...links.keys()].find(id => seen.has(id));
  for (const [id, link] of links) if (id === first) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
}, {rootMargin: "-10% 0px -60% 0px"});
for (const section of document.querySelectorAll("main > section")) watch.observe(section);

// -- bitexts: examples of the chosen cell
const bitexts = embedded("bitexts"), panel = $("bitext-examples");
if (bitexts && panel) {
  const cells = [...document.querySelectorAll(".matrix button")];
  const choose = key => {
    const found = bitexts[key];
    if (!found) return;
    for (const cell of cells) cell.setAttribute("aria-pressed", cell.dataset.pair === key);
    panel.replaceChildren(make("h4", `${found.names[0]} and ${found.names[1]}: ${count(found.kept)} kept, ${count(found.published)} published`));
    for (const pair of found.pairs) {
      const row = panel.appendChild(make("div", null, {class: "two"}));
      pair.texts.forEach(([question, answer], side) => {
        const half = row.appendChild(make("div"));
        half.append(said("p", "", found.tags[side]), said("p", answer, found.tags[side]));
        half.firstChild.append(make("strong", question));
        half.lastChild.className = "soft";
      });
      row.append(make("div", pair.facts, {class: "facts"}));
    }
    panel.hidden = false;
  };
  for (const cell of cells) cell.addEventListener("click", () => choose(cell.dataset.pair));
  if (cells.length) choose(cells.reduce((a, b) => (bitexts[b.dataset.pair] || {kept: 0}).kept > (bitexts[a.dataset.pair] || {kept: 0}).kept ? b : a).dataset.pair);
}

// -- negatives: one query at a time
const mined = embedded("negatives");
if (mined && mined.length) {
  const language = $("negatives-language"), place = $("negatives-place"), shown = $("negatives-shown");
  let at = 0;
  const answer = (kind, score, bm25, text, lang) => {
    const row = shown.appendChild(make("div", null, {class: `answer ${kind}`}));
    const facts = row.appendChild(make("div", null, {class: "facts"}));
    facts.append(make("b", score === null ? "–" : score.toFixed(3)), kind || (bm25 === null ? "" : `BM25 ${bm25.toFixed(1)}`));
    row.append(said("p", text, lang));
  };
  const draw = () => {
    const of = mined[+language.value], one = of.queries[at];
    place.value = `${at + 1} of ${of.queries.length}`;
    shown.replaceChildren(said("p", one.query, of.tag));
    shown.firstChild.className = "query";
    answer("positive", one.positive[1], null, one.positive[0], of.tag);
    for (const [text, score, bm25] of one.negatives) answer("", score, bm25, text, of.tag);
    if (one.more) shown.append(make("p", `${one.more} more in the table.`, {class: "note"}));
  };
  const step = by => { const many = mined[+language.value].queries.length; at = (at + by + many) % many; draw(); };
  language.addEventListener("change", () => { at = 0; draw(); });
  $("negatives-before").addEventListener("click", () => step(-1));
  $("negatives-next").addEventListener("click", () => step(1));
  draw();
}

// -- robustness: language × operation
const heat = embedded("heat");
if (heat && Object.keys(heat.models).length) {
  const [system, task, strength, what, map] = ["heat-system", "heat-task", "heat-strength", "heat-shown", "heat-map"].map($);
  let wanted = [];
  const fill = (select, names) => {
    const before = select.value;
    select.replaceChildren(...names.map(name => make("option", name, {value: name})));
    if (names.includes(before)) select.value = before;
  };
  const dropOf = cell => what.value === "share" ? (cell[0] ? (cell[1] - cell[0]) / cell[0] : 0) : cell[1] - cell[0];
  const written = value => what.value === "share" ? `${value > 0 ? "+" : ""}${(100 * value).toFixed(0)} %` : `${value > 0 ? "+" : ""}${value.toFixed(3)}`;
  const coloured = (cell, value, most, told) => {
    const strengthOf = Math.min(1, Math.abs(value) / most);
    cell.className = `heat${strengthOf > .8 ? " dark" : ""}${value > 0 ? " away-from" : ""}`;
    cell.style.setProperty("--v", strengthOf.toFixed(3));
    cell.textContent = written(value);
    if (told) cell.dataset.tip = told;
  };
  const draw = () => {
    const operations = heat.models[system.value][task.value][strength.value];
    const names = Object.keys(operations);
    const languages = [...new Set(names.flatMap(name => Object.keys(operations[name])))].sort().filter(one => !wanted.length || wanted.includes(one));
    const values = names.flatMap(name => Object.values(operations[name]).map(cell => Math.abs(dropOf(cell))));
    const most = Math.max(what.value === "share" ? .1 : .05, ...values);
    const table = make("table"), head = table.createTHead().insertRow(), body = table.createTBody();
    head.append(make("td"), ...names.map(name => make("th", name.replaceAll("-", " ").replaceAll("_", " "), {scope: "col"})));
    const line = (name, cells, kind) => {
      const row = body.insertRow();
      if (kind) row.className = kind;
      row.append(make("th", name, {scope: "row"}));
      for (const [operation, cell] of cells) {
        const place = row.insertCell();
        if (cell) coloured(place, dropOf(cell), most, `${name}, ${operation}\n${cell[0].toFixed(4)} → ${cell[1].toFixed(4)}\n${count(cell[2])} queries${cell[3] === null ? "" : `, ${cell[3].toFixed(1)} edits`}`);
      }
    };
    for (const language of languages) line(`${heat.names[language] || language} (${language})`, names.map(name => [name, operations[name][language]]));
    line("mean of languages", names.map(name => {
      const cells = languages.map(language => operations[name][language]).filter(Boolean);
      const mean = place => cells.reduce((sum, cell) => sum + cell[place], 0) / cells.length;
      return [name, cells.length ? [mean(0), mean(1), cells.reduce((sum, cell) => sum + cell[2], 0), null] : null];
    }), "mean");
    map.replaceChildren(table);
  };
  const refill = () => {
    fill(task, Object.keys(heat.models[system.value]));
    fill(strength, Object.keys(heat.models[system.value][task.value]));
    draw();
  };
  fill(system, Object.keys(heat.models));
  for (const select of [system, task, strength, what]) select.addEventListener("change", refill);
  document.addEventListener("languages", event => { wanted = event.detail; draw(); });
  refill();
}

// -- on paper everything is open
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
  for (const table of document.querySelectorAll("table.sortable")) { table.dataset.open = "1"; fold(table); }
});
