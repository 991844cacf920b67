"""Kinds that play with words: similes, riddles, names, titles of things."""

from random import Random

from training.corpus.grammar import Item, Kind, item
from training.corpus.words import (
    ADJECTIVES,
    AUDIENCES,
    DOINGS,
    EVENTS,
    FOODS,
    HOBBIES,
    OBJECTS,
    PLACES,
    ROLES,
    name,
)


def slogan(rng: Random) -> Item:
    what = rng.choice(
        [
            f"a shop that sells {rng.choice(FOODS)}",
            f"a {rng.choice(ADJECTIVES)} {rng.choice(ROLES)}",
            f"a campaign for {rng.choice(HOBBIES)}",
            f"a new {rng.choice(OBJECTS)}",
            rng.choice(EVENTS),
        ]
    )
    thing = what.split(" ", 1)[1] if what.startswith("a ") else what
    return item(
        rng,
        "slogan",
        "[Write|Find|Suggest] a [catchy|short|friendly] slogan for {w}[| that {a} would "
        "remember| in at most ten words].",
        '"[Simply good, every day|Come once, stay for ever|Small things, great joy|Made '
        'with heart|Your day starts here|Bring a friend, leave with a smile]: {t}!"',
        "A slogan should be short and easy to remember.",
        "creative, helpful",
        w=what,
        t=thing,
        a=rng.choice(AUDIENCES),
        keys=(thing,),
    )


def names(rng: Random) -> Item:
    what, a, b = rng.choice(
        [
            ("a café that serves {f}", "The Warm Spoon", "Table by the Window"),
            ("a band of {r}s", "Loud Morning", "The Second Door"),
            ("a cat that {d}", "Whisker", "Captain Paw"),
            ("a shop that repairs every {o}", "Good as New", "The Mending Room"),
            ("a boat that belongs to a {r}", "Blue Patience", "Northern Star"),
            ("a newsletter about {h}", "The Weekly Step", "Small Beginnings"),
            ("a robot in a story set in {p}", "Tik", "Orbo"),
        ]
    )
    what = what.format(
        f=rng.choice(FOODS),
        r=rng.choice(ROLES),
        d=rng.choice(DOINGS),
        o=rng.choice(OBJECTS),
        h=rng.choice(HOBBIES),
        p=rng.choice(PLACES),
    )
    return item(
        rng,
        "names",
        "[Suggest two names for {w}.|I need a name for {w}. Any ideas?|What would be a good "
        "name for {w}?|Help {n} to name {w}.]",
        '[Two ideas are|It could be called] "{a}" or "{b}".',
        "Names are wanted for something new, so they should be short and fitting.",
        "creative, helpful",
        w=what,
        a=a,
        b=b,
        n=name(rng),
        keys=(a,),
    )


SIMILES = {
    "brave": "a small bird in a storm",
    "quiet": "snow on a roof",
    "slow": "honey in winter",
    "happy": "a dog at the open door",
    "tired": "a clock that runs down",
    "proud": "a cat on a high wall",
    "nervous": "a leaf in the wind",
    "old": "the stones of a bridge",
    "bright": "a window at night",
    "lonely": "the last chair in the hall",
    "busy": "a hive in May",
    "stubborn": "a door that sticks",
}


def simile(rng: Random) -> Item:
    trait, picture = rng.choice(list(SIMILES.items()))
    who = rng.choice([f"the {rng.choice(ROLES)}", name(rng), f"my {rng.choice(OBJECTS)}"])
    return item(
        rng,
        "simile",
        "[Write a comparison that shows how {t} {w} is.|Finish the sentence with a picture: "
        "{w} is as {t} as ...|Find a simile for {w}, who is very {t}.|Describe {w} as {t}, "
        "using an image that {a} would like.]",
        "{w} is as {t} as {p}.",
        "A picture in words is wanted that fits {t}.",
        "creative",
        t=trait,
        w=who,
        p=picture,
        a=rng.choice(AUDIENCES),
        keys=(picture,),
    )


def riddle(rng: Random) -> Item:
    what, clue = rng.choice(
        [
            ("a clock", "I have hands but cannot clap"),
            ("a river", "I run all day but never get tired"),
            ("a candle", "I am tall when young and short when old"),
            ("a shadow", "I follow you in the sun and leave you in the dark"),
            ("an echo", "I answer every call but have no mouth"),
            ("a towel", "I get wet while I dry"),
            ("a map", "I have cities but no houses"),
            ("a needle", "I have one eye but cannot see"),
            ("a book", "I have leaves but am no tree"),
            ("a glove", "I have five fingers but no bone"),
        ]
    )
    if rng.random() < 0.5:
        return item(
            rng,
            "riddle",
            "[Write a riddle whose answer is {w}.|Invent a riddle about {w} for {a}.|{n} needs a "
            "riddle for {e}, and the answer should be {w}.]",
            "{c}. What am I? The answer is {w}.",
            "A riddle must hint at {w} without naming it first.",
            "creative, helpful",
            w=what,
            c=clue,
            a=rng.choice(AUDIENCES),
            n=name(rng),
            e=rng.choice(EVENTS),
            keys=(clue,),
        )
    return item(
        rng,
        "riddle",
        '[Solve this riddle: {c}. What am I?|A {r} asks: "{c}. What am I?" Help me to '
        'answer.|What is meant by the riddle "{c}"?]',
        "[The answer is {w}.|It is {w}.]",
        "The clue must be read in two ways to find what is meant.",
        "reasoning, creative",
        w=what,
        c=clue,
        r=rng.choice(ROLES),
        keys=(f"is {what}",),
    )


KINDS = {
    "slogan": Kind(slogan, 1.2),
    "names": Kind(names, 1.2),
    "simile": Kind(simile, 0.9, practice=1.2),
    "riddle": Kind(riddle, 0.9, practice=1.5),
}
