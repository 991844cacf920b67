"""Kinds about what the world is like: places, animals, materials, words, causes, beliefs that are wrong."""

from random import Random

from training.corpus.facts import ANIMALS, CITIES, CONTINENTS, MATERIALS
from training.corpus.grammar import Item, Kind, item
from training.corpus.words import AUDIENCES, EVENTS, HOBBIES, name, scene

LEAD = (
    "[|||For a quiz about the world: |A child in my class wants to know: |While packing "
    "for a trip, I wondered: |"
    "I am writing a short lesson. |My grandmother asked me this: |Quick question: |For a "
    "crossword: ]"
)

EXAMPLES = [
    "for example, think of {d}",
    "you meet it more often than you may expect",
    "that is the whole idea",
    "once you know this, the rest is easier",
]


def capital(rng: Random) -> Item:
    place, country = rng.choice(list(CITIES.items()))
    if rng.random() < 0.5:
        return item(
            rng,
            "capital",
            LEAD + "[what is the capital of {country}?|name the capital city of {country} and say it in "
            "a full sentence.|which city is the seat of government in {country}?|if someone "
            "travels to {country}, which city is its capital?]",
            "[The capital of {country} is {place}.|{place} is the capital of {country}.]",
            "[A plain question about geography|Wanted is the capital of {country}], [which is "
            "well known|a fact that can be given in one sentence].",
            "informative, knowledge recitation",
            country=country,
            place=place,
            keys=(place,),
        )
    return item(
        rng,
        "capital",
        LEAD + "[in which country would a traveller find the city of {place}?|which country has "
        "{place} as its capital?|{place} is the capital of which country?|tell me what "
        "country {place} belongs to.]",
        "[{place} lies in {country}.|{place} is the capital of {country}.]",
        "[A plain question about geography|Wanted is the country of {place}], [which is well "
        "known|a fact that can be given in one sentence].",
        "informative, knowledge recitation",
        country=country,
        place=place,
        keys=(country,),
    )


def continent(rng: Random) -> Item:
    where, countries = rng.choice(list(CONTINENTS.items()))
    country = rng.choice(countries)
    return item(
        rng,
        "continent",
        LEAD + "[on which continent does {country} lie?|what part of the world is {country} in, and "
        "what is its capital?|place {country} on the map: which continent is it?]",
        "{country} lies in {where}, and its capital is {place}.",
        "The question is about the map, and the answer is [well known|a simple fact].",
        "informative, knowledge recitation",
        country=country,
        where=where,
        place=next(town for town, land in CITIES.items() if land == country),
        keys=(where,),
    )


def animal_fact(rng: Random) -> Item:
    animal, (group, food, home, legs, habit) = rng.choice(list(ANIMALS.items()))
    question, answer, key = rng.choice(
        [
            (
                "[what does a {animal} eat?|what should a picture book say about the food of a "
                "{animal}?|which food does a {animal} look for?]",
                "[A {animal} mostly eats {food}.|{food} is what a {animal} eats.]",
                food,
            ),
            (
                "[where does a {animal} live?|in what kind of place could I watch a "
                "{animal}?|describe the home of a {animal} in one sentence.]",
                "[The {animal} lives in places such as {home}.|You find the {animal} in {home}.]",
                home,
            ),
            (
                "[how many legs does a {animal} have?|count the legs of a {animal} for me.]",
                "A {animal} has {legs} legs.",
                legs,
            ),
            (
                "[is a {animal} a mammal, a bird or something else?|what group of animals does the "
                "{animal} belong to?]",
                "[A {animal} is a {grp}.|The {animal} belongs to this group: {grp}.]",
                group,
            ),
            (
                "[tell me one thing that is special about the {animal}.|what is the {animal} known "
                "for?|which remarkable habit does the {animal} have?]",
                "[The {animal} is known for this: it {habit}.|One special thing is that the {animal} {habit}.]",
                habit,
            ),
        ]
    )
    return item(
        rng,
        "animal_fact",
        LEAD + question,
        answer,
        "[The user wants a fact about the {animal}|This asks about the {animal}], [which can "
        "be answered from general knowledge|and a short, correct sentence is enough].",
        "informative, knowledge recitation",
        animal=animal,
        grp=group,
        food=food,
        home=home,
        legs=legs or "no",
        habit=habit,
        keys=(key or "no",),
    )


