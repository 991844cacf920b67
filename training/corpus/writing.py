"""Kinds where something is made up: poems, stories, slogans, letters, dialogues, names."""

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
    TOPICS,
    name,
    scene,
)

COUPLETS = [
    ("It whispers softly through the day,", "and shows a tired heart the way."),
    ("It stays with me when lamps are low,", "and teaches me to let things go."),
    ("The morning brings it to my door,", "and every day I love it more."),
    ("A little light, a little rain,", "and all the world is young again."),
    ("It needs no crown, it needs no throne,", "it makes a house become a home."),
    ("The wind may rise, the clouds may stay,", "it finds a song along the way."),
]


def poem(rng: Random) -> Item:
    (a, b), (c, d) = rng.sample(COUPLETS, 2)
    two = rng.random() < 0.5
    return item(
        rng,
        "poem",
        "[Write|Compose|Make up] a [short|{m}] poem of {k} lines about {t}[| for {x}| that "
        "could be read at {e}| in the voice of a {r}].",
        "[Of {t} I want to sing,|I think of {t} today,|Here is a song of {t} for "
        "you,]\n{a}\n{b}" + ("" if two else "\n{c}\n{d}"),
        "A poem of {k} lines is wanted, so images and rhyme [matter|count] more than facts.",
        "creative, helpful",
        m=rng.choice(ADJECTIVES),
        k="three" if two else "five",
        t=(t := rng.choice(TOPICS)),
        x=rng.choice(AUDIENCES),
        e=rng.choice(EVENTS),
        r=rng.choice(ROLES),
        a=a,
        b=b,
        c=c,
        d=d,
        keys=(t,),
    )


ENDS = [
    "In the end, the whole place learns to smile again.",
    "Nobody believes it at first, but a small sign proves it true.",
    "That night, sleep comes late and the dreams are bright.",
    "A year later, people still tell the tale.",
    "And so a plain day becomes one to remember.",
    "At last, help comes from the one nobody expected.",
    "The next morning, everything looks a little different.",
]


def story(rng: Random) -> Item:
    who, what, where, end = (
        f"{rng.choice(ADJECTIVES)} {rng.choice(ROLES)}",
        rng.choice(DOINGS),
        rng.choice(PLACES),
        rng.choice(ENDS),
    )
    return item(
        rng,
        "story",
        "[Write|Tell|Invent] [a very short story|a tale of three sentences|a tiny bedtime "
        "story] about a {w} who {d} in {p}[| for {a}|, with a good end].",
        "[Once there was|In {p} lived] a {w} called {n}. One {t}, {n} {d}" + "[| in {p}]. {x}",
        "A short story is wanted, so it needs a person, an event and an end.",
        "creative, helpful",
        w=who,
        d=what,
        p=where,
        a=rng.choice(AUDIENCES),
        n=name(rng),
        t=rng.choice(["morning", "evening", "night", "winter day"]),
        x=end,
        keys=(what,),
    )


def story_start(rng: Random) -> Item:
    return item(
        rng,
        "story_start",
        "[Write the first sentence of a novel about {s}.|How could a story about {s} "
        "begin?|Give me an opening line for a tale about {s}.]",
        "[Nobody in {p} knew yet what would happen when|It was still dark in {p} when|Later "
        "they would all say that it began on the day when] {n} {d}.",
        "The first line should [wake curiosity|raise a question].",
        "creative",
        s=(s := scene(rng)),
        p=rng.choice(PLACES),
        n=name(rng),
        d=s.split(" who ", 1)[1].split(" in a", 1)[0],
        keys=(s.split(" who ", 1)[1].split(" in a", 1)[0],),
    )


def thanks(rng: Random) -> Item:
    what, who, sender = (
        rng.choice(
            [
                f"the {rng.choice(FOODS)}",
                f"the {rng.choice(OBJECTS)}",
                f"help with {rng.choice(EVENTS)}",
                f"the lesson in {rng.choice(HOBBIES)}",
            ]
        ),
        name(rng),
        name(rng),
    )
    return item(
        rng,
        "thanks",
        "[Write a thank-you note from {s} to {n} for {w}.|Draft a short letter in which {s} "
        "thanks {n} for {w}.|{s} wants to thank {n}, a {r}, for {w}. Write two sentences.]",
        "Dear {n},\nthank you very much for {w}. It [made my week|meant a lot to me|was a great joy].\nYours, {s}",
        "A thank-you note is wanted, so it should name the reason and stay warm.",
        "helpful, creative",
        s=sender,
        n=who,
        w=what,
        r=rng.choice(ROLES),
        keys=(what,),
    )


def invitation(rng: Random) -> Item:
    what, day, hour = rng.choice(EVENTS), rng.choice(["Monday", "Friday", "Saturday", "Sunday"]), rng.randint(2, 8)
    return item(
        rng,
        "invitation",
        "[Write an invitation to {w} on {d} at {h} o'clock.|Invite a {r} to {w}, {d} at "
        "{h}.|Draft a message from {n} that invites {a} to {w} on {d} at {h} o'clock.]",
        "[Hello!|Dear friends,] you are warmly invited to {w} on {d} at {h} o'clock. [We "
        "look forward to seeing you.|Please bring good spirits.]",
        "The invitation must name the event, the day and the hour.",
        "helpful, numerical sensitivity",
        w=what,
        d=day,
        h=hour,
        n=name(rng),
        a=rng.choice(AUDIENCES),
        r=rng.choice(ROLES),
        keys=(f"{day} at {hour}",),
    )


