// Rows: compressed parts of the page, decoded when one of their rows is looked at.

const CACHED_PARTS = 48;
const decoded = new Map();

/** What `compress` in report/__init__.py packed: JSON, gzip, base64. */
async function unpack(base64) {
  return JSON.parse(await unzip(base64));
}

async function unzip(base64) {
  const packed = atob(base64);
  const bytes = new Uint8Array(packed.length);
  for (let at = 0; at < packed.length; at++) bytes[at] = packed.charCodeAt(at);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

const pageLoaded = new Promise((resolve) => {
  if (document.readyState !== "loading") resolve();
  else document.addEventListener("DOMContentLoaded", resolve, { once: true });
});

/** The rows of one part. The last few parts are kept, so paging back and forth costs nothing. */
async function readPart(number) {
  if (decoded.has(number)) return decoded.get(number);
  // The parts stand at the end of the file and may not have been read yet.
  if (!byId(`part-${number + 1}`)) await pageLoaded;
  const rows = await unpack(byId(`part-${number}`).textContent);
  decoded.set(number, rows);
  if (decoded.size > CACHED_PARTS) decoded.delete(decoded.keys().next().value);
  return rows;
}

/** The index of one kind with the number of its first row in each part. */
function withStarts(kind) {
  const starts = [];
  let total = 0;
  for (const [, numRows] of kind.parts) {
    starts.push(total);
    total += numRows;
  }
  return { ...kind, starts, total };
}

/** Which entry of `parts` holds row `number`. */
function partOf(kind, number) {
  let low = 0;
  let high = kind.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (kind.starts[middle] <= number) low = middle;
    else high = middle - 1;
  }
  return low;
}

async function readRow(kind, number) {
  const at = partOf(kind, number);
  return (await readPart(kind.parts[at][0]))[number - kind.starts[at]];
}
