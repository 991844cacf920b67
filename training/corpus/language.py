"""Kinds about other languages: translation of words and small sentences, and requests in other languages."""

from random import Random

from training.corpus.grammar import Item, Kind, item
from training.corpus.words import AUDIENCES, EVENTS, PLACES, ROLES, name

LANGUAGES = ["Spanish", "French", "German", "Italian"]
WORDS = {
    "bread": ("el pan", "le pain", "das Brot", "il pane"),
    "water": ("el agua", "l'eau", "das Wasser", "l'acqua"),
    "house": ("la casa", "la maison", "das Haus", "la casa"),
    "book": ("el libro", "le livre", "das Buch", "il libro"),
    "sun": ("el sol", "le soleil", "die Sonne", "il sole"),
    "moon": ("la luna", "la lune", "der Mond", "la luna"),
    "dog": ("el perro", "le chien", "der Hund", "il cane"),
    "cat": ("el gato", "le chat", "die Katze", "il gatto"),
    "tree": ("el árbol", "l'arbre", "der Baum", "l'albero"),
    "friend": ("el amigo", "l'ami", "der Freund", "l'amico"),
    "flower": ("la flor", "la fleur", "die Blume", "il fiore"),
    "milk": ("la leche", "le lait", "die Milch", "il latte"),
    "door": ("la puerta", "la porte", "die Tür", "la porta"),
    "window": ("la ventana", "la fenêtre", "das Fenster", "la finestra"),
    "sea": ("el mar", "la mer", "das Meer", "il mare"),
    "night": ("la noche", "la nuit", "die Nacht", "la notte"),
    "hand": ("la mano", "la main", "die Hand", "la mano"),
    "heart": ("el corazón", "le cœur", "das Herz", "il cuore"),
    "apple": ("la manzana", "la pomme", "der Apfel", "la mela"),
    "school": ("la escuela", "l'école", "die Schule", "la scuola"),
    "street": ("la calle", "la rue", "die Straße", "la strada"),
    "city": ("la ciudad", "la ville", "die Stadt", "la città"),
    "cheese": ("el queso", "le fromage", "der Käse", "il formaggio"),
    "fish": ("el pescado", "le poisson", "der Fisch", "il pesce"),
}
PHRASES = {
    "good morning": ("buenos días", "bonjour", "guten Morgen", "buongiorno"),
    "good night": ("buenas noches", "bonne nuit", "gute Nacht", "buonanotte"),
    "thank you": ("gracias", "merci", "danke", "grazie"),
    "please": ("por favor", "s'il vous plaît", "bitte", "per favore"),
    "see you tomorrow": ("hasta mañana", "à demain", "bis morgen", "a domani"),
    "I am hungry": ("tengo hambre", "j'ai faim", "ich habe Hunger", "ho fame"),
    "I am tired": ("estoy cansado", "je suis fatigué", "ich bin müde", "sono stanco"),
    "how are you": ("¿cómo estás?", "comment vas-tu ?", "wie geht es dir?", "come stai?"),
    "I love you": ("te quiero", "je t'aime", "ich liebe dich", "ti amo"),
    "happy birthday": ("feliz cumpleaños", "joyeux anniversaire", "alles Gute zum Geburtstag", "buon compleanno"),
    "where is the station": (
        "¿dónde está la estación?",
        "où est la gare ?",
        "wo ist der Bahnhof?",
        "dov'è la stazione?",
    ),
}
SUBJECTS = {
    "the dog": ("el perro", "le chien", "der Hund", "il cane"),
    "the child": ("el niño", "l'enfant", "das Kind", "il bambino"),
    "the cat": ("el gato", "le chat", "die Katze", "il gatto"),
    "my friend": ("mi amigo", "mon ami", "mein Freund", "il mio amico"),
    "the teacher": ("el maestro", "le professeur", "der Lehrer", "il maestro"),
    "the man": ("el hombre", "l'homme", "der Mann", "l'uomo"),
}
ACTIONS = {
    "drinks water": ("bebe agua", "boit de l'eau", "trinkt Wasser", "beve acqua"),
    "sleeps": ("duerme", "dort", "schläft", "dorme"),
    "eats bread": ("come pan", "mange du pain", "isst Brot", "mangia il pane"),
    "sings": ("canta", "chante", "singt", "canta"),
    "reads a book": ("lee un libro", "lit un livre", "liest ein Buch", "legge un libro"),
    "sees the moon": ("ve la luna", "voit la lune", "sieht den Mond", "vede la luna"),
    "lives here": ("vive aquí", "habite ici", "wohnt hier", "vive qui"),
    "works today": ("trabaja hoy", "travaille aujourd'hui", "arbeitet heute", "lavora oggi"),
}


