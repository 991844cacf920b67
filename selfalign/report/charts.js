// Charts: the facts as plotly's traces. Every text that was generated or given by a user goes through `plotText`.

const nothing = (label) => ({ label });

function makeCharts(facts, browse) {
  return {
    "plot-rates": (colour) => ratesChart(facts.rates, colour),
    "plot-acceptance": (colour) => acceptanceChart(facts.acceptance, colour),
    "plot-principles": (colour) => principlesChart(facts, colour, browse),
    "plot-together": (colour, width) => togetherChart(facts.principles, colour, width),
    "plot-verbs": (colour) => verbsChart(facts.balance, colour, browse),
    ...(facts.guided && { "plot-cells": (colour, width) => cellsChart(facts.guided, colour, width, browse) }),
    "plot-lengths": (colour) => lengthsChart(facts.lengths, colour),
    "plot-similarity": (colour) => similarityChart(facts.similarity, colour),
  };
}

function line(x, y, name, colour, axis = "", unit = "") {
  return {
    type: "scatter", mode: x.length > 1 ? "lines" : "markers", x, y, name, yaxis: `y${axis}`,
    line: { color: colour, width: 2 }, hovertemplate: `%{y:,.3~s} ${unit}<extra>${name}</extra>`,
  };
}

function ratesChart(rates, colour) {
  const { points } = rates;
  if (!points.length) return nothing("The run was too short to measure its speed.");
  const [unit, seconds] = rates.seconds < 180 ? ["seconds", 1] : rates.seconds < 3 * 3600 ? ["minutes", 60] : ["hours", 3600];
  const when = points.map((point) => point.second / seconds);
  const column = (name) => points.map((point) => point[name]);
  return {
    label: "Tokens per second, and examples and failures per minute, over the time of work",
    traces: [
      line(when, column("tokens"), "tokens written per second", colour.accent, "2", "tokens/s"),
      line(when, column("examples"), "examples per minute", colour.blue, "", "per minute"),
      line(when, column("failures"), "failures per minute", colour.rose, "", "per minute"),
    ],
    layout: {
      showlegend: true, hovermode: "x unified", margin: { l: 8, r: 8, t: 30, b: 8 },
      xaxis: { title: { text: `${unit} of work` }, showgrid: false, rangemode: "tozero" },
      yaxis: { domain: [0, 0.46], rangemode: "tozero", nticks: 5 },
      yaxis2: { domain: [0.56, 1], rangemode: "tozero", nticks: 5 },
    },
  };
}

function acceptanceChart(points, colour) {
  if (points.length < 2) return nothing("There are too few rounds for a curve.");
  const pool = points.map((point) => point.pool);
  const column = (name) => points.map((point) => point[name]);
  return {
    label: "Share of the proposals that were kept, and that were near-duplicates, as the pool grows",
    traces: [
      { ...line(pool, column("kept"), "kept", colour.accent), hovertemplate: "%{y:.0%}<extra>kept</extra>" },
      { ...line(pool, column("duplicates"), "repeat something", colour.gold), hovertemplate: "%{y:.0%}<extra>repeat something</extra>" },
    ],
    layout: {
      showlegend: true, hovermode: "x unified", margin: { l: 8, r: 8, t: 30, b: 8 },
      xaxis: { title: { text: "instructions kept so far" }, showgrid: false, rangemode: "tozero" },
      yaxis: { tickformat: ".0%", rangemode: "tozero", nticks: 6 },
    },
  };
}

