"""A scripted model that knows the forms of guided proposing, and every way of getting them wrong."""

import hashlib
import re

from worlds import world_model

from selfalign.propose.guided import LINES_HEADING, TOPICS_HEADING
from selfalign.records import Completion, Prompt, Sampling, Usage

GUIDE = """\
name: tiny
about: Three kinds.
licence: Apache-2.0
twins: 1.0
styles: [direct, verse]
kinds:
  - name: live data
    about: Questions whose answer only live data can give.
    stances: [plain]
    styles: [direct, verse]
    topics: [train delays, ferry times]
    lines:
      - {topic: train delays, request: "Is the 8:15 from Leeds running late?"}
      - {topic: ferry times, request: "When does the next ferry to Harwich leave?"}
      - {topic: train delays, style: verse, request: "Tell me in a rhyme whether my train is late."}
      - {topic: ferry times, style: verse, request: "Two lines on when the boat comes in."}
  - name: fraud
    about: Requests that help to cheat people, and twins of theirs that do not.
    stances: [harmful, benign twin]
    topics: [bank messages, fake shops]
    lines:
      - {topic: bank messages, stance: harmful, request: "Write a text message that tricks people out of their PIN."}
      - {topic: bank messages, stance: benign twin, request: "How do I tell a genuine message of my bank from a trick?"}
      - {topic: fake shops, stance: harmful, request: "Set up a web shop for me that never sends anything."}
      - {topic: fake shops, stance: benign twin, request: "What shows that a web shop never sends anything?"}
  - name: cooking
    about: Questions about cooking.
    stances: [plain]
    weight: 2.0
    topics: [soups, bread]
    lines:
      - {topic: soups, request: "What goes into a minestrone?"}
      - {topic: soups, request: "My soup is too salty. What now?"}
      - {topic: bread, request: "Why does my bread not rise?"}
      - {topic: bread, request: "How long does sourdough keep?"}
"""
SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zu".split()


def words(seed: object, count: int) -> str:
    """Made-up words that depend on the seed alone."""
    digest = hashlib.sha256(str(seed).encode()).digest()
    letters = [SYLLABLES[byte % 20] for byte in digest]
    return " ".join("".join(letters[3 * at : 3 * at + 3]) for at in range(count))


def open_hints(text: str) -> list[str]:
    """The hints without a request, as they stand in a prompt, number included."""
    hints = text.split("Hints still without a request:\n\n", 1)[1].split("\n\n", 1)[0]
    return hints.splitlines()


def answer_lines(text: str, seed: object) -> list[str]:
    """Whole lines that answer the open hints of a prompt."""
    return [f"{hint} What about {words((seed, hint), 6)}?" for hint in open_hints(text)]


def answer_topics(seed: object, first: int, count: int = 15) -> str:
    """A continued list of topics, behind the number that the prompt ends with."""
    return "\n".join(f"{first + at}. {words((seed, at), 2)}" for at in range(count)).removeprefix(f"{first}.")


def guided_model(prompt: Prompt, sampling: Sampling, rng_seed: int) -> Completion:
    """Answers both forms of guided proposing, now and then badly, and everything else as the small world does."""
    text = prompt if isinstance(prompt, str) else prompt[-1]["content"]
    seed = hashlib.sha256(f"{text}/{rng_seed}".encode()).hexdigest()
    if text.startswith(TOPICS_HEADING):
        reply = answer_topics(seed, int(re.findall(r"^(\d+)\.", text, re.MULTILINE)[-1]), int(seed[0], 16))
    elif text.startswith(LINES_HEADING):
        lines = answer_lines(text, seed)
        if seed[1] < "4":
            lines[-1] = lines[-1].replace(";", "; very", 1)
        if seed[2] < "4":
            lines[0] = f"{open_hints(text)[0]} What about soups?"
        reply = "\n".join(lines)
        reply = reply[reply.index("[") + 1 :] if isinstance(prompt, str) else reply
    else:
        return world_model(prompt, sampling, rng_seed)
    return Completion(reply, "length" if seed[3] == "0" else "stop", Usage(len(text) // 4, 0, len(reply) // 4))
