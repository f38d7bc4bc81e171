// Charts of the page, drawn anew for every rule that is shown.
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
      const name = shortened(party.name, letters);
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
  const wide = room($("shares")), row = 26, left = wide < 500 ? 150 : 190, letters = wide < 500 ? 14 : 20, top = 18;
  const most = Math.max(...told.map((p) => p.share[6]), view.level || 0) * 1.04, foot = top + row * told.length;
  const x = (share) => left + ((wide - left - 20) * share) / most;
  const svg = drawing(wide, foot + 24, `${t.shares}. ${told.map((p) => `${p.name}: ${percent(p.share[3])} (${percent(p.share[1])} – ${percent(p.share[5])})`).join("; ")}`);
  const gap = [0.01, 0.02, 0.05, 0.1, 0.2].find((g) => most / g <= wide / 80) || 0.25;
  for (let share = 0; share <= most; share += gap) {
    svg.draw("line", { x1: x(share), x2: x(share), y1: top, y2: foot, stroke: "#e4e4e4" });
    svg.draw("text", { x: x(share), y: foot + 16, "text-anchor": "middle", class: "soft" }, levelText(share));
  }
  told.forEach((party, k) => {
    const y = top + row * (k + 0.5);
    svg.draw("text", { x: 0, y: y + 4 }, shortened(party.name, letters));
    svg.draw("text", { x: left - 8, y: y + 4, "text-anchor": "end", style: "font-weight: 700" }, percent(party.share[3]));
    [[0, 6, 2], [1, 5, 7], [2, 4, 13]].forEach(([low, high, tall]) => svg.draw("rect", { x: x(party.share[low]), width: Math.max(1, x(party.share[high]) - x(party.share[low])), y: y - tall / 2, height: tall, fill: party.colour }));
    svg.draw("rect", { x: x(party.share[3]) - 1.2, width: 2.4, y: y - 9, height: 18, fill: INK });
  });
  if (view.level) {
    svg.draw("line", { x1: x(view.level), x2: x(view.level), y1: top - 2, y2: foot, stroke: INK, "stroke-dasharray": "5 4" });
    svg.draw("text", { x: x(view.level) + 4, y: top - 6, class: "soft" }, `${t.threshold} ${levelText(view.level)}`);
  }
  $("shares").replaceChildren(svg);
}

// Polls of a few days have no trend: a panel a party, shares from left to right.
function drawPollsTogether(view) {
  const panels = view.parties.map((party, k) => [party, k]).filter(([party]) => party.told).map(([party, k]) => {
    const dots = data.polls.filter((poll) => poll.shares[k] !== null);
    const near = [...dots.map((poll) => poll.shares[k]), party.share[1], party.share[5]];
    const level = view.level && 0.7 * Math.min(...near) <= view.level && view.level <= 1.3 * Math.max(...near) ? view.level : null;
    if (level) near.push(level);
    const space = 0.12 * (Math.max(...near) - Math.min(...near)) + 0.002;
    const low = Math.max(0, Math.min(...near) - space), high = Math.max(...near) + space;
    const width = 260, x = (share) => 6 + ((width - 12) * (share - low)) / (high - low);
    const words = `${percent(party.share[3])} (${percent(party.share[1])} – ${percent(party.share[5])})`;
    const svg = drawing(width, 58, `${party.name}: ${words}; ${dots.length} ${t.polls}`);
    const gap = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05].find((g) => (high - low) / g <= 5) || 0.1;
    for (let share = Math.ceil(low / gap) * gap; share <= high; share += gap) {
      svg.draw("line", { x1: x(share), x2: x(share), y1: 2, y2: 38, stroke: "#e4e4e4" });
      if (x(share) > 18 && x(share) < width - 18) svg.draw("text", { x: x(share), y: 54, "text-anchor": "middle", class: "soft" }, levelText(share));
    }
    if (level) svg.draw("line", { x1: x(level), x2: x(level), y1: 0, y2: 40, stroke: INK, "stroke-dasharray": "5 4" });
    svg.draw("rect", { x: x(party.share[1]), width: x(party.share[5]) - x(party.share[1]), y: 14, height: 12, fill: party.colour, "fill-opacity": 0.35 });
    svg.draw("rect", { x: x(party.share[3]) - 1.2, width: 2.4, y: 8, height: 24, fill: INK });
    for (const poll of dots) hinted(svg.draw("circle", { cx: x(poll.shares[k]), cy: 20, r: 4.5, fill: "#fff", stroke: party.colour, "stroke-width": 1.6 }), poll, k);
    const panel = element("div", { class: "panel" });
    panel.append(element("h3", {}, party.name), element("p", {}, words), svg);
    return panel;
  });
  $("polls").replaceChildren(...panels);
}
function hinted(dot, poll, k) {
  const title = document.createElementNS(SVG, "title");
  title.textContent = `${poll.pollster}, ${poll.day}: ${percent(poll.shares[k])}`;
  dot.append(title);
}

