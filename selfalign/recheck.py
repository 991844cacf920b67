"""Judge the answers of a run again by other checks, without the engine.

Examples and the failures of earlier checks keep their whole answer in the journal, so both can change sides. The
outcomes are written anew beside the old ones and replace them in one rename; then the recipe takes the new checks.
A kill in between leaves a run that the same command, given again, finishes.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from selfalign.align.check import check_outcome
from selfalign.errors import RecipeError
from selfalign.recipe import recipe_of_run, recipe_row
from selfalign.records import constitution_from_row
from selfalign.run import directory as rundir
from selfalign.run.directory import RECIPE, RunDir
from selfalign.run.journal import rewritten
from selfalign.run.progress import Counters


def recheck(path: Path, overrides: Sequence[str]) -> Counters:
    """Run the checks of the run's recipe, changed by `overrides` (keys under "checks."), over all its answers.

    Returns the counters of the outcomes. Raises `RecipeError` for any other key, `RunDirError` where the run is
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
    counters = Counters()
    with RunDir(path, recipe_row(before), manifest):
        with rewritten(path / rundir.OUTCOMES) as journal:
            for before_it, line in rundir.read_outcome_lines(path):
                outcome = check_outcome(before_it, constitution, recipe.checks)
                if outcome == before_it:
                    journal.append_line(line)  # most are: what needs no new line costs none
                else:
                    journal.append(outcome)
                counters.count_outcome(outcome)
        row = yaml.safe_dump(recipe_row(recipe), sort_keys=False, allow_unicode=True)
        rundir.write_atomically(path / RECIPE, row)
    return counters
