"""Kinds with a text to read: sentiment, topics, extraction, summaries, questions about a passage."""

from random import Random

from training.corpus.facts import CITIES
from training.corpus.grammar import Item, Kind, item, listed
from training.corpus.words import (
    ADJECTIVES,
    AUDIENCES,
    DOINGS,
    EVENTS,
    FOODS,
    NAMES,
    OBJECTS,
    PLACES,
    ROLES,
    city,
    name,
)

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
GOOD = [
    "The {o} works perfectly and looks lovely.",
    "We enjoyed every minute, and the {f} was delicious.",
    "Friendly staff, fair prices, and wonderful {f}.",
    "I would buy this {o} again at once.",
    "My {o} arrived early and I am very happy with it.",
    "The best {f} I have eaten in years.",
    "{n} was helpful and kind to us all evening.",
]
BAD = [
    "The {o} broke after two days.",
    "Cold {f}, rude service, and a long wait.",
    "I regret buying this {o}.",
    "The {f} tasted of nothing and we left early.",
    "My {o} arrived late and was badly scratched.",
    "{n} ignored us and forgot our order.",
    "Such a disappointing {o}, and far too expensive.",
]
NEWS = {
    "sport": [
        "The team from {c} won the final by two goals.",
        "{n} ran the ten kilometres faster than anyone else.",
        "Rain stopped the tennis match in {c}.",
    ],
    "cooking": [
        "Stir the {f} slowly and add a little salt.",
        "{n} serves {f} with fresh herbs.",
        "Bake the {f} until the edges turn brown.",
    ],
    "travel": [
        "The night train to {c} leaves from platform four.",
        "{n} packed one bag for the week in {c}.",
        "A small hotel near the old gate of {c} has free rooms.",
    ],
    "money": [
        "The bank in {c} lowered its rates for loans.",
        "{n} saves a tenth of the wages every month.",
        "Prices for bread rose again in {c}.",
    ],
    "music": [
        "The choir of {c} sang two old songs.",
        "{n} practises the violin before breakfast.",
        "A new piano stands in the hall of {c}.",
    ],
    "health": [
        "{n} walks for half an hour each day to sleep better.",
        "Doctors in {c} advise drinking more water.",
        "Fresh fruit and rest helped {n} to recover.",
    ],
}


def fill(rng: Random, text: str) -> str:
    return text.format(o=rng.choice(OBJECTS), f=rng.choice(FOODS), n=name(rng), c=city(rng))


def sentiment(rng: Random) -> Item:
    good = rng.random() < 0.5
    text = " ".join(fill(rng, t) for t in rng.sample(GOOD if good else BAD, rng.choice([1, 2])))
    return item(
        rng,
        "sentiment",
        "[Is this review positive or negative?|Classify the mood of the following comment as "
        "positive or negative.|A {r} received this comment. Say whether it is positive or "
        "negative and why.|Tell me if the customer below was happy with the {o}.|Label the "
        "feedback about {e} as positive or negative.]",
        "[The review is {l}, because the writer sounds {m}.|{l}: the writer sounds {m}.]",
        "The words of the comment show how the writer feels, which is {m}.",
        "question assessment, informative",
        context="{x}",
        x=text,
        l="positive" if good else "negative",
        m="pleased" if good else "disappointed",
        r=rng.choice(ROLES),
        o=rng.choice(OBJECTS),
        e=rng.choice(EVENTS),
        keys=("positive" if good else "negative",),
    )


def topic(rng: Random) -> Item:
    right = rng.choice(list(NEWS))
    others = [*rng.sample([k for k in NEWS if k != right], 2), right]
    rng.shuffle(others)
    return item(
        rng,
        "topic",
        "[Which topic fits this sentence best: {o}?|Sort the note of {n} under {o}.|Choose "
        "one label out of {o} for the text.|For the archive of a {r}, decide if the line is "
        "about {o}.]",
        "[The text is about {k}.|The best label is {k}.]",
        "The sentence speaks of things that belong to {k}.",
        "question assessment, helpful",
        context="{x}",
        x=fill(rng, rng.choice(NEWS[right])),
        o=listed(others, "or"),
        k=right,
        n=name(rng),
        r=rng.choice(ROLES),
        keys=(right,),
    )


