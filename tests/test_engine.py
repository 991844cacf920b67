"""The engine seam on real vLLM: what it returns, what it refuses, how it dies, and that its starts fail in one line."""

import asyncio
import contextlib
import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_model import CONTEXT_LENGTH

from selfalign.engine import EngineSpec, open_engine
from selfalign.engine import arguments as arguments_module
from selfalign.engine.spec import find_token_counter
from selfalign.engine.vllm import VllmEngine, _reasoning_remover
from selfalign.errors import EngineDied, EngineStartError, PromptRefused, RecipeError, RequestFailed
from selfalign.records import Completion, Sampling

pytestmark = pytest.mark.engine

SHARED = "An assistant that thinks before it answers, and says which rule it applied. " * 40
Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def run(engine_loop: asyncio.Runner) -> Run:
    return engine_loop.run


def ask_all(engine: VllmEngine, prompts: list[str], sampling: Sampling) -> Coroutine[Any, Any, list[Completion]]:
    async def ask() -> list[Completion]:
        requests = (engine.generate(text, sampling, rng_seed=seed) for seed, text in enumerate(prompts))
        return await asyncio.gather(*requests)

    return ask()


def test_a_seeded_request_gives_the_same_text_alone_and_among_others(engine: VllmEngine, run: Run) -> None:
    sampling = Sampling(max_tokens=24)
    prompts = [f"{SHARED} Question {number}." for number in range(12)]
    together = run(ask_all(engine, prompts, sampling))
    alone = run(engine.generate(prompts[7], sampling, rng_seed=7))
    other = run(engine.generate(prompts[7], sampling, rng_seed=8))
    assert alone.text == together[7].text
    assert other.text != alone.text
    assert len({completion.text for completion in together}) == 12


def test_usage_counts_the_tokens_and_what_a_shared_beginning_saved(engine: VllmEngine, run: Run) -> None:
    # One after the other, on a model with a sliding window: vLLM's own default would keep nothing of the first.
    beginning = f"Its own. {SHARED}"
    run(engine.generate(f"{beginning} What is asked first?", Sampling(max_tokens=1), rng_seed=1))
    prompt = f"{beginning} And what is asked next?"
    usage = run(engine.generate(prompt, Sampling(max_tokens=9), rng_seed=2)).usage
    assert usage.prompt_tokens == len(engine.encode(prompt))
    assert usage.output_tokens == 9
    assert 0.9 * usage.prompt_tokens < usage.cached_tokens < usage.prompt_tokens


def test_more_prompt_tokens_than_fit_one_step_do_not_kill_the_seeded_engine(engine: VllmEngine, run: Run) -> None:
    # Every prompt begins differently, so that nothing comes from the cache: about 40,000 tokens at once.
    prompts = [f"{number} {SHARED}" for number in range(60)]
    completions = run(ask_all(engine, prompts, Sampling(max_tokens=4)))
    assert sum(completion.usage.prompt_tokens for completion in completions) > 40_000
    assert all(completion.usage.output_tokens > 0 for completion in completions)


def test_a_stop_string_ends_the_text_and_is_not_part_of_it(engine: VllmEngine, run: Run) -> None:
    free = run(engine.generate("Write.", Sampling(max_tokens=30), rng_seed=3))
    stop = free.text[10:12]
    stopped = run(engine.generate("Write.", Sampling(max_tokens=30, stop=(stop,)), rng_seed=3))
    assert (free.finish_reason, stopped.finish_reason) == ("length", "stop")
    assert free.is_truncated
    assert not stopped.is_truncated
    assert stopped.text == free.text[: free.text.index(stop)]


def test_prompt_and_answer_beyond_the_context_end_at_its_end(engine: VllmEngine, run: Run) -> None:
    prompt = "word " * ((engine.context_length - 50) // len(engine.encode("word ")))
    room = engine.context_length - len(engine.encode(prompt))
    assert 0 < room < 200
    completion = run(engine.generate(prompt, Sampling(max_tokens=500), rng_seed=1))
    assert completion.finish_reason == "length"
    assert completion.usage.output_tokens == room


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("", "empty"),
        ("word " * 2 * CONTEXT_LENGTH, "maximum context length"),
        ("a \ud800 b", "surrogate"),
    ],
    ids=["empty", "too long", "surrogate"],
)
def test_a_refused_prompt_is_one_line_and_the_engine_lives_on(
    engine: VllmEngine, run: Run, prompt: str, reason: str
) -> None:
    with pytest.raises(PromptRefused, match=reason) as refused:
        run(engine.generate(prompt, Sampling(), rng_seed=1))
    assert "\n" not in str(refused.value)
    assert run(engine.generate("Still there?", Sampling(max_tokens=2), rng_seed=1)).usage.output_tokens == 2


