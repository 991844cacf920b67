// The table: a page of rows, each with all that is known of it.

const ROWS_PER_PAGE = 20;

function chip(text, look = "", title = null) {
  return element("span", { class: `chip ${look}`, title }, visible(text));
}

function side(title, text, query, look = "") {
  const content = text ? textBlock(text, query) : element("p", { class: "none" }, "none");
  return element("div", { class: `side ${look}` }, element("h4", {}, title), content);
}

function drawRow(kind, row, names, query) {
  const head = element("header", {}, element("span", { class: "id" }, visible(row.id ?? `round ${row.round}`)));
  const article = element("article", { class: "row" }, head);
  if (kind === "rejected") drawRejected(article, head, row, query);
  else drawAnswered(article, head, kind, row, names, query);
  return article;
}

function drawAnswered(article, head, kind, row, names, query) {
  if (kind === "failed") head.append(chip(words(row.reasonLabel), "red", `at the step "${row.step}"`));
  if (row.withheld) head.append(chip(`not in the dataset: ${row.withheld}`, "amber"));
  if (row.judged) {
    const [id, score] = row.judged;
    head.append(chip(`judged ${score.toFixed(2)} by ${names.get(id) ?? id}`, "", "the principle that the answer follows least, and how far, from 0 to 1"));
  }
  for (const id of row.cites) head.append(chip(names.get(id) ?? id));
  for (const [name, outcome] of row.checks) head.append(chip(words(name), outcome === "fail" ? "red" : "amber"));
  if (row.source && row.source !== "self-instruct") head.append(element("span", { class: "id" }, visible(row.source)));
  if (row.cell) head.append(element("span", { class: "id" }, visible(`[${row.cell}]`)));
  head.append(element("span", { class: "end" }, `${count(row.tokens)} tokens`));
  article.append(textBlock(row.text, query, "text asked"));
  if (row.context) article.append(textBlock(row.context, query, "text context"));
  const wasParsed = row.thought || row.answer || !row.excerpt;
  const right = wasParsed ? side("Answer", row.answer, query) : side("What came back", row.excerpt, query);
  article.append(element("div", { class: "sides" }, side("Thought", row.thought, query, "thought"), right));
  const beside = (row.beside ?? []).map(([title, text]) => side(title, text, query));
  if (beside.length) article.append(element("div", { class: "sides even" }, ...beside));
  const why = element("ul", { class: "why" });
  if (kind === "failed" && row.detail) why.append(say(element("li", { class: "red" }), row.detail, query));
  for (const [name, outcome, number, reason] of row.checks) {
    if (outcome === "fail" && kind === "failed") continue; // Stands in the detail already.
    const measured = number === null ? "" : ` (${Number(number).toPrecision(3)})`;
    const line = element("li", { class: outcome === "fail" ? "red" : "amber" });
    why.append(say(line, `${words(name)}${measured}${reason ? `: ${reason}` : ""}`));
  }
  if (why.children.length) article.append(why);
}

function drawRejected(article, head, row, query) {
  head.append(chip(words(row.reason), "red"));
  if (row.similarity !== null) head.append(element("span", { class: "end" }, `similarity ${row.similarity.toFixed(2)}`));
  const proposed = element("div", { class: "side" }, element("h4", {}, "Proposed"), textBlock(row.text, query, "text asked"));
  if (row.context) proposed.append(textBlock(row.context, query, "text context"));
  if (row.nearest) article.append(element("div", { class: "sides even" }, proposed, drawNearest(row.nearest, query)));
  else article.append(proposed);
  if (row.detail) article.append(element("ul", { class: "why" }, say(element("li", { class: "red" }), row.detail, query)));
}

function drawNearest(nearest, query) {
  const box = element("div", { class: "side" }, element("h4", {}, "Repeats ", element("span", { class: "id" }, visible(nearest.id))));
  if (nearest.text === null) box.append(element("p", { class: "none" }, "The text is not available: its file has moved."));
  else box.append(textBlock(nearest.text, query));
  if (nearest.context) box.append(textBlock(nearest.context, query, "text context"));
  return box;
}

/** Draw one page of `rows` (row numbers) of a kind; gives up when something newer is to be drawn. */
async function drawRows(index, kindName, rows, names, isCurrent) {
  const kind = index.kinds[kindName];
  const { page, query } = state;
  const articles = [];
  for (const number of rows.slice(page * ROWS_PER_PAGE, (page + 1) * ROWS_PER_PAGE)) {
    const row = await readRow(kind, number);
    if (!isCurrent()) return;
    articles.push(drawRow(kindName, { ...row, reasonLabel: index.reasons[kind.reason[number]] }, names, query));
  }
  byId("rows").replaceChildren(...articles);
}

function drawPager(numRows, turn) {
  const numPages = Math.ceil(numRows / ROWS_PER_PAGE);
  const pager = byId("pager");
  const focused = [...pager.children].indexOf(document.activeElement);
  const button = (text, page) => {
    const isOutside = page < 0 || page >= numPages;
    return element("button", { type: "button", class: "quiet", disabled: isOutside, on: { click: () => turn(page) } }, text);
  };
  const input = element("input", { type: "number", min: 1, max: numPages, value: state.page + 1, "aria-label": "Page" });
  input.addEventListener("change", () => turn(Math.min(numPages, Math.max(1, Math.round(input.value) || 1)) - 1));
  pager.hidden = numPages < 2;
  pager.replaceChildren(
    button("previous", state.page - 1),
    input,
    element("span", {}, `of ${count(numPages)}`),
    button("next", state.page + 1),
  );
  if (focused >= 0) pager.children[focused].focus({ preventScroll: true });
}

/** The filters and the table below them; returns a function that sets filters, and when the first rows stand. */
function startBrowsing(facts, index) {
  const names = new Map(facts.principles.list.map((item) => [item.id, item.name]));
  let generation = 0;

  async function update() {
    const mine = ++generation;
    const isCurrent = () => mine === generation;
    const kind = index.kinds[state.kind];
    drawControls(facts, index, names, (change) => set({ page: 0, ...change }));
    byId("rows").setAttribute("aria-busy", "true");
    let rows = chosenRows(index, kind);
    if (state.query) {
      const report = (found, share) => sayCount(facts, found.length, `searching, ${percent(share, 1)}`);
      rows = await search(kind, rows, state.query, isCurrent, report);
      if (!rows) return;
    }
    rows = inOrder(index, kind, rows);
    sayCount(facts, rows.length);
    await drawRows(index, state.kind, rows, names, isCurrent);
    if (!isCurrent()) return;
    drawPager(rows.length, (page) => set({ page }, true));
    byId("rows").setAttribute("aria-busy", "false");
    performance.mark("selfalign-rows");
  }

  function set(change, isTurn = false) {
    Object.assign(state, change);
    if (isTurn) byId("tabs").scrollIntoView({ block: "start" });
    return update();
  }

  let typing = 0;
  byId("query").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => set({ query: byId("query").value, page: 0 }), 180);
  });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", () => set({ page: 0, ...nothingChosen() }));
  const browse = (change) => {
    set({ page: 0, ...nothingChosen(), ...change });
    byId("browse").scrollIntoView();
  };
  return [browse, update()];
}
