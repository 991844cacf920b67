"""Kinds with code, and with lists and counts to read."""

from random import Random

from training.corpus.grammar import Item, Kind, item
from training.corpus.words import EVENTS, FOODS, ROLES, name

FUNCTIONS = [
    ("adds two numbers", "add(a, b)", "return a + b"),
    ("doubles a number", "double(x)", "return 2 * x"),
    ("returns the largest number of a list", "largest(values)", "return max(values)"),
    ("counts the words of a text", "count_words(text)", "return len(text.split())"),
    ("turns a text into capital letters", "shout(text)", "return text.upper()"),
    ("reverses a text", "backwards(text)", "return text[::-1]"),
    ("checks whether a number is even", "is_even(n)", "return n % 2 == 0"),
    ("computes the area of a rectangle", "area(width, height)", "return width * height"),
    ("returns the average of a list", "average(values)", "return sum(values) / len(values)"),
    ("sorts a list of names", "sort_names(names)", "return sorted(names)"),
    ("returns the first letter of a word", "first_letter(word)", "return word[0]"),
    ("joins words with commas", "join_words(words)", 'return ", ".join(words)'),
    ("checks whether a list is empty", "is_empty(values)", "return len(values) == 0"),
    ("converts minutes into hours", "to_hours(minutes)", "return minutes / 60"),
    ("removes spaces at both ends of a text", "clean(text)", "return text.strip()"),
]


def code(rng: Random) -> Item:
    what, head, body = rng.choice(FUNCTIONS)
    return item(
        rng,
        "code",
        "[Write a [short|small|simple] Python function that {w}.|{n} is learning Python and "
        "needs a function which {w}. Write it.|Program the following in Python for a {r}: a "
        "function that {w}.|Show me [in code|in Python] how one {w}.|For a tool used at {e}, "
        "write a function that {w}.]",
        "```python\ndef {h}:\n    {b}\n```\nThis function {w}.",
        "A small function is wanted that {w}, so short and clear code is best.",
        "helpful, informative",
        w=what,
        h=head,
        b=body,
        n=name(rng),
        r=rng.choice(ROLES),
        e=rng.choice(EVENTS),
        keys=(body,),
    )


def explain_code(rng: Random) -> Item:
    what, head, body = rng.choice(FUNCTIONS)
    return item(
        rng,
        "explain_code",
        "[Explain what this code does.|What does the function below return?|Describe this "
        "Python function to a {r} in one sentence.|A {r} found this function. Say what it is "
        "for.|Read the code of {n} and explain it.]",
        "[This function|The code] {w}.",
        "The code is short, so reading its last line tells what it does.",
        "informative, reasoning",
        context="Code:\ndef {h}:\n    {b}",
        w=what,
        h=head,
        b=body,
        n=name(rng),
        r=rng.choice(ROLES),
        keys=(what,),
    )


def count_words(rng: Random) -> Item:
    words = rng.choice(
        [
            "the cat sleeps",
            "rain falls on the roof",
            "we meet at noon",
            "a small boat waits in the harbour",
            "nobody saw the key",
            "my brother bakes bread every day",
            "stars shine",
            "the old man reads a long book",
        ]
    ).split()
    words += rng.choice([[], ["today"], ["again"], ["near", "the", "lake"], ["without", "a", "sound"]])
    return item(
        rng,
        "count_words",
        "[How many words does this sentence have?|Count the words in the line below for "
        "{n}.|Give the number of words in the sentence.|A {r} wants to know how long this "
        "sentence is, in words.]",
        "The sentence has {k} words.",
        "The words must be counted one by one.",
        "numerical sensitivity, question assessment",
        context="{s}.",
        s=" ".join(words).capitalize(),
        k=len(words),
        n=name(rng),
        r=rng.choice(ROLES),
        keys=(f"{len(words)} words",),
    )


def recipe_scale(rng: Random) -> Item:
    people, factor = rng.randint(2, 4), rng.choice([2, 3])
    eggs = rng.randint(1, 4)
    return item(
        rng,
        "recipe_scale",
        "[A recipe for {f} serves {p} people and needs {g} {i}. How many are needed for {q} "
        "people?|{n} cooks {f} for {q} guests, but the recipe is for {p} and asks for {g} "
        "{i}. Scale it.]",
        "{q} people are {x} times {p}, so {c} {i} are needed.",
        "The number of guests grows by {x}, so the {i} must grow by the same.",
        "reasoning, numerical sensitivity",
        naive="{c} {i} are needed.",
        f=rng.choice(FOODS),
        p=people,
        q=people * factor,
        x=factor,
        g=eggs,
        c=eggs * factor,
        i=rng.choice(["eggs", "onions", "cups of milk", "spoons of oil", "potatoes", "lemons"]),
        n=name(rng),
        keys=(f"{eggs * factor} ",),
    )


def survey(rng: Random) -> Item:
    first, second = rng.sample(["tea", "coffee", "juice", "water", "milk", "soup", "cake", "bread"], 2)
    a, b = rng.sample(range(3, 40), 2)
    return item(
        rng,
        "survey",
        "[Read the result of the survey and say what most people chose.|Which answer won in "
        "this small survey from {e}?|Summarise the numbers below in one sentence for a {r}.]",
        "Most people chose {w}, with {h} votes against {l}.",
        "The two counts must be compared and the larger one named.",
        "numerical sensitivity, informative",
        context="{x}: {a} votes\n{y}: {b} votes",
        x=first.capitalize(),
        y=second.capitalize(),
        a=a,
        b=b,
        w=first if a > b else second,
        h=max(a, b),
        l=min(a, b),
        e=rng.choice(EVENTS),
        r=rng.choice(ROLES),
        keys=(f"chose {first if a > b else second}",),
    )


def budget(rng: Random) -> Item:
    have, parts = (
        rng.choice([20, 30, 40, 50, 60]),
        rng.sample(["food", "music", "tickets", "flowers", "rent", "paint", "prizes", "drinks"], 2),
    )
    a, b = rng.choice([5, 10]), rng.choice([5, 10])
    return item(
        rng,
        "budget",
        "[{n} has {h} euros for {e} and spends {a} on {x} and {b} on {y}. What "
        "remains?|Check this budget: {h} euros, minus {a} for {x}, minus {b} for {y}. How "
        "much is left for {e}?]",
        "{a} plus {b} is {s}, and {h} minus {s} is {c}. So {c} euros remain.",
        "Both costs must be added first and then taken from {h}.",
        "step-by-step, numerical sensitivity",
        naive="{c} euros remain.",
        n=name(rng),
        h=have,
        e=rng.choice(EVENTS),
        a=a,
        b=b,
        s=a + b,
        c=have - a - b,
        x=parts[0],
        y=parts[1],
        keys=(f"{have - a - b} euros",),
    )


KINDS = {
    "code": Kind(code, 1.3),
    "explain_code": Kind(explain_code, 0.8),
    "count_words": Kind(count_words, 0.6),
    "recipe_scale": Kind(recipe_scale, 0.7, practice=1.5),
    "survey": Kind(survey, 0.5, practice=1.5),
    "budget": Kind(budget, 0.7, practice=1.5),
}
