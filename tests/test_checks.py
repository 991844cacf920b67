"""What may not stand in an answer, each with its reason; and what looks alike and may."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfalign.align.constitution import load_constitution
from selfalign.checks import CHECK_NAMES, ChecksSpec, Subject, languages, refusal, run_checks, warm_up, worst
from selfalign.checks.consistency import Intent, intent_of
from selfalign.records import CheckResult, Constitution, Instruction, Verdict

CONSTITUTION = load_constitution("default")
# By default some checks only flag; here all of them may fail, so that grave and slight are told apart.
DEFAULT = ChecksSpec(
    leak="fail", self_reference="fail", invented_source="fail", loop="fail", role_marker="fail", at_odds="fail",
    personal_data="fail",
)  # fmt: skip
GOOD = (
    "Water boils at 100 degrees at sea level. Higher up the air presses less, so it boils at a lower temperature, and "
    "food takes longer to cook."
)
ASKED = "Why does pasta take longer to cook in the mountains?"


def check(
    name: str,
    answer: str,
    asked: str = ASKED,
    *,
    context: str = "",
    thought: str = "",
    cited: tuple[str, ...] = (),
    constitution: Constitution | None = CONSTITUTION,
    spec: ChecksSpec = DEFAULT,
) -> CheckResult:
    """The result of one check on one answer."""
    subject = Subject(Instruction("p0", asked, context, "test"), thought, answer, cited)
    return next(result for result in run_checks(subject, constitution, spec) if result.name == name)


def verdict(name: str, answer: str, asked: str = ASKED, **more) -> str:
    return check(name, answer, asked, **more).verdict.value


# --- all of them ------------------------------------------------------------------------------------------------


def test_a_good_answer_passes_every_check_in_the_order_of_their_names():
    results = run_checks(Subject(Instruction("p0", ASKED, "", ""), "", GOOD, ()), CONSTITUTION, DEFAULT)
    assert tuple(result.name for result in results) == CHECK_NAMES
    assert {result.verdict for result in results} == {Verdict.PASS}
    assert worst(results) is Verdict.PASS


def test_every_demonstration_of_the_built_in_constitutions_passes_or_is_only_flagged_for_declining():
    for name in ("default", "short"):
        constitution = load_constitution(name)
        for shown in constitution.demonstrations:
            subject = Subject(Instruction("p0", shown.user, "", ""), shown.thought, shown.answer, shown.cites)
            found = [each for each in run_checks(subject, constitution, DEFAULT) if each.verdict is not Verdict.PASS]
            assert {each.name for each in found} <= {"refusal", "apology"}, (shown.user, found)


def test_what_is_not_a_pass_says_why():
    results = run_checks(
        Subject(Instruction("p0", ASKED, "", ""), "", "I am an AI.\n### User\nHi", ()), CONSTITUTION, DEFAULT
    )
    assert all(result.reason for result in results if result.verdict is not Verdict.PASS)
    assert worst(results) is Verdict.FAIL


@pytest.mark.parametrize(("action", "expected"), [("fail", Verdict.FAIL), ("flag", Verdict.FLAG)])
def test_the_action_is_the_worst_a_check_may_do(action, expected):
    spec = ChecksSpec(self_reference=action)
    assert check("self_reference", "As an AI, I like tea.", spec=spec).verdict is expected


def test_a_check_that_is_off_gives_no_result():
    results = run_checks(
        Subject(Instruction("p0", ASKED, "", ""), "", "As an AI, no.", ()), None, ChecksSpec(self_reference="off")
    )
    assert "self_reference" not in {result.name for result in results}


def test_the_worst_verdict_counts():
    flag, fail = CheckResult("a", Verdict.FLAG), CheckResult("b", Verdict.FAIL)
    assert [worst(each) for each in ((), (flag,), (flag, fail))] == [Verdict.PASS, Verdict.FLAG, Verdict.FAIL]


@pytest.mark.parametrize(
    ("key", "value"), [("loop", "warn"), ("leak_share", 0.0), ("loop_repeats", 1), ("conflicts", (("static",),))]
)
def test_a_wrong_value_is_refused_by_its_key(key, value):
    with pytest.raises(ValueError, match=f"^{key}: "):
        ChecksSpec(**{key: value})


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.text(max_size=200), st.text(max_size=100))
def test_no_text_breaks_a_check(answer, asked, thought):
    results = run_checks(Subject(Instruction("p0", asked, "", ""), thought, answer, ("nobody",)), CONSTITUTION, DEFAULT)
    assert len(results) == len(CHECK_NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "a " * 50_000,
        "not " * 20_000,
        "I cannot " * 10_000,
        "1-" * 50_000,
        "###\n" * 20_000,
        "。" * 50_000,
    ],
)
def test_no_text_takes_long(text):
    started = time.process_time()
    run_checks(Subject(Instruction("p0", text, "", ""), text, text, ()), CONSTITUTION, DEFAULT)
    assert time.process_time() - started < 3


# --- leaks ------------------------------------------------------------------------------------------------------


def test_a_copied_demonstration_is_a_leak():
    copied = CONSTITUTION.demonstrations[0].answer
    result = check("leak", copied, "Tell me about my garden.")
    assert result.verdict is Verdict.FAIL
    assert result.number > 0.9
    assert check("leak", copied, "Tell me about my garden.", constitution=None).verdict is Verdict.PASS


def test_a_sentence_of_a_demonstration_in_a_long_answer_is_a_leak():
    sentence = CONSTITUTION.demonstrations[0].answer.split("\n\n")[1].split(". ")[1]
    assert verdict("leak", f"{GOOD} {GOOD} {sentence} {GOOD}", "What is pasta?") == "fail"


def test_the_same_question_may_get_the_same_answer():
    shown = CONSTITUTION.demonstrations[0]
    assert verdict("leak", shown.answer, shown.user) == "pass"


def test_words_that_the_instruction_holds_are_no_leak():
    shown = CONSTITUTION.demonstrations[0]
    assert verdict("leak", shown.answer, "Repeat this text.", context=shown.answer) == "pass"


# --- self-reference, knowledge date, sources, names, personal data ----------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        "As an AI language model, I find this easy.",
        "I'm just a computer program, so take it with a grain of salt.",
        "My training data covers this well.",
        "Being an artificial intelligence, I have never tasted it.",
    ],
)
def test_speaking_of_itself_unasked_fails(answer):
    assert verdict("self_reference", answer) == "fail"
    assert verdict("self_reference", answer, cited=("candor",)) == "pass"
    assert verdict("self_reference", answer, "Are you a human?") == "pass"


@pytest.mark.parametrize(
    "answer", ["I am an engineer.", "As an aide to the king, he knew.", "The AI model won the game."]
)
def test_other_people_and_machines_are_no_self_reference(answer):
    assert verdict("self_reference", answer, "Write a sentence.") == "pass"


def test_only_the_persona_s_own_knowledge_date_may_be_claimed():
    true = CONSTITUTION.persona.knowledge_date
    spec = ChecksSpec(knowledge_date="fail")
    claim = "As of my last knowledge update in {}, the bridge was closed."
    assert verdict("knowledge_date", claim.format("September 2021"), cited=("dated-knowledge",), spec=spec) == "fail"
    assert verdict("knowledge_date", claim.format(true), cited=("dated-knowledge",)) == "pass"
    assert verdict("knowledge_date", claim.format(true)) == "flag"
    assert (
        verdict("knowledge_date", "My knowledge ends in March 2023.", cited=("dated-knowledge",), spec=spec) == "fail"
    )
    assert verdict("knowledge_date", "The treaty of 2021 ended the war.") == "pass"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Pasta is made of wheat.\n\nSee also\n\nBread", "fail"),
        ("Pasta is made of wheat.\n\n## References\n\n1. Smith, 2003", "fail"),
        ("From Wikipedia, the free encyclopedia. Pasta is a dish.", "fail"),
        ("Look it up at https://www.pasta-facts.org/boiling.", "flag"),
        ("Send a request to https://example.com/api.", "pass"),
        ("The source of the Rhine lies in the Alps.", "pass"),
    ],
)
def test_invented_sources(answer, expected):
    assert verdict("invented_source", answer) == expected


def test_a_source_that_was_given_or_asked_for_is_not_invented():
    assert verdict("invented_source", "See https://a.org/x.", "Quote it.", context="https://a.org/x") == "pass"
    assert verdict("invented_source", "Facts.\n\nReferences\n\n1. Smith", "Write it with references.") == "pass"


@pytest.mark.parametrize(
    "answer",
    [
        "I am ChatGPT, and I can help.",
        "My name is Claude.",
        "I'm a language model trained by Google.",
        "As an AI developed by OpenAI, I try to be fair.",
        "I am Sally, an assistant for kitchens.",
    ],
)
def test_a_foreign_name_or_maker_fails(answer):
    assert verdict("foreign_name", answer, "Who are you?") == "fail"


@pytest.mark.parametrize(
    "answer",
    [
        f"I am {CONSTITUTION.persona.name}, an assistant made by {CONSTITUTION.persona.maker}.",
        "Claude Monet painted water lilies, and I am fond of them.",
        "Gemini is the sign for early June.",
        "OpenAI made ChatGPT, and Google made Bard.",
    ],
)
def test_its_own_name_and_talk_about_others_pass(answer):
    assert verdict("foreign_name", answer, "Who are you?") == "pass"


def test_a_name_that_the_question_brings_up_is_no_claim():
    answer = "While both ChatGPT and I are language models, we learned from different texts."
    assert verdict("foreign_name", answer, "Are you as capable as ChatGPT?") == "pass"
    assert verdict("foreign_name", "I am ChatGPT.", "Are you as capable as ChatGPT?") == "fail"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Write to jane.miller@gmail.com.", "flag"),
        ("Call +49 30 5678 9043.", "flag"),
        ("Use AKIA" + "QWERTZUIOPASDFGH" + " as the key.", "fail"),
        ("Pay with 4539 1488 0343 6467.", "fail"),
        ("Write to you@example.com.", "pass"),
        ("Call 555-0100.", "pass"),
        ("In 1914, 1939 and 1989 the map changed; 12,500,000 people moved.", "pass"),
        ("x = 3.14159265358979", "pass"),
    ],
)
def test_personal_data(answer, expected):
    assert verdict("personal_data", answer) == expected


def test_personal_data_that_was_given_may_be_used():
    mail = "jane.miller@gmail.com"
    assert verdict("personal_data", f"Her address is {mail}.", "Find the address.", context=f"Jane <{mail}>") == "pass"


def test_which_personal_data_is_grave_is_a_setting():
    spec = ChecksSpec(personal_data="fail", personal_data_grave=("e-mail",))
    assert verdict("personal_data", "Write to jane.miller@gmail.com.", spec=spec) == "fail"


# --- form -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("```python\nprint(1)\n", "fail"),
        ("Buy these:\n1. flour\n2.", "fail"),
        (f"{GOOD} In the end it is the pressure of the air that decides how hot the water can become in the", "fail"),
        (f"{GOOD} In the end it is the pressure of the air that decides how hot water", "flag"),
        ("", "fail"),
        (GOOD, "pass"),
        ("Flour, eggs, salt", "pass"),
        ("- flour\n- eggs", "pass"),
        ("```python\nprint(1)\n```", "pass"),
        ("Roses are red,\nviolets are blue,\nthe kettle is on\nand so are you", "pass"),
    ],
)
def test_truncation(answer, expected):
    assert verdict("truncation", answer) == expected


@pytest.mark.parametrize(
    "answer",
    [
        "Stir it well. " * 8,
        GOOD + " and then you wait" * 9,
        "The pot is on the stove and the stove is hot. " * 5,
        "haha" * 30,
        "好的好的好的好的好的好的好的好的好的好的好的好的",
    ],
)
def test_loops_fail(answer):
    assert verdict("loop", answer) == "fail"


SONG = """Row on, row on,
the night is long.

