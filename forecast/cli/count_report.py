"""A count for readers: seats, who was admitted and why, the working, ties, how close the last seat was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from forecast.cli.count_chamber import chamber_as_json, chamber_table, uncovered_table
from forecast.cli.count_districts import districts_as_json, districts_table, standing_somewhere
from forecast.election import Election
from forecast.election.methods import METHODS
from forecast.election.numbers import percent
from forecast.errors import Fault, NoValidOutcome
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.margins import NextSeat, next_seats
from forecast.rules.outcome import Admission, Line, Outcome, Step, Tie
from forecast.rules.thresholds import NO_THRESHOLD
from forecast.tables.terminal import print_line, shown_text
from forecast.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

    from forecast.rules.counts import Count

_DECIDED = {
    "votes": "more votes go first",
    "registration": "the order of registration",
    "lot": "a lot, which is still to be drawn: the seats stand in the order of registration until then",
}
_BASES = {
    "valid": "valid votes",
    "lists": "votes for lists",
    "cast": "ballots cast",
    "registered": "registered voters",
}


def refuse_void(election: Election, outcome: Outcome) -> None:
    """Raise ``NoValidOutcome`` where nobody with votes was admitted."""
    if not outcome.void:
        return
    threshold = election.rule.threshold or NO_THRESHOLD
    level = threshold.level if isinstance(threshold.level, str) else _level(threshold.level)
    remedy = (
        "no list is admitted, so the election has no valid outcome; what should happen then is said by "
        'rule.threshold.nobody: "void", {admit = n} or {lower_to = share}'
    )
    raise NoValidOutcome(Fault(election.place, "rule.threshold.level", level, remedy))


def seats_as_json(
    election: Election, ready: Count, outcome: Outcome, warnings: Sequence[str]
) -> dict[str, Any]:
    """The count as plain data (docs/json.md): totals, seats, parties, ties, and what a reader must know."""
    ballot = ready.ballot
    return {
        "election": election.election.id,
        "seats": outcome.house,
        "valid_votes": ballot.valid,
        "threshold_base": outcome.base,
        "parties": [
            {
                "id": entry.id,
                "votes": entry.votes,
                "admitted": outcome.admissions[entry.id].admitted,
                "seats": outcome.seats[entry.id],
            }
            for entry in ballot.entries
        ],
        "districts": districts_as_json(election, ready, outcome) if outcome.districts else [],
        "in_no_district": dict(outcome.unplaced),
        **chamber_as_json(election, outcome),
        "ties": [
            {
                "lists": list(tie.lists),
                "seats": tie.seats,
                "won": list(tie.won),
                "claim": tie.claim,
                "place": tie.place,
                "decided_by": tie.decided_by,
                "provisional": tie.provisional,
            }
            for tie in outcome.ties
        ],
        "not_counted": list(ready.not_counted),
        "warnings": list(warnings),
    }


def print_count(
    console: Console, election: Election, ready: Count, outcome: Outcome, warnings: Sequence[str]
) -> None:
    """The table of a count, the totals, the ties, the votes that separate the last seat, and what to mind."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    ballot = ready.ballot
    names = _labels(election, ballot)
    lines = _lines(outcome)
    working = _working_columns(outcome)
    title = shown_text(election.election.name)
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for title in ("list", "votes", "share", "admitted", *working, "seats"):
        table.add_column(title, justify="left" if title in ("list", "admitted") else "right", no_wrap=True)
    for entry in ballot.entries:
        line = lines.get(entry.id)
        table.add_row(
            shown_text(visible(names[entry.id])),
            _number(entry.votes),
            _share(entry.votes, ballot.valid),
            _why(election, entry, outcome.admissions[entry.id]),
            *(_cell(title, line) for title in working),
            str(outcome.seats[entry.id]),
        )
    total = ["" for _ in working]
    table.add_section()
    table.add_row(
        "total", _number(ballot.valid), _share(ballot.valid, ballot.valid), "", *total, str(outcome.house)
    )
    console.print(table)
    by_district = districts_table(election, ready, outcome, names)
    if by_district is not None:
        console.print(by_district)
        for text in standing_somewhere(ready, names):
            print_line(console, text)
    whole = chamber_table(election, outcome)
    for more in (whole, uncovered_table(election, outcome)):
        if more is not None:
            console.print(more)
    unused = [f"not counted: {', '.join(ready.not_counted)}"] if ready.not_counted else []
    minded = [f"Mind: {warning}" for warning in warnings]
    for text in (*_remarks(election, ballot, outcome, names), *unused, *minded):
        print_line(console, text)


def _labels(election: Election, ballot: Ballot) -> dict[str, str]:
    known = election.by_id
    return {
        entry.id: known[entry.id].label if entry.id in known else "not listed" for entry in ballot.entries
    }


def _lines(outcome: Outcome) -> dict[str, Line]:
    """The working of each list in the national division, or inside its alliance; none by district."""
    steps = [step for step in outcome.steps if not step.place or step.place.startswith("alliance ")]
    return {line.id: line for step in steps for line in step.lines}


def _main_step(outcome: Outcome) -> Step | None:
    return next((step for step in outcome.steps if not step.place), None)


