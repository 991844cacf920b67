"""What a started engine can hold, set against what a run will ask of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capacity:
    """One replica's room: tokens in its KV cache, sequences in one step; and how many replicas there are."""

    cache_tokens: int
    sequences: int
    replicas: int = 1

    def requests(self, shared_tokens: int, own_tokens: int) -> int:
        """Requests that can be computed at a time: all share their first tokens, each has so many of its own."""
        room = max(0, self.cache_tokens - shared_tokens) // max(1, own_tokens)
        return self.replicas * min(self.sequences, room)

    def lines(self, slots: int | None, shared_tokens: int, own_tokens: int) -> list[str]:
        """Two lines for the user, and a warning where a run's slots cannot be filled."""
        each = f"{self.replicas} replicas, each with " if self.replicas > 1 else ""
        fitting = self.requests(shared_tokens, own_tokens)
        lines = [
            f"{each}KV cache for {self.cache_tokens:,} tokens, at most {self.sequences:,} sequences a step",
            f"{fitting:,} requests fit at a time, with {shared_tokens:,} shared and about {own_tokens:,} own tokens",
        ]
        if slots is not None and fitting < slots:
            lines.append(f"warning: {slots:,} slots cannot be filled, {fitting:,} can: {self._remedy(fitting)}")
        return lines

    def _remedy(self, fitting: int) -> str:
        if fitting >= self.replicas * self.sequences:
            return "raise model.engine.max_num_seqs, or lower slots"
        return "give the cache more memory (model.engine.gpu_memory_utilization), add replicas, or lower slots"
