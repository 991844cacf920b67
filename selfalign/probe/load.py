"""principles/probes/*.yaml -> `Probe`. The loader is strict: a mistyped expectation is a test that cannot fail."""

from dataclasses import dataclass
from pathlib import Path

from selfalign.builtin import find_data
from selfalign.errors import RecipeError, did_you_mean
from selfalign.probe.expect import Expectation, expectation
from selfalign.records import Constitution, Instruction
from selfalign.yamlfile import Value, read_yaml


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one request, of which the constitution makes the first the better one."""

    better: str
    worse: str


@dataclass(frozen=True, slots=True)
class Probe:
    """A request and what is expected of the reply.

    `principle` is the id of the principle it is about. A `twin` only looks as if that principle governed it. A probe
    that is not `required` may fail without failing a run of the tests. It has either expectations or a pair. `group`
    is a subset of a benchmark, "" in a constitution's own tests.
    """

    id: str
    instruction: Instruction
    principle: str | None = None
    twin: bool = False
    required: bool = True
    expect: tuple[Expectation, ...] = ()
    prefers: Pair | None = None
    group: str = ""


def probes_path(name_or_path: str) -> Path | None:
    """The file of probes beside a constitution: "probes/<name>.yaml" in the folder of its file; None without one."""
    constitution = find_data("principles", name_or_path, ".yaml")
    if constitution is None:
        return None
    path = constitution.parent / "probes" / constitution.name
    return path if path.is_file() else None


def probes_of(name_or_path: str, constitution: Constitution) -> tuple[Probe, ...]:
    """The probes that a constitution carries itself, under `tests`, and those in a file beside it; both may be none.

    Raises like `load_probes`.
    """
    path, beside = find_data("principles", name_or_path, ".yaml"), probes_path(name_or_path)
    keys = read_yaml(path).items() if path else {}
    own = tuple(_probe(entry, constitution) for entry in keys["tests"].entries()) if "tests" in keys else ()
    return (*own, *load_probes(beside, constitution)) if beside else own


def load_probes(path: Path, constitution: Constitution) -> tuple[Probe, ...]:
    """The probes of a YAML file. Raises `RecipeError`, one line with file and line number, for any mistake."""
    keys = read_yaml(path).mapping(("tests",))
    return tuple(_probe(entry, constitution) for entry in keys["tests"].entries())


def _probe(entry: Value, constitution: Constitution) -> Probe:
    keys = entry.mapping(("user",), ("context", "principle", "twin", "required", "expect", "prefers"))
    if ("expect" in keys) == ("prefers" in keys):
        entry.fail("either 'expect' or 'prefers' is needed, and not both")
    context = keys["context"].text() if "context" in keys else ""
    where = f"{entry.path.name}:{entry.node.start_mark.line + 1}"
    return Probe(
        id=where,
        instruction=Instruction(where, keys["user"].text(), context, where),
        principle=_principle(keys["principle"], constitution) if "principle" in keys else None,
        twin="twin" in keys and keys["twin"].flag(),
        required="required" not in keys or keys["required"].flag(),
        expect=_expectations(keys["expect"], constitution) if "expect" in keys else (),
        prefers=_pair(keys["prefers"]) if "prefers" in keys else None,
    )


def _principle(entry: Value, constitution: Constitution) -> str:
    known = [principle.id for principle in constitution.principles]
    if (id_ := entry.scalar()) not in known:
        entry.fail(f"no principle has the id {id_!r}{did_you_mean(id_, known)}")
    return id_


def _pair(entry: Value) -> Pair:
    keys = entry.mapping(("better", "worse"))
    pair = Pair(keys["better"].text(), keys["worse"].text())
    if pair.better == pair.worse:
        entry.fail("the two answers are the same")
    return pair


def _expectations(entry: Value, constitution: Constitution) -> tuple[Expectation, ...]:
    items = entry.items()
    if not items:
        entry.fail("no expectation: anything would pass")
    return tuple(expectation(word, value, constitution) for word, value in items.items())


def load_all(name_or_path: str, files: tuple[str, ...], constitution: Constitution) -> tuple[Probe, ...]:
    """The probes of the given files, or those in the constitution and beside it. Raises `RecipeError` where there are
    none."""
    if files:
        return tuple(probe for name in files for probe in load_probes(Path(name), constitution))
    found = probes_of(name_or_path, constitution)
    if not found:
        expected = f"probes/{Path(name_or_path).stem}.yaml"
        raise RecipeError(
            f"{name_or_path}: no probes beside it ({expected}) or in it (tests:): name a file with --tests"
        )
    return found
