"""Several proposers in one run: whose a round is follows from its number and the run's seed alone."""

import random
from collections.abc import Callable

from selfalign.propose.guided import Guided
from selfalign.propose.pool import Pool
from selfalign.propose.selfinstruct import SelfInstruct
from selfalign.propose.spec import GUIDED, ProposeSpec
from selfalign.propose.window import Proposer
from selfalign.records import SELF_INSTRUCT, derive_seed

SHARE_OF_LINES = 0.8
"""Of guided rounds, those that ask for requests; the others look for topics (benchmarks/guided.md)."""


def open_proposers(pool: Pool, spec: ProposeSpec, *, style: str, rng_seed: int) -> Callable[[int], Proposer]:
    """What says whose a round is, by the shares of `spec.mix`. `pool` has a ledger where one of them is guided.

    A proposer that asks for fewer instructions at a time has more rounds, so that the shares are those of instructions.
    """
    proposers: list[Proposer] = []
    weights: list[float] = []
    for name, share in sorted(spec.mix.items()):
        if not share:
            continue
        if name == SELF_INSTRUCT:
            proposers.append(SelfInstruct(spec, style, rng_seed))
            weights.append(share / spec.asked)
        elif name == GUIDED:
            proposers.append(Guided(pool.ledger.guide, pool.ledger, spec.guided, style, rng_seed))
            weights.append(share / (SHARE_OF_LINES * spec.guided.asked))

    def proposer_of(number: int) -> Proposer:
        if len(proposers) == 1:
            return proposers[0]
        return random.Random(derive_seed(rng_seed, "proposer", number)).choices(proposers, weights)[0]

    return proposer_of
