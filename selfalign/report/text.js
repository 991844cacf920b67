// Text: the only ways in which anything that was generated reaches the page.

// Controls, soft hyphens, zero-width spaces, marks that turn the direction of writing, halves of characters: shown as
// what they are. Joiners (U+200C, U+200D) stay, since scripts and emoji need them.
const INVISIBLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]|\p{Cs}/gu;
const LONG = 1800;

const byId = (id) => document.getElementById(id);

/** An element with attributes, properties in `on` (listeners), and children that are nodes or text. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

const codePoint = (character) => "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");

/** The text with invisible characters written out, for places that take a string only. */
const visible = (text) => String(text).replace(INVISIBLE, (character) => `[${codePoint(character)}]`);

/** Put text into a node as text; invisible characters become small labels, matches of `query` are marked. */
function say(node, text, query = "") {
  node.replaceChildren();
  const pattern = query ? new RegExp(escapePattern(query), "giu") : null;
  let end = 0;
  for (const found of text.matchAll(INVISIBLE)) {
    sayMarked(node, text.slice(end, found.index), pattern);
    node.append(element("span", { class: "control", title: "invisible character" }, codePoint(found[0])));
    end = found.index + found[0].length;
  }
  sayMarked(node, text.slice(end), pattern);
  return node;
}

function sayMarked(node, text, pattern) {
  let end = 0;
  for (const found of pattern ? text.matchAll(pattern) : []) {
    if (!found[0]) continue;
    node.append(text.slice(end, found.index), element("mark", {}, found[0]));
    end = found.index + found[0].length;
  }
  if (end < text.length) node.append(text.slice(end));
}

const escapePattern = (text) => text.replace(/[\\^$.*+?()[\]{}|\/-]/g, "\\$&");

/** A block of text; a very long one is folded, unless what was searched for stands in the folded part. */
function textBlock(text, query = "", className = "text") {
  const node = element("div", { class: className, dir: "auto" });
  const isFound = query && text.slice(LONG).toLowerCase().includes(query.toLowerCase());
  if (text.length <= LONG * 1.25 || isFound) return sayMarkdown(node, text, query);
  const box = element("div");
  const more = element("button", { type: "button", class: "more" }, `show all ${count(text.length)} characters`);
  more.addEventListener("click", () => {
    sayMarkdown(node, text, query);
    more.remove();
  });
  sayMarkdown(node, text.slice(0, LONG).replace(/[\ud800-\udbff]$/, "") + " …", query);
  box.append(node, more);
  return box;
}

/** Text for a plot. Plotly reads tags and entities in labels as formatting, so neither may be left in them. */
function plotText(text, limit = 36) {
  const characters = [...visible(text).replace(/\s+/g, " ").trim()];
  const short = characters.length > limit ? characters.slice(0, limit - 1).join("") + "…" : characters.join("");
  return short.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

const count = (number) => Number(number).toLocaleString("en-US");
const words = (code) => visible(code).replaceAll("_", " ");

function percent(part, whole) {
  if (!whole) return "–";
  const value = (100 * part) / whole;
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)}%`;
}

function compact(number) {
  return Number(number).toLocaleString("en-US", { notation: "compact", maximumFractionDigits: 1 });
}

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
