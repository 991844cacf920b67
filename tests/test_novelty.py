"""Near-duplicates: the index against brute force with rouge_score's own numbers; tokens; contexts; bounds."""

import itertools
import random
import threading
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq
from rouge_score.rouge_scorer import RougeScorer, _score_lcs

from selfalign.novelty import index as novelty
from selfalign.novelty import postings
from selfalign.novelty.index import CONTEXT_TOKENS, Neighbour, NoveltyIndex, NoveltySpec
from selfalign.novelty.postings import Limits
from selfalign.novelty.tokens import rouge_tokens, tokeniser, unicode_tokens

ROUGE = NoveltySpec(tokeniser="rouge", context="ignore")
SCORER = RougeScorer(["rougeL"], use_stemmer=False)

Item = tuple[str, str]
"""An instruction and its context."""


def similarity(one: Item, other: Item, spec: NoveltySpec) -> float:
    """What the module promises, written down again with rouge_score's LCS and F-measure."""
    tokenise = tokeniser(spec.tokeniser)
    text, other_text = tokenise(one[0]), tokenise(other[0])
    context, other_context = ([] if spec.context == "ignore" else tokenise(item[1]) for item in (one, other))
    if context and other_context:
        return min(_score_lcs(text, other_text).fmeasure, _score_lcs(context, other_context).fmeasure)
    return _score_lcs(text + context, other_text + other_context).fmeasure


def f_measure(lcs: int, m: int, n: int) -> float:
    return 2 * (lcs / m) * (lcs / n) / (lcs / m + lcs / n) if lcs else 0.0


def brute_force(pool: list[Item], item: Item, spec: NoveltySpec) -> Neighbour | None:
    best = None
    for number, kept in enumerate(pool):
        found = similarity(kept, item, spec)
        if found > (best.similarity if best else spec.threshold):
            best = Neighbour(str(number), found)
    return best


def check_stream(items: list[Item], spec: NoveltySpec, keep_all: bool = False, loose_tokens: int = 16) -> NoveltyIndex:
    """Offer the items in order; every answer must be that of brute force, whatever is in segments by then."""
    index, pool = NoveltyIndex(spec, loose_tokens), []
    for item in items:
        found = index.nearest(*item)
        assert found == brute_force(pool, item, spec)
        if found is None or keep_all:
            index.add(str(len(pool)), *item)
            pool.append(item)
            if len(pool) % 3:
                index.settle()
    assert len(index) == len(pool)
    return index


def word_texts(words: str, max_size: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words.split()), max_size=max_size).map(" ".join)


THRESHOLDS = st.sampled_from([0.5, 0.6, 0.7, 0.8, 0.0, 0.33, 0.95, 1.0])
TINY = word_texts("a b c", 8)
SMALL = word_texts("write a short story about the old dog and cat of my neighbour", 14)
REPEATED = st.tuples(st.sampled_from("a b".split()), st.integers(1, 20)).map(lambda pair: " ".join([pair[0]] * pair[1]))


@settings(max_examples=150, deadline=None)
@given(st.lists(TINY | SMALL | REPEATED | st.just("") | st.just("!?"), max_size=60), THRESHOLDS, st.booleans())
def test_verdicts_are_those_of_brute_force(texts: list[str], threshold: float, keep_all: bool) -> None:
    check_stream([(text, "") for text in texts], NoveltySpec(threshold, "rouge"), keep_all)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(SMALL, st.just("") | TINY), max_size=40), THRESHOLDS, st.sampled_from(["both", "ignore"]))
def test_verdicts_with_contexts_are_those_of_brute_force(items: list[Item], threshold: float, context: str) -> None:
    check_stream(items, NoveltySpec(threshold, "unicode", context))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(alphabet="ab é日本語 ไทย العربية Ё🎉5\u0301", max_size=20), max_size=30))
