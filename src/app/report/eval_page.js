// The report of `quantize eval MODEL...`: the models side by side, how sure the differences are, where they arise.

const seriesColor = i => `var(--series-${i % 6})`;
/// An SQNR of nothing beside a value to compare with means no error at all.
const sqnrOf = row => row.sqnr_db === null && row.cosine !== null ? "inf" : row.sqnr_db;

function evalPage(data) {
  data.models.forEach((model, i) => { model.color = seriesColor(i); });
  const baseline = data.baseline === null ? null : data.models[data.baseline];
  addHeader(["eval report", data.backend + " backend"].join(" · "), titleOf(data.models), evalLead(data, baseline));
  page.append(el("div", {class: "cards"}, accuracyCard(data, baseline), evalLatencyCard(data), card("Size", bigOf(data, baseline, model => model.bytes, bytes, "smaller", "larger"),
    bars(data.models.map(model => ({name: model.name, value: model.bytes, text: bytes(model.bytes), color: model.color}))))));
  addWarnings(data.warnings);
  addGates(data.gates);
  addComparison(data);
  addDrops(data, baseline);
  addLatencies(data);
  addClasses(data);
  data.models.forEach((model, i) => addEvalLayers(model, i));
  data.models.forEach((model, i) => addIsa(model, i));
  const links = data.models.flatMap((model, i) => [[`layers-${i}`, `Layers: ${shortName(model, data.models)}`], [`isa-${i}`, `Without VNNI: ${shortName(model, data.models)}`]]);
  addEvalMaking(data);
  addNavigation({gates: "Gates", comparison: "Models", drops: "How sure", latencies: "Latency", classes: "Classes", making: "How it was measured", ...Object.fromEntries(links)});
}

const titleOf = models => models.length <= 2 ? models.map(model => model.name).join(" and ") : `${models[0].name} and ${models.length - 1} others`;
/// "int8" of "net.int8.onnx" beside "net.onnx": what is left without the beginning that all names share.
function shortName(model, models) {
  const names = models.map(other => other.name.replace(/\.onnx$/, ""));
  let same = 0;
  while (names[0][same] !== undefined && names.every(name => name[same] === names[0][same])) ++same;
  return model.name.replace(/\.onnx$/, "").slice(names.length > 1 ? same : 0).replace(/^[._-]+/, "") || model.name;
}

const modelOf = (data, baseline) => data.models.find(model => model !== baseline);

function evalLead(data, baseline) {
  const model = baseline && data.models.length === 2 ? modelOf(data, baseline) : null;
  const failed = data.gates.filter(gate => gate.failed).length;
  const gates = data.gates.length === 0 ? "" : failed ? ` ${failed} of ${plural(data.gates.length, "condition")} failed.` : ` All ${plural(data.gates.length, "condition")} hold.`;
  if (!model) return `${plural(data.models.length, "model")} on the same ${plural(data.data.samples, "sample")}.` + gates;
  const parts = [`${model.name} is ${ratioText(baseline.bytes, model.bytes, "smaller", "larger")}`];
  if (model.latency.length && baseline.latency.length) parts[0] += ` and ${ratioText(baseline.latency[0].p50_ms, model.latency[0].p50_ms, "faster", "slower")} than ${baseline.name}`;
  if (model.drop) parts.push(dropText(model.drop, data.data.samples));
  else if (isNumber(model.same_top1_percent)) parts.push(`It names the same class in ${model.same_top1_percent.toFixed(1)} % of ${plural(data.data.samples, "sample")}`);
  else if (model.vectors) parts.push(`Its vectors have a mean cosine of ${fixed(model.vectors.cosine_mean, 5)} with the baseline's`);
  else if (model.outputs.length) parts.push(`Its output ${model.outputs[0].output} has an SQNR of ${decibels(sqnrOf(model.outputs[0]))}`);
  return parts.join(". ") + "." + gates;
}

