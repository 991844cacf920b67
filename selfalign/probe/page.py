"""Results as pages that people can read: one self-contained HTML file, from a template that escapes every text."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from selfalign.probe.command import Tested
from selfalign.probe.compare import Compared
from selfalign.probe.conditions import AS_IS
from selfalign.probe.tally import by_principle, figures, mutation_score
from selfalign.records import Constitution
from selfalign.run.directory import write_atomically


def write_page(path: Path, tested: Tested, constitution: Constitution) -> None:
    """The probes of a constitution with their replies, controls and removals. Raises `RunDirError`."""
    names = {each.id: each.name for each in constitution.principles} | {"": "about no principle"}
    groups = by_principle(tested.grouped[AS_IS], [each.id for each in constitution.principles])
    _write(
        path,
        "page.html.j2",
        constitution=constitution,
        principles=[(names[id_], figures(id_, found), found) for id_, found in groups.items()],
        conditions=[figures(name, found) for name, found in tested.grouped.items() if "without " not in name],
        removed=tested.removed,
        score=mutation_score(tested.removed),
    )


def write_comparison(path: Path, rows: Sequence[Compared], names: tuple[str, str]) -> None:
    """Two constitutions side by side, what differs first. Raises `RunDirError`."""
    _write(path, "comparison.html.j2", rows=sorted(rows, key=lambda each: not each.differs), names=names)


def _write(path: Path, template: str, **values: Any) -> None:
    import jinja2

    folder = resources.files("selfalign.probe")
    loader = jinja2.FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8"))
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    write_atomically(path, environment.get_template(template).render(**values))
