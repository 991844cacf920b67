import pytest

from selfalign.errors import RunStalled
from selfalign.run.streak import MAX_ALIKE, Streak


def test_the_same_failure_again_and_again_stops_a_run_with_an_example():
    streak = Streak("answers")
    for _ in range(MAX_ALIKE - 1):
        streak.note("no_citation", "Well, ...")
    with pytest.raises(RunStalled, match=r"50 answers in a row failed in the same way \(no_citation\).*'Well, \.\.\.'"):
        streak.note("no_citation", "Well, ...")


@pytest.mark.parametrize("other", [None, "truncated"])
def test_anything_else_in_between_begins_anew(other):
    streak = Streak("answers")
    for _ in range(10):
        for _ in range(MAX_ALIKE - 1):
            streak.note("no_citation")
        streak.note(other)


def test_success_after_success_stops_nothing():
    streak = Streak("answers")
    for _ in range(3 * MAX_ALIKE):
        streak.note(None)
