"""Train the miniature from nothing: tokenizer, then the model, on sequences made on the fly.

    python -m training.make --output selfalign/miniature

Two optimizers as is usual for small models: Muon for the matrices, AdamW for embeddings and norms. One thread by
default, because two threads beside any other busy process wait for each other.
"""

import argparse
import time
from pathlib import Path
from random import Random

import torch
from transformers import AutoModelForCausalLM, MistralConfig, PreTrainedTokenizerFast

from training.documents import SEQUENCE_TOKENS, Documents
from training.start import starting_model
from training.tokenizer import train_tokenizer

IGNORED = -100
COPYING = 0.05
"""Share of sequences that only teach copying: half of the answers is copied from the request."""


def model_config(tokenizer: PreTrainedTokenizerFast) -> MistralConfig:
    """Mistral: rotary positions and a sliding window, so short training serves behind a long constitution."""
    return MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=640,
        num_hidden_layers=5,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=64,
        max_position_embeddings=8192,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        sliding_window=256,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation="sdpa",
    )


def encode(documents: Documents, tokenizer: PreTrainedTokenizerFast, rng: Random) -> tuple[list[int], list[int]]:
    """Token ids and labels of one sequence of exactly SEQUENCE_TOKENS tokens."""
    ids: list[int] = []
    labels: list[int] = []
    if rng.random() < COPYING:
        ids, stretch = _repeated(rng, len(tokenizer))
        return ids, [IGNORED] * stretch + ids[stretch:]
    while len(ids) < SEQUENCE_TOKENS:
        for piece in documents.next():
            new = tokenizer.backend_tokenizer.encode(piece.text).ids
            ids += new
            labels += new if piece.is_learned else [IGNORED] * len(new)
            if len(ids) >= SEQUENCE_TOKENS:
                break
    return ids[:SEQUENCE_TOKENS], labels[:SEQUENCE_TOKENS]


def _repeated(rng: Random, vocabulary: int) -> tuple[list[int], int]:
    """A stretch of random tokens, again and again, and its length: what comes next can only be copied."""
    stretch = [rng.randrange(2, vocabulary) for _ in range(rng.randint(12, 120))]
    return (stretch * (SEQUENCE_TOKENS // len(stretch) + 1))[:SEQUENCE_TOKENS], len(stretch)


def optimizers(model: torch.nn.Module, muon_lr: float, adam_lr: float) -> list[torch.optim.Optimizer]:
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    return [
        torch.optim.Muon(matrices, lr=muon_lr, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=adam_lr, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def schedule(step: int, steps: int, fall: int) -> float:
    """Warm up over 40 steps, stay, and fall to zero over the last `fall` ones."""
    return min(1.0, (step + 1) / 40, (steps - step) / fall)


def train(args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.rng_seed)
    output = Path(args.output)
    if args.start_from:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(args.start_from)
        model = AutoModelForCausalLM.from_pretrained(args.start_from, dtype=torch.float32, attn_implementation="sdpa")
    else:
        tokenizer = train_tokenizer(args.rng_seed)
        model = starting_model(model_config(tokenizer))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).train()
    # Nearly twice as fast on a CPU as running the layers one operation at a time.
    body = torch.compile(model.model, dynamic=False)
    documents = Documents(args.rng_seed + 1 + (1000 if args.start_from else 0))
    rng = Random(args.rng_seed)
    optims = optimizers(model, args.muon_lr, args.adam_lr)
    base = [[group["lr"] for group in optim.param_groups] for optim in optims]
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(tokenizer)} tokens", flush=True)
    started, running = time.monotonic(), 0.0
    for step in range(args.steps):
        batch = [encode(documents, tokenizer, rng) for _ in range(args.batch)]
        ids = torch.tensor([row[0] for row in batch], device=device)
        labels = torch.tensor([row[1] for row in batch], device=device)
        with torch.autocast(device, dtype=torch.bfloat16):
            hidden = body(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
            wanted = labels[:, 1:]
            logits = model.lm_head(hidden[wanted != IGNORED])
        loss = torch.nn.functional.cross_entropy(logits.float(), wanted[wanted != IGNORED])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        factor = schedule(step, args.steps, args.fall)
        for optim, rates in zip(optims, base, strict=True):
            for group, rate in zip(optim.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optim.step()
            optim.zero_grad(set_to_none=True)
        running = loss.item() if step == 0 else 0.95 * running + 0.05 * loss.item()
        if step % 20 == 0 or step == args.steps - 1:
            spent = time.monotonic() - started
            rate = (step + 1) * args.batch * SEQUENCE_TOKENS / spent
            print(f"step {step} loss {running:.3f} {rate:,.0f} tokens/s {spent / 60:.1f} min", flush=True)
        if (step + 1) % args.save_every == 0 or step == args.steps - 1:
            save(model, tokenizer, output)


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
    parser.add_argument("--output", default="selfalign/miniature")
    parser.add_argument("--start-from", default="", help="continue from a folder's weights instead of from nothing")
    parser.add_argument("--steps", type=int, default=2100)
    parser.add_argument("--fall", type=int, default=700, help="steps over which the learning rate falls at the end")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--muon-lr", type=float, default=3e-3)
    parser.add_argument("--adam-lr", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save-every", type=int, default=200)
    parser.add_argument("--rng-seed", type=int, default=7)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
