// Making elements, writing numbers, colours of precisions. Everything that comes from the model (names) becomes text nodes, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(3)) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
  return element;
}
const el = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

// --- numbers --------------------------------------------------------------------------------------------------------

const NONE = "–";
const isNumber = x => typeof x === "number" && Number.isFinite(x);
/// JSON has no infinity: an SQNR of a value without any error is written as the word "inf".
const decibels = x => x === "inf" ? "exact" : isNumber(x) ? x.toFixed(1) + " dB" : NONE;
const decibelOrder = x => x === "inf" ? 1e9 : x;
const fixed = (x, digits) => isNumber(x) ? x.toFixed(digits) : NONE;
/// Three or four significant digits, without a long tail of zeros.
function short(x) {
  if (!isNumber(x)) return NONE;
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e6 || size < 1e-4) return x.toExponential(2).replace("-", "−").replace("e+", "e");
  return String(Number(x.toPrecision(4))).replace("-", "−");
}
function bytes(x) {
  if (!isNumber(x)) return NONE;
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (x >= 1000 && unit + 1 < units.length) { x /= 1000; ++unit; }
  return (unit === 0 ? x : x.toFixed(1)) + " " + units[unit];
}
/// A share of one in percent; a share too small for its digits is not shown as nothing.
function percent(share, digits = 1) {
  if (!isNumber(share)) return NONE;
  const value = 100 * share;
  if (value > 0 && value < Math.pow(10, -digits) / 2) return "< " + Math.pow(10, -digits).toFixed(digits) + " %";
  if (value < 100 && value > 100 - Math.pow(10, -digits) / 2) return "> " + (100 - Math.pow(10, -digits)).toFixed(digits) + " %";
  return value.toFixed(digits) + " %";
}
const milliseconds = x => !isNumber(x) ? NONE : x >= 100 ? x.toFixed(0) + " ms" : x >= 1 ? x.toFixed(2) + " ms" : x >= 0.001 ? (1000 * x).toFixed(x < 0.01 ? 1 : 0) + " µs" : "0 µs";
const thousands = x => isNumber(x) ? String(x).replace(/\B(?=(\d{3})+$)/g, " ") : NONE;
const plural = (count, word) => thousands(count) + " " + word + (count === 1 ? "" : "s");
const baseName = path => path.replace(/^.*[\\/]/, "");
const times = x => x >= 10 ? x.toFixed(0) + "×" : x.toFixed(x >= 1.995 ? 1 : 2) + "×";

/// Round steps for an axis from low to high.
function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(wanted, 1);
  if (!(rough > 0)) return [low];
  const power = Math.pow(10, Math.floor(Math.log10(rough)));
  const step = power * [1, 2, 5, 10].find(m => m * power >= rough * 0.999);
  const result = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) result.push(i * step);
  return result;
}

// --- packed numbers -------------------------------------------------------------------------------------------------

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const DIGIT_OF = Object.fromEntries([...DIGITS].map((digit, i) => [digit, i]));
/// Two digits a number, 0 to 4095.
function unpack(text) {
  const result = new Array(text.length / 2);
  for (let i = 0; i < result.length; ++i) result[i] = 64 * DIGIT_OF[text[2 * i]] + DIGIT_OF[text[2 * i + 1]];
  return result;
}
/// Counts are packed as round(64 log2(1 + count)).
const unpackCounts = text => unpack(text).map(x => Math.pow(2, x / 64) - 1);
/// Sizes up to `largest` are packed as their distance from it: 1 + round(128 log2(largest / size)); 0 is zero.
const unpackSizes = (text, largest) => unpack(text).map(x => x === 0 ? 0 : largest * Math.pow(2, (1 - x) / 128));

// --- precisions -----------------------------------------------------------------------------------------------------

const PRECISIONS = [  // the first that matches a treatment gives its colour
  [/^int8 \(moves/, "moves"], [/absorb/, "absorbed"], [/dynamic/, "dynamic"], [/weight|int4|uint4/, "weights"],
  [/16|half/, "half"], [/int8|quantized/, "int8"],
];
const precisionOf = treatment => (PRECISIONS.find(([pattern]) => pattern.test(treatment)) || [0, "float"])[1];
const colorOf = treatment => `var(--${precisionOf(treatment)})`;
const swatch = color => el("i", {class: "swatch", style: `background:${color}`});
const tag = treatment => el("span", {class: "tag"}, swatch(colorOf(treatment)), treatment);
const legend = entries => el("div", {class: "legend"}, entries.map(([color, text]) => el("span", {}, swatch(color), text)));

// --- things that are drawn when they come into view ----------------------------------------------------------------

const watched = new Map();
const inView = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) drawNow(entry.target);
}, {rootMargin: "300px"});
function drawNow(element) {
  const draw = watched.get(element);
  if (!draw) return;
  watched.delete(element);
  inView.unobserve(element);
  draw();
}
function whenVisible(element, draw) {
  watched.set(element, draw);
  inView.observe(element);
  return element;
}
/// A plot that is drawn for the width it has, and again when that changes. `draw(width)` gives an <svg>.
function plot(draw) {
  const box = el("div", {class: "plot"});
  let drawn = 0;
  const redraw = () => {
    const width = Math.round(box.clientWidth);
    if (width === 0 || width === drawn) return;
    drawn = width;
    box.replaceChildren(draw(width));
  };
  box.redraw = () => { drawn = 0; redraw(); };
  whenVisible(box, () => new ResizeObserver(redraw).observe(box));
  return box;
}
addEventListener("beforeprint", () => [...watched.keys()].forEach(drawNow));

const tip = document.getElementById("tip");
function showTip(event, text) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(event.clientX + 14, innerWidth - box.width - 8)) + "px";
  tip.style.top = (event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 18) + "px";
}
const hideTip = () => { tip.hidden = true; };
addEventListener("scroll", hideTip, {passive: true});
