// The report of `quantize MODEL`: the verdict, then layers, values, weights, the graph, what stayed float, how it was made.

function quantizePage(data) {
  const nodes = data.nodes;
  const saturated = new Map(data.saturation ? data.saturation.layers.map(layer => [layer.label, layer.changed]) : []);
  for (const node of nodes) node.changed = saturated.get(node.label);
  const first = data.verification[0], output = first && mainOutput(first);
  addHeader(["quantize report", data.mode, targetOf(data) && "for " + targetOf(data)].filter(Boolean).join(" · "), baseName(data.model.path), quantizeLead(data, first, output));
  page.append(el("div", {class: "cards"}, sizeCard(data), agreementCard(data, first, output), latencyCard(data)));
  addWarnings(data.warnings);

  const graph = graphView(nodes, Math.max(0, nodes.indexOf(worstNode(nodes))));
  const showNode = index => graph.choose(index);
  addLayers(data, nodes, showNode);
  addTensors(data, nodes);
  addWeights(data);
  addSection("graph", "Graph", "Three steps up and down from one node, coloured by precision. Choose a node by name, or press one in the drawing.", graph);
  addFloat(nodes);
  addSaturation(data);
  addMaking(data);
  addNavigation({layers: "Layers", values: "Values", weights: "Weights", graph: "Graph", float: "Left in float", saturation: "Without VNNI", making: "How it was made"});
}

/// A target matters only to products of integers, the spread of weights to all that are stored as such.
const hasAny = (data, ...precisions) => data.nodes.some(node => precisions.includes(precisionOf(node.treatment)));
const targetOf = data => hasAny(data, "int8", "dynamic") ? data.target : null;

const worstNode = nodes => nodes.filter(node => isNumber(node.sqnr)).sort((a, b) => a.sqnr - b.sqnr)[0] || nodes.find(node => precisionOf(node.treatment) !== "float");

/// What the verdict is about: scores of classes, else the first output of real numbers, else the first.
const mainOutput = verification => verification.outputs.find(output => isNumber(output.same_top1)) || verification.outputs.find(output => "cosine" in output) || verification.outputs[0];

// --- the verdict ----------------------------------------------------------------------------------------------------

function quantizeLead(data, verification, output) {
  const parts = [`The ${data.mode} model is ${ratioText(data.model.bytes, data.output.bytes, "smaller", "larger")}`];
  if (data.latency) parts[0] += ` and ${ratioText(data.latency.float.p50, data.latency.quantized.p50, "faster", "slower")} on this CPU`;
  if (output) parts.push(agreementText(verification, output));
  else parts.push("Its outputs were not compared with the float model's");
  return parts.join(". ") + ".";
}

function agreementText(verification, output) {
  const samples = plural(verification.samples, "sample");
  if (!("cosine" in output)) return `On ${samples}, of its output ${output.output}: ${output.text}`;
  if (!isNumber(output.same_top1)) return `On ${samples} its output ${output.output} has an SQNR of ${decibels(output.sqnr_db)} and a cosine of ${fixed(output.cosine, 5)} with the float model's`;
  const interval = output.same_top1_interval ? `; with so few samples the true share lies between ${output.same_top1_interval[0].toFixed(1)} and ${output.same_top1_interval[1].toFixed(1)} % (95 % interval)` : "";
  return `On ${samples} it names the same class as the float model in ${percent(output.same_top1)}${interval}`;
}

const sizeCard = data => card("Size", ratioText(data.model.bytes, data.output.bytes, "smaller", "larger"), bars([
  {name: "float", value: data.model.bytes, text: bytes(data.model.bytes), color: "var(--series-0)"},
  {name: data.mode, value: data.output.bytes, text: bytes(data.output.bytes), color: "var(--series-1)"}]), baseName(data.output.path));

