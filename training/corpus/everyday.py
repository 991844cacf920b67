"""Kinds of everyday help: advice, plans, steps, recipes, opinions, comparisons."""

from random import Random

from training.corpus.grammar import Item, Kind, item, numbered
from training.corpus.words import (
    any_words,
)

TROUBLES = [
    (
        "cannot fall asleep before {e}",
        "put the phone away an hour earlier, keep the room cool and go to bed at the same time",
    ),
    ("argues with a {x} about money", "write down all costs, talk at a calm hour and agree on one small rule"),
    (
        "is afraid of speaking at {e}",
        "practise aloud three times, learn the first sentence by heart and breathe slowly",
    ),
    ("forgets the names of people at {e}", "repeat each name aloud and link it to a picture"),
    ("wants to give up {h}", "make the goal smaller for two weeks and do it with a friend"),
    ("spends too much on a new {o}", "wait three days before buying and compare two offers"),
    ("feels lonely in {p}", "join a group once a week and greet the same people each day"),
    ("is always late for {e}", "set the clock ten minutes ahead and pack the bag the evening before"),
    ("has no time for {h}", "choose two fixed half hours a week and protect them like a meeting"),
    ("gets bored with cooking {f}", "change one ingredient each time and cook together with somebody"),
    ("works as a {r} and has a sore back", "stand up every half hour, stretch gently and see a doctor if it stays"),
    (
        "cannot agree with a {x} on a plan for {e}",
        "let each name one wish that matters most and build the plan around both",
    ),
    ("loses every {o} within a week", "give it one fixed place and check that place before leaving"),
    ("is nervous about meeting a {x} again", "plan one question to ask and keep the first meeting short"),
]


def advice(rng: Random) -> Item:
    trouble, tip = rng.choice(TROUBLES)
    slots = any_words(rng)
    return item(
        rng,
        "advice",
        "[{n} {t}. What would you advise?|Give advice to someone who {t}.|What can a person "
        "do who {t}?|My friend {t}. Suggest something that helps.|Write two sentences of "
        "advice for a {r} who {t}.]",
        "[A good start is to|It often helps to|One could] {y}.",
        "[Advice is wanted|Somebody asks for advice], so a few concrete steps help more than "
        "[general words|comfort alone].",
        "helpful, multi-aspect",
        t=trouble.format(**slots),
        y=tip,
        keys=(tip.split(",")[0].split(" and ")[0],),
        **slots,
    )


STEPS = {
    "change the tyre of a bicycle": [
        "Take the wheel off.",
        "Lift the old tyre with two levers.",
        "Put in the new tube and pump it up.",
    ],
    "brew a cup of tea": [
        "Boil fresh water.",
        "Pour it over the leaves.",
        "Wait three minutes and take the leaves out.",
    ],
    "plant a young tree": [
        "Dig a hole twice as wide as the roots.",
        "Set the tree upright and fill in the soil.",
        "Water it well.",
    ],
    "write a letter of complaint": [
        "Say what you bought and when.",
        "Describe the fault without anger.",
        "Say what you want done.",
    ],
    "clean a leather bag": [
        "Wipe off the dust.",
        "Rub in a little soap with a soft cloth.",
        "Let it dry and add some wax.",
    ],
    "learn ten new words": [
        "Write each word in a sentence.",
        "Read them aloud in the evening.",
        "Test yourself the next morning.",
    ],
    "pack a suitcase": ["Lay everything on the bed.", "Roll the soft clothes.", "Put the heavy things at the bottom."],
    "bake a simple bread": [
        "Mix flour, water, salt and yeast.",
        "Let the dough rest for an hour.",
        "Bake it until it is brown.",
    ],
    "calm a crying child": ["Kneel down and speak softly.", "Name the feeling.", "Offer a hug or a quiet corner."],
    "wash a wool blanket": [
        "Fill a tub with cool water.",
        "Press the blanket gently with mild soap.",
        "Dry it flat in the shade.",
    ],
    "prepare for an exam": ["List the topics.", "Study one topic a day.", "Answer old questions the day before."],
    "sharpen a kitchen knife": [
        "Wet the stone.",
        "Draw the blade over it at a low angle.",
        "Turn it and repeat on the other side.",
    ],
    "start a compost heap": [
        "Choose a shady corner.",
        "Mix green waste with dry leaves.",
        "Turn the heap every month.",
    ],
    "set a table for guests": [
        "Lay the cloth.",
        "Put forks left and knives right.",
        "Place the glasses above the knives.",
    ],
    "tie a parcel": [
        "Wrap the box in strong paper.",
        "Cross the string on the bottom.",
        "Tie it with a double knot on top.",
    ],
    "save water at home": ["Repair dripping taps.", "Take shorter showers.", "Use rain water for the plants."],
}


def steps(rng: Random) -> Item:
    task, lines = rng.choice(list(STEPS.items()))
    return item(
        rng,
        "steps",
        "[How do I {t}?|Explain [step by step|in three steps] how to {t} to {a}.|Write short "
        "instructions for a {r} who wants to {t}.|List the steps needed to {t} before "
        "{e}.|{n} has never tried to {t}. Tell {n} how.]",
        "{y}",
        "The user wants to know how to {t}, so the steps must come in order.",
        "step-by-step, helpful",
        t=task,
        y=numbered(lines),
        keys=(lines[1].lower(),),
        **any_words(rng),
    )


