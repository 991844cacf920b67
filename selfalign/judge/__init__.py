"""The judge: the model's own verdicts, by the probability of a word. It sees an answer, never a thought.

question     the two questions and their fixed heads
ask          asking them: does it follow the principle? which of two follows it better?
"""

from selfalign.judge.ask import Preference, better_of, follows
from selfalign.judge.question import better_question, follows_question

__all__ = ["Preference", "better_of", "better_question", "follows", "follows_question"]
