"""Kinds that change a given sentence: tone, tense, spelling, length, order."""

from random import Random

from training.corpus.grammar import Item, Kind, item, with_article
from training.corpus.words import AUDIENCES, EVENTS, FOODS, OBJECTS, PLACES, ROLES, name

VERBS = [
    ("opens", "opened", "open"),
    ("watches", "watched", "watch"),
    ("finds", "found", "find"),
    ("sells", "sold", "sell"),
    ("paints", "painted", "paint"),
    ("carries", "carried", "carry"),
    ("brings", "brought", "bring"),
    ("buys", "bought", "buy"),
    ("keeps", "kept", "keep"),
    ("repairs", "repaired", "repair"),
    ("cleans", "cleaned", "clean"),
    ("loses", "lost", "lose"),
    ("sees", "saw", "see"),
    ("takes", "took", "take"),
]


def polite(rng: Random) -> Item:
    rude, kind = rng.choice(
        [
            ("Send me the {o} now.", "Could you please send me the {o} when you have a moment?"),
            ("Give me back my {o}.", "Would you mind returning my {o}, please?"),
            ("Be quiet during {e}.", "Could you please speak more softly during {e}?"),
            ("You forgot the {f} again.", "It seems that the {f} was forgotten. Could you please bring it next time?"),
            ("Move your {o}, it is in my way.", "Could you please move your {o} a little?"),
            ("Answer me about {e}.", "I would be grateful for an answer about {e}."),
            ("I don't want your {f}.", "Thank you for the {f}, but I would rather not have any."),
        ]
    )
    return item(
        rng,
        "polite",
        "[Make this sentence more polite.|Rewrite the message to a {r} in a friendly "
        "tone.|{n} wants to sound kinder. Rephrase the line below.|Change the tone of this "
        "note from rude to polite.]",
        "{k}",
        "The meaning should stay, and only the tone should become kinder.",
        "helpful, ethical",
        context="{x}",
        x=rude.format(o="{o}", f="{f}", e="{e}").format(
            **(s := {"o": rng.choice(OBJECTS), "f": rng.choice(FOODS), "e": rng.choice(EVENTS)})
        ),
        k=kind.format(**s),
        r=rng.choice(ROLES),
        n=name(rng),
        keys=(kind.format(**s)[-20:],),
    )


def sentence(rng: Random) -> tuple[str, str, tuple[str, str, str], str]:
    return f"the {rng.choice(ROLES)}", with_article(rng.choice(OBJECTS)), rng.choice(VERBS), rng.choice(PLACES)


def past(rng: Random) -> Item:
    who, what, verb, where = sentence(rng)
    return item(
        rng,
        "past",
        "[Put this sentence into the past tense.|Rewrite the line so that it happened "
        "yesterday.|Change the verb below to the past for {a}.|Which form does this sentence "
        "take in the past?]",
        "{w} {v} {o} in {p}.",
        "Only the verb changes, from {u} to {v}.",
        "helpful, operational",
        context="{w} {u} {o} in {p}.",
        w=who,
        v=verb[1],
        u=verb[0],
        o=what,
        p=where,
        a=rng.choice(AUDIENCES),
        keys=(f"{who} {verb[1]}",),
    )


def future(rng: Random) -> Item:
    who, what, verb, where = sentence(rng)
    return item(
        rng,
        "future",
        "[Rewrite this sentence in the future tense.|Say the same thing about tomorrow.|Turn "
        "the statement below into a plan for the future.|Change the sentence of {n} so that "
        "it will happen later.]",
        "{w} will {v} {o} in {p}.",
        "The verb needs the word will in front of its plain form.",
        "helpful, operational",
        context="{w} {u} {o} in {p}.",
        w=who,
        v=verb[2],
        u=verb[0],
        o=what,
        p=where,
        n=name(rng),
        keys=(f"will {verb[2]}",),
    )


def question(rng: Random) -> Item:
    who, what, verb, where = sentence(rng)
    return item(
        rng,
        "question",
        "[Turn the statement into a question.|Ask for the same thing instead of saying "
        "it.|Make a yes or no question out of this sentence.|Rewrite the line as a question "
        "from {a}.]",
        "Does {w} {v} {o} in {p}?",
        "A statement becomes a question with the word does.",
        "helpful, creative",
        context="{w} {u} {o} in {p}.",
        w=who,
        v=verb[2],
        u=verb[0],
        o=what,
        p=where,
        a=rng.choice(AUDIENCES),
        keys=(f"does {who} {verb[2]}",),
    )


