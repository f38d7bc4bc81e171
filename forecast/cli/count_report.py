"""A count for readers: seats, who was admitted and why, the working, ties, how close the last seat was; the
same by district, and the whole chamber.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from forecast.election import Election
from forecast.election.methods import METHODS
from forecast.election.values import percent
from forecast.errors import Fault, NoValidOutcome, visible
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.outcome import Admission, Line, Outcome, Step, Tie
from forecast.rules.reference import NextSeat, last_seats, next_seats
from forecast.rules.thresholds import NO_THRESHOLD
from forecast.tables.exporting import grid, print_line, shown_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from forecast.election import Election
    from forecast.rules.ballot import District
    from forecast.rules.counts import Count
    from forecast.rules.outcome import DistrictSeats, Outcome


_DECIDED = {
    "votes": "more votes go first",
    "fewest-votes": "fewer votes go first",
    "no-seat": "a list without a seat goes first",
    "registration": "the order of registration",
    "list-number": "the smaller number of the list on the ballot",
    "lot": "a lot, which is still to be drawn: the seats stand in the order of registration until then",
    "precincts": "the precincts that each won, which are not known here: the seats stand in the order of "
    "registration until then",
}
_MOST_NAMED = 6
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
        "votes_outside": dict(outcome.outside),
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
            _why(entry, outcome.admissions[entry.id]),
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


def _why(entry: Entry, admission: Admission) -> str:
    needed = "" if admission.level is None else _level(admission.level)
    answers: Mapping[str, str] = {
        "no threshold": "yes",
        "level": f"yes, {needed} reached",
        "exempt": f"yes, {entry.kind} exempt",
        "direct seats": f"yes, {entry.direct_seats} direct seats",
        "regional share": "yes, share in one region",
        "district share": "yes, share in one district",
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
        *_outside_remark(ballot, outcome, names),
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
    level = election.rule.general_level
    shown = "one seat's worth" if isinstance(threshold.level, str) else _level(level)
    votes = level * outcome.base
    return [
        f"threshold: {shown} of {_number(outcome.base)} {_BASES[threshold.base]} = {_decimal(votes)} votes"
    ]


def _outside_remark(ballot: Ballot, outcome: Outcome, names: Mapping[str, str]) -> list[str]:
    """Votes that count for nobody: how many, and whose."""
    if not outcome.outside:
        return []
    most = sorted(outcome.outside.items(), key=lambda of: -of[1])
    shown = [f"{names.get(name, name)} {_number(votes)}" for name, votes in most[:_MOST_NAMED]]
    more = [f"and {len(most) - _MOST_NAMED} more"] if len(most) > _MOST_NAMED else []
    lost = sum(outcome.outside.values())
    listed = ", ".join([*shown, *more])
    return [f"count for no seat: {_number(lost)} votes ({_share(lost, ballot.valid)}): {listed}"]


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


def chamber_as_json(election: Election, outcome: Outcome) -> dict[str, Any]:
    """The chamber as plain data (docs/json.md); nothing where it is its lists alone."""
    uncovered = [
        {
            "district": winner.district,
            "region": winner.region,
            "id": winner.holder,
            "votes": winner.votes,
            "share": float(winner.share),
        }
        for winner in outcome.uncovered
    ]
    without = {"uncovered": uncovered} if any(tier.how == "covered" for tier in election.tiers) else {}
    if not outcome.tiers:
        return without
    return without | {
        "chamber": {
            "size": sum(outcome.chamber.values()),
            "tiers": {"lists": dict(outcome.seats), **{id: dict(won) for id, won in outcome.tiers.items()}},
            "holders": [{"id": holder, "seats": seats} for holder, seats in outcome.chamber.items()],
        }
    }


def uncovered_table(election: Election, outcome: Outcome) -> Table | None:
    """A line for each winner of a district who has no seat; ``None`` where all have theirs."""
    if not outcome.uncovered:
        return None
    rows = [
        (
            winner.district,
            winner.region,
            election.by_id[winner.holder].label,
            f"{winner.votes:,}",
            f"{float(100 * winner.share):.2f}%",
        )
        for winner in sorted(outcome.uncovered, key=lambda winner: winner.share)
    ]
    title = f"Winners without a seat ({len(rows)}): the seats of their list in their region do not cover them"
    columns = ("district", "region", "list", "votes", "share")
    return grid(title, columns, rows, numeric=(3, 4), unwrapped=(0,))


def chamber_table(election: Election, outcome: Outcome) -> Table | None:
    """A line for each party and group with seats, a column a tier; ``None`` where lists are the chamber."""
    if not outcome.tiers:
        return None
    known = {one.id: one for one in (*election.parties, *election.groups)}
    tiers = [tier for tier in election.tiers if tier.id in outcome.tiers]
    rows = [
        (
            known[holder].short or known[holder].name if holder in known else holder,
            str(outcome.seats.get(holder, 0)),
            *(str(outcome.tiers[tier.id].get(holder, 0)) for tier in tiers),
            str(seats),
        )
        for holder, seats in outcome.chamber.items()
        if seats
    ]
    sums = [sum(outcome.tiers[tier.id].values()) for tier in tiers]
    rows.append(("total", str(outcome.house), *map(str, sums), str(outcome.house + sum(sums))))
    given = {tier.id: "" if tier.table is not None else " (given)" for tier in tiers}
    columns = ("", "lists", *(f"{tier.name}{given[tier.id]}" for tier in tiers), "chamber")
    return grid("The whole chamber", columns, rows, numeric=range(1, len(columns)), unwrapped=(0,))


def districts_as_json(election: Election, ready: Count, outcome: Outcome) -> list[dict[str, Any]]:
    """Every district as plain data (docs/json.md)."""
    last = last_seats(election.rule, ready.ballot, outcome)
    return [
        {
            "id": district.name,
            "name": district.label,
            "region": district.region,
            "seats": place.seats,
            "valid_votes": district.valid,
            "parties": [_party_as_json(ready, district, place, name) for name in district.votes],
            "last_seat": _last_as_json(last.get(district.name)),
        }
        for district, place in zip(ready.ballot.districts, outcome.districts, strict=True)
    ]


def _party_as_json(ready: Count, district: District, place: DistrictSeats, name: str) -> dict[str, Any]:
    official = ready.official_districts.get((district.name, name))
    return {
        "id": name,
        "votes": district.votes[name],
        "seats": place.of(name),
        "fixed": place.fixed.get(name, 0),
        "levelling": place.levelling.get(name, 0),
        "direct": place.direct.get(name, 0),
        "official": official.seats if official is not None else None,
    }


def _last_as_json(last: NextSeat | None) -> dict[str, Any] | None:
    """The list that would take the last seat with the fewest votes more, and from whom."""
    if last is None:
        return None
    return {"party": last.list, "votes": last.votes, "gains": last.gains, "from": dict(last.losers)}


def districts_table(
    election: Election, ready: Count, outcome: Outcome, names: Mapping[str, str]
) -> Table | None:
    """One line a district; ``None`` where the rule has none."""
    if not outcome.districts:
        return None
    last = last_seats(election.rule, ready.ballot, outcome)
    levelled = any(place.levelling for place in outcome.districts)
    rows = [
        (
            district.label,
            str(place.seats),
            *((str(sum(place.levelling.values())),) if levelled else ()),
            ", ".join(_seats_of(place, names)),
            *((_closest(last.get(district.name), names),) if last else ()),
        )
        for district, place in zip(ready.ballot.districts, outcome.districts, strict=True)
    ]
    columns = (
        "district",
        "seats",
        *(("levelling",) if levelled else ()),
        "won by",
        *(("last seat",) if last else ()),
    )
    title = f"by district{' (seats, + levelling seats)' if levelled else ''}"
    if not last:
        title += "; no seat of a district is its last: more than one division of its votes decides"
    return grid(title, columns, rows, numeric=range(1, 3 if levelled else 2), unwrapped=(0,))


def _seats_of(place: DistrictSeats, names: Mapping[str, str]) -> Iterator[str]:
    """Seats of each list that has some, most first: own ones with constituencies, and levelling seats."""
    for name, label in sorted(names.items(), key=lambda item: -place.of(item[0])):
        if place.of(name):
            own = place.fixed.get(name, 0) + place.direct.get(name, 0)
            levelling = place.levelling.get(name, 0)
            yield f"{label} {own}{f'+{levelling}' if levelling else ''}"


def _closest(last: NextSeat | None, names: Mapping[str, str]) -> str:
    if last is None:
        return ""
    losers = " and ".join(names.get(name, name) for name in last.losers)
    return f"{last.votes:,} more for {names[last.list]}{f' takes it from {losers}' if losers else ''}"


def standing_somewhere(ready: Count, names: Mapping[str, str]) -> Iterator[str]:
    """Lists that stand in some districts only: those without a row in a district cannot win there."""
    districts = [district for district in ready.ballot.districts if district.seats != 0]
    stands = {
        entry.id: sum(entry.id in district.votes for district in districts)
        for entry in ready.ballot.entries
        if entry.eligible
    }
    some = {name: number for name, number in stands.items() if 0 < number < len(districts)}
    if some:
        most = sorted(some.items(), key=lambda item: -item[1])
        shown = ", ".join(f"{names[name]} in {number}" for name, number in most[:_MOST_NAMED])
        more = f", and {len(most) - _MOST_NAMED} more lists" if len(most) > _MOST_NAMED else ""
        yield f"not standing in all of {len(districts)} districts (no row in the table there): {shown}{more}"
