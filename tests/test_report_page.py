"""The report in a real Chromium: it opens from a file, asks the network for nothing, shows hostile text as text, and
its filters, search and pages do what they say."""

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium import Page, open_chromium, open_page, require_chromium
from large_run import write_large_run
from playwright.sync_api import Browser
from run_fixtures import CONSTITUTION, MANIFEST, RECIPE, example, failure, write_guided_run, write_run

from selfalign import report
from selfalign.records import (
    CheckResult,
    Constitution,
    Contrast,
    Example,
    Failure,
    FailureReason,
    Instruction,
    Principle,
    Rejection,
    RejectionReason,
    Revision,
    Round,
    Usage,
    Verdict,
    to_row,
)
from selfalign.report import facts
from selfalign.run import directory as rundir

pytestmark = pytest.mark.browser

READY = "document.readyState === 'complete' && performance.getEntriesByName('selfalign-plots').length"
IDLE = "document.getElementById('rows').getAttribute('aria-busy') === 'false'"

# What each of these would do if it were ever taken for more than text: set a flag, open a dialog, ask the network.
ATTACKS = (
    "</script><script>window.broken=1;alert(1)</script>",
    '</textarea></title></style><img src=x onerror="window.broken=1;alert(1)">',
    "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg>",
    '<iframe src="https://example.invalid/" srcdoc="<script>parent.broken=1</script>"></iframe>',
    "[a link](javascript:window.broken=1) <a href='javascript:window.broken=1'>b</a>",
    "<link rel=stylesheet href=https://example.invalid/a.css><style>*{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=https://example.invalid/'><base href=https://example.invalid/>",
    "${window.broken=1} {{window.broken=1}} `${alert(1)}` %{label} %{customdata} <%= alert(1) %>",
    "<!-- --!> ]]> &lt;b&gt; &amp;lt; &#x3c;script&#x3e;",
    "<b>bold</b><br><sup>up</sup><span style='color:red'>red</span> $x^2$",
    '__proto__ constructor toString \\u003cscript\\u003e \\" \\\\ " \'',
    "un mot en français, 一个句子, ครับ, مرحبا بالعالم, 👩‍👩‍👧",
)
INVISIBLE = "nul \x00 escape \x1b[31m right-to-left \u202e back \u2028 line \ud800 half \u200b none \ufeff end"
ENORMOUS = "<wide>" * 40_000


@pytest.fixture(scope="module")  # while Playwright runs, other modules' tests could start no event loop
def chromium() -> Iterator[Browser]:
    """The browser: found, installed, or a loud skip; in CI its absence is a failure."""
    with open_chromium(require_chromium()) as browser:
        yield browser


def show(page: Page, path: Path) -> None:
    page.resize(1280, 900)
    page.open(path.resolve().as_uri())
    page.wait_for(READY, 60)
    page.wait_for(IDLE)


