// The graph around one node: what it reads from, what reads it, coloured by precision.

const NEAR = {steps: 3, most: 36};

/// Indices of the nodes at most three steps away, up and down, nearest first.
function neighbours(nodes, readers, center) {
  const found = new Set([center]);
  const walk = next => {
    let front = [center];
    for (let step = 0; step < NEAR.steps; ++step) {
      front = [...new Set(front.flatMap(next))].filter(i => !found.has(i));
      for (const i of front) if (found.size < NEAR.most) found.add(i);
      front = front.filter(i => found.has(i));
    }
  };
  walk(i => nodes[i].inputs);
  walk(i => readers[i]);
  return [...found].sort((a, b) => a - b);
}

/// Rows by the longest way from above; in a row, each node near the middle of what it reads.
function arrange(nodes, chosen) {
  const level = new Map(), rows = [], place = new Map();
  for (const i of chosen) {
    const above = nodes[i].inputs.filter(j => level.has(j)).map(j => level.get(j) + 1);
    level.set(i, above.length ? Math.max(...above) : 0);
  }
  // What nothing chosen feeds goes to the row above its first reader.
  for (const i of [...chosen].reverse()) {
    if (nodes[i].inputs.some(j => level.has(j))) continue;
    const below = chosen.filter(j => nodes[j].inputs.includes(i)).map(j => level.get(j) - 1);
    if (below.length) level.set(i, Math.max(0, Math.min(...below)));
  }
  for (const i of chosen) (rows[level.get(i)] = rows[level.get(i)] || []).push(i);
  const filled = rows.filter(Boolean);
  const middle = i => {
    const above = nodes[i].inputs.filter(j => place.has(j)).map(j => place.get(j));
    return above.length ? above.reduce((a, b) => a + b) / above.length : 0;
  };
  for (const row of filled) {
    row.sort((a, b) => middle(a) - middle(b) || a - b);
    row.forEach((i, k) => place.set(i, k - (row.length - 1) / 2));
  }
  return {rows: filled, place};
}

function drawGraph(nodes, readers, center, choose) {
  const wide = 168, high = 42, gapX = 18, gapY = 34;
  const chosen = neighbours(nodes, readers, center), inside = new Set(chosen);
  const {rows, place} = arrange(nodes, chosen);
  const width = Math.max(...rows.map(row => row.length)) * (wide + gapX) + 24, height = rows.length * (high + gapY) + 20;
  const row = new Map(rows.flatMap((members, r) => members.map(i => [i, r])));
  const x = i => width / 2 + place.get(i) * (wide + gapX), y = i => 22 + row.get(i) * (high + gapY);
  const edges = [], boxes = [];
  for (const i of chosen) {
    for (const j of nodes[i].inputs) {
      if (!inside.has(j)) continue;
      const from = y(j) + high, to = y(i), bend = (to - from) / 2;
      const aside = row.get(i) - row.get(j) > 1 ? (x(i) === x(j) ? wide * 0.62 : 0) : 0;  // around the nodes between
      edges.push(svg("path", {class: "edge", d: `M${x(j)} ${from}C${x(j) + aside} ${from + bend} ${x(i) + aside} ${to - bend} ${x(i)} ${to}`}));
    }
    boxes.push(nodeBox(nodes[i], x(i) - wide / 2, y(i), wide, high, i === center, () => choose(i)));
    if (nodes[i].inputs.some(j => !inside.has(j))) edges.push(svg("path", {class: "edge", "stroke-dasharray": "2 3", d: `M${x(i)} ${y(i)}v-12`}));
    if (readers[i].some(j => !inside.has(j))) edges.push(svg("path", {class: "edge", "stroke-dasharray": "2 3", d: `M${x(i)} ${y(i) + high}v12`}));
  }
  return svg("svg", {width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `The graph around ${nodes[center].label}`}, edges, boxes);
}

function nodeBox(node, x, y, width, height, is_center, choose) {
  const color = colorOf(node.treatment), label = node.label.length > 24 ? "…" + node.label.slice(-23) : node.label;
  const box = svg("g", {class: "node", tabindex: 0, role: "button", "aria-label": `${node.label}, ${node.op}, ${node.treatment}`,
                        onclick: choose, onkeydown: e => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); choose(); } }},
    svg("rect", {x, y, width, height, rx: 7, fill: "var(--paper)"}),
    svg("rect", {x, y, width, height, rx: 7, fill: color, "fill-opacity": is_center ? 0.38 : 0.14, stroke: color, "stroke-width": is_center ? 3 : 1.5}),
    svg("text", {x: x + 10, y: y + 17, style: "font-weight:600"}, node.op),
    svg("text", {x: x + width - 10, y: y + 17, "text-anchor": "end", class: "small"}, node.sqnr === undefined ? "" : decibels(node.sqnr)),
    svg("text", {x: x + 10, y: y + 33, class: "small"}, label));
  box.addEventListener("pointermove", event => showTip(event, nodeTip(node) + (node.reason ? "\n" + node.reason : "")));
  box.addEventListener("pointerleave", hideTip);
  return box;
}

/// The drawing with a field to choose a node by name; element.choose(index) shows another.
function graphView(nodes, first) {
  const readers = nodes.map(() => []);
  nodes.forEach((node, i) => node.inputs.forEach(j => readers[j].push(i)));
  const area = el("div", {class: "graph", tabindex: 0, role: "region", "aria-label": "Graph"});
  const said = el("p", {class: "note", style: "margin-top:10px"});
  const names = el("datalist", {id: "nodes"});
  const field = el("input", {type: "search", list: "nodes", placeholder: "Name of a node", "aria-label": "Node", onchange: () => {
    const wanted = field.value.toLowerCase(), exact = nodes.findIndex(node => node.label.toLowerCase() === wanted);
    const index = exact >= 0 ? exact : nodes.findIndex(node => node.label.toLowerCase().includes(wanted));
    if (wanted && index >= 0) show(index);
  }, onfocus: () => { if (!names.firstChild) names.append(...nodes.map(node => el("option", {value: node.label}))); }});
  const step = by => () => show(Math.max(0, Math.min(nodes.length - 1, current + by)));
  let current = first;
  function show(index) {
    current = index;
    hideTip();
    const drawing = drawGraph(nodes, readers, index, show);
    area.replaceChildren(drawing);
    area.scrollLeft = (drawing.clientWidth - area.clientWidth) / 2;
    field.value = nodes[index].label;
    said.textContent = `${nodes[index].label} (${nodes[index].op}): ${nodes[index].treatment}${nodes[index].reason ? "; " + nodes[index].reason : ""}`;
  }
  const kinds = [...new Set(nodes.map(node => node.treatment))];
  const element = el("div", {}, el("div", {class: "tools"}, field, names, el("button", {type: "button", class: "more", title: "the node before", "aria-label": "Previous node", style: "margin:0", onclick: step(-1)}, "‹"),
                     el("button", {type: "button", class: "more", title: "the node after", "aria-label": "Next node", style: "margin:0", onclick: step(1)}, "›")), legend(kinds.map(kind => [colorOf(kind), kind])), area, said);
  whenVisible(area, () => show(current));
  element.choose = index => { watched.delete(area); show(index); element.scrollIntoView({behavior: "smooth", block: "center"}); };
  return element;
}