function dropText(drop, samples) {
  const change = drop.top1_points >= 0 ? `loses ${drop.top1_points.toFixed(2)} points` : `gains ${(-drop.top1_points).toFixed(2)} points`;
  const sure = drop.significant ? "the samples show a difference" : `${samples} samples show no difference`;
  return `It ${change} of top-1; the 95 % interval of the loss is ${signed(drop.top1_interval_points[0])} to ${signed(drop.top1_interval_points[1])}: ${sure}`;
}
const signed = x => (x < 0 ? "−" : "+") + Math.abs(x).toFixed(2);

/// What changed from the baseline to the one other model; of several, the best.
function bigOf(data, baseline, value, show, better, worse) {
  const model = modelOf(data, baseline), values = data.models.map(value).filter(isNumber);
  if (!baseline || !model || data.models.length !== 2 || !value(model) || !value(baseline)) return values.length ? show(Math.min(...values)) + (values.length > 1 ? " at best" : "") : NONE;
  return ratioText(value(baseline), value(model), better, worse);
}

function accuracyCard(data, baseline) {
  const rows = data.models.map(model => accuracyRow(model, model === baseline)).filter(Boolean);
  const labelled = data.models.some(model => model.accuracy);
  const title = labelled ? "Top-1" : data.metric === "classes" ? "Same class as the baseline" : data.metric === "vectors" ? "Cosine with the baseline" : "SQNR against the baseline";
  const most = labelled || data.metric === "classes" ? 100 : data.metric === "vectors" ? 1 : undefined;
  return card(title, accuracyBig(data, baseline, rows), bars(rows, most), labelled ? "whisker: 95 % interval of each; the difference is surer: see below" : null);
}

function accuracyBig(data, baseline, rows) {
  if (!rows.length) return "not measured";
  const model = data.models.length === 2 && baseline ? modelOf(data, baseline) : null;
  if (model && model.drop) return model.drop.top1_points === 0 ? "unchanged" : `${signed(-model.drop.top1_points)} points`;
  const best = rows.reduce((a, b) => b.value > a.value ? b : a);
  return best.text + (rows.length > 1 ? " at best" : "");
}

function accuracyRow(model, is_baseline) {
  const row = {name: model.name, color: model.color};
  if (model.accuracy) return {...row, value: model.accuracy.top1_percent, low: model.accuracy.top1_interval_percent[0], high: model.accuracy.top1_interval_percent[1], text: fixed(model.accuracy.top1_percent, 2) + " %"};
  if (is_baseline) return null;
  if (isNumber(model.same_top1_percent)) return {...row, value: model.same_top1_percent, text: fixed(model.same_top1_percent, 2) + " %"};
  if (model.vectors) return {...row, value: model.vectors.cosine_mean, text: fixed(model.vectors.cosine_mean, 5)};
  if (model.outputs.length) return {...row, value: isNumber(model.outputs[0].sqnr_db) ? model.outputs[0].sqnr_db : 0, text: decibels(sqnrOf(model.outputs[0]))};
  return null;
}

function evalLatencyCard(data) {
  const timed = data.models.filter(model => model.latency.length);
  if (!timed.length) return card("Latency", "not measured", null, "--latency-runs 0");
  const baseline = data.baseline === null ? null : data.models[data.baseline];
  return card("Latency of one run", bigOf(data, baseline, model => model.latency.length ? model.latency[0].p50_ms : undefined, milliseconds, "faster", "slower"),
    bars(timed.map(model => ({name: model.name, value: model.latency[0].p50_ms, low: model.latency[0].p50_ms, high: model.latency[0].p90_ms, text: milliseconds(model.latency[0].p50_ms), color: model.color}))),
    `median of ${plural(timed[0].latency[0].runs, "run")} of batch ${timed[0].latency[0].batch}, in turn; whisker: to the 90th percentile; ${plural(data.cpu.threads, "thread")}`);
}