function agreementCard(data, verification, output) {
  if (!output) return card("Agreement with float", "not measured", null, data.not_verified || "No samples to compare with.");
  if (!("cosine" in output)) return card("Agreement with float", output.output, null, output.text);
  const note = `${decibels(output.sqnr_db) === "exact" ? "no error" : "SQNR " + decibels(output.sqnr_db)}, cosine ${fixed(output.cosine, 5)}, on ${plural(verification.samples, "sample")}`;
  const top1 = data.verification.map(row => ({backend: row.backend, ...mainOutput(row)})).filter(row => isNumber(row.same_top1));
  if (!top1.length) {
    return card("Agreement with float", decibels(output.sqnr_db), bars([{name: "cosine", value: output.cosine, text: fixed(output.cosine, 5), color: "var(--series-1)"}], 1), note);
  }
  const rows = top1.map(row => ({name: data.mode + (row.backend === "reference" ? ", exact" : ""), value: 100 * row.same_top1, low: (row.same_top1_interval || [])[0],
                                 high: (row.same_top1_interval || [])[1], text: percent(row.same_top1), color: "var(--series-1)"}));
  return card("Same top-1 class as float", percent(output.same_top1), bars([{name: "float", value: 100, text: "100.0 %", color: "var(--series-0)"}, ...rows], 100), note + "; whisker: 95 % interval");
}

function latencyCard(data) {
  if (!data.latency) return card("Latency", "not measured", null, "Without samples nothing was run.");
  const {float, quantized} = data.latency;
  const row = (name, times_, color) => ({name, value: times_.p50, low: times_.p50, high: times_.p90, text: milliseconds(times_.p50), color});
  return card("Latency of one sample", ratioText(float.p50, quantized.p50, "faster", "slower"),
              bars([row("float", float, "var(--series-0)"), row(data.mode, quantized, "var(--series-1)")]),
              `median of ${plural(quantized.runs, "run")}, in turn; whisker: to the 90th percentile; ${plural(data.cpu.threads, "thread")}, ${data.cpu.isa}`);
}

// --- layers ---------------------------------------------------------------------------------------------------------

function addLayers(data, nodes, showNode) {
  const kinds = [...new Set(nodes.map(node => node.treatment))];
  const counts = kinds.map(kind => [colorOf(kind), `${kind}: ${nodes.filter(node => node.treatment === kind).length}`]);
  const measured = hasSqnr(nodes) || hasTimes(nodes);
  const note = measured ? "SQNR compares each value with the same value of the float model, so errors of all layers before are in it. Press the plot to see a node in the graph."
                        : "What became of each node." + (data.latency ? "" : " Nothing was run, so there are no errors and times.");
  const columns = [
    {title: "Node", value: node => node.label, kind: "name"},
    {title: "Op", value: node => node.op, kind: "op wide"},
    {title: "Precision", value: node => node.treatment, show: node => tag(node.treatment), kind: "wide"},
    hasSqnr(nodes) && {title: "SQNR", value: node => decibelOrder(node.sqnr), show: node => decibels(node.sqnr), number: true, about: "against the same value of the float model"},
    hasTimes(nodes) && {title: "Time", value: node => node.ms, show: node => milliseconds(node.ms), number: true, largestFirst: true, about: "of one run of this step; what is fused into another step has none"},
    nodes.some(node => isNumber(node.msFloat)) && {title: "Float", value: node => node.msFloat, show: node => milliseconds(node.msFloat), number: true, kind: "wide", largestFirst: true, about: "the same step of the float model"},
  ].filter(Boolean);
  const index = new Map(nodes.map((node, i) => [node, i]));
  const table = sortedTable({
    rows: nodes, columns, sort: hasSqnr(nodes) ? [3, true] : null, noun: "node", label: "Layers", text: node => `${node.label} ${node.op} ${node.value}`,
    placeholder: "Filter by name or operator", group: node => node.treatment, groupName: "All precisions", subtitle: node => [swatch(colorOf(node.treatment)), ` ${node.op}, ${node.treatment}`],
    detail: node => nodeDetail(node, () => showNode(index.get(node))),
  });
  addSection("layers", "Along the network", note, legend(counts), measured && layersPlot(nodes, showNode), measured && el("div", {style: "height:18px"}), table);
}

