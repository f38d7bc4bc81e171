"""The chamber of a run: its tiers beside the lists as the core draws them, and what is counted of them.

Under many rules of its lists the other tiers are drawn once: they are the same under every rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import Step
from forecast.election.values import normalised
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError, suggest
from forecast.kernels import count, count_places, sweep, whole_chamber
from forecast.kernels.arrays import BLOCK, Seats, Votes, new_rows
from forecast.kernels.count import Questions
from forecast.simulation.inputs import compile_chamber_questions
from forecast.simulation.local import (
    NOWHERE,
    DistrictBallots,
    DrawnDistricts,
    drawn_districts,
    no_votes,
)
from forecast.simulation.run_counts import Tallies, empty_tallies
from forecast.simulation.stages import Ballots, new_admission, new_noise, new_seats, votes_like

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.election.tiers_and_groups import Belief, ChamberTier
    from forecast.geography.projection import Centre
    from forecast.kernels.arrays import Seats
    from forecast.kernels.laws import Law
    from forecast.kernels.whole_chamber import Contests
    from forecast.simulation.inputs import Units
    from forecast.simulation.local import Local, LocalBench
    from forecast.simulation.pieces import Counted, KeptDraws
    from forecast.simulation.run_counts import Tallies


_BITS_PER_NAT = float(1.0 / np.log(2.0))
_LEAST, _MOST = 1e-9, 1.0 - 2.0**-23


class Chamber(NamedTuple):
    """The whole chamber of an election: H holders of seats, T tiers beside the lists."""

    holders: tuple[str, ...]
    """Ids of the K lists in the order of the core, then of groups."""
    tiers: tuple[ChamberTier, ...]
    contests: tuple[Contests, ...]
    """A tier each."""
    questions: Questions
    """About the chamber (``compile_chamber_questions``)."""
    admits: int = 0
    """Districts of levelled or covered tiers that let in a list below its level; 0: none do."""
    districts: tuple[DrawnDistricts | None, ...] = ()
    """Of each tier, where its districts are drawn by votes."""
    asked_of: frozenset[str] = frozenset()
    """What events are about."""

    @property
    def seats(self) -> int:
        """Seats of all tiers beside the lists."""
        return sum(tier.seats for tier in self.tiers)

    @property
    def by_block(self) -> bool:
        """Whether pieces are one block: where winners hold seats of the rule, or are found among votes."""
        return any(one.about["ahead"][0] for one in self.contests) or any(self.districts)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know of its districts."""
        return tuple(line for one in self.districts if one is not None for line in one.warnings)

    def contests_of(self, number: int) -> tuple[str, ...]:
        """Names of the districts of a tier, where they are told apart."""
        drawn, belief = self.districts[number], self.tiers[number].belief
        if not self.tiers[number].seats:
            return ()
        return drawn.names if drawn is not None else tuple(belief.chances) if belief is not None else ()

    @property
    def assemblies(self) -> int:
        """What is counted: the chamber, then each tier."""
        return 1 + len(self.tiers)

    def empty(self, spans: int, lists_most: int, rules: int = 1) -> Tallies:
        """Tallies of zero over (spans, assemblies), of several rules over (spans, rules); the lists hand out
        ``lists_most`` seats at most.
        """
        coalitions, events = (
            len(starts) - 1 for starts in (self.questions.coalition_starts, self.questions.event_starts)
        )
        over, most = rules if rules > 1 else self.assemblies, lists_most + self.seats
        return empty_tallies(spans, 0, len(self.holders), over, most, coalitions, events)