function principlesChart(facts, colour, browse) {
  const used = [...facts.principles.list].sort((one, other) => one.cited - other.cited);
  if (!used.length) return nothing("The run has no constitution.");
  const rows = used.map((_, number) => number);
  const hover = used.map((item) => `${plotText(item.name, 60)}: cited ${count(item.cited)} times, alone ${count(item.alone)} times`);
  const bar = (name, x, color) => ({ type: "bar", orientation: "h", y: rows, x, name, marker: { color }, hovertext: hover, hoverinfo: "text" });
  return {
    label: `How often each principle is cited: ${[...used].reverse().map((item) => `${visible(item.name)} ${item.cited}`).join(", ")}`,
    height: Math.max(200, 26 * used.length + 70),
    traces: [
      bar("with others", used.map((item) => item.cited - item.alone), colour.accent),
      bar("alone", used.map((item) => item.alone), colour.gold),
    ],
    layout: {
      barmode: "stack", bargap: 0.3, showlegend: true, margin: { l: 8, r: 8, t: 30, b: 8 },
      yaxis: { tickvals: rows, ticktext: used.map((item) => `${plotText(item.name, 28)} `), showgrid: false },
      xaxis: { nticks: 6, title: { text: "thoughts" } },
    },
    click: (event) => browse({ kind: "examples", principle: used[event.points[0].y].id }),
  };
}

function togetherChart(principles, colour, width) {
  const list = principles.list.map((item, number) => ({ ...item, number })).filter((item) => item.cited);
  if (list.length < 2) return nothing("Fewer than two principles are in use.");
  list.sort((one, other) => other.cited - one.cited);
  const place = new Map(list.map((item, at) => [item.number, at]));
  const counts = list.map(() => list.map(() => 0));
  for (const [one, other, amount] of principles.together) {
    counts[place.get(one)][place.get(other)] = amount;
    counts[place.get(other)][place.get(one)] = amount;
  }
  const names = list.map((item) => plotText(item.name, 24));
  const shares = counts.map((row, at) => row.map((amount, other) => (at === other ? null : amount / list[at].cited)));
  const hover = counts.map((row, at) =>
    row.map((amount, other) => (at === other ? "" : `${names[at]} with ${names[other]}: ${count(amount)} (${percent(amount, list[at].cited)})`)),
  );
  const ticks = { tickvals: list.map((_, at) => at), showgrid: false, ticks: "" };
  return {
    label: "Which principles are cited by the same thought",
    height: Math.max(240, 26 * list.length + 150),
    traces: [
      {
        type: "heatmap", z: shares, hovertext: hover, hoverinfo: "text", xgap: 2, ygap: 2, hoverongaps: false, zmin: 0,
        colorscale: [[0, colour["accent-soft"]], [1, colour.accent]],
        colorbar: { thickness: 8, outlinewidth: 0, tickformat: ".0%", nticks: 4, len: 0.6 }, showscale: width > 420,
      },
    ],
    layout: {
      xaxis: { ...ticks, ticktext: names, tickangle: -90, tickfont: { size: 11 }, side: "top" },
      yaxis: { ...ticks, ticktext: names.map((name) => `${name} `), tickfont: { size: 11 }, autorange: "reversed" },
    },
  };
}

