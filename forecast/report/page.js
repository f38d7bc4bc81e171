// Puts what the page was given in its place; rounds and decides nothing.
const data = JSON.parse(document.getElementById("data").textContent);
const t = JSON.parse(document.getElementById("texts").textContent);
const $ = (id) => document.getElementById(id);
const slides = Boolean(data.places);
const narrow = window.matchMedia("(max-width: 40rem)");
let at = slides ? [...data.at_law] : null;
const byLaw = () => !slides || (at[0] === data.at_law[0] && at[1] === data.at_law[1]);
const place = () => (slides ? data.places[at[0] * data.methods.length + at[1]] : {});
// What a place does not say is as under the law.
const part = (name) => place()[name] ?? data.law[name];
const within = (name) => ({ ...data.law[name], ...place()[name] });

const put = (text, parts) => text.replace(/\{(\w+)\}/g, (_, key) => parts[key]);
const numberText = (number) => number.toLocaleString(t.language);
function element(name, attributes = {}, text) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Charts: one specification each, given other data when the rule changes.
function rowsOf({ n, ...columns }) {
  const read = Object.entries(columns).map(([name, number]) => [name, data.columns[number]]);
  return Array.from({ length: n }, (_, k) => Object.fromEntries(read.map(([name, column]) => [name, Array.isArray(column) ? column[k] : column])));
}
const parsed = new Map();
function view(figure, name, form, sets) {
  const key = `${name}${form}`;
  if (!parsed.has(key)) parsed.set(key, vega.parse(data.specs[name][form]));
  if (figure.drawn !== key) {
    if (figure.view) figure.view.finalize();
    figure.replaceChildren();
    figure.view = new vega.View(parsed.get(key), { renderer: "svg", hover: false }).initialize(figure);
    figure.drawn = key;
  }
  for (const [set, columns] of Object.entries(sets)) figure.view.data(set, rowsOf(columns));
  figure.view.resize().run(); // rows may be more or fewer than before
  figure.querySelector("svg").setAttribute("aria-hidden", "true"); // the figure is told as a whole
}
// What draws puts words of its own there when it begins.
function tell(figure, said) {
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", said);
  figure.removeAttribute("aria-roledescription");
}
function chart(id, { said, data: sets }) {
  const figure = $(id);
  if (!figure) return;
  const form = narrow.matches && data.specs[id].length > 1 ? 1 : 0;
  view(figure, id, form, sets[form]);
  tell(figure, said);
}
function panels(id, name, found) {
  const figure = $(id);
  if (!figure) return;
  while (figure.children.length > found.length) {
    figure.lastChild.lastChild.view.finalize();
    figure.lastChild.remove();
  }
  found.forEach((panel, k) => {
    if (!figure.children[k]) {
      const made = element("div", { class: "panel" });
      made.append(element("h3"), element("p"), element("div"));
      figure.append(made);
    }
    const [head, said, body] = figure.children[k].children;
    head.textContent = panel.name;
    said.textContent = panel.said;
    view(body, name, 0, panel.data);
    tell(body, `${panel.name}. ${panel.said}`);
  });
}

// Coalitions from the counts of all subsets.
const bytes = (packed) => Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
function countOf(mask) {
  const here = place();
  if (!here.counts) here.counts = bytes(here.subsets);
  return here.counts[2 * mask] + 256 * here.counts[2 * mask + 1];
}
function chanceText(count, draws) {
  const texts = data.chances[draws];
  let k = texts.length - 1;
  while (texts[k][0] > count) k -= 1;
  return texts[k][1];
}
// A coalition of the table has the number of the table.
function chanceOf(members) {
  const mask = data.members.reduce((sum, party, bit) => sum + (members.includes(party) ? 2 ** bit : 0), 0);
  const count = countOf(mask), draws = place().subset_draws;
  const same = data.coalitions.findIndex((c) => c.length === members.length && c.every((p) => members.includes(p)));
  const text = same >= 0 ? within("cells")[data.asked][same][0] : chanceText(count, draws);
  return { text, chance: count / draws, draws: same >= 0 ? (byLaw() ? data.law_draws : data.draws) : draws };
}
const nameOf = (party) => data.names[party];
function built() {
  const members = chosen();
  if (!members.length) { $("built").textContent = t.builder_none; return; }
  const { text, chance, draws } = chanceOf(members), names = members.map(nameOf);
  $("built").textContent = put(t.builder_result, { names: names.join(" + "), chance: text, number: numberText(draws), points: data.errors[draws] });
  $("built").dataset.chance = chance;
}

// Coalitions that win at least as often as not, and without any of their parties do not.
const MOST_SMALLEST = 12;
function listSmallest() {
  const bits = data.members.map((_, bit) => bit), draws = place().subset_draws;
  const wins = (mask) => 2 * countOf(mask) >= draws;
  const found = [];
  for (let mask = 1; mask < 2 ** bits.length; mask += 1) {
    const members = bits.filter((bit) => mask & (2 ** bit));
    if (wins(mask) && members.every((bit) => !wins(mask - 2 ** bit))) found.push(members.map((bit) => data.members[bit]));
  }
  const told = found.map((members) => ({ members, ...chanceOf(members) })).sort((a, b) => a.members.length - b.members.length || b.chance - a.chance);
  const said = ({ members, text, draws: of }) => element("li", {}, `${members.map(nameOf).join(" + ")}: ${text} (± ${data.errors[of]})`);
  const items = told.slice(0, MOST_SMALLEST).map(said);
  if (told.length > MOST_SMALLEST) {
    const more = element("li"), rest = element("details"), list = element("ul");
    list.append(...told.slice(MOST_SMALLEST).map(said));
    rest.append(element("summary", {}, put(t.smallest_more, { number: told.length - MOST_SMALLEST })), list);
    more.append(rest);
    items.push(more);
  }
  $("smallest").replaceChildren(...(items.length ? items : [element("li", {}, t.smallest_none)]));
}

