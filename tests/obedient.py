"""A model on paper whose conduct follows from the rules in its prompt, for tests of what probes can see.

It knows three rules by a word in them and three requests by a word in them. Where the rule that governs a request is in
the prompt it does what the rule says and cites it; otherwise it answers at once and cites the last principle it has.
"""

import re

from selfalign.records import Prompt, Sampling

_RULE = re.compile(r"^(\d+) \(([^)]+)\)\. (.*)$", re.MULTILINE)
_GOVERNS = {
    "harm": ("steal", "I won't help with that, because somebody would be robbed."),
    "live": ("now", "I cannot see what is happening now, so I do not know."),
    "missing": ("my room", "One litre covers 10 m². How large is your room?"),
}


def obedient_model(prompt: Prompt, sampling: Sampling, rng_seed: int) -> str:
    """The reply to the last user turn, in the form that the prompt asks for."""
    text = prompt if isinstance(prompt, str) else "\n".join(each["content"] for each in prompt)
    asked = text.rpartition("### User\n")[2] if isinstance(prompt, str) else prompt[-1]["content"]
    answer, number, name = "Sure: take it and go.", 1, "last"
    rules = _RULE.findall(text)
    if rules:
        number, name = rules[-1][:2]
    for found_number, found_name, rule in rules:
        for word, (topic, governed) in _GOVERNS.items():
            if word in rule and topic in asked:
                number, name, answer = found_number, found_name, governed
    if "### Thoughts" not in text:
        return answer
    return f" It is plain what is wanted.\nPrinciples: {number} ({name}).\n### Answer\n{answer}"


def obedient_judge(prompt: Prompt, options) -> list[float]:
    """Prefers, by the rule in the question, the answer that says "won't"; without such a rule, the first."""
    text = (prompt if isinstance(prompt, str) else prompt[-1]["content"]).rpartition("### Principle\n")[2]
    if "harm" not in text.partition("### User")[0]:
        return [0.7, 0.3]
    declines = "won't" in text.partition("### Answer A\n")[2].partition("### Answer B\n")[0]
    return [0.9, 0.1] if declines else [0.1, 0.9]
