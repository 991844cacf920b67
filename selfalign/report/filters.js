// Filters: which rows are shown. Columns of the index decide at once; a search reads the parts one after the other.

const nothingChosen = () => ({ query: "", principle: "", flag: "", reason: "" });
const state = { kind: "examples", page: 0, order: "run", shuffle: 1, ...nothingChosen() };

const ORDERS = { run: "as in the run", flagged: "flagged first", uncertain: "uncertain first", random: "random" };

const isFiltered = () => Boolean(state.query || state.principle || state.flag || state.reason);

/** Numbers of the rows of `kind` that the index columns leave. */
function chosenRows(index, kind) {
  const reason = state.reason ? index.reasons.indexOf(state.reason) : null;
  const cites = state.principle ? combinationsWith(index, state.principle) : null;
  const flags = state.flag ? combinationsWith(index, state.flag) : null;
  const rows = [];
  for (let row = 0; row < kind.total; row++) {
    if (reason !== null && kind.reason[row] !== reason) continue;
    if (cites && !cites.has(kind.cites[row])) continue;
    if (flags && !flags.has(kind.flags[row])) continue;
    rows.push(row);
  }
  return rows;
}

/** The orders that there are for a kind: without a judge nothing is uncertain. */
const ordersOf = (kind) => Object.keys(ORDERS).filter((order) => order !== "uncertain" || kind.margin);

/** What comes first in each order: what most checks flagged or failed, or what the judge scored nearest to the line. */
const RANKS = {
  flagged: (index, kind, row) => index.combinations[kind.flags[row]].length,
  uncertain: (index, kind, row) => -(kind.margin[row] ?? 2), // Margins are below 1.
  random: () => 0,
};

/** The rows in the order that was chosen, equal ones at random. */
function inOrder(index, kind, rows) {
  if (state.order === "run" || !ordersOf(kind).includes(state.order)) return rows;
  const rank = RANKS[state.order];
  const keyed = rows.map((row) => [rank(index, kind, row), scattered(row, state.shuffle), row]);
  return keyed.sort((one, other) => other[0] - one[0] || one[1] - other[1]).map((each) => each[2]);
}

/** A number that depends on row and shuffle alone, so that pages can be turned back (the finaliser of MurmurHash3). */
function scattered(row, shuffle) {
  let hash = Math.imul(row ^ Math.imul(shuffle, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function combinationsWith(index, name) {
  const found = new Set();
  index.combinations.forEach((names, number) => {
    if (names.includes(name)) found.add(number);
  });
  return found;
}

/** Those of `rows` that contain the query; calls `report(found, share of the work)` now and then until done. */
async function search(kind, rows, query, isCurrent, report) {
  const needle = query.toLowerCase();
  const found = [];
  let last = performance.now();
  for (let at = 0; at < rows.length; ) {
    const part = partOf(kind, rows[at]);
    const content = await readPart(kind.parts[part][0]);
    if (!isCurrent()) return null;
    const start = kind.starts[part];
    const end = start + content.length;
    for (; at < rows.length && rows[at] < end; at++) {
      if (contains(content[rows[at] - start], needle)) found.push(rows[at]);
    }
    if (performance.now() - last > 60) {
      report(found, at / rows.length);
      await new Promise((resume) => setTimeout(resume));
      last = performance.now();
    }
  }
  return found;
}

function contains(row, needle) {
  for (const key of ["id", "cell", "text", "context", "thought", "answer", "detail", "excerpt"]) {
    if (row[key] && row[key].toLowerCase().includes(needle)) return true;
  }
  return Boolean(row.nearest && `${row.nearest.id}\n${row.nearest.text ?? ""}`.toLowerCase().includes(needle));
}
