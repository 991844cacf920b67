"""The engine behind OpenAI's protocol, on a scripted server: faults, refusals, keys, and what goes over the wire."""

import asyncio
import email.utils
import functools
import io
import random
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from scripted_server import FAULTS, ScriptedServer
from worlds import dataset_bytes, world_model, world_recipe

from selfalign.dataset import export as dataset
from selfalign.engine import EngineSpec
from selfalign.engine.endpoint import EndpointEngine, _warn_of_open_key, open_endpoint
from selfalign.engine.reader import find_reader
from selfalign.engine.servers import Timing, _retry_after
from selfalign.engine.vllm import VllmEngine
from selfalign.errors import EngineDied, EngineStartError, PromptRefused, RecipeError, RequestFailed
from selfalign.generate import generate
from selfalign.recipe import build_recipe, recipe_row
from selfalign.records import Completion, Sampling, Usage
from selfalign.run import directory as rundir

# On a busy machine an answer may take seconds; only where a server is to hang is it given up sooner.
QUICK = Timing(
    request=20.0, reply=20.0, silence=20.0, pauses=(0.001,) * 4 + (0.01,) * 30, looks=(0.01, 0.02, 0.05), patience=20.0
)
KEY = "sk-not-to-be-seen-anywhere"


def whole(
    path: Path, *servers: ScriptedServer, timing: Timing = QUICK, said: io.StringIO | None = None, **changes: Any
):
    """A whole run of the little world through endpoints."""
    addresses = [server.address for server in servers]
    recipe = world_recipe(model__model="world", model__endpoint=addresses, **changes)
    opened = functools.partial(open_endpoint, timing=timing, stream=said or io.StringIO())
    return generate(recipe, path, start_engine=lambda spec, **_: opened(spec))


def ask(spec: EngineSpec, action: Any, *, timing: Timing = QUICK) -> tuple[Any, str]:
    """What an action on the engine returns, and what was said meanwhile."""
    said = io.StringIO()

    async def main() -> Any:
        async with open_endpoint(spec, timing=timing, stream=said) as engine:
            return await action(engine)

    return asyncio.run(main()), said.getvalue()


def hello(**sampling: Any) -> Any:
    async def action(engine: EndpointEngine) -> Completion:
        return await engine.generate("Hello", Sampling(**sampling), rng_seed=5)

    return action


@pytest.fixture
def server():
    with ScriptedServer(world_model) as started:
        yield started


def test_with_a_fifth_of_all_requests_failing_a_run_is_complete_and_the_same(tmp_path: Path) -> None:
    with ScriptedServer(world_model) as server:
        whole(tmp_path / "calm" / "run", server)
        expected = dataset_bytes(dataset.export(tmp_path / "calm" / "run"))
        num_posts = server.num_posts
        seen = set()
        for seed in range(200):
            rng = random.Random(seed)

            def fault(number: int, rng: random.Random = rng) -> str | None:
                found = rng.choice(FAULTS) if rng.random() < 0.2 else None
                seen.add(found)
                return found

            server.fault, server.num_posts = fault, 0
            counters = whole(tmp_path / str(seed) / "run", server, timing=replace(QUICK, request=0.25, reply=0.25))
            assert counters.num_unanswered == 0
            assert server.num_posts > num_posts
            path = tmp_path / str(seed) / "run"
            ids = [outcome.instruction_id for outcome in rundir.read_outcomes(path)]
            assert len(ids) == len(set(ids))
            if seed % 20 == 0:
                assert dataset_bytes(dataset.export(path)) == expected
            assert sorted((path / rundir.OUTCOMES).read_bytes().splitlines()) == sorted(
                (tmp_path / "calm" / "run" / rundir.OUTCOMES).read_bytes().splitlines()
            )
        assert seen == {None, *FAULTS}


def spec_of(*servers: ScriptedServer, **changes: Any) -> EngineSpec:
    return EngineSpec(**{"model": "world", "endpoint": tuple(server.address for server in servers), **changes})