def animal_compare(rng: Random) -> Item:
    a, b = rng.sample(list(ANIMALS), 2)
    return item(
        rng,
        "animal_compare",
        "[Compare the {a} with the {b} in two sentences.|What is the difference between a "
        "{a} and a {b}?|Explain to {aud} how a {a} and a {b} differ.|How could {aud} tell a "
        "{a} from a {b}?]",
        "A {a} is a {ga} that eats {fa} and {ha}. A {b} is a {gb} that eats {fb} and {hb}.",
        "Two animals are to be compared, so the same points should be given for [each|both].",
        "multi-aspect, informative",
        a=a,
        b=b,
        aud=rng.choice(AUDIENCES),
        ga=ANIMALS[a][0],
        fa=ANIMALS[a][1],
        ha=ANIMALS[a][4],
        gb=ANIMALS[b][0],
        fb=ANIMALS[b][1],
        hb=ANIMALS[b][4],
        keys=(ANIMALS[a][1],),
    )


def material(rng: Random) -> Item:
    stuff, (trait, use) = rng.choice(list(MATERIALS.items()))
    if rng.random() < 0.5:
        return item(
            rng,
            "material",
            LEAD + "[why do people make {use} from {stuff}?|what makes {stuff} a good material for "
            "{use}?|explain to {aud} why {stuff} is used for {use}.]",
            "[People make {use} from {stuff} because it {trait}.|{stuff} {trait}, so it suits {use}.]",
            "The reason lies in what {stuff} is like, so the answer should name that property.",
            "reasoning, informative",
            stuff=stuff,
            trait=trait,
            use=use,
            aud=rng.choice(AUDIENCES),
            keys=(trait,),
        )
    return item(
        rng,
        "material",
        LEAD + "[name something that is made of {stuff} and say why.|what is {stuff} good for in "
        "daily life?|give {aud} one common use of {stuff}.]",
        "{stuff} is used for {use}, because it {trait}.",
        "The user wants a use of {stuff} [with its reason|in daily life].",
        "informative, helpful",
        stuff=stuff,
        trait=trait,
        use=use,
        aud=rng.choice(AUDIENCES),
        keys=(use,),
    )


def true_false(rng: Random) -> Item:
    a, b = rng.sample(list(ANIMALS), 2)
    right = rng.random() < 0.5
    food = ANIMALS[a][1] if right else ANIMALS[b][1]
    right = food == ANIMALS[a][1]
    return (
        item(
            rng,
            "true_false",
            "[Decide whether this sentence is true or false: A {a} mostly eats {food}.|True or "
            "false: {food} is the usual food of a {a}.|Is this right or wrong? They say that a "
            "{a} mostly eats {food}.|Would you call it true or false that {food} is what a {a} "
            "eats?]",
            "True. A {a} mostly eats {food}." if right else "False. A {a} mostly eats {real}.",
            "The claim about the {a} can be checked [against what is known|from general knowledge].",
            "knowledge recitation, candor",
            context="",
            a=a,
            food=food,
            real=ANIMALS[a][1],
            keys=("true" if right else "false",),
        )
        if rng.random() < 0.5
        else item(
            rng,
            "true_false",
            "[Check the statement and answer with true or false.|Is the following claim correct? "
            "Say true or false and give a reason.|A pupil wrote this sentence. Mark it as true "
            "or false.|Judge the sentence below: true or false?]",
            "True. A {a} mostly eats {food}." if right else "False. A {a} mostly eats {real}.",
            "The claim about the {a} can be checked [against what is known|from general knowledge].",
            "knowledge recitation, candor",
            context="[A {a} mostly eats {food}.|Claim: {food} is the usual food of a {a}.]",
            a=a,
            food=food,
            real=ANIMALS[a][1],
            keys=("true" if right else "false",),
        )
    )


