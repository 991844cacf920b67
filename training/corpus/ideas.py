"""Kinds about words and ideas: definitions, causes, beliefs that are wrong, groups, analogies."""

from random import Random

from training.corpus.facts import CATEGORIES
from training.corpus.grammar import Item, Kind, item, listed
from training.corpus.words import AUDIENCES, EVENTS

DEFINITIONS = {
    "gravity": "the force that pulls things toward the ground",
    "an island": "land with water on every side",
    "a budget": "a plan for how money is spent",
    "a habit": "something done often without much thought",
    "a fossil": "the remains of old life kept in stone",
    "a rumour": "a story that spreads without proof",
    "an orbit": "the path of one body around another",
    "a harvest": "the gathering of ripe crops",
    "a compromise": "an agreement in which each side gives up something",
    "steam": "water that has become a gas",
    "a loan": "money that must be paid back later",
    "a metaphor": "a picture in words that says one thing is another",
    "an ancestor": "a family member from long ago",
    "a vaccine": "a substance that teaches the body to fight an illness",
    "an echo": "a sound that comes back from a wall",
    "a citizen": "a member of a country with rights and duties",
    "rust": "the brown layer that forms on wet iron",
    "a vote": "a choice that counts in a decision",
    "an algorithm": "a list of clear steps that solves a problem",
    "a variable": "a name for a value that can change",
    "a glacier": "a slow river of ice",
    "inflation": "a general rise of prices",
    "a shadow": "a dark place where light is blocked",
    "a planet": "a large round body that circles a star",
    "evaporation": "the change of a liquid into a gas",
    "a contract": "a promise that the law protects",
    "a melody": "a row of tones that make a tune",
    "recycling": "making new things from used material",
    "a deadline": "the last moment for finishing something",
    "an antonym": "a word with the opposite meaning",
    "a database": "an ordered store of information",
    "photosynthesis": "the way plants make food from light",
    "a virus": "a tiny agent that makes copies of itself in cells",
    "a proverb": "a short saying that carries advice",
    "a bridge": "a structure that leads a road over a gap",
    "a decade": "a period of ten years",
    "erosion": "the slow wearing away of soil and rock",
}


CAUSES = {
    "ice melts in the sun": "the sun's warmth makes the ice particles move until they no longer hold together",
    "leaves turn yellow in autumn": "trees stop making the green colour and the yellow below it shows",
    "bread rises in the oven": "the yeast makes gas, and the warm gas blows the dough up",
    "the sky is blue": "the air scatters blue light more than red light",
    "ships of steel float": "a ship pushes away water that weighs as much as the ship",
    "we see lightning before thunder": "light travels much faster than sound",
    "metal feels colder than wood": "metal leads the warmth of the hand away faster",
    "day and night follow each other": "the earth turns around itself once a day",
    "the sea is salty": "rivers carry salt from the rocks into the sea",
    "cats have whiskers": "whiskers help a cat to feel its way in the dark",
    "onions make people cry": "a cut onion sends out a gas that stings the eyes",
    "birds fly south in winter": "food becomes rare in the cold north",
    "iron rusts in the rain": "iron joins with water and oxygen",
    "balloons rise when filled with helium": "helium is lighter than air",
    "the moon changes its shape": "we see different parts of its sunny side during a month",
    "people shiver in the cold": "the moving muscles make warmth",
    "bread gets mouldy": "tiny fungi grow on food that is moist",
    "soap removes grease": "soap holds on to grease and to water at the same time",
    "dark clothes get hot in the sun": "dark colours take up more light",
    "plants grow toward the window": "they need light and bend toward it",
    "the kettle whistles": "steam rushes through a small hole and makes the air sound",
    "a bicycle stays upright when it rolls": "small turns of the wheel keep it under the rider",
    "mountains are colder than valleys": "the thin air up there holds less warmth",
    "stars twinkle at night": "moving air bends their light a little",
    "milk turns sour": "bacteria change the sugar of the milk into acid",
}


