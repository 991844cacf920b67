// Markdown, code and tables as models write them, shown as meant. Every character of the source stays in the page, in
// its order (marks such as ** only take no room), so that copying gives the source and nothing can hide. Text becomes
// text nodes in divs and spans: no tag, link, image or attribute is ever made from it.

const FENCE = /^ {0,3}(`{3,}|~{3,})[^`\n]*$/;
const HEADING = /^( {0,3}#{1,6}[ \t]+)(?=\S)/;
const ITEM = /^([ \t]*)(?:[-*+•]|\d{1,3}[.)])[ \t]+(?=\S)/;
const QUOTE = /^ {0,3}>[ \t]?/;
const RULE = /^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$/;
// Code first, since nothing inside it is markup; at most a paragraph long, so that no text takes long to read.
const INLINE = /(`+)(?!`)([^\n]{1,2000}?[^`\n])\1(?!`)|(\*\*|__)(?=[^\s*_])([^\n]{1,500}?)\3|(\*)(?=[^\s*])([^*\n]{1,300}?)\*(?!\*)/g;

/** Put a text into a node, formatted; `query` is marked. */
function sayMarkdown(node, text, query = "") {
  node.replaceChildren();
  const lines = text.split(/(?<=\n)/);
  for (let at = 0; at < lines.length; ) {
    at = sayFence(node, lines, at, query) || sayTable(node, lines, at, query) || sayLine(node, lines, at, query);
  }
  return node;
}

const bare = (line) => line.replace(/\r?\n$/, "");
const mark = (text) => say(element("span", { class: "mk" }), text);

function block(node, look, ...children) {
  const made = element("div", { class: look }, ...children);
  node.append(made);
  return made;
}

/** A block of code from its fence to the fence that closes it, or to the end of the text. */
function sayFence(node, lines, start, query) {
  const opened = FENCE.exec(bare(lines[start]));
  if (!opened) return 0;
  let end = start + 1;
  const closes = (line) => line.trim().startsWith(opened[1]) && !line.trim().replaceAll(opened[1][0], "");
  while (end < lines.length && !closes(lines[end])) end += 1;
  const code = say(element("span"), lines.slice(start + 1, end).join(""), query);
  block(node, "code", mark(lines[start]), code, mark(lines[end] ?? ""));
  return Math.min(end + 1, lines.length);
}

/** A table: a line with bars, a rule below it, and all lines with bars that follow. */
function sayTable(node, lines, start, query) {
  const isRule = start + 1 < lines.length && lines[start + 1].includes("|") && RULE.test(bare(lines[start + 1]));
  if (!isRule || !lines[start].includes("|")) return 0;
  const table = block(node, "table");
  let at = start;
  for (; at < lines.length && lines[at].includes("|"); at++) {
    if (at === start + 1) table.append(mark(lines[at]));
    else sayCells(block(table, at === start ? "tr head" : "tr"), lines[at], query);
  }
  return at;
}

function sayCells(row, line, query) {
  const cells = line.split(/(?<!\\)(\|)/);
  cells.forEach((cell, number) => {
    const isEdge = !cell.trim() && (number === 0 || number === cells.length - 1);
    if (cell === "|" || isEdge) row.append(mark(cell));
    else sayInline(row.appendChild(element("span", { class: "td" })), cell, query);
  });
}

function sayLine(node, lines, start, query) {
  const line = lines[start];
  for (const [pattern, look, keepsMark] of [[HEADING, "h"], [QUOTE, "quote"], [ITEM, "li", true]]) {
    const found = pattern.exec(line);
    if (!found) continue;
    const opening = keepsMark ? say(element("span", { class: "bullet" }), found[0]) : mark(found[0]);
    sayInline(block(node, look, opening), line.slice(found[0].length), query);
    return start + 1;
  }
  let end = start + 1;
  const isPlain = (at) => ![FENCE, HEADING, QUOTE, ITEM].some((one) => one.test(bare(lines[at]))) && !lines[at].includes("|");
  while (end < lines.length && isPlain(end)) end += 1;
  sayInline(block(node, "para"), lines.slice(start, end).join(""), query);
  return end;
}

function sayInline(node, text, query) {
  let end = 0;
  const plain = (part) => part && node.append(say(element("span"), part, query));
  for (const found of text.matchAll(INLINE)) {
    const [whole, ticks, code, double, bold, single, italic] = found;
    plain(text.slice(end, found.index));
    const [around, inner, look] = ticks ? [ticks, code, "c"] : double ? [double, bold, "b"] : [single, italic, "i"];
    node.append(mark(around), say(element("span", { class: look }), inner, query), mark(around));
    end = found.index + whole.length;
  }
  plain(text.slice(end));
}