@pytest.fixture(scope="module")
def large_page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A report of 900 examples, open for all tests that only look at it."""
    run = write_large_run(tmp_path_factory.mktemp("large") / "run", 900, random.Random(4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "MAX_ROWS", 600)
        report.write_report(run)
    with open_page(chromium) as page:
        show(page, run / report.FILE)
        yield page


@pytest.fixture
def fresh(large_page: Page) -> Page:
    """The same page with all filters taken back."""
    large_page.evaluate("document.getElementById('clear').click()")
    settle(large_page)
    press(large_page, "[data-kind=examples]")
    return large_page


def settle(page: Page) -> None:
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 20))")
    page.wait_for(IDLE)


def press(page: Page, selector: str) -> None:
    page.evaluate(f"document.querySelector({json.dumps(selector)}).click()")
    settle(page)


def choose(page: Page, select: str, value: str) -> None:
    page.evaluate(
        f"(() => {{ const select = document.getElementById('{select}'); select.value = {json.dumps(value)};"
        "select.dispatchEvent(new Event('change')); })()"
    )
    settle(page)


def look_for(page: Page, text: str) -> None:
    page.evaluate(
        f"(() => {{ const box = document.getElementById('query'); box.value = {json.dumps(text)};"
        "box.dispatchEvent(new Event('input')); })()"
    )
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 250))")
    settle(page)


def texts(page: Page, selector: str) -> list[str]:
    return page.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map((node) => node.textContent)")


# --- hostile text -----------------------------------------------------------------------------------------------------


def hostile_constitution() -> Constitution:
    principles = tuple(Principle(f"p{at}{text}", text, text) for at, text in enumerate(ATTACKS))
    persona = replace(CONSTITUTION.persona, name=ATTACKS[0], maker=ATTACKS[1], character=ATTACKS[9])
    return replace(CONSTITUTION, name=ATTACKS[1], about=ATTACKS[0], persona=persona, principles=principles)


def hostile_run(path: Path, *attacks: str) -> Path:
    """A run in which every text of every record, and of recipe and constitution, is an attack."""
    constitution = hostile_constitution()
    cites = tuple(item.id for item in constitution.principles)
    answered: list[Any] = []
    for at, text in enumerate(attacks):
        instruction = Instruction(f"p{at:07d}-00", f"Write {text}", text, text)
        flag = CheckResult("leak", Verdict.FLAG, 0.5, text)
        cited, beside = (cites[0], cites[at % len(cites)]), f"Beside it {text}"
        contrasts = (Contrast(text, beside, Usage(), beside),)
        revision = Revision(text, text, text, text, Usage(), critique=beside)
        answered.append(
            Example(instruction, text, text, cited, (flag,), Usage(1, 1, 1), contrasts=contrasts, revision=revision)
        )
        other = replace(instruction, id=f"p{at:07d}-01")
        fail = CheckResult("loop", Verdict.FAIL, 0.5, text)
        answered.append(
            Failure(other, text, FailureReason.CHECK, f"loop: {text}", text, Usage(), text, text, cites[:2], (fail,))
        )
    write_run(path, answered, {**RECIPE, "name": ATTACKS[0], "seeds": [ATTACKS[2]]})
    manifest = {**MANIFEST, "model": ATTACKS[1], "model_revision": ATTACKS[8], "constitution": to_row(constitution)}
    (path / rundir.MANIFEST).write_text(json.dumps(manifest))
    accepted = tuple(row.instruction for row in answered)
    (path / rundir.ROUNDS).unlink()
    journal = rundir.Journal(path / rundir.ROUNDS)
    journal.append(Round(0, (), accepted, (), Usage()))
    for at, text in enumerate(attacks):
        reason = RejectionReason.NEAR_DUPLICATE if at % 2 else RejectionReason.CONTAMINATED
        rejected = Rejection(text, text, reason, f"p{at:07d}-00", 0.8, text)
        journal.append(Round(1 + at, (), (), (rejected,), Usage()))
    journal.close()
    return report.write_report(path)


@pytest.fixture(scope="module")
def hostile_page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    path = hostile_run(tmp_path_factory.mktemp("hostile") / "run", *ATTACKS)
    with open_page(chromium) as page:
        show(page, path)
        yield page


def skeleton(page: Page) -> list[int]:
    """How many elements there are of each kind that could load, run or lead away."""
    kinds = "script, style, link, meta, base, iframe, object, embed, form, img, a, video, audio, source"
    count = "document.querySelectorAll(kind === 'script' ? 'script:not([id^=part])' : kind).length"
    return page.evaluate(f"'{kinds}'.split(', ').map((kind) => {count})")


def test_the_attacks_work_where_nothing_stops_them(chromium: Browser, tmp_path: Path) -> None:
    (tmp_path / "open.html").write_text(f"<!doctype html><body>{ATTACKS[1].replace('alert(1)', '')}{ATTACKS[5]}")
    with open_page(chromium, (tmp_path / "open.html").as_uri()) as page:
        page.wait_for("window.broken === 1")
        assert any("example.invalid" in address for address in page.requests())


@pytest.mark.parametrize("kind", ["examples", "failed", "rejected"])
def test_no_attack_becomes_more_than_text(hostile_page: Page, large_page: Page, kind: str) -> None:
    page = hostile_page
    press(page, f"[data-kind={kind}]")
    assert page.dialogs() == []
    assert page.requests() == []
    assert page.complaints() == []
    assert page.evaluate("typeof window.broken") == "undefined"
    assert skeleton(page) == skeleton(large_page)
    attributes = page.evaluate("[...document.querySelectorAll('#rows *')].flatMap((node) => node.getAttributeNames())")
    assert set(attributes) <= {"class", "dir", "title", "type"}
    tags = page.evaluate("[...new Set([...document.querySelectorAll('#rows *')].map((node) => node.localName))].sort()")
    assert set(tags) <= {"article", "button", "div", "h4", "header", "li", "mark", "p", "span", "ul"}


@pytest.mark.parametrize("kind", ["examples", "failed", "rejected"])
def test_every_attack_can_be_read_word_for_word(hostile_page: Page, kind: str) -> None:
    press(hostile_page, f"[data-kind={kind}]")
    blocks = texts(hostile_page, "#rows .text")
    for attack in ATTACKS:
        own = f"Write {attack}" if kind != "rejected" else attack
        assert own in blocks
        if kind != "rejected":
            assert blocks.count(attack) == 3  # context, thought and answer
            assert blocks.count(f"Beside it {attack}") == (2 if kind == "examples" else 0)  # critique and contrast
        elif ATTACKS.index(attack) % 2 == 0:
            assert blocks.count(f"Write {attack}") == 1  # what it repeats stands beside it


def test_header_and_origin_show_hostile_names_as_they_are(hostile_page: Page) -> None:
    assert texts(hostile_page, "#name") == [ATTACKS[0]]
    assert ATTACKS[1] in texts(hostile_page, "#lead")[0]
    assert texts(hostile_page, "#rules b") == list(ATTACKS)
    assert ATTACKS[0] in texts(hostile_page, "#made")[0]


def test_plots_show_hostile_names_as_they_are(hostile_page: Page) -> None:
    labels = texts(hostile_page, "#plot-principles .yaxislayer-above text")
    assert len(labels) == len(ATTACKS)
    for attack in ATTACKS:
        start = attack[:20].strip()
        assert any(label.startswith(start) for label in labels), (start, labels)
    assert hostile_page.evaluate("document.querySelectorAll('.plot a').length") == 0
    assert hostile_page.evaluate("document.querySelectorAll('.plot tspan').length") == 0


# The middle of a bar, brought into view.
FIRST_BAR = """(() => {
  const plot = document.getElementById("plot-principles");
  plot.scrollIntoView({ block: "center", behavior: "instant" });
  const bars = [...plot.querySelectorAll(".point path")].map((bar) => bar.getBoundingClientRect());
  const bar = bars.find((one) => one.width > 9);
  return [bar.x + bar.width / 2, bar.y + bar.height / 2];
})()"""


def test_hovering_over_a_plot_shows_the_name_as_text(hostile_page: Page) -> None:
    hostile_page.tab.bring_to_front()
    box = hostile_page.evaluate(FIRST_BAR)
    for shift in (0, 1):
        hostile_page.tab.mouse.move(box[0] + shift, box[1])
    hostile_page.wait_for("document.querySelector('#plot-principles .hoverlayer text')")
    hover = texts(hostile_page, "#plot-principles .hoverlayer text")[0]
    assert any(hover.startswith(attack[:40]) for attack in ATTACKS), hover
    assert hostile_page.evaluate("document.querySelectorAll('.hoverlayer a, .hoverlayer tspan').length") == 0


def test_what_cannot_be_seen_is_written_out(chromium: Browser, tmp_path: Path) -> None:
    with open_page(chromium) as page:
        show(page, hostile_run(tmp_path / "run", INVISIBLE, ENORMOUS))
        asked = texts(page, "#rows .asked")
        assert asked[0].startswith(
            "Write nul U+0000 escape U+001B[31m right-to-left U+202E back U+2028 line U+D800 half"
        )
        assert texts(page, "#rows .control")[:3] == ["U+0000", "U+001B", "U+202E"]
        # An enormous line is folded, opens on demand, and never makes the page wider than the window.
        assert len(asked[1]) < 3_000
        press(page, "#rows .more")
        assert texts(page, "#rows .asked")[1] == f"Write {ENORMOUS}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


SNEAK = """(() => {
  const script = document.createElement("script");
  script.textContent = "window.sneaked = 1";
  const image = document.createElement("img");
  image.setAttribute("onerror", "window.sneaked = 1");
  image.src = "https://example.invalid/x.png";
  document.body.append(script, image);
})()"""


def test_the_policy_stops_a_script_that_got_in(chromium: Browser, tmp_path: Path) -> None:
    with open_page(chromium) as page:
        show(page, report.write_report(write_run(tmp_path / "run", [])))
        page.evaluate(SNEAK)
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")
        assert page.evaluate("typeof window.sneaked") == "undefined"
        stopped = [complaint for complaint in page.complaints() if "Content Security Policy" in complaint]
        assert len(stopped) == 3  # the script, the handler, the image
        assert page.failures == ["csp"]


# --- what the page does ----------------------------------------------------------------------------------------------


def test_the_page_needs_no_network_and_draws_every_plot(large_page: Page) -> None:
    assert large_page.requests() == []
    # A run that was not guided has no cells, and their section is hidden.
    shown = "[...document.querySelectorAll('.plot')].filter((plot) => !plot.closest('[hidden]'))"
    assert large_page.evaluate(f"{shown}.length") == 7
    assert large_page.evaluate("document.querySelectorAll('.plot.js-plotly-plot').length") == 7
    assert large_page.evaluate(f"{shown}.every((plot) => plot.getAttribute('aria-label').length > 20)")


def test_a_sample_is_said_to_be_one(fresh: Page) -> None:
    notice = texts(fresh, "#sampled")[0]
    assert "600 of the 8" in notice
    assert "evenly spread" in notice
    assert not fresh.evaluate("document.getElementById('sampled').hidden")
    press(fresh, "[data-kind=failed]")
    assert fresh.evaluate("document.getElementById('sampled').hidden")


def test_search_marks_what_it_finds(fresh: Page) -> None:
    look_for(fresh, "Theorem")
    counted = texts(fresh, "#count")[0]
    assert counted.endswith("of 600 examples")
    assert 0 < int(counted.split()[0]) < 600
    articles = texts(fresh, "#rows article")
    assert articles
    assert all("theorem" in article.lower() for article in articles)
    assert {text.lower() for text in texts(fresh, "#rows mark")} == {"theorem"}
    look_for(fresh, "no such words anywhere")
    assert texts(fresh, "#count") == ["0 of 600 examples"]
    assert texts(fresh, "#rows article") == []


def test_filters_keep_what_they_name(fresh: Page) -> None:
    choose(fresh, "principle", "candor")
    articles = texts(fresh, "#rows article > header")
    assert articles
    assert all("candor" in article for article in articles)
    choose(fresh, "flag", "leak")
    both = int(texts(fresh, "#count")[0].split()[0])
    assert len(texts(fresh, "#rows article")) == both
    assert all("leak" in article and "candor" in article for article in texts(fresh, "#rows article > header"))
    press(fresh, "#clear")
    assert texts(fresh, "#count") == ["600 examples"]


def test_what_was_flagged_most_comes_first_on_demand(fresh: Page) -> None:
    choose(fresh, "order", "flagged")
    first = fresh.evaluate(
        "[...document.querySelectorAll('#rows article')].map((row) => row.querySelectorAll('.chip.amber').length)"
    )
    assert first[0] >= 1
    assert first == sorted(first, reverse=True)
    choose(fresh, "flag", "leak")
    assert all("leak" in article for article in texts(fresh, "#rows article > header"))
    choose(fresh, "order", "")


def test_of_a_judged_run_the_uncertain_come_first(chromium: Browser, fresh: Page, tmp_path: Path) -> None:
    assert "uncertain" not in fresh.evaluate(
        "[...document.getElementById('order').options].map((option) => option.value)"
    )
    scores = [0.95, 0.1, 0.52, 0.4]
    judgings = [{"scores": {"candor": each}, "questions": 1, "tokens": 9} for each in scores]
    judged = [replace(example(number), judging=each) for number, each in enumerate(judgings, start=1)]
    run = write_run(tmp_path / "run", [*judged, example(5), failure(6)], {"judge": {"score": True}})
    report.write_report(run)
    with open_page(chromium) as page:
        show(page, run / report.FILE)
        choose(page, "order", "uncertain")
        chips = [re.search(r"judged (\d\.\d\d) by candor", text) for text in texts(page, "#rows article > header")]
        assert [each and float(each[1]) for each in chips] == [0.52, 0.4, 0.1, 0.95, None]
        press(page, "[data-kind=failed]")
        assert len(texts(page, "#rows article")) == 1


def test_rows_can_be_read_at_random_and_pages_turned_back(fresh: Page) -> None:
    in_order = texts(fresh, "#rows .id")
    choose(fresh, "order", "random")
    shuffled = texts(fresh, "#rows article > header > .id:first-child")
    assert shuffled != sorted(shuffled)
    press(fresh, "#pager button:last-of-type")
    assert not set(texts(fresh, "#rows article > header > .id:first-child")) & set(shuffled)
    press(fresh, "#pager button:first-of-type")
    assert texts(fresh, "#rows article > header > .id:first-child") == shuffled
    press(fresh, "#again")
    assert texts(fresh, "#rows article > header > .id:first-child") != shuffled
    choose(fresh, "order", "")
    assert texts(fresh, "#rows .id") == in_order
    assert fresh.evaluate("document.getElementById('again').hidden")


def test_principles_and_verbs_can_be_read_in_their_plots(large_page: Page) -> None:
    names = set(texts(large_page, "#plot-principles .yaxislayer-above text"))
    labels = texts(large_page, "#plot-together .xaxislayer-above text")
    assert len(labels) == 16
    assert all(any(label.rstrip("… ") in name for name in names) for label in labels)
    sizes = large_page.evaluate(LABEL_SIZES)
    assert len(sizes) >= 8
    assert min(sizes) >= 9


# The height in pixels of the letters that are shown in the sunburst, as drawn: plotly scales what would not fit.
LABEL_SIZES = """[...document.querySelectorAll("#plot-verbs .sunburstlayer text")]
  .filter((text) => text.textContent && text.getBoundingClientRect().width)
  .map((text) => parseFloat(getComputedStyle(text).fontSize) * Math.hypot(text.getCTM().a, text.getCTM().b))"""

MARKDOWN = """# Two ways

