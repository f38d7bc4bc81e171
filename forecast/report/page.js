"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const t = JSON.parse(document.getElementById("texts").textContent);
  const grid = data.grid;
  const $ = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const INK = "#1a1a1a", SOFT = "#595959", EMPTY = "#767676";

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

  function drawCrossings(view) {
    const bars = element("div", { class: "bars", role: "list" });
    for (const party of view.parties.filter((p) => p.told)) {
      const text = party.seatless ? t.no_seats : probability(party.passes, party.error);
      const chance = party.seatless ? 0 : party.passes;
      const row = element("div", { role: "listitem", style: "display: contents" });
      const track = element("div", { class: "track" });
      track.append(element("span", { class: "bar", "aria-hidden": "true", style: `width: calc((100% - 4.8rem) * ${chance}); background: ${party.colour}` }),
        element("span", { class: "value" }, text));
      row.append(element("span", { class: "name" }, party.name), track);
      bars.append(row);
    }
    $("crossings").replaceChildren(bars);
  }

  function drawDistributions(view) {
    const panels = view.parties.filter((p) => holds(p) && !(p.chances[0] === 0 && p.chances[1] > 0.99)).map((party) => {
      const first = party.chances[0], chances = party.chances.slice(1);
      let last = first + chances.length - 1;
      while (last > first && chances[last - first] < 2e-4) last -= 1;
      let low = first;
      while (low < last && chances[low - first] < 2e-4) low += 1;
      if (low < 0.4 * last) low = 0;
      const width = 260, height = 96, floor = 74, most = Math.max(...chances);
      const step = width / (last - low + 2);
      const none = first === 0 ? chances[0] : 0;
      const words = `${t.seats}: ${party.seats[3]} (${interval(party.seats[1], party.seats[5])})`;
      const svg = drawing(width, height, `${party.name}. ${words}`);
      svg.draw("line", { x1: 0, x2: width, y1: floor, y2: floor, stroke: SOFT });
      const x = (seats) => (seats - low + 1) * step;
      for (let n = Math.max(low, first); n <= last; n += 1) {
        const tall = (chances[n - first] / most) * (floor - 4);
        svg.draw("rect", { x: x(n) - 0.4 * step, width: Math.max(0.8, 0.8 * step), y: floor - tall, height: tall, fill: n ? party.colour : EMPTY });
      }
      const gap = [1, 2, 5, 10, 20, 50, 100, 200].find((g) => (last - low) / g <= 6) || 500;
      for (let n = Math.ceil(low / gap) * gap; n <= last; n += gap) svg.draw("text", { x: x(n), y: 91, "text-anchor": "middle" }, `${n}`);
      const m = x(party.seats[3]);
      svg.draw("path", { d: `M${m} ${floor}l4 6h-8z`, fill: INK });
      const panel = element("div", { class: "panel" });
      const tail = none >= 0.005 ? `, ${t.seats} = 0: ${probability(none, errorOf(none, view.law ? data.draws : grid.draws))}` : "";
      panel.append(element("h3", {}, party.name), element("p", {}, words + tail), svg);
      return panel;
    });
    $("distributions").replaceChildren(...panels);
  }

  function places(house) {
    const rings = Math.max(1, Math.min(14, Math.round(Math.sqrt(house / 4.5))));
    const radii = Array.from({ length: rings }, (_, k) => (rings === 1 ? 1 : 0.4 + (0.6 * k) / (rings - 1)));
    const total = radii.reduce((a, b) => a + b, 0);
    const numbers = radii.map((radius) => Math.floor((house * radius) / total));
    const left = house - numbers.reduce((a, b) => a + b, 0);
    for (let k = 0; k < left; k += 1) numbers[rings - 1 - (k % rings)] += 1;
    const all = radii.flatMap((radius, k) => Array.from({ length: numbers[k] }, (_, n) => [radius, Math.PI * (1 - (numbers[k] > 1 ? n / (numbers[k] - 1) : 0.5))]));
    return all.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  }

  function drawParliament(view) {
    const held = view.parties.filter((p) => holds(p) && p.drawn > 0).sort((a, b) => b.drawn - a.drawn);
    const house = held.reduce((sum, party) => sum + party.drawn, 0);
    const wide = room($("parliament")), middle = wide / 2, reach = Math.min(190, (wide < 500 ? 0.235 : 0.27) * wide), base = reach + 40;
    const svg = drawing(wide, base + 14, `${t.parliament}: ${held.map((p) => `${p.name} ${p.drawn}`).join(", ")}`);
    const seats = places(house);
    const rings = Math.max(1, Math.min(14, Math.round(Math.sqrt(house / 4.5))));
    const size = Math.max(2, Math.min(9, 0.42 * Math.min((0.6 * reach) / Math.max(1, rings - 1), (Math.PI * 0.7 * reach * rings) / Math.max(2, house))));
    let next = 0;
    held.forEach((party, order) => {
      const block = seats.slice(next, next + party.drawn);
      next += party.drawn;
      for (const [radius, angle] of block) {
        // Discs and rings by turns, so that neighbours differ without colour.
        svg.draw("circle", { cx: middle + reach * radius * Math.cos(angle), cy: base - reach * radius * Math.sin(angle), r: order % 2 ? size * 0.8 : size,
          fill: order % 2 ? "#fff" : party.colour, stroke: party.colour, "stroke-width": order % 2 ? size * 0.4 : 0 });
      }
      if (party.drawn >= 0.035 * house) {
        const angle = block.reduce((sum, place) => sum + place[1], 0) / block.length;
        const x = middle + (reach + 15) * Math.cos(angle);
        const letters = wide < 500 ? 10 : 16;
        const name = party.name.length > letters ? party.name.slice(0, letters - 1) + "…" : party.name;
        svg.draw("text", { x, y: base - (reach + 14) * Math.sin(angle), "text-anchor": Math.abs(x - middle) < 45 ? "middle" : x > middle ? "start" : "end" }, `${name} ${party.drawn}`);
      }
    });
    svg.draw("text", { x: middle, y: base, "text-anchor": "middle", style: "font-weight: 700" }, `${house}`);
    const small = held.filter((p) => p.drawn < 0.035 * house).map((p) => `${p.name} ${p.drawn}`);
    const parts = [svg];
    if (small.length) parts.push(element("figcaption", { class: "small" }, small.join(", ")));
    $("parliament").replaceChildren(...parts);
  }

  function drawShares(view) {
    const told = view.parties.filter((p) => p.told);
    const wide = room($("shares")), row = 26, left = wide < 500 ? 150 : 190, letters = wide < 500 ? 12 : 20, top = 18;
    const most = Math.max(...told.map((p) => p.share[6]), view.level || 0) * 1.04;
    const x = (share) => left + ((wide - left - 20) * share) / most;
    const svg = drawing(wide, top + row * told.length + 24, t.shares);
    const gap = [0.01, 0.02, 0.05, 0.1, 0.2].find((g) => most / g <= wide / 80) || 0.25;
    for (let share = 0; share <= most; share += gap) {
      svg.draw("line", { x1: x(share), x2: x(share), y1: top, y2: top + row * told.length, stroke: "#e4e4e4" });
      svg.draw("text", { x: x(share), y: top + row * told.length + 16, "text-anchor": "middle", class: "soft" }, levelText(share));
    }
    told.forEach((party, k) => {
      const y = top + row * (k + 0.5);
      const name = party.name.length > letters ? party.name.slice(0, letters - 1) + "…" : party.name;
      svg.draw("text", { x: 0, y: y + 4 }, name);
      svg.draw("text", { x: left - 8, y: y + 4, "text-anchor": "end", style: "font-weight: 700" }, percent(party.share[3]));
      [[0, 6, 2], [1, 5, 7], [2, 4, 13]].forEach(([low, high, tall]) => svg.draw("rect", { x: x(party.share[low]), width: Math.max(1, x(party.share[high]) - x(party.share[low])), y: y - tall / 2, height: tall, fill: party.colour }));
      svg.draw("rect", { x: x(party.share[3]) - 1.2, width: 2.4, y: y - 9, height: 18, fill: INK });
    });
    if (view.level) {
      svg.draw("line", { x1: x(view.level), x2: x(view.level), y1: top - 2, y2: top + row * told.length, stroke: INK, "stroke-dasharray": "5 4" });
      svg.draw("text", { x: x(view.level) + 4, y: top - 6, class: "soft" }, `${t.threshold} ${levelText(view.level)}`);
    }
    $("shares").replaceChildren(svg);
  }

  function drawPolls(view) {
    if (!$("polls")) return;
    const days = data.polls.map((poll) => Date.parse(poll.day));
    const end = Math.max(Date.parse(data.election_date), ...days);
    const begin = Math.min(...days, end - 86400000);
    const heaviest = Math.max(...data.polls.map((poll) => poll.weight));
    const panels = view.parties.map((party, k) => [party, k]).filter(([party]) => party.told).slice(0, 24).map(([party, k]) => {
      const dots = data.polls.filter((poll) => poll.shares[k] !== null);
      const trend = data.trend && data.trend.share[k].length ? data.trend : null;
      const near = [...dots.map((poll) => poll.shares[k]), party.share[1], party.share[5], ...(trend ? [...trend.low80[k], ...trend.high80[k]] : [])];
      let low = Math.min(...near), high = Math.max(...near);
      const level = view.level && 0.7 * low <= view.level && view.level <= 1.3 * high ? view.level : null;
      if (level) { low = Math.min(low, level); high = Math.max(high, level); }
      const room = 0.1 * (high - low) + 0.002;
      low = Math.max(0, low - room); high += room;
      const width = 260, height = 120, left = 44;
      const x = (day) => left + 8 + ((width - left - 26) * (day - begin)) / (end - begin);
      const y = (share) => 100 - (94 * (share - low)) / (high - low);
      const words = `${percent(party.share[3])} (${percent(party.share[1])} – ${percent(party.share[5])})`;
      const svg = drawing(width, height, `${party.name}: ${words}; ${dots.length} ${t.polls}`);
      const gap = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1].find((g) => (high - low) / g <= 5) || 0.2;
      for (let share = Math.ceil(low / gap) * gap; share <= high; share += gap) {
        svg.draw("line", { x1: left, x2: width, y1: y(share), y2: y(share), stroke: "#e4e4e4" });
        svg.draw("text", { x: left - 5, y: y(share) + 4, "text-anchor": "end", class: "soft" }, levelText(share));
      }
      if (level) svg.draw("line", { x1: left, x2: width, y1: y(level), y2: y(level), stroke: INK, "stroke-dasharray": "5 4" });
      if (trend) {
        const points = (shares) => trend.days.map((day, i) => `${x(Date.parse(day)).toFixed(1)},${y(shares[k][i]).toFixed(1)}`);
        svg.draw("polygon", { points: [...points(trend.low80), ...points(trend.high80).reverse()].join(" "), fill: party.colour, "fill-opacity": 0.2 });
        svg.draw("polyline", { points: points(trend.share).join(" "), fill: "none", stroke: party.colour, "stroke-width": 1.6 });
      }
      for (const poll of dots) {
        const dot = svg.draw("circle", { cx: x(Date.parse(poll.day)), cy: y(poll.shares[k]), r: 1.8 + 2.8 * Math.sqrt(poll.weight / heaviest), fill: "#fff", stroke: party.colour, "stroke-width": 1.5 });
        const title = document.createElementNS(SVG, "title");
        title.textContent = `${poll.pollster}, ${poll.day}: ${percent(poll.shares[k])}`;
        dot.append(title);
      }
      const right = x(end) + 8;
      svg.draw("rect", { x: right - 3, width: 6, y: y(party.share[5]), height: y(party.share[1]) - y(party.share[5]), fill: party.colour });
      svg.draw("rect", { x: right - 6, width: 12, y: y(party.share[3]) - 1, height: 2, fill: INK });
      const day = (moment) => new Date(moment).toISOString().slice(0, 10);
      if (end - begin > 3 * 86400000) svg.draw("text", { x: left, y: 116, class: "soft" }, day(begin));
      svg.draw("text", { x: width, y: 116, "text-anchor": "end", class: "soft" }, day(end));
      const panel = element("div", { class: "panel" });
      panel.append(element("h3", {}, party.name), element("p", {}, words), svg);
      return panel;
    });
    $("polls").replaceChildren(...panels);
  }

  // Coalitions from the counts of all subsets.
  function countOf(cell, mask) {
    if (!cell.bytes) cell.bytes = Uint8Array.from(atob(cell.subsets), (c) => c.charCodeAt(0));
    return cell.bytes[2 * mask] + 256 * cell.bytes[2 * mask + 1];
  }
  function built() {
    const chosen = grid.subset_parties.filter((_, bit) => $(`party-${bit}`).checked);
    if (!chosen.length) { $("built").textContent = t.builder_none; return; }
    const mask = grid.subset_parties.reduce((sum, party, bit) => sum + (chosen.includes(party) ? 2 ** bit : 0), 0);
    const cell = grid.cells[at.level][at.method];
    let chance = countOf(cell, mask) / cell.subset_draws, error = errorOf(chance, cell.subset_draws), draws = cell.subset_draws;
    // A coalition of the table has the number of the table.
    const same = data.coalitions.findIndex((c) => c.parties.length === chosen.length && c.parties.every((p) => chosen.includes(p)));
    if (same >= 0) {
      const view = shown().coalitions[same];
      chance = view.majority; error = view.error; draws = byLaw() ? data.draws : grid.draws;
    }
    const names = chosen.map((party) => data.parties[party].name);
    const who = names.length > 1 ? `${names.slice(0, -1).join(", ")} + ${names[names.length - 1]}` : names[0];
    const verb = names.length > 1 ? t.builder_result : t.builder_result_one;
    $("built").textContent = `${who} ${verb} ${probability(chance, error)} ${t.builder_end} (${draws.toLocaleString("en")}).`;
    $("built").dataset.chance = chance;
  }

  function update() {
    const view = shown();
    fillTables(view);
    drawCrossings(view);
    drawDistributions(view);
    drawParliament(view);
    drawShares(view);
    drawPolls(view);
    document.body.classList.toggle("changed", !view.law);
    if (!grid) return;
    $("level-text").textContent = levelText(grid.levels[at.level]);
    $("level").setAttribute("aria-valuetext", levelText(grid.levels[at.level]));
    $("reset").disabled = view.law;
    $("status").textContent = view.law ? t.by_law
      : `${t.what_if} ${levelText(grid.levels[at.level])}, ${grid.methods[at.method]} (${grid.draws.toLocaleString("en")} ${t.on_draws}).`;
    built();
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
})();
