"""Muon's orthogonalisation in float32 on a CPU, where matrix products in bfloat16 are slower."""

import torch


def use_float32() -> None:
    """Let `torch.optim.Muon` orthogonalise in float32; does nothing where there is a GPU."""
    if not torch.cuda.is_available():
        torch.optim._muon._zeropower_via_newtonschulz = _orthogonal


def _orthogonal(grad: torch.Tensor, ns_coefficients: tuple[float, ...], ns_steps: int, eps: float) -> torch.Tensor:
    a, b, c = ns_coefficients
    turned = grad.size(0) > grad.size(1)
    made = grad.T if turned else grad
    made = made / made.norm().clamp(min=eps)
    for _ in range(ns_steps):
        gram = made @ made.T
        made = torch.addmm(made, torch.addmm(gram, gram, gram, beta=b, alpha=c), made, beta=a)
    return made.T if turned else made
