"""How well a model judges answers of known worth, what it falls for, and how that differs between sorts of answers.

    python -m benchmarks.judge [--each 100] [--model miniature]

Known are the pairs among the built-in constitution's probes, and the corpus's answers to held-out prompts: to delicate
ones the principled and the naive answer, by the principle that governs them; to harmless ones the right answer and the
one to another prompt, by "helpful". Answers to the questions are kept in --output. Prints one Markdown table.
"""

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from selfalign.engine import EngineSpec, open_engine
from selfalign.engine.patience import PatientEngine
from selfalign.engine.spec import estimate_tokens
from selfalign.judge import JudgeSpec, Measure
from selfalign.judge.record import LABELS, add_up
from selfalign.probe.calibrate import Known, calibrate, load_known
from training.constitutions import DEFAULT
from training.corpus.grammar import IDS, Item
from training.evaluate import held_out
from training.turns import is_delicate

HEADER = "| answers | good, bad | AUC (95 %) | gain: praise | gain: padding | gain: refusal | may filter at 0.75 |"


def of_corpus(items: Sequence[Item]) -> Iterator[Known]:
    """Two answers to each prompt, a good one and a bad one."""
    by_id = {principle.id: principle for principle in DEFAULT.principles}
    for number, item in enumerate(items):
        other = items[(number + 1) % len(items)]
        principle = by_id[IDS[item.cites[0]] if is_delicate(item) else "helpful"]
        worse = item.naive if is_delicate(item) else other.answer
        for kind, answer in (("good", item.answer), ("bad", worse)):
            yield Known(LABELS, principle, item.user_turn, _named(answer), kind)


def _named(text: str) -> str:
    for field in ("name", "maker", "knowledge_date"):
        text = text.replace("{" + field + "}", getattr(DEFAULT.persona, field))
    return text


async def measured(model: str, parts: Mapping[str, Sequence[Known]], folder: Path) -> dict[str, Measure]:
    """The measure of a model's judge on each part."""
    spec, found = EngineSpec(model=model), {}
    async with open_engine(spec, slots=32) as engine:
        for name, known in parts.items():
            how = {"style": "text", "slots": 32, "count": estimate_tokens, "model": [model]}
            asked = await calibrate(PatientEngine(engine), known, folder / f"{name}.jsonl", **how)
            found[name] = add_up(asked)
    return found


def line(name: str, found: Measure) -> str:
    """One row of the table."""
    gains = " | ".join(f"{each.gain:+.3f} ({each.low:+.3f} to {each.high:+.3f})" for each in found.canaries)
    verdict = found.objection(JudgeSpec().min_auc) or "yes"
    auc = f"{found.auc:.2f} ({found.low:.2f} to {found.high:.2f})"
    return f"| {name} | {found.num_good}, {found.num_bad} | {auc} | {gains} | {verdict} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=100, help="held-out prompts, delicate and harmless ones each")
    parser.add_argument("--model", default="miniature")
    parser.add_argument("--output", type=Path, default=Path("outputs/judge"))
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    held = held_out(17, args.each)
    parts = {
        "probes": load_known("default", DEFAULT, JudgeSpec(score=True)),
        "delicate": tuple(of_corpus(held.delicate)),
        "harmless": tuple(of_corpus(held.harmless)),
    }
    print(HEADER, "|---" * 7 + "|", sep="\n")
    for name, found in asyncio.run(measured(args.model, parts, args.output)).items():
        print(line(name, found), flush=True)


if __name__ == "__main__":
    main()
