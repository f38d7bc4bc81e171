// Tables, coalitions and controls; what a reader does.
// Under the law the tables say what they said when the page was written.
const written = [...document.querySelectorAll("[data-cell]")].map((cell) => [cell, cell.textContent]);
function fillTables(view) {
  if (view.law) {
    for (const [cell, text] of written) cell.textContent = text;
    return;
  }
  const rows = $("parties").tBodies[0].rows;
  view.parties.forEach((party, k) => {
    const put = (name, text) => { rows[k].querySelector(`[data-cell=${name}]`).textContent = text; };
    if (!holds(party)) return;
    put("passes", probability(party.passes, party.error));
    put("error", points(party.error));
    put("seats", `${party.seats[3]}`);
    put("seats80", interval(party.seats[1], party.seats[5]));
    put("mean", party.mean > 0 && party.mean < 0.05 ? "<0.1" : party.mean.toFixed(1));
    put("drawn", `${party.drawn}`);
  });
  if (!$("coalitions")) return;
  view.coalitions.forEach((coalition, c) => {
    const put = (name, text) => { $("coalitions").tBodies[0].rows[c].querySelector(`[data-cell=${name}]`).textContent = text; };
    put("majority", probability(coalition.majority, coalition.error));
    put("seats", `${coalition.seats[3]}`);
    put("seats80", interval(coalition.seats[1], coalition.seats[5]));
    put("margin", signed(coalition.seats[3] - data.majority));
  });
}

// Coalitions from the counts of all subsets.
function countOf(cell, mask) {
  if (!cell.bytes) cell.bytes = Uint8Array.from(atob(cell.subsets), (c) => c.charCodeAt(0));
  return cell.bytes[2 * mask] + 256 * cell.bytes[2 * mask + 1];
}
// A coalition of the table has the number of the table.
function chanceOf(parties) {
  const cell = grid.cells[at.level][at.method];
  const same = data.coalitions.findIndex((c) => c.parties.length === parties.length && c.parties.every((p) => parties.includes(p)));
  if (same >= 0) {
    const view = shown().coalitions[same];
    return { chance: view.majority, error: view.error, draws: byLaw() ? data.draws : grid.draws };
  }
  const mask = grid.subset_parties.reduce((sum, party, bit) => sum + (parties.includes(party) ? 2 ** bit : 0), 0);
  const chance = countOf(cell, mask) / cell.subset_draws;
  return { chance, error: errorOf(chance, cell.subset_draws), draws: cell.subset_draws };
}
function built() {
  const chosen = grid.subset_parties.filter((_, bit) => $(`party-${bit}`).checked);
  if (!chosen.length) { $("built").textContent = t.builder_none; return; }
  const { chance, error, draws } = chanceOf(chosen);
  const names = chosen.map((party) => data.parties[party].name);
  const who = names.length > 1 ? `${names.slice(0, -1).join(", ")} + ${names[names.length - 1]}` : names[0];
  const verb = names.length > 1 ? t.builder_result : t.builder_result_one;
  $("built").textContent = `${who} ${verb} ${probability(chance, error)} ${t.builder_end} (${draws.toLocaleString("en")}).`;
  $("built").dataset.chance = chance;
}

// Coalitions that win at least as often as not, and without any of their parties do not.
const MOST_SMALLEST = 12;
function listSmallest() {
  const cell = grid.cells[at.level][at.method], bits = grid.subset_parties.map((_, bit) => bit);
  const wins = (mask) => 2 * countOf(cell, mask) >= cell.subset_draws;
  const found = [];
  for (let mask = 1; mask < 2 ** bits.length; mask += 1) {
    const members = bits.filter((bit) => mask & (2 ** bit));
    if (wins(mask) && members.every((bit) => !wins(mask - 2 ** bit))) found.push(members.map((bit) => grid.subset_parties[bit]));
  }
  const told = found.map((parties) => ({ parties, ...chanceOf(parties) })).sort((a, b) => a.parties.length - b.parties.length || b.chance - a.chance);
  const items = told.slice(0, MOST_SMALLEST).map(({ parties, chance, error }) => element("li", {}, `${parties.map((p) => data.parties[p].name).join(" + ")}: ${probability(chance, error)}`));
  if (told.length > MOST_SMALLEST) items.push(element("li", {}, `${told.length - MOST_SMALLEST} ${t.smallest_more}`));
  $("smallest").replaceChildren(...(items.length ? items : [element("li", {}, t.smallest_none)]));
}

function update() {
  const view = shown();
  fillTables(view);
  drawCrossings(view);
  drawDistributions(view);
  drawParliament(view);
  drawShares(view);
  drawPolls(view);
  drawHundred(view);
  drawThresholds();
  document.body.classList.toggle("changed", !view.law);
  if (!grid) return;
  $("level-text").textContent = levelText(grid.levels[at.level]);
  $("level").setAttribute("aria-valuetext", levelText(grid.levels[at.level]));
  $("reset").disabled = view.law;
  $("status").textContent = view.law ? t.by_law
    : `${t.what_if} ${levelText(grid.levels[at.level])}, ${grid.methods[at.method]} (${grid.draws.toLocaleString("en")} ${t.on_draws}).`;
  built();
  listSmallest();
}

if (grid) {
  $("level").max = grid.levels.length - 1;
  $("level").value = at.level;
  grid.methods.forEach((title, m) => $("method").append(element("option", { value: m }, title)));
  grid.subset_parties.forEach((party, bit) => {
    const label = element("label", { style: `border-left-color: ${data.parties[party].colour}` });
    const box = element("input", { type: "checkbox", id: `party-${bit}` });
    box.addEventListener("change", built);
    label.append(box, element("span", {}, data.parties[party].name));
    $("choices").append(label);
  });
  $("level").addEventListener("input", () => { at.level = +$("level").value; update(); });
  $("method").addEventListener("change", () => { at.method = +$("method").value; update(); });
  $("reset").addEventListener("click", () => {
    at = { level: grid.law, method: 0 };
    $("level").value = at.level;
    $("method").value = 0;
    update();
  });
}
update();
let width = document.body.clientWidth;
window.addEventListener("resize", () => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  drawParliament(shown());
  drawShares(shown());
});
// On paper nothing can be opened.
let closed = [];
window.addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const part of closed) part.open = true;
});
window.addEventListener("afterprint", () => { for (const part of closed) part.open = false; });
