"""Kinds with numbers: word problems, prices, times, units, sequences, code."""

from random import Random

from training.corpus.grammar import Item, Kind, item
from training.corpus.words import EVENTS, FOODS, PLACES, ROLES, name

THINGS = [
    "apples",
    "marbles",
    "stamps",
    "candles",
    "chairs",
    "letters",
    "coins",
    "eggs",
    "pencils",
    "flowers",
    "postcards",
    "buttons",
    "tickets",
    "shells",
    "books",
    "plates",
]


def add(rng: Random) -> Item:
    a, b = rng.randint(2, 12), rng.randint(2, 9)
    return item(
        rng,
        "add",
        "[{n} has {a} {t} and [gets|buys|finds] {b} more [at {e}|from a {r}|that evening]. "
        "How many {t} does {n} have now?|A {r} counts {a} {t} in the morning and {b} in the "
        "evening. What is the total?|There were {a} {t} at {e}, and then {b} came. How many "
        "{t} are there?|Add {a} {t} to {b} {t} and tell {n} the sum.]",
        "{a} plus {b} is {c}, so there are {c} {t}.",
        "Two amounts are put together, so {a} and {b} must be added.",
        "reasoning, numerical sensitivity",
        naive="[There are {c} {t}.|{c} {t}.]",
        n=name(rng),
        a=a,
        b=b,
        c=a + b,
        t=rng.choice(THINGS),
        e=rng.choice(EVENTS),
        r=rng.choice(ROLES),
        keys=(f"{a + b} ",),
    )


def subtract(rng: Random) -> Item:
    b, c = rng.randint(2, 9), rng.randint(2, 9)
    a = b + c
    return item(
        rng,
        "subtract",
        "[{n} had {a} {t} and gave {b} of them to a {r}. How many are left?|From {a} {t}, "
        "{b} were lost [at|during] {e}. How many {t} remain?|A {r} needs {a} {t} for {e} but "
        "has only {b}. How many are missing?|What is left when {n} takes {b} {t} away from "
        "{a}?]",
        "{a} minus {b} is {c}, so the answer is {c} {t}.",
        "One amount is taken from another, so {b} must be subtracted from {a}.",
        "reasoning, numerical sensitivity",
        naive="[The answer is {c} {t}.|{c} {t}.]",
        n=name(rng),
        a=a,
        b=b,
        c=c,
        t=rng.choice(THINGS),
        e=rng.choice(EVENTS),
        r=rng.choice(ROLES),
        keys=(f"{c} ",),
    )


def price(rng: Random) -> Item:
    count, each = rng.randint(2, 6), rng.choice((2, 3, 4, 5, 10))
    return item(
        rng,
        "price",
        "[A {r} buys {k} {t} for {p} coins each. What does it cost?|At {e}, one plate of {f} "
        "costs {p} euros. How much do {k} plates cost?|{n} sells {k} portions of {f} at {p} "
        "euros each. How much money is that?|Work out the bill: {k} {t}, each {p} euros.]",
        "{k} times {p} is {c}, so it costs {c}.",
        "The price of one must be multiplied by the number, {k} times {p}.",
        "reasoning, numerical sensitivity",
        naive="It costs {c}.",
        k=count,
        p=each,
        c=count * each,
        t=rng.choice(THINGS),
        e=rng.choice(EVENTS),
        r=rng.choice(ROLES),
        n=name(rng),
        f=rng.choice(FOODS),
        keys=(f"{count * each}.",),
    )


def share(rng: Random) -> Item:
    people, each = rng.randint(2, 5), rng.randint(2, 6)
    return item(
        rng,
        "share",
        "[{n} shares {a} {t} fairly among {p} friends. How many does each one get?|At {e}, "
        "{a} {t} are divided equally between {p} tables. How many are on each?|Divide {a} "
        "{t} into {p} equal groups for {n}.]",
        "{a} divided by {p} is {c}, so each gets {c} {t}.",
        "The amount is shared equally, so {a} must be divided by {p}.",
        "reasoning, numerical sensitivity",
        naive="Each gets {c} {t}.",
        n=name(rng),
        a=people * each,
        p=people,
        c=each,
        t=rng.choice(THINGS),
        e=rng.choice(EVENTS),
        keys=(f"{each} ",),
    )


def clock(rng: Random) -> Item:
    start, hours = rng.randint(1, 8), rng.randint(1, 4)
    what = rng.choice(
        [
            "the concert",
            "a film",
            "the train ride",
            "a meeting",
            "the cooking class",
            "a football match",
            "the boat trip",
            "the exam",
        ]
    )
    return item(
        rng,
        "clock",
        "[{w} starts at {a} o'clock and lasts {h}. When does it end?|{n} leaves for {e} at "
        "{a} o'clock and stays {h}. At what time is that over?|If {w} begins at {a} and "
        "takes {h}, when can {n} go home?]",
        "{h} after {a} o'clock is {c} o'clock, so it ends at {c}.",
        "The length must be added to the starting time.",
        "reasoning, numerical sensitivity",
        naive="It ends at {c}.",
        w=what,
        n=name(rng),
        e=rng.choice(EVENTS),
        a=start,
        h=f"{hours} hour" + "s" * (hours > 1),
        c=start + hours,
        keys=(f"at {start + hours}.",),
    )


