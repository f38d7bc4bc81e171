// What the page shows: its data, numbers as people read them, and elements to draw with.
const data = JSON.parse(document.getElementById("data").textContent);
const t = JSON.parse(document.getElementById("texts").textContent);
const grid = data.grid;
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const INK = "#1a1a1a", SOFT = "#595959", EMPTY = "#767676", ACCENT = "#1f4e79";

// Numbers for people, by the rules of the tables: digits as the error allows, never certainty from draws.
const LIMITS = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5];
const percent = (value, decimals = 1) => (100 * value).toFixed(decimals) + " %";
function probability(value, error) {
  const decimals = error <= 0 ? 1 : Math.min(1, Math.max(0, -Math.floor(Math.log10(100 * error) + 1e-12)));
  const step = 10 ** (-2 - decimals);
  const rare = Math.min(value, 1 - value);
  if (rare >= step / 2 && rare > 0) return percent(value, decimals);
  const reach = rare <= 0 ? 3 * error : rare + 2 * error;
  const limit = LIMITS.find((known) => known >= Math.max(reach, step));
  if (limit === undefined) return "?";
  return (value > 0.5 ? ">" : "<") + percent(value > 0.5 ? 1 - limit : limit, limit >= 0.01 ? 0 : 1);
}
function points(error) {
  const value = 100 * error;
  if (value < 0.01) return "<0.01";
  const first = Math.floor(Math.log10(value) + 1e-12);
  return value.toFixed(Math.max(0, -first + (value / 10 ** first < 2 ? 1 : 0)));
}
const interval = (low, high) => (low === high ? `${low}` : `${low}–${high}`);
const signed = (value) => (value > 0 ? `+${value}` : value < 0 ? `\u2212${-value}` : "0");
const errorOf = (value, draws) => Math.max(Math.sqrt((value * (1 - value)) / draws), 1 / draws);
const levelText = (level) => `${+(100 * level).toPrecision(3)} %`;

// What is shown: the tables under the law, the grid anywhere else.
let at = grid ? { level: grid.law, method: 0 } : null;
const byLaw = () => !grid || (at.level === grid.law && at.method === 0);
function shown() {
  if (byLaw()) {
    return {
      law: true,
      parties: data.parties,
      coalitions: data.coalitions.map((c) => ({ majority: c.majority, error: c.error, seats: c.seats })),
      level: data.level,
    };
  }
  const cell = grid.cells[at.level][at.method];
  return {
    law: false,
    parties: data.parties.map((party, k) => {
      const passes = grid.passes[at.level][k];
      const counts = cell.counts[k];
      return { ...party, passes, error: errorOf(passes, grid.draws), seats: cell.seats[k], mean: cell.mean[k],
        drawn: cell.drawn[k], chances: [counts[0], ...counts.slice(1).map((n) => n / grid.draws)] };
    }),
    coalitions: cell.majority.map((majority, c) => ({ majority, error: errorOf(majority, grid.draws), seats: cell.coalition_seats[c] })),
    level: grid.levels[at.level] || null,
  };
}

function element(name, attributes = {}, text) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
function drawing(width, height, label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.draw = (name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    svg.append(made);
    return made;
  };
  return svg;
}
const room = (figure) => Math.max(320, Math.min(640, figure.clientWidth));
const holds = (party) => party.told && !party.seatless;
const shortened = (name, letters) => (name.length > letters ? `${name.slice(0, letters - 1).trimEnd()}…` : name);
