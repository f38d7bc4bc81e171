"""Who takes part, and with what votes: levels, bases, waivers, what happens when too few pass; then the
competitors for the seats of the country and of each district, and for how many at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor

from forecast.election.rule import (
    AdmitLargest,
    AllianceLevels,
    Allocation,
    LocalThreshold,
    LowerTo,
    Rule,
    Threshold,
    level_of,
)
from forecast.election.values import Base, Kind
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.rules.ballot import Ballot, District, Entry, regions_of
from forecast.rules.outcome import UNLISTED, Admission, Ground, Tie, Unit, first_among

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
                    yield entry.id, self.admissions[entry.id]._replace(allied=False)
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
                yield entry.id, known._replace(admitted=True, ground="district seats")
            elif regions is not None:
                met = sum(
                    bool(size[name]) and place.votes.get(entry.id, 0) * size[name] >= place.valid
                    for name, place in places.items()
                )
                if met >= regions:
                    yield entry.id, known._replace(admitted=True, ground="regions")

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
            nationally = nationally._replace(admitted=admitted)
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
