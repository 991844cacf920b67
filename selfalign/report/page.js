// The page: header, funnel and lists, then the table and the plots.

const put = (id, text) => say(byId(id), text);

function drawAbout(facts) {
  const { about } = facts;
  document.title = `${visible(about.name)} – selfalign report`;
  put("name", about.name);
  const when = about.ended ? ` ${about.began.slice(0, 10) === about.ended.slice(0, 10) ? "On" : "Finished on"} ${about.ended} UTC.` : "";
  const using = about.constitution ? ` under the constitution “${about.constitution}” (${facts.principles.list.length} principles, ${about.demonstrations} demonstrations)` : "";
  put("lead", `Answers by ${about.miniature ? "the built-in miniature" : about.model || "an unnamed model"}${using}.${when}`);
  const notices = [];
  const { funnel } = facts;
  const open = funnel.accepted - funnel.answered;
  if (open > 0) {
    const state = about.is_running ? "The run was still going when this page was written" : "The run is not finished";
    notices.push(`${state}: ${count(open)} instructions are waiting for an answer.`);
  }
  if (about.miniature) notices.push("The built-in miniature model wrote these rows: they are for trying, testing and teaching, not for training.");
  const warnings = [...facts.balance.warnings, ...facts.beside.warnings];
  byId("notices").replaceChildren(
    ...notices.map((text) => say(element("p", { class: "notice calm" }), text)),
    ...warnings.map((text) => say(element("p", { class: "notice" }), `${text[0].toUpperCase()}${text.slice(1)}.`)),
  );
}

function drawFigures(facts) {
  const { funnel, usage, rates } = facts;
  const rejected = funnel.proposed - funnel.accepted;
  const failed = funnel.answered - funnel.examples;
  const speed = rates.seconds ? `${duration(rates.seconds)} of work` : "";
  const figure = (name, value, note = "") =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value, element("span", { class: "note" }, note)));
  byId("figures").replaceChildren(
    figure("Examples", count(funnel.examples), speed),
    figure("Instructions kept", count(funnel.accepted), `of a target of ${count(funnel.target)}`),
    figure("Proposals rejected", percent(rejected, funnel.proposed), `${count(rejected)} of ${count(funnel.proposed)}`),
    figure("Answers failed", percent(failed, funnel.answered), `${count(failed)} of ${count(funnel.answered)}`),
    figure("Tokens written", compact(usage.output_tokens), `${compact(usage.prompt_tokens)} read`),
    figure("Prompt from the cache", percent(usage.align.cached_tokens, usage.align.prompt_tokens), "of the answers' prompts"),
  );
}

/** The commonest languages with their shares of the answers long enough to tell. */
function spoken(languages) {
  const known = languages.filter(([code]) => code);
  const whole = known.reduce((sum, [, amount]) => sum + amount, 0);
  return known.slice(0, 3).map(([code, amount]) => `${visible(code)} ${percent(amount, whole)}`).join(", ") || "–";
}

const LEAST_TO_JUDGE = 50;
const LOOKED_AT =
  "No warning. Looked at: how often answers refuse, hedge, apologise, open alike, repeat each other and have the same length; how evenly " +
  "principles and verbs are used; how much is copied from the seeds. Whether the answers are right, no figure on this page can tell: read some of them below.";

function drawBalance(balance, beside) {
  const total = balance.num_examples;
  if (!total) return;
  const entries = [
    ["Answers that refuse", percent(balance.refused, total)],
    ["… that refuse in part", percent(balance.partly_refused, total)],
    ["… that hedge", percent(balance.hedged, total)],
    ["… that apologise", percent(balance.apologised, total)],
    ["Median answer", `${count(balance.answer_words.median)} words`],
    ["Median instruction", `${count(balance.instruction_words.median)} words`],
    ["Distinct word pairs in answers", percent(balance.distinct[1], 1)],
    ["Wording taken from the seeds", percent(balance.seed_overlap, 1)],
    ["Languages of answers", spoken(balance.languages)],
    ...beside.lines,
  ];
  byId("balance").replaceChildren(
    ...entries.map(([name, value]) => element("div", {}, element("span", {}, name), element("span", {}, value))),
  );
  if (!balance.warnings.length && !beside.warnings.length) byId("notices").append(element("p", { class: "notice calm" }, total < LEAST_TO_JUDGE ? "Too few examples to judge their balance." : LOOKED_AT));
}

