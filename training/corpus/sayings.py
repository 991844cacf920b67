"""Kinds about rhymes and proverbs."""

from random import Random

from training.corpus.grammar import Item, Kind, item
from training.corpus.words import AUDIENCES, ROLES, name


def rhyme(rng: Random) -> Item:
    group = rng.choice(
        [
            ["cat", "hat", "mat"],
            ["sea", "tree", "key"],
            ["light", "night", "kite"],
            ["rain", "train", "chain"],
            ["moon", "spoon", "soon"],
            ["ball", "wall", "tall"],
            ["boat", "coat", "goat"],
            ["star", "car", "far"],
            ["door", "floor", "shore"],
            ["bee", "knee", "free"],
            ["sand", "hand", "land"],
            ["cake", "lake", "snake"],
            ["bell", "shell", "well"],
        ]
    )
    a, b, c = rng.sample(group, 3)
    return item(
        rng,
        "rhyme",
        "[Which words rhyme with {a}?|Give {n} two rhymes for the word {a}.|A {r} writes a "
        "song and needs a rhyme for {a}. Suggest some.|Name two words that sound like {a} at "
        "the end.]",
        "[Two rhymes for {a} are {b} and {c}.|{b} and {c} rhyme with {a}.]",
        "Words with the same ending sound as {a} are wanted.",
        "creative, helpful",
        a=a,
        b=b,
        c=c,
        n=name(rng),
        r=rng.choice(ROLES),
        keys=(f"{b}", f"{c}"),
    )


def proverb(rng: Random) -> Item:
    head, tail, sense = rng.choice(
        [
            ("the early bird", "catches the worm", "those who start early have an advantage"),
            ("practice", "makes perfect", "doing something often makes one good at it"),
            ("too many cooks", "spoil the broth", "too many helpers can ruin the work"),
            ("actions", "speak louder than words", "what people do tells more than what they say"),
            ("a stitch in time", "saves nine", "a quick repair prevents a larger one"),
            ("every cloud", "has a silver lining", "something good hides in most troubles"),
            ("all that glitters", "is not gold", "things may look better than they are"),
            ("better late", "than never", "a late effort is still worth something"),
            ("when in Rome,", "do as the Romans do", "guests follow the local customs"),
        ]
    )
    if rng.random() < 0.4:
        return item(
            rng,
            "proverb",
            "[Complete the proverb: {h} ...|How does the saying go on that begins with "
            '"{h}"?|{n} remembers only half of a proverb: {h}. Add the rest.]',
            "{h} {t}.",
            "This is a well-known proverb.",
            "knowledge recitation, helpful",
            h=head,
            t=tail,
            n=name(rng),
            keys=(tail,),
        )
    return item(
        rng,
        "proverb",
        '[What does the proverb "{h} {t}" mean?|Explain the saying "{h} {t}" to {a}.|When would a {r} say "{h} {t}"?]',
        "[It means that {s}.|The saying tells us that {s}.]",
        "The proverb is a picture, and its meaning must be put in plain words.",
        "informative, knowledge recitation",
        h=head,
        t=tail,
        s=sense,
        a=rng.choice(AUDIENCES),
        r=rng.choice(ROLES),
        keys=(sense,),
    )


KINDS = {
    "rhyme": Kind(rhyme, 0.6, practice=1.5),
    "proverb": Kind(proverb, 0.9),
}
