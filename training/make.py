"""Train the miniature on sequences made on the fly. It can be stopped at any time and goes on where it was.

    python -m training.make --output outputs/miniature --minutes 75
    python -m training.make --output outputs/miniature --minutes 75      again: goes on from the last checkpoint

`--start-from` continues older weights, with layers added; without it the model starts from nothing. Two optimizers as
is usual for small models: Muon (Jordan 2024) for the matrices, AdamW for embeddings and norms. A GPU is used where
there is one.
"""

import argparse
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from transformers import AutoModelForCausalLM, MistralConfig, PreTrainedTokenizerFast

from training import muon
from training.constitutions import EARLY, LATE
from training.documents import Documents
from training.lookup import BOUND, FINDS, Lookup
from training.sequences import Row, draw_length, encode
from training.start import grown_model, starting_model
from training.tokenizer import train_tokenizer
from training.turns import DECISION, FIRST_NUMBER, KEY, PERSONA, READ, RULE, SECOND_NUMBER, VERDICT, WEIGHT_OF, WRITTEN

CHECKPOINT = "checkpoint.pt"
LOOKUP = 0.3
"""How much the two losses of `Lookup` count."""


def model_config(tokenizer: PreTrainedTokenizerFast, layers: int = 7) -> MistralConfig:
    """Mistral with rotary positions; the window is the whole context, so that rules are in reach."""
    return MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=640,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=64,
        max_position_embeddings=8192,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        sliding_window=None,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation="sdpa",
    )


class Threads:
    """A second thread while the machine is quiet.

    Two threads beside any other busy process wait for each other and are slower than one, so the share of idle time
    decides, and afterwards whether both threads really run.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.seen = self._clocks()

    def adapt(self, every: float = 20.0) -> None:
        """Look at the time since the last look, if that was long enough, and change the number of threads."""
        wall, idle, own = (new - old for new, old in zip(self._clocks(), self.seen, strict=True))
        if self.most == 1 or wall < every:
            return
        now = torch.get_num_threads()
        if now == 1 and idle > 0.7 * wall:
            torch.set_num_threads(self.most)
        elif now > 1 and own < 0.75 * now * wall:
            torch.set_num_threads(1)
        self.seen = self._clocks()

    @staticmethod
    def _clocks() -> tuple[float, float, float]:
        """Seconds: on the wall, idle over all processors, of this process."""
        idle = int(Path("/proc/stat").read_text().split("\n", 1)[0].split()[4]) / os.sysconf("SC_CLK_TCK")
        return time.monotonic(), idle, time.process_time()


# --- Training --------------------------------------------------------------------------------------------------


class Body(torch.nn.Module):
    """The model without its head, at given positions: the outputs of the last layer and of `BOUND`, `FINDS`'s input."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.inner = model.model

    def forward(self, ids: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, ...]:
        hidden = self.inner.embed_tokens(ids)
        turned = self.inner.rotary_emb(hidden, positions)
        for place, layer in enumerate(self.inner.layers):
            if place == FINDS:
                before = hidden
            hidden = layer(hidden, attention_mask=None, position_ids=positions, position_embeddings=turned)
            if place == BOUND:
                early = hidden
        return self.inner.norm(hidden), self.inner.norm(early), before