def test_verdicts_on_any_script_are_those_of_brute_force(texts: list[str]) -> None:
    check_stream([(text, "") for text in texts], NoveltySpec())


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8])
def test_every_tie_is_decided_as_rouge_score_decides_it(threshold: float) -> None:
    tenths = round(threshold * 10)
    num_above = 0
    for m, n in itertools.product(range(1, 41), repeat=2):
        lcs, remainder = divmod(tenths * (m + n), 20)
        if remainder or not lcs <= min(m, n):
            continue
        kept = " ".join([f"s{i}" for i in range(lcs)] + [f"k{i}" for i in range(m - lcs)])
        asked = " ".join([f"s{i}" for i in range(lcs)] + [f"q{i}" for i in range(n - lcs)])
        score = SCORER.score(kept, asked)["rougeL"].fmeasure
        assert score == pytest.approx(threshold, abs=1e-12)
        index = NoveltyIndex(NoveltySpec(threshold, "rouge"), loose_tokens=1)
        index.add("kept", kept)
        assert index.nearest(asked) == (Neighbour("kept", score) if score > threshold else None)
        num_above += score > threshold
    # Ties fall on both sides of the threshold where it has no exact binary form: comparing with >= would be wrong.
    assert num_above > 0 or threshold == 0.5


def mutated_stream(rng: random.Random, num_texts: int, num_words: int, longest: int) -> Iterator[str]:
    """Texts, half of which are earlier ones with some words changed, moved or removed."""
    words = [f"w{int(num_words * rng.random() ** 3)}" for _ in range(4 * num_words)]
    seen: list[list[str]] = []
    for _ in range(num_texts):
        text = [rng.choice(words) for _ in range(rng.randint(1, longest))]
        if seen and rng.random() < 0.5:
            text = list(rng.choice(seen))
            for _ in range(rng.randint(0, 1 + len(text) // 3)):
                text[rng.randrange(len(text))] = rng.choice(words)
        seen.append(text)
        yield " ".join(text)


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.4, 0.7])
def test_a_larger_pool_gives_the_verdicts_of_brute_force(threshold: float) -> None:
    texts = mutated_stream(random.Random(1), num_texts=400, num_words=300, longest=16)
    check_stream([(text, "") for text in texts], NoveltySpec(threshold, "rouge"), loose_tokens=128)


