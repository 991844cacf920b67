"""The work of `selfalign ask`: a constitution tried by hand. The file is read again whenever it has changed, so that
one can edit a rule and ask again while the engine stays up."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TextIO

from selfalign.align import load_constitution, parse_reply
from selfalign.align.constitution import PersonaSpec
from selfalign.align.parse import Reply, ReplyError
from selfalign.align.prompt import STOP, render_prompt
from selfalign.builtin import find_data
from selfalign.checks import ChecksSpec, Subject, run_checks
from selfalign.engine import Engine, EngineSpec, open_engine
from selfalign.errors import PromptRefused, RecipeError
from selfalign.probe.command import OpenEngine
from selfalign.probe.conditions import Condition
from selfalign.records import CheckResult, Constitution, Instruction, Sampling, Verdict

GREEDY = Sampling(temperature=0.0, max_tokens=768)


class Watched:
    """A constitution that is loaded again when its file has changed; a mistake in it keeps the last good one."""

    def __init__(self, name_or_path: str, persona: PersonaSpec | None = None) -> None:
        self._name = name_or_path
        self._persona = persona
        self._path = find_data("principles", name_or_path, ".yaml")
        self._loaded = load_constitution(name_or_path, persona)
        self._time = self._modified()

    def current(self) -> tuple[Constitution, str]:
        """The constitution, and what there is to say about it: that it was read again, or why it was not."""
        if self._modified() == self._time:
            return self._loaded, ""
        self._time = self._modified()
        try:
            self._loaded = load_constitution(self._name, self._persona)
        except RecipeError as error:
            return self._loaded, f"the last good version still holds: {error}"
        return self._loaded, f"{self._name} read again"

    def _modified(self) -> int:
        try:
            return Path(self._path).stat().st_mtime_ns if self._path else 0
        except OSError:  # between an editor's delete and its rename
            return 0


async def answer(engine: Engine, constitution: Constitution, question: str, *, style: str, raw: bool) -> list[str]:
    """The lines of one reply: thought, cited principles, verdicts, answer; with `raw`, the model's own answer too."""
    instruction = Instruction("asked", question, "", "asked")
    asked = [_prompted(engine, constitution, instruction, style)]
    if raw:
        asked.append(_raw(engine, instruction, style))
    shown, *beside = await asyncio.gather(*asked)
    return [*shown, *(line for lines in beside for line in ("", *lines))]


async def converse(
    watched: Watched,
    spec: EngineSpec,
    questions: Callable[[], AsyncIterator[str]],
    say: Callable[[str], None],
    *,
    raw: bool,
    stream: TextIO | None = None,
    start_engine: OpenEngine = open_engine,
) -> None:
    """Answer questions until there are no more. Raises any `SelfAlignError` but those about one question."""
    _judged(Instruction("asked", "What is this?", "", "asked"), Reply("", (), "It is a test."), watched.current()[0])
    async with start_engine(spec, slots=2, stream=stream) as engine:
        async for question in questions():
            constitution, news = watched.current()
            if news:
                say(f"({news})")
            for line in await answer(engine, constitution, question, style=spec.style, raw=raw):
                say(line)
            say("")


async def lines_of(stream: TextIO, prompt: Callable[[], None]) -> AsyncIterator[str]:
    """The lines that somebody types, without the empty ones; the event loop goes on while it waits."""
    while True:
        prompt()
        if stream.isatty():
            # A thread that reads a terminal could not be interrupted: Ctrl-C would wait for the next Enter.
            await _typed(stream)
            line = stream.readline()
        else:
            line = await asyncio.to_thread(stream.readline)
        if not line:
            return
        if line.strip():
            yield line.strip()


async def _typed(stream: TextIO) -> None:
    """Return when a line has been typed."""
    loop, is_there = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(stream.fileno(), is_there.set)
    try:
        await is_there.wait()
    finally:
        loop.remove_reader(stream.fileno())


async def _raw(engine: Engine, instruction: Instruction, style: str) -> Iterator[str]:
    try:
        completion = await engine.generate(Condition("raw", None).prompt(instruction, style), _stopping(), rng_seed=1)
    except PromptRefused as error:
        return iter([f"refused  {error}"])
    return _block("raw", completion.text.strip())


async def _prompted(engine: Engine, constitution: Constitution, instruction: Instruction, style: str) -> Iterator[str]:
    try:
        completion = await engine.generate(render_prompt(constitution, instruction, style), _stopping(), rng_seed=1)
    except PromptRefused as error:
        return iter([f"refused  {error}"])
    try:
        reply = parse_reply(completion.text, constitution, instruction.user_turn)
    except ReplyError as error:
        return iter([f"no reply that can be read: {error}", *_block("wrote", completion.text.strip())])
    names = {each.id: f"{number} ({each.name})" for number, each in enumerate(constitution.principles, start=1)}
    found = _judged(instruction, reply, constitution)
    return iter(
        [
            *_block("thought", reply.thought),
            f"{'cites':9}{', '.join(names[id_] for id_ in reply.cited)}",
            *(f"{'check':9}{each.verdict.value}: {each.name} ({each.reason})" for each in found),
            *_block("answer", reply.answer),
        ]
    )


def _judged(instruction: Instruction, reply: Reply, constitution: Constitution) -> list[CheckResult]:
    """What the checks find. The first call loads their patterns and languages, which takes half a second."""
    subject = Subject(instruction, reply.thought, reply.answer, reply.cited)
    return [each for each in run_checks(subject, constitution, ChecksSpec()) if each.verdict is not Verdict.PASS]


def _stopping() -> Sampling:
    return Sampling(temperature=GREEDY.temperature, max_tokens=GREEDY.max_tokens, stop=(STOP,))


def _block(label: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n")):
        yield f"{label if number == 0 else '':9}{line}".rstrip()
