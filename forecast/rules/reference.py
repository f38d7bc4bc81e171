"""The exact count: what every kernel is checked against. Whole numbers and fractions, nothing random.

The order of steps is the law's: admit, weigh, take the bonus off the pool, divide between alliances and then
inside them, and let seats held in constituencies meet the share. Districts come before the threshold where it
guards levelling seats only, else after it.

How close the last seats were is found with it: the fewest extra votes that win a list its next seat. The
votes of the others stay and the base grows, so a list that gains may push another below the level. It is
found by doubling and halving over whole votes with the exact count at every step; in a district from the
quotients of its division, and checked by counting it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

from forecast.election.methods import Majority
from forecast.election.rule import Rule
from forecast.rules.allocation import (
    IN_PROPORTION,
    Plan,
    Premium,
    award_bonus,
    divide,
    divide_by_method,
    smallest,
)
from forecast.rules.ballot import Ballot, District, Entry, regions_of
from forecast.rules.districts import (
    Tier,
    divide_district,
    divide_districts,
    with_direct_seats,
    with_regional_quotas,
)
from forecast.rules.levelling import give_back, level_out, place_levelling
from forecast.rules.outcome import Admission, Division, Line, Outcome, Step, Tie, Unit, decided_by, precedence
from forecast.rules.thresholds import (
    NO_THRESHOLD,
    admit,
    base_votes,
    entitled,
    entitled_in,
    outside_quota,
    votes_outside,
)
from forecast.rules.totals_first import place_by_own_votes, place_doubly, place_totals, voters


@dataclass
class _Count:
    """A count on its way: what is known so far, and the working."""

    rule: Rule
    ballot: Ballot
    admissions: Mapping[str, Admission]
    units: list[Unit]
    tier: Tier | None
    held: Mapping[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    base: int | None = None

    @property
    def outsiders(self) -> dict[str, int]:
        """Seats held by lists that are not admitted."""
        return {
            name: seats for name, seats in self.held.items() if seats and not self.admissions[name].admitted
        }


def apply_rule(rule: Rule, ballot: Ballot) -> Outcome:
    """Seats of every entry of the ballot, by district too where the rule has them, with the working and ties.

    Nobody admitted, or nobody with a vote: the outcome is ``void``. Raises ``ConfigurationError`` where the
    rule needs a total or a table that the ballot lacks.
    """
    ballot = _with_direct_seats(rule, ballot)
    districts = rule.districts
    tier = None
    if districts is not None and not districts.threshold and not rule.only_places:
        tier = divide_districts(rule, ballot, {})
        admissions, ties = admit(rule, ballot, tier.won, tier.sizes)
        if districts.quota_in == "region":
            tier = with_regional_quotas(rule, ballot, tier, admissions)
    else:
        admissions, ties = admit(rule, ballot)
    units = entitled(rule, ballot, admissions)
    if districts is not None and tier is None and not rule.only_places:
        tier = divide_districts(rule, ballot, admissions)
    count = _Count(rule, ballot, admissions, units, tier, ties=ties)
    count.base = base_votes(rule.threshold or NO_THRESHOLD, ballot) if rule.threshold else None
    outside = votes_outside(rule, ballot, admissions, tier.units if tier is not None else None)
    nobody = not any(unit.votes > 0 and unit.wins for unit in units)
    if nobody and (tier is None or not any(tier.won.values())):
        seats = {entry.id: 0 for entry in ballot.entries}
        return Outcome(seats, admissions, (), tuple(ties), base=count.base, void=True, outside=outside)
    if tier is None:
        count.held = {entry.id: entry.held for entry in ballot.entries if entry.eligible}
    else:
        count.steps += tier.steps
        count.ties += tier.ties
        count.held = _held_with_districts(rule, ballot, tier)
    return replace(_finish(count), outside=outside)


def _with_direct_seats(rule: Rule, ballot: Ballot) -> Ballot:
    """The ballot with the direct seats of the district table, where the rule reads them there."""
    if rule.districts is None or rule.districts.direct is None:
        return ballot
    entries = tuple(
        entry._replace(
            direct_seats=max(entry.direct_seats, sum(d.direct.get(entry.id, 0) for d in ballot.districts)),
        )
        for entry in ballot.entries
    )
    return replace(ballot, entries=entries)


def _held_with_districts(rule: Rule, ballot: Ballot, tier: Tier) -> dict[str, int]:
    """Seats of the district tier and direct seats of lists outside it; with levelling all seats held."""
    levelled = rule.levelling_mode is not None
    direct = rule.districts is not None and rule.districts.direct is not None
    least = tier.shares if rule.districts is not None and rule.districts.direct == "mean" else {}
    won = tier.won
    held: dict[str, int] = {}
    for entry in ballot.entries:
        if entry.eligible:
            before = entry.held if levelled else entry.direct_seats if direct else 0
            held[entry.id] = max(before, won.get(entry.id, 0), least.get(entry.id, 0))
    return held


def _finish(count: _Count) -> Outcome:
    """The national division and what stands around it."""
    rule, levelling, mode = count.rule, count.rule.levelling, count.rule.levelling_mode
    if rule.districts is not None and rule.districts.national_totals is not None:
        return _totals_first(count)
    if rule.national_method is None or (rule.districts is not None and mode is None):
        return _as_held(count)
    outsiders = count.outsiders
    pool = _pool(count)
    keeps = mode not in (None, "part") or (levelling is not None and levelling.deduct_unadmitted)
    kept = outsiders if keeps else {}
    bonus: dict[str, int] = {}
    if rule.bonus is not None:
        cast = {entry.id: entry.votes for entry in count.ballot.entries}
        by_votes = [unit._replace(votes=Fraction(cast[unit.id])) for unit in count.units]
        bonus, bonus_ties = award_bonus(rule.bonus, by_votes, count.ballot.valid, pool, rule.ties)
        pool -= sum(bonus.values())
        count.ties += bonus_ties
    method = rule.national_method
    outside = outside_quota(method, rule, count.ballot, count.units)
    excess_left = rule.cap is not None and rule.cap.excess == "left-over"
    plan = Plan(method, rule.ties, rule.alliances, outside, _premium(rule, count.ballot), excess_left)
    if levelling is None:
        division = _divide_after_guaranteed(count, plan, pool)
        if rule.majority is not None:
            extra = {entry.id: entry.extra_seats for entry in count.ballot.entries}
            division = _with_majority(rule.majority, plan, count.units, division, count.ballot.valid, extra)
    else:
        held = {unit.id: count.held[unit.id] if unit.wins else 0 for unit in count.units}
        beyond = count.tier.beyond if count.tier is not None else count.held
        aside = sum(outsiders.values())
        division = level_out(levelling, plan, count.units, held, pool, beyond, outsiders=aside)
    return _with_places(count, division, kept, bonus, pool)


def _premium(rule: Rule, ballot: Ballot) -> Premium | None:
    bonus = rule.bonus
    if bonus is None or bonus.type != "at-least":
        return None
    needed = (bonus.from_ or 0) * Fraction(ballot.valid)
    return Premium(bonus.seats or 0, needed, bonus.winner, bonus.others == "lists")


def _divide_after_guaranteed(count: _Count, plan: Plan, pool: int) -> Division:
    """The division of what is left when every list with a share of the vote has its seats (Philippines, law
    7941 § 11 b: one seat for 2 %).
    """
    given = count.rule.guaranteed
    if given is None:
        return divide(plan, count.units, pool)
    needed = given.from_ * base_votes(count.rule.threshold or NO_THRESHOLD, count.ballot)
    first = {u.id: given.seats if u.electorate >= needed > 0 else 0 for u in count.units}
    rest = [u._replace(limit=None if u.limit is None else max(u.limit - first[u.id], 0)) for u in count.units]
    division = divide(plan, rest, pool - sum(first.values()))
    lines = tuple(Line(unit.id, unit.votes, first[unit.id]) for unit in count.units)
    step = Step("guaranteed seats", plan.allocation.method, sum(first.values()), lines)
    seats = {name: number + first[name] for name, number in division.seats.items()}
    return division._replace(seats=seats, steps=(step, *division.steps))


def _as_held(count: _Count) -> Outcome:
    """The districts have divided all seats."""
    division = Division({name: seats for name, seats in count.held.items() if seats})
    return _with_places(count, division, {}, {}, 0)


def _totals_first(count: _Count) -> Outcome:
    """National totals, which the districts place (Bulgaria, Election Code art. 297; Germany, BWahlG § 4)."""
    rule, method, tier = count.rule, count.rule.allocation, count.tier
    assert method is not None
    plan = Plan(method, rule.ties, rule.alliances, outside_quota(method, rule, count.ballot, count.units))
    assert rule.districts is not None
    if rule.districts.national_totals == "biproportional":
        assert tier is not None
        units = voters(count.units, count.ballot, tier) if rule.districts.voters else count.units
        division = divide(plan, units, sum(tier.sizes.values()))
        count.tier = place_doubly(rule, tier, division.seats)
        count.ties = [tie for tie in count.ties if tie not in tier.ties]  # of districts by themselves
        count.ties += count.tier.ties
        return _with_places(count, division, {}, {}, rule.seats)
    division = divide(plan, count.units, rule.seats)
    if tier is None:
        count.tier = place_by_own_votes(rule, count.ballot, division.seats)
        count.ties += count.tier.ties
    else:
        count.tier = place_totals(rule, tier, division.seats)
        count.ties += count.tier.ties[len(tier.ties) :]
    return _with_places(count, division, {}, {}, rule.seats)


def _with_places(
    count: _Count,
    division: Division,
    kept: Mapping[str, int],
    bonus: Mapping[str, int],
    pool: int,
) -> Outcome:
    """The outcome: seats by list, and by district where the rule has them."""
    rule, ballot, tier = count.rule, count.ballot, count.tier
    levelled = {entry.id: division.seats.get(entry.id, 0) + kept.get(entry.id, 0) for entry in ballot.entries}
    seats = {
        entry.id: levelled[entry.id] + bonus.get(entry.id, 0) + entry.extra_seats for entry in ballot.entries
    }
    districts, unplaced = (), {}
    ties = [*count.ties, *division.ties]
    if tier is not None and rule.districts is not None:
        if rule.levelling_mode == "return":
            known = len(tier.ties)
            tier = give_back(rule, tier, division.seats)
            ties += tier.ties[known:]
        fixed = {name: seats - tier.pooled.get(name, 0) for name, seats in tier.won.items()}
        due = {name: max(total - fixed.get(name, 0), 0) for name, total in levelled.items()}
        placed = place_levelling(rule, ballot, tier, due, division.order)
        districts, unplaced = tier.districts(placed.seats), placed.unplaced
        ties += placed.ties
    return Outcome(
        seats,
        count.admissions,
        (*count.steps, *division.steps),
        tuple(ties),
        bonus=bonus,
        held={name: number for name, number in count.held.items() if number},
        base=count.base,
        unfilled=max(pool - sum(division.seats.values()), 0),
        districts=districts,
        unplaced=unplaced,
    )


def _pool(count: _Count) -> int:
    """Seats that the admitted share: all, less those of lists outside where these count in the house."""
    rule, levelling = count.rule, count.rule.levelling
    if levelling is None:
        return rule.seats
    outsiders = sum(count.outsiders.values())
    if levelling.mode == "apart":
        inside = sum(count.held.values()) - outsiders
        in_districts = sum(count.tier.sizes.values()) if count.tier is not None else inside + outsiders
        return max(rule.seats - in_districts, 0) + inside
    pool = levelling.start_seats or rule.seats
    inside_the_house = levelling.deduct_unadmitted or levelling.mode in ("redistribute", "return", "start")
    return max(pool - outsiders, 0) if inside_the_house else pool


def _with_majority(
    majority: Majority,
    plan: Plan,
    units: Sequence[Unit],
    division: Division,
    valid: int,
    extra: Mapping[str, int],
) -> Division:
    """The division after a list with a majority has its share of the seats, ``extra`` ones included.

    ``moved``: a seat passes from the list that won the last one, by the smallest remainder or quotient
    (Netherlands, Kieswet art. P 9); ``added``: seats are added until it has (Germany, BWahlG § 4 (4) of
    2023; Armenia, Electoral Code art. 96: 54 % of the seats).
    """
    division = _to_a_share(majority, plan, units, division, valid, extra)
    return (
        division if majority.at_most is None else _none_beyond(majority.at_most, plan, units, division, extra)
    )


def _to_a_share(
    majority: Majority,
    plan: Plan,
    units: Sequence[Unit],
    division: Division,
    valid: int,
    extra: Mapping[str, int],
) -> Division:
    seats, ties = dict(division.seats), list(division.ties)
    beside = sum(extra.values())
    claims: dict[str, Fraction | int]
    whole: Fraction | int
    if majority.of == "seats":
        claims = {name: number + extra[name] for name, number in seats.items()}
        whole = sum(seats.values()) + beside
    else:
        claims = {unit.id: unit.votes for unit in units}
        whole = valid if majority.of == "valid" else sum(claims.values())
    first = next((unit for unit in units if 2 * claims[unit.id] > whole), None)
    if first is None or (majority.of == "seats" and majority.to is None):
        return division
    by_id = {unit.id: unit for unit in units}
    served = [won for won in zip(division.order, division.claims, strict=True) if won[0] != first.id]

    def enough() -> bool:
        own, house = seats[first.id] + extra[first.id], sum(seats.values()) + beside
        return 2 * own > house if majority.to is None else own >= majority.to * house

    while not enough():
        if majority.seat == "moved":
            if not served:
                break
            loser, claim = served.pop()
            equal = tuple(name for name, other in served if other == claim)
            if equal:
                by = decided_by(plan.decide, *(_keys(plan, by_id[name]) for name in (equal[-1], loser)))
                ties.append(Tie((*equal, loser), len(equal), equal, by, "claim to keep a seat"))
            seats[loser] -= 1
        seats[first.id] += 1
    return division._replace(seats=seats, ties=tuple(ties))


def _none_beyond(
    share: Fraction, plan: Plan, units: Sequence[Unit], division: Division, extra: Mapping[str, int]
) -> Division:
    """The house grown until no list has more than this share of it; the others divide the seats added in
    proportion to theirs, by whole quotas and largest remainders.

    Armenia's houses of 2018 and 2021, where the opposition has a third: 88 of 132, and 71 of 107.
    """
    held = {unit.id: division.seats[unit.id] + extra[unit.id] for unit in units}
    first = max(units, key=lambda unit: held[unit.id])
    house = sum(division.seats.values()) + sum(extra.values())
    more = ceil(held[first.id] / share) - house
    others = [Unit(u.id, Fraction(held[u.id]), u.order) for u in units if u is not first and held[u.id]]
    if more <= 0 or not others:
        return division
    added = divide_by_method(Plan(IN_PROPORTION, plan.decide), others, more, "seats added")
    seats = {name: number + added.seats.get(name, 0) for name, number in division.seats.items()}
    return division._replace(
        seats=seats, steps=(*division.steps, *added.steps), ties=(*division.ties, *added.ties)
    )


def _keys(plan: Plan, unit: Unit) -> tuple[object, ...]:
    return precedence(plan.decide, unit.votes, 1, unit.order)


@dataclass(frozen=True)
class NextSeat:
    """``votes`` more for ``list`` and it ``gains`` so many seats, which ``losers`` give up."""

    list: str
    votes: int
    gains: int
    losers: Mapping[str, int]


def next_seat(rule: Rule, ballot: Ballot, name: str) -> NextSeat | None:
    """The fewest extra votes that win the list another seat; ``None`` where no number of votes would.

    ``None`` too where the question has no such answer: in districts it matters where votes are cast, and a
    house that grows to cover constituencies has no last seat. One vote fewer has been tried and does not
    suffice.
    """
    if rule.districts is not None or rule.levelling_mode == "level":
        return None
    before = apply_rule(rule, ballot).seats

    def wins(extra: int) -> bool:
        return _seats_with(rule, ballot, name, extra)[name] > before[name]

    high = fewest(wins, 64 * (rule.seats + 1) * max(ballot.valid, ballot.registered or 0, 1))
    if high is None:
        return None
    after = _seats_with(rule, ballot, name, high)
    return _passed(name, high, before, after)


def _passed(name: str, votes: int, before: Mapping[str, int], after: Mapping[str, int]) -> NextSeat:
    losers = {other: seats - after.get(other, 0) for other, seats in before.items()}
    lost = {other: seats for other, seats in losers.items() if seats > 0}
    return NextSeat(name, votes, after[name] - before.get(name, 0), lost)


def fewest(wins: Callable[[int], bool], most: int) -> int | None:
    """The fewest votes with which ``wins`` holds, by doubling and halving; ``None`` beyond ``most``."""
    high = 1
    while not wins(high):
        high *= 2
        if high > most:
            return None
    high = smallest(wins, high // 2 + 1, high)
    while high > 1 and wins(high - 1):
        high -= 1
    return high


def next_seats(rule: Rule, ballot: Ballot) -> dict[str, NextSeat]:
    """``next_seat`` of every list that can win one, fewest votes first: how close the last seat was."""
    found = [next_seat(rule, ballot, entry.id) for entry in ballot.entries if entry.eligible]
    return {seat.list: seat for seat in sorted(filter(None, found), key=lambda seat: seat.votes)}


def with_extra_votes(ballot: Ballot, name: str, extra: int) -> Ballot:
    """The ballot with more votes for one list, and a total of valid votes that has grown with them."""
    entries = tuple(
        entry._replace(votes=entry.votes + extra) if entry.id == name else entry for entry in ballot.entries
    )
    total = None if ballot.valid_votes is None else ballot.valid_votes + extra
    return replace(ballot, entries=entries, valid_votes=total)


def _seats_with(rule: Rule, ballot: Ballot, name: str, extra: int) -> Mapping[str, int]:
    return apply_rule(rule, with_extra_votes(ballot, name, extra)).seats


def last_seats(rule: Rule, ballot: Ballot, outcome: Outcome) -> dict[str, NextSeat]:
    """What decides the last own seat of every district: the list that would take it with the fewest votes.

    Others' votes and the seats of the district stay as they are, and a list must be admitted nationally
    already where that is asked for. Nothing is said where a district's division is not the last word on its
    seats (seats left over or totals of the country).
    """
    districts = rule.districts
    if districts is None or districts.leftover is not None or districts.national_totals is not None:
        return {}
    found: dict[str, NextSeat] = {}
    for district, seated in zip(ballot.districts, outcome.districts, strict=True):
        if seated.seats > 0:
            best = _Local(rule, ballot, outcome, district, seated.seats).closest()
            if best is not None:
                found[district.name] = best
    return found


def _with_more(place: District, name: str, extra: int) -> District:
    votes = {**place.votes, name: place.votes.get(name, 0) + extra}
    return replace(place, votes=votes, valid_votes=place.valid + extra)


class _Local:
    """One district, counted again with more votes for one list."""

    def __init__(self, rule: Rule, ballot: Ballot, outcome: Outcome, district: District, seats: int) -> None:
        self.rule, self.districts, self.ballot = rule, rule.constituencies, ballot
        self.admissions = outcome.admissions if self.districts.threshold else {}
        self.district, self.seats = district, seats
        self.region = regions_of(ballot)[district.region] if district.region else None
        self.before = self.with_extra("", 0)
        self.quotients = {
            line.id: (line.votes, line.last_quotient, line.next_quotient)
            for step in outcome.steps
            if step.place == district.name and step.quota is None
            for line in step.lines
        }

    def with_extra(self, name: str, extra: int) -> Mapping[str, int]:
        """Seats by list with so many more votes for one."""
        local, district = self.districts.local_threshold, _with_more(self.district, name, extra)
        region = None
        if self.region is not None and local is not None and local.of == "region":
            region = _with_more(self.region, name, extra)
        units = entitled_in(self.rule, self.ballot, self.admissions, district, region)
        division = divide_district(self.rule, self.ballot, district, units, self.seats)
        return with_direct_seats(self.districts, district, division.seats)

    def closest(self) -> NextSeat | None:
        """The list that wins another seat here with the fewest votes more."""
        standing = [entry.id for entry in self.ballot.entries if self._may_win(entry)]
        best: tuple[int, str] | None = None
        for name in sorted(standing, key=self._guess):
            extra = self._fewest(name, most=None if best is None else best[0] - 1)
            if extra is not None:
                best = extra, name
        if best is None:
            return None
        extra, name = best
        return _passed(name, extra, self.before, self.with_extra(name, extra))

    def _may_win(self, entry: Entry) -> bool:
        """Whether more votes here can win it a seat: it stands here and is not kept out nationally."""
        if not entry.eligible or not self.district.votes.get(entry.id, 0):
            return False
        local = self.districts.local_threshold
        waived = local is not None and local.waives_national
        return waived or not self.admissions or self.admissions[entry.id].admitted

    def _guess(self, name: str) -> int:
        guess = self._by_quotients(name)
        return self.district.valid if guess is None else guess

    def _fewest(self, name: str, most: int | None) -> int | None:
        """Fewest votes for another seat; nothing where it would take more than ``most``."""

        def wins(extra: int) -> bool:
            return self.with_extra(name, extra).get(name, 0) > self.before.get(name, 0)

        if most is not None and (most < 1 or not wins(most)):
            return None
        guess = self._by_quotients(name)
        if guess is not None and wins(guess) and not (guess > 1 and wins(guess - 1)):
            return guess
        return fewest(wins, 64 * (self.seats + 1) * max(self.district.valid, 1))

    def _by_quotients(self, name: str) -> int | None:
        """Votes with which the next quotient of the list equals, or passes, the last that won."""
        known = self.quotients.get(name)
        lasts = [
            last
            for other, (_, last, _) in self.quotients.items()
            if other != name and isinstance(last, Fraction)
        ]
        if known is None or not lasts:
            return None
        votes, _, following = known
        if not isinstance(following, Fraction) or not following:
            return None
        needed = min(lasts) * votes / following
        share = votes / self.district.votes[name]
        extra = (needed - votes) / share
        return max(ceil(extra) + (extra == ceil(extra)), 1)
