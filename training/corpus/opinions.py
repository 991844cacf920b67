"""Kinds where people differ or compare: both sides, advantages, differences, open topics."""

from random import Random

from training.corpus.grammar import Item, Kind, item
from training.corpus.words import (
    AUDIENCES,
    RELATIVES,
    ROLES,
    TOPICS,
    any_words,
    scene,
)

DEBATES = [
    ("living in a city", "living in the country", "there is more work and culture", "there is more space and quiet"),
    ("reading paper books", "reading on a screen", "paper is easy on the eyes", "a screen carries a whole library"),
    ("having a cat", "having a dog", "a cat needs less time", "a dog is a loyal friend on walks"),
    ("working at home", "working in an office", "it saves the way to work", "it is easier to meet people"),
    ("travelling by train", "travelling by car", "one can read and rest", "one can stop anywhere"),
    ("renting a flat", "buying a flat", "it is easy to move on", "the money stays in the family"),
    ("school uniforms", "free clothes at school", "nobody is judged by clothes", "pupils can show who they are"),
    ("getting up early", "staying up late", "the morning is calm", "the night is free of calls"),
    ("cooking at home", "eating out", "it is cheap and healthy", "it saves time and shows new dishes"),
    ("learning from a teacher", "learning alone", "a teacher sees mistakes", "one can set the pace"),
    (
        "homework for young children",
        "no homework for young children",
        "practice helps memory",
        "children need time to play",
    ),
    (
        "a summer holiday at the sea",
        "a summer holiday in the mountains",
        "swimming cools the day",
        "the air is fresh and clear",
    ),
    ("paying in cash", "paying by card", "one sees what is spent", "nothing has to be counted"),
    ("large families", "small families", "there is always someone to play with", "there is more time for each child"),
]


def balanced(rng: Random) -> Item:
    a, b, pa, pb = rng.choice(DEBATES)
    if rng.random() < 0.5:
        a, b, pa, pb = b, a, pb, pa
    return item(
        rng,
        "balanced",
        "[Is {u} better than {v}?|What is your opinion: {u} or {v}?|My {x} prefers {u}, but "
        "I think of {v}. Who is right?|Compare {u} with {v} for {aud}.|Write about {u} and "
        "{v} from both sides for {s}.|Should a {r} choose {u} or {v}?]",
        "Both have good sides. For {u} it can be said that {p}; for {v}, that {q}. [It "
        "depends on what matters more to you.|The choice depends on one's own needs.]",
        "People see this differently, so both sides should be shown fairly.",
        "balanced & informative perspectives, multi-aspect",
        naive="[{u} is clearly better, because {p}. Everybody should choose it.|{v} is always "
        "wrong. Choose {u}, because {p}.]",
        u=a,
        v=b,
        p=pa,
        q=pb,
        aud=rng.choice(AUDIENCES),
        s=scene(rng),
        r=rng.choice(ROLES),
        x=rng.choice(RELATIVES),
        group="disputed",
    )


def pros_cons(rng: Random) -> Item:
    slots = any_words(rng)
    good, bad = rng.choice(
        [
            ("it brings joy and new friends", "it takes time every week"),
            ("it is cheap to begin", "it needs patience"),
            ("it keeps one fit", "it can hurt when one overdoes it"),
            ("it trains the mind", "progress is slow at first"),
        ]
    )
    return item(
        rng,
        "pros_cons",
        "[Name one advantage and one disadvantage of {h}.|What speaks for and against {h} "
        "for a {r}?|{n} thinks about {h}. Give a pro and a con.|List the pros and cons of "
        "{h} for {a}.]",
        "Pro: {g}.\nCon: {b}.",
        "Both a good and a bad side of {h} are asked for.",
        "balanced & informative perspectives, helpful",
        g=good,
        b=bad,
        keys=("pro:",),
        **slots,
    )