def chamber_of(
    election: Election,
    units: Units,
    shares: NDArray[np.float64],
    seed: int,
    *,
    local: Local | None = None,
    estimate: Centre | None = None,
) -> Chamber | None:
    """The chamber of an election around central shares (U,); ``None`` where it is its lists alone. Districts
    are moved by the polls of them that an ``estimate`` knows; ``local`` are those of the rule.

    ``PollDataError`` where a party that a tier names is not told apart by the polls, for what is wrong with
    the tables of tiers, and for polls of a district that there is not.
    """
    if not election.tiers:
        return None
    holders = (*units.ids[: units.lists], *(group.id for group in election.groups))
    _refuse_unsaid(election)
    _refuse_untold(election, holders)
    _refuse_nobody(election, holders)
    central = {unit: float(share) for unit, share in zip(units.ids, shares, strict=True)}
    districts = tuple(
        drawn_districts(election, tier, number, holders, central, seed, estimate)
        if tier.votes and tier.seats
        else None
        for number, tier in enumerate(election.tiers)
    )
    if local is not None and election.levelled:
        districts = tuple(
            _held_there(election, tier, drawn, local.table.names)
            for tier, drawn in zip(election.tiers, districts, strict=True)
        )
    if any(districts) and estimate is not None and estimate.of_places is not None:
        from forecast.geography.projection import refuse_unknown_places

        every = [one.places for one in (local, *districts) if one is not None]
        refuse_unknown_places(estimate.of_places, every, estimate.as_of)
    contests = tuple(
        _contests(tier, number, holders, units.lists, central, seed)
        if drawn is None
        else _by_votes(tier, number, holders, drawn, seed)
        for number, (tier, drawn) in enumerate(zip(election.tiers, districts, strict=True))
    )
    questions = compile_chamber_questions(election.coalitions, election.events, holders)
    threshold = election.rule.threshold
    counted = any(tier.in_the_rule and tier.seats for tier in election.tiers)
    admits = threshold.or_direct_seats if threshold is not None and counted else None
    asked_of = frozenset(event.of for event in election.events)
    return Chamber(holders, election.tiers, contests, questions, admits or 0, districts, asked_of)


def _held_there(
    election: Election, tier: ChamberTier, drawn: DrawnDistricts | None, names: Sequence[str]
) -> DrawnDistricts | None:
    """A tier whose winners hold seats of their lists in the districts of the rule, where each lies by its
    region; others as they are.
    """
    if tier.how != "levelled" or not tier.seats:
        return drawn
    if drawn is None:
        remedy = "winners are those of a district of the rule: name the last votes in them ([tiers.votes])"
        raise ConfigurationError(Fault(election.place, f"tiers.{tier.id}.how", tier.how, remedy))
    known = {normalised(name): d for d, name in enumerate(names)}
    regions = [place.region for place in drawn.places.places]
    faults = [
        Fault(
            election.place,
            f"tiers.{tier.id}.votes.last",
            region or ABSENT,
            "the region of every district there is the district of the rule that it lies in "
            f"(rule.districts.table); {suggest(region, names)}",
        )
        for region in dict.fromkeys(regions)
        if normalised(region) not in known
    ]
    if faults:
        raise ConfigurationError(*faults)
    return drawn._replace(where=np.array([known[normalised(region)] for region in regions], np.int64))


def _refuse_unsaid(election: Election) -> None:
    """A tier of which only a count tells who won."""
    faults = [
        Fault(
            election.place,
            f"tiers.{tier.id}",
            ABSENT,
            f"nothing says who may win {tier.open_seats} of its {tier.seats} seats: write [tiers.votes] or "
            "[tiers.belief]",
        )
        for tier in election.tiers
        if tier.belief is None and tier.votes is None and tier.open_seats
    ]
    faults += [
        Fault(
            election.place,
            f"tiers.{tier.id}.how",
            tier.how,
            "the votes for candidates count for the lists: write [tiers.votes] with the last votes in the "
            "districts, from which they are drawn",
        )
        for tier in election.tiers
        if tier.how == "compensated" and tier.seats and tier.votes is None
    ]
    if faults:
        raise ConfigurationError(*faults)


def _refuse_untold(election: Election, holders: Sequence[str]) -> None:
    """Seats of a party must not vanish with it."""
    faults = [
        Fault(
            str(election.election.polls or "polls"),
            "",
            name,
            f"{tier.name} gives this party seats, but the polls do not tell it apart; add its share to the "
            "poll table",
        )
        for tier in election.tiers
        if tier.seats
        for name in sorted(tier.holders)
        if name not in holders and name not in election.estimate.withdrawal
    ]
    if faults:
        raise PollDataError(*faults)


def _refuse_nobody(election: Election, holders: Sequence[str]) -> None:
    """Districts of which everyone withdraws who might win them, and seats held by who withdraws."""
    faults = [
        Fault(
            election.place,
            "estimate.withdrawal",
            ABSENT,
            f"of {tier.name} nobody is left who might win some of its seats; say who would (tiers.{tier.id})",
        )
        for tier in election.tiers
        if tier.seats
        and (
            any(name not in holders for name, seats in tier.held.items() if seats)
            or not all(_standing(here, holders) for here in chances_of(tier))
        )
    ]
    if faults:
        raise ConfigurationError(*faults)


