// The ranges of the weights of each output channel, as a strip of colours: one row a layer, one cell a channel.

// Cividis, which those who see colours differently read the same way; from a 256th of the layer's largest range to all of it.
const HEAT = ["#00224e", "#1a386f", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];
const HEAT_OCTAVES = 8;

function strip(weights) {
  const sizes = unpackSizes(weights.sizes, weights.largest), cells = sizes.length;
  const paths = HEAT.map(() => "");
  sizes.forEach((size, i) => {
    const octave = size === 0 ? HEAT_OCTAVES : Math.min(HEAT_OCTAVES, Math.log2(weights.largest / size));
    paths[Math.round((1 - octave / HEAT_OCTAVES) * (HEAT.length - 1))] += `M${i} 0h1v1h-1z`;
  });
  const drawing = svg("svg", {viewBox: `0 0 ${cells} 1`, preserveAspectRatio: "none", role: "img", "aria-label": `Ranges of ${weights.channels} channels of ${weights.label}`},
    paths.map((d, i) => d && svg("path", {d, fill: HEAT[i], "shape-rendering": "crispEdges"})));
  drawing.addEventListener("pointermove", event => {
    const box = drawing.getBoundingClientRect(), cell = Math.max(0, Math.min(cells - 1, Math.floor(cells * (event.clientX - box.left) / box.width)));
    const first = Math.floor(weights.channels * cell / cells), last = Math.floor(weights.channels * (cell + 1) / cells) - 1;
    showTip(event, `${last > first ? `channels ${first} to ${last}` : `channel ${first}`}\nlargest weight ${short(sizes[cell])}`);
  });
  drawing.addEventListener("pointerleave", hideTip);
  return drawing;
}

/// How many bits one scale for the whole tensor would take from the middle channel.
function bitsLost(weights) {
  const sizes = unpackSizes(weights.sizes, weights.largest).filter(size => size > 0).sort((a, b) => a - b);
  return sizes.length === 0 ? 0 : Math.log2(weights.largest / sizes[Math.floor(sizes.length / 2)]);
}

const STRIPS_AT_ONCE = 60;

function strips(list) {
  const line = (kind, name, place, channels, spread) => el("div", {class: "line " + kind}, el("div", {class: "name", title: name}, name), place,
                                                           el("div", {class: "num shape"}, channels), el("div", {class: "num"}, spread));
  const grid = el("div", {class: "strips"}, line("head", "layer", el("div", {class: "wide"}, "output channels, first to last"), "channels", "spread"));
  let made = 0;
  const more = el("button", {type: "button", class: "more", onclick: () => add()}, "More layers");
  function add() {
    for (const weights of list.slice(made, made + STRIPS_AT_ONCE)) {
      const place = svg("svg", {});
      grid.append(line("", weights.label, place, thousands(weights.channels), fixed(bitsLost(weights), 1) + " bits"));
      whenVisible(place, () => place.replaceWith(strip(weights)));
    }
    made = Math.min(list.length, made + STRIPS_AT_ONCE);
    more.textContent = `Show more (${thousands(list.length - made)} left)`;
    more.hidden = made === list.length;
  }
  add();
  return el("div", {}, el("div", {class: "legend"}, heatLegend()), grid, more);
}

function heatLegend() {
  const scale = svg("svg", {width: 120, height: 12, viewBox: `0 0 ${HEAT.length} 1`, preserveAspectRatio: "none", "aria-hidden": "true"},
                    HEAT.map((color, i) => svg("rect", {x: i, y: 0, width: 1.02, height: 1, fill: color})));
  return el("span", {}, "1/256 of the largest", scale, "the layer's largest weight");
}