function drawPolls(view) {
  if (!$("polls")) return;
  if (data.together) { drawPollsTogether(view); return; }
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
      hinted(svg.draw("circle", { cx: x(Date.parse(poll.day)), cy: y(poll.shares[k]), r: 1.8 + 2.8 * Math.sqrt(poll.weight / heaviest), fill: "#fff", stroke: party.colour, "stroke-width": 1.5 }), poll, k);
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


// The first coalition of the table, else the largest party alone, in simulations out of a hundred.
function drawHundred(view) {
  const largest = view.parties.find(holds);
  if (!data.coalitions.length && !largest) return;
  const alone = () => largest.chances.slice(1).reduce((sum, chance, n) => sum + (largest.chances[0] + n >= data.majority ? chance : 0), 0);
  const chance = data.coalitions.length ? view.coalitions[0].majority : alone();
  const name = data.coalitions.length ? data.coalitions[0].name : largest.name;
  const filled = Math.round(100 * chance), certain = filled === 0 ? t.fewer_than_1 : filled === 100 ? t.more_than_99 : `${filled}`;
  const words = `${name}: ${t.hundred_before} ${certain} ${t.hundred_after}`;
  const svg = drawing(206, 206, words);
  for (let k = 0; k < 100; k += 1) {
    svg.draw("circle", { cx: 13 + 20 * (k % 10), cy: 13 + 20 * Math.floor(k / 10), r: 7, fill: k < filled ? ACCENT : "#fff", stroke: k < filled ? ACCENT : SOFT, "stroke-width": 1.2 });
  }
  $("hundred").replaceChildren(element("figcaption", {}, `${words}.`), svg);
}

// Median seats and their 80 % interval at every threshold, under the allocation that is chosen.
function drawThresholds() {
  if (!grid) return;
  const levels = grid.levels, cells = grid.cells.map((row) => row[at.method]);
  const width = 260, height = 110, left = 30, floor = 86, last = levels[levels.length - 1], step = last / (levels.length - 1 || 1);
  const x = (level) => left + ((width - left - 6) * level) / (last + step);
  const panels = data.parties.map((party, k) => [party, k]).filter(([party, k]) => holds(party) && cells.some((cell) => cell.seats[k][3] > 0)).slice(0, 24).map(([party, k]) => {
    const ends = [1, 3, 5].map((q) => cells.map((cell) => cell.seats[k][q]));
    const least = Math.min(...ends[0]), most = Math.max(least + 1, ...ends[2]);
    const y = (seats) => floor - ((floor - 8) * (seats - least)) / (most - least);
    const along = (seats) => seats.flatMap((n, i) => [`${x(levels[i]).toFixed(1)},${y(n).toFixed(1)}`, `${x(i + 1 < levels.length ? levels[i + 1] : last + step).toFixed(1)},${y(n).toFixed(1)}`]);
    const held = `${t.seats}: ${ends[1][0]} (${levelText(levels[0])}), ${ends[1][at.level]} (${levelText(levels[at.level])}), ${ends[1][levels.length - 1]} (${levelText(last)})`;
    const svg = drawing(width, height, `${party.name}. ${held}`);
    const gap = [1, 2, 5, 10, 20, 50, 100].find((g) => (most - least) / g <= 4) || 200;
    for (let n = Math.ceil(least / gap) * gap; n <= most; n += gap) {
      svg.draw("line", { x1: left, x2: width, y1: y(n), y2: y(n), stroke: "#e4e4e4" });
      svg.draw("text", { x: left - 5, y: y(n) + 4, "text-anchor": "end", class: "soft" }, `${n}`);
    }
    svg.draw("polygon", { points: [...along(ends[0]), ...along(ends[2]).reverse()].join(" "), fill: party.colour, "fill-opacity": 0.25 });
    svg.draw("polyline", { points: along(ends[1]).join(" "), fill: "none", stroke: party.colour, "stroke-width": 2 });
    svg.draw("line", { x1: x(levels[at.level]), x2: x(levels[at.level]), y1: 4, y2: floor, stroke: INK, "stroke-dasharray": "5 4" });
    levels.filter((level) => Math.abs(level / 0.02 - Math.round(level / 0.02)) < 1e-9).forEach((level) => svg.draw("text", { x: x(level), y: 104, "text-anchor": "middle", class: "soft" }, levelText(level)));
    const panel = element("div", { class: "panel" });
    panel.append(element("h3", {}, party.name), element("p", {}, held), svg);
    return panel;
  });
  $("thresholds").replaceChildren(...panels);
}
