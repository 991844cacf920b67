"""The pool: what is kept, and why the rest is not."""

import asyncio

from proposals import SEEDS, SELF_INSTRUCT, completion, listing, made_up, make_pool, screened

from selfalign.propose import ProposeSpec
from selfalign.propose.window import Choice, screen_round
from selfalign.records import RejectionReason


def test_what_is_kept_and_why_the_rest_is_not():
    finished = screened(
        listing(
            "List five ways to reuse a glass jar at home.",
            "List five ways to reuse a glass jar at home!",
            "name three rivers that flow through vienna.",
            "Why is the sky so blue on a clear day?",
            "Go.",
            "Draw a cat on a red sofa.",
        )
    )
    assert [item.id for item in finished.accepted] == ["p0000000-00"]
    reasons = [(item.reason, item.nearest_id) for item in finished.rejected]
    assert reasons == [
        (RejectionReason.NEAR_DUPLICATE, "p0000000-00"),
        (RejectionReason.REPEATS_SHOWN, "seed-0"),
        (RejectionReason.NEAR_DUPLICATE, "seed-3"),
        (RejectionReason.TOO_SHORT, None),
        (RejectionReason.NOT_TEXT, None),
    ]
    assert all(item.similarity > 0.7 for item in finished.rejected if item.reason is RejectionReason.NEAR_DUPLICATE)


def test_a_contaminated_instruction_names_where_it_stands():
    pool = make_pool()
    pool.find_contamination = lambda text, context: "evaluation.jsonl:7" if "jar" in text else None
    finished = screened(" List five ways to reuse a jar.", shown=(), pool=pool)
    assert [(item.reason, item.detail) for item in finished.rejected] == [
        (RejectionReason.CONTAMINATED, "evaluation.jsonl:7")
    ]


def test_others_have_their_turn_between_two_verdicts():
    pool, turns = make_pool(), []

    async def others():
        while True:
            turns.append(len(pool.index))
            await asyncio.sleep(0)

    async def screen_beside_others():
        beside = asyncio.create_task(others())
        reply = " " + "\n\n### Task 9\nInstruction: ".join(made_up(273 * number) for number in range(6))
        finished = await screen_round(completion(reply), SELF_INSTRUCT, Choice(SEEDS[:2]), pool, ProposeSpec())
        beside.cancel()
        return finished

    assert len(asyncio.run(screen_beside_others()).accepted) == 6
    assert set(range(len(SEEDS) + 1, len(SEEDS) + 6)) <= set(turns)
