// Parts that both reports have.

const page = document.getElementById("page");

function addSection(id, title, note, ...content) {
  const section = el("section", {id}, el("h2", {}, title), note && el("p", {class: "note"}, note), content);
  page.append(section);
  return section;
}

function addHeader(overline, title, lead) {
  document.title = `${title} – quantize report`;
  page.append(el("header", {}, el("p", {class: "overline"}, overline), el("h1", {}, title), el("p", {class: "lead"}, lead)));
}

/// The links to the sections; called when all are there.
function addNavigation(names) {
  const links = [...page.querySelectorAll("section")].map(section => el("a", {href: "#" + section.id}, names[section.id] || section.querySelector("h2").textContent));
  page.querySelector("header").after(el("nav", {"aria-label": "Sections"}, links));
}

function addWarnings(warnings) {
  if (!warnings.length) return;
  page.append(el("div", {class: "warnings"}, el("h3", {}, plural(warnings.length, "warning")), el("ul", {}, warnings.map(text => el("li", {}, text)))));
}

const facts = rows => el("dl", {class: "facts"}, rows.filter(([, value]) => value).map(([title, value]) => [el("dt", {}, title), el("dd", {}, value)]));
const numbers = rows => el("dl", {class: "numbers"}, rows.filter(([, value]) => value).map(([title, value]) => el("div", {}, el("dt", {}, title), el("dd", {}, value))));

const cpuText = cpu => `${cpu.model}, ${cpu.isa}${cpu.has_vnni ? "" : ", no VNNI"}, ${plural(cpu.threads, "thread")}`;
const intervalText = (interval, digits = 1) => `${interval[0].toFixed(digits)} to ${interval[1].toFixed(digits)} %`;

/// "3.9 times smaller", or larger.
const ratioText = (before, after, better, worse) => before === after ? "unchanged" : before > after ? `${times(before / after)} ${better}` : `${times(after / before)} ${worse}`;

const saturationNote = "On CPUs without VNNI other programs add products of 8-bit numbers in pairs, in 16 bits, and sums that do not fit saturate. " +
  "Measured layer by layer: what that changes in a layer's results when its inputs are exact. quantize itself computes exactly on every CPU.";

/// layers: {label, op, changed, levels, sqnr}
function saturationTable(layers) {
  return sortedTable({
    rows: layers, sort: [2, false], noun: "layer", label: "Saturation by layer", text: layer => `${layer.label} ${layer.op}`,
    columns: [
      {title: "Layer", value: layer => layer.label, kind: "name"},
      {title: "Op", value: layer => layer.op, kind: "op wide"},
      {title: "Changed", value: layer => layer.changed, show: layer => layer.changed ? percent(layer.changed, 2) : "none", number: true, largestFirst: true, about: "share of the layer's results"},
      {title: "By up to", value: layer => layer.levels, show: layer => layer.levels ? plural(layer.levels, "level") : NONE, number: true, largestFirst: true, about: "levels of the result's scale"},
      {title: "SQNR", value: layer => decibelOrder(layer.sqnr), show: layer => decibels(layer.sqnr), number: true, kind: "wide"},
    ],
  });
}
