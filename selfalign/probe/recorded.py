"""An engine that remembers: whatever was asked before is read from a journal, so a stopped test continues.

The key of a request holds everything that decides its answer: the model with what identifies its weights, the whole
rendered prompt, the sampling, the seed or the options. An edited prompt is another request.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selfalign.engine.provenance import provenance
from selfalign.engine.spec import Engine, EngineSpec
from selfalign.records import Completion, Prompt, Sampling, Usage, to_row
from selfalign.run.directory import lasting
from selfalign.run.journal import Journal, read_lines


def identity_of(model: EngineSpec) -> str:
    """What tells a model from another one: its weights, wherever they lie, and those of its settings that change what
    it writes. What a server loaded is the server's to know: of it only the model's name is. Raises `EngineStartError`
    where the model's files cannot be read."""
    settings = lasting({"model": to_row(model)})
    facts = {} if model.endpoints else provenance(model)
    digests = {key: value for key, value in facts.items() if key.endswith("_digest")}
    if "weights_digest" in digests:
        settings = {key: value for key, value in settings.items() if key not in ("model.model", "model.revision")}
    return json.dumps([settings, digests], sort_keys=True)


class RecordedEngine:
    """An `Engine` in front of another one, with a journal of all that it answered. `identity` is what tells this model
    from another one. Raises `RunDirError` where the journal cannot be read or written."""

    def __init__(self, engine: Engine, path: Path, identity: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = engine
        self._identity = identity
        self._known: dict[str, Any] = {row["key"]: row["answer"] for row in read_lines(path)}
        self._journal = Journal(path)
        self.num_asked = 0

    async def generate(self, prompt: Prompt, sampling: Sampling, *, rng_seed: int) -> Completion:
        key = self._key(prompt, to_row(sampling), rng_seed)
        if key not in self._known:
            completion = await self._engine.generate(prompt, sampling, rng_seed=rng_seed)
            self._keep(key, to_row(completion))
        row = self._known[key]
        return Completion(**{**row, "usage": Usage(**row["usage"])})

    async def choose(self, prompt: Prompt, options: Sequence[str]) -> tuple[float, ...]:
        key = self._key(prompt, list(options))
        if key not in self._known:
            self._keep(key, list(await self._engine.choose(prompt, options)))
        return tuple(self._known[key])

    def close(self) -> None:
        """Flush the journal and close it."""
        self._journal.close()

    def _keep(self, key: str, answer: Any) -> None:
        self.num_asked += 1
        self._known[key] = answer
        self._journal.append({"key": key, "answer": answer})

    def _key(self, prompt: Prompt, *rest: Any) -> str:
        shown = prompt if isinstance(prompt, str) else [dict(message) for message in prompt]
        return hashlib.sha256(json.dumps([self._identity, shown, *rest], ensure_ascii=True).encode()).hexdigest()