function drawFunnel(facts, browse) {
  const { funnel } = facts;
  const withheld = funnel.withheld.reduce((sum, [, amount]) => sum + amount, 0);
  const stages = [["Proposed", funnel.proposed], ["Kept", funnel.accepted], ["Answered", funnel.answered], ["Examples", funnel.examples]];
  if (withheld) stages.push(["In the dataset", funnel.examples - withheld]);
  byId("stages").replaceChildren(...stages.map(([name, amount]) => stage(name, amount, funnel.proposed)));
  put("funnel-say", `Every proposal is either kept or rejected, and every kept instruction ends as an example or a failure (${count(funnel.rounds)} rounds). Click a reason to see its rows.`);
  const lists = [
    reasonList("Rejected proposals", "rejected", funnel.rejected, funnel.proposed, browse),
    reasonList("Failed answers", "failed", funnel.failed, funnel.answered, browse),
  ];
  if (withheld) lists.push(reasonList("Left out of the dataset", "examples", funnel.withheld, funnel.examples, browse));
  byId("reasons").replaceChildren(...lists);
}

function stage(name, amount, whole) {
  const bar = element("div", { class: "bar" });
  bar.style.width = `${whole ? (100 * amount) / whole : 0}%`;
  return element("div", { class: "stage" }, element("span", {}, name), element("div", {}, bar),
    element("span", { class: "amount" }, count(amount)), element("span", { class: "share" }, percent(amount, whole)));
}

function reasonList(title, kind, reasons, whole, browse) {
  const occurred = reasons.filter(([, amount]) => amount);
  const never = reasons.filter(([, amount]) => !amount).map(([reason]) => words(reason));
  const most = Math.max(...occurred.map(([, amount]) => amount), 1);
  const list = element("ol", { class: "bars" });
  for (const [reason, amount] of occurred) {
    list.append(barLine(words(reason), [[amount / most, "red"]], amount, whole, () => browse({ kind, reason })));
  }
  const total = occurred.reduce((sum, [, amount]) => sum + amount, 0);
  const box = element("div", {}, element("h3", {}, `${title}: ${count(total)}`), list);
  if (never.length) box.append(element("p", { class: "never" }, `Did not occur: ${never.join(", ")}.`));
  return box;
}

/** One line of a list of bars; `fills` are [share of the track, colour]; a button where there is something to show. */
function barLine(name, fills, amount, whole, click = null) {
  const track = element("span", { class: "track" });
  for (const [share, look] of fills) {
    const fill = element("span", { class: `fill ${look}` });
    fill.style.width = `${100 * share}%`;
    track.append(fill);
  }
  const parts = [element("span", { class: "name", title: name }, name), track, element("span", { class: "amount" }, count(amount)),
    element("span", { class: "share" }, percent(amount, whole))];
  const line = click ? element("button", { type: "button", on: { click } }, ...parts) : element("div", { class: "row-like" }, ...parts);
  return element("li", {}, line);
}

function drawChecks(facts, browse) {
  const { judged, list } = facts.checks;
  const found = list.filter((check) => check.flag + check.fail);
  const clean = list.filter((check) => !(check.flag + check.fail)).map((check) => words(check.name));
  const most = Math.max(...found.map((check) => check.flag + check.fail), 1);
  found.sort((one, other) => other.flag + other.fail - one.flag - one.fail);
  byId("check-bars").replaceChildren(
    ...found.map((check) => {
      const kind = check.fail > check.flag ? "failed" : "examples";
      const fills = [[check.flag / most, "amber"], [check.fail / most, "red"]];
      return barLine(words(check.name), fills, check.flag + check.fail, judged, () => browse({ kind, flag: check.name }));
    }),
  );
  const legend = found.length ? "Flagged answers stay, with a note (amber); failed ones are dropped (red). Click a check to see its rows. " : "";
  put("checks-say", judged && list.length ? `${legend}${clean.length ? `Found nothing: ${clean.join(", ")}.` : ""}` : "No answer was checked.");
}