def _contests(
    tier: ChamberTier,
    number: int,
    holders: Sequence[str],
    lists: int,
    central: dict[str, float],
    seed: int,
) -> Contests:
    """A tier as the core reads it."""
    about = np.zeros(1, whole_chamber.TIER)
    about["seed"], about["number"] = seed, number
    about["ahead"] = tier.how == "levelled" and tier.seats > 0
    belief = tier.belief if tier.seats else None
    at, follows, cells = dict(central), (), []
    if belief is not None:
        about["slope"], about["spread"] = float(belief.slope), float(belief.spread) * _BITS_PER_NAT
        at |= {name: float(share) for name, share in belief.at.items()}
        follows = _followed(belief, holders[:lists])
        cells = [_standing(here, holders) for here in chances_of(tier)]
    index = {name: h for h, name in enumerate(holders)}
    share = np.clip([at.get(name, 0.5) for name in holders], _LEAST, _MOST)
    flat = [(index[name], float(chance)) for here in cells for name, chance in here.items()]
    return whole_chamber.Contests(
        about,
        np.cumsum([0, *map(len, cells)]),
        np.array([h for h, _ in flat], np.int64),
        np.array([chance for _, chance in flat], np.float32),
        np.array([name in follows for name in holders]).astype(np.int64),
        np.log2(share / (1.0 - share)).astype(np.float32),
        np.array([tier.held.get(name, 0) if tier.seats else 0 for name in holders], np.int64),
        np.zeros((0, len(holders)), np.float32),
    )


def _by_votes(
    tier: ChamberTier, number: int, holders: Sequence[str], drawn: DrawnDistricts, seed: int
) -> Contests:
    """A tier whose districts are drawn by votes, as the core reads it."""
    settings = tier.votes
    assert settings is not None
    about = np.zeros(1, whole_chamber.TIER)
    about["seed"], about["number"], about["way"] = seed, number, whole_chamber.BY_VOTES
    about["rounds"], about["majority"] = settings.rounds, float(settings.majority)
    about["transfer_sd"] = float(settings.transfer_error) * _BITS_PER_NAT
    about["per_list"], about["ahead"] = drawn.per_list, tier.how != "apart"
    district, holder = np.nonzero(drawn.stands)
    return whole_chamber.Contests(
        about,
        np.searchsorted(district, np.arange(len(drawn.names) + 1)).astype(np.int64),
        holder.astype(np.int64),
        np.zeros(len(holder), np.float32),
        np.zeros(len(holders), np.int64),
        np.zeros(len(holders), np.float32),
        np.array([tier.held.get(name, 0) for name in holders], np.int64),
        drawn.transfers,
    )


def chances_of(tier: ChamberTier) -> list[dict[str, Fraction]]:
    """The chances of every district of a tier by holder: as given, or alike in all."""
    if tier.belief is None:
        return []
    if tier.belief.chances:
        return list(tier.belief.chances.values())
    return [believed_chances(tier)] * tier.open_seats


def _standing(chances: dict[str, Fraction], holders: Sequence[str]) -> dict[str, Fraction]:
    """The chances of those who stand: the others' go to them in proportion, which the core sees to."""
    return {name: chance for name, chance in chances.items() if name in holders}


def believed_chances(tier: ChamberTier) -> dict[str, Fraction]:
    """The chance of each holder in every district of a believed tier: half a seat more for each of two than
    believed, so that a certainty of all districts is none of each (Haldane's correction).
    """
    assert tier.belief is not None
    believed = {name: seats for name, seats in tier.belief.seats.items() if seats}
    if len(believed) == 1:
        return dict.fromkeys(believed, Fraction(1))
    each = Fraction(1, len(believed))
    return {name: (seats + each) / (tier.open_seats + 1) for name, seats in believed.items()}


def _followed(belief: Belief, lists: Sequence[str]) -> tuple[str, ...]:
    """The parties whose seats move with their votes: those named; else all that have chances, or the one
    believed to win most.
    """
    if belief.follows:
        return belief.follows
    believed = [name for name in lists if name in belief.holders]
    if belief.chances:
        return tuple(believed)
    return tuple(sorted(believed, key=lambda name: -belief.seats[name])[:1])


