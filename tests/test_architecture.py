"""The shape of the package: arrows that point one way, light imports, short files, documented names."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "selfalign"
FILES = sorted(PACKAGE.rglob("*.py"))
PYTHON_FILES = sorted(
    file for folder in ("selfalign", "tests", "benchmarks", "training") for file in (ROOT / folder).rglob("*.py")
)

# What stands in a line may use the lines above it and its own, never a line below, not even through another module.
LAYERS = (
    ("errors", "records", "builtin"),
    ("markers",),
    ("rows", "yamlfile"),
    ("engine", "novelty", "checks", "run"),
    ("judge",),
    ("propose", "align"),
    ("pipeline", "dataset", "probe"),
    ("recipe",),
    ("generate", "recheck", "report"),
    ("show", "publish"),
    ("cli",),
)
HEAVY = {"vllm", "torch", "transformers", "tokenizers", "datasets", "pyarrow", "plotly", "huggingface_hub", "trl"}
MAX_FILE_LINES = 400
MAX_TEST_LINES = 600
MAX_FUNCTION_LINES = 60
BASES = {"Exception", "StrEnum", "Protocol", "NamedTuple"}


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def module_of(file: Path) -> str:
    """The first name below the package: a folder counts as one module."""
    name = file.relative_to(PACKAGE).parts[0]
    return "selfalign" if name == "__init__.py" else name.removesuffix(".py")


def imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def arrows() -> dict[str, set[str]]:
    """Who imports whom within the package, at the top of a file or inside a function."""
    modules = {module_of(file) for file in FILES}
    found: dict[str, set[str]] = {module: set() for module in modules}
    for file in FILES:
        for node in ast.walk(tree(file)):
            for name in imported_names(node):
                parts = name.split(".")
                if parts[0] == "selfalign" and len(parts) > 1 and parts[1] in modules:
                    found[module_of(file)].add(parts[1])
        found[module_of(file)].discard(module_of(file))
    return found


def reachable(start: str, graph: dict[str, set[str]]) -> dict[str, tuple[str, ...]]:
    """Every module that one depends on, with a path to it."""
    paths: dict[str, tuple[str, ...]] = {}
    waiting = [(start,)]
    while waiting:
        path = waiting.pop()
        for target in sorted(graph[path[-1]] - paths.keys()):
            paths[target] = (*path, target)
            waiting.append(paths[target])
    return paths


def test_imports_point_one_way() -> None:
    graph = arrows()
    rank = {module: number for number, layer in enumerate(LAYERS) for module in layer}
    assert rank.keys() <= graph.keys()
    for module in rank:
        for target, path in reachable(module, graph).items():
            if target in rank:
                assert rank[target] <= rank[module], f"an arrow backwards: {' -> '.join(path)}"


def test_no_module_depends_on_itself() -> None:
    graph = arrows()
    for module in graph:
        path = reachable(module, graph).get(module)
        assert path is None, f"a circle: {' -> '.join(path or ())}"


def test_an_arrow_backwards_would_be_found() -> None:
    graph = {**arrows(), "records": {"markers"}, "markers": {"pipeline"}}
    assert reachable("records", graph)["pipeline"] == ("records", "markers", "pipeline")


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a file is imported: not those in functions, nor those for type checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from at_import(child)


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    for file in FILES:
        names = {name.split(".")[0] for node in at_import(tree(file)) for name in imported_names(node)}
        assert not names & HEAVY, file


def test_vllm_is_named_in_the_engine_alone() -> None:
    for file in FILES:
        names = {name.split(".")[0] for node in ast.walk(tree(file)) for name in imported_names(node)}
        assert "vllm" not in names or module_of(file) == "engine", file


def test_only_the_commands_print_and_exit() -> None:
    for file in FILES:
        calls = {ast.unparse(node.func) for node in ast.walk(tree(file)) if isinstance(node, ast.Call)}
        printing = calls & {"print", "typer.echo", "sys.exit", "exit", "typer.Exit"}
        assert not printing or module_of(file) == "cli" or (file.name, printing) == ("install.py", {"print"}), file


def test_what_is_public_is_documented() -> None:
    for file in FILES:
        assert ast.get_docstring(tree(file)), f"{file} says nothing about itself"
        for node in tree(file).body:
            is_public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_"
            assert not is_public or ast.get_docstring(node), f"{node.name} in {file} has no docstring"


def test_there_are_no_class_hierarchies() -> None:
    classes = [node for file in FILES for node in ast.walk(tree(file)) if isinstance(node, ast.ClassDef)]
    assert len(classes) > 30
    for node in classes:
        bases = {ast.unparse(base) for base in node.bases}
        foreign = {base for base in bases if "." in base}  # another library's: a parser, a loader
        assert all(base in BASES or base.endswith("Error") for base in bases - foreign), f"{node.name} is a {bases}"


def test_files_and_functions_are_short() -> None:
    for file in PYTHON_FILES:
        num_lines = len(file.read_text(encoding="utf-8").splitlines())
        assert num_lines <= (MAX_TEST_LINES if file.parent.name == "tests" else MAX_FILE_LINES), file
        assert file.stem not in ("utils", "common", "helpers", "misc", "base"), file
    for file in FILES:
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, f"{node.name} in {file}"


def test_no_variable_of_our_own_no_host_of_an_index_no_path_of_a_machine() -> None:
    indexes = ["py" + "pi.org", "python" + "hosted", "download." + "pytorch"]
    machine = ["/wo" + "rk/", "/op" + "t/"]
    suffixes = {".py", ".md", ".toml", ".txt", ".yaml", ".jsonl", ""}
    names = ("selfalign", "tests", "benchmarks", "training", "recipes", "principles", "seeds")
    files = [file for name in names for file in (ROOT / name).rglob("*")]
    files += [ROOT / name for name in ("README.md", "Makefile", "pyproject.toml")]
    for file in files:
        is_ours = not any(part.startswith((".", "__")) for part in file.relative_to(ROOT).parts[:-1])
        if is_ours and file.is_file() and file.suffix in suffixes:
            text = file.read_text(encoding="utf-8", errors="replace")
            for forbidden in ("SELFALIGN" + "_", *indexes, *machine):
                assert forbidden not in text, f"{file.relative_to(ROOT)} says {forbidden}"


def loaded_by(*arguments: str) -> set[str]:
    """The top-level modules that a command has loaded when it ends."""
    program = (
        "import sys\nfrom selfalign.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print(' '.join({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    return set(run.stderr.splitlines()[-1].split())


def test_help_loads_nothing_heavy_and_answers_at_once() -> None:
    assert not loaded_by("--help") & (HEAVY | {"numpy", "pandas", "asyncio", "yaml"})
    start = os.times()
    for _ in range(3):
        subprocess.run([sys.executable, "-m", "selfalign", "--help"], capture_output=True, cwd=ROOT, check=True)
    end = os.times()
    # Processor time, since others may be at work; the README's figure is 0.3 s on the clock of a quiet machine.
    assert end.children_user - start.children_user + end.children_system - start.children_system < 3 * 0.6


def test_show_never_imports_the_engine() -> None:
    assert not loaded_by("show", "demo") & {"vllm", "torch", "transformers", "datasets"}
