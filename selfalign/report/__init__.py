"""The report of a run: one self-contained HTML page that needs no network and opens from a file.

    facts      what the plots and the header show, counted over all journals
    parts      every row in compressed parts, which the page decodes when they are looked at
    page.html  the page's skeleton; page.css and the scripts beside it go into it

Generated text is hostile. It travels as data only (compressed base64, or JSON without any `<`), the page shows it as
text nodes, and a Content-Security-Policy lets nothing run but the scripts of this package, named by their hashes.
"""

import base64
import gzip
import hashlib
import json
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from selfalign.errors import RunDirError
from selfalign.report.facts import gather
from selfalign.report.parts import PartWriter
from selfalign.run import directory as rundir

FILE = "report.html"
_DATA = re.compile(r'<script type="(application/json|text/plain)" id="([\w-]+)">([^<]*)</script>')
SCRIPTS = tuple(f"{name}.js" for name in "text markdown rows filters controls table plots charts page".split())


def write_report(run_path: Path) -> Path:
    """Write `<run>/report.html` from the journals and return its path; also works while the run goes on.

    Counts and plots are over all rows; of very large runs the page holds an even sample of the rows and says so. The
    same journals give the same bytes. Raises `RunDirError` where `run_path` is no run, has a damaged journal or
    cannot be written.
    """
    rundir.read_recipe(run_path)  # A folder that is no run is refused before anything is written.
    target = run_path / FILE
    temporary = target.with_name(FILE + ".tmp")
    try:
        with tempfile.TemporaryFile(dir=run_path) as spool:
            writer = PartWriter(spool)
            facts = gather(run_path, writer)
            index = writer.close()
            with open(temporary, "wb") as file:
                _write_page(file, facts, index, spool)
        os.replace(temporary, target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RunDirError(f"{target}: cannot be written ({error.strerror or error}); the run is untouched") from error
    return target


def _write_page(file: IO[bytes], facts: dict[str, Any], index: dict[str, Any], spool: IO[bytes]) -> None:
    """The skeleton with its holes filled; `spool` holds the parts, which are many megabytes."""
    contents = {
        "csp": _policy(_script(), _plotly()),
        "css": _asset("page.css"),
        "facts": safe_json(facts),
        "index": compress(index),
        "plotly": _pack(_plotly()),
        "script": _script(),
    }
    for number, piece in enumerate(re.split(r"{{(\w+)}}", _asset("page.html"))):
        is_hole = number % 2 == 1
        if is_hole and piece == "parts":
            spool.seek(0)
            shutil.copyfileobj(spool, file)
        else:
            file.write((contents[piece] if is_hole else piece).encode())


def page_texts(page: Path) -> Iterator[tuple[str, Any]]:
    """Everything that a page holds as data, each with its place. Raises ValueError where it is damaged."""
    for kind, name, content in _DATA.findall(page.read_text(encoding="utf-8", errors="replace")):
        if name == "plotly":
            continue
        try:
            held = json.loads(content if kind == "application/json" else gzip.decompress(base64.b64decode(content)))
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{name}: {error}") from error
        if name.startswith("part-"):
            yield from ((str(row.get("id") or f"round {row.get('round')}"), row) for row in held)
        else:
            yield name, held


def safe_json(content: Any) -> str:
    """JSON that is inert inside an HTML `<script>` of any kind: ASCII, with neither `<` nor `>` nor `&` in it."""
    text = json.dumps(content, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def compress(content: Any) -> str:
    """JSON, compressed, as base64: what `unpack` in rows.js reads."""
    return _pack(json.dumps(content, separators=(",", ":")))


def _pack(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _policy(*scripts: str) -> str:
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    # Plots are styled in place, so styles cannot be named by hash; heatmaps are images that the page makes itself.
    rules = ("default-src 'none'", f"script-src {hashes}", "style-src 'unsafe-inline'", "img-src data:")
    return "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _script() -> str:
    """Our own scripts as one, in a scope of their own."""
    return "(() => {\n'use strict';\n" + "\n".join(map(_asset, SCRIPTS)) + "})();\n"


@cache
def _plotly() -> str:
    """The plotting library that comes inside plotly's Python package; the package itself is never imported."""
    package = find_spec("plotly")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("the package plotly, a dependency of selfalign, is not installed")
    file = Path(package.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
    return file.read_bytes().decode()


@cache
def _asset(name: str) -> str:
    return (resources.files("selfalign.report") / name).read_text(encoding="utf-8")