def test_sampling_that_vllm_does_not_take_is_the_recipes_fault(engine: VllmEngine, run: Run) -> None:
    with pytest.raises(RecipeError, match="sampling: stop cannot contain an empty string"):
        run(engine.generate("Hello", Sampling(stop=("",)), rng_seed=1))


def test_hostile_text_goes_through_the_engine(engine: VllmEngine, run: Run) -> None:
    prompts = ["\x00\x1b[31m\u202e", "<s></s><|im_start|>system", "\U0010ffff\ufeff", "a" * 2000, "\n" * 500]
    for completion in run(ask_all(engine, prompts, Sampling(max_tokens=8))):
        completion.text.encode()


def test_messages_go_through_the_models_chat_template_once(engine: VllmEngine, run: Run) -> None:
    messages = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"})
    as_template = "<|system|>Be kind.\n<|user|>Hello\n<|assistant|>"
    assert len(engine.encode(messages)) == len(engine.encode(as_template))
    chat = run(engine.generate(messages, Sampling(max_tokens=20), rng_seed=5))
    text = run(engine.generate(as_template, Sampling(max_tokens=20), rng_seed=5))
    assert chat.text == text.text
    assert chat.usage.prompt_tokens == text.usage.prompt_tokens


def test_what_prompts_share_is_prepared_once_as_text_and_as_messages(engine: VllmEngine, run: Run) -> None:
    shared = ({"role": "system", "content": f"{SHARED}\nBe kind."}, {"role": "user", "content": "Hello"})
    shared += ({"role": "assistant", "content": "Hello to you."},)
    prompt = (*shared, {"role": "user", "content": "What is a river?"})
    text = f"{SHARED}\n### User\n"
    whole = [engine.encode(prompt), engine.encode(f"{text}What is a river?")]
    num_tokens = engine.prepare(shared), engine.prepare(text)
    assert [engine.encode(prompt), engine.encode(f"{text}What is a river?")] == whole
    assert all(count > 0.9 * len(ids) for count, ids in zip(num_tokens, whole, strict=True))


def test_a_cancelled_request_ends_in_the_engine_too(engine: VllmEngine, run: Run) -> None:
    async def go_on(seed: int) -> None:
        while True:
            await engine.generate("Go on.", Sampling(max_tokens=3000), rng_seed=seed)

    async def cancel() -> int:
        tasks = [asyncio.create_task(go_on(seed)) for seed in range(8)]
        await asyncio.sleep(0.5)
        assert engine.llm.get_num_unfinished_requests() == 8
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)
        return engine.llm.get_num_unfinished_requests()

    assert run(cancel()) == 0


def test_every_error_of_vllm_becomes_one_of_ours(engine: VllmEngine, run: Run) -> None:
    from vllm import exceptions
    from vllm.v1.engine import exceptions as engine_exceptions

    def make(kind: type[Exception]) -> Exception:
        for num_arguments in range(4):
            with contextlib.suppress(TypeError):
                return kind(*["a reason\nin lines"] * num_arguments)
        pytest.fail(f"{kind} cannot be made")

    async def translate(kind: type[Exception]) -> Exception:
        return engine._translate(make(kind))

    modules = (exceptions, engine_exceptions)
    kinds = {kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)}
    kinds = {kind for kind in kinds if issubclass(kind, Exception)}
    assert len(kinds) > 10
    assert {exceptions.QueueOverflowError, exceptions.RetryableRequestError} <= kinds
    for kind in kinds:
        assert issubclass(kind, exceptions.VLLMError), f"{kind} is caught nowhere"
        translated = run(translate(kind))
        expected = PromptRefused if issubclass(kind, exceptions.VLLMClientError) else RequestFailed
        expected = EngineDied if kind is engine_exceptions.EngineDeadError else expected
        assert isinstance(translated, expected), kind
        assert "\n" not in str(translated)


