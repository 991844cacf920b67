"""What the training takes from the package, in one place."""

from selfalign.align.constitution import load_constitution
from selfalign.align.parse import ReplyError, parse_reply
from selfalign.align.prompt import opening, render_prefix, render_prompt
from selfalign.builtin import builtin_folder, builtin_names
from selfalign.engine import Engine, EngineSpec, open_engine
from selfalign.judge.question import better_question, follows_question
from selfalign.probe.expect import Expectation, Seen
from selfalign.propose.seeds import load_seeds
from selfalign.propose.selfinstruct import HEADING
from selfalign.records import Constitution, Demonstration, Instruction, Persona, Principle, Sampling

__all__ = [
    "HEADING",
    "Constitution",
    "Demonstration",
    "Engine",
    "EngineSpec",
    "Expectation",
    "Instruction",
    "Persona",
    "Principle",
    "ReplyError",
    "Sampling",
    "Seen",
    "better_question",
    "builtin_folder",
    "builtin_names",
    "follows_question",
    "load_constitution",
    "load_seeds",
    "open_engine",
    "opening",
    "parse_reply",
    "render_prefix",
    "render_prompt",
]