FALSE_PREMISES = {
    "penguins fly across the ocean": "penguins cannot fly; they swim very well",
    "spiders have six legs": "spiders have eight legs",
    "the sun turns around the earth": "the earth turns around the sun",
    "fish breathe with lungs": "most fish breathe with gills",
    "whales are fish": "whales are mammals that breathe air",
    "cows lay eggs": "cows are mammals and give birth to calves",
    "the moon makes its own light": "the moon only reflects the light of the sun",
    "bats are blind": "bats can see; they also use echoes",
    "Rome is the capital of Spain": "Rome is the capital of Italy, and Madrid is the capital of Spain",
    "ice sinks in water": "ice floats, because it is lighter than water",
    "camels store water in their humps": "the humps store fat, not water",
    "a triangle has four sides": "a triangle has three sides",
    "bees make milk": "bees make honey",
    "snow falls only at night": "snow can fall at any hour",
    "trees grow without light": "trees need light to grow",
    "gold rusts in a week": "gold does not rust",
    "the number ten is odd": "ten is an even number",
    "Tokyo lies in China": "Tokyo is the capital of Japan",
    "frogs are birds": "frogs are amphibians",
    "sharks live in deserts": "sharks live in the sea",
}


def definition(rng: Random) -> Item:
    term, meaning = rng.choice(list(DEFINITIONS.items()))
    return item(
        rng,
        "definition",
        "[Explain what {term} is to {aud}.|Define {term} in [one sentence|simple words|plain "
        "English] for {aud}.|What does it mean when {aud} hears about {term}?|{aud} asks "
        "what {term} is. Give a short explanation.|Write a dictionary entry for {term} that "
        "{aud} would understand.]",
        "[{term} is {meaning}.|In simple words, {term} is {meaning}.|{term} means this: it is {meaning}.]",
        "[A definition is wanted|The term {term} must be explained], and it should be short and fit {aud}.",
        "helpful, informative",
        term=term,
        meaning=meaning,
        aud=rng.choice(AUDIENCES),
        keys=(meaning,),
    )


def cause(rng: Random) -> Item:
    what, why = rng.choice(list(CAUSES.items()))
    return item(
        rng,
        "cause",
        "[Explain why {what}.|[Teach|Tell|Show] {aud} why {what}, in [one sentence|two "
        "sentences|simple words].|My question is simple: why is it that {what}?|What is the "
        "reason that {what}?|Give {aud} the cause of this: {what}.]",
        "[This happens because {why}.|The reason is that {why}.|It is so because {why}.]",
        "[The user asks for a cause|A reason is wanted], so the answer should [name it "
        "directly|give the mechanism in one step].",
        "reasoning, informative",
        what=what,
        why=why,
        aud=rng.choice(AUDIENCES),
        keys=(why,),
    )


def false_premise(rng: Random) -> Item:
    claim, truth = rng.choice(list(FALSE_PREMISES.items()))
    return item(
        rng,
        "false_premise",
        "[Why is it that {claim}?|Since {claim}, what follows for {aud}?|Explain to {aud} "
        "how it can be that {claim}.|I read that {claim}. Tell me more about it.|Write a "
        "line for a school book on the fact that {claim}.]",
        "[That is not quite right|This rests on a mistake|There is an error in the question]: {truth}.",
        "The question assumes that {claim}, which is wrong, so the answer must correct it "
        "[first|before anything else].",
        "question assessment, candor",
        naive="[It is simply so that {claim}, and it has always been like this.|Yes, {claim}, and "
        "experts agree about it.]",
        group="missing",
        claim=claim,
        truth=truth,
        aud=rng.choice(AUDIENCES),
        keys=(truth,),
    )


def odd_one_out(rng: Random) -> Item:
    one, other = rng.sample(list(CATEGORIES), 2)
    words = rng.sample(CATEGORIES[one], 3) if len(CATEGORIES[one]) > 3 else list(CATEGORIES[one])[:3]
    odd = rng.choice(CATEGORIES[other])
    words.insert(rng.randrange(4), odd)
    return item(
        rng,
        "odd_one_out",
        "[Which word does not belong to the others: {w}?|Find the odd one out among {w} and "
        "say why.|Three of these words fit together: {w}. Which one is wrong here?|For a "
        "puzzle page, pick the word that does not fit: {w}.]",
        "The odd one out is {odd}, because the others belong to the group {one}.",
        "Three of the words share a group, so the one that does not is the answer.",
        "reasoning, question assessment",
        w=listed(words),
        odd=odd,
        one=one,
        keys=(f"is {odd}",),
    )


