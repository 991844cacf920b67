"""Revising what the judge scored low: one revision by the weakest principle, which stays only if it scores better.

Only a judge that has earned it may do this: the one that finds fault with an answer also says whether the fault is
gone. The revision is scored by what it cites and by all that its draft was scored by, so that it gains nothing by
citing fewer principles.

`judging["revising"]` of such an outcome has the scores of both answers and which of them won:

    draft       principle id -> score
    revised     principle id -> score; empty where the revision was not scored
    is_better   whether the revision won
"""

from collections.abc import Mapping
from dataclasses import replace

from selfalign.align.judging import TIE, Judge, score_by
from selfalign.align.revise import is_presentable
from selfalign.engine.spec import Engine
from selfalign.judge import Cost, weakest
from selfalign.records import Constitution, Example, Outcome


def low_principle(outcome: Outcome, judge: Judge) -> str | None:
    """The principle that an example is to be revised by: its weakest, where the judge may judge and scores it below
    the threshold. None where nothing is to be revised, or was already."""
    if not (judge.chooses and isinstance(outcome, Example)) or outcome.revision or not is_presentable(outcome.answer):
        return None
    lowest = weakest((outcome.judging or {}).get("scores") or {}, judge.weights)
    return lowest[0] if lowest and lowest[1] < judge.threshold else None


async def keep_better(
    engine: Engine, draft: Example, revised: Outcome, constitution: Constitution, judge: Judge, *, style: str
) -> Outcome:
    """The better of an answer and its revision, with the scores of both. Raises what `Engine.choose` raises but
    `PromptRefused`."""
    if (revision := revised.revision) is None:
        return draft
    before, scores, detail = draft.judging["scores"], {}, revision.detail
    cost = Cost(draft.judging["questions"], draft.judging["tokens"])
    if revision.answer == draft.answer:
        detail = "the same answer again"
    elif not detail:
        by = {*before, *revised.principles_cited}
        scores, more = await score_by(engine, revised, by, constitution, judge, style)
        cost, detail = cost.plus(more), _why_not(before, scores, judge)
    judging = {**draft.judging, **cost._asdict()}
    judging["revising"] = {"draft": before, "revised": scores, "is_better": not detail}
    if detail:
        return replace(draft, revision=replace(revision, detail=detail), judging=judging)
    return replace(revised, judging={**judging, "scores": scores})


def _why_not(draft: Mapping[str, float], revised: Mapping[str, float], judge: Judge) -> str:
    """Why a revision is no better than its draft, by the scores of both; "" if it is."""
    before, after = weakest(draft, judge.weights), weakest(revised, judge.weights)
    if draft.keys() - revised.keys():
        return "judged: it could not be asked about by every principle"
    if after[1] <= before[1] + TIE:
        return f"judged no better: {after[0]} {revised[after[0]]:.2f}"
    return ""