function drawCaptions(facts) {
  const { rates, balance, similarity, principles } = facts;
  const stops = rates.stops ? `; ${count(rates.stops)} ${rates.stops === 1 ? "stop" : "stops"} in between left out` : "";
  put("rates-say", rates.seconds ? `Tokens per second, and examples and failures per minute, over ${duration(rates.seconds)} of work${stops}.` : "Speed over the time of work.");
  put("acceptance-say", "What happens to proposals as the pool grows: the fuller it is, the more of them repeat something in it.");
  const unused = principles.list.filter((item) => !item.cited).map((item) => item.name);
  const mean = principles.list.reduce((sum, item) => sum + item.cited, 0) / (balance.num_examples || 1);
  put("principles-say", `A thought cites ${mean.toFixed(1)} principles on average. ${unused.length ? `Never cited: ${unused.join(", ")}.` : "All of them are in use."} Click a bar to see its examples.`);
  put("variety-say", `${percent(balance.num_with_verb, balance.num_examples)} of the instructions open with a verb, ${count(balance.num_verbs)} different ones in all. Click a segment to search for its word.`);
  put("verbs-say", "The commonest verbs (inside), each with its commonest objects (outside).");
  const isPart = similarity.compared < facts.funnel.accepted ? ` (${count(similarity.compared)} of them, evenly spread)` : "";
  put("similarity-say", `ROUGE-L similarity of kept instructions to their nearest seed${isPart}, and of rejected ones to what they repeat. The dotted line is the limit.`);
  put("lengths-say", "Length in words of instructions, thoughts and answers; the bins widen with the length.");
  const most = Math.max(...balance.openings.map(([, amount]) => amount), 1);
  byId("openings").replaceChildren(
    ...balance.openings.slice(0, 14).map(([opening, amount]) => barLine(`${visible(opening) || "(no words)"} …`, [[amount / most, ""]], amount, balance.num_examples)),
  );
}

/** Shown only where the run was guided. */
function drawGuided(guided) {
  if (!guided) return;
  for (const node of [byId("guided"), document.querySelector('nav a[href="#guided"]')]) node.hidden = false;
  byId("guided-say").replaceChildren(...guided.lines.map((line) => say(element("li"), line)));
  const twins = guided.twins.filter(([harmful, benign]) => harmful && benign);
  byId("twins-title").hidden = !twins.length;
  byId("twins").replaceChildren(...twins.map(([harmful, benign, complied, refused]) => element("article", { class: "row" },
    element("div", { class: "sides even" }, twin(harmful, complied && "complied with"), twin(benign, refused && "refused")))));
}

function twin(row, wrong) {
  const head = element("header", {}, element("span", { class: "id" }, visible(row.id)), visible(row.hint), wrong ? chip(wrong, "red") : null);
  const answer = row.answer ? textBlock(row.answer) : element("p", { class: "none" }, "no answer");
  return element("div", { class: "side" }, head, textBlock(row.text, "", "text asked"), answer);
}

function drawMade(facts) {
  const { about } = facts;
  const { persona, versions } = about;
  const entries = [
    ["Model", about.revision ? `${about.model}, revision ${about.revision}` : about.model],
    ["Constitution", `${about.constitution} – ${about.constitution_about} Digest ${about.constitution_digest.slice(0, 12)}.`],
    ["Assistant", persona.name ? `${persona.name}, made by ${persona.maker}, knowledge to ${persona.knowledge_date}; ${persona.character}` : ""],
    ["Judge", about.judge],
    ["Seeds", about.seeds.join(", ")],
    ["Random seed", String(about.rng_seed ?? "")],
    ["Worked", about.began ? `${about.began} to ${about.ended} UTC` : ""],
    ["Made with", Object.entries(versions).map(([name, version]) => (version.startsWith(name) ? version : `${name} ${version}`)).join(", ")],
  ];
  byId("made").replaceChildren(
    ...entries.filter(([, value]) => value).flatMap(([name, value]) => [element("dt", {}, name), say(element("dd"), value)]),
  );
  byId("rules").replaceChildren(
    ...facts.principles.list.map((item) => {
      const text = element("span");
      return element("li", {}, say(element("b"), item.name), " – ", say(text, item.rule));
    }),
  );
  put("recipe-text", facts.recipe);
  put("foot", `Rebuilt from the run's journals by selfalign ${versions.selfalign ?? ""}; this page fetched nothing from the network.`);
}

function followReading() {
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        for (const [id, link] of links) link.classList.toggle("here", id === entry.target.id);
      }
    },
    { rootMargin: "-20% 0px -70% 0px" },
  );
  for (const id of links.keys()) observer.observe(byId(id));
}

async function start() {
  if (!globalThis.DecompressionStream) {
    byId("notices").append(element("p", { class: "notice" }, "This browser is too old to unpack the rows and plots of this page."));
  }
  const facts = JSON.parse(byId("facts").textContent);
  let browse = () => {};
  const later = (change) => browse(change);
  drawAbout(facts);
  drawFigures(facts);
  drawBalance(facts.balance, facts.beside);
  drawFunnel(facts, later);
  drawChecks(facts, later);
  drawCaptions(facts);
  drawMade(facts);
  drawGuided(facts.guided);
  followReading();
  performance.mark("selfalign-header");
  const index = await unpack(byId("index").textContent);
  index.kinds = Object.fromEntries(Object.entries(index.kinds).map(([name, kind]) => [name, withStarts(kind)]));
  let firstRows;
  [browse, firstRows] = startBrowsing(facts, index);
  await firstRows;
  startPlots(makeCharts(facts, later));
}

start();
