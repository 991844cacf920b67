"""Engrave the miniature with a dataset it generated, and measure what that does.

    python -m training.engrave                    generates outputs/engrave first where it is not there
    python -m training.engrave --run outputs/mine

Principle engraving (Sun et al. 2023, arXiv 2305.03047, section 3.3): fine-tune on instruction and answer alone, with
principles, demonstrations and thoughts pruned. All weights are trained, which is cheap at this size. The table
compares the model as it is, behind the constitution, and engraved, on prompts that no training has seen.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from selfalign.align.constitution import load_constitution
from selfalign.builtin import builtin_folder
from training.corpus.grammar import is_held_out
from training.evaluate import Held, Score, answers, held_out, score

TABLE = Path("benchmarks/engrave.md")


def generate(run: Path, target: int) -> None:
    """Let the miniature write the dataset, by the demonstration's recipe with a larger target."""
    start = "from selfalign.cli import main; main()"
    command = [sys.executable, "-c", start, "generate", "demo", "--output", str(run), "--target", str(target)]
    subprocess.run(command, check=True)


def fine_tune(run: Path, output: Path, epochs: float, learning_rate: float, threads: int) -> int:
    """Fine-tune the miniature on the run's engraving dataset; returns the number of rows used."""
    import torch
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    torch.set_num_threads(threads)
    dataset = load_dataset(str(run / "dataset"), "engraving", split="train")
    dataset = dataset.filter(lambda row: not is_held_out(row["messages"][0]["content"]))
    folder = builtin_folder("miniature")
    config = SFTConfig(
        output_dir=str(output / "trainer"),
        num_train_epochs=epochs,
        per_device_train_batch_size=16,
        learning_rate=learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=10,
        max_length=512,
        assistant_only_loss=True,
        logging_steps=20,
        save_strategy="no",
        report_to="none",
        bf16=False,
        fp16=False,
        use_cpu=not torch.cuda.is_available(),
        seed=1,
        disable_tqdm=True,
    )
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
        args=config,
        train_dataset=dataset,
        processing_class=AutoTokenizer.from_pretrained(folder),
    )
    trainer.train()
    trainer.model.to(torch.bfloat16).save_pretrained(output)
    AutoTokenizer.from_pretrained(folder).save_pretrained(output)
    return len(dataset)


def table(scores: dict[str, Score], held: Held, rows: int, seconds: float, command: str) -> str:
    """The Markdown file: the table, what it means, and the command."""
    lines = [
        "# Raw, prompted, engraved",
        "",
        f"Made by `{command}`. Engraved on {rows} rows that the miniature generated itself; the fine-tune took "
        f"{seconds:.0f} s.",
        "",
        f"| the miniature | principled answers (of {len(held.delicate)}) | harmless answers right "
        f"(of {len(held.harmless)}) |",
        "|---|---|---|",
        *(f"| {name} | {100 * it.principled:.1f} % | {100 * it.right:.1f} % |" for name, it in scores.items()),
        "",
        "Raw: the bare conversation. Prompted: behind the constitution with its demonstrations, thinking first.",
        "Engraved: the bare conversation again, after the fine-tune. The prompts are held out from all training, in",
        "words, not in kind: it is the same grammar that taught the model. Greedy decoding; judged by the patterns of",
        "`training/evaluate.py`.",
        "",
        "Per group of prompts, principled or right:",
        "",
        f"| kind | {' | '.join(scores)} |",
        "|---|" + "---|" * len(scores),
    ]
    first = next(iter(scores.values()))
    for kind in sorted(first.by_kind):
        cells = (f"{it.by_kind[kind][0]}/{it.by_kind[kind][1]}" for it in scores.values())
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="", help="a finished run; without it outputs/engrave is generated")
    parser.add_argument("--target", type=int, default=1500, help="instructions to generate")
    parser.add_argument("--output", default="outputs/engraved", help="where the engraved model goes")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--each", type=int, default=300, help="held-out prompts of either sort")
    parser.add_argument("--measure-only", action="store_true", help="measure the engraved model that is there")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--table", default=str(TABLE))
    args = parser.parse_args()
    run, output = Path(args.run or "outputs/engrave"), Path(args.output)
    notes = output / "engraving.json"
    if not args.measure_only:
        if not args.run:
            generate(run, args.target)
        started = time.monotonic()
        rows = fine_tune(run, output, args.epochs, args.learning_rate, args.threads)
        notes.write_text(json.dumps({"rows": rows, "seconds": time.monotonic() - started}))
    noted = json.loads(notes.read_text())
    constitution = load_constitution("default")
    held = held_out(11, args.each)
    modes = {"raw": ("miniature", False), "prompted": ("miniature", True), "engraved": (str(output), False)}
    scores = {
        name: score(asyncio.run(answers(model, held, constitution, prompted)), constitution)
        for name, (model, prompted) in modes.items()
    }
    command = "make engrave" if len(sys.argv) == 1 else f"python -m training.engrave {' '.join(sys.argv[1:])}"
    text = table(scores, held, noted["rows"], noted["seconds"], command)
    Path(args.table).write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