def units(rng: Random) -> Item:
    big, small, factor = rng.choice(
        [
            ("metres", "centimetres", 100),
            ("hours", "minutes", 60),
            ("kilometres", "metres", 1000),
            ("minutes", "seconds", 60),
            ("weeks", "days", 7),
            ("kilograms", "grams", 1000),
            ("years", "months", 12),
            ("days", "hours", 24),
            ("dozens", "pieces", 12),
        ]
    )
    count = rng.randint(2, 5)
    return item(
        rng,
        "units",
        "[Convert {k} {b} into {s} for a {r}.|How many {s} are {k} {b}?|A {r} writes {k} {b} "
        "in a report. What is that in {s}?|For {e}, {n} needs to know how many {s} there are "
        "in {k} {b}.]",
        "One of the {b} holds {f} {s}, so {k} {b} are {c} {s}.",
        "The unit changes from {b} to {s}, so the number must be multiplied by {f}.",
        "numerical sensitivity, reasoning",
        naive="{k} {b} are {c} {s}.",
        k=count,
        b=big,
        s=small,
        f=factor,
        c=count * factor,
        r=rng.choice(ROLES),
        e=rng.choice(EVENTS),
        n=name(rng),
        keys=(f"{count * factor} {small}",),
    )


def sequence(rng: Random) -> Item:
    start, step = rng.randint(1, 10), rng.choice((2, 3, 5, 10))
    numbers = [start + step * i for i in range(5)]
    return item(
        rng,
        "sequence",
        "[Which number comes next: {s}?|Continue the row {s} with one more number.|A puzzle "
        "of {n} shows {s}. What follows?|Find the rule behind {s} and give the next number.]",
        "Each number is {d} more than the one before, so the next number is {x}.",
        "The numbers grow by the same step, so that step must be found [first|].",
        "reasoning, numerical sensitivity",
        naive="The next number is {x}.",
        s=", ".join(map(str, numbers[:4])),
        d=step,
        x=numbers[4],
        n=name(rng),
        keys=(f"is {numbers[4]}.",),
    )


def sort_numbers(rng: Random) -> Item:
    numbers = rng.sample(range(1, 40), 3)
    up = rng.random() < 0.6
    return item(
        rng,
        "sort_numbers",
        "[Sort these numbers from {o}.|Put the house numbers of {p} in order from {o}.|Order "
        "the scores of {n} from {o}.|Write the list again, from {o}.]",
        "{x}",
        "The numbers must be compared and put in order from {o}.",
        "numerical sensitivity, helpful",
        context="[{c}|Numbers: {c}]",
        p=rng.choice(PLACES),
        n=name(rng),
        o="smallest to largest" if up else "largest to smallest",
        c=", ".join(map(str, numbers)),
        x=", ".join(map(str, sorted(numbers, reverse=not up))) + ".",
        keys=(", ".join(map(str, sorted(numbers, reverse=not up))),),
    )


def larger(rng: Random) -> Item:
    a, b = rng.sample(range(2, 99), 2)
    one, two = rng.sample(
        [
            "the red box",
            "the old bridge",
            "the first team",
            "the yellow bag",
            "the north tower",
            "my sister's class",
            "our village",
            "the smaller boat",
        ],
        2,
    )
    return item(
        rng,
        "larger",
        "["
        + one
        + " has {a} points and "
        + two
        + " has {b}. Which has more?|Compare two numbers for {n}: "
        + one
        + " counts {a}, "
        + two
        + " counts {b}. Which is larger?]",
        "{h} is more than {l}, so it is {w}.",
        "The numbers {a} and {b} must be compared.",
        "numerical sensitivity, reasoning",
        a=a,
        b=b,
        h=max(a, b),
        l=min(a, b),
        n=name(rng),
        w=one if a > b else two,
        keys=(f"{max(a, b)} is more",),
    )


KINDS = {
    "add": Kind(add, 1.3, practice=3),
    "subtract": Kind(subtract, 1.2, practice=3),
    "price": Kind(price, practice=2.5),
    "share": Kind(share, 0.8, practice=2),
    "clock": Kind(clock, 0.8, practice=2),
    "units": Kind(units, practice=2.5),
    "sequence": Kind(sequence, 0.8, practice=2),
    "sort_numbers": Kind(sort_numbers, 0.6, practice=2),
    "larger": Kind(larger, 0.7, practice=2),
}