function addGates(gates) {
  if (!gates.length) return;
  addSection("gates", "Conditions", null, sortedTable({
    rows: gates, sort: [3, true], noun: "condition", label: "Conditions", subtitle: gate => gate.model, columns: [
      {title: "Fail if", value: gate => gate.condition, show: gate => el("code", {}, gate.condition), kind: "name"},
      {title: "Model", value: gate => gate.model, kind: "wide"},
      {title: "Found", value: gate => gate.value, show: gate => `${short(gate.value)} ${gate.unit}`, number: true},
      {title: "Result", value: gate => gate.failed ? 0 : 1, show: gate => el("strong", {class: gate.failed ? "bad" : "good"}, gate.failed ? "failed" : "holds")},
    ]}));
}

function addComparison(data) {
  const has = value => data.models.some(model => value(model) !== null && value(model) !== undefined && value(model) !== false);
  const number = (title, value, show, extra = {}) => has(value) && {title, value, show: model => value(model) === null || value(model) === undefined ? NONE : show(value(model)), number: true, largestFirst: true, ...extra};
  const latency = model => model.latency.length ? model.latency[0] : {};
  const columns = [
    {title: "Model", value: model => model.name, show: model => el("span", {class: "tag", style: "white-space:normal"}, swatch(model.color), model.name), kind: "name"},
    number("Top-1", model => model.accuracy && model.accuracy.top1_percent, x => fixed(x, 2) + " %"),
    number("Top-5", model => model.accuracy && model.accuracy.top5_percent, x => fixed(x, 2) + " %", {kind: "wide"}),
    number("Same", model => model.same_top1_percent, x => fixed(x, 2) + " %", {kind: "wide", about: "share of the samples with the baseline's class"}),
    number("p50", model => latency(model).p50_ms, milliseconds),
    number("p99", model => latency(model).p99_ms, milliseconds, {kind: "wide"}),
    number("Size", model => model.bytes, bytes),
    number("Memory", model => model.peak_memory_bytes, bytes, {kind: "wide", about: "peak of a process that only runs this model"}),
    number("int8", model => model.macs ? model.macs_int8 / model.macs : null, x => percent(x), {kind: "wide", about: "share of the MACs in int8"}),
    number("16 bits", model => model.macs && model.macs_float16 ? model.macs_float16 / model.macs : null, x => percent(x), {kind: "wide", about: "share of the MACs in float16 or bfloat16"}),
  ].filter(Boolean);
  const detail = model => el("div", {}, numbers([["file", el("span", {class: "mono"}, model.path)], ["made by mode", model.mode], ["opset", model.opset && String(model.opset)], ["sha256", model.sha256 && el("span", {class: "mono"}, model.sha256)],
    ["load", model.load_ms && milliseconds(model.load_ms)], ["first run", model.first_run_ms && milliseconds(model.first_run_ms)], ["buffers", model.buffer_bytes && bytes(model.buffer_bytes)],
    ["MACs", model.macs && (model.macs / 1e6).toFixed(1) + " M"], ...model.outputs.map(output => [`output ${output.output}`, `${decibels(sqnrOf(output))}, cosine ${fixed(output.cosine, 5)}, max error ${short(output.max_error)}`])]));
  addSection("comparison", "Side by side", "Press a row for the file, its hash and its outputs.", sortedTable({rows: data.models, columns, noun: "model", label: "Models", detail}));
}