def test_a_server_that_asks_for_time_is_left_alone_so_long(server: ScriptedServer) -> None:
    server.retry_after = "0.4"

    async def action(engine: EndpointEngine) -> float:
        first = server.num_posts + 1
        server.fault = lambda number: "429" if number == first else None
        start = time.monotonic()
        await asyncio.gather(*(engine.generate(f"Hello {n}", Sampling(), rng_seed=n) for n in range(3)))
        return time.monotonic() - start

    took, _ = ask(spec_of(server), action)
    assert 0.4 <= took < 3


@pytest.mark.parametrize(
    ("value", "seconds"), [("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("soon", 0.0), ("nan", 0.0), ("999999", 120.0)]
)
def test_retry_after_is_a_number_within_reason(value: str, seconds: float) -> None:
    assert _retry_after(value) == seconds


def test_retry_after_may_be_a_date() -> None:
    value = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert 28 <= _retry_after(value) <= 30


def test_a_request_that_always_fails_is_a_failed_request_and_no_answer(server: ScriptedServer) -> None:
    async def action(engine: EndpointEngine) -> int:
        before = server.num_posts
        server.fault = lambda number: "429"
        with pytest.raises(RequestFailed, match="429"):
            await hello()(engine)
        return server.num_posts - before

    timing = replace(QUICK, pauses=(0.001, 0.001))
    assert ask(spec_of(server), action, timing=timing)[0] == 3


def test_requests_go_to_the_server_with_the_fewest_in_flight(tmp_path: Path) -> None:
    with ScriptedServer(world_model, delay=0.0) as fast, ScriptedServer(world_model, delay=0.2) as slow:

        async def action(engine: EndpointEngine) -> None:
            slots = asyncio.Semaphore(12)

            async def one(number: int) -> None:
                async with slots:
                    await engine.generate(f"Hello {number}", Sampling(), rng_seed=number)

            await asyncio.gather(*(one(number) for number in range(60)))

        ask(spec_of(fast, slow), action, timing=QUICK)
        assert fast.num_posts > slow.num_posts > 15
        assert max(fast.max_in_flight, slow.max_in_flight) <= 7


def test_a_server_that_goes_leaves_the_run_working_and_is_used_again_when_it_is_back(tmp_path: Path) -> None:
    with ScriptedServer(world_model, delay=0.03) as one, ScriptedServer(world_model, delay=0.03) as other:
        said = io.StringIO()

        def restart() -> None:
            other.stop()
            time.sleep(0.1)
            other.fault, other.num_posts = lambda number: None, 0
            other.start()

        thread = threading.Thread(target=restart)
        other.fault = lambda number: thread.start() if number == 30 else None
        counters = whole(tmp_path / "two", one, other, said=said, propose__target=150)
        thread.join()
        assert counters.num_unanswered == 0
        assert f"{other.address} is gone (" in said.getvalue()
        assert "1 of 2 left" in said.getvalue()
        assert f"{other.address} is back after" in said.getvalue()
        assert other.num_posts > 13  # more than the questions about what it can do
        whole(tmp_path / "one", one, propose__target=150)
        alone, together = ((tmp_path / name / rundir.OUTCOMES).read_bytes().splitlines() for name in ("one", "two"))
        assert sorted(alone) == sorted(together)


def test_when_all_are_gone_the_run_waits_then_ends_with_everything_kept_and_continues(tmp_path: Path) -> None:
    with ScriptedServer(world_model) as server:
        server.fault = lambda number: "die" if number > 25 else None
        said = io.StringIO()
        start = time.monotonic()
        with pytest.raises(EngineDied, match=r"the server is gone for 0.5 s \(.*\); what is finished is kept") as died:
            whole(tmp_path / "run", server, timing=replace(QUICK, patience=0.5), said=said)
        assert died.value.exit_code == 4
        assert 0.5 <= time.monotonic() - start < 20
        assert "waiting 0.5 s at most" in said.getvalue()
        kept = (tmp_path / "run" / rundir.OUTCOMES).read_bytes()
        assert kept.count(b"\n") > 0
        server.fault = lambda number: None
        server.start()
        counters = whole(tmp_path / "run", server)
        assert counters.num_unanswered == 0
        assert (tmp_path / "run" / rundir.OUTCOMES).read_bytes().startswith(kept)


def test_a_server_that_starts_late_is_waited_for(server: ScriptedServer) -> None:
    server.stop()
    timer = threading.Timer(0.3, server.start)
    timer.start()
    completion, said = ask(spec_of(server), hello())
    assert completion.text
    assert "is gone (" in said
    assert "is back after" in said
    timer.join()


def test_a_machine_that_lost_its_power_does_not_hold_the_run_up() -> None:
    timing = replace(QUICK, request=30.0, reply=0.1, silence=0.2)
    with ScriptedServer(world_model) as dead, ScriptedServer(world_model) as alive:

        async def action(engine: EndpointEngine) -> None:
            dead.fault = lambda number: "hang"
            dead.is_frozen = True
            await asyncio.gather(*(engine.generate(f"Hello {n}", Sampling(), rng_seed=n) for n in range(4)))

        start = time.monotonic()
        _, said = ask(spec_of(dead, alive), action, timing=timing)
        assert time.monotonic() - start < 10
        assert f"{dead.address} is gone (no answer within 0.1 s)" in said


def test_a_server_that_comes_back_with_another_model_is_left_out() -> None:
    with ScriptedServer(world_model) as one, ScriptedServer(world_model) as other:

        async def action(engine: EndpointEngine) -> None:
            other.stop()
            other.model = "another"
            other.start()
            other.num_posts = 0
            for _ in range(10):
                await asyncio.gather(*(engine.generate(f"Hello {n}", Sampling(), rng_seed=n) for n in range(4)))
                await asyncio.sleep(0.02)

        other.fault = lambda number: "404" if other.model == "another" else None
        _, said = ask(spec_of(one, other), action)
        assert f"{other.address}: has another, not world: left out" in said
        assert other.num_posts <= 4


# Before the first request.


@pytest.mark.parametrize(
    ("changes", "spec", "error", "message"),
    [
        ({"model": "another"}, {}, EngineStartError, "has another, not world"),
        ({"context_length": None}, {}, EngineStartError, r"write it as model\.engine\.max_model_len"),
        ({}, {"engine": {"max_model_len": 9000}}, EngineStartError, "8,192 tokens of context, .* wants 9,000"),
        ({"key": KEY}, {}, EngineDied, "401 wrong key"),
        ({"forgets": frozenset({"seed"})}, {"seeded": "always"}, EngineStartError, "the same seed gives other texts"),
        ({}, {"reasoning": "deepseek_r1"}, RecipeError, "tags or none"),
        ({}, {"style": "chat", "chat_template": "x.jinja"}, RecipeError, "needs the model's tokenizer"),
    ],
    ids=["model", "no context", "less context", "key", "seeds", "reasoning", "template"],
)
def test_what_a_server_cannot_do_is_said_before_the_first_request(
    changes: dict[str, Any], spec: dict[str, Any], error: type[Exception], message: str
) -> None:
    with ScriptedServer(world_model, **changes) as server, pytest.raises(error, match=message):
        ask(spec_of(server, **spec), hello(), timing=replace(QUICK, patience=0.1))


def test_an_address_without_v1_is_explained(server: ScriptedServer) -> None:
    with pytest.raises(EngineStartError, match="no list of models; such addresses usually end in /v1"):
        ask(EngineSpec(model="world", endpoint=server.address.removesuffix("/v1")), hello())


def test_what_a_server_can_do_is_said(server: ScriptedServer) -> None:
    _, said = ask(spec_of(server), hello())
    assert said == (
        f"endpoint: {server.address}: world, 8,192 tokens of context; prompts as text; seeds kept; "
        "no log-probabilities of tokens; cached tokens counted\n"
    )


@pytest.mark.parametrize(
    ("forgotten", "sampling"),
    [("top_k", {"top_k": 5}), ("min_p", {"min_p": 0.1}), ("bad_words", {"bad_words": ("Sorry",)})],
)
def test_sampling_that_a_server_ignores_is_refused(forgotten: str, sampling: dict[str, Any]) -> None:
    def respond(prompt: Any, sampling: Sampling, rng_seed: int) -> str:
        return f"word{rng_seed} and more"

    with ScriptedServer(respond, forgets=frozenset({forgotten})) as server:
        completion, said = ask(spec_of(server), hello())
        assert completion.text == "word5 and more"
        assert f"without {forgotten}" in said
        with pytest.raises(RecipeError, match=f"the endpoint ignores {forgotten}"):
            ask(spec_of(server), hello(**sampling))


def test_a_server_that_refuses_what_openai_lacks_gets_none_of_it() -> None:
    with ScriptedServer(world_model, forgets=frozenset({"top_k", "refuses"})) as server:
        ask(spec_of(server), hello())
        assert "top_k" not in server.bodies[-1]


# What goes over the wire.


def test_every_request_says_all_that_the_servers_defaults_could_change(server: ScriptedServer) -> None:
    ask(spec_of(server), hello(max_tokens=7, stop=tuple("abcdef")))
    assert server.bodies[-1] == {
        "model": "world",
        "prompt": "Hello",
        "max_tokens": 7,
        "temperature": 1.0,
        "top_p": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "stop": ["a", "b", "c", "d"],
        "top_k": -1,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "bad_words": [],
        "seed": 5,
    }


def test_stop_strings_beyond_four_are_cut_here() -> None:
    def respond(prompt: Any, sampling: Sampling, rng_seed: int) -> Completion:
        return Completion("one two three four", "length", Usage(1, 0, 4))

    with ScriptedServer(respond) as server:
        stops = ("a", "b", "c", "d", "three", " two")
        cut, _ = ask(spec_of(server), hello(stop=stops))
        whole, _ = ask(spec_of(server), hello(stop=stops[:4]))
    assert (cut.text, cut.finish_reason) == ("one", "stop")
    assert (whole.text, whole.finish_reason) == ("one two three four", "length")


def test_usage_is_the_servers_with_cached_tokens_where_it_tells() -> None:
    def respond(prompt: Any, sampling: Sampling, rng_seed: int) -> str:
        return "a b c"

    with ScriptedServer(respond) as server:
        assert ask(spec_of(server), hello())[0].usage == Usage(1, 0, 3)
        server.forgets = frozenset({"cached_tokens"})
        _, said = ask(spec_of(server), hello())
        assert "cached tokens not counted" in said


def test_messages_go_to_the_servers_own_template_where_the_tokenizer_is_not_here() -> None:
    def respond(prompt: Any, sampling: Sampling, rng_seed: int) -> str:
        return "<think>Hm.</think>\n\nYes."

    messages = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"})

    async def action(engine: EndpointEngine) -> Completion:
        with pytest.raises(RecipeError, match="needs the model's tokenizer on this machine"):
            await engine.choose(messages, ("A", "B"))
        return await engine.generate(messages, Sampling(), rng_seed=1)

    with ScriptedServer(respond) as server:
        completion, _ = ask(spec_of(server, style="chat", chat_arguments={"enable_thinking": False}), action)
        assert completion.text == "Yes."
        assert server.bodies[-1]["messages"] == list(messages)
        assert server.bodies[-1]["chat_template_kwargs"] == {"enable_thinking": False}


def test_a_refused_prompt_is_the_prompts_fault_and_is_not_sent_again(server: ScriptedServer) -> None:
    async def action(engine: EndpointEngine) -> int:
        server.fault = lambda number: "400"
        before = server.num_posts
        with pytest.raises(PromptRefused, match="400 scripted"):
            await hello()(engine)
        for prompt, reason in (
            ("", "empty"),
            ("a \ud800 b", "surrogate"),
            (({"role": "user", "content": "x"},), "style"),
        ):
            with pytest.raises(PromptRefused, match=reason):
                await engine.generate(prompt, Sampling(), rng_seed=1)
        return server.num_posts - before

    assert ask(spec_of(server), action)[0] == 1


# Keys.


def test_the_key_goes_to_the_server_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    rng = random.Random(3)
    with ScriptedServer(world_model, key=KEY) as server:
        # What it complains of repeats the key.
        server.fault = lambda number: "500" if rng.random() < 0.2 else None
        said = io.StringIO()
        whole(tmp_path / "run", server, said=said, model__key_variable="A_KEY")
        server.fault = lambda number: "500"
        with pytest.raises(Exception, match=r"500 scripted for Bearer \*\*\*") as failed:
            ask(spec_of(server, key_variable="A_KEY"), hello(), timing=replace(QUICK, pauses=(), patience=0.1))
    dataset.export(tmp_path / "run")
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 5
    assert not any(KEY.encode() in content for content in written)
    assert KEY not in said.getvalue() + str(failed.value) + "".join(capfd.readouterr())


def test_a_key_that_leaves_the_machine_unencrypted_gets_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    spec = EngineSpec(
        endpoint=("http://10.0.0.1:8000/v1", "https://10.0.0.2/v1", "http://127.0.0.1/v1", "http://localhost:1/v1")
    )
    _warn_of_open_key(spec, "", said.append)
    assert said == []
    _warn_of_open_key(spec, KEY, said.append)
    assert len(said) == 1
    assert said[0].startswith("warning: http://10.0.0.1:8000/v1: the key of OPENAI_API_KEY goes there unencrypted")


# Recipes.


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("host:8000/v1", "an address like"),
        ("ftp://host/v1", "an address like"),
        ("http://me:secret@host/v1", "without user, password"),
        ("https://host/v1?key=secret", "without user, password"),
        (["http://a/v1", "http://a/v1/"], "twice"),
        (7, "a list is needed"),
    ],
)
def test_an_address_that_is_none_is_refused_and_never_repeats_a_password(value: Any, message: str) -> None:
    with pytest.raises(RecipeError, match=rf"model\.endpoint: .*{message}") as refused:
        build_recipe({"model": {"endpoint": value}}, "a.yaml")
    assert "secret" not in str(refused.value)