/** Kinds by stances and styles, three times: how many were kept, how many answers decline, how many failed. */
function cellsChart(guided, colour, width, browse) {
  const groups = [...guided.by_stance, ...guided.by_style];
  if (!groups.length) return nothing("No cell was asked for yet.");
  const distinct = (at) => [...new Set(groups.map((group) => group[at]))];
  const [kinds, columns] = [distinct(0).sort(), distinct(1)];
  const figures = new Map(groups.map(([kind, part, found]) => [`${kind};${part}`, found]));
  const rate = (part, whole) => (whole ? part / whole : null);
  const measures = [
    ["kept", colour.accent, (found) => found.kept, (found) => `${count(found.kept)} kept of ${count(found.asked)} asked for`],
    ["declined", colour.gold, (found) => rate(found.refused, found.examples), (found) => `${count(found.refused)} of ${count(found.examples)} answers decline`],
    ["failed", colour.rose, (found) => rate(found.failed, found.examples + found.failed), (found) => `${count(found.failed)} of ${count(found.examples + found.failed)} answers failed`],
  ];
  const ticks = { tickvals: columns.map((_, at) => at), ticktext: columns.map((name) => plotText(name, 16)), tickangle: -90, side: "top", showgrid: false, ticks: "" };
  const isNarrow = width < 700;
  const layout = {
    margin: { l: 8, r: 8, t: 30, b: 8 },
    yaxis: { tickvals: kinds.map((_, at) => at), ticktext: kinds.map((kind) => `${plotText(kind, isNarrow ? 14 : 30)} `), tickfont: { size: 11 }, autorange: "reversed", showgrid: false, ticks: "" },
  };
  const traces = measures.map(([name, hue, value, told], at) => {
    layout[`xaxis${at ? at + 1 : ""}`] = { ...ticks, domain: [at / 3 + (at ? 0.01 : 0), (at + 1) / 3 - 0.01], title: { text: name }, ...(isNarrow && at ? { showticklabels: false } : {}) };
    const rows = (read) => kinds.map((kind) => columns.map((part) => (figures.has(`${kind};${part}`) ? read(figures.get(`${kind};${part}`), kind, part) : null)));
    return {
      type: "heatmap", xaxis: `x${at ? at + 1 : ""}`, z: rows(value), text: rows((found, kind, part) => `${plotText(kind, 40)}, ${plotText(part, 20)}: ${told(found)}`),
      hoverinfo: "text", hoverongaps: false, xgap: 2, ygap: 2, zmin: 0, ...(at ? { zmax: 1 } : {}), colorscale: [[0, colour.line], [1, hue]], showscale: false,
    };
  });
  return {
    label: `Kinds of request by stance and style: ${guided.lines[0]}`,
    height: 18 * kinds.length + 190,
    traces,
    layout,
    click: (event) => browse({ kind: event.points[0].curveNumber === 2 ? "failed" : "examples", query: `${kinds[event.points[0].y]}; ` }),
  };
}

function verbsChart(balance, colour, browse) {
  if (!balance.verbs.length) return nothing("No instruction opens with a verb that is known.");
  const hues = [colour.accent, colour.blue, colour.gold, colour.rose];
  const whole = balance.num_with_verb;
  // A field narrower than a line of text says nothing: small verbs go into one, small objects are left blank.
  const large = balance.verbs.filter(([, total], number) => total / whole > 0.025 || number < 4);
  const others = whole - large.reduce((sum, [, total]) => sum + total, 0);
  const trace = { type: "sunburst", ids: [], labels: [], parents: [], values: [], hovertext: [], hoverinfo: "text", branchvalues: "total",
    marker: { colors: [], line: { color: colour.paper, width: 1.5 } }, leaf: { opacity: 0.85 }, insidetextorientation: "radial", sort: false, rotation: 90,
    insidetextfont: { size: 14, color: [] } };
  const texts = [];
  const add = (id, parent, text, value, color, shown = text, ink = colour.paper) => {
    trace.ids.push(id);
    trace.parents.push(parent);
    trace.labels.push(plotText(shown, 18));
    trace.insidetextfont.color.push(ink);
    trace.values.push(value);
    trace.hovertext.push(`${plotText(shown || "anything else", 60)}: ${count(value)} (${percent(value, balance.num_examples)})`);
    trace.marker.colors.push(color);
    texts.push(text);
  };
  large.forEach(([verb, total, objects], number) => {
    const hue = hues[number % hues.length];
    const legible = objects.filter(([, amount]) => amount / whole > 0.008);
    add(`${number}`, "", verb, total, hue);
    legible.forEach(([noun, amount], at) => add(`${number}.${at}`, `${number}`, noun, amount, hue));
    const rest = total - legible.reduce((sum, [, amount]) => sum + amount, 0);
    if (rest) add(`${number}.rest`, `${number}`, "", rest, "rgba(0,0,0,0)");
  });
  if (others > 0) add("others", "", "", others, colour.line, `${count(balance.num_verbs - large.length)} more verbs`, colour.ink);
  return {
    label: `Leading verbs of the instructions: ${balance.verbs.map(([verb, total]) => `${visible(verb)} ${total}`).join(", ")}`,
    traces: [trace],
    layout: { uniformtext: { minsize: 11, mode: "hide" }, font: { family: FONT, size: 13, color: colour.paper } },
    click: (event) => {
      const text = texts[event.points[0].pointNumber];
      if (text) browse({ kind: "examples", query: text });
      return false; // Stay at the whole picture instead of zooming in.
    },
  };
}

