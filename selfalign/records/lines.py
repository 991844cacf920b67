"""A journal's line back to the record that it was: the inverse of `records.to_row`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from selfalign.records import (
    SELF_INSTRUCT,
    Cell,
    CheckResult,
    Constitution,
    Contrast,
    Demonstration,
    Example,
    Failure,
    FailureReason,
    Instruction,
    Outcome,
    Persona,
    Principle,
    Rejection,
    RejectionReason,
    Revision,
    Round,
    Usage,
    Verdict,
)


def round_from_row(row: Mapping[str, Any]) -> Round:
    """The inverse of `to_row` for a `Round`; raises KeyError, TypeError or ValueError on a foreign row."""
    return Round(
        index=row["index"],
        shown_ids=tuple(row["shown_ids"]),
        accepted=tuple(_instruction(item) for item in row["accepted"]),
        rejected=tuple(_rejection(item) for item in row["rejected"]),
        usage=Usage(**row["usage"]),
        proposer=row.get("proposer", SELF_INSTRUCT),
        hints=tuple(Cell(*item) for item in row.get("hints", ())),
        kind=row.get("kind", ""),
        topics=tuple(row.get("topics", ())),
    )


def outcome_from_row(row: Mapping[str, Any]) -> Outcome:
    """The inverse of `to_row` for an `Example` or `Failure`; raises like `round_from_row`."""
    if "reply" not in row:
        raise ValueError("it lacks the reply, which earlier versions did not keep: make the run anew")
    shared = {
        **row,
        "instruction": _instruction(row["instruction"]),
        "principles_cited": tuple(row["principles_cited"]),
        "checks": tuple(_check_result(item) for item in row["checks"]),
        "usage": Usage(**row["usage"]),
    }
    if "contrasts" in row:
        shared["contrasts"] = tuple(map(_contrast, row["contrasts"]))
    if "revision" in row:
        shared["revision"] = Revision(**{**row["revision"], "usage": Usage(**row["revision"]["usage"])})
    if "reason" in row:
        return Failure(**{**shared, "reason": FailureReason(row["reason"])})
    return Example(**shared)


def constitution_from_row(row: Mapping[str, Any]) -> Constitution:
    """The inverse of `to_row` for a `Constitution`; raises like `round_from_row`."""
    demonstrations = (Demonstration(**{**item, "cites": tuple(item["cites"])}) for item in row["demonstrations"])
    return Constitution(
        **{
            **row,
            "persona": Persona(**row["persona"]),
            "principles": tuple(Principle(**item) for item in row["principles"]),
            "demonstrations": tuple(demonstrations),
        }
    )


def _instruction(row: Mapping[str, Any]) -> Instruction:
    instruction = Instruction(**row)
    return replace(instruction, cell=Cell(*instruction.cell)) if instruction.cell else instruction


def _rejection(row: Mapping[str, Any]) -> Rejection:
    return Rejection(**{**row, "reason": RejectionReason(row["reason"])})


def _contrast(row: Mapping[str, Any]) -> Contrast:
    checks = tuple(map(_check_result, row.get("checks", ())))
    reason = FailureReason(row["reason"]) if "reason" in row else None
    return Contrast(**{**row, "usage": Usage(**row["usage"]), "checks": checks, "reason": reason})


def _check_result(row: Mapping[str, Any]) -> CheckResult:
    return CheckResult(**{**row, "verdict": Verdict(row["verdict"])})
