// The controls above the table, as the state has them.

const KIND_NAMES = { examples: "Examples", failed: "Failed", rejected: "Rejected" };

function sayCount(facts, numFound, suffix = "") {
  const { shown } = facts.rows[state.kind];
  const noun = { examples: "examples", failed: "failed answers", rejected: "rejected proposals" }[state.kind];
  const amount = isFiltered() ? `${count(numFound)} of ${count(shown)} ${noun}` : `${count(shown)} ${noun}`;
  byId("count").textContent = suffix ? `${amount} – ${suffix}` : amount;
}

function drawControls(facts, index, names, set) {
  drawTabs(facts, set);
  const kind = index.kinds[state.kind];
  const used = (column) => [...new Set([...new Set(column)].flatMap((number) => index.combinations[number]))];
  drawSelect("principle", used(kind.cites), (id) => names.get(id) ?? id, set);
  drawSelect("flag", used(kind.flags).sort(), words, set);
  drawSelect("reason", [...new Set(kind.reason)].map((number) => index.reasons[number]).filter(Boolean).sort(), words, set);
  drawSelect("order", ordersOf(kind).slice(1), (order) => ORDERS[order], ({ order }) => {
    set({ order: order || "run", shuffle: state.shuffle + 1 });
  }, ORDERS.run);
  byId("again").hidden = state.order === "run";
  byId("again").onclick = () => set({ shuffle: state.shuffle + 1 });
  if (document.activeElement !== byId("query")) byId("query").value = state.query;
  byId("clear").hidden = !isFiltered();
  const { total, shown } = facts.rows[state.kind];
  byId("sampled").hidden = shown === total;
  byId("sampled").textContent =
    `This page holds ${count(shown)} of the ${count(total)} rows of this kind, evenly spread over the run; ` +
    "the counts and plots above are of all of them.";
}

function drawTabs(facts, set) {
  const tabs = byId("tabs");
  if (!tabs.children.length) {
    for (const [kind, name] of Object.entries(KIND_NAMES)) {
      const total = element("span", { class: "num" }, count(facts.rows[kind].total));
      const click = () => set({ kind, ...nothingChosen(), query: state.query });
      tabs.append(element("button", { type: "button", "data-kind": kind, on: { click } }, name, total));
    }
  }
  for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.dataset.kind === state.kind));
}

function drawSelect(id, values, nameOf, set, none = "any") {
  const select = byId(id);
  select.parentElement.hidden = !values.length;
  const option = (value, name) => element("option", { value, selected: state[id] === value }, visible(name));
  select.replaceChildren(option("", none), ...values.map((value) => option(value, nameOf(value))));
  select.onchange = () => set({ [id]: select.value });
}