const nodeDetail = (node, show) => el("div", {}, el("p", {}, node.reason || "no reason noted"),
  numbers([["operator", node.op], ["result", el("span", {class: "mono"}, node.value)], ["SQNR", node.sqnr !== undefined && decibels(node.sqnr)], ["cosine", isNumber(node.cosine) && fixed(node.cosine, 6)],
           ["runs as", node.step], ["time", isNumber(node.ms) && milliseconds(node.ms)], ["float", isNumber(node.msFloat) && milliseconds(node.msFloat)],
           ["changed without VNNI", isNumber(node.changed) && percent(node.changed, 2)]]),
  el("button", {type: "button", class: "more", onclick: show}, "Show in the graph"));

// --- values ---------------------------------------------------------------------------------------------------------

function addTensors(data, nodes) {
  if (!data.tensors.length) return;
  for (const tensor of data.tensors) {
    const node = isNumber(tensor.node) ? nodes[tensor.node] : null;
    tensor.op = node ? node.op : "input";
    tensor.sqnr = node ? node.sqnr : undefined;
    tensor.method = data.calibration.method.replace(/[ ,].*/, "");
  }
  const has = key => data.tensors.some(tensor => tensor[key] !== undefined && tensor[key] !== null);
  const columns = [
    {title: "Value", value: tensor => tensor.name, kind: "name"},
    {title: "Op", value: tensor => tensor.op, kind: "op wide"},
    has("hist") && {title: "Histogram", sortable: false, value: () => 0, show: tensor => sparkline(tensor)},
    has("sqnr") && {title: "SQNR", value: tensor => decibelOrder(tensor.sqnr), show: tensor => decibels(tensor.sqnr), number: true, about: "against the float model, errors of the layers before included"},
    has("alone") && {title: "Alone", value: tensor => decibelOrder(tensor.alone), show: tensor => decibels(tensor.alone), number: true, kind: "wide", about: "SQNR of rounding and clipping this value alone, from its histogram"},
    has("clipped") && {title: "Clipped", value: tensor => tensor.clipped, show: tensor => tensor.clipped === 0 ? "none" : percent(tensor.clipped, 3), number: true, largestFirst: true, about: "share of the elements outside the range"},
    {title: "Scale", value: tensor => tensor.scale, show: tensor => short(tensor.scale), number: true, kind: "wide", largestFirst: true},
    {title: "Zero", value: tensor => tensor.zero_point, number: true, kind: "wide"},
  ].filter(Boolean);
  const byError = columns.findIndex(column => column.title === "SQNR" || column.title === "Alone");
  const table = sortedTable({
    rows: data.tensors, columns, sort: [Math.max(0, byError), true], noun: "value", label: "Calibrated values", text: tensor => `${tensor.name} ${tensor.op}`,
    placeholder: "Filter by name or operator", group: tensor => tensor.op, groupName: "All operators", subtitle: tensor => tensor.op, detail: tensorDetail,
  });
  addSection("values", "Calibrated values", "Every value that is stored in 8 bits, with what calibration saw of it and the range that was chosen. " +
             "SQNR is measured along the network; Alone is what rounding and clipping this one value costs. Press a row for its histogram.", table);
  table.openFirst();
}

const tensorDetail = tensor => el("div", {}, el("h3", {}, tensor.name),
  tensor.levelled && el("p", {}, "Its channels are divided by levels before they are quantized: the numbers are those of what is left."), numbers([
  ["scale", short(tensor.scale)], ["zero point", String(tensor.zero_point)], ["type", tensor.type], ["represents", `${short(tensor.low)} to ${short(tensor.high)}`],
  ["seen", tensor.seen && `${short(tensor.seen[0])} to ${short(tensor.seen[1])}`], ["elements", tensor.elements && thousands(tensor.elements)],
  ["exact zeros", tensor.hist && tensor.elements && percent(tensor.hist.zeros / tensor.elements)], ["clipped", isNumber(tensor.clipped) && (tensor.clipped === 0 ? "none" : percent(tensor.clipped, 4))],
  ["SQNR", tensor.sqnr !== undefined && decibels(tensor.sqnr)], ["SQNR alone", tensor.alone !== undefined && decibels(tensor.alone)], ["not finite", tensor.non_finite && thousands(tensor.non_finite)],
]), histogramPlot(tensor));