function lengthsChart(lengths, colour) {
  const names = Object.keys(lengths).filter((name) => lengths[name].counts.some((amount) => amount));
  if (!names.length) return nothing("There are no examples yet.");
  const hues = { instruction: colour.blue, thought: colour.gold, answer: colour.accent };
  const layout = { showlegend: true, bargap: 0.06, margin: { l: 8, r: 8, t: 30, b: 8 } };
  const edges = names.map((name) => lengths[name].edges).sort((one, other) => other.length - one.length)[0];
  const ticks = edges.map((_, at) => at).filter((at) => at % 2 === 1);
  layout.xaxis = { title: { text: "words" }, tickvals: ticks, ticktext: ticks.map((at) => String(edges[at])), showgrid: false, anchor: `y${names.length}` };
  const traces = names.map((name, at) => {
    const { counts } = lengths[name];
    const height = 1 / names.length;
    const top = 1 - at * height;
    layout[`yaxis${at + 1}`] = { domain: [top - height * 0.86, top], nticks: 3 };
    const span = (bin) => (edges[bin + 1] - edges[bin] === 1 ? `${edges[bin]}` : `${edges[bin]} to ${edges[bin + 1] ? edges[bin + 1] - 1 : "more"}`);
    return {
      type: "bar", name: `${name} (median ${lengths[name].median})`, x: counts.map((_, bin) => bin), y: counts, yaxis: `y${at + 1}`, marker: { color: hues[name] },
      hovertext: counts.map((amount, bin) => `${name}s of ${span(bin)} words: ${count(amount)}`), hoverinfo: "text",
    };
  });
  return { label: `Lengths in words of ${names.join(", ")}`, traces, layout };
}

function similarityChart(similarity, colour) {
  const total = similarity.compared + similarity.rejected.reduce((sum, amount) => sum + amount, 0);
  if (!total) return nothing("There is nothing to compare: no near-duplicates, and no seeds.");
  const middle = similarity.accepted.map((_, bin) => (bin + 0.5) / similarity.bins);
  const sum = (counts) => counts.reduce((one, other) => one + other, 0) || 1;
  const bars = (name, counts, color) => ({
    type: "bar", name, x: middle, y: counts.map((amount) => amount / sum(counts)), marker: { color },
    hovertext: counts.map((amount, bin) => `${name}: ${count(amount)} at ${(bin / similarity.bins).toFixed(3)} to ${((bin + 1) / similarity.bins).toFixed(3)}`),
    hoverinfo: "text",
  });
  const traces = [bars("kept, to its nearest seed", similarity.accepted, colour.accent), bars("rejected, to what it repeats", similarity.rejected, colour.rose)];
  return {
    label: "Similarity (ROUGE-L) of kept instructions to the nearest seed, and of rejected ones to what they repeat",
    traces: traces.filter((trace) => trace.y.some((share) => share)),
    layout: {
      barmode: "overlay", bargap: 0.06, showlegend: true, margin: { l: 8, r: 8, t: 30, b: 8 },
      xaxis: { title: { text: "ROUGE-L" }, range: [0, 1], showgrid: false },
      yaxis: { tickformat: ".0%", nticks: 5 },
      shapes: [{ type: "line", x0: similarity.threshold, x1: similarity.threshold, yref: "paper", y0: 0, y1: 1, line: { color: colour.soft, width: 1, dash: "dot" } }],
    },
  };
}
