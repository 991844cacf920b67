"""Greedy decoding with plain PyTorch, where the engine is not at hand or busy: the keys and values of a shared prefix
are computed once and kept once for a whole batch."""

from collections import defaultdict
from collections.abc import Sequence

import torch
from transformers import DynamicCache, MistralForCausalLM, PreTrainedTokenizerFast
from transformers.models.mistral.modeling_mistral import apply_rotary_pos_emb

BATCH = 64


class Greedy:
    """A model folder, in float32 on the CPU."""

    def __init__(self, folder: str, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        self.model = MistralForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def complete(self, prompts: Sequence[tuple[str, str]], tokens: int, stop: str) -> list[str]:
        """The continuation of each prompt, a pair of a prefix that others share and the rest; cut before `stop`."""
        grouped = defaultdict(list)
        for number, (prefix, rest) in enumerate(prompts):
            grouped[prefix].append((number, rest))
        made = [""] * len(prompts)
        for prefix, members in grouped.items():
            for start in range(0, len(members), BATCH):
                batch = members[start : start + BATCH]
                texts = self._batch(prefix, [rest for _, rest in batch], tokens, stop)
                for (number, _), text in zip(batch, texts, strict=True):
                    made[number] = text
        return made

    @torch.inference_mode()
    def _batch(self, prefix: str, rests: list[str], tokens: int, stop: str) -> list[str]:
        # Tokenised as a whole, as the engine does it; the prefix ends with a line break, where tokens end too.
        front = self.tokenizer(prefix).input_ids
        tails = [self.tokenizer(prefix + rest).input_ids[len(front) :] for rest in rests]
        width = max(map(len, tails))
        padding = torch.tensor([width - len(it) for it in tails])
        ids = torch.tensor([[1] * (width - len(it)) + it for it in tails])
        state = _State(self.model, front, len(tails), width + tokens)
        written: list[list[int]] = [[] for _ in tails]
        done = [False] * len(tails)
        for step in range(tokens):
            new = state.forward(ids, padding).argmax(-1)
            for row, token in enumerate(new.tolist()):
                if not done[row]:
                    written[row].append(token)
                    is_stopped = step % 4 == 3 and stop in self.tokenizer.decode(written[row][-14:])
                    done[row] = token == self.tokenizer.eos_token_id or is_stopped
            if all(done):
                break
            ids = new[:, None]
        return [self.tokenizer.decode(it, skip_special_tokens=True).split(stop)[0] for it in written]


class _State:
    """Keys and values: of the prefix, kept once, and of each row behind it."""

    def __init__(self, model: MistralForCausalLM, front: list[int], rows: int, room: int) -> None:
        self.model, self.front, self.at = model, len(front), 0
        cache = DynamicCache(config=model.config)
        if front:
            model(input_ids=torch.tensor([front]), past_key_values=cache, use_cache=True, logits_to_keep=1)
        heads, size = model.config.num_attention_heads, model.config.head_dim
        self.before = [(it.keys[0], it.values[0]) for it in cache.layers] if front else None
        self.keys = [torch.zeros(rows, heads, room, size) for _ in model.model.layers]
        self.values = [torch.zeros(rows, heads, room, size) for _ in model.model.layers]

    def forward(self, ids: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        """Logits behind the last of `ids`, (rows, vocabulary); `padding` counts the places before a row begins."""
        body, end = self.model.model, self.at + ids.shape[1]
        places, seen = torch.arange(self.at, end), torch.arange(end)
        positions = (places[None] - padding[:, None]).clamp(min=0) + self.front
        hidden_from = (seen[None, None] > places[None, :, None]) | (seen[None, None] < padding[:, None, None])
        hidden = body.embed_tokens(ids)
        turned = body.rotary_emb(hidden, positions)
        for index, layer in enumerate(body.layers):
            attended = self._attend(index, layer.self_attn, layer.input_layernorm(hidden), turned, hidden_from)
            hidden = hidden + attended
            hidden = hidden + layer.mlp(layer.post_attention_layernorm(hidden))
        self.at = end
        return self.model.lm_head(body.norm(hidden[:, -1]))

    def _attend(self, index, attention, hidden, turned, hidden_from) -> torch.Tensor:
        rows, count, _ = hidden.shape
        shape = (rows, count, -1, attention.head_dim)
        query, key, value = (
            part(hidden).view(shape).transpose(1, 2) for part in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        query, key = apply_rotary_pos_emb(query, key, *turned)
        end = self.at + count
        self.keys[index][:, :, self.at : end], self.values[index][:, :, self.at : end] = key, value
        scores = query @ self.keys[index][:, :, :end].transpose(2, 3)
        scores = scores.masked_fill(hidden_from[:, None], -1e9)
        if self.before:
            scores = torch.cat([torch.einsum("rhcs,hps->rhcp", query, self.before[index][0]), scores], -1)
        shares = (scores * attention.scaling).softmax(-1)
        mixed = shares[..., -end:] @ self.values[index][:, :, :end]
        if self.before:
            mixed = mixed + torch.einsum("rhcp,hps->rhcs", shares[..., : self.front], self.before[index][1])
        return attention.o_proj(mixed.transpose(1, 2).reshape(rows, count, -1))
