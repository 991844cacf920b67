"""What vLLM is started with: batch sizes by the device's memory, seeds; vLLM's own code decides, no engine starts."""

import math
from types import SimpleNamespace
from typing import Any

import pytest

from selfalign.engine.capacity import Capacity
from selfalign.engine.spec import EngineSpec

GIB = 2**30
DEVICES = {
    24: "nvidia l4",
    80: "nvidia h100 80gb hbm3",
    81: "nvidia a100-sxm4-80gb",
    141: "nvidia h200",
    192: "nvidia b200",
}


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What makes vLLM believe in a GPU of so many GiB."""
    from vllm.platforms import current_platform

    def pretend(gibibytes: int) -> None:
        monkeypatch.setattr(current_platform, "is_cpu", lambda: False)
        monkeypatch.setattr(current_platform, "get_device_name", lambda device_id=0: DEVICES[gibibytes])
        monkeypatch.setattr(current_platform, "get_device_total_memory", lambda device_id=0: gibibytes * GIB)

    return pretend


def batch_sizes(slots: int | None, context_length: int = 32_768, **engine: Any) -> tuple[int, int]:
    """Sequences and tokens per step that vLLM settles on."""
    from vllm.usage.usage_lib import UsageContext

    from selfalign.engine.arguments import engine_arguments

    arguments = engine_arguments(EngineSpec("some/model", engine=engine), slots)
    arguments.enable_chunked_prefill = True
    model = SimpleNamespace(max_model_len=context_length, is_multimodal_model=False)
    parallel = SimpleNamespace(use_batched_dp_moe=False)
    arguments._set_default_max_num_seqs_and_batched_tokens_args(UsageContext.LLM_CLASS, model, parallel)
    return arguments.max_num_seqs, arguments.max_num_batched_tokens


@pytest.mark.engine
@pytest.mark.parametrize("gibibytes", DEVICES)
@pytest.mark.parametrize("slots", [64, 256, 1024, 3000])
@pytest.mark.parametrize("replicas", [1, 2, 8])
def test_every_replica_holds_its_share_of_the_slots(device: Any, gibibytes: int, slots: int, replicas: int) -> None:
    device(gibibytes)
    default, _ = batch_sizes(None)
    sequences, tokens = batch_sizes(slots, data_parallel_size=replicas)
    assert sequences == max(default, math.ceil(slots / replicas))
    assert tokens >= 8192


@pytest.mark.engine
@pytest.mark.parametrize("gibibytes", DEVICES)
def test_vllms_defaults_for_offline_use_are_kept_where_they_are_enough(device: Any, gibibytes: int) -> None:
    device(gibibytes)
    is_large = gibibytes >= 70 and "a100" not in DEVICES[gibibytes]
    assert batch_sizes(64) == ((1024, 16_384) if is_large else (256, 8192))


@pytest.mark.engine
def test_what_the_user_says_stays(device: Any) -> None:
    device(24)
    assert batch_sizes(1000, max_num_seqs=48) == (48, 8192)
    assert batch_sizes(1000, max_num_batched_tokens=512) == (512, 512)
    assert batch_sizes(64, performance_mode="throughput") == (512, 16_384)
    assert batch_sizes(600, performance_mode="throughput") == (600, 16_384)


@pytest.mark.engine
def test_no_step_holds_more_sequences_than_tokens(device: Any) -> None:
    device(24)
    assert batch_sizes(100_000) == (8192, 8192)


@pytest.mark.engine
def test_a_cpu_follows_the_slots_as_well() -> None:
    assert batch_sizes(64)[0] == 256
    assert batch_sizes(700)[0] == 700


@pytest.mark.engine
def test_seeds_go_where_they_buy_something(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from selfalign.engine.arguments import sends_seeds

    monkeypatch.delenv("VLLM_BATCH_INVARIANT", raising=False)
    assert sends_seeds("auto")
    device(80)
    assert [sends_seeds(seeded) for seeded in ("auto", "always", "never")] == [False, True, False]
    monkeypatch.setenv("VLLM_BATCH_INVARIANT", "1")
    assert sends_seeds("auto")


@pytest.mark.engine
def test_a_request_without_a_seed_has_none() -> None:
    from selfalign.engine.vllm import RequestStyle, sampling_params
    from selfalign.records import Sampling

    assert sampling_params(Sampling(), 7, RequestStyle(sends_seed=False)).seed is None
    assert sampling_params(Sampling(), 7, RequestStyle(sends_seed=True)).seed == 7


@pytest.mark.parametrize(
    ("wrong", "complaint"), [({"seeded": "often"}, "seeded: one of"), ({"join_seconds": 0}, "join_seconds: must be")]
)
def test_a_wrong_value_names_its_key(wrong: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        EngineSpec("some/model", **wrong)


def test_requests_share_their_beginning_and_need_room_for_the_rest() -> None:
    assert Capacity(100_000, 512).requests(2_000, 700) == 140
    assert Capacity(100_000, 64).requests(2_000, 700) == 64
    assert Capacity(100_000, 512, replicas=4).requests(2_000, 700) == 560
    assert Capacity(1_000, 512).requests(2_000, 700) == 0


def test_two_lines_say_what_fits_and_a_third_warns() -> None:
    lines = Capacity(100_000, 512).lines(128, 2_000, 700)
    assert lines == [
        "KV cache for 100,000 tokens, at most 512 sequences a step",
        "140 requests fit at a time, with 2,000 shared and about 700 own tokens",
    ]
    *_, warning = Capacity(100_000, 512, replicas=2).lines(512, 2_000, 700)
    assert warning.startswith("warning: 512 slots cannot be filled, 280 can: give the cache more memory")
    *_, warning = Capacity(10**6, 64, replicas=2).lines(512, 2_000, 700)
    assert warning == ("warning: 512 slots cannot be filled, 128 can: raise model.engine.max_num_seqs, or lower slots")