class Assembly:
    """What seats the chamber of a bench and counts it, tier by tier and as a whole."""

    def __init__(
        self,
        of: Chamber,
        ballots: Ballots,
        kept: NDArray[np.int64],
        lists_most: int,
        local: LocalBench | None = None,
    ) -> None:
        """``local``: the districts of the rule, in which winners may hold seats of their lists."""
        blocks, holders = ballots.seats.house.shape[0], len(of.holders)
        coalitions, asked = len(of.questions.coalition_starts) - 1, list(_asked_of(of))
        shape = (holders + coalitions, count.WAYS, lists_most + of.seats + 1)
        self._counts = [counts_of(shape, coalitions, len(one.event_starts) - 1) for one in asked]
        workspace = count.CountWorkspace(
            new_rows((holders, BLOCK), np.uint16), np.zeros((2, BLOCK), np.int32)
        )
        self.won = [np.zeros((len(one.starts) - 1, holders), np.int64) for one in of.contests]
        """(D, H) by tier: draws in which each holder wins each district."""
        self._of, self._ballots = of, ballots
        piece, claims = ballots.piece, ballots.claims
        whole = new_seats(blocks, holders, coalitions)
        self._ahead: list[Step] = []
        holding = 0  # 1 behind the first tier whose winners hold seats of their lists
        self._directly: Seats = ballots.seats
        self.districts = [DistrictBallots(one, ballots) if one is not None else None for one in of.districts]
        self._unused: list[tuple[whole_chamber.Contests, DistrictBallots, whole_chamber.Elected]] = []
        self.divided = ballots
        """Ballots with the votes by which the seats of lists are divided."""
        self.steps: list[Step] = [whole_chamber.seat_lists.step(piece, ballots.seats, whole)]
        for number, contests in enumerate(of.contests):
            tier, drawn = new_seats(blocks, holders, coalitions), self.districts[number]
            elected = elected_in(drawn, tier, self.won[number])
            steps = list(drawing_of(contests, ballots, drawn, elected))
            if of.tiers[number].how == "covered" and drawn is not None:
                self._ahead += steps
                self._directly = tier
                self.steps.append(drawn.cover(ballots, elected))
            elif of.tiers[number].how == "compensated" and drawn is not None:
                self._ahead += steps
                self._unused.append((contests, drawn, elected))
                self.divided = ballots._replace(votes=votes_like(ballots.votes))
                self.steps.append(whole_chamber.seat_tier.step(piece, tier, whole))
            elif drawn is not None and drawn.hold_in_districts:
                assert local is not None
                self._ahead += [*steps, drawn.hold_in(local.ballots.seats, holding)]
                holding = 1
            elif contests.about["ahead"][0]:
                self._ahead += [*steps, whole_chamber.hold_tier.step(piece, tier, ballots.seats, holding)]
                holding = 1
            else:
                self.steps += [*steps, whole_chamber.seat_tier.step(piece, tier, whole)]
            self.steps.append(
                count.count_seats.step(
                    piece, claims, tier, asked[1 + number], self._counts[1 + number], workspace
                )
            )
        self.steps += [
            count.count_seats.step(piece, claims, whole, asked[0], self._counts[0], workspace),
            count.keep_seats.step(piece, whole, kept),
        ]

    def ahead(self, law: Law, passes: NDArray[np.int64]) -> Iterator[Step]:
        """What finds the winners of levelled and covered tiers before the seats of the lists are divided, and
        admits their lists; ``passes`` (K,) grow by these.
        """
        here, admits = self._ballots, self._of.admits
        yield from self._ahead
        if self._ahead and admits:
            lists = here.seats.filled.shape[1]
            nowhere = Votes(
                *(np.zeros((0, lists, BLOCK), np.float32), np.zeros((0, BLOCK), np.float32)),
                np.zeros((0, lists, BLOCK), np.float32),
                *(np.zeros((0, BLOCK)), np.zeros((0, BLOCK)), np.zeros(0)),
            )
            waivers = count_places.Waivers(np.array([admits]), np.array([0]), np.zeros(0, np.int64), nowhere)
            form = (
                count_places.admit_by_districts_given if here.given else count_places.admit_by_districts_drawn
            )
            yield form.step(
                law,
                waivers,
                here.piece,
                here.votes,
                self._directly,
                here.claims,
                passes,
                new_admission(lists),
            )
        for contests, drawn, elected in self._unused:
            yield from drawn.add_unused(contests, here, law, elected, self.divided.votes)

    def begin(self) -> None:
        """Start a span with counts of zero."""
        for counts in self._counts:
            for part in counts:
                part[...] = 0

    def finish(self, tallies: Tallies, row: int) -> None:
        """Add the counts of a span to a row of the tallies of the chamber."""
        for assembly, counts in enumerate(self._counts):
            tallies.seats[row, assembly] += counts.seats.sum(1, dtype=np.uint32)
            tallies.majorities[row, assembly] += counts.majorities
            tallies.events[row, assembly, : len(counts.events)] += counts.events


