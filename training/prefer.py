"""Preference tuning after engraving: does it keep what engraving taught?

    python -m training.prefer                     generates outputs/preferring first where it is not there
    python -m training.prefer --run outputs/mine  a finished run of the miniature that made pairs

Principle engraving on the run's configuration `engraving`, then direct preference optimisation (Rafailov et al. 2023,
arXiv 2305.18290) on its configuration `preference`, both without prompts that the evaluation asks. Held-out prompts are
answered raw, greedily, before and after; judged by the patterns of `training/scoring.py`. All weights are trained.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import mean

from training.conditions import CONDITIONS
from training.corpus.grammar import is_held_out
from training.engrave import engraving_rows, fine_tune, generate
from training.evaluate import HEADER, held_out, row, run_without_engine
from training.product import builtin_folder
from training.scoring import Score, score

TABLE = Path("benchmarks/prefer.md")


def prefer(folder: Path, engraved: Path, output: Path, args: argparse.Namespace) -> tuple[int, float, float]:
    """Train on the run's pairs; returns their number, and the mean margin of the first and the last ten steps."""
    import torch
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer

    torch.set_num_threads(args.threads)
    pairs = load_dataset(str(folder / "dataset"), "preference", split="train")
    pairs = pairs.filter(lambda it: not is_held_out(it["prompt"][0]["content"]))
    config = DPOConfig(
        output_dir=str(output / "trainer"),
        num_train_epochs=args.dpo_epochs,
        per_device_train_batch_size=8,
        learning_rate=args.dpo_learning_rate,
        beta=args.beta,
        max_length=512,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        bf16=False,
        use_cpu=not torch.cuda.is_available(),
        seed=1,
        disable_tqdm=True,
    )
    tokenizer = AutoTokenizer.from_pretrained(engraved)
    models = [AutoModelForCausalLM.from_pretrained(engraved, dtype=torch.float32) for _ in range(2)]
    trainer = DPOTrainer(*models, args=config, train_dataset=pairs, processing_class=tokenizer)
    trainer.train()
    trainer.model.to(torch.bfloat16).save_pretrained(output)
    tokenizer.save_pretrained(output)
    margins = [it["rewards/margins"] for it in trainer.state.log_history if "rewards/margins" in it]
    return len(pairs), mean(margins[:10]), mean(margins[-10:])


def table(scores: Mapping[str, Score], note: str, command: str) -> str:
    """The Markdown file."""
    lines = ["# Preference tuning after engraving", "", f"Made by `{command}`. {note}", "", HEADER]
    lines += [row(name, "harmless as engraved, -3 points" if "DPO" in name else "-", it) for name, it in scores.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="", help="a finished run with pairs; else outputs/preferring is made")
    parser.add_argument("--target", type=int, default=1500, help="instructions to generate")
    parser.add_argument("--output", type=Path, default=Path("outputs/preferred"), help="where the models go")
    parser.add_argument("--epochs", type=float, default=3, help="of engraving")
    parser.add_argument("--learning-rate", type=float, default=5e-4, help="of engraving")
    parser.add_argument("--dpo-epochs", type=float, default=1)
    parser.add_argument("--dpo-learning-rate", type=float, default=2e-5)
    parser.add_argument("--beta", type=float, default=0.1)
    parser.add_argument("--each", type=int, default=300, help="held-out prompts of every sort")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--table", type=Path, default=TABLE)
    args = parser.parse_args()
    folder, started = Path(args.run or "outputs/preferring"), time.monotonic()
    if not (folder / "dataset").is_dir():
        generate(folder, args.target, "--set", "pairs.contrast=raw")
    engraved = args.output / "engraved"
    models = {"raw": builtin_folder("miniature"), "engraved": engraved, "engraved, then DPO": args.output}
    rows = engraving_rows(folder)
    fine_tune(rows, engraved, args.epochs, args.learning_rate, args.threads)
    num_pairs, *margins = prefer(folder, engraved, args.output, args)
    held = held_out(11, args.each)
    found = {name: run_without_engine(str(model), held, CONDITIONS[:1])["raw"] for name, model in models.items()}
    note = (
        f"Engraved on {len(rows)} rows, DPO on {num_pairs} pairs (raw answers rejected), {args.dpo_epochs:g} epochs at "
        f"{args.dpo_learning_rate:g}, beta {args.beta:g}; margins from {margins[0]:.2f} to {margins[1]:.2f}; "
        f"{time.monotonic() - started:.0f} s in all."
    )
    text = table({name: score(answered) for name, answered in found.items()}, note, "python -m training.prefer")
    args.table.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