def _working_columns(outcome: Outcome) -> tuple[str, ...]:
    step = _main_step(outcome)
    if step is None:
        return ()
    return ("quotas", "remainder") if step.quota is not None else ("last quotient", "next quotient")


def _cell(title: str, line: Line | None) -> str:
    if line is None:
        return ""
    value = {
        "quotas": line.whole,
        "remainder": line.remainder,
        "last quotient": line.last_quotient,
        "next quotient": line.next_quotient,
    }[title]
    return "" if value is None else _decimal(value)


def _why(election: Election, entry: Entry, admission: Admission) -> str:
    needed = "" if admission.level is None else _level(admission.level)
    answers: Mapping[str, str] = {
        "no threshold": "yes",
        "level": f"yes, {needed} reached",
        "exempt": f"yes, {entry.kind} exempt",
        "direct seats": f"yes, {entry.direct_seats} direct seats",
        "regional share": "yes, share in one region",
        "district seats": "yes, seats in the districts",
        "regions": "yes, votes in the regions",
        "alliance": f"yes, with {entry.alliance}",
        "next-largest": "yes, as next-largest",
        "nobody passed": "yes, as nobody passed",
        "below the level": f"no, below {needed}",
        "counts for its alliance": f"no, below {needed}; counts for {entry.alliance}",
        "cannot win seats": f"no, {entry.kind}",
    }
    return answers[admission.ground]


def _remarks(election: Election, ballot: Ballot, outcome: Outcome, names: Mapping[str, str]) -> list[str]:
    return [
        *_threshold_remark(election, outcome),
        *_method_remark(outcome),
        *_alliance_remarks(outcome, names),
        *(f"bonus: {seats} seats for {names[name]}" for name, seats in outcome.bonus.items()),
        *(_tie_remark(tie, names) for tie in outcome.ties),
        *_last_seat_remark(election, ballot, names),
    ]


def _threshold_remark(election: Election, outcome: Outcome) -> list[str]:
    threshold = election.rule.threshold
    if threshold is None or outcome.base is None:
        return []
    level = Fraction(1, election.rule.seats) if isinstance(threshold.level, str) else threshold.level
    shown = "one seat's worth" if isinstance(threshold.level, str) else _level(level)
    votes = level * outcome.base
    return [
        f"threshold: {shown} of {_number(outcome.base)} {_BASES[threshold.base]} = {_decimal(votes)} votes"
    ]


def _method_remark(outcome: Outcome) -> list[str]:
    step = _main_step(outcome)
    if step is None:
        return []
    title = METHODS[step.method].title
    if step.quota is None:
        return [f"method: {title}"]
    return [f"method: {title} = {_decimal(step.quota)} votes for each of {step.seats} seats"]


def _alliance_remarks(outcome: Outcome, names: Mapping[str, str]) -> list[str]:
    step = _main_step(outcome)
    inside = {step.place: step for step in outcome.steps if step.place.startswith("alliance ")}
    remarks: list[str] = []
    for line in step.lines if step else ():
        if line.id in inside:
            members = ", ".join(names[member.id] for member in inside[line.id].lines)
            remarks.append(f"{line.id}: {line.seats} seats, divided among {members}")
    return remarks


def _tie_remark(tie: Tie, names: Mapping[str, str]) -> str:
    tied = ", ".join(names.get(name, name) for name in tie.lists)
    won = ", ".join(names.get(name, name) for name in tie.won)
    where = f" in {tie.place}" if tie.place else ""
    seats = "1 seat" if tie.seats == 1 else f"{tie.seats} seats"
    return f"tie{where}: {tied} have an equal {tie.claim} for {seats}; to {won} by {_DECIDED[tie.decided_by]}"


def _last_seat_remark(election: Election, ballot: Ballot, names: Mapping[str, str]) -> list[str]:
    closest = next(iter(next_seats(election.rule, ballot).values()), None)
    return [last_seat_sentence(closest, names)] if closest else []


def last_seat_sentence(closest: NextSeat, names: Mapping[str, str]) -> str:
    """How close the last seat was, in words."""
    gained = "a seat" if closest.gains == 1 else f"{closest.gains} seats"
    losers = " and ".join(names.get(name, name) for name in closest.losers)
    taken = f" from {losers}" if losers else ""
    return (
        f"last seat: {_number(closest.votes)} more votes for {names[closest.list]} would take {gained}{taken}"
    )


def _level(level: Fraction) -> str:
    """A level as people write it; one seat's worth (1/150) is rounded."""
    shown = percent(level)
    return f"{float(100 * level):.2f}%" if "/" in shown else shown


def _number(value: int) -> str:
    return f"{value:,}"


def _share(votes: int, valid: int) -> str:
    return f"{100 * votes / valid:.2f}%" if valid else ""


def _decimal(value: Fraction | float | int) -> str:
    """A number for a table: whole as it is, others with two decimals."""
    if isinstance(value, float):
        return f"{value:,.2f}"
    number = Fraction(value)
    return f"{int(number):,}" if number.denominator == 1 else f"{float(number):,.2f}"
