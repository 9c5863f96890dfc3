// A table of many rows that sorts, filters, opens details, and makes rows as they are scrolled to.

const ROWS_AT_ONCE = 60;

/// columns: {title, value(row), show(row) (text or element; default: the value), number, wide (left out on phones), kind (a class), sortable}
/// options: {rows, columns, sort: [column, ascending] (default: as given), text(row) (what the filter looks in), group(row) and groupName, detail(row), subtitle(row)}
function sortedTable(options) {
  const [column, ascending] = options.sort || [-1, true];  // no sort: as given
  const state = {column, ascending, text: "", group: "", shown: [], made: 0, open: null};
  const body = el("tbody");
  const heads = options.columns.map((column, i) => head(column, i));
  const box = el("div", {class: "table", tabindex: "0", role: "region", "aria-label": options.label || "table"},
                 el("table", {}, el("thead", {}, el("tr", {}, heads)), body));
  const count = el("span", {class: "count"});

  function head(column, i) {
    const classes = [column.number && "num", column.wide && "wide", column.kind].filter(Boolean).join(" ");
    if (column.sortable === false) return el("th", {class: classes}, el("span", {}, column.title));
    return el("th", {class: classes, "aria-sort": "none", title: column.about}, el("button", {type: "button", onclick: () => sortBy(i)}, column.title));
  }
  function sortBy(i) {
    state.ascending = state.column === i ? !state.ascending : !options.columns[i].largestFirst;
    state.column = i;
    update();
  }
  function compare(a, b) {
    if (state.column < 0) return 0;
    const value = options.columns[state.column].value;
    const x = value(a), y = value(b);
    const noX = x === undefined || x === null, noY = y === undefined || y === null;
    if (noX || noY) return noX - noY;  // rows without a value come last in both directions
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", {numeric: true});
    return state.ascending ? order : -order;
  }
  function update() {
    const wanted = state.text.toLowerCase();
    const accepts = row => (!state.group || options.group(row) === state.group) && (!wanted || options.text(row).toLowerCase().includes(wanted));
    state.shown = options.rows.filter(accepts).sort(compare);
    heads.forEach((th, i) => th.hasAttribute("aria-sort") && th.setAttribute("aria-sort", i !== state.column ? "none" : state.ascending ? "ascending" : "descending"));
    count.textContent = state.shown.length === options.rows.length ? plural(options.rows.length, options.noun || "row")
                                                                  : `${thousands(state.shown.length)} of ${plural(options.rows.length, options.noun || "row")}`;
    body.replaceChildren();
    state.made = 0;
    state.open = null;
    box.scrollTop = 0;
    makeRows();
  }
  function makeRows() {
    const end = Math.min(state.made + ROWS_AT_ONCE, state.shown.length);
    for (; state.made < end; ++state.made) body.append(rowElement(state.shown[state.made]));
  }
  function rowElement(row) {
    const tr = el("tr", {class: options.detail ? "row" : ""});
    const toggle = () => open(tr, row);
    options.columns.forEach((column, i) => {
      const shown = column.show ? column.show(row) : column.value(row);
      const classes = [column.number && "num", column.wide && "wide", column.kind].filter(Boolean).join(" ");
      const first = i === 0 && options.detail ? el("button", {type: "button", "aria-expanded": "false"}, shown) : shown;
      tr.append(el("td", {class: classes}, first, i === 0 && options.subtitle && el("div", {class: "sub"}, options.subtitle(row))));
    });
    if (options.detail) tr.addEventListener("click", () => { if (String(getSelection()) === "") toggle(); });
    return tr;
  }
  function open(tr, row) {
    const was = state.open;
    if (was) {
      was.detail.remove();
      was.tr.classList.remove("open");
      was.tr.querySelector("button").setAttribute("aria-expanded", "false");
      state.open = null;
    }
    if (was && was.tr === tr) return;
    const cell = el("td", {colspan: options.columns.length});
    const detail = el("tr", {class: "detail"}, cell);
    tr.after(detail);
    tr.classList.add("open");
    tr.querySelector("button").setAttribute("aria-expanded", "true");
    cell.append(options.detail(row));
    state.open = {tr, detail};
  }
  box.addEventListener("scroll", () => { if (box.scrollTop + box.clientHeight > box.scrollHeight - 400) makeRows(); }, {passive: true});

  const groups = options.group ? [...new Set(options.rows.map(options.group))].sort() : [];
  const tools = el("div", {class: "tools"},
    options.text && el("input", {type: "search", placeholder: options.placeholder || "Filter by name", "aria-label": "Filter", oninput: e => { state.text = e.target.value; update(); }}),
    groups.length > 1 && el("select", {"aria-label": options.groupName, onchange: e => { state.group = e.target.value; update(); }},
                            el("option", {value: ""}, options.groupName), groups.map(name => el("option", {value: name}, name))),
    options.tools, (options.text || groups.length > 1) && count);
  update();
  const element = el("div", {}, tools, box);
  element.openFirst = () => { const tr = body.firstElementChild; if (tr) open(tr, state.shown[0]); };
  return element;
}