def _asked_of(of: Chamber) -> Iterator[count.Questions]:
    """The questions about the whole chamber, then those about each tier, with events where any is of it."""
    yield of.questions
    unasked = of.questions._replace(event_starts=np.zeros(1, np.int64))
    yield from (of.questions if tier.id in of.asked_of else unasked for tier in of.tiers)


def counts_of(shape: tuple[int, ...], coalitions: int, events: int) -> count.Counts:
    """Counts of zero; ``shape`` is that of the seats."""
    return count.Counts(
        np.zeros(shape, np.uint32),
        np.zeros(coalitions, np.int64),
        np.zeros(events, np.int64),
        np.zeros(1, np.int64),
    )


def elected_in(drawn: DistrictBallots | None, tier: Seats, won: NDArray[np.int64]) -> whole_chamber.Elected:
    """Who is elected in a tier: its seats, and what each holder has ``won``; ``drawn``: by votes."""
    return whole_chamber.Elected(tier, won, drawn.winners if drawn is not None else NOWHERE)


def drawing_of(
    contests: whole_chamber.Contests,
    ballots: Ballots,
    drawn: DistrictBallots | None,
    elected: whole_chamber.Elected,
) -> Iterator[Step]:
    """What draws who is elected in a tier; ``drawn``: from the votes in its districts."""
    if drawn is not None:
        yield from drawn.steps
    holders = elected.won.shape[1]
    fill = whole_chamber.fill_tier_given if ballots.given else whole_chamber.fill_tier_drawn
    yield fill.step(
        contests,
        ballots.piece,
        ballots.votes,
        drawn.votes if drawn is not None else no_votes(holders),
        ballots.seats,
        new_contest_workspace(holders),
        elected,
    )


def new_contest_workspace(holders: int) -> whole_chamber.ContestWorkspace:
    """What the districts of a block are drawn with."""
    return whole_chamber.ContestWorkspace(
        new_noise(holders),
        new_rows((holders, BLOCK), np.float32),
        new_rows((3, BLOCK), np.float32),
        new_rows((2, BLOCK), np.int32),
        new_rows((2, BLOCK), np.uint32),
    )


