// Plots: the library (compressed in this page), its colours, and when a plot is drawn.

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
let library = null;

/** Unpack plotly and run it: a script element whose content the page's policy names by its hash. */
function loadPlotly() {
  library ??= unzip(byId("plotly").textContent).then((source) => {
    const script = element("script");
    script.textContent = source;
    document.head.append(script);
    if (!globalThis.Plotly) throw new Error("the plotting library did not start");
    return globalThis.Plotly;
  });
  return library;
}

const whenIdle = (task) => (globalThis.requestIdleCallback ?? setTimeout)(task, { timeout: 200 });

/** Colours of the page as the plots need them: computed, since they differ between light and dark. */
function colours() {
  const probe = element("span");
  document.body.append(probe);
  const found = {};
  for (const name of ["paper", "raised", "ink", "soft", "line", "accent", "accent-soft", "blue", "gold", "rose"]) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

function layoutOf(colour, own) {
  const axis = {
    gridcolor: colour.line, linecolor: colour.line, zerolinecolor: colour.line, tickcolor: colour.line,
    automargin: true, fixedrange: true, zeroline: false,
  };
  const layout = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: FONT, size: 13, color: colour.soft },
    margin: { l: 8, r: 8, t: 8, b: 8 }, hoverlabel: { font: { family: FONT, size: 13 }, bgcolor: colour.raised, bordercolor: colour.line },
    showlegend: false, dragmode: false, bargap: 0.12,
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom", font: { color: colour.soft } },
    ...own,
  };
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
    layout[name] = { ...axis, ...layout[name] };
    if (layout[name].title) layout[name].title = { standoff: 10, font: { size: 13 }, ...layout[name].title };
  }
  return layout;
}

/** Draw one plot after the other while nothing else is to do, and again when the colours change. */
function startPlots(charts) {
  const ids = Object.keys(charts);
  const drawn = new Map();
  let drawing = Promise.resolve();

  async function draw(id) {
    const node = byId(id);
    const colour = colours();
    const chart = charts[id](colour, node.clientWidth);
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", chart.label);
    if (!chart.traces) return void node.replaceChildren(element("p", { class: "nothing" }, chart.label));
    if (chart.height) node.style.height = `${chart.height}px`;
    const Plotly = await loadPlotly();
    await Plotly.react(node, chart.traces, layoutOf(colour, chart.layout), { displayModeBar: false, responsive: true });
    if (chart.click && !drawn.get(id)) node.on("plotly_click", chart.click);
    drawn.set(id, true);
    performance.mark(`selfalign-${id}`);
  }

  const enqueue = (id) => {
    drawing = drawing.then(() => draw(id)).catch((error) => {
      byId(id).replaceChildren(element("p", { class: "nothing" }, `This plot could not be drawn: ${error.message}`));
    });
    return drawing;
  };
  const rest = [...ids];
  // One at a time, so that typing and scrolling are never held up by more than one plot.
  const next = async () => {
    if (!rest.length) return void performance.mark("selfalign-plots");
    await enqueue(rest.shift());
    whenIdle(next);
  };
  whenIdle(next);
  const again = () => [...drawn.keys()].forEach(enqueue);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  byId("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = (root.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    root.style.colorScheme = isDark ? "light" : "dark";
    again();
  });
}
