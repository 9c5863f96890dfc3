// What happens along the network: SQNR of each value and time of each step, one place on the horizontal axis for each node.

/// nodes: with .sqnr (decibels, "inf" or nothing), .ms and .msFloat; `choose(index)` is told of a click. Several series may be given
/// for the same nodes: {name, color, values: [number]}.
function layersPlot(nodes, choose) {
  return plot(width => drawLayers(nodes, width, choose));
}

const hasTimes = nodes => nodes.some(node => isNumber(node.ms));
const hasSqnr = nodes => nodes.some(node => node.sqnr !== undefined);

function drawLayers(nodes, width, choose) {
  const left = 52, right = 8, gap = 34;
  const parts = [hasSqnr(nodes) && "sqnr", hasTimes(nodes) && "time"].filter(Boolean);
  const heights = {sqnr: width < 500 ? 150 : 190, time: width < 500 ? 90 : 120};
  const x = i => left + (width - left - right) * (i + 0.5) / nodes.length;
  const root = svg("svg", {role: "img", "aria-label": "SQNR and time along the network"});
  let top = 20;
  for (const part of parts) {
    root.append(...(part === "sqnr" ? drawSqnr : drawTimes)(nodes, x, top, heights[part], left, width - right));
    top += heights[part] + gap;
  }
  root.append(svg("text", {x: left, y: top - gap + 20}, "first node"), svg("text", {x: width - right, y: top - gap + 20, "text-anchor": "end"}, "last node"));
  const cursor = svg("line", {y1: 14, y2: top - gap, stroke: "var(--ink)", "stroke-width": 1, opacity: 0});
  const at = event => {
    const box = root.getBoundingClientRect();
    return Math.max(0, Math.min(nodes.length - 1, Math.floor(nodes.length * ((event.clientX - box.left) * width / box.width - left) / (width - left - right))));
  };
  root.append(cursor);
  root.addEventListener("pointermove", event => {
    const i = at(event);
    fill(cursor, {x1: x(i), x2: x(i), opacity: 0.5}, []);
    showTip(event, nodeTip(nodes[i]));
  });
  root.addEventListener("pointerleave", () => { cursor.setAttribute("opacity", 0); hideTip(); });
  if (choose) root.addEventListener("click", event => choose(at(event)));
  root.style.cursor = choose ? "pointer" : "default";
  fill(root, {height: top - gap + 28, viewBox: `0 0 ${width} ${top - gap + 28}`}, []);
  return root;
}

const nodeTip = node => [node.label, `${node.op}, ${node.treatment}`, node.sqnr !== undefined && "SQNR " + decibels(node.sqnr),
  isNumber(node.ms) && "time " + milliseconds(node.ms) + (isNumber(node.msFloat) ? ` (float ${milliseconds(node.msFloat)})` : "")].filter(Boolean).join("\n");

/// One stroke of round dots for each precision keeps 1,500 nodes light.
function drawSqnr(nodes, x, top, height, left, right) {
  const seen = nodes.map(node => node.sqnr).filter(isNumber);
  const high = Math.max(40, Math.ceil(Math.max(...seen, 0) / 10) * 10), low = Math.min(0, Math.floor(Math.min(...seen, 0) / 10) * 10);
  const y = value => top + height * (high - Math.max(low, Math.min(high, value))) / (high - low);
  const parts = [svg("text", {x: left, y: top - 7, class: "strong"}, "SQNR, dB (higher is nearer to float)")];
  for (const value of ticks(low, high, 4)) {
    parts.push(svg("line", {class: "axis", x1: left, x2: right, y1: y(value), y2: y(value)}), svg("text", {x: left - 8, y: y(value) + 4, "text-anchor": "end"}, short(value)));
  }
  let line = "";
  const dots = new Map();
  nodes.forEach((node, i) => {
    if (node.sqnr === undefined) return;
    const px = x(i).toFixed(1), py = y(decibelOrder(node.sqnr)).toFixed(1);
    line += `${line ? "L" : "M"}${px} ${py}`;
    const color = colorOf(node.treatment);
    dots.set(color, (dots.get(color) || "") + `M${px} ${py}h0`);
  });
  parts.push(svg("path", {d: line, fill: "none", stroke: "var(--line)", "stroke-width": 1.5}));
  const size = Math.max(3, Math.min(8, 300 / Math.sqrt(nodes.length) / 3));
  for (const [color, d] of dots) parts.push(svg("path", {d, fill: "none", stroke: color, "stroke-width": size, "stroke-linecap": "round"}));
  return parts;
}

function drawTimes(nodes, x, top, height, left, right) {
  const high = Math.max(...nodes.map(node => Math.max(node.ms || 0, node.msFloat || 0))) || 1;
  const y = value => top + height * (1 - value / high), wide = Math.max(1, (right - left) / nodes.length * 0.8), bottom = top + height;
  const withFloat = nodes.some(node => isNumber(node.msFloat));
  const parts = [svg("text", {x: left, y: top - 7, class: "strong"}, withFloat ? "Time of a step, ms (faint: float)" : "Time of a step, ms")];
  for (const value of ticks(0, high, 3)) {
    parts.push(svg("line", {class: "axis", x1: left, x2: right, y1: y(value), y2: y(value)}), svg("text", {x: left - 8, y: y(value) + 4, "text-anchor": "end"}, short(value)));
  }
  const paths = new Map([["var(--faint)", ""]]);
  nodes.forEach((node, i) => {
    const column = (value, share) => `M${(x(i) - wide * share / 2).toFixed(1)} ${bottom}V${y(value).toFixed(1)}h${(wide * share).toFixed(1)}V${bottom}z`;
    if (isNumber(node.msFloat)) paths.set("var(--faint)", paths.get("var(--faint)") + column(node.msFloat, 1));
    if (isNumber(node.ms)) paths.set(colorOf(node.treatment), (paths.get(colorOf(node.treatment)) || "") + column(node.ms, withFloat ? 0.6 : 1));
  });
  for (const [color, d] of paths) parts.push(svg("path", {d, fill: color, opacity: color === "var(--faint)" ? 0.4 : 1}));
  return parts;
}