def urgent(rng: Random) -> Item:
    is_urgent = rng.random() < 0.5
    text = rng.choice(
        [
            "The pipe under the sink broke and water is running into the hall.",
            "The {e} starts in one hour and the key is missing.",
            "Please call back at once, the oven does not stop heating.",
            "The server is down and no customer can order.",
        ]
        if is_urgent
        else [
            "Here are some photos from {e}. Look at them when you like.",
            "I found your {o} and will bring it some day next month.",
            "Thank you for the {f}, it was very good.",
            "There is no hurry, but could we talk about {e} in spring?",
        ]
    )
    return item(
        rng,
        "urgent",
        "[Decide whether this message to {n} is urgent or can wait.|Mark the message below "
        "as urgent or not urgent.|A {r} has little time today. Is this message urgent?|Sort "
        "this message for the office: urgent or not urgent?]",
        "Urgent, because it needs action right now." if is_urgent else "Not urgent, because it can wait.",
        "The message must be judged by [how soon it needs action|its time pressure].",
        "question assessment, reasoning",
        context="{x}",
        x=text.format(e=rng.choice(EVENTS).split(" ", 1)[1], o=rng.choice(OBJECTS), f=rng.choice(FOODS)),
        n=name(rng),
        r=rng.choice(ROLES),
        keys=("urgent, because it needs",) if is_urgent else ("not urgent",),
    )


def extract(rng: Random) -> Item:
    who, where, day, thing, number = name(rng), city(rng), rng.choice(DAYS), rng.choice(OBJECTS), rng.randint(2, 60)
    text = rng.choice(
        [
            "{who} bought a {thing} in {where} on {day} for {number} euros.",
            "On {day}, {who} will travel to {where} with a {thing} that cost {number} euros.",
            "{who} lost a {thing} in {where} last {day}; it was worth {number} euros.",
            "In {where}, {who} sold a {thing} for {number} euros on {day}.",
        ]
    ).format(who=who, where=where, day=day, thing=thing, number=number)
    ask, value = rng.choice(
        [
            ("name of the person", who),
            ("city", where),
            ("day of the week", day),
            ("object", thing),
            ("amount of money", f"{number} euros"),
        ]
    )
    return item(
        rng,
        "extract",
        "[Extract the {a} from the sentence.|Find the {a} in this note by a {r}.|Which {a} "
        "is mentioned here?|Copy only the {a} from the text below.|For a list about {e}, "
        "pick out the {a}.]",
        "The {a} is {v}.",
        "The text contains the {a}, so it only has to be found and copied.",
        "operational, informative",
        context="{x}",
        x=text,
        a=ask,
        v=value,
        r=rng.choice(ROLES),
        e=rng.choice(EVENTS),
        keys=(value,),
    )


def to_json(rng: Random) -> Item:
    who, where, age, what = name(rng), city(rng), rng.randint(19, 80), rng.choice(ROLES)
    return item(
        rng,
        "to_json",
        "[Turn the sentence into JSON with the keys name, age and city.|Write the facts "
        "about this {w} as a JSON object.|Convert the description below to JSON for a "
        "{r}.|Give the data in the sentence as one line of JSON.]",
        '{{"name": "{n}", "age": {g}, "city": "{c}"}}',
        "The facts must be copied into fields, without adding anything.",
        "helpful, operational",
        context="{n} is a {w} of {g} who lives in {c}.",
        n=who,
        c=where,
        g=age,
        w=what,
        r=rng.choice(ROLES),
        keys=(f'"age": {age}',),
    )


def bullets(rng: Random) -> Item:
    things = rng.sample(OBJECTS, 3)
    return item(
        rng,
        "bullets",
        "[Turn this into a list with one line for each thing.|Write the things of {n} as "
        "bullet points.|Make a packing list for {e} out of the sentence.|Rewrite the "
        "sentence for a {r} as a short list.]",
        "- {a}\n- {b}\n- {c}",
        "The things must be taken from the sentence, one on each line.",
        "helpful, operational",
        context="{n} needs a {x}, a {y} and a {z}.",
        n=name(rng),
        e=rng.choice(EVENTS),
        r=rng.choice(ROLES),
        x=things[0],
        y=things[1],
        z=things[2],
        a=things[0].capitalize(),
        b=things[1].capitalize(),
        c=things[2].capitalize(),
        keys=(f"{things[0]}\n- {things[1]}\n- {things[2]}",),
    )


def story_parts(rng: Random) -> dict[str, str]:
    return {
        "n": name(rng),
        "r": rng.choice(ROLES),
        "p": rng.choice(PLACES),
        "d": rng.choice(DOINGS),
        "m": rng.choice(ADJECTIVES),
        "o": rng.choice(OBJECTS),
        "day": rng.choice(DAYS),
    }


PASSAGES = [
    "{n} is a {m} {r} in {p}. On {day}, {n} {d}. Later everybody wants to hear about it.",
    "In {p} there lives a {r} called {n}. One {day}, {n} {d}. The {m} neighbours talk of nothing else.",
    "Every {day}, the {m} {r} {n} walks through {p} with a {o}. This time {n} {d}. It changes the whole week.",
    "{n} works as a {r} and owns a {o}. On a {m} {day} in {p}, {n} {d}.",
]


