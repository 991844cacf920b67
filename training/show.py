"""Look at what a kind of the corpus makes: `python -m training.show price --count 5`; without a name, all kinds.

It reads the files in training/data first: a mistake in them is one line with file and line, and exit code 2.
"""

import argparse
import sys
from random import Random


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("kind", nargs="?", help="the kind's name")
    asked.add_argument("--count", type=int, default=3, help="how many items (3)")
    asked.add_argument("--rng-seed", type=int, default=0)
    given = asked.parse_args()
    try:
        from training.corpus import HELD_OUT_KINDS, KINDS
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    kinds = {**KINDS, **HELD_OUT_KINDS}
    if given.kind is None:
        print("\n".join(f"{name:20} {kind.governed_by or 'harmless'}" for name, kind in sorted(kinds.items())))
        return 0
    if given.kind not in kinds:
        print(f"there is no kind {given.kind!r}; without a name all kinds are listed", file=sys.stderr)
        return 2
    rng = Random(given.rng_seed)
    for item in (kinds[given.kind].make(rng) for _ in range(given.count)):
        print(f"### User\n{item.user_turn}\n### Thoughts\n{item.thought}\nPrinciples: {', '.join(item.cites)}.")
        print(f"### Answer\n{item.answer}\n### Naive answer\n{item.naive}\nkeys: {list(item.keys)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