/// Where the loss of top-1 lies with 95 % confidence: right of zero is worse than the baseline.
function addDrops(data, baseline) {
  const models = data.models.filter(model => model.drop);
  if (!models.length) return;
  const all = models.flatMap(model => model.drop.top1_interval_points), low = Math.min(0, ...all), high = Math.max(0, ...all), room = Math.max((high - low) * 0.08, 0.1);
  const drawing = plot(width => {
    const left = 8, right = 8, rowHeight = 52, height = models.length * rowHeight + 34;
    const x = value => left + (width - left - right) * (value - low + room) / (high - low + 2 * room);
    return svg("svg", {height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Loss of top-1 with intervals"},
      ticks(low - room, high + room, width < 500 ? 4 : 8).map(value => [svg("line", {class: "axis", x1: x(value), x2: x(value), y1: 0, y2: height - 26}), svg("text", {x: x(value), y: height - 8, "text-anchor": "middle"}, short(value))]),
      svg("line", {x1: x(0), x2: x(0), y1: 0, y2: height - 26, stroke: "var(--ink)", "stroke-width": 1.5}),
      models.map((model, i) => {
        const y = i * rowHeight + 34, [from, to] = model.drop.top1_interval_points;
        return [svg("text", {x: left, y: y - 15, class: "strong"}, model.name), svg("line", {x1: x(from), x2: x(to), y1: y, y2: y, stroke: model.color, "stroke-width": 5, "stroke-linecap": "round"}),
                svg("circle", {cx: x(model.drop.top1_points), cy: y, r: 6, fill: model.color, stroke: "var(--paper)", "stroke-width": 2})];
      }));
  });
  addSection("drops", "How sure the difference is", `Top-1 points lost against ${baseline.name} on the same samples (dot) and the 95 % interval of the loss. An interval that holds zero shows no difference.`, drawing,
    facts(models.map(model => [model.name, `only the baseline right: ${model.drop.lost} samples; only this model right: ${model.drop.gained}; ${model.drop.significant ? "a difference" : "no difference shown"}`])));
}

function addLatencies(data) {
  const rows = data.models.flatMap(model => model.latency.map(latency => ({...latency, model})));
  if (!rows.length) return;
  const time = (title, key, kind) => ({title, value: row => row[key], show: row => milliseconds(row[key]), number: true, kind, largestFirst: true});
  addSection("latencies", "Latency", "Runs of all models are interleaved, so that a machine that drifts favours none. Samples are prepared before; reading and preparing one takes " + milliseconds(data.data.preprocess_ms) + ".", sortedTable({
    rows, sort: [1, true], noun: "row", label: "Latency", columns: [
      {title: "Model", value: row => row.model.name, show: row => el("span", {class: "tag", style: "white-space:normal"}, swatch(row.model.color), row.model.name), kind: "name"},
      {title: "Batch", value: row => row.batch, number: true}, time("p50", "p50_ms"), time("p90", "p90_ms", "wide"), time("p99", "p99_ms"), time("Spread", "spread_ms", "wide"),
      {title: "Samples/s", value: row => row.samples_per_second, show: row => short(Number(row.samples_per_second.toPrecision(3))), number: true, kind: "wide", largestFirst: true}, {title: "Runs", value: row => row.runs, number: true, kind: "wide"},
    ]}));
}

function addClasses(data) {
  const models = data.models.filter(model => model.accuracy && model.accuracy.classes.length);
  if (!models.length) return;
  const classes = models[0].accuracy.classes.map((first, i) => ({label: first.label, name: first.name || String(first.label), samples: first.samples, right: models.map(model => model.accuracy.classes[i] ? model.accuracy.classes[i].top1 : null)}));
  addSection("classes", "By class", "How many samples of each class a model gets right.", sortedTable({
    rows: classes, sort: [models.length > 1 ? 2 : 0, true], noun: "class", label: "Classes", text: row => row.name, columns: [
      {title: "Class", value: row => row.name, kind: "name"}, {title: "Samples", value: row => row.samples, number: true, largestFirst: true},
      models.length > 1 && {title: "Change", value: row => row.right[models.length - 1] - row.right[0], show: row => { const x = row.right[models.length - 1] - row.right[0]; return x === 0 ? "0" : (x < 0 ? "−" : "+") + Math.abs(x); }, number: true, about: "samples that the last model gets right more than the first"},
      ...models.map((model, m) => ({title: shortName(model, data.models), value: row => row.right[m] / row.samples, show: row => percent(row.right[m] / row.samples), number: true, kind: m > 1 ? "wide" : ""})),
    ].filter(Boolean)}));
}

const isHalf = type => /16/.test(type);
/// Element types as the precisions that the colours stand for.
const treatmentOfType = (type, op) => /int8/.test(type) || /^(Fused)?Q|Integer/.test(op) ? "int8" : isHalf(type) ? type : "float";

function addEvalLayers(model, i) {
  if (!model.layers.length) return;
  const nodes = model.layers.map(layer => ({label: layer.node, op: layer.op, treatment: treatmentOfType(layer.type, layer.op), value: layer.value, ms: layer.ms, share: layer.time_share, cosine: layer.cosine,
                                            sqnr: layer.baseline_value ? sqnrOf(layer) : undefined, baseline: layer.baseline_value, error: layer.max_error}));
  const kinds = [...new Set(nodes.map(node => node.treatment))];
  const columns = [
    {title: "Node", value: node => node.label, kind: "name"}, {title: "Runs as", value: node => node.op, kind: "op wide"},
    hasSqnr(nodes) && {title: "SQNR", value: node => decibelOrder(node.sqnr), show: node => decibels(node.sqnr), number: true},
    hasSqnr(nodes) && {title: "Cosine", value: node => node.cosine, show: node => fixed(node.cosine, 5), number: true, kind: "wide"},
    {title: "Time", value: node => node.ms, show: node => milliseconds(node.ms), number: true, largestFirst: true}, {title: "Share", value: node => node.share, show: node => percent(node.share), number: true, kind: "wide", largestFirst: true},
  ].filter(Boolean);
  addSection("layers-" + i, "Layers of " + model.name, hasSqnr(nodes) ? "Each step as it runs: its time, and its result beside the same value of the baseline." : "Each step as it runs.",
    legend(kinds.map(kind => [colorOf(kind), kind])), layersPlot(nodes), el("div", {style: "height:18px"}),
    sortedTable({rows: nodes, columns, sort: hasSqnr(nodes) ? [2, true] : [columns.length - 2, false], noun: "step", label: "Layers of " + model.name, text: node => `${node.label} ${node.op} ${node.value}`,
                 placeholder: "Filter by name or operator", group: node => node.op, groupName: "All operators", subtitle: node => node.op,
                 detail: node => numbers([["result", el("span", {class: "mono"}, node.value)], ["baseline's value", node.baseline && el("span", {class: "mono"}, node.baseline)], ["precision", node.treatment],
                                          ["cosine", isNumber(node.cosine) && fixed(node.cosine, 6)], ["max error", isNumber(node.error) && short(node.error)]])}));
}

function addIsa(model, i) {
  const isa = model.isa_effects;
  if (!isa || !isa.layers.length) return;
  const layers = isa.layers.map(layer => ({label: layer.node, op: layer.op, changed: layer.changed_share, levels: layer.max_change_levels, sqnr: layer.sqnr_db === null ? "inf" : layer.sqnr_db}));
  const accuracy = isa.accuracy && model.accuracy ? ` Top-1 there is ${isa.accuracy.top1_percent.toFixed(2)} % instead of ${model.accuracy.top1_percent.toFixed(2)} %.` : "";
  addSection("isa-" + i, `${model.name} on CPUs without VNNI`, `${saturationNote} There it names the same class as with exact sums in ${isa.same_top1_percent.toFixed(2)} %.${accuracy}`, saturationTable(layers));
}

function addEvalMaking(data) {
  addSection("making", "How it was measured", null, facts([
    ["Command", data.arguments.length > 0 && el("code", {}, data.arguments.join(" "))], ["Samples", data.data.description], ["Labels", data.data.labels], ["Pictures", data.data.preprocess],
    ["Data's sha256", data.data.sha256 && el("code", {}, data.data.sha256)], ["CPU", cpuText(data.cpu)], ["Program", `quantize ${data.program.quantize}, oneDNN ${data.program.onednn}`], ["Took", data.seconds.toFixed(1) + " s"],
  ]));
}