Use **both**, *never* `x | y` alone:

1. a list with **bold**
- and `code`

| Name | Value |
|------|------:|
| one | 1 |

```python
print("**not bold**")  # <b>
```
> quoted
a lone * star and __init__ and [a link](https://example.invalid/)"""


def test_markdown_code_and_tables_are_shown_as_meant_and_no_character_is_lost(
    chromium: Browser, tmp_path: Path
) -> None:
    with open_page(chromium) as page:
        show(page, report.write_report(write_run(tmp_path / "run", [example(1, MARKDOWN)])))
        assert texts(page, "#rows .side:last-child .text") == [MARKDOWN]
        assert [text.strip() for text in texts(page, "#rows .h")] == ["# Two ways"]
        assert texts(page, "#rows .b") == ["both", "bold", "init"]
        assert texts(page, "#rows .i") == ["never"]
        assert texts(page, "#rows .c") == ["x | y", "code"]
        assert [text.strip() for text in texts(page, "#rows .td")] == ["Name", "Value", "one", "1"]
        assert "print(" in texts(page, "#rows .code")[0]
        assert page.evaluate("document.querySelectorAll('#rows .code .b, #rows a, #rows img, #rows table').length") == 0
        assert page.evaluate("getComputedStyle(document.querySelector('#rows .mk')).fontSize") == "0px"
        assert page.requests() == []
        look_for(page, "bold")
        assert "bold" in texts(page, "#rows mark")


def test_where_no_warning_is_given_it_is_said_what_was_looked_at(large_page: Page, chromium: Browser) -> None:
    notice = " ".join(texts(large_page, "#notices"))
    assert "out of balance" not in notice
    assert "Looked at: how often answers refuse" in notice
    assert "Whether the answers are right" in notice
    assert re.search(r"Languages of answers[a-z]{2} \d+%", texts(large_page, "#balance")[0])


def test_failed_and_rejected_rows_say_why(fresh: Page) -> None:
    press(fresh, "[data-kind=failed]")
    choose(fresh, "reason", "check: loop")
    assert all("check: loop" in article for article in texts(fresh, "#rows article > header"))
    assert "loop: the same line nine times" in texts(fresh, "#rows .why")[0]
    press(fresh, "[data-kind=rejected]")
    choose(fresh, "reason", "near_duplicate")
    first = texts(fresh, "#rows article")[0]
    assert "similarity 0." in first
    proposed, repeats = texts(fresh, "#rows article:first-of-type .side")
    assert proposed.startswith("Proposed")
    assert repeats.startswith("Repeats p0")
    assert set(proposed.split()[1:]) & set(repeats.split()[2:])


def test_pages_turn_and_keep_the_keyboard_focus(fresh: Page) -> None:
    first = texts(fresh, "#rows .id")[0]
    fresh.evaluate("document.querySelector('#pager button:last-of-type').focus()")
    press(fresh, "#pager button:last-of-type")
    assert texts(fresh, "#rows .id")[0] > first
    assert fresh.evaluate("document.activeElement.textContent") == "next"
    fresh.evaluate(
        "(() => { const box = document.querySelector('#pager input'); box.value = 30;"
        "box.dispatchEvent(new Event('change')); })()"
    )
    settle(fresh)
    assert len(texts(fresh, "#rows article")) == 20
    assert fresh.evaluate("document.querySelector('#pager button:last-of-type').disabled")


def test_a_reason_in_the_funnel_leads_to_its_rows(fresh: Page) -> None:
    press(fresh, "#reasons > div:first-child button")
    assert fresh.evaluate("document.querySelector('[data-kind=rejected]').getAttribute('aria-pressed')") == "true"
    assert fresh.evaluate("document.getElementById('reason').value") == "near_duplicate"


def test_colours_follow_the_reader(chromium: Browser, large_page: Page) -> None:
    def background() -> str:
        return large_page.evaluate("getComputedStyle(document.body).backgroundColor")

    large_page.resize(1280, 900, dark=True)
    dark = background()
    large_page.resize(1280, 900)
    light = background()
    assert dark != light
    press(large_page, "#theme")
    assert background() == dark
    press(large_page, "#theme")
    assert background() == light


def test_the_cells_of_a_guided_run_and_their_twins_can_be_read(chromium: Browser, tmp_path: Path) -> None:
    run = write_guided_run(tmp_path / "run")
    report.write_report(run)
    with open_page(chromium) as page:
        show(page, run / report.FILE)
        assert "1 of them complied with" in " ".join(texts(page, "#guided-say li"))
        assert page.evaluate("document.getElementById('plot-cells').data.length") == 3
        assert texts(page, "#twins article:first-child .chip") == ["complied with", "refused"]
        assert "<b>Request</b> 1" in texts(page, "#twins .asked")
        page.evaluate("document.getElementById('plot-cells').emit('plotly_click', {points: [{curveNumber: 0, y: 0}]})")
        settle(page)
        assert len(texts(page, "#rows article")) == 4
        assert "[fraud; fake shops; benign twin; direct]" in " ".join(texts(page, "#rows header"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_a_guide_no_cells_are_shown(large_page: Page) -> None:
    assert large_page.evaluate("document.getElementById('guided').hidden")


def test_a_small_screen_needs_no_sideways_scrolling(chromium: Browser, large_page: Page) -> None:
    large_page.resize(360, 740)
    settle(large_page)
    large_page.wait_for("document.documentElement.scrollWidth <= 360", 5)
    large_page.resize(1280, 900)


def test_text_has_enough_contrast_in_both_colours(large_page: Page) -> None:
    for dark in (False, True):
        large_page.resize(1280, 900, dark=dark)
        for selector in ("body", ".lead", ".chip", ".text", ".stage .share", "figcaption", "#tabs [aria-pressed=true]"):
            assert large_page.evaluate(f"({CONTRAST})({json.dumps(selector)})") >= 4.5, (selector, dark)
    large_page.resize(1280, 900)


# WCAG 2.2, 1.4.3: the ratio of relative luminances of a text and what is painted behind it.
CONTRAST = """(selector) => {
  const node = document.querySelector(selector);
  const canvas = document.createElement("canvas").getContext("2d");
  const paint = (colour) => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); };
  const luminance = () => {
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = [];
  for (let one = node; one; one = one.parentElement) behind.unshift(getComputedStyle(one).backgroundColor);
  behind.forEach(paint);
  const ground = luminance();
  paint(getComputedStyle(node).color);
  const text = luminance();
  return (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
}"""


def test_an_empty_run_opens_and_says_that_there_is_nothing(chromium: Browser, tmp_path: Path) -> None:
    with open_page(chromium) as page:
        show(page, report.write_report(write_run(tmp_path / "run", [])))
        assert page.complaints() == []
        assert texts(page, "#count") == ["0 examples"]
        assert "too short" in texts(page, "#plot-rates")[0]


def test_a_large_run_opens_quickly(chromium: Browser, tmp_path: Path) -> None:
    """A guard against the worst only; the measured figure is that of benchmarks/report.py."""
    run = write_large_run(tmp_path / "run", 4_000, random.Random(6))
    report.write_report(run)
    with open_page(chromium) as page:
        show(page, run / report.FILE)
        assert page.evaluate("performance.getEntriesByName('selfalign-rows')[0].startTime") < 3_000


def test_the_picture_of_the_readme_is_made_from_a_run(chromium: Browser, tmp_path: Path) -> None:
    run = write_large_run(tmp_path / "run", 300, random.Random(8))
    script = Path(__file__).parent.parent / "benchmarks" / "picture.py"
    picture = tmp_path / "docs" / "report.png"
    done = subprocess.run([sys.executable, script, run, "--out", picture], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert 20_000 < picture.stat().st_size <= 300_000
