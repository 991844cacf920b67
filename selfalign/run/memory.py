"""What a run keeps in memory is not gone through again and again."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def survivors_frozen() -> Iterator[None]:
    """Keep full garbage collections short: each looks only at what was made since the one before.

    A run keeps nearly everything it makes, up to millions of objects, and vLLM has a good many of its own. To go
    through all of them takes a tenth of a second and more, in which nothing is sent to the engine.
    """

    def freeze(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            gc.freeze()

    gc.freeze()
    gc.callbacks.append(freeze)
    try:
        yield
    finally:
        gc.callbacks.remove(freeze)
        gc.unfreeze()