function fill(id, rows) {
  if (!$(id) || !rows) return;
  rows.forEach((texts, k) => {
    [...$(id).tBodies[0].rows[k].querySelectorAll("[data-cell]")].forEach((cell, j) => { cell.textContent = texts[j]; });
  });
}
function controls() {
  const level = data.levels[at[0]];
  $("level-text").textContent = level;
  $("level").value = at[0];
  $("level").setAttribute("aria-valuetext", level);
  $("method").value = at[1];
  $("reset").disabled = byLaw();
  $("status").textContent = byLaw() ? t.by_law
    : put(t.what_if, { level, method: data.methods[at[1]], number: numberText(data.draws), points: data.points });
  const last = data.levels.length - 1, said = (medians, k) => `${medians[k]} (${data.levels[k]})`;
  panels("thresholds", "thresholds", data.steps[at[1]].map(({ name, medians, data: sets }) => ({
    name, said: `${t.seats}: ${[0, at[0], last].map((k) => said(medians, k)).join(", ")}`, data: { ...sets, law: data.law_lines[at[0]] } })));
  built();
  listSmallest();
}
function update() {
  const cells = within("cells"), charts = within("charts");
  fill("parties", cells.parties);
  fill("coalitions", cells.coalitions);
  fill("holders", cells.holders);
  fill("chamber-coalitions", cells.chamber_coalitions);
  [...document.querySelectorAll("[data-headline]")].forEach((line, k) => { line.textContent = part("headlines")[k]; });
  for (const [id, shown] of Object.entries(charts)) chart(id, shown);
  if ($("small")) $("small").textContent = part("small")[narrow.matches ? 1 : 0];
  if (charts.hundred && $("hundred-said")) $("hundred-said").textContent = `${charts.hundred.said}.`;
  document.body.classList.toggle("changed", !byLaw());
  if (explores) controls();
}
function still() {
  if (data.law.polls) chart("polls", data.law.polls);
  if (data.law.trends) panels("polls", "trends", data.law.trends);
  for (const [id, found] of Object.entries(data.figures)) panels(id, id, found);
  for (const name of ["evening_chances", "evening_seats"]) if (data.law[name]) panels(name, name, data.law[name]);
}

// What is chosen stands in the address, so that it can be shared: #level=3&method=hare&with=spd,gruene.
const chosen = () => data.members.filter((_, bit) => $(`party-${bit}`).checked);
function keepInAddress() {
  const said = [];
  if (!byLaw()) said.push(`level=${data.level_keys[at[0]]}`, `method=${data.method_keys[at[1]]}`);
  if (chosen().length) said.push(`with=${chosen().map((party) => data.ids[party]).join(",")}`);
  history.replaceState(null, "", said.length ? `#${said.join("&")}` : location.pathname + location.search);
}
function readAddress() {
  const said = new URLSearchParams(location.hash.slice(1));
  const known = (keys, key, otherwise) => (keys.includes(key) ? keys.indexOf(key) : otherwise);
  at = [known(data.level_keys, said.get("level"), data.at_law[0]), known(data.method_keys, said.get("method"), data.at_law[1])];
  const parties = (said.get("with") ?? "").split(",");
  data.members.forEach((party, bit) => { $(`party-${bit}`).checked = parties.includes(data.ids[party]); });
}

const explores = slides && Boolean($("level"));
if (explores) {
  $("level").max = data.levels.length - 1;
  data.methods.forEach((title, m) => $("method").append(element("option", { value: m }, title)));
  data.members.forEach((party, bit) => {
    const label = element("label", { style: `border-left-color: ${data.inks[party]}` });
    const box = element("input", { type: "checkbox", id: `party-${bit}` });
    box.addEventListener("change", () => { built(); keepInAddress(); });
    label.append(box, element("span", {}, nameOf(party)));
    $("choices").append(label);
  });
  const moved = () => { update(); keepInAddress(); };
  $("level").addEventListener("input", () => { at[0] = +$("level").value; moved(); });
  $("method").addEventListener("change", () => { at[1] = +$("method").value; moved(); });
  $("reset").addEventListener("click", () => { at = [...data.at_law]; moved(); });
  readAddress();
  window.addEventListener("hashchange", () => { readAddress(); update(); });
}
// On a narrow screen what is not asked first is folded.
function folds() {
  for (const part of document.querySelectorAll("[data-wide]")) part.open = !narrow.matches;
}
folds();
update();
still();
narrow.addEventListener("change", () => { folds(); update(); still(); });
// On paper nothing can be opened.
let closed = [];
window.addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const shut of closed) shut.open = true;
});
window.addEventListener("afterprint", () => { for (const shut of closed) shut.open = false; });

// On a night: when the page was opened, and whether its estimate is old by now.
const OLD_AFTER = 20;
function nightTimes() {
  const opened = $("page-time"), old = $("night-old");
  if (!opened) return;
  const now = new Date(), two = (number) => String(number).padStart(2, "0");
  opened.textContent = ` · ${put(t.night_page, { time: `${two(now.getHours())}:${two(now.getMinutes())}` })}`;
  if (!old.dataset.estimated) return;
  const look = () => {
    const minutes = Math.floor((Date.now() - new Date(old.dataset.estimated)) / 60000);
    old.hidden = !(minutes >= OLD_AFTER);
    if (!old.hidden) old.textContent = put(t.night_old, { minutes: numberText(minutes) });
  };
  look();
  setInterval(look, 60000);
}
nightTimes();