def translate_word(rng: Random) -> Item:
    word, forms = rng.choice(list(WORDS.items()))
    which = rng.randrange(4)
    return item(
        rng,
        "translate_word",
        "[What is the {l} word for {w}?|How do {r}s in {p} say {w} if they speak {l}?|{n} is "
        "learning {l} and forgot the word for {w}. Which word is it?|Translate the word {w} "
        "into {l} for a sign at {e}.|For a vocabulary list, give the {l} for {w}.]",
        '[In {l}, {w} is "{t}".|The {l} word for {w} is "{t}".]',
        "A single word is to be translated into {l}, and the article [belongs to it|helps].",
        "helpful, knowledge recitation",
        l=LANGUAGES[which],
        w=word,
        t=forms[which],
        n=name(rng),
        e=rng.choice(EVENTS),
        r=rng.choice(ROLES),
        p=rng.choice(PLACES),
        keys=(forms[which],),
    )


def translate_phrase(rng: Random) -> Item:
    phrase, forms = rng.choice(list(PHRASES.items()))
    which = rng.randrange(4)
    return item(
        rng,
        "translate_phrase",
        '[How do I say "{w}" in {l}?|Write "{w}" in {l} on a card for {a}.|{n} wants to '
        'greet a {r} with "{w}" in {l}. What are the words?|Give me the {l} phrase for '
        '"{w}" before {e} begins.]',
        "[In {l} one says: {t}|The {l} phrase is: {t}]",
        "A common phrase is to be put into {l}.",
        "helpful, knowledge recitation",
        l=LANGUAGES[which],
        w=phrase,
        t=forms[which] + ("" if forms[which].endswith("?") else "."),
        n=name(rng),
        e=rng.choice(EVENTS),
        a=rng.choice(AUDIENCES),
        r=rng.choice(ROLES),
        keys=(forms[which],),
    )


def translate_sentence(rng: Random) -> Item:
    (s, sf), (a, af) = rng.choice(list(SUBJECTS.items())), rng.choice(list(ACTIONS.items()))
    which = rng.randrange(4)
    good = f"{sf[which]} {af[which]}."
    if rng.random() < 0.3:
        return item(
            rng,
            "translate_back",
            "[Translate this {l} sentence into English.|What does the sentence below mean in "
            "English?|A {r} received this note in {l}. Put it into English.]",
            "{x}",
            "The sentence is {l} and must be put into English.",
            "helpful, operational",
            context="{y}",
            l=LANGUAGES[which],
            x=f"{s} {a}.",
            y=good,
            r=rng.choice(ROLES),
            keys=(f"{s} {a}",),
        )
    return item(
        rng,
        "translate_sentence",
        "[Translate this sentence into {l}.|Put the line below into {l} for {n}.|How would a "
        "{r} say this in {l}?|Write the following in {l}, for a poster at {e}.]",
        "{x}",
        "The sentence must be carried into {l} without changing its meaning.",
        "helpful, operational",
        context="{y}",
        l=LANGUAGES[which],
        x=good,
        y=f"{s} {a}.",
        n=name(rng),
        r=rng.choice(ROLES),
        e=rng.choice(EVENTS),
        keys=(good,),
    )


def which_language(rng: Random) -> Item:
    which = rng.randrange(4)
    text = rng.choice(
        [
            f"{rng.choice(list(SUBJECTS.values()))[which]} {rng.choice(list(ACTIONS.values()))[which]}.",
            f"{rng.choice(list(PHRASES.values()))[which]}",
        ]
    )
    return item(
        rng,
        "which_language",
        "[In which language is this sentence written?|Name the language of the line below.|A "
        "{r} found this note. Which language is it?|Identify the language for {n}.]",
        "[This is {l}.|The language is {l}.]",
        "The words show which language it is.",
        "informative, question assessment",
        context="{x}",
        x=text,
        l=LANGUAGES[which],
        r=rng.choice(ROLES),
        n=name(rng),
        keys=(LANGUAGES[which],),
    )


