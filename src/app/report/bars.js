// Cards with bars: one row a model, its name, a bar and its value.

/// rows: {name, value, text, color, low, high (an interval, drawn as a whisker)}; `most` is what the whole width means.
function bars(rows, most) {
  const box = el("div", {class: rows.some(row => row.name.length > 16) ? "bars stacked" : "bars"});
  const top = most || Math.max(...rows.map(row => row.high || row.value || 0)) || 1;
  for (const row of rows) {
    const at = value => (100 * Math.max(0, Math.min(1, value / top))).toFixed(2) + "%";
    const has = isNumber(row.value);
    const drawing = svg("svg", {height: 16, role: "img", "aria-label": `${row.name}: ${row.text}`},
      svg("rect", {x: 0, y: 2, width: "100%", height: 12, rx: 3, fill: "var(--line)", opacity: 0.55}),
      has && svg("rect", {x: 0, y: 2, width: at(row.value), height: 12, rx: 3, fill: row.color}),
      isNumber(row.low) && svg("g", {stroke: "var(--ink)", "stroke-width": 1.5},
        svg("line", {x1: at(row.low), x2: at(row.high), y1: 8, y2: 8}),
        svg("line", {x1: at(row.low), x2: at(row.low), y1: 4, y2: 12}), svg("line", {x1: at(row.high), x2: at(row.high), y1: 4, y2: 12})));
    box.append(el("div", {class: "name"}, row.name), drawing, el("div", {class: "value"}, row.text));
  }
  return box;
}

const card = (title, big, content, note) =>
  el("div", {class: "card"}, el("div", {class: "title"}, title), el("div", {class: "big"}, big), content, note && el("div", {class: "note"}, note));