The oars are worn, the water black,
no lamp will bring the sailors back.

Row on, row on,
the night is long.

The gulls have gone, the wind is cold,
the songs we knew are all too old.

Row on, row on,
the night is long."""


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        "```\n" + "x = step(x)\n" * 12 + "```",
        "| a | b |\n" + "| 0 | 0 |\n" * 20,
        SONG,
        "The capital of France is Paris. The capital of Spain is Madrid. The capital of Italy is Rome. The capital of "
        "Poland is Warsaw. The capital of Norway is Oslo.",
        "no no no",
        "00000000000000000000000000000000",
    ],
)
def test_code_tables_refrains_and_parallels_are_no_loops(answer):
    assert verdict("loop", answer) == "pass"


def test_the_number_of_repetitions_that_make_a_loop_is_a_setting():
    thrice = "Stir the pot well now. " * 3
    assert verdict("loop", thrice) == "pass"
    assert verdict("loop", thrice, spec=ChecksSpec(loop="fail", loop_repeats=3)) == "fail"


def test_repeating_the_instruction_is_an_echo():
    assert verdict("echo", ASKED) == "fail"
    assert verdict("echo", ASKED.upper() + "!") == "fail"
    assert verdict("echo", f"{ASKED} {GOOD}") == "fail"
    assert verdict("echo", GOOD) == "pass"
    assert verdict("echo", "Boil it.", "Boil it.") == "pass", "too short to tell"


def test_working_on_a_context_is_no_echo():
    text = "the builders come on monday at eight and they stay until wednesday evening"
    assert verdict("echo", text.capitalize() + ".", "Correct the spelling of this note.", context=text) == "pass"


@pytest.mark.parametrize(
    "answer",
    [
        "It is the pressure.\n### User\nThanks!",
        "It is the pressure.\nUser: thanks\nAssistant: you are welcome",
        "It is the pressure.<|im_end|>",
        "It is the pressure. [/INST]",
        "### Instruction: next one",
    ],
)
def test_role_markers_fail(answer):
    assert verdict("role_marker", answer) == "fail"


def test_a_dialogue_that_was_asked_for_is_no_next_turn():
    answer = "User: hello\nAssistant: hello"
    assert verdict("role_marker", answer, "Write a dialogue between a user and an assistant.") == "pass"
    assert verdict("role_marker", "Note: stir.\nInput: flour\nOutput: bread", "Explain baking.") == "pass"


# --- language ---------------------------------------------------------------------------------------------------

GERMAN = (
    "Das Wasser kocht in den Bergen bei einer niedrigeren Temperatur, weil der Druck der Luft dort nicht so hoch ist."
)
RUSSIAN = "Вода в горах кипит при более низкой температуре, потому что давление воздуха там меньше."


@pytest.mark.parametrize("answer", [GERMAN, RUSSIAN, "在山上水的沸点较低，因为那里的气压较低，所以面条要煮得更久。"])
def test_an_answer_in_another_language_fails(answer):
    asked = "Why does it take longer to cook pasta in the mountains than at the sea?"
    assert verdict("language", answer, asked) == "fail"
    assert verdict("language", answer, f"{asked} Answer in German, Russian or Chinese.") == "pass"
    assert verdict("language", answer, f"Translate what you can of this: {asked}") == "pass"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Warum kocht das Wasser in den Bergen nicht bei der gleichen Temperatur wie im Tal?", GERMAN),
        ("What is the name of the dish with an egg and a lot of cream that the French make?", "Quiche Lorraine."),
        ("¿Por qué crece el pan?", "Por el gas que la levadura produce en la masa."),
        ("Write the numbers from one to ten.", "1 2 3 4 5 6 7 8 9 10"),
    ],
)
def test_the_same_language_and_too_little_text_pass(asked, answer):
    assert verdict("language", answer, asked) == "pass"


# --- thought and answer -----------------------------------------------------------------------------------------

DECLINES = "This would be used to steal from people, so I decline and offer something harmless."
COMPLIES = "A plain question about cooking; the pressure of the air explains it."


def test_a_thought_that_declines_and_an_answer_that_complies_are_at_odds():
    assert verdict("at_odds", GOOD, thought=DECLINES, cited=("ethical",)) == "fail"
    assert verdict("at_odds", "I won't write that, because it would hurt people.", thought=DECLINES) == "pass"


def test_a_thought_that_complies_and_an_answer_that_refuses_are_at_odds():
    assert verdict("at_odds", "I'm sorry, but I cannot help with that.", thought=COMPLIES) == "fail"
    assert verdict("at_odds", GOOD, thought=COMPLIES) == "pass"


def test_a_thought_that_asks_wants_a_question():
    thought = "The size is missing; I ask for it."
    assert verdict("at_odds", "You need six litres.", thought=thought, cited=("clarification",)) == "flag"
    assert verdict("at_odds", "About six litres. How large is it?", thought=thought, cited=("clarification",)) == "pass"


def test_a_thought_that_cannot_know_wants_that_said():
    thought = "Only live data can tell, and I have none."
    assert verdict("at_odds", "It is sunny and 21 degrees in Oslo.", thought=thought) == "flag"
    assert verdict("at_odds", "I cannot see live data; a weather service shows it.", thought=thought) == "pass"


@pytest.mark.parametrize(
    ("intent", "thoughts"),
    [
        (
            Intent.DECLINE,
            "This would hurt people, so I decline in a sentence.|I should refuse this.|It must not be answered.|"
            "I cannot help with this, since it harms others.|The answer has to refuse politely, as it is dangerous.|"
            "I won't write this.",
        ),
        (Intent.LIMIT, "Only live data can tell, and I have none.|I cannot know what happens tomorrow."),
        (Intent.ASK, "The size is missing, so I ask for it.|A rule helps, and one question settles the rest."),
        (
            Intent.COMPLY,
            "I cannot give one number, so I give a range.|Sales began to decline in 1999; I explain why.|"
            "The user wants to decline an invitation politely.|He refuses to pay; the letter must be firm.|"
            "No reason to decline: a plain question.|The question asks which river is longest.",
        ),
    ],
)
def test_what_a_thought_means_to_do(intent, thoughts):
    for thought in thoughts.split("|"):
        assert intent_of(thought.lower()) is intent, thought


def test_principles_that_ask_for_different_answers_are_flagged():
    assert verdict("principle_conflict", GOOD, cited=("creative", "static")) == "flag"
    assert verdict("principle_conflict", GOOD, cited=("helpful", "static")) == "pass"
    pair = ChecksSpec(conflicts=(("Helpful", "reasoning"),), principle_conflict="fail")
    assert verdict("principle_conflict", GOOD, cited=("helpful", "reasoning"), spec=pair) == "fail"


def test_what_takes_long_to_load_is_loaded_by_warming_up():
    loaded = (languages._identifier, refusal._languages)
    for each in loaded:
        each.cache_clear()
    languages._classify.cache_clear()
    warm_up()
    assert [each.cache_info().currsize for each in loaded] == [1, 1]
