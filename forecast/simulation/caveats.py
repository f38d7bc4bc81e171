"""What draws leave out: a parliament without its largest party is refused, votes lost to alliances and draws
without a table of seats are said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from forecast.errors import ABSENT, Fault, ForecastError, NoValidOutcome, PollDataError
from forecast.rules.tables import rows_of_parties

if TYPE_CHECKING:
    from forecast.election import Election, Party, Rule
    from forecast.estimation import Estimate
    from forecast.result import Forecast

_NO_TABLE = "no table of seats has the totals of lists and the seats of districts"
_SELDOM = 0.001
"""What happens less often than this is not worth a line."""


def refuse_void(election: Election, forecast: Forecast) -> None:
    """``NoValidOutcome`` where every draw is void: nobody is admitted in any of them."""
    if float(forecast.array("void_probability")) >= 1.0:
        key = "rule.threshold"
        remedy = "nobody is admitted in any draw, and the rule says that this voids the election"
        if meets_both_sums(election.rule):
            key, without = "rule.districts.national_totals", "see where lists stand"
            remedy = f"in every draw nobody is admitted, or {_NO_TABLE}; {without}"
        raise NoValidOutcome(Fault(election.place, key, ABSENT, remedy))


def refuse_without_the_largest(election: Election, estimate: Estimate) -> None:
    """``PollDataError`` where the polls do not tell apart the party that was, or became, the largest.

    On a closed ballot such a party stands at the floor of a share, on an open one it is a part of ``other``:
    all other parties then share its seats. The largest is that of the last election (``last_result``), and
    for a past election that of the official result, where the file names it. A share that the file fixes
    (``estimate.share``) stands in for polls, as that of the last election does for an independent.
    """
    untold = {
        party.id
        for party in election.standing
        if party.id in estimate.unreported or party.id not in estimate.units
    } - election.estimate.share.keys()
    faults = [
        Fault(
            str(election.election.polls or "polls"),
            f"column {party.name}",
            ABSENT,
            f"{_why(party, estimate)}, but {known}: without it every other party is too large; add its "
            "shares",
        )
        for party, known in (_known_largest(election) if untold else ())
        if party.id in untold
    ]
    if faults:
        raise PollDataError(*faults[:1])


def _why(party: Party, estimate: Estimate) -> str:
    number = "no poll" if party.id in estimate.unreported else "too few of the polls"
    return f"{number} known by {estimate.as_of} reports this party"


def _known_largest(election: Election) -> Iterator[tuple[Party, str]]:
    """The largest party as far as it is known, and from where."""
    told = [
        party
        for party in election.parties
        if party.last_result is not None and party.eligible and party.kind != "independent"
    ]
    if told:
        largest = max(told, key=lambda party: party.last_result or 0)
        yield largest, f"it was the largest at the last election ({float(largest.last_result or 0):.1%})"
    if election.election.result is None:
        return
    try:
        entries = rows_of_parties(election, election.election.result).entries.values()
    except ForecastError:  # a result that cannot be read is no business of a forecast
        return
    most = max(entries, key=lambda entry: entry.votes if entry.eligible else -1)
    if most.id in election.by_id:
        yield election.by_id[most.id], f"it is the largest in {election.election.result}"


def not_placed(election: Election) -> list[str]:
    """Seats of lists by district that draws leave out, where these change no total; covered winners are found
    by region all the same.
    """
    covered = any(tier.how == "covered" and tier.votes is not None for tier in election.tiers)
    if not election.rule.only_places or covered:
        return []
    return ["in which districts lists place their seats (rule.districts) is counted and not drawn"]


def meets_both_sums(rule: Rule) -> bool:
    """Whether districts place the seats by double proportion, for which there may be no table."""
    return rule.districts is not None and rule.districts.national_totals == "biproportional"


def without_a_table(election: Election, forecast: Forecast) -> list[str]:
    """Draws in which double proportion has no table, or nobody takes part."""
    void = float(forecast.array("void_probability"))
    if not meets_both_sums(election.rule) or void <= 0.0:
        return []
    share = f"{void:.2%}" if void >= _SELDOM / 10 else "<0.01%"
    return [f"in {share} of the draws nobody takes part, or {_NO_TABLE}; these draws are void"]


def lost_to_alliances(election: Election, forecast: Forecast) -> list[str]:
    """Members of alliances that may fall below their own level: how often, and with how many votes."""
    if election.rule.alliances is None or election.rule.threshold is None:
        return []
    if election.rule.threshold.alliances is not None:
        return []  # the file says what counts for an alliance
    passes, shares = (
        dict(zip(forecast.parties, forecast.array(name).tolist(), strict=True))
        for name in ("pass_probability", "share_mean")
    )
    told = [
        party for party in election.standing if passes.get(party.id) == passes.get(party.id, float("nan"))
    ]
    said: list[str] = []
    for party in told:
        allies = [ally for ally in told if ally.alliance == party.alliance and ally is not party]
        fails = 1.0 - passes[party.id]
        if party.alliance and fails >= _SELDOM and any(passes[ally.id] >= _SELDOM for ally in allies):
            said.append(
                f"{party.name} is below its own level in {_often(fails)} of the draws: there its votes "
                f"({shares[party.id]:.1%} on average) do not count for its alliance '{party.alliance}' "
                "either; where the law counts them there, say so by rule.threshold.alliances"
            )
    return said


def _often(share: float) -> str:
    """A share of draws in whole percent, never none and never all."""
    return "over 99%" if share > 0.99 else "under 1%" if share < 0.01 else f"{share:.0%}"