def test_an_endpoint_is_one_address_or_several_and_may_change_between_two_starts(tmp_path: Path) -> None:
    one = build_recipe({"model": {"endpoint": "http://a:1/v1/"}}, "a.yaml")
    two = build_recipe({"model": {"endpoint": ["http://a:1/v1", "http://b:1/v1"]}}, "a.yaml")
    assert one.model.endpoints == ("http://a:1/v1",)
    assert two.model.endpoints == ("http://a:1/v1", "http://b:1/v1")
    assert build_recipe(recipe_row(two), "run.yaml") == two
    with ScriptedServer(world_model) as first, ScriptedServer(world_model) as second:
        first.fault = lambda number: "die" if number > 25 else None
        with pytest.raises(EngineDied):
            whole(tmp_path / "run", first, timing=replace(QUICK, patience=0.1))
        assert whole(tmp_path / "run", second, model__patience=5).num_unanswered == 0


PAIR = "Which answer follows the rule?\nA: {}\nB: {}\nThe better one is"
ANSWERS = ("Two and two make four.", "I would rather not say.")


def test_an_endpoint_chooses_as_the_engine_in_this_process() -> None:
    """The same numbers behind both, the miniature's tokenizer before both."""

    def score(so_far: list[int], token_id: int) -> float:
        return -1.0 - ((31 * sum(map(int, so_far)) + 7 * token_id) % 97) / 9

    async def here(token_ids: list[int], next_ids: list[int]) -> list[float]:
        return [score(token_ids, token_id) for token_id in next_ids]

    reader = find_reader(EngineSpec(), date.today())

    def respond(prompt: str, *_: object) -> Completion:
        """Counts the tokens of a text as the miniature does, which a client checks."""
        ids = prompt.split() if prompt.replace(" ", "").isdecimal() else reader.encode(prompt, is_plain=True)
        return Completion(" Yes", "stop", Usage(len(ids), 0, 1))

    async def ask(server: ScriptedServer) -> None:
        spec = EngineSpec(endpoint=server.address)
        inside = object.__new__(VllmEngine)  # without vLLM: what it asks of that is replaced
        inside._reader, inside._score = reader, here
        async with open_endpoint(spec, stream=io.StringIO()) as endpoint:
            for prompt in (PAIR.format(*ANSWERS), PAIR.format(*ANSWERS[::-1]), "Does it follow the rule? "):
                for options in ((" A", " B"), ("A", "B"), (" yes", " yellow things", " no")):
                    found = await endpoint.choose(prompt, options)
                    assert found == pytest.approx(await inside.choose(prompt, options), abs=1e-12)
                    assert len(set(found)) > 1
        asked = [body["prompt"] for body in server.bodies if "logprob_token_ids" in body]
        assert asked
        assert all(isinstance(each, list) for each in asked)

    with ScriptedServer(respond, model="miniature", score=score) as server:
        asyncio.run(ask(server))
