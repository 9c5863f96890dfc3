// The histogram of one calibrated value with the range that was chosen, and those that other methods would choose.

const histogramView = {log: true};

/// tensor.hist: {width, zero, zeros, counts (packed)}: counts[j] values in [(j - zero) * width, (j + 1 - zero) * width), zeros apart.
function histogramOf(tensor) {
  if (!tensor.hist) return null;
  if (!tensor.bins) tensor.bins = unpackCounts(tensor.hist.counts);
  return {...tensor.hist, counts: tensor.bins};
}

/// A small picture for a table's row: the counts on a log scale, what is clipped in another colour.
function sparkline(tensor) {
  const hist = histogramOf(tensor);
  if (!hist) return el("span", {class: "note"}, NONE);
  const width = 116, height = 26, bins = hist.counts.length;
  const most = Math.log1p(Math.max(...hist.counts, 1));
  const x = j => width * j / bins, level = count => count <= 0 ? 0 : Math.max(1.2, (height - 2) * Math.log1p(count) / most);
  const column = j => `M${x(j).toFixed(1)} ${height}v${(-level(hist.counts[j])).toFixed(1)}h${(width / bins).toFixed(2)}V${height}z`;
  let inside = "", outside = "";
  for (let j = 0; j < bins; ++j) {
    const middle = (j + 0.5 - hist.zero) * hist.width;
    if (middle < tensor.low || middle > tensor.high) outside += column(j); else inside += column(j);
  }
  return svg("svg", {class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true"},
    svg("path", {d: inside, fill: "var(--accent)"}), svg("path", {d: outside, fill: "var(--float)"}));
}

/// The large picture.
function histogramPlot(tensor) {
  const hist = histogramOf(tensor);
  if (!hist) return el("p", {class: "note"}, "No histogram: the ranges came from a file, or the tensor held nothing but zeros.");
  const box = plot(width => drawHistogram(tensor, hist, width));
  const log = el("input", {type: "checkbox", checked: histogramView.log, onchange: e => { histogramView.log = e.target.checked; box.redraw(); }});
  return el("div", {}, el("div", {class: "tools"}, legend([["var(--accent)", "values kept"], ["var(--float)", "clipped"]]), el("label", {}, log, "log scale")), box);
}

function drawHistogram(tensor, hist, width) {
  const marks = thresholdMarks(tensor);
  const top = 20 + 15 * marks.length, left = 52, right = 14, plotHeight = width < 500 ? 170 : 220, bottom = top + plotHeight;
  const methods = marks.flatMap(mark => [mark.low, mark.high]);
  let low = Math.min(-hist.zero * hist.width, ...methods), high = Math.max((hist.counts.length - hist.zero) * hist.width, ...methods);
  if (low === high) high = low + 1;
  const x = value => left + (width - left - right) * (value - low) / (high - low);
  const most = Math.max(...hist.counts, hist.zeros, 1);
  const ceiling = histogramView.log ? Math.log10(most + 1) : most;
  const y = count => bottom - plotHeight * (histogramView.log ? Math.log10(count + 1) : count) / ceiling;

  const root = svg("svg", {height: bottom + 34, viewBox: `0 0 ${width} ${bottom + 34}`, role: "img", "aria-label": `Histogram of ${tensor.name}`});
  root.append(...countAxis(most, y, left, width - right), ...valueAxis(low, high, x, bottom, width));
  let kept = "", clipped = "";
  hist.counts.forEach((count, j) => {
    if (count < 0.5) return;
    const from = (j - hist.zero) * hist.width, to = from + hist.width;
    const column = (a, b) => a < b ? `M${x(a).toFixed(2)} ${bottom}V${y(count).toFixed(2)}H${x(b).toFixed(2)}V${bottom}z` : "";
    kept += column(Math.max(from, tensor.low), Math.min(to, tensor.high));
    clipped += column(from, Math.min(to, tensor.low)) + column(Math.max(from, tensor.high), to);
  });
  root.append(svg("path", {d: kept, fill: "var(--accent)", opacity: 0.85}), svg("path", {d: clipped, fill: "var(--float)"}));
  if (hist.zeros > 0) {
    root.append(svg("line", {x1: x(0), x2: x(0), y1: bottom, y2: y(hist.zeros), stroke: "var(--ink)", "stroke-width": 2.5}),
                svg("circle", {cx: x(0), cy: y(hist.zeros), r: 3.5, fill: "var(--ink)"}));
  }
  marks.forEach((mark, i) => root.append(...drawMark(mark, 14 + 15 * i, bottom, x, width)));
  return root;
}

/// The widest range first: it is drawn outermost.
function thresholdMarks(tensor) {
  const others = Object.entries(tensor.methods || {}).map(([name, [low, high]]) => ({name, low, high}));
  const chosen = {name: (tensor.method || "range") + ", chosen", low: tensor.low, high: tensor.high, chosen: true};
  return [...others.filter(mark => mark.name !== tensor.method), chosen].sort((a, b) => b.high - a.high);
}

function drawMark(mark, row, bottom, x, width) {
  const color = mark.chosen ? "var(--ink)" : "var(--faint)";
  const line = value => svg("line", {x1: x(value), x2: x(value), y1: row, y2: bottom, stroke: color, "stroke-width": mark.chosen ? 2 : 1,
                                     "stroke-dasharray": mark.chosen ? null : "3 3", opacity: mark.chosen ? 1 : 0.75});
  const text = `${mark.name} ${mark.low === 0 ? "" : short(mark.low) + " … "}${short(mark.high)}`;
  const end = x(mark.high), room = (mark.chosen ? 7.4 : 6.8) * text.length;
  const before = end + 5 + room > width;  // the label stands on the side that has room
  return [mark.low !== 0 && line(mark.low), line(mark.high),
          svg("line", {x1: x(mark.low), x2: end, y1: row, y2: row, stroke: color, "stroke-width": mark.chosen ? 2 : 1, opacity: mark.chosen ? 1 : 0.75}),
          svg("text", {x: before ? Math.max(end - 5, room) : end + 5, y: row - 3, "text-anchor": before ? "end" : "start", class: mark.chosen ? "label strong" : "label"}, text)].filter(Boolean);
}

function countAxis(most, y, left, right) {
  const counts = histogramView.log ? Array.from({length: Math.floor(Math.log10(most)) + 1}, (_, i) => Math.pow(10, i)) : ticks(0, most, 4);
  const every = Math.ceil(counts.length / 6);
  return counts.filter((_, i) => i % every === 0).flatMap(count => [
    svg("line", {class: "axis", x1: left, x2: right, y1: y(count), y2: y(count)}),
    svg("text", {x: left - 7, y: y(count) + 4, "text-anchor": "end"}, compactCount(count))]);
}
const compactCount = x => x >= 1e9 ? x / 1e9 + "G" : x >= 1e6 ? x / 1e6 + "M" : x >= 1e3 ? x / 1e3 + "k" : String(x);

function valueAxis(low, high, x, bottom, width) {
  const marks = ticks(low, high, width < 500 ? 4 : 8);
  return [svg("line", {class: "axis", x1: x(low), x2: x(high), y1: bottom, y2: bottom}),
          ...marks.map(value => svg("text", {x: x(value), y: bottom + 18, "text-anchor": "middle"}, short(value)))];
}
