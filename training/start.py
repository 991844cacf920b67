"""The miniature's starting weights: random, but for a copying circuit set by hand.

Half of what the miniature writes is copied from the request. Transformers copy with a pair of heads: one attends to
the token before, a later one to the place after an earlier occurrence of the current token (Olsson et al. 2022,
"In-context Learning and Induction Heads"). In a tiny model these form late, after most of the training we can afford,
so they are there from the start; training refines them.
"""

import math

import torch
from transformers import MistralConfig, MistralForCausalLM

EMBEDDING = 0.1
CONTENT = 192
"""Residual dimensions 0 to CONTENT hold the token; then follows what the token before was; the last one is constant."""
CONSTANT = 6.0


def starting_model(config: MistralConfig) -> MistralForCausalLM:
    """A model to train, in float32; uses torch's global random state."""
    model = MistralForCausalLM._from_config(config, dtype=torch.float32, attn_implementation="sdpa")
    low = _slow_dimensions(config)
    keep = config.hidden_size - 1 - CONTENT
    before = torch.randn(keep, CONTENT) / math.sqrt(CONTENT)
    with torch.no_grad():
        table = model.model.embed_tokens.weight
        # Rows of one length, so that the constant dimension is constant behind the norm too.
        table.normal_()
        table[:, :CONTENT] *= EMBEDDING * math.sqrt(CONTENT) / table[:, :CONTENT].norm(dim=1, keepdim=True)
        table[:, CONTENT:] = 0
        table[:, -1] = EMBEDDING * CONSTANT
        model.model.norm.weight.fill_(0.2)
        _attend_to_previous(model.model.layers[0].self_attn, config, before)
        for head, first in enumerate((0, keep - len(low))):
            _copy_what_followed(model.model.layers[1].self_attn, config, head, before[first : first + len(low)], first)
    return model


def _frequencies(config: MistralConfig) -> list[float]:
    half = config.head_dim // 2
    return [config.rope_parameters["rope_theta"] ** (-index / half) for index in range(half)]


def _slow_dimensions(config: MistralConfig) -> list[int]:
    """Dimensions of a head that rotary positions hardly turn within the window: content can be compared there."""
    slow = [index for index, speed in enumerate(_frequencies(config)) if speed < 0.004]
    return slow + [index + config.head_dim // 2 for index in slow]


def _attend_to_previous(attention: torch.nn.Module, config: MistralConfig, before: torch.Tensor) -> None:
    """Head 0 looks one token back, by rotary phase alone, and writes what it finds beside the current token."""
    size, half = config.head_dim, config.head_dim // 2
    rows = torch.arange(size)
    attention.q_proj.weight[rows] = 0
    attention.k_proj.weight[rows] = 0
    strength = 9.0 / CONSTANT
    for index, speed in enumerate(_frequencies(config)[:8]):
        attention.k_proj.weight[index, -1] = strength
        attention.q_proj.weight[index, -1] = strength * math.cos(speed)
        attention.q_proj.weight[index + half, -1] = -strength * math.sin(speed)
    keep = len(before)
    attention.v_proj.weight[rows] = 0
    attention.v_proj.weight[:keep, :CONTENT] = before
    attention.o_proj.weight[:, rows] = 0
    attention.o_proj.weight[torch.arange(CONTENT, CONTENT + keep), torch.arange(keep)] = EMBEDDING


def _copy_what_followed(
    attention: torch.nn.Module, config: MistralConfig, head: int, before: torch.Tensor, first: int
) -> None:
    """A head that looks for a place behind the current token's earlier occurrence, and writes what stands there."""
    size = config.head_dim
    rows = torch.arange(head * size, (head + 1) * size)
    compared = head * size + torch.tensor(_slow_dimensions(config))
    strength = 2.2
    attention.q_proj.weight[rows] = 0
    attention.q_proj.weight[compared, :CONTENT] = strength * before
    attention.k_proj.weight[rows] = 0
    attention.k_proj.weight[compared, CONTENT + first + torch.arange(len(before))] = strength
    directions = torch.linalg.qr(torch.randn(CONTENT, size))[0].T
    attention.v_proj.weight[rows] = 0
    attention.v_proj.weight[rows, :CONTENT] = directions
    attention.o_proj.weight[:, rows] = 0
    attention.o_proj.weight[:CONTENT, rows] = 3 * EMBEDDING * directions.T


def grown_model(folder: str, places: list[int]) -> MistralForCausalLM:
    """The model of a folder in float32, without a window, with a new layer before each old one in `places`.

    A new layer has no effect at first: its two output projections are zero.
    """
    old = MistralForCausalLM.from_pretrained(folder, dtype=torch.float32)
    order: list[int | None] = []
    for index in range(old.config.num_hidden_layers):
        order += [*([None] * places.count(index)), index]
    config = MistralConfig.from_pretrained(folder, sliding_window=None, num_hidden_layers=len(order), dtype="float32")
    model = MistralForCausalLM._from_config(config, dtype=torch.float32, attn_implementation="sdpa")
    with torch.no_grad():
        model.model.embed_tokens.load_state_dict(old.model.embed_tokens.state_dict())
        model.model.norm.load_state_dict(old.model.norm.state_dict())
        for layer, source in zip(model.model.layers, order, strict=True):
            if source is not None:
                layer.load_state_dict(old.model.layers[source].state_dict())
            else:
                layer.self_attn.o_proj.weight.zero_()
                layer.mlp.down_proj.weight.zero_()
                for part in (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj):
                    part.weight.normal_(std=1 / 16)
    return model