class Chambers:
    """What seats the tiers beside the lists of a bench, and adds them to the lists under one rule after the
    other. None of the tiers is set against the share of its lists.
    """

    def __init__(self, of: Chamber, ballots: Ballots, kept: KeptDraws, lists_most: int) -> None:
        assert kept.chamber is not None
        self._of, self._ballots, self._kept, self._seats_kept = of, ballots, kept, kept.chamber
        self._most = lists_most + of.seats
        self._holders = len(of.holders)
        self._coalitions = len(of.questions.coalition_starts) - 1
        self._events = len(of.questions.event_starts) - 1
        self._tiers = [self._new_seats() for _ in of.contests]
        self._whole = self._new_seats()
        self._workspace = count.CountWorkspace(
            new_rows((self._holders, BLOCK), np.uint16), np.zeros((2, BLOCK), np.int32)
        )
        self.first: list[Step] = []
        """What draws the tiers of a piece, before any rule."""
        for contests, tier, districts in zip(of.contests, self._tiers, of.districts, strict=True):
            whatever = contests._replace(about=contests.about.copy())
            whatever.about["ahead"] = True
            drawn = DistrictBallots(districts, ballots) if districts is not None else None
            won = np.zeros((len(contests.starts) - 1, self._holders), np.int64)
            self.first += drawing_of(whatever, ballots, drawn, elected_in(drawn, tier, won))

    def _new_seats(self) -> Seats:
        return new_seats(self._ballots.seats.house.shape[0], self._holders, self._coalitions)

    def _seated(self) -> Iterator[Step]:
        """The lists, as they are seated at this point, and the tiers beside them."""
        piece = self._ballots.piece
        yield whole_chamber.seat_lists.step(piece, self._ballots.seats, self._whole)
        for tier in self._tiers:
            yield whole_chamber.seat_tier.step(piece, tier, self._whole)

    def under(self, r: int, outcome: int) -> OneRule:
        """What counts the chamber under rule ``r``, whose lists are seated, and keeps it as ``outcome``."""
        shape = (self._holders + self._coalitions, count.WAYS, self._most + 1)
        counts = counts_of(shape, self._coalitions, self._events)
        here = self._ballots
        steps = [
            *self._seated(),
            count.count_seats.step(
                here.piece, here.claims, self._whole, self._of.questions, counts, self._workspace
            ),
            count.keep_seats.step(here.piece, self._whole, self._seats_kept[outcome]),
        ]
        return OneRule(r, steps, counts)

    def along(self, rows: Sequence[Counted]) -> ManyRules:
        """What counts the chamber along the rows of a grid."""
        return ManyRules(self, rows)

    def new_row_counts(self, length: int) -> sweep.RowCounts:
        """Counts of zero along a row of ``length`` thresholds."""
        return sweep.new_row_counts(length, self._holders, self._coalitions, self._events, self._most)

    def answers(self) -> tuple[list[Step], NDArray[np.int32]]:
        """What seats the chamber and answers the questions about it, and the answers."""
        here = self._ballots
        won = np.zeros((here.seats.house.shape[0], self._coalitions + self._events, BLOCK), np.int32)
        step = sweep.answer.step(
            here.piece, here.claims, self._whole, self._of.questions, won, self._workspace
        )
        return [*self._seated(), step], won

    def counted_along(self, row: Counted, won: NDArray[np.int32], counts: sweep.RowCounts) -> Iterator[Step]:
        """What counts the chamber that is seated along a row of rules, whose outcomes are told apart."""
        stretches = row.passing.stretches
        yield sweep.count_along.step(stretches, self._whole, won, counts)
        if self._kept.draws:
            yield sweep.keep_along.step(
                self._ballots.piece,
                stretches,
                row.standing,
                self._kept.which,
                self._whole,
                self._seats_kept,
            )


class OneRule:
    """Counts of the chamber under one rule."""

    def __init__(self, r: int, steps: list[Step], counts: count.Counts) -> None:
        self.steps, self._r, self._counts = steps, r, counts

    def begin(self) -> None:
        """Start a span with counts of zero."""
        for part in self._counts:
            part[...] = 0

    def finish(self, tallies: Tallies, row: int) -> None:
        """Add the counts of a span to a row of the tallies of the chamber."""
        r = self._r
        tallies.seats[row, r] += self._counts.seats.sum(1, dtype=np.uint32)
        tallies.majorities[row, r] += self._counts.majorities
        tallies.events[row, r] += self._counts.events
        tallies.void[row, r] += self._counts.void[0]


class ManyRules:
    """Counts of the chamber under the rules of a grid."""

    def __init__(self, chambers: Chambers, rows: Sequence[Counted]) -> None:
        self._chambers, self._rows = chambers, rows
        self._counts = [chambers.new_row_counts(row.passing.length) for row in rows]
        self._answers, self._won = chambers.answers()

    def steps(self, a: int) -> Iterator[Step]:
        """What counts the chamber after the seats of method ``a``."""
        yield from self._answers
        for row, counts in zip(self._rows, self._counts, strict=True):
            if row.row.method == a:
                yield from self._chambers.counted_along(row, self._won, counts)

    def finish(self, draws: int, of: Tallies, row: int) -> None:
        """Add the counts of a span of so many draws to a row of the tallies of the chamber."""
        mine = sweep.RuleTallies(
            of.passes[row], of.void[row], of.seats[row], of.majorities[row], of.events[row]
        )
        for one, counts in zip(self._rows, self._counts, strict=True):
            sweep.add_up(counts, one.passing.passes, one.passing.void, one.standing, draws, mine)
