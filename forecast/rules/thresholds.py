"""Which lists take part: levels, bases, waivers, and what happens when too few pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from forecast.election.rule import AdmitLargest, AllianceLevels, LocalThreshold, LowerTo, Rule, Threshold
from forecast.election.threshold import level_of
from forecast.election.vocabulary import Base, TieRule
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.rules.ballot import Ballot, District, Entry, regions_of
from forecast.rules.outcome import Admission, Ground, Tie
from forecast.rules.ties import Unit, first_among

NO_THRESHOLD = Threshold()


def missing_totals(rule: Rule, ballot: Ballot) -> list[tuple[str, str]]:
    """Totals that the base of the threshold needs and the count does not state: (name, what to write)."""
    base = (rule.threshold or NO_THRESHOLD).base
    missing: list[tuple[str, str]] = []
    if base == "cast" and ballot.invalid_votes is None:
        missing.append(("invalid_votes", 'threshold.base = "cast" needs the number of invalid ballots'))
    if base == "registered" and ballot.registered is None:
        missing.append(("registered", 'threshold.base = "registered" needs the number of registered voters'))
    return missing


def base_votes(threshold: Threshold, ballot: Ballot) -> int:
    """The number that a level is a share of."""
    return _base(threshold.base, ballot, ballot.for_lists)


def _base(base: Base, of: Ballot | District, for_lists: int) -> int:
    if base == "lists":
        return for_lists
    if base == "cast":
        return of.valid + (of.invalid_votes or 0)
    if base == "registered":
        return of.registered or 0
    return of.valid


def reaches_locally(local: LocalThreshold, ballot: Ballot, entry: Entry, place: District) -> bool:
    """Whether a list reaches the level of a district, or of a region as one place."""
    level = level_of(local, kind=entry.kind, members=entry.members, seats=place.seats or 0)
    needed = level * _base(local.base, place, _for_lists(ballot, place) if local.base == "lists" else 0)
    return reaches(place.votes.get(entry.id, 0), needed, strict=local.strict and level > 0)


def _for_lists(ballot: Ballot, place: District) -> int:
    """Valid votes of a place but those against all."""
    against_all = (entry.id for entry in ballot.entries if entry.kind == "none-of-the-above")
    return place.valid - sum(place.votes.get(name, 0) for name in against_all)


def admit(
    rule: Rule, ballot: Ballot, won: Mapping[str, int] | None = None, fixed: Mapping[str, int] | None = None
) -> tuple[dict[str, Admission], list[Tie]]:
    """Every option of the ballot with the ground on which it takes part or not.

    ``won`` are seats of the districts by list and ``fixed`` those of each district, where they are divided
    before: waivers look at them. Raises ``ConfigurationError`` where the base needs a total that is not
    known.
    """
    faults = [Fault("count", name, ABSENT, remedy) for name, remedy in missing_totals(rule, ballot)]
    if faults:
        raise ConfigurationError(*faults)
    threshold = rule.threshold or NO_THRESHOLD
    base = base_votes(threshold, ballot)
    admissions = {entry.id: _admission(rule, threshold, ballot, entry, base) for entry in ballot.entries}
    if rule.threshold is None:
        return admissions, []
    if threshold.alliances is not None:
        admissions |= _with_alliances(threshold.alliances, threshold, ballot, base, admissions)
    if won is not None:
        admissions |= _by_districts(threshold, ballot, admissions, won, fixed or {})
    ties: list[Tie] = []
    passed = any(admission.admitted for admission in admissions.values())
    if not passed and threshold.nobody is not None:
        ties += _when_nobody_passed(threshold, rule, ballot, base, admissions)
        passed = any(admission.admitted for admission in admissions.values())
        if not passed:
            return admissions, ties
    ties += _fill_up(threshold, rule, ballot, base, admissions, spare_first=not passed)
    return admissions, ties


def _admission(rule: Rule, threshold: Threshold, ballot: Ballot, entry: Entry, base: int) -> Admission:
    if not entry.eligible:
        return Admission(False, "cannot win seats")
    if rule.threshold is None:
        return Admission(True, "no threshold")
    level = level_of(threshold, kind=entry.kind, members=entry.members, seats=rule.seats)
    needed = level * base
    if level == 0 and (threshold.level != 0 or entry.kind in threshold.by_kind):
        return Admission(True, "exempt", level, needed)
    if reaches(entry.votes, needed, strict=threshold.strict and level > 0):
        return Admission(True, "level", level, needed)
    if threshold.or_direct_seats is not None and entry.direct_seats >= threshold.or_direct_seats:
        return Admission(True, "direct seats", level, needed)
    local = threshold.or_district_share
    there = (
        0
        if local is None
        else sum(
            reaches(place.votes.get(entry.id, 0), local * place.valid, strict=threshold.strict)
            for place in ballot.districts
        )
    )
    if local is not None and there >= threshold.share_in_districts:
        return Admission(True, "district share", level, needed)
    regional = threshold.or_regional_share
    if regional is not None and entry.best_region_share is not None and entry.best_region_share >= regional:
        return Admission(True, "regional share", level, needed)
    return Admission(False, "below the level", level, needed)


def _with_alliances(
    levels: AllianceLevels,
    threshold: Threshold,
    ballot: Ballot,
    base: int,
    admissions: Mapping[str, Admission],
) -> Iterator[tuple[str, Admission]]:
    """Lists that have an alliance: with it where it reaches its level, else each for itself.

    An alliance takes part where the votes that count for it reach its level and a list of it may win seats.
    """
    members: dict[str, list[Entry]] = {}
    for entry in ballot.entries:
        if entry.eligible and entry.alliance:
            members.setdefault(entry.alliance, []).append(entry)
    needed = levels.seats_from * base
    for name, entries in members.items():
        counted = [e for e in entries if reaches(e.votes, levels.votes_from * base, strict=False)]
        winning = [e for e in entries if reaches(e.votes, needed, strict=False) or admissions[e.id].admitted]
        votes = sum(entry.votes for entry in counted) + ballot.alliance_votes.get(name, 0)
        together = reaches(votes, levels.level * base, strict=threshold.strict)
        for entry in entries:
            if not together or not winning:
                yield entry.id, replace(admissions[entry.id], allied=False)
            elif entry in winning:
                yield entry.id, Admission(True, "alliance", levels.seats_from, needed)
            else:
                ground: Ground = "counts for its alliance" if entry in counted else "below the level"
                yield entry.id, Admission(False, ground, levels.seats_from, needed)


def _by_districts(
    threshold: Threshold,
    ballot: Ballot,
    admissions: Mapping[str, Admission],
    won: Mapping[str, int],
    fixed: Mapping[str, int],
) -> Iterator[tuple[str, Admission]]:
    """Lists that the districts let in: by seats won there, or by votes in several regions."""
    seats, regions = threshold.or_district_seats, threshold.or_regions_at_quota
    places = regions_of(ballot) if regions is not None else {}
    size = {name: sum(fixed.get(d.name, 0) for d in ballot.districts if d.region == name) for name in places}
    for entry in ballot.entries:
        known = admissions[entry.id]
        if known.admitted or not entry.eligible:
            continue
        if seats is not None and won.get(entry.id, 0) >= seats:
            yield entry.id, replace(known, admitted=True, ground="district seats")
        elif regions is not None:
            met = sum(
                bool(size[name]) and place.votes.get(entry.id, 0) * size[name] >= place.valid
                for name, place in places.items()
            )
            if met >= regions:
                yield entry.id, replace(known, admitted=True, ground="regions")


def reaches(votes: int, needed: Fraction, *, strict: bool) -> bool:
    """Whether votes suffice, in whole numbers: at exactly the level they do, unless more is asked for."""
    return votes > needed if strict else votes >= needed


def _when_nobody_passed(
    threshold: Threshold, rule: Rule, ballot: Ballot, base: int, admissions: dict[str, Admission]
) -> Iterator[Tie]:
    nobody = threshold.nobody
    if isinstance(nobody, AdmitLargest):
        yield from _admit_next(nobody.admit, rule, ballot, admissions, Fraction(1), "nobody passed")
    elif isinstance(nobody, LowerTo):
        needed = nobody.lower_to * base
        for entry in ballot.entries:
            if entry.eligible and entry.votes > 0 and reaches(entry.votes, needed, strict=threshold.strict):
                admissions[entry.id] = Admission(True, "nobody passed", nobody.lower_to, needed)


def _fill_up(
    threshold: Threshold,
    rule: Rule,
    ballot: Ballot,
    base: int,
    admissions: dict[str, Admission],
    *,
    spare_first: bool,
) -> Iterator[Tie]:
    """Admit next-largest lists until the minimum number and the minimum joint share are met.

    The correction of the runner-up is for those who join a list that passed; where nobody did
    (``spare_first``) the largest list counts in full.
    """
    votes = {entry.id: entry.votes for entry in ballot.entries}
    factor = threshold.runner_up_factor or Fraction(1)
    while True:
        inside = [name for name, admission in admissions.items() if admission.admitted]
        joint = sum(votes[name] for name in inside)
        enough = threshold.min_lists is None or len(inside) >= threshold.min_lists
        if enough and (threshold.min_joint_share is None or joint >= threshold.min_joint_share * base):
            return
        if not _candidates(rule.ties, ballot, admissions):
            return
        weight = Fraction(1) if spare_first and not inside else factor
        yield from _admit_next(1, rule, ballot, admissions, weight, "next-largest")


def _candidates(ties: TieRule, ballot: Ballot, admissions: Mapping[str, Admission]) -> list[Unit]:
    return [
        Unit(entry.id, Fraction(entry.votes), order)
        for order, entry in ballot.in_order(ties)
        if entry.eligible and entry.votes > 0 and not admissions[entry.id].admitted
    ]


def _admit_next(
    places: int,
    rule: Rule,
    ballot: Ballot,
    admissions: dict[str, Admission],
    factor: Fraction,
    ground: Ground,
) -> list[Tie]:
    chosen, ties = first_among(
        _candidates(rule.ties, ballot, admissions),
        places,
        lambda unit: unit.votes,
        what="admission",
        place="",
        decide=rule.ties,
    )
    for unit in chosen:
        old = admissions[unit.id]
        admissions[unit.id] = Admission(True, ground, old.level, old.needed, factor)
    return ties