def compare_objects(rng: Random) -> Item:
    a, b, point = rng.choice(
        [
            ("a candle", "a lamp", "a candle burns down, while a lamp needs power"),
            ("a bus", "a train", "a bus uses the road, while a train runs on rails"),
            ("a lake", "a river", "a lake stands still, while a river flows"),
            ("a pen", "a pencil", "ink stays, while a pencil can be erased"),
            ("butter", "oil", "butter is firm when cool, while oil stays liquid"),
            ("a violin", "a guitar", "a violin is bowed, while a guitar is plucked"),
            ("a novel", "a poem", "a novel tells a long story, while a poem says much in few lines"),
            ("a hill", "a mountain", "a hill is low and gentle, while a mountain is high and steep"),
            ("tea", "coffee", "tea is made of leaves, while coffee is made of beans"),
            ("a map", "a globe", "a map is flat, while a globe is round"),
            ("a coat", "a jacket", "a coat is long, while a jacket ends at the hip"),
            ("a goat", "a sheep", "a goat climbs well, while a sheep gives wool"),
        ]
    )
    return item(
        rng,
        "compare_objects",
        "[What is the difference between {u} and {v}?|Explain to {a} how {u} differs from "
        "{v}.|In which way are {u} and {v} not the same?|A {r} mixes up {u} and {v}. Clear "
        "this up in one sentence.]",
        "[The main difference is this: {y}.|{y}.]",
        "The two things share much, so the main difference should be named.",
        "multi-aspect, informative",
        u=a,
        v=b,
        y=point,
        keys=(point,),
        **any_words(rng),
    )


def questions(rng: Random) -> Item:
    slots = any_words(rng)
    return item(
        rng,
        "questions",
        "[Write two questions for an interview with a {r} about {h}.|What could {n} ask a "
        "{r} before {e}?|Prepare two questions about {h} that {a} might ask.|A school paper "
        "meets a {r} who loves {h}. Which questions fit?]",
        "1. [How did you come to|When did you start with|What do you like most about] "
        "{h}?\n2. What [advice would you give to beginners|was your hardest day|would you do "
        "differently today]?",
        "Open questions are best, because they invite long answers.",
        "creative, helpful",
        keys=(slots["h"],),
        **slots,
    )


def motivation(rng: Random) -> Item:
    slots = any_words(rng)
    return item(
        rng,
        "motivation",
        "[Encourage {n}, who finds {h} hard.|Write a kind sentence for a {r} who wants to "
        "give up {h}.|What would you say to {a} who failed at {h}?|My {x} is sad because {h} "
        "does not go well. Write some words of comfort.]",
        "[Do not lose heart|Keep going]: with {h}, every small step counts, and [today's "
        "mistake is tomorrow's skill|nobody learns it in a day].",
        "Kind words are wanted that take {h} seriously.",
        "helpful, creative",
        keys=(slots["h"],),
        **slots,
    )


def teach_topic(rng: Random) -> Item:
    topic = rng.choice(TOPICS)
    slots = any_words(rng)
    return item(
        rng,
        "teach_topic",
        "[Write two sentences about {t} for {a}.|What can {t} teach a {r}?|Give {n} a "
        "thought about {t} for a speech at {e}.|Begin a short essay on {t} that would please "
        "my {x}.]",
        "[Few things are as rich as {t}.|Whoever looks closely at {t} learns something.] It "
        "reminds us to [slow down|pay attention|be grateful] and to [share what we have|see "
        "the small things].",
        "The topic is open, so a clear thought with a concrete turn is best.",
        "creative, multi-aspect",
        t=topic,
        keys=(topic,),
        **slots,
    )


KINDS = {
    "balanced": Kind(balanced, 1.8),
    "pros_cons": Kind(pros_cons),
    "compare_objects": Kind(compare_objects, 0.9),
    "questions": Kind(questions),
    "motivation": Kind(motivation),
    "teach_topic": Kind(teach_topic, 1.3),
}