// --- weights, what stayed float, saturation, the making ---------------------------------------------------------------

function addWeights(data) {
  if (!data.weights.length || !hasAny(data, "int8", "dynamic", "weights")) return;
  addSection("weights", "Ranges of weights", "The largest weight of each output channel, beside the largest of its layer. Dark channels need a finer scale than bright ones; " +
             "spread says how many bits one scale for the whole layer would take from its middle channel.", strips(data.weights));
}

function addFloat(nodes) {
  const float = nodes.filter(node => precisionOf(node.treatment) === "float");
  const groups = new Map();
  for (const node of float) groups.set(node.reason, [...(groups.get(node.reason) || []), node]);
  const sorted = [...groups].sort((a, b) => b[1].length - a[1].length);
  const note = float.length === 0 ? "No node did." : `${float.length} of ${plural(nodes.length, "node")}, by reason. Press a line for the names.`;
  addSection("float", "What stayed float, and why", note, el("div", {class: "reasons"}, sorted.map(([reason, members]) => el("details", {},
    el("summary", {}, el("span", {class: "count"}, members.length), el("span", {class: "why"}, reason || "no reason noted"), el("span", {class: "ops"}, [...new Set(members.map(node => node.op))].slice(0, 4).join(", "))),
    el("ul", {}, members.slice(0, 400).map(node => el("li", {}, `${node.label} (${node.op})`)))))));
}

function addSaturation(data) {
  if (!data.saturation) return;
  const layers = data.saturation.layers;
  const changed = layers.filter(layer => layer.changed > 0);
  const found = changed.length ? ` ${changed.length} of ${plural(layers.length, "int8 layer")} change.` : ` None of the ${plural(layers.length, "int8 layer")} changes: the model gives the same everywhere.`;
  addSection("saturation", "On CPUs without VNNI", saturationNote + found, changed.length > 0 && saturationTable(layers));
}

function addMaking(data) {
  const calibration = data.calibration;
  addSection("making", "How it was made", null, facts([
    ["Model", `${data.model.path} (${bytes(data.model.bytes)})`], ["Result", `${data.output.path} (${bytes(data.output.bytes)}, opset ${data.output.opset})`],
    ["Mode", data.mode + (targetOf(data) ? `, for ${targetOf(data)}` : "")],
    ["Calibration", calibration.method && `${calibration.method}: ${calibration.source} in ${calibration.seconds.toFixed(1)} s`], ["Pictures", calibration.preprocess],
    ["Not compared", data.not_verified], ["Not run", data.not_run], ["Compared with", data.verified_with], ["Agreement", data.verification.map(row => `${row.samples} samples on backend ${row.backend}: ` + row.outputs.map(output => `${output.output}: ${output.text}`).join("; ")).join(". ")],
    ["MACs", data.verification.length > 0 && macsText(data.verification[0])], ["Passes", data.passes.filter(pass => pass.changes > 0).map(pass => `${pass.pass} ${pass.changes}`).join(", ")],
    ["CPU", cpuText(data.cpu)], ["Took", `${data.seconds.toFixed(1)} s, peak memory ${bytes(data.peak_memory_bytes)}`], ["Program", data.program],
  ]));
}

const macsText = row => row.macs > 0 && `${(row.macs / 1e6).toFixed(1)} M for one sample, ${percent(row.macs_int8 / row.macs)} of them in int8` + (row.macs_float16 ? `, ${percent(row.macs_float16 / row.macs)} in 16 bits` : "");