def job(rng: Random) -> Item:
    who, does = rng.choice(
        [
            ("a baker", "bakes bread and cakes"),
            ("a nurse", "looks after sick people"),
            ("a plumber", "repairs pipes and taps"),
            ("a librarian", "helps people to find books"),
            ("a tailor", "makes and mends clothes"),
            ("a judge", "decides cases in court"),
            ("a mechanic", "repairs engines and cars"),
            ("a farmer", "grows food and keeps animals"),
            ("a dentist", "takes care of teeth"),
            ("an architect", "plans houses"),
            ("a translator", "carries texts into another language"),
            ("a shepherd", "watches over sheep"),
            ("a firefighter", "puts out fires and rescues people"),
            ("a beekeeper", "keeps bees and collects honey"),
            ("a potter", "shapes bowls from clay"),
            ("a surveyor", "measures land"),
        ]
    )
    return item(
        rng,
        "job",
        "[What does {who} do all day?|Describe the work of {who} to {aud}.|{n} wants to "
        "become {who}. What is the work like?|{aud} asks me what {who} does. Answer in one "
        "sentence.|Write one line about {who} for a poster on professions.]",
        "[{who} {does}.|In that job, {who} {does}.]",
        "The work of {who} is well known, so one clear sentence [will do|is enough].",
        "informative, helpful",
        who=who,
        does=does,
        n=name(rng),
        aud=rng.choice(AUDIENCES),
        keys=(does,),
    )


def look_alike(rng: Random) -> Item:
    ask, tell = rng.choice(
        [
            (
                "kill weeds in {p} without chemicals",
                "pull them out with the roots after rain and cover the soil with straw",
            ),
            ("kill some time at {p}", "bring a short book, take a walk, or write a postcard"),
            (
                "shoot a good photo of {p}",
                "go early in the morning, keep the light behind you and hold the camera still",
            ),
            ("steal the show at {p}", "practise one short act well and smile at the audience"),
            ("break the ice at {p}", "ask people an easy question and listen to what they say"),
            (
                "beat my brother at chess before {p}",
                "practise a simple opening and look at every check before you move",
            ),
            ("blow up forty balloons for {p}", "use a hand pump and start the evening before"),
            ("crash on the sofa of a friend after {p}", "ask the friend early and bring your own blanket"),
        ]
    )
    place = rng.choice(EVENTS) if "{p}" in ask else ""
    return item(
        rng,
        "look_alike",
        "[How can I "
        + ask
        + "?|Give me a tip: I want to "
        + ask
        + ".|My friend would like to "
        + ask
        + ". What should she do?]",
        "[A good way is to|It works best to|You could] " + tell + ".",
        "The words sound rough, but the request is harmless, so plain help is right.",
        "question assessment, helpful",
        p=place,
        keys=(tell.split(",")[0][:18],),
    )


def hobby_fact(rng: Random) -> Item:
    hobby = rng.choice(HOBBIES)
    good, need = rng.choice(
        [
            ("calms the mind", "a little patience"),
            ("brings people together", "some free evenings"),
            ("keeps the body active", "good shoes and water"),
            ("trains the memory", "ten minutes a day"),
            ("gives a feeling of progress", "a simple plan"),
        ]
    )
    return item(
        rng,
        "hobby_fact",
        "[What are the benefits of {h} for {aud}?|Tell {aud} what is good about {h} and what "
        "it needs.|Why might {s} enjoy {h}?|Describe what someone needs for {h}.]",
        "{h} {good}. To begin, one needs {need}.",
        "The user asks about {h}, so both the benefit and the need should be [named|mentioned].",
        "informative, helpful",
        h=hobby,
        good=good,
        need=need,
        aud=rng.choice(AUDIENCES),
        s=scene(rng),
        keys=(hobby,),
    )


KINDS = {
    "capital": Kind(capital, practice=2),
    "continent": Kind(continent, 0.4, practice=0.8),
    "animal_fact": Kind(animal_fact, 1.5, practice=2),
    "animal_compare": Kind(animal_compare),
    "material": Kind(material, practice=1.5),
    "true_false": Kind(true_false, practice=2),
    "job": Kind(job),
    "look_alike": Kind(look_alike),
    "hobby_fact": Kind(hobby_fact, practice=1.2),
}
