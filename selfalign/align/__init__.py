"""Aligning: an instruction is answered under a constitution, and what comes of it.

constitution   principles/*.yaml -> Constitution
prompt         Constitution -> what the model reads
ask            one request
parse          a completion -> thought, cited principles, answer
  headings     how models mark the parts of a reply
  citation     which principles a closing line cites
  answer       what is no answer: a placeholder, another thought, a recital ...
  turns        the next turn, in whatever guise
check          an answer -> example or failure, by the checks
judging        the judge's scores, and the best of several answers
outcome        all of that for one instruction
debate         several answers that see one another, and one that is kept
revise         what a check failed: one critique, one revision
improve        what the judge scored low: the same, kept if it scores better
contrast       the same model behind less or the contrary: the other side of a pair
again          replies that stand in a journal, read anew
files          `selfalign check`: the same for replies and answers recorded elsewhere
"""

from selfalign.align.again import read_again
from selfalign.align.ask import AlignSpec
from selfalign.align.check import check_outcome
from selfalign.align.constitution import load_constitution
from selfalign.align.judging import Judge
from selfalign.align.outcome import align, read_outcome
from selfalign.align.parse import Reply, ReplyError, parse_reply
from selfalign.align.prompt import opening, render_prefix, render_prompt

__all__ = [
    "AlignSpec",
    "Judge",
    "Reply",
    "ReplyError",
    "align",
    "check_outcome",
    "load_constitution",
    "opening",
    "parse_reply",
    "read_again",
    "read_outcome",
    "render_prefix",
    "render_prompt",
]
