"""What a reader of any result must know: one list, which every result carries as ``warnings`` to all its
views.

What is said here of the election file itself is possible, so that nothing is refused, and hardly any of it is
meant. Keys that say something to a count and change nothing under its rule are among it: the schema takes
them, since another rule of the same election (``--set``, a scenario, a sweep) may use them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from forecast.election.values import percent, plain

if TYPE_CHECKING:
    from forecast.election.schema import Election, Party
    from forecast.election.tiers_and_groups import ChamberTier


USUAL_CONTEXT = (Fraction(1, 2), Fraction(5))
"""Factors on the error of polls that may be meant; 2 is that of managed elections."""
_USUAL_SPREAD = Fraction(2)
_USUAL_LEVEL = Fraction(1, 5)
_ROUNDING = Fraction(2, 100)
"""Shares at the last election may add up to so much more than all, by their rounding."""


def warnings_on(election: Election, *said: Iterable[str]) -> list[str]:
    """The warnings of a result: those of its election file, then those of its parts; each once, in a line."""
    lines = [line for part in (notes_on(election), *said) for line in part]
    return list(dict.fromkeys(" ".join(line.split()) for line in lines))


def of_the_lists_alone(election: Election, *, beside: bool = False) -> list[str]:
    """What a reader must know where the lists of a chamber are counted under other rules; ``beside``: other
    tiers, which hang on no rule, are drawn or counted beside them.
    """
    said: list[str] = []
    others = [tier for tier in election.apart if tier.seats]
    if beside and election.tiers_do_not_hang_on_rules:
        said.append(
            f"of the {election.rule.seats} list seats alone: what changes, differs or explains the outcome; "
            f"numbers of the chamber are of all its {election.chamber_seats} seats"
        )
        asked = [tier.name for tier in others if any(event.of == tier.id for event in election.events)]
        if asked:
            said.append(
                f"events of {' and '.join(asked)}: the same under every rule; `forecast run` has them"
            )
    elif others:
        seats = sum(tier.seats for tier in others)
        named = " and ".join(tier.name for tier in others)
        lists = f"of the {election.rule.seats} list seats alone, and majorities are of those"
        elsewhere = "`forecast run --scenarios` compares whole chambers"
        without = f"the {seats} other seats of the chamber ({named}) are in no number here"
        said.append(f"{lists}: {without}; {elsewhere}")
    said += [
        f"{tier.name}: each is taken to fall to whom it is believed to fall to; `forecast run` draws them"
        for tier in election.levelled
        if tier.votes is None
    ]
    said += [
        f"{tier.name}: who wins them hangs on votes that are not drawn here: nobody is let in by winning "
        "some, and none is set against a list's share; `forecast run` draws them"
        for tier in election.tiers
        if tier.votes is not None and tier.seats and tier.in_the_rule
    ]
    return said


def beliefs_of(election: Election) -> list[str]:
    """Tiers of the chamber that rest on nothing but a belief."""
    return [
        f"{tier.name}: {tier.open_seats} of the {election.chamber_seats} seats"
        f"{' (the house may grow)' if _may_grow(election) else ''} rest on a stated belief, not "
        f"on polls or results; numbers of {_what_rests(tier)} are as good as it is"
        for tier in election.tiers
        if tier.seats and tier.belief is not None and tier.open_seats
    ]


def _may_grow(election: Election) -> bool:
    """Whether seats beyond the share of a list are added to the house."""
    levelling = election.rule.levelling
    return bool(election.levelled) and levelling is not None and levelling.mode in ("keep", "level")


def _what_rests(tier: ChamberTier) -> str:
    if tier.how == "levelled":
        return "parties that win more than their share, or enter by their winners,"
    return "the whole chamber"


def notes_on(election: Election) -> list[str]:
    """Keys that change nothing although seats or votes are meant by them, and values that look like slips."""
    idle = (f"{key.path} changes nothing: {key.why}" for key in idle_keys(election) if key.graver)
    return [*idle, *_slips(election), *_sums_of_independents(election)]


def _sums_of_independents(election: Election) -> Iterator[str]:
    """Independents who may be several candidates: a quota is reached by one of them, not by their sum."""
    districts = election.rule.districts
    for party in election.parties if districts is not None and districts.leftover is not None else ():
        if party.kind == "independent" and party.max_seats is None and len(party.stands_in or ()) != 1:
            yield (
                f"{party.name} of kind independent is taken for one candidate, who has a seat with a whole "
                "quota of a district: say where by stands_in; of a line that sums several, none of whom has "
                "a quota alone, max_seats = 0 says so"
            )


def _slips(election: Election) -> Iterator[str]:
    settings, threshold = election.estimate, election.rule.threshold
    context = settings.context
    if not USUAL_CONTEXT[0] <= context <= USUAL_CONTEXT[1]:
        times = (
            f"{float(context):g} times as wide as"
            if context > 1
            else f"{float(1 / context):g} times narrower than"
        )
        factor = f"estimate.context = {plain(context)} is a factor, 1 for an ordinary election"
        yield f"{factor}: the errors of polls held before the vote are {times} elsewhere"
    if settings.undecided_spread is not None and settings.undecided_spread > _USUAL_SPREAD:
        yield (
            f"estimate.undecided_spread = {plain(settings.undecided_spread)} is a standard deviation of log "
            "shares: among the undecided a party may have many times its share; 0.5 is the default"
        )
    elsewhere = threshold is not None and threshold.or_district_share is not None
    level = threshold.level if threshold is not None and not elsewhere else Fraction(0)
    if not isinstance(level, str) and level > _USUAL_LEVEL:
        yield f"rule.threshold.level = {percent(level)}: only lists with so many votes take part"
    for party in election.parties:
        if party.extra_seats > election.rule.seats:
            yield (
                f"{party.name} has {party.extra_seats} seats of its own (extra_seats), more than the "
                f"{election.rule.seats} that the rule hands out; a majority is counted of all seats together"
            )
    last = sum(
        (party.last_result for party in election.parties if party.last_result is not None), Fraction(0)
    )
    if last > 1 + _ROUNDING:
        yield f"the last_result of all parties add up to {float(last):.1%}: one of them is a slip"


class Idle(NamedTuple):
    """A key that is given and changes nothing, and why; ``graver``: seats or votes were meant by it."""

    path: str
    why: str
    graver: bool = False


def idle_keys(election: Election) -> list[Idle]:
    """Every such key of the parties and of the rule, in the order of the file."""
    shared = Counter(party.alliance for party in election.parties if party.alliance)
    of_parties = [idle for party in election.parties for idle in _of_party(election, party, shared)]
    return [*of_parties, *_of_rule(election, shared)]


def _of_party(election: Election, party: Party, shared: Counter[str]) -> Iterator[Idle]:
    rule = election.rule
    threshold, path = rule.threshold, f"parties.{party.id}"
    allied = rule.alliances is not None and shared[party.alliance] > 1
    if party.alliance and rule.alliances is None:
        yield Idle(f"{path}.alliance", "the rule has no [rule.alliances]: every list stands alone", True)
    elif party.alliance and not allied:
        yield Idle(f"{path}.alliance", "no other list has this alliance")
    nested = {other.alliance for other in election.parties if other.sub_alliance}
    if party.min_seats and allied and party.alliance in nested:
        yield Idle(
            f"{path}.min_seats", "in an alliance with sub-alliances no seats are kept for a list", graver=True
        )
    if party.min_seats and rule.levelling is None and not allied:
        yield Idle(
            f"{path}.min_seats",
            "without [rule.levelling], and outside an alliance, no seats are kept for a list",
            True,
        )
    by_cap = rule.cap is not None and rule.cap.by_share
    by_waiver = threshold is not None and threshold.or_direct_seats is not None
    if party.direct_seats and rule.levelling is None and not by_cap and not by_waiver:
        yield Idle(
            f"{path}.direct_seats", "neither [rule.levelling] nor a waiver or cap of the rule reads it"
        )
    if party.best_region_share is not None and (threshold is None or threshold.or_regional_share is None):
        yield Idle(f"{path}.best_region_share", "the rule has no threshold.or_regional_share")
    if party.members > 1 and (threshold is None or not threshold.by_members):
        yield Idle(f"{path}.members", "the rule has no threshold.by_members")


def _of_rule(election: Election, shared: Counter[str]) -> Iterator[Idle]:
    rule, threshold = election.rule, election.rule.threshold
    kinds = {party.kind for party in election.parties}
    for kind in (kind for kind in rule.weights if kind not in kinds):
        yield Idle(f"rule.weights.{kind}", f"no party is of the kind {kind}")
    if rule.alliances is not None and max(shared.values(), default=0) < 2:
        yield Idle("rule.alliances", "no two parties have the same alliance")
    if threshold is None:
        return
    for kind in (kind for kind in threshold.by_kind if kind not in kinds):
        yield Idle(f"rule.threshold.by_kind.{kind}", f"no party is of the kind {kind}")
    most = max(party.members for party in election.parties)
    for members in (members for members in threshold.by_members if members > most):
        yield Idle(f"rule.threshold.by_members.{members}", f"no party has so many members (most: {most})")
    tabled = rule.districts is not None and rule.districts.direct is not None
    if (
        threshold.or_direct_seats is not None
        and not tabled
        and not any(tier.seats and tier.in_the_rule for tier in election.tiers)
        and not any(p.direct_seats for p in election.parties)
    ):
        yield Idle("rule.threshold.or_direct_seats", "no party has direct_seats, so that it admits nobody")
    if threshold.or_regional_share is not None and not any(p.best_region_share for p in election.parties):
        yield Idle("rule.threshold.or_regional_share", "no party has best_region_share: it admits nobody")
