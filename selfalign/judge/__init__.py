"""The judge: the model's own verdicts, by the probability of a word. It sees an answer, never a thought.

question     the two questions and their fixed heads
ask          asking them: does it follow the principle? which of two follows it better?
spec         the recipe's part; an answer's weakest score
canaries     answers in disguises that must not score higher
measure      how far the judge can be trusted, and whether it may filter
record       the questions that measure it, as a run keeps them
labels       a user's labelled answers
argue        the strongest argument for and against an answer, for whoever labels it
"""

from selfalign.judge.ask import Cost, Preference, better_of, follows, follows_each
from selfalign.judge.canaries import CANARIES
from selfalign.judge.labels import KEYS, Label, load_labels
from selfalign.judge.measure import MIN_LABELLED, Measure, measure
from selfalign.judge.question import better_question, follows_question
from selfalign.judge.spec import JudgeSpec, refuse_unknown_weights, weakest

__all__ = [
    "CANARIES",
    "KEYS",
    "MIN_LABELLED",
    "Cost",
    "JudgeSpec",
    "Label",
    "Measure",
    "Preference",
    "better_of",
    "better_question",
    "follows",
    "follows_each",
    "follows_question",
    "load_labels",
    "measure",
    "refuse_unknown_weights",
    "weakest",
]
