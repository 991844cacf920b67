"""Kinds about single words: spelling, opposites, other words for the same, order."""

from random import Random

from training.corpus.grammar import Item, Kind, item
from training.corpus.words import EVENTS, OBJECTS, PLACES, ROLES, name

SPELLING = {
    "recieve": "receive",
    "tommorow": "tomorrow",
    "seperate": "separate",
    "freind": "friend",
    "becuase": "because",
    "definately": "definitely",
    "beleive": "believe",
    "untill": "until",
    "wich": "which",
    "realy": "really",
    "writting": "writing",
    "occured": "occurred",
    "goverment": "government",
    "neccessary": "necessary",
    "adress": "address",
    "libary": "library",
}


ANTONYMS = [
    ("hot", "cold"),
    ("big", "small"),
    ("early", "late"),
    ("happy", "sad"),
    ("fast", "slow"),
    ("old", "new"),
    ("light", "heavy"),
    ("open", "closed"),
    ("rich", "poor"),
    ("quiet", "loud"),
    ("clean", "dirty"),
    ("full", "empty"),
    ("easy", "difficult"),
    ("strong", "weak"),
    ("near", "far"),
    ("dry", "wet"),
]


SYNONYMS = [
    ("happy", "glad"),
    ("big", "large"),
    ("quick", "fast"),
    ("begin", "start"),
    ("smart", "clever"),
    ("angry", "furious"),
    ("tired", "weary"),
    ("strange", "odd"),
    ("quiet", "silent"),
    ("brave", "courageous"),
    ("buy", "purchase"),
    ("help", "assist"),
    ("end", "finish"),
    ("rich", "wealthy"),
    ("small", "little"),
    ("wish", "desire"),
]


def spelling(rng: Random) -> Item:
    wrong, right = rng.choice(list(SPELLING.items()))
    frame = rng.choice(
        [
            "I {w} the {o} will arrive soon.",
            "The {r} said {w} one more time.",
            "We waited {w} the end of {e}.",
            "My {o} was {w} very old.",
            "{n} wrote {w} on the {o}.",
            "It is {w} a good idea for {e}.",
            "Please look at the word {w} in the note of {n}.",
            "The sign near the {o} says {w}.",
        ]
    )
    parts = {"o": rng.choice(OBJECTS), "r": rng.choice(ROLES), "e": rng.choice(EVENTS), "n": name(rng)}
    return item(
        rng,
        "spelling",
        "[Correct the spelling mistake.|Find and fix the wrong word in this sentence.|One "
        "word below is misspelled. Write the sentence correctly.|Proofread this line for a "
        "{r}.|{n} asks you to check the spelling of this.]",
        "{y}",
        "One word is misspelled: {w} should be {c}.",
        "helpful, operational",
        context="{x}",
        x=frame.format(w=wrong, **parts),
        y=frame.format(w=right, **parts),
        w=wrong,
        c=right,
        r=rng.choice(ROLES),
        n=name(rng),
        keys=(f" {right}",),
    )


def antonym(rng: Random) -> Item:
    a, b = rng.choice(ANTONYMS)
    if rng.random() < 0.5:
        a, b = b, a
    return item(
        rng,
        "antonym",
        "[What is the opposite of {a}?|Give a word that means the reverse of {a}, and use it "
        "in a sentence about a {r}.|Replace the word {a} by its opposite: the {o} is {a}.|A "
        "crossword asks for the opposite of {a}. What fits?|{n} looks for the antonym of {a} "
        "for a poem.]",
        "[The opposite of {a} is {b}.|The word is {b}.|The opposite is {b}, as in: the {o} is {b}.]",
        "The word {a} has a clear opposite.",
        "informative, helpful",
        a=a,
        b=b,
        r=rng.choice(ROLES),
        o=rng.choice(OBJECTS),
        n=name(rng),
        keys=(f"is {b}",),
    )


def synonym(rng: Random) -> Item:
    a, b = rng.choice(SYNONYMS)
    return item(
        rng,
        "synonym",
        "[Find another word for {a}.|Which word could replace {a} in a text about a {o}?|{n} "
        "uses the word {a} too often. Suggest a synonym.|Name a word that {r}s could use "
        "instead of {a}.]",
        "[Another word for {a} is {b}.|A good synonym is {b}.]",
        "A word with the same meaning as {a} is wanted.",
        "helpful, informative",
        a=a,
        b=b,
        o=rng.choice(OBJECTS),
        n=name(rng),
        r=rng.choice(ROLES),
        keys=(f"is {b}",),
    )


def alphabet(rng: Random) -> Item:
    words = rng.sample(sorted({o.split()[-1] for o in OBJECTS}), 3)
    return item(
        rng,
        "alphabet",
        "[Put these words in alphabetical order.|Sort the list of {n} by the alphabet.|Which "
        "order do the words below have in a dictionary?|Arrange the labels for {e} from A to "
        "Z.]",
        "{y}",
        "The first letters decide about the order.",
        "helpful, operational",
        context="{x}",
        x=", ".join(words),
        y=", ".join(sorted(words)) + ".",
        n=name(rng),
        e=rng.choice(EVENTS),
        keys=(", ".join(sorted(words)),),
    )


def plural(rng: Random) -> Item:
    a, b = rng.choice(
        [
            ("child", "children"),
            ("mouse", "mice"),
            ("foot", "feet"),
            ("knife", "knives"),
            ("goose", "geese"),
            ("tooth", "teeth"),
            ("leaf", "leaves"),
            ("city", "cities"),
            ("box", "boxes"),
            ("wolf", "wolves"),
            ("baby", "babies"),
            ("potato", "potatoes"),
            ("man", "men"),
            ("woman", "women"),
            ("sheep", "sheep"),
            ("story", "stories"),
        ]
    )
    return item(
        rng,
        "plural",
        "[What is the plural of {a}?|{n} is unsure how to write more than one {a}. Help.|Use "
        "the plural of {a} in a sentence about {p}.|Correct the word {a} so that it means "
        "several of them.]",
        "[The plural of {a} is {b}.|One says {b}, as in: two {b} are in {p}.]",
        "The word {a} has a special plural form.",
        "informative, knowledge recitation",
        a=a,
        b=b,
        n=name(rng),
        p=rng.choice(PLACES),
        keys=(b,),
    )


KINDS = {
    "spelling": Kind(spelling, practice=1.5),
    "antonym": Kind(antonym, 0.9, practice=2),
    "synonym": Kind(synonym, 0.8, practice=1.5),
    "alphabet": Kind(alphabet, 0.4, practice=1.5),
    "plural": Kind(plural, 0.6, practice=1),
}