MAIN = {
    "tomato soup": "tomatoes, an onion and stock",
    "apple pie": "apples, flour and butter",
    "lentil stew": "lentils, carrots and stock",
    "rice pudding": "rice, milk and sugar",
    "mushroom risotto": "mushrooms, rice and cheese",
    "pumpkin soup": "pumpkin, cream and ginger",
    "carrot cake": "carrots, eggs and flour",
    "potato salad": "potatoes, vinegar and oil",
    "bean curry": "beans, coconut milk and spices",
    "onion tart": "onions, dough and cream",
    "banana bread": "bananas, flour and eggs",
    "pea soup": "peas, stock and mint",
    "cheese omelette": "eggs, cheese and butter",
    "noodle soup": "noodles, stock and leeks",
    "lemon cake": "lemons, butter and flour",
    "garlic bread": "bread, garlic and butter",
}


def recipe(rng: Random) -> Item:
    dish, parts = rng.choice(list(MAIN.items()))
    return item(
        rng,
        "recipe",
        "[Give me a simple recipe for {d}.|How does a {r} make {d} for {e}?|What do I need "
        "for {d}, and what do I do with it?|Write a recipe for {d} that {a} could "
        "follow.|{n} wants to cook {d} tonight. Explain how.]",
        "[You need|Take] {y}. "
        + (
            "Mix everything, pour it into a form and bake it until it is golden."
            if dish.endswith(("pie", "cake", "bread", "tart", "pudding"))
            else "Cut everything small, cook it slowly until it is soft and season it well."
        ),
        "A recipe needs the ingredients first and then the steps.",
        "step-by-step, helpful",
        d=dish,
        y=parts,
        keys=(parts,),
        **any_words(rng),
    )


def day_plan(rng: Random) -> Item:
    slots = any_words(rng)
    return item(
        rng,
        "day_plan",
        "[Plan a day in {p} for {a} who likes {h}.|Make a plan for Saturday: {h} in the "
        "morning and {e} in the evening.|How could {n} spend a day with {h} and {e}?|Write a "
        "timetable for a {r} who wants time for {h} before {e}.]",
        "Morning: {h}.\n[Noon: a light lunch with {f}.|Noon: lunch and a short walk.]\nEvening: {z}.",
        "The wishes must be put into an order over the day.",
        "helpful, step-by-step",
        z="time with friends and an early night",
        keys=(slots["h"],),
        **slots,
    )


def packing(rng: Random) -> Item:
    where, things = rng.choice(
        [
            ("a week by the sea", "sun cream, a towel and a hat"),
            ("a hike in the hills", "good shoes, water and a map"),
            ("a winter trip to the mountains", "a warm coat, gloves and thick socks"),
            ("a night in a tent", "a sleeping bag, a lamp and matches"),
            ("a business meeting abroad", "a passport, a suit and your papers"),
            ("a day in the city", "comfortable shoes, a bottle of water and a map"),
            ("a rainy weekend", "boots, an umbrella and a good book"),
            ("a long train ride", "sandwiches, a book and a pillow"),
        ]
    )
    return item(
        rng,
        "packing",
        "[What should {n} pack for {w}?|A {r} leaves for {w}. Which three things are most "
        "important?|Write a packing list for {w} with {a}.|Help me to pack for {w} without "
        "taking too much.]",
        "[For {w}, take {y}.|The most important things are {y}.]",
        "The trip decides what is needed, so three useful things should be named.",
        "helpful, informative",
        w=where,
        y=things,
        keys=(things,),
        **any_words(rng),
    )


def gift(rng: Random) -> Item:
    slots = any_words(rng)
    thing = rng.choice(
        [
            "a good book about it",
            "a course for beginners",
            "a box for all the tools",
            "a warm pair of socks for it",
            "a handmade card with a voucher",
            "a calendar with pictures of it",
        ]
    )
    return item(
        rng,
        "gift",
        "[What can I give to my {x} who loves {h}?|Suggest a present for a {r} who enjoys "
        "{h}.|{n} needs a gift for {e}; the guest of honour likes {h}. Any idea?|Find a "
        "small present for {a} who spends every evening {h}.]",
        "Somebody who [loves|likes] {h} may enjoy {t}.",
        "The gift should fit the love of {h}.",
        "helpful, creative",
        t=thing,
        keys=(slots["h"],),
        **slots,
    )


def checklist(rng: Random) -> Item:
    what, lines = rng.choice(
        [
            (
                "leaving the house for a week",
                ["Close the windows.", "Turn off the stove.", "Give a key to a neighbour."],
            ),
            ("hosting {e}", ["Invite the guests early.", "Buy food and drinks.", "Prepare the room."]),
            ("buying a used bicycle", ["Test the brakes.", "Check the chain.", "Ask for the papers."]),
            (
                "the first day as a {r}",
                ["Arrive ten minutes early.", "Learn the names.", "Ask when something is unclear."],
            ),
            ("moving to {p}", ["Tell the post office.", "Label every box.", "Read the meters."]),
            ("starting with {h}", ["Set a small goal.", "Find a fixed hour.", "Write down your progress."]),
        ]
    )
    slots = any_words(rng)
    return item(
        rng,
        "checklist",
        "[Make a checklist for {w}.|What should {n} not forget when {w}?|Write three points to tick off for {w}.]",
        "{y}",
        "A checklist should be short, and each point should be an action.",
        "step-by-step, helpful",
        w=what.format(**slots),
        y=numbered(lines),
        keys=(lines[0].lower(),),
        **slots,
    )


KINDS = {
    "advice": Kind(advice, 1.8),
    "steps": Kind(steps, 1.4),
    "recipe": Kind(recipe, 1.1),
    "day_plan": Kind(day_plan),
    "packing": Kind(packing, 0.8),
    "gift": Kind(gift, 1.1),
    "checklist": Kind(checklist, 0.9),
}