def negative(rng: Random) -> Item:
    who, what, verb, where = sentence(rng)
    return item(
        rng,
        "negative",
        "[Make the sentence negative.|Say the opposite by adding the word not.|Rewrite this "
        "line so that it is denied.|{n} says that this is untrue. Write the sentence as a "
        "denial.]",
        "{w} does not {v} {o} in {p}.",
        "The sentence must be denied with does not.",
        "helpful, operational",
        context="{w} {u} {o} in {p}.",
        w=who,
        v=verb[2],
        u=verb[0],
        o=what,
        p=where,
        n=name(rng),
        keys=(f"does not {verb[2]}",),
    )


def passive(rng: Random) -> Item:
    who, what, verb, where = sentence(rng)
    forms = {"saw": "seen", "took": "taken"}
    return item(
        rng,
        "passive",
        "[Rewrite the sentence in the passive voice.|Change this from active to passive.|Put "
        "the object of the line below first, in the passive.|For {a}, turn the sentence into "
        "the passive.]",
        "{o} was {v} by {w} in {p}.",
        "The object moves to the front and the doer follows after by.",
        "helpful, operational",
        context="{w} {u} {o} in {p}.",
        w=who,
        v=forms.get(verb[1], verb[1]),
        u=verb[1],
        o=what,
        p=where,
        a=rng.choice(AUDIENCES),
        keys=(f"by {who}",),
    )


def capitals(rng: Random) -> Item:
    who, what, _verb, where = sentence(rng)
    person = name(rng)
    text = f"{person} meets {who} in {where}. The {what.split(' ', 1)[1]} stays at home."
    return item(
        rng,
        "capitals",
        "[Add the missing capital letters and full stops.|Fix the punctuation of this "
        "text.|Write the text below with proper capital letters.|A hurried {r} typed this. "
        "Clean it up.]",
        "{x}",
        "Only capital letters and full stops are missing, so the words stay as they are.",
        "helpful, operational",
        context="Text: {y}",
        x=text,
        y=text.lower().replace(".", ""),
        r=rng.choice(ROLES),
        keys=(text,),
    )


def shorten(rng: Random) -> Item:
    who, what, verb, where = sentence(rng)
    filler = rng.choice(
        [
            "as everybody in the whole town knows very well",
            "and this is something that nobody could ever doubt",
            "which is, to be completely honest, not a big surprise",
            "if one looks at it from every possible side",
            "at this present moment in time",
        ]
    )
    return item(
        rng,
        "shorten",
        "[Make this sentence shorter without losing its meaning.|Cut the empty words.|Edit "
        "the line below so that a busy {r} can read it fast.|Remove everything that {a} does "
        "not need from the sentence.]",
        "{w} {v} {o} in {p}.",
        "The extra clause adds nothing, so it can be dropped.",
        "helpful, operational",
        context="{w} {v} {o} in {p}, {f}.",
        w=who,
        v=verb[0],
        o=what,
        p=where,
        f=filler,
        r=rng.choice(ROLES),
        a=rng.choice(AUDIENCES),
        keys=(f"{verb[0]} {what} in {where}.",),
    )


def expand(rng: Random) -> Item:
    who, what, verb, where = sentence(rng)
    return item(
        rng,
        "expand",
        "[Make this sentence longer by adding a reason.|Add a detail about the weather to "
        "the line below.|Expand the sentence for {a} so that it paints a picture.|Enrich "
        "this plain sentence with one more clause.]",
        "{w} {v} {o} in {p}[, because a friend asked for help| while soft rain falls on the "
        "roofs|, and the evening sun paints the walls gold].",
        "The sentence stays and gains one fitting detail.",
        "creative, helpful",
        context="{w} {v} {o} in {p}.",
        w=who,
        v=verb[0],
        o=what,
        p=where,
        a=rng.choice(AUDIENCES),
        keys=(f"{verb[0]} {what} in {where}",),
    )


KINDS = {
    "polite": Kind(polite),
    "past": Kind(past, 0.8),
    "future": Kind(future, 0.6),
    "question": Kind(question, 0.5),
    "negative": Kind(negative, 0.5),
    "passive": Kind(passive, 0.5),
    "capitals": Kind(capitals, 0.6, practice=1.5),
    "shorten": Kind(shorten, 0.7),
    "expand": Kind(expand, 0.6),
}