def category_list(rng: Random) -> Item:
    kind = rng.choice([k for k in CATEGORIES if len(CATEGORIES[k]) >= 5])
    count = rng.choice([3, 4])
    picks = rng.sample(CATEGORIES[kind], count)
    number = {3: "three", 4: "four"}[count]
    return item(
        rng,
        "category_list",
        "[List {n} words for {e}, each of them a {k}.|Name {n} examples of a {k} for "
        "{e}.|Give {aud} {n} examples of the group {k}, in one line.|I need {n} words of the "
        "kind {k} to print on cards for {e}.|Which {n} things could {aud} name when asked "
        "for a {k}?]",
        "{n} examples are {p}.",
        "The user wants {n} examples of a {k}, so exactly {n} should be named.",
        "helpful, numerical sensitivity",
        n=number,
        k=kind,
        e=rng.choice(EVENTS),
        aud=rng.choice(AUDIENCES),
        p=listed(picks),
        keys=tuple(CATEGORIES[kind]),
    )


def classify_word(rng: Random) -> Item:
    kind = rng.choice(list(CATEGORIES))
    word = rng.choice(CATEGORIES[kind])
    others = [*rng.sample([k for k in CATEGORIES if k != kind and word not in CATEGORIES[k]], 2), kind]
    rng.shuffle(others)
    return item(
        rng,
        "classify_word",
        "[Is {w} a {o}?|Put the word {w} into one of these groups: {o}.|To which group does "
        "{w} belong, {o}?|Sort the word {w} for {aud}: {o}?|Label {w} with one of the "
        "classes {o}.]",
        "[{w} is a {k}.|The word {w} belongs to the group {k}.]",
        "One of the given groups fits {w}, so the answer should name [it|that group].",
        "informative, question assessment",
        w=word,
        k=kind,
        o=listed(others, "or"),
        aud=rng.choice(AUDIENCES),
        keys=(f"is a {kind}", f"group {kind}", f"is an {kind}"),
    )


def analogy(rng: Random) -> Item:
    pairs = rng.choice(
        [
            [
                ("puppy", "dog"),
                ("kitten", "cat"),
                ("calf", "cow"),
                ("lamb", "sheep"),
                ("foal", "horse"),
                ("chick", "hen"),
                ("cub", "bear"),
            ],
            [
                ("painter", "brush"),
                ("carpenter", "hammer"),
                ("writer", "pen"),
                ("baker", "oven"),
                ("gardener", "spade"),
                ("tailor", "needle"),
                ("fisherman", "net"),
            ],
            [
                ("hot", "cold"),
                ("day", "night"),
                ("early", "late"),
                ("heavy", "light"),
                ("young", "old"),
                ("full", "empty"),
                ("loud", "quiet"),
            ],
            [("eye", "see"), ("ear", "hear"), ("nose", "smell"), ("tongue", "taste"), ("hand", "touch")],
            [("bird", "nest"), ("bee", "hive"), ("fox", "den"), ("rabbit", "burrow"), ("spider", "web")],
        ]
    )
    (a, b), (c, d) = rng.sample(pairs, 2)
    return item(
        rng,
        "analogy",
        "[Complete the analogy: {a} is to {b} as {c} is to what?|Finish this comparison for "
        "{aud}: {a} goes with {b}, so {c} goes with what?|If {a} belongs to {b}, what "
        "belongs to {c}?]",
        "[{a} is to {b} as {c} is to {d}.|{c} goes with {d}, just as {a} goes with {b}.]",
        "The link between {a} and {b} must be carried over to {c}.",
        "reasoning, informative",
        a=a,
        b=b,
        c=c,
        d=d,
        aud=rng.choice(AUDIENCES),
        keys=(f"to {d}", f"with {d}"),
    )


KINDS = {
    "definition": Kind(definition, 1.5),
    "cause": Kind(cause, 1.5),
    "false_premise": Kind(false_premise, 1.5),
    "odd_one_out": Kind(odd_one_out, practice=2.5),
    "category_list": Kind(category_list, practice=2),
    "classify_word": Kind(classify_word, practice=2),
    "analogy": Kind(analogy),
}
