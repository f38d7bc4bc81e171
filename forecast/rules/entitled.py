"""Who competes for seats with what votes, and for how many at most: nationally, and in each district."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import floor

from forecast.election.rule import Allocation, Rule
from forecast.election.vocabulary import Kind
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.outcome import UNLISTED, Admission
from forecast.rules.thresholds import reaches_locally
from forecast.rules.ties import Unit


def limit_of(rule: Rule, ballot: Ballot, entry: Entry, admitted: int | None = None) -> int | None:
    """The smallest of the caps that apply to this list; ``None`` where none does.

    The cap by share is Georgia's of 2020: no more than 1.25 times the share of the votes for lists, of all
    150 seats, constituencies included; Mexico's is the share of the votes of parties ``admitted`` (default:
    not looked at) and 8 points (Constitution, art. 54 V).
    """
    limits = [entry.max_seats] if entry.max_seats is not None else []
    cap = rule.cap
    if cap is not None and cap.seats is not None:
        limits.append(cap.seats)
    whole = ballot.for_lists if cap is None or cap.share_of == "lists" else admitted
    if cap is not None and cap.by_share and cap.house is not None and whole:
        allowed = floor((cap.factor * entry.votes / whole + (cap.share_plus or 0)) * cap.house)
        limits.append(max(allowed - entry.direct_seats, 0))
    return min(limits) if limits else None


def most_alone(kind: Kind, max_seats: int | None) -> int | None:
    """How many whole quotas of a district count for an independent: one, who is elected with it and leaves no
    remainder to others (Romania, law 208/2015 art. 94 (5); Estonia, § 62 (2)); ``max_seats`` where the line
    sums several candidates. ``None`` of a list.
    """
    if kind != "independent":
        return None
    return 1 if max_seats is None else max_seats


EVERYONE = Admission(True, "no threshold")


def weight_of(rule: Rule, entry: Entry) -> Fraction:
    """What a vote for a list of this kind counts."""
    return rule.weights.get(entry.kind, Fraction(1))


def entitled(rule: Rule, ballot: Ballot, admissions: Mapping[str, Admission]) -> list[Unit]:
    """The admitted lists with their votes as the allocation counts them, and those that an alliance counts.

    The correction of a list let in as the next-largest is on its quotient, so that the quota is that of its
    full votes (Kazakhstan, Constitutional Law on Elections art. 97-1 as of 2009). Votes for an alliance as
    such are shared among its lists by their own votes.
    """
    own = {entry.id: Fraction(entry.votes + entry.candidate_votes) for entry in ballot.entries}
    votes = with_alliance_votes(ballot, own, ballot.alliance_votes)
    inside = sum(entry.votes for entry in ballot.entries if admissions[entry.id].admitted)
    return [
        _unit(rule, ballot, entry, order, admissions[entry.id], votes[entry.id], inside)
        for order, entry in ballot.in_order(rule.ties)
        if _competes(rule, admissions[entry.id])
    ]


def entitled_in(
    rule: Rule,
    ballot: Ballot,
    admissions: Mapping[str, Admission],
    district: District,
    region: District | None = None,
) -> list[Unit]:
    """The lists with votes that take part in one district, with their votes there weighed as nationally.

    ``admissions`` are national; empty where the threshold does not guard the districts. ``region`` is the
    place of a local threshold that is one of regions.
    """
    own = {
        entry.id: district.votes.get(entry.id, 0) + _votes_from_outside(rule, ballot, entry, district)
        for entry in ballot.entries
    }
    votes = with_alliance_votes(ballot, own, district.alliance_votes)
    units: list[Unit] = []
    for order, entry in ballot.in_order(rule.ties):
        nationally = admissions.get(entry.id, EVERYONE)
        local = rule.constituencies.local_threshold
        if local is not None and entry.eligible:
            there = reaches_locally(local, ballot, entry, region or district)
            by_law = (nationally.admitted, there)
            admitted = any(by_law) if local.waives_national else all(by_law)
            nationally = replace(nationally, admitted=admitted)
        if entry.eligible and votes[entry.id] and _competes(rule, nationally):
            units.append(_unit(rule, None, entry, order, nationally, votes[entry.id]))
    return units


def votes_outside(
    rule: Rule,
    ballot: Ballot,
    admissions: Mapping[str, Admission],
    local: Mapping[str, Sequence[Unit]] | None = None,
) -> dict[str, int]:
    """Votes that count for nobody where seats are divided, by option: all of lists that take no part, and of
    others those cast in districts in which they take none (``local``: who does in each) where no seats are
    divided nationally.
    """
    nationally = local is None or rule.levelling_mode is not None or rule.allocation is not None
    inside = {entry.id for entry in ballot.entries if nationally and _competes(rule, admissions[entry.id])}
    there = {place: {unit.id for unit in units} for place, units in (local or {}).items()}
    outside: dict[str, int] = {}
    for entry in ballot.entries:
        if entry.id in inside:
            continue
        counted = sum(
            district.votes.get(entry.id, 0)
            for district in ballot.districts
            if entry.id in there.get(district.name, ())
        )
        outside[entry.id] = entry.votes - min(counted, entry.votes)
    known = sum(entry.votes for entry in ballot.entries) + sum(ballot.alliance_votes.values())
    outside[UNLISTED] = max(ballot.valid - known, 0)
    return {name: votes for name, votes in outside.items() if votes}


def _competes(rule: Rule, admission: Admission) -> bool:
    counts = rule.alliances is not None and admission.ground == "counts for its alliance"
    return admission.admitted or counts


def _unit(
    rule: Rule,
    ballot: Ballot | None,
    entry: Entry,
    order: int,
    admission: Admission,
    votes: Fraction,
    admitted: int | None = None,
) -> Unit:
    """One competitor; the caps of a list are of all its seats, so that a district (no ballot) has none."""
    weighed = votes * weight_of(rule, entry)
    return Unit(
        entry.id,
        weighed * admission.factor,
        order,
        limit=None if ballot is None else limit_of(rule, ballot, entry, admitted),
        floor=0 if ballot is None else entry.min_seats,
        alliance=entry.alliance if admission.allied else None,
        sub_alliance=entry.sub_alliance if admission.allied else None,
        behind_quota=weighed,
        wins=admission.admitted,
    )


def with_alliance_votes(
    ballot: Ballot, own: Mapping[str, Fraction], alliances: Mapping[str, int]
) -> Mapping[str, Fraction]:
    """Votes by list with those for their alliance as such, shared in proportion to their own."""
    if not alliances:
        return own
    votes = dict(own)
    for name, shared in alliances.items():
        members = [entry.id for entry in ballot.entries if entry.eligible and entry.alliance == name]
        total = sum((own[member] for member in members), Fraction(0))
        for member in members if total else ():
            votes[member] += shared * own[member] / total
    return votes


def _votes_from_outside(rule: Rule, ballot: Ballot, entry: Entry, district: District) -> Fraction:
    """What a list gets in a district of its votes in districts without seats.

    They are shared in proportion to the valid votes of the districts that have seats (Turkey, law 2839: votes
    abroad and at customs).
    """
    if rule.constituencies.seatless != "shared" or district.seats == 0:
        return Fraction(0)
    abroad = sum(other.votes.get(entry.id, 0) for other in ballot.districts if other.seats == 0)
    valid = sum(other.valid for other in ballot.districts if other.seats != 0)
    return Fraction(abroad * district.valid, valid) if valid else Fraction(0)


def outside_quota(method: Allocation, rule: Rule, ballot: Ballot, units: Sequence[Unit]) -> Fraction:
    """Votes of lists that take no part but stand behind the quota, weighed like the others."""
    votes = {entry.id: entry.votes + entry.candidate_votes for entry in ballot.entries}
    return _outside(method, rule, ballot, units, votes)


def outside_quota_in(rule: Rule, ballot: Ballot, units: Sequence[Unit], district: District) -> Fraction:
    """The same in one district, of votes that are not listed there too."""
    districts = rule.constituencies
    unlisted = district.valid - sum(district.votes.values()) - sum(district.alliance_votes.values())
    behind = _outside(districts, rule, ballot, units, district.votes)
    return behind + unlisted if districts.quota_of == "valid" else behind


def _outside(
    method: Allocation, rule: Rule, ballot: Ballot, units: Sequence[Unit], votes: Mapping[str, int]
) -> Fraction:
    if method.quota_of != "valid":
        return Fraction(0)
    aside = {unit.id for unit in units}
    aside |= {entry.id for entry in ballot.entries if entry.kind == "none-of-the-above"}
    weights = {entry.id: weight_of(rule, entry) for entry in ballot.entries}
    others = (name for name in votes if name not in aside)
    return sum((votes[name] * weights.get(name, Fraction(1)) for name in others), Fraction(0))
