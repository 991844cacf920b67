"""Learning to look a number up: which rule is wanted, and which number stands before it.

From the numbers that are cited, a small model does not learn this in thirty million tokens: the words of a rule must
know their number before looking at them helps, and nothing rewards that before somebody looks. So both are asked for,
each in a layer of its own.
"""

import torch
from transformers import PreTrainedTokenizerFast
from transformers.models.mistral.modeling_mistral import apply_rotary_pos_emb

from training.turns import FIRST_NUMBER, RULE, SECOND_NUMBER

BOUND, FINDS = 2, 4
"""The layer whose output, at a rule's words, is to know the rule's number; the one that is to look at the rule."""
MOST = 16
"""Principles."""


class Lookup:
    """The two losses of `model`, and how well it does."""

    def __init__(self, model: torch.nn.Module, tokenizer: PreTrainedTokenizerFast, device: str) -> None:
        self.model = model
        texts = [f"{number} (" for number in range(1, MOST + 1)]
        self.numbers = [tokenizer.encode(text, add_special_tokens=False)[0] for text in texts]
        self.number_of = torch.zeros(len(tokenizer), dtype=torch.long, device=device)
        self.number_of[self.numbers] = torch.arange(1, MOST + 1, device=device)

    def binding(self, early: torch.Tensor, marks: torch.Tensor) -> tuple[torch.Tensor, float]:
        """How badly the words of a rule know its number, and the share of words that do.

        `early` is the normed output of layer `BOUND`, rows x tokens x width.
        """
        numbers = marks[marks > RULE] - RULE - 1
        if not len(numbers):
            return torch.zeros((), device=early.device), torch.nan
        logits = (early[marks > RULE] @ self.model.lm_head.weight[self.numbers].T).float()
        share = (logits.argmax(-1) == numbers).float().mean().item()
        return torch.nn.functional.cross_entropy(logits, numbers), share

    def finding(self, before: torch.Tensor, *rows: torch.Tensor) -> tuple[torch.Tensor, float, float]:
        """How little the best head of layer `FINDS` looks at the rule whose number comes next, and how badly the
        layer's attention tells that number; the share of that look, and of numbers told.

        `before` is the layer's input, rows x tokens x width; `rows` are ids, marks and positions.
        """
        looks, told, numbers = [], [], []
        for hidden, ids, marks, positions in zip(before, *rows, strict=True):
            asking = ((marks[1:] == FIRST_NUMBER) | (marks[1:] == SECOND_NUMBER)).nonzero()[:, 0]
            there = marks[None] == RULE + self.number_of[ids[asking + 1]][:, None]
            if there.any():
                asking, there = asking[there.any(-1)], there[there.any(-1)]
                attention = self.attended(hidden, positions, asking)
                looks.append((attention * there).sum(-1))
                told.append(self.told(hidden, asking, attention))
                numbers.append(self.number_of[ids[asking + 1]] - 1)
        if not looks:
            return torch.zeros((), device=before.device), torch.nan, torch.nan
        shares, logits, number = torch.cat(looks, 1), torch.cat(told), torch.cat(numbers)
        losses = -torch.log(shares + 1e-4).mean(-1)
        best = losses.argmin()
        loss = losses[best] + torch.nn.functional.cross_entropy(logits, number)
        return loss, shares[best].mean().item(), (logits.argmax(-1) == number).float().mean().item()

    def told(self, before: torch.Tensor, asking: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        """What is known of the number behind the attention of layer `FINDS`: asking x numbers."""
        inner = self.model.model
        layer, heads = inner.layers[FINDS], self.model.config.num_attention_heads
        value = layer.self_attn.v_proj(layer.input_layernorm(before)).view(len(before), heads, -1).transpose(0, 1)
        read = (attention.to(value.dtype) @ value).transpose(0, 1).flatten(1)
        hidden = inner.norm(before[asking] + layer.self_attn.o_proj(read))
        return (hidden @ self.model.lm_head.weight[self.numbers].T).float()

    def attended(self, before: torch.Tensor, positions: torch.Tensor, asking: torch.Tensor) -> torch.Tensor:
        """Attention of layer `FINDS`, heads x asking x tokens, in one sequence."""
        layer, heads = self.model.model.layers[FINDS], self.model.config.num_attention_heads
        x = layer.input_layernorm(before)[None]
        query, key = (
            made(x).view(1, len(before), heads, -1).transpose(1, 2)
            for made in (layer.self_attn.q_proj, layer.self_attn.k_proj)
        )
        turned = self.model.model.rotary_emb(x, positions[None])
        query, key = (it[0] for it in apply_rotary_pos_emb(query, key, *turned))
        scores = query[:, asking] @ key.transpose(1, 2) * layer.self_attn.scaling
        later = torch.arange(len(before), device=before.device)[None] > asking[:, None]
        return scores.float().masked_fill(later, -torch.inf).softmax(-1)