@pytest.mark.parametrize("threshold", [0.4, 0.7])
def test_long_texts_are_compared_like_others(threshold: float) -> None:
    """Around 255 tokens, where a text passes from one structure to the other."""
    rng = random.Random(2)
    index, pool = NoveltyIndex(NoveltySpec(threshold, "rouge"), loose_tokens=999), []
    for text in [*mutated_stream(rng, 60, 60, 300), *mutated_stream(rng, 60, 200, 700)]:
        words = text.split()
        for asked in (words, words[: len(words) * 4 // 10], words[: len(words) * 8 // 10]):
            best = None
            for number, kept in enumerate(pool):
                found = f_measure(LCSseq.similarity(asked, kept), len(asked), len(kept))
                if found > (best.similarity if best else threshold):
                    best = Neighbour(str(number), found)
            assert index.nearest(" ".join(asked)) == best
        index.add(str(len(pool)), text)
        pool.append(words)
    assert sum(len(words) > 255 for words in pool) > 20


def test_short_and_longer_texts_side_by_side() -> None:
    """Only texts of more than 32 tokens have a wide signature; a query may meet both kinds."""
    words = [f"t{number}" for number in range(40)]
    index = NoveltyIndex(NoveltySpec())
    index.add("other", " ".join(f"o{number}" for number in range(40)))
    index.add("longer", " ".join(words))
    index.add("short", " ".join(words[:30]))
    assert index.nearest(" ".join(words[:34])) == Neighbour("short", f_measure(30, 34, 30))


def test_texts_are_posted_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long they are: nobody waits long for the thread that builds a segment."""
    novelty._BUILDER.submit(int).result()  # what other tests have left it to build
    monkeypatch.setattr(postings, "_CHUNK", 50)
    largest = 0
    post = postings.Ranking.postings

    def noted(self: postings.Ranking, first: int, tokens: np.ndarray, *rest: object) -> np.ndarray:
        nonlocal largest
        largest = max(largest, len(tokens))
        return post(self, first, tokens, *rest)

    monkeypatch.setattr(postings.Ranking, "postings", noted)
    texts = mutated_stream(random.Random(7), num_texts=200, num_words=100, longest=20)
    check_stream([(text, "") for text in texts], NoveltySpec(), loose_tokens=256)
    assert 0 < largest <= 100


def test_more_texts_than_a_segment_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novelty, "SEGMENT_TEXTS", 16)
    texts = list(mutated_stream(random.Random(4), num_texts=100, num_words=80, longest=50))
    grown = check_stream([(text, text[::-1]) for text in texts], NoveltySpec(), keep_all=True, loose_tokens=64)
    filled = NoveltyIndex(NoveltySpec(), loose_tokens=64)
    filled.extend((str(number), text, text[::-1]) for number, text in enumerate(texts))
    assert max(segment.last - segment.first for segment in filled._segments) == 16
    assert [grown.nearest(text, text[::-1]) for text in texts] == [filled.nearest(text, text[::-1]) for text in texts]


@pytest.mark.parametrize("threshold", [0.5, 0.7])
def test_one_shared_token_less_is_too_few_at_any_length(threshold: float) -> None:
    for m, n in itertools.product([3, 10, 100, 139, 180, 254, 255, 256, 257, 300], repeat=2):
        enough = next((lcs for lcs in range(1, min(m, n) + 1) if f_measure(lcs, m, n) > threshold), None)
        if enough is None:
            continue
        index = NoveltyIndex(NoveltySpec(threshold), loose_tokens=1)
        index.add("kept", " ".join(f"t{number}" for number in range(m)))
        for lcs in (enough, enough - 1):
            asked = [f"t{m - lcs + number}" if number < lcs else f"q{number}" for number in range(n)]
            score = f_measure(lcs, m, n)
            assert index.nearest(" ".join(asked)) == (Neighbour("kept", score) if lcs == enough else None)


def test_the_same_verdicts_after_a_rebuild_at_once() -> None:
    texts = list(mutated_stream(random.Random(3), 600, 200, 12))
    grown = NoveltyIndex(NoveltySpec(), loose_tokens=64)
    kept = []
    for number, text in enumerate(texts):
        if grown.nearest(text) is None:
            grown.add(str(number), text)
            kept.append((str(number), text, ""))
    assert 100 < len(kept) < 500
    rebuilt, half = NoveltyIndex(NoveltySpec(), loose_tokens=64), NoveltyIndex(NoveltySpec())
    rebuilt.extend(kept)
    half.extend(kept[:77])
    for item in kept[77:]:
        half.add(*item)
    for text in texts:
        assert grown.nearest(text) == rebuilt.nearest(text) == half.nearest(text)


def test_extending_while_a_rebuild_is_under_way() -> None:
    index = NoveltyIndex(NoveltySpec(), loose_tokens=12)
    texts = [f"{one} {two} {one}{two}" for one in "abcdefgh" for two in "ijklmnop"]
    for text in texts[:21]:
        index.add(text, text)
    index.extend((text, text, "") for text in texts[21:40])
    for text in texts[40:]:
        index.add(text, text)
    assert [index.nearest(text) for text in texts] == [Neighbour(text, 1.0) for text in texts]


def test_the_nearest_is_the_most_similar_then_the_earliest() -> None:
    index = NoveltyIndex(NoveltySpec())
    index.add("far", "write one long story about a red dog")
    index.add("near", "write one long story about a big dog")
    index.add("twin", "write one long story about a big dog")
    assert index.nearest("Write one long story about a big dog!") == Neighbour("near", 1.0)


def test_short_texts_follow_the_published_rule() -> None:
    index = NoveltyIndex(NoveltySpec())
    index.add("french", "Translate this to French")
    assert index.nearest("Translate this to German") == Neighbour("french", 0.75)
    assert index.nearest("Translate") is None


# -- contexts

SUMMARISE = "Summarise the following text in one sentence."
RIVER = "The river rose for three days before it broke through the old dam above the town."
MARKET = "Prices at the weekly market fell because more farmers came from the southern valleys."


def test_the_same_request_about_another_text_is_new() -> None:
    index = NoveltyIndex(NoveltySpec())
    index.add("river", SUMMARISE, RIVER)
    assert index.nearest(SUMMARISE, MARKET) is None
    assert index.nearest("Please summarise the following text in one sentence.", RIVER.upper()).id == "river"


def test_a_short_context_decides_below_a_long_instruction() -> None:
    request = "Classify the following film review as positive, negative or neutral and explain your decision briefly."
    index = NoveltyIndex(NoveltySpec())
    index.add("delight", request, "The film was a pure delight.")
    assert index.nearest(request, "Terrible acting and a dull plot.") is None
    assert index.nearest(request, "The film was a pure delight!") == Neighbour("delight", 1.0)


def test_another_question_about_the_same_text_is_new() -> None:
    index = NoveltyIndex(NoveltySpec())
    index.add("river", SUMMARISE, RIVER)
    assert index.nearest("Which event is described, and when did it happen?", RIVER) is None


def test_a_text_inside_the_instruction_meets_the_same_text_as_a_context() -> None:
    index = NoveltyIndex(NoveltySpec())
    index.add("inline", f"{SUMMARISE} {RIVER}")
    assert index.nearest(SUMMARISE, RIVER) == Neighbour("inline", 1.0)
    assert index.nearest(SUMMARISE) is None
    assert index.nearest(SUMMARISE, MARKET) is None


def test_a_context_counts_below_an_instruction_of_any_length() -> None:
    request = " ".join(f"w{number}" for number in range(300))
    index = NoveltyIndex(NoveltySpec())
    index.add("river", request, RIVER)
    assert index.nearest(request, MARKET) is None
    assert index.nearest(request, RIVER) == Neighbour("river", 1.0)


def test_contexts_can_be_ignored() -> None:
    index = NoveltyIndex(NoveltySpec(context="ignore"))
    index.add("river", SUMMARISE, RIVER)
    assert index.nearest(SUMMARISE, MARKET) == Neighbour("river", 1.0)


def test_a_long_context_counts_by_its_beginning_and_its_end() -> None:
    half = CONTEXT_TOKENS // 2
    words = [f"w{number}" for number in range(4 * half)]
    index = NoveltyIndex(NoveltySpec())
    index.add("long", SUMMARISE, " ".join(words))
    middle_changed = [*words[:half], *["x"] * (2 * half), *words[-half:]]
    assert index.nearest(SUMMARISE, " ".join(middle_changed)) == Neighbour("long", 1.0)
    assert index.nearest(SUMMARISE, " ".join([*words[:-half], *["x"] * half])) is None


# -- tokens


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(max_codepoint=127)))
def test_on_ascii_the_tokens_are_those_of_rouge_score(text: str) -> None:
    assert unicode_tokens(text) == rouge_tokens(text) == SCORER._tokenizer.tokenize(text)


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_the_rouge_tokeniser_is_that_of_rouge_score_on_any_text(text: str) -> None:
    assert rouge_tokens(text) == SCORER._tokenizer.tokenize(text)


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_tokens_are_never_empty_and_case_and_width_make_no_difference(text: str) -> None:
    tokens = unicode_tokens(text)
    assert all(tokens)
    wide = text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    if any(character.isalnum() for character in text):
        assert unicode_tokens(wide) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't use snake_case, 3.5 times", "don t use snake case 3 5 times"),
        ("Ｗｒｉｔｅ Ｐｙｔｈｏｎ", "write python"),
        ("Où est le café? STRASSE, Straße", "où est le café strasse strasse"),
        ("Cafe\u0301 co\u00adoperate zero\u200bwidth", "café cooperate zerowidth"),
        ("用Python写一个函数", "用 python 写 一 个 函 数"),
        ("日本語のテスト、ﾃｽﾄ", "日 本 語 の テ ス ト テ ス ト"),
        ("한국어로 번역하세요", "한국어로 번역하세요"),
        ("Переведи ЭТО", "переведи это"),
        ("اكتب قصة", "اكتب قصة"),
        ("किताब के बारे में", "किताब के बारे में"),
        ("ที่นี่", "ที่ นี่"),
        ("🎉🎊 ?", "🎉 🎊"),
        ("party 🎉", "party"),
        ("?!", ""),
        ("\ud800", ""),
    ],
)
def test_unicode_tokens(text: str, tokens: str) -> None:
    if text == "\ud800":  # a lone surrogate, as a model may write it in JSON: any tokens will do, an exception will not
        assert len(unicode_tokens(text)) <= 1
    else:
        assert unicode_tokens(text) == tokens.split()


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        ("请把下面的句子翻译成英文", "请把下面的句子翻译成法文"),
        ("次の文章を要約してください", "次の文を要約してください"),
        ("ช่วยแปลประโยคนี้เป็นภาษาอังกฤษ", "ช่วยแปลประโยคนี้เป็นภาษาจีน"),
        ("Напиши короткий рассказ о старой собаке", "напиши короткий рассказ о старой кошке"),
        ("اكتب قصة قصيرة عن كلب عجوز", "اكتب قصة قصيرة عن قط عجوز"),
        ("다음 문장을 영어로 번역해 주세요", "다음 문장을 영어로 번역해 보세요"),
    ],
)
def test_scripts_that_rouge_score_does_not_see(kept: str, asked: str) -> None:
    blind, seeing = NoveltyIndex(ROUGE), NoveltyIndex(NoveltySpec())
    for index in (blind, seeing):
        index.add("kept", kept)
    assert blind.nearest(kept) is None
    assert seeing.nearest(asked).id == "kept"
    assert seeing.nearest("用Python写一个函数" if "请" not in kept else "Напиши рассказ") is None


def test_chinese_texts_that_share_a_number_are_no_duplicates() -> None:
    blind, seeing = NoveltyIndex(ROUGE), NoveltyIndex(NoveltySpec())
    for index in (blind, seeing):
        index.add("kept", "列出5种水果")
    assert blind.nearest("写一篇5句话的短文介绍北京") == Neighbour("kept", 1.0)
    assert seeing.nearest("写一篇5句话的短文介绍北京") is None


# -- the specification


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ({"threshold": 1.2}, "threshold"),
        ({"threshold": -0.1}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"threshold": "0.7"}, "threshold"),
        ({"tokeniser": "words"}, "tokeniser"),
        ({"context": "some"}, "context"),
    ],
)
def test_a_wrong_specification_names_its_key(arguments: dict[str, object], key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: "):
        NoveltySpec(**arguments)


# -- bounds, counted


def distinct_texts(number: int) -> list[str]:
    rng = random.Random(5)
    words = [f"word{int(2000 * rng.random() ** 2)}" for _ in range(8000)]
    return [" ".join(rng.choice(words) for _ in range(rng.randint(5, 15))) for _ in range(number)]


def test_few_texts_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = distinct_texts(4000)
    index = NoveltyIndex(NoveltySpec(), loose_tokens=2560)
    index.extend((text, text, "") for text in texts)
    num_compared = 0
    exact = novelty._rouge_l

    def counted(one: str, other: str) -> float:
        nonlocal num_compared
        num_compared += 1
        return exact(one, other)

    monkeypatch.setattr(novelty, "_rouge_l", counted)
    assert all(index.nearest(text) == Neighbour(text, 1.0) for text in texts[:500])
    assert num_compared < 5 * 500


def test_segments_are_built_in_a_thread_while_the_pool_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    builders = set()
    build = novelty.build_segment

    def noted(*arguments: object) -> postings.Segment:
        builders.add(threading.current_thread())
        return build(*arguments)

    monkeypatch.setattr(novelty, "build_segment", noted)
    index = NoveltyIndex(NoveltySpec(), loose_tokens=160)
    for number, text in enumerate(distinct_texts(3000)):
        index.add(text, text)
        if number % 16 == 0:
            index.settle()
            # The newest texts are scanned one by one, so the segments must keep up with them.
            assert len(index) - index._first_loose <= 64
    assert builders
    assert threading.main_thread() not in builders
    assert len(index._segments) < 8


def test_a_build_that_fails_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(novelty, "build_segment", fail)
    index = NoveltyIndex(NoveltySpec(), loose_tokens=1)
    index.add("a", "a b c")
    with pytest.raises(MemoryError):
        index.settle()


def test_a_text_of_ten_thousand_words() -> None:
    rng = random.Random(6)
    words = [f"w{int(4000 * rng.random() ** 2)}" for _ in range(10_000)]
    changed = [word if rng.random() < 0.9 else "other" for word in words]
    index = NoveltyIndex(NoveltySpec())
    index.extend((text, text, "") for text in distinct_texts(100))
    tracemalloc.start()
    index.add("long", " ".join(words))
    assert tracemalloc.get_traced_memory()[0] < 2_000_000
    tracemalloc.stop()
    assert index.nearest(" ".join(words)) == Neighbour("long", 1.0)
    expected = f_measure(LCSseq.similarity(words, changed), 10_000, 10_000)
    assert index.nearest(" ".join(changed)) == Neighbour("long", expected)
    assert index.nearest(" ".join(reversed(words))) is None


def test_one_word_ten_thousand_times() -> None:
    index = NoveltyIndex(NoveltySpec())
    for times in (1, 200, 255, 256, 10_000):
        index.add(str(times), "word " * times)
    assert len(index._vocabulary) == 10_000
    for times in (1, 200, 10_000):
        assert index.nearest("word " * times) == Neighbour(str(times), 1.0)
    assert index.nearest("word " * 9_000) == Neighbour("10000", pytest.approx(18 / 19))
    assert index.nearest("word " * 3_000) is None


def test_a_text_beyond_all_measure_counts_by_its_first_tokens() -> None:
    index = NoveltyIndex(NoveltySpec())
    index.add("endless", "word " * novelty.MAX_TOKENS)
    assert index.nearest("word " * (20 * novelty.MAX_TOKENS)) == Neighbour("endless", 1.0)


def test_limits_lose_no_pair() -> None:
    """least(m, n) is never above the smallest LCS whose F-measure exceeds the threshold; prefixes are long enough."""
    for threshold in (0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0):
        limits = Limits(threshold)
        for m, n in itertools.product([1, 2, 3, 7, 10, 40, 200, 256, 1000], repeat=2):
            enough = next((lcs for lcs in range(1, min(m, n) + 1) if f_measure(lcs, m, n) > threshold), None)
            if enough is None:
                continue
            of_length = limits.of_length(m)
            assert of_length.least[n] <= enough
            hits = of_length.hits[n]
            assert 1 <= hits <= of_length.least[n]
            assert limits.prefix[n] >= n - enough + hits
            lows, highs = of_length.ranges.astype(np.int64)[:, : m - enough + hits] >> 20
            assert (lows <= n).all()
            assert (n < highs).all()
            assert len(lows) >= m - enough + hits