FOREIGN = [
    (
        "es",
        [
            (
                "¿Cuál es la capital de {c}?",
                "La capital de {c} es {p}.",
                [
                    ("Francia", "París"),
                    ("Italia", "Roma"),
                    ("Portugal", "Lisboa"),
                    ("España", "Madrid"),
                    ("Alemania", "Berlín"),
                    ("Grecia", "Atenas"),
                    ("Noruega", "Oslo"),
                ],
            ),
            (
                "Escribe una frase sobre {c} para un cartel.",
                "{p} nos acompaña cada día y nos hace sonreír.",
                [
                    ("la amistad", "La amistad"),
                    ("el pan caliente", "El pan caliente"),
                    ("la música del barrio", "La música del barrio"),
                    ("el mar en invierno", "El mar en invierno"),
                    ("un gato viejo", "Un gato viejo"),
                ],
            ),
            (
                "¿Cuántas patas tiene {c}?",
                "{p}",
                [
                    ("una araña", "Una araña tiene ocho patas."),
                    ("un perro", "Un perro tiene cuatro patas."),
                    ("una abeja", "Una abeja tiene seis patas."),
                    ("un pato", "Un pato tiene dos patas."),
                ],
            ),
        ],
        "Spanish",
    ),
    (
        "fr",
        [
            (
                "Quelle est la capitale de {c} ?",
                "La capitale de {c} est {p}.",
                [
                    ("la France", "Paris"),
                    ("l'Italie", "Rome"),
                    ("la Pologne", "Varsovie"),
                    ("l'Espagne", "Madrid"),
                    ("la Grèce", "Athènes"),
                    ("la Norvège", "Oslo"),
                ],
            ),
            (
                "Écris une phrase sur {c} pour une carte postale.",
                "{p} me fait penser à toi.",
                [
                    ("la mer", "La mer"),
                    ("le vieux moulin", "Le vieux moulin"),
                    ("la pluie d'été", "La pluie d'été"),
                    ("le marché du matin", "Le marché du matin"),
                ],
            ),
            (
                "Que mange {c} ?",
                "{p}",
                [
                    ("une vache", "Une vache mange de l'herbe."),
                    ("un lion", "Un lion mange de la viande."),
                    ("un lapin", "Un lapin mange de l'herbe et des feuilles."),
                ],
            ),
        ],
        "French",
    ),
    (
        "de",
        [
            (
                "Was ist die Hauptstadt von {c}?",
                "Die Hauptstadt von {c} ist {p}.",
                [
                    ("Frankreich", "Paris"),
                    ("Italien", "Rom"),
                    ("Polen", "Warschau"),
                    ("Spanien", "Madrid"),
                    ("Österreich", "Wien"),
                    ("Norwegen", "Oslo"),
                ],
            ),
            (
                "Schreibe einen Satz über {c} für eine Einladung.",
                "{p} bringt uns alle zusammen.",
                [
                    ("das Sommerfest", "Das Sommerfest"),
                    ("die alte Brücke", "Die alte Brücke"),
                    ("frisches Brot", "Frisches Brot"),
                    ("ein Lied am Abend", "Ein Lied am Abend"),
                ],
            ),
            (
                "Warum {c}? Antworte in einem Satz.",
                "{p}",
                [
                    ("schmilzt Eis in der Sonne", "Eis schmilzt, weil die Sonne es erwärmt."),
                    ("ist Brot weich", "Brot ist weich, weil die Hefe Gas bildet."),
                    ("rostet Eisen", "Eisen rostet, weil es sich mit Wasser und Luft verbindet."),
                ],
            ),
        ],
        "German",
    ),
]


def foreign(rng: Random) -> Item:
    _, frames, language = rng.choice(FOREIGN)
    ask, reply, pairs = rng.choice(frames)
    c, p = rng.choice(pairs)
    return item(
        rng,
        "foreign",
        ask,
        reply,
        "The question is in {l}, so the answer is in {l} too.",
        "helpful, informative",
        c=c,
        p=p,
        l=language,
        keys=(p.rstrip("."),),
    )


KINDS = {
    "translate_word": Kind(translate_word, 1.2, practice=3),
    "translate_phrase": Kind(translate_phrase, 0.8, practice=2),
    "translate_sentence": Kind(translate_sentence, practice=2.5),
    "which_language": Kind(which_language, 0.5, practice=1),
    "foreign": Kind(foreign, 0.5),
}
