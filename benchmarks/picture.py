"""The README's picture of the report: what a reader sees who opens one, as a PNG of at most 300 kB.

    python benchmarks/picture.py outputs/demo [--out docs/report.png]

The report of the run is written anew, and a headless Chromium draws its upper part, as wide as most screens are.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
MAX_BYTES = 300_000
SECONDS = 120


def main() -> None:
    """Write the picture; exit 1 where there is no browser or the picture grew too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a finished run directory")
    parser.add_argument("--out", type=Path, default=Path("docs/report.png"))
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1560)
    arguments = parser.parse_args()
    from selfalign.errors import SelfAlignError
    from selfalign.report import write_report

    try:
        page = write_report(arguments.run)
    except SelfAlignError as error:
        sys.exit(f"error: {error}")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    draw(page, arguments.out, arguments.width, arguments.height)
    num_bytes = arguments.out.stat().st_size
    print(f"{arguments.out}  {arguments.width} x {arguments.height}  {num_bytes:,} bytes")
    sys.exit(num_bytes > MAX_BYTES)


def draw(page: Path, out: Path, width: int, height: int) -> None:
    """A picture of the upper part of a page, light, once its plots are drawn."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit("no Chromium here: apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        options = (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--virtual-time-budget=20000",
        )
        command = [browser, *options, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        command += [f"--screenshot={out.resolve()}", page.resolve().as_uri()]
        subprocess.run(command, check=True, timeout=SECONDS, capture_output=True)


if __name__ == "__main__":
    main()
