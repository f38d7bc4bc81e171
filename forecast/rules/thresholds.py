"""Which lists take part: levels, bases, waivers, and what happens when too few pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from forecast.election.rule import AdmitLargest, AllianceLevels, LocalThreshold, LowerTo, Rule, Threshold
from forecast.election.threshold import level_of
from forecast.election.vocabulary import Base
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


def reaches(votes: int, needed: Fraction, *, strict: bool) -> bool:
    """Whether votes suffice, in whole numbers: at exactly the level they do, unless more is asked for."""
    return votes > needed if strict else votes >= needed


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
    gate = _Gate(rule, ballot)
    if rule.threshold is None:
        return gate.admissions, []
    if gate.threshold.alliances is not None:
        gate.admissions |= gate.with_alliances(gate.threshold.alliances)
    if won is not None:
        gate.admissions |= gate.by_districts(won, fixed or {})
    passed = gate.passed
    if not passed and gate.threshold.nobody is not None:
        gate.when_nobody_passed(gate.threshold.nobody)
        passed = gate.passed
        if not passed:
            return gate.admissions, gate.ties
    gate.fill_up(spare_first=not passed)
    return gate.admissions, gate.ties


class _Gate:
    """Who is admitted so far, with the ties that decided it."""

    def __init__(self, rule: Rule, ballot: Ballot) -> None:
        self.rule, self.ballot, self.threshold = rule, ballot, rule.threshold or NO_THRESHOLD
        self.base = base_votes(self.threshold, ballot)
        self.admissions = {entry.id: self._admission(entry) for entry in ballot.entries}
        self.ties: list[Tie] = []

    @property
    def passed(self) -> bool:
        """Whether anybody is admitted."""
        return any(admission.admitted for admission in self.admissions.values())

    def _admission(self, entry: Entry) -> Admission:
        threshold = self.threshold
        if not entry.eligible:
            return Admission(False, "cannot win seats")
        if self.rule.threshold is None:
            return Admission(True, "no threshold")
        level = level_of(threshold, kind=entry.kind, members=entry.members, seats=self.rule.seats)
        needed = level * self.base
        if level == 0 and (threshold.level != 0 or entry.kind in threshold.by_kind):
            return Admission(True, "exempt", level, needed)
        if reaches(entry.votes, needed, strict=threshold.strict and level > 0):
            return Admission(True, "level", level, needed)
        if threshold.or_direct_seats is not None and entry.direct_seats >= threshold.or_direct_seats:
            return Admission(True, "direct seats", level, needed)
        local = threshold.or_district_share
        if local is not None:
            there = (
                reaches(place.votes.get(entry.id, 0), local * place.valid, strict=threshold.strict)
                for place in self.ballot.districts
                if place.votes.get(entry.id, 0)
            )
            if sum(there) >= threshold.share_in_districts:
                return Admission(True, "district share", level, needed)
        regional, best = threshold.or_regional_share, entry.best_region_share
        if regional is not None and best is not None and best >= regional:
            return Admission(True, "regional share", level, needed)
        return Admission(False, "below the level", level, needed)

    def with_alliances(self, levels: AllianceLevels) -> Iterator[tuple[str, Admission]]:
        """Lists that have an alliance: with it where it reaches its level, else each for itself.

        An alliance takes part where the votes that count for it reach its level and a list of it may win
        seats.
        """
        members: dict[str, list[Entry]] = {}
        for entry in self.ballot.entries:
            if entry.eligible and entry.alliance:
                members.setdefault(entry.alliance, []).append(entry)
        needed, counts = levels.seats_from * self.base, levels.votes_from * self.base
        for name, entries in members.items():
            counted = [e for e in entries if e.votes >= counts]
            winning = [e for e in entries if e.votes >= needed or self.admissions[e.id].admitted]
            votes = sum(entry.votes for entry in counted) + self.ballot.alliance_votes.get(name, 0)
            together = reaches(votes, levels.level * self.base, strict=self.threshold.strict)
            for entry in entries:
                if not together or not winning:
                    yield entry.id, replace(self.admissions[entry.id], allied=False)
                elif entry in winning:
                    yield entry.id, Admission(True, "alliance", levels.seats_from, needed)
                else:
                    ground: Ground = "counts for its alliance" if entry in counted else "below the level"
                    yield entry.id, Admission(False, ground, levels.seats_from, needed)

    def by_districts(
        self, won: Mapping[str, int], fixed: Mapping[str, int]
    ) -> Iterator[tuple[str, Admission]]:
        """Lists that the districts let in: by seats won there, or by votes in several regions."""
        seats, regions = self.threshold.or_district_seats, self.threshold.or_regions_at_quota
        places, size = regions_of(self.ballot) if regions is not None else {}, Counter[str]()
        for district in self.ballot.districts:
            size[district.region] += fixed.get(district.name, 0)
        for entry in self.ballot.entries:
            known = self.admissions[entry.id]
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

    def when_nobody_passed(self, nobody: object) -> None:
        """The largest lists, or those that reach a lower level; nobody where the election is void."""
        if isinstance(nobody, AdmitLargest):
            self._admit_next(nobody.admit, Fraction(1), "nobody passed")
        elif isinstance(nobody, LowerTo):
            needed = nobody.lower_to * self.base
            for entry in self.ballot.entries:
                enough = reaches(entry.votes, needed, strict=self.threshold.strict)
                if entry.eligible and entry.votes > 0 and enough:
                    self.admissions[entry.id] = Admission(True, "nobody passed", nobody.lower_to, needed)

    def fill_up(self, *, spare_first: bool) -> None:
        """Admit next-largest lists until the minimum number and the minimum joint share are met.

        The correction of the runner-up is for those who join a list that passed; where nobody did
        (``spare_first``) the largest list counts in full.
        """
        votes = {entry.id: entry.votes for entry in self.ballot.entries}
        least, joint_share = self.threshold.min_lists or 0, self.threshold.min_joint_share or Fraction(0)
        factor = self.threshold.runner_up_factor or Fraction(1)
        while self._candidates():
            inside = [name for name, admission in self.admissions.items() if admission.admitted]
            joint = sum(votes[name] for name in inside)
            if len(inside) >= least and joint >= joint_share * self.base:
                return
            weight = Fraction(1) if spare_first and not inside else factor
            self._admit_next(1, weight, "next-largest")

    def _candidates(self) -> list[Unit]:
        return [
            Unit(entry.id, Fraction(entry.votes), order)
            for order, entry in self.ballot.in_order(self.rule.ties)
            if entry.eligible and entry.votes > 0 and not self.admissions[entry.id].admitted
        ]

    def _admit_next(self, places: int, factor: Fraction, ground: Ground) -> None:
        chosen, ties = first_among(
            self._candidates(),
            places,
            lambda unit: unit.votes,
            what="admission",
            place="",
            decide=self.rule.ties,
        )
        self.ties += ties
        for unit in chosen:
            old = self.admissions[unit.id]
            self.admissions[unit.id] = Admission(True, ground, old.level, old.needed, factor)