def test_a_request_that_the_engine_fails_on_is_one_that_may_be_sent_again(
    engine: VllmEngine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> AsyncIterator[object]:
        yield SimpleNamespace(outputs=[SimpleNamespace(finish_reason="error")])

    monkeypatch.setattr(engine.llm, "generate", fail)
    for request in (engine.generate("Hello", Sampling(), rng_seed=1), engine.choose("Hello", [" you", " all"])):
        with pytest.raises(RequestFailed, match="lives on"):
            run(request)


def test_a_reasoning_parser_of_vllm_keeps_the_answer(engine: VllmEngine, tiny_model: Path) -> None:
    keep_answer, _ = _reasoning_remover("deepseek_r1", engine.llm.get_tokenizer())
    assert keep_answer("<think>Hm.</think>\n\nYes.", False) == "Yes."
    assert keep_answer("<think>Never closed", False) == ""
    with pytest.raises(RecipeError, match=r"model\.reasoning: one of tags, none, .*deepseek_r1.*, not 'deepsek'"):
        _reasoning_remover("deepsek", engine.llm.get_tokenizer())


def test_the_token_count_without_an_engine_agrees_with_the_engines(engine: VllmEngine, tiny_model: Path) -> None:
    count = find_token_counter(EngineSpec(model=str(tiny_model)))
    assert count is not None
    assert count(SHARED) == len(engine.encode(SHARED))


def script(body: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A process of its own that runs a program; its process group is its own as well."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(body), *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


# Asks without end, says which processes compute, and at the end which errors the requests met.
ENDLESS = """
    import asyncio, json, signal, sys
    from pathlib import Path
    from selfalign.engine import EngineSpec, open_engine
    from selfalign.records import Sampling

    async def go_on(engine, seed):
        while True:
            await engine.generate("Go on.", Sampling(max_tokens=200), rng_seed=seed)

    async def main():
        spec = EngineSpec(sys.argv[1], engine=json.loads(sys.argv[2]))
        async with open_engine(spec, stream=sys.stderr, log_path=Path(sys.argv[3])) as engine:
            import psutil
            from vllm.v1.metrics.reader import get_metrics_snapshot
            tasks = [asyncio.create_task(go_on(engine, seed)) for seed in range(30)]
            await asyncio.sleep(2)
            metrics = [metric for metric in get_metrics_snapshot() if metric.name == "vllm:generation_tokens"]
            processes = psutil.Process().children(recursive=True)
            tokens = {metric.labels["engine"]: metric.value for metric in metrics}
            pids = [process.pid for process in processes if process.memory_info().rss > 3e8]
            print(json.dumps({"tokens": tokens, "pids": pids}), flush=True)
            errors = await asyncio.gather(*tasks, return_exceptions=True)
            print(json.dumps([f"{type(error).__name__}: {error}" for error in errors]))

    if __name__ == "__main__":
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        asyncio.run(main())
"""


def endless(model: Path, log: Path, **arguments: Any) -> subprocess.Popen[str]:
    return script(ENDLESS, str(model), json.dumps(arguments), str(log))


def told_until(process: subprocess.Popen[str], words: str) -> list[str]:
    """What a process has said on stderr, up to the line with these words."""
    lines = []
    for line in process.stderr:
        lines.append(line.removesuffix("\n"))
        if words in line:
            return lines
    pytest.fail("\n".join(lines))


def family_of(process: subprocess.Popen[str]) -> list[Any]:
    import psutil

    return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]


def assert_gone(family: list[Any], seconds: float = 5) -> None:
    import psutil

    _, alive = psutil.wait_procs(family[1:], timeout=seconds)
    assert alive == []


def test_two_replicas_are_both_used_and_when_one_dies_every_request_hears_of_it_once(
    tiny_model: Path, tmp_path: Path
) -> None:
    process = endless(tiny_model, tmp_path / "engine.log", data_parallel_size=2)
    working = json.loads(process.stdout.readline())
    assert set(working["tokens"]) == {"0", "1"}
    assert all(count > 100 for count in working["tokens"].values()), working
    os.kill(working["pids"][-1], signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=180)
    errors = json.loads(stdout)
    assert len(errors) == 30
    assert len(set(errors)) == 1
    assert errors[0].startswith("EngineDied: the engine stopped (")
    assert f"; the engine's log: {tmp_path / 'engine.log'}; " in errors[0]
    assert errors[0].endswith("the same command continues")
    told = stderr.splitlines()
    assert told[0] == f"engine: starting vLLM for {tiny_model}"
    assert "engine: loading the weights" in told
    assert told[-1].startswith("engine: ready after ")
    log = (tmp_path / "engine.log").read_text(encoding="utf-8")
    assert log.startswith("===== 20")
    assert "Starting to load model" in log


def test_ctrl_c_is_a_keyboard_interrupt_and_leaves_no_process(tiny_model: Path, tmp_path: Path) -> None:
    import psutil

    process = endless(tiny_model, tmp_path / "engine.log")
    working = json.loads(process.stdout.readline())
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to every process
    stdout, stderr = process.communicate(timeout=180)
    assert "EngineDied" not in stdout + stderr
    assert stderr.strip().endswith("KeyboardInterrupt")
    assert not any(psutil.pid_exists(pid) for pid in working["pids"])


@pytest.mark.parametrize("moment", ["engine: loading the weights", "engine: ready after"])
def test_a_process_that_is_killed_alone_leaves_no_process(tiny_model: Path, tmp_path: Path, moment: str) -> None:
    process = endless(tiny_model, tmp_path / "engine.log")
    told_until(process, moment)
    family = family_of(process)
    assert len(family) > 2
    process.kill()
    process.communicate()
    assert_gone(family)


def test_a_wait_for_other_machines_hears_sigterm_says_what_it_waits_for_and_ends(
    tiny_model: Path, tmp_path: Path, unused_port: int
) -> None:
    elsewhere = {"data_parallel_size": 2, "data_parallel_size_local": 1}
    elsewhere |= {"data_parallel_address": "127.0.0.1", "data_parallel_rpc_port": unused_port}
    process = endless(tiny_model, tmp_path / "engine.log", **elsewhere)
    *_, last = told_until(process, "waiting")
    assert last == "engine: waiting for 1 replica on other machines to join, 300 s at most"
    family = family_of(process)
    process.terminate()
    _, stderr = process.communicate(timeout=30)
    assert stderr.strip().endswith("KeyboardInterrupt")
    assert_gone(family)


def start(spec: EngineSpec) -> None:
    async def open_and_close() -> None:
        async with open_engine(spec):
            pytest.fail("it started")

    asyncio.run(open_and_close())


def copy_of(model: Path, folder: Path, **changes: Any) -> Path:
    """The model with another config.json."""
    shutil.copytree(model, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **changes}), encoding="utf-8")
    return folder


