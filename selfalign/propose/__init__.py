"""Proposing: where instructions come from.

window         proposals in flight, committed in order
listing        a continued list, read in whatever form it comes
pool           what was kept, and what a candidate is screened against
selfinstruct   proposer: the model continues a list
guided         proposer: the model completes hints, and finds topics for them
guide          guides/*.yaml -> Guide
ledger         which cells of a guide are empty, thin or given up
cells          what became of the cells, from the journals
mix            whose a round is
source         instructions that exist already
screen         rules for a single instruction
seeds          seeds/*.jsonl -> Seed
spec           the recipe's part
"""

from selfalign.propose.cells import GuidedSummary, condense, describe_cells, guided_from_row, summarise_cells
from selfalign.propose.guide import Guide, Line, load_guide
from selfalign.propose.ledger import Ledger
from selfalign.propose.mix import open_proposers
from selfalign.propose.pool import Pool
from selfalign.propose.screen import ScreenSpec, find_fault
from selfalign.propose.seeds import load_seeds, seeds_digest
from selfalign.propose.selfinstruct import SelfInstruct
from selfalign.propose.source import is_exhausted, propose_from_source, source_digest
from selfalign.propose.spec import GUIDED, ProposeSpec, SourceSpec
from selfalign.propose.window import propose, window_of

__all__ = [
    "GUIDED",
    "Guide",
    "GuidedSummary",
    "Ledger",
    "Line",
    "Pool",
    "ProposeSpec",
    "ScreenSpec",
    "SelfInstruct",
    "SourceSpec",
    "condense",
    "describe_cells",
    "find_fault",
    "guided_from_row",
    "is_exhausted",
    "load_guide",
    "load_seeds",
    "open_proposers",
    "propose",
    "propose_from_source",
    "seeds_digest",
    "source_digest",
    "summarise_cells",
    "window_of",
]