def apology(rng: Random) -> Item:
    fault = rng.choice(
        [
            f"breaking the {rng.choice(OBJECTS)}",
            f"missing {rng.choice(EVENTS)}",
            f"burning the {rng.choice(FOODS)}",
            "a late answer",
            "forgetting the appointment",
            f"losing a {rng.choice(OBJECTS)}",
        ]
    )
    who = name(rng)
    return item(
        rng,
        "apology",
        "[Write a short apology to {n} for {f}.|{s} feels bad about {f}. Draft a message to "
        "{n}.|How could {s} apologise to a {r} named {n} for {f}?]",
        "Dear {n}, I want to apologise for {f}. It was my mistake, and I will [make it "
        "good|be more careful next time].",
        "An apology should name the fault and offer to repair it.",
        "helpful, ethical",
        n=who,
        s=name(rng),
        f=fault,
        r=rng.choice(ROLES),
        keys=(fault,),
    )


def birthday(rng: Random) -> Item:
    who, likes = name(rng), rng.choice(HOBBIES)
    return item(
        rng,
        "birthday",
        "[Write a birthday wish for {n}, who loves {l}.|{n} turns {k} and spends every free "
        "hour {l}. What can I write on the card?|Compose a [warm|funny] birthday message to "
        "a {r} called {n} who enjoys {l}.]",
        "Happy birthday, {n}! May the new year of your life bring you [health|joy|luck] and "
        "[plenty of|much] time for {l}.",
        "A birthday wish should be personal, so {l} belongs in it.",
        "creative, helpful",
        n=who,
        l=likes,
        k=rng.randint(8, 90),
        r=rng.choice(ROLES),
        keys=(likes,),
    )


def dialogue(rng: Random) -> Item:
    a, b, what = (
        rng.choice(ROLES),
        rng.choice(ROLES),
        rng.choice([rng.choice(FOODS), f"the {rng.choice(OBJECTS)}", rng.choice(EVENTS), rng.choice(HOBBIES)]),
    )
    return item(
        rng,
        "dialogue",
        "[Write a dialogue of two lines between a {a} and a {m} {b} about {w}.|Let a {a} and "
        "a {b} talk about {w}, one line each.|What might a {a} say to a {b} about {w}? Write "
        "it as a scene.]",
        "{a}: [What do you think of|Have you heard about|Tell me about] {w}?\n{c}: [I could "
        "talk about it all day|It is better than I expected|I would rather have a cup of tea "
        "first].",
        "Two people speak in turn, and both should stay with {w}.",
        "creative, helpful",
        a=a,
        b=b,
        c=b.capitalize(),
        m=rng.choice(ADJECTIVES),
        w=what,
        keys=(what,),
    )


def describe(rng: Random) -> Item:
    where = rng.choice(PLACES)
    return item(
        rng,
        "describe",
        "[Describe {p} in {k} sentences for {a}.|Portray {p} in words, with sounds and smells, "
        "as a {r} would see it.|What does {p} look like in the eyes of {s}?]",
        "[The air smells of {x}|It smells of {x}], and somewhere [a bell rings|a door "
        "closes|a dog barks]. In {p}, [the light is soft and every step can be heard|people "
        "move slowly, as if time were free].",
        "The place should come alive through the senses.",
        "creative, informative",
        p=where,
        k="two",
        a=rng.choice(AUDIENCES),
        r=rng.choice(ROLES),
        s=scene(rng),
        x=rng.choice(["wet stone", "fresh bread", "old paper", "cut grass", "smoke and oranges"]),
        keys=(where,),
    )


def announcement(rng: Random) -> Item:
    what, where, why = (
        rng.choice(EVENTS),
        rng.choice(PLACES),
        rng.choice(["the storm", "repairs in the hall", "the great demand", "a lost key", "the holiday"]),
    )
    return item(
        rng,
        "announcement",
        "[Write a notice that {w} moves to {p} because of {y}.|Draft a short announcement: "
        "{w} will now be held in {p} due to {y}.|Tell the guests in one sentence that {w} "
        "takes place in {p} because of {y}.]",
        "Please note: because of {y}, {w} will take place in {p}. [Thank you for your "
        "patience.|We hope to see you there.]",
        "The notice must say what changes, where, and why.",
        "helpful, informative",
        w=what,
        p=where,
        y=why,
        keys=(where,),
    )


KINDS = {
    "poem": Kind(poem, 1.6),
    "story": Kind(story, 1.8),
    "story_start": Kind(story_start, 1.2),
    "thanks": Kind(thanks, 1.1),
    "invitation": Kind(invitation, 1.1),
    "apology": Kind(apology),
    "birthday": Kind(birthday, 0.9),
    "dialogue": Kind(dialogue, 1.2),
    "describe": Kind(describe, 1.2),
    "announcement": Kind(announcement),
}