def summarise(rng: Random) -> Item:
    parts = story_parts(rng)
    return item(
        rng,
        "summarise",
        "[Summarise the text in one sentence.|Give {a} a one-sentence summary of this "
        "passage.|What happens in the story below? Answer briefly.|Shorten the passage for "
        "{a} to its main point.|State the main event of the text about {x}.]",
        "[{n}, a {r}, {d}.|A {r} called {n} {d}.]",
        "The main event of the passage is needed, without the side details.",
        "helpful, operational",
        context=rng.choice(PASSAGES),
        a=rng.choice(AUDIENCES),
        x=parts["p"],
        keys=(parts["d"],),
        **parts,
    )


def passage_question(rng: Random) -> Item:
    parts = story_parts(rng)
    passage = rng.choice(PASSAGES)
    ask, reply, key = rng.choice(
        [
            (
                "[Who is the story about?|What is the name of the main person in this text?]",
                "The story is about {n}, a {r}.",
                parts["n"],
            ),
            ("[Where does this happen?|In what place is the story set?]", "It happens in {p}.", parts["p"]),
            (
                "[On which day does it happen?|What day of the week is named in the text?]",
                "It happens on a {day}.",
                parts["day"],
            ),
            ("[What does {n} do in the passage?|What happens to the {r} in the text?]", "{n} {d}.", parts["d"]),
            ("[What is the work of {n} in this text?|Which job does {n} have?]", "{n} is a {r}.", parts["r"]),
        ]
    )
    return item(
        rng,
        "passage_question",
        ask + "[| Use only the passage.| Answer in one short sentence.| Answer for {a}.]",
        reply,
        "The passage names this, so the answer can be [read off|taken from it].",
        "question assessment, informative",
        context=passage,
        a=rng.choice(AUDIENCES),
        keys=(key,),
        **parts,
    )


def passage_unknown(rng: Random) -> Item:
    parts = story_parts(rng)
    ask, naive = rng.choice(
        [
            ("[How old is {n} in this story?|What is the age of the {r} in the text?]", "{n} is {k} years old."),
            ("[What colour is the house of {n}?|Which colour has the door of the {r} in the passage?]", "It is {c}."),
            ("[How many children does {n} have?|What are the children of {n} called?]", "{n} has three children."),
            ("[What did {n} eat on that day?|What did the {r} have for breakfast in this text?]", "{n} ate {f}."),
        ]
    )
    return item(
        rng,
        "passage_unknown",
        ask + "[| Use only the passage.| Answer for {a}.]",
        "The passage does not say this. It only tells that {n} {d}.",
        "The passage does not mention this, so the answer must say that it is not there.",
        "candor, question assessment",
        naive=naive,
        group="missing",
        context=rng.choice(PASSAGES),
        a=rng.choice(AUDIENCES),
        k=rng.randint(20, 70),
        c=rng.choice(["blue", "green", "red"]),
        f=rng.choice(FOODS),
        **parts,
    )


def title_for(rng: Random) -> Item:
    parts = story_parts(rng)
    return item(
        rng,
        "title_for",
        "[Give this passage a title.|Find a headline for the story below.|Suggest a title "
        "for the text that {a} would notice.|A newspaper prints this passage. What is a "
        "fitting headline?]",
        "[The {j} Who {h}|{n} the {j} {h}]",
        "The title should name the person and the event.",
        "creative, helpful",
        context=rng.choice(PASSAGES),
        a=rng.choice(AUDIENCES),
        j=parts["r"].title(),
        h=parts["d"].title().replace("'S", "'s"),
        keys=(parts["d"],),
        **parts,
    )


def table(rng: Random) -> Item:
    people = rng.sample(list(NAMES), 3)
    ages = rng.sample(range(5, 70), 3)
    rows = "\n".join(f"{n}, {a}, {c}" for n, a, c in zip(people, ages, rng.sample(list(CITIES), 3), strict=True))
    oldest = rng.random() < 0.5
    pick = people[ages.index(max(ages) if oldest else min(ages))]
    return item(
        rng,
        "table",
        "[Who is the {w} person in this list?|Read the table (name, age, city) and name the "
        "{w} one.|From the guest list of {e}, find the {w} guest.]",
        "The {w} is {p}, at the age of {g}.",
        "The ages in the list must be compared.",
        "numerical sensitivity, informative",
        context="{rows}",
        rows=rows,
        w="oldest" if oldest else "youngest",
        p=pick,
        g=max(ages) if oldest else min(ages),
        e=rng.choice(EVENTS),
        keys=(f"is {pick}",),
    )


KINDS = {
    "sentiment": Kind(sentiment, 1.2, practice=1.5),
    "topic": Kind(topic, practice=1.5),
    "urgent": Kind(urgent, 0.7),
    "extract": Kind(extract, 1.3, practice=2.5),
    "to_json": Kind(to_json, 0.7),
    "bullets": Kind(bullets, 0.6, practice=1),
    "summarise": Kind(summarise, 1.2),
    "passage_question": Kind(passage_question, 1.3, practice=2.5),
    "passage_unknown": Kind(passage_unknown, 0.6),
    "title_for": Kind(title_for, 0.7, practice=1),
    "table": Kind(table, 0.6, practice=2),
}
