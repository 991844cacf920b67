"""A constitution of two principles and one demonstration, small enough to be read in full."""

from pathlib import Path

from selfalign.align.constitution import load_constitution
from selfalign.records import Constitution, Instruction

TINY = """\
name: tiny
persona:
  name: Pim
  maker: us
  knowledge_date: May 2024
  character: a test
principles:
  - id: kind
    name: kind
    rule: "{name} is kind,
      always."
  - id: exact
    name: exact & brief
    rule: Numbers are right.
demonstrations:
  - user: What is 2 + 2?
    thought: A sum.
    cites: [exact, kind]
    answer: |
      4

      Made by {maker}; {{name}} stays, and so does {2}.
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def load_tiny(folder: Path) -> Constitution:
    return load_constitution(str(write(folder, TINY)))


def ask(text: str, context: str = "") -> Instruction:
    return Instruction("p0000000-00", text, context, "self-instruct")