def optimizers(model: torch.nn.Module, muon_lr: float, adam_lr: float) -> list[torch.optim.Optimizer]:
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    return [
        torch.optim.Muon(matrices, lr=muon_lr, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=adam_lr, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def schedule(step: int, fraction: float, fall: float) -> float:
    """Warm up over 40 steps, stay, and fall to zero over the last part `fall` of the time."""
    return min(1.0, (step + 1) / 40, max(0.0, 1 - fraction) / fall)


@dataclass(slots=True)
class Progress:
    """How far the training is: steps, tokens, seconds spent."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0


class Training:
    """Model, optimizers and progress, and their checkpoint in the output folder."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.output = Path(args.output)
        self.output.mkdir(parents=True, exist_ok=True)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.checkpoint = self.output / CHECKPOINT
        self.model, self.tokenizer = _begin(args)
        self.model.to(self.device).train()
        self.optims = optimizers(self.model, args.muon_lr, args.adam_lr)
        self.rates = [[group["lr"] for group in optim.param_groups] for optim in self.optims]
        self.progress = Progress()
        if self.checkpoint.is_file():
            self._load()
        # Nearly twice as fast on a CPU as running the layers one operation at a time.
        self.body = torch.compile(Body(self.model), dynamic=False)
        self.means: dict[str, float] = {}
        self.lookup = Lookup(self.model, self.tokenizer, self.device)
        self.none = self.tokenizer.encode(" None", add_special_tokens=False)[0]

    def _load(self) -> None:
        kept = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(kept["model"])
        for optim, state in zip(self.optims, kept["optims"], strict=True):
            optim.load_state_dict(state)
        self.progress = Progress(*kept["progress"])

    def save(self) -> None:
        """The checkpoint, and the model as it can be used."""
        progress = self.progress
        kept = {
            "model": self.model.state_dict(),
            "optims": [optim.state_dict() for optim in self.optims],
            "progress": [progress.step, progress.tokens, progress.seconds],
        }
        torch.save(kept, self.checkpoint.with_suffix(".new"))
        os.replace(self.checkpoint.with_suffix(".new"), self.checkpoint)
        save(self.model, self.tokenizer, self.output)

    def step(self, rows: list[Row], fraction: float) -> None:
        """One step of both optimizers."""
        ids, marks, positions = (
            torch.tensor([getattr(row, name) for row in rows], device=self.device)
            for name in ("ids", "marks", "positions")
        )
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.device == "cuda"):
            hidden, early, before = self.body(ids, positions)
            binding, bound = self.lookup.binding(early, marks)
            finding, found, told = self.lookup.finding(before, ids, marks, positions)
            learned = (marks[:, 1:] > READ) & (marks[:, 1:] < RULE)
            logits = self.model.lm_head(hidden[:, :-1][learned])
        wanted, marks = ids[:, 1:][learned], marks[:, 1:][learned]
        losses = torch.nn.functional.cross_entropy(logits.float(), wanted, reduction="none")
        weights = torch.tensor(WEIGHT_OF, device=self.device)[marks]
        ((losses * weights).sum() / weights.sum() + LOOKUP * (binding + finding)).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        factor = schedule(self.progress.step, fraction, self.args.fall)
        for optim, rates in zip(self.optims, self.rates, strict=True):
            for group, rate in zip(optim.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optim.step()
            optim.zero_grad(set_to_none=True)
        self._observe({"bound": bound, "found": found, "told": told})
        self._observe(_hits(losses.detach(), logits.detach().argmax(-1), wanted, marks, self.none))

    def _observe(self, seen: dict[str, float]) -> None:
        for name, value in seen.items():
            if value == value:
                self.means[name] = 0.96 * self.means.get(name, value) + 0.04 * value


def _hits(
    losses: torch.Tensor, guess: torch.Tensor, wanted: torch.Tensor, marks: torch.Tensor, none: int
) -> dict[str, float]:
    named = {"number": FIRST_NUMBER, "second": SECOND_NUMBER, "persona": PERSONA, "key": KEY, "verdict": VERDICT}
    hit = (guess == wanted).float()
    seen = {"loss": losses[marks == WRITTEN].mean().item()}
    seen |= {name: hit[marks == mark].mean().item() for name, mark in named.items()}
    # Whether a thought that says that no principle speaks of this begins where it should.
    fine = (guess == none) == (wanted == none)
    return seen | {"decision": fine[marks == DECISION].float().mean().item()}


def _begin(args: argparse.Namespace) -> tuple[torch.nn.Module, PreTrainedTokenizerFast]:
    if (Path(args.output) / CHECKPOINT).is_file():
        return grown_model(args.output, []), PreTrainedTokenizerFast.from_pretrained(args.output)
    if args.start_from:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(args.start_from)
        places = [int(place) for place in args.grow.split(",") if place]
        return grown_model(args.start_from, places), tokenizer
    tokenizer = train_tokenizer(args.rng_seed)
    return starting_model(model_config(tokenizer)), tokenizer


def train(args: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    threads = Threads(args.threads)
    torch.manual_seed(args.rng_seed)
    muon.use_float32()
    run = Training(args)
    progress = run.progress
    # Sequences after a resume are new ones.
    rng = Random(f"{args.rng_seed} {progress.step}")
    documents = Documents(rng.randrange(2**32))
    print(f"{sum(p.numel() for p in run.model.parameters()):,} parameters, from step {progress.step}", flush=True)
    last, saved = time.monotonic(), time.monotonic()
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    while progress.seconds < args.minutes * 60 and not stopped:
        fraction = progress.seconds / (args.minutes * 60)
        tokens = draw_length(rng, fraction, args.longest)
        documents.shares = EARLY if fraction < 0.75 else LATE
        rows = [encode(documents, run.tokenizer, rng, tokens) for _ in range(max(1, args.batch_tokens // tokens))]
        run.step(rows, fraction)
        threads.adapt()
        now = time.monotonic()
        progress.step += 1
        progress.tokens += len(rows) * tokens
        progress.seconds += now - last
        last = now
        if progress.step % 20 == 0:
            _log(run)
        if now - saved > args.save_seconds:
            saved = now
            run.save()
    run.save()


def _log(run: Training) -> None:
    progress = run.progress
    line = {"step": progress.step, "tokens": progress.tokens, "minutes": round(progress.seconds / 60, 2)}
    line |= {"threads": torch.get_num_threads()} | {name: round(value, 4) for name, value in run.means.items()}
    text = json.dumps(line)
    with (run.output / "log.jsonl").open("a") as log:
        log.write(text + "\n")
    print(text, flush=True)


def save(model: torch.nn.Module, tokenizer: PreTrainedTokenizerFast, output: Path) -> None:
    """Weights in bfloat16, tokenizer, and the two configurations."""
    copy = AutoModelForCausalLM.from_config(model.config, dtype=torch.bfloat16)
    copy.load_state_dict(model.state_dict())
    copy.generation_config.eos_token_id = tokenizer.eos_token_id
    copy.generation_config.pad_token_id = tokenizer.pad_token_id
    copy.save_pretrained(output)
    tokenizer.save_pretrained(output)
    # The class's name before transformers 5, which newer versions know too.
    written = output / "tokenizer_config.json"
    written.write_text(written.read_text().replace("TokenizersBackend", "PreTrainedTokenizerFast"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="outputs/miniature")
    parser.add_argument("--start-from", default="", help="continue a folder's weights instead of starting from nothing")
    parser.add_argument("--grow", default="", help="with --start-from: before which of its layers to add one, as 2,4")
    parser.add_argument("--minutes", type=float, default=180, help="of training in all, interruptions not counted")
    parser.add_argument("--fall", type=float, default=0.4, help="part of the time in which the learning rate falls")
    parser.add_argument("--batch-tokens", type=int, default=6144)
    parser.add_argument("--longest", type=int, default=3072, help="tokens of the longest sequences")
    parser.add_argument("--muon-lr", type=float, default=3e-3)
    parser.add_argument("--adam-lr", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1, help="at most so many, where the machine is quiet")
    parser.add_argument("--save-seconds", type=float, default=240)
    parser.add_argument("--rng-seed", type=int, default=7)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