def test_a_folder_that_is_no_model_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(EngineStartError, match=r"the folder holds no config\.json"):
        start(EngineSpec(str(tmp_path)))
    with pytest.raises(EngineStartError, match="no such folder"):
        start(EngineSpec(str(tmp_path / "missing")))
    with pytest.raises(EngineStartError, match="neither a folder nor a name"):
        start(EngineSpec("what is this"))


def test_an_unknown_argument_names_the_nearest_valid_one(tiny_model: Path) -> None:
    with pytest.raises(RecipeError, match=r"did you mean model\.engine\.tensor_parallel_size\?"):
        start(EngineSpec(str(tiny_model), engine={"tensor_paralel_size": 2}))


def test_a_default_that_another_version_of_vllm_does_not_have_is_left_out(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(arguments_module._DEFAULTS, "argument_of_another_version", True)
    # It gets as far as the argument that is wrong on purpose.
    with pytest.raises(EngineStartError, match="float33"):
        start(EngineSpec(str(tiny_model), engine={"dtype": "float33"}))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"max_model_len": "many"}, "max_model_len"),
        ({"dtype": "float33"}, "dtype"),
        ({"quantization": "none such"}, "quantization"),
        ({"max_model_len": 10**6}, "max_model_len"),
    ],
    ids=lambda value: "-".join(map(str, value.items())) if isinstance(value, dict) else value,
)
def test_an_argument_that_vllm_refuses_is_one_line(tiny_model: Path, arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(EngineStartError, match=reason) as refused:
        start(EngineSpec(str(tiny_model), engine=arguments))
    assert "\n" not in str(refused.value)


def test_an_architecture_that_vllm_does_not_know_is_one_line(tiny_model: Path, tmp_path: Path) -> None:
    folder = copy_of(tiny_model, tmp_path / "odd", architectures=["OddForCausalLM"], model_type="odd")
    with pytest.raises(EngineStartError, match="odd") as refused:
        start(EngineSpec(str(folder)))
    assert "\n" not in str(refused.value)


def test_too_little_memory_for_the_cache_is_one_line_with_the_engines_own_reason(
    tiny_model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # Found out in the engine's own process, whose traceback must not reach the terminal.
    with pytest.raises(EngineStartError, match=r"KV cache|memory") as refused:
        start(EngineSpec(str(tiny_model), engine={"kv_cache_memory_bytes": 1000}))
    assert "\n" not in str(refused.value)
    assert "core initialization failed" not in str(refused.value)
    assert capfd.readouterr() == ("", "")
