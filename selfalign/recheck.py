"""Read the replies of a run again, by today's parser and by other checks, without the engine.

Every outcome keeps the model's whole reply in the journal, so any of them can change sides. The outcomes are written
anew beside the old ones and replace them in one rename; then the recipe takes the new checks. A kill in between leaves
a run that the same command, given again, finishes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from selfalign.align import read_again
from selfalign.errors import RecipeError
from selfalign.recipe import recipe_of_run, recipe_row
from selfalign.records import Example, Outcome
from selfalign.records.lines import constitution_from_row
from selfalign.run import directory as rundir
from selfalign.run.directory import RECIPE, RunDir
from selfalign.run.journal import rewritten
from selfalign.run.progress import Counters


@dataclass
class Rechecked:
    """The counters of the outcomes as they are now, and how many changed sides."""

    counters: Counters = field(default_factory=Counters)
    num_recovered: int = 0
    num_lost: int = 0

    def count(self, before: Outcome, now: Outcome) -> None:
        """Take in one outcome."""
        self.counters.count_outcome(now)
        self.num_recovered += isinstance(now, Example) > isinstance(before, Example)
        self.num_lost += isinstance(now, Example) < isinstance(before, Example)


def recheck(path: Path, overrides: Sequence[str]) -> Rechecked:
    """Read all replies of a run again, with the checks of its recipe changed by `overrides` (keys under "checks.").

    Raises `RecipeError` for any other key, `RunDirError` where the run is
    damaged, in use or cannot be written.
    """
    for override in overrides:
        if not override.startswith("checks."):
            raise RecipeError(
                f"--set {override}: only checks can be changed once answers are there (checks.<name>=...)"
            )
    before = recipe_of_run(path)
    recipe = replace(before, checks=recipe_of_run(path, overrides).checks)
    manifest = rundir.read_manifest(path)
    constitution = constitution_from_row(manifest["constitution"])
    rechecked = Rechecked()
    with RunDir(path, recipe_row(before), manifest):
        with rewritten(path / rundir.OUTCOMES) as journal:
            for before_it, line in rundir.read_outcome_lines(path):
                outcome = read_again(before_it, constitution, recipe.checks)
                if outcome == before_it:
                    journal.append_line(line)  # most are: what needs no new line costs none
                else:
                    journal.append(outcome)
                rechecked.count(before_it, outcome)
        row = yaml.safe_dump(recipe_row(recipe), sort_keys=False, allow_unicode=True)
        rundir.write_atomically(path / RECIPE, row)
    return rechecked
