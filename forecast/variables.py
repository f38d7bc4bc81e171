"""Every number and label of a forecast, once: its name, dimensions, unit, group and meaning.

Labelling, tables, JSON, files and their check, and the reference in docs/results.md all take them from here.
A new number is one entry here and the function that computes it (``forecast.simulation.numbers``).

A forecast is a tree of groups. Its root holds the forecast itself; ``polls/weight`` is the variable
``weight`` of the group ``polls``. Where a forecast has leading dimensions (levels of a threshold, days,
scenarios), they stand before those that are written here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

SCHEMA_VERSION = 2
"""Of a forecast and its file; raised whenever a name or a meaning changes."""

QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Ends of the 95, 80 and 50 % intervals, and the median."""

ENDS = {
    "low95": (0.025, "lower end of the 95 % interval"),
    "low80": (0.1, "lower end of the 80 % interval"),
    "low50": (0.25, "lower end of the 50 % interval"),
    "median": (0.5, "median"),
    "high50": (0.75, "upper end of the 50 % interval"),
    "high80": (0.9, "upper end of the 80 % interval"),
    "high95": (0.975, "upper end of the 95 % interval"),
}
"""Columns that a variable over ``quantile_level`` has in a table: the quantile, and what it is called."""

LEAST_CONDITION_DRAWS = 100
"""A conditional number is left blank under so many draws of its condition."""

MOST_PLACES = 6
"""Places by number of seats whose chances are told."""

SEATLESS_KINDS = frozenset({"none-of-the-above", "residual"})
"""Options on the ballot (``party_kind``) that hold no seats by their kind."""

Kind = Literal["number", "integer", "truth", "text", "day"]
"""What the values are. A truth is 1 or 0: netCDF knows no truth values."""

PASSES_BY_SEATS = "probability of a seat (no level for the whole country)"
"""What ``pass_probability`` means under a rule whose levels are those of districts."""

SUBJECTS = ("party", "coalition", "event")
"""What most numbers are about: each has a table and a list in JSON."""


@dataclass(frozen=True)
class Variable:
    """One number or label of a forecast."""

    name: str
    dims: tuple[str, ...]
    unit: str
    """``1`` for shares and probabilities, else such as ``seats``, ``votes``, ``days``; none for texts."""
    meaning: str
    """In words; the attribute ``long_name``."""
    kind: Kind = "number"
    group: str = ""
    """Empty for the root, which is the forecast itself."""
    label: bool = False
    """Whether it names what lies along its dimension: a coordinate."""
    estimated: bool = False
    """Whether its Monte Carlo standard error stands beside it."""
    comment: str = ""
    column: str = ""
    """Its column in the table of its subject, where that is not the name less that of the subject."""
    key: str = ""
    """Where it stands in the JSON of its subject, such as ``seats.mean``; none: nowhere."""
    heading: str = ""
    """Its heading in the table of its subject as people are shown it; none: they are not."""
    rank: int = 0
    """Where a terminal is too narrow, columns of the highest rank are left out first; those of 0 stay."""
    of_votes: bool = False
    """Whether it is about votes, which options without seats have as others do, and no rule changes."""

    @property
    def path(self) -> str:
        """Its name with that of its group, such as ``polls/weight``; in the root the name alone."""
        return f"{self.group}/{self.name}" if self.group else self.name

    @property
    def subject(self) -> str:
        """What it is about: party, coalition or event; empty for the whole."""
        return self.dims[0] if self.dims and self.dims[0] in SUBJECTS else ""

    @property
    def stem(self) -> str:
        """What its columns are called, or begin with where it has several."""
        return self.column or self.name.removeprefix(f"{self.subject}_").removesuffix("_quantile")

    @property
    def columns(self) -> dict[str, tuple[int | None, str]]:
        """Its columns by name: which quantile it is, if it is one, and what it means."""
        if self.dims[-1:] != ("quantile_level",):
            return {self.stem: (None, self.meaning)}
        of = self.meaning.removeprefix("quantile of ")
        return {
            f"{self.stem}_{end}": (k, f"{what} of {of}") for k, (end, (_, what)) in enumerate(ENDS.items())
        }

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes of the variable in a Dataset."""
        about = {"long_name": self.meaning} | ({} if self.kind in ("text", "day") else {"units": self.unit})
        return about | ({"comment": self.comment} if self.comment else {})


def error_of(name: str) -> str:
    """The variable (by path), or the column, that holds the Monte Carlo error of another."""
    group, slash, last = name.rpartition("/")
    error = "mc_error" if last == "probability" else f"{last.removesuffix('_probability')}_mc_error"
    return f"{group}{slash}{error}"


def _number(name: str, dims: str, unit: str, meaning: str, **more: Any) -> Variable:
    return Variable(name, tuple(dims.split()), unit, meaning, **more)


def _share(name: str, dims: str, meaning: str, **more: Any) -> Variable:
    return _number(name, dims, "1", meaning, **more)


def _votes(name: str, dims: str, meaning: str, **more: Any) -> Variable:
    return _number(name, dims, "1", meaning, of_votes=True, **more)


def _chance(name: str, dims: str, meaning: str, **more: Any) -> Variable:
    return _number(name, dims, "1", meaning, estimated=True, **more)


def _mean(name: str, dims: str, unit: str, meaning: str, **more: Any) -> Variable:
    return _number(name, dims, unit, meaning, estimated=True, **more)


def _whole(name: str, dims: str, unit: str, meaning: str, **more: Any) -> Variable:
    return _number(name, dims, unit, meaning, kind="integer", **more)


def _truth(name: str, dims: str, meaning: str, **more: Any) -> Variable:
    return _number(name, dims, "1", meaning, kind="truth", **more)


def _text(name: str, dims: str, meaning: str, **more: Any) -> Variable:
    return _number(name, dims, "", meaning, kind="text", **more)


def _day(name: str, dims: str, meaning: str, **more: Any) -> Variable:
    return _number(name, dims, "", meaning, kind="day", **more)


def _labels(*variables: Variable) -> tuple[Variable, ...]:
    return tuple(replace(one, label=True) for one in variables)


def _in(group: str, *variables: Variable) -> tuple[Variable, ...]:
    return tuple(replace(one, group=group) for one in variables)


_LABELS = _labels(
    _text("party", "party", "id of the option on the ballot"),
    _text("party_name", "party", "its name"),
    _text("party_short", "party", "its short name, for charts"),
    _text("party_colour", "party", "its colour in charts, if any"),
    _text("party_kind", "party", "kind of option; none-of-the-above and residual hold no seats"),
    _whole("seats", "seats", "seats", "number of seats"),
    _number("quantile_level", "quantile_level", "1", "probability of a value at or below"),
    _text("coalition", "coalition", "id of the coalition"),
    _text("coalition_name", "coalition", "its name"),
    _text("coalition_parties", "coalition", "ids of its parties, a line each"),
    _text("event", "event", "id of the event"),
    _text("event_name", "event", "its name"),
    _text("event_definition", "event", "the event as the election file says it (JSON)"),
)

_BLANK_IF = f"blank under {LEAST_CONDITION_DRAWS} such draws"
_PARTIES = (
    *_in(
        "last_election",
        _votes("share", "party", "share at the last election", column="last_share", heading="Last", rank=5),
        _whole(
            "seats_won",
            "party",
            "seats",
            "seats at the last election",
            column="last_seats",
            heading="Last seats",
            rank=6,
        ),
    ),
    *_in(
        "estimate",
        _votes("average", "party", "centre of the estimate", column="poll_average", heading="Polls", rank=6),
    ),
    _votes("share_mean", "party", "mean share of valid votes", key="share.mean"),
    _votes(
        "share_quantile",
        "party quantile_level",
        "quantile of the share of valid votes",
        key="share",
        heading="Share",
        rank=1,
    ),
    _chance(
        "pass_probability",
        "party",
        "probability of crossing the threshold",
        key="passes.probability",
        heading="Passes",
    ),
    _whole(
        "seat_quantile", "party quantile_level", "seats", "quantile of seats", key="seats", heading="Seats"
    ),
    _mean("seat_mean", "party", "seats", "mean seats", key="seats.mean", heading="Mean", rank=4),
    _whole(
        "entering_seat_quantile",
        "party quantile_level",
        "seats",
        "quantile of seats in the draws in which the party passes",
        comment=f"{_BLANK_IF}, and where those that do not pass may hold seats",
        key="seats_if_it_enters",
        heading="Seats if in",
        rank=3,
    ),
    _chance("seat_probability", "party seats", "probability of a number of seats", key="seats.distribution"),
    _whole(
        "representative_seats",
        "party",
        "seats",
        "seats of one draw",
        key="representative_seats",
        heading="One draw",
        rank=4,
    ),
    _chance(
        "largest_probability", "party", "probability of more seats than any other", key="largest.probability"
    ),
    *_in(
        "places",
        *_labels(_whole("place", "place", "1", "place by number of seats, the largest first")),
        _chance(
            "probability",
            "party place",
            "probability of a place by seats",
            comment="of parties with equal seats each has the better place; without seats none",
            key="places.probability",
        ),
    ),
)

_HELD = "probability of more than half of the seats handed out"
_BLANK = f"blank under {LEAST_CONDITION_DRAWS} draws of the condition"
_EVENT, _CONDITION = "probability of an event, given its condition", "draws in which the condition holds"
_NOBODY = "probability that no list passes and nobody wins a seat"
_OTHERS = (
    _chance("majority_probability", "coalition", _HELD, key="majority.probability", heading="Majority"),
    _whole(
        "coalition_seat_quantile",
        "coalition quantile_level",
        "seats",
        "quantile of seats",
        key="seats",
        heading="Seats",
    ),
    _mean(
        "coalition_seat_mean", "coalition", "seats", "mean seats", key="seats.mean", heading="Mean", rank=4
    ),
    _share(
        "coalition_seat_probability",
        "coalition seats",
        "probability of a number of seats",
        key="seats.distribution",
    ),
    _chance("event_probability", "event", _EVENT, comment=_BLANK, key="probability", heading="Probability"),
    _whole(
        "event_condition_draws",
        "event",
        "draws",
        _CONDITION,
        key="condition_draws",
        heading="Draws of condition",
        rank=2,
    ),
    _chance("void_probability", "", _NOBODY, key="void.probability"),
    _text("warnings", "", "warnings of one forecast among several, a line each"),
)

COUNTED = (
    _whole("votes", "party", "votes", "votes", key="votes", heading="Votes", of_votes=True),
    _votes("share", "party", "share of the valid votes", key="share", heading="Share"),
    _truth("admitted", "party", "whether the party takes part in the allocation", key="admitted"),
    _whole("seats_won", "party", "seats", "seats", column="seats", key="seats", heading="Seats"),
    _whole(
        "coalition_seats_won", "coalition", "seats", "seats", column="seats", key="seats", heading="Seats"
    ),
    _truth(
        "majority",
        "coalition",
        "whether it holds more than half of the seats",
        key="majority",
        heading="Majority",
    ),
    _truth("void", "", "whether no list with votes is admitted", key="void"),
    _text("tied_claims", "", "equal claims, and who won them (JSON)"),
)
"""Of an exact count of real votes, where nothing is drawn."""

_ESTIMATE = _in(
    "estimate",
    *_labels(_text("unit", "unit", "option, or all others together, that the estimate tells apart")),
    _share("mean", "unit", "share at the centre of the draws"),
    _share("squared_scale", "unit other_unit", "squared scale of the t distribution of log shares"),
    _share("degrees_of_freedom", "", "degrees of freedom of the error"),
    _share("undecided", "", "share of undecided and unreported, weighted over the polls"),
    _share("undecided_spread", "", "spread of how they split, on log shares"),
    _share("respondents", "", "effective number of respondents behind the mean"),
    _share("pollsters", "", "effective number of pollsters behind the mean"),
    _number("age", "", "days", "mean age of the polls, weighted"),
    _share("disagreement", "", "half the log of how much more polls disagree than is usual"),
    _share("movement", "", "half the log of how much more shares moved than is usual"),
    _share("context", "", "what the error of pre-election polls is multiplied by"),
)

_POLLS = _in(
    "polls",
    _whole("row", "poll", "1", "line of the poll in its table"),
    _text("pollster", "poll", "pollster"),
    _day("start", "poll", "first day of fieldwork"),
    _day("end", "poll", "last day of fieldwork"),
    _day("published", "poll", "day of publication"),
    _whole("size", "poll", "1", "respondents"),
    _text("kind", "poll", "pre-election or exit"),
    _number("age", "poll", "days", "days from the end of fieldwork to the forecast date"),
    _share("weight", "poll", "weight in the mean; weights sum to 1"),
    _share("undecided", "poll", "undecided and unreported, taken out before the mean"),
    _text("source", "poll", "where the poll is published"),
    _share("share", "poll party", "share in the poll, undecided taken out; blank where not reported"),
)

_TREND = _in(
    "trend",
    *_labels(
        _day("day", "day", "day of the trend"),
        _text("pollster", "pollster", "pollster in the trend"),
    ),
    _share("share", "day party", "trend of the polls"),
    _share("share_low80", "day party", "lower end of the 80 % band of the trend"),
    _share("share_high80", "day party", "upper end of the 80 % band of the trend"),
    _whole("polls", "pollster", "1", "polls of the pollster in the trend"),
    _share("effect", "pollster party", "share that the pollster adds to the party"),
    _share("effect_low80", "pollster party", "lower end of the 80 % interval of effect"),
    _share("effect_high80", "pollster party", "upper end of the 80 % interval of effect"),
)

_OFTEN, _NUMBER = "how often that came true", "number of such statements"
_RECORD = _in(
    "record",
    *_labels(
        _share("interval", "interval", "what an interval promises to hold"),
        _share("probability_bin", "probability_bin", "middle of a tenth of the forecast probabilities"),
        _text("election_kind", "election_kind", "kind of election: national, regional or european"),
        _number("days_before", "days_before", "days", "days before the vote"),
    ),
    _number("horizon", "", "days", "days before the vote at which the backtest forecast"),
    _share("elections", "", "elections of the backtest at that horizon"),
    _share("coverage", "interval", "how many results the intervals of the share held there"),
    _share(
        "coverage80_by_kind",
        "election_kind days_before",
        "how many results the 80 % intervals of the share held, by kind of election",
    ),
    _share("elections_by_kind", "election_kind days_before", "elections of the backtest of that kind"),
    _share(
        "pass_forecast_probability", "probability_bin", "crossing the threshold: mean forecast probability"
    ),
    _share("pass_observed_frequency", "probability_bin", f"crossing the threshold: {_OFTEN}"),
    _share("pass_statements", "probability_bin", f"crossing the threshold: {_NUMBER}"),
    _share("majority_forecast_probability", "probability_bin", "a majority: mean forecast probability"),
    _share("majority_observed_frequency", "probability_bin", f"a majority: {_OFTEN}"),
    _share("majority_statements", "probability_bin", f"a majority: {_NUMBER}"),
)

_LEADING = _labels(
    _share("threshold", "threshold", "level of the threshold"),
    _text("method", "method", "method of allocation"),
    _text("base", "base", "base of the threshold"),
    _whole("house_size", "house_size", "seats", "seats that the rule hands out"),
    _day("as_of", "as_of", "day at whose end the forecast is made"),
    _whole("polls_used", "as_of", "1", "polls with weight in the mean"),
    _text("scenario", "scenario", "id of the scenario"),
    _text("scenario_name", "scenario", "its name"),
    _text("scenario_settings", "scenario", "keys of the election file that differ, a line each"),
    _share("weight", "scenario", "probability of the scenario"),
)
"""What forecasts side by side differ in, and what is known of each."""

_LESS = "less that of the base rule, on the same draws"
_MOVED = "seats that others hold than under the base rule"
_EFFECTIVE = "effective number of parties by"
_CHANGED = "draws whose seats differ from those of the base rule"
_RULES = _in(
    "rules",
    _text("keys", "", "what the rule says under the keys that vary (JSON)"),
    _truth("is_base_rule", "", "whether it is the base rule"),
    _whole("seats_to_hand_out", "", "seats", "seats that the rule hands out"),
    _mean("pass_difference", "party", "1", f"pass_probability {_LESS}", key="difference.passes.value"),
    _mean(
        "seat_mean_difference",
        "party",
        "seats",
        f"seat_mean {_LESS}",
        key="difference.seats.value",
        heading="Difference",
    ),
    _mean(
        "majority_difference",
        "coalition",
        "1",
        f"majority_probability {_LESS}",
        key="difference.majority.value",
    ),
    _mean(
        "coalition_seat_mean_difference",
        "coalition",
        "seats",
        f"seat_mean {_LESS}",
        key="difference.seats.value",
        heading="Difference",
    ),
    _whole(
        "seats_difference",
        "party",
        "seats",
        "seats less those of the base rule",
        key="difference",
        heading="Difference",
    ),
    _mean(
        "seats_per_vote",
        "party",
        "1",
        "share of seats for one share of votes: 1 is proportional",
        key="seats_per_vote",
        heading="Seats per vote",
    ),
    _mean(
        "changed_share_mean",
        "party",
        "1",
        f"mean share of valid votes in {_CHANGED}",
        key="share_where_seats_change",
        of_votes=True,
    ),
    _chance("changed_probability", "", f"probability of {_CHANGED}", key="changed.probability"),
    _mean("moved_seats_mean", "", "seats", f"mean number of {_MOVED}", key="changed.seats_mean"),
    _share("moved_seats_probability", "seats", f"probability of a number of {_MOVED}", key="changed.seats"),
    _whole("moved_seats", "", "seats", _MOVED, key="moved_seats"),
    _mean("wasted", "", "1", "share of valid votes for lists that win no seat", key="indices.wasted_votes"),
    _mean("unrepresented", "", "1", "the same and the votes against all", key="indices.unrepresented_votes"),
    _mean(
        "effective_votes",
        "",
        "parties",
        f"{_EFFECTIVE} votes (Laakso and Taagepera)",
        key="indices.effective_parties_votes",
    ),
    _mean(
        "effective_seats",
        "",
        "parties",
        f"{_EFFECTIVE} seats (Laakso and Taagepera)",
        key="indices.effective_parties_seats",
    ),
    _mean(
        "gallagher", "", "1", "Gallagher's least squares index of disproportionality", key="indices.gallagher"
    ),
    _mean(
        "loosemore_hanby",
        "",
        "1",
        "Loosemore-Hanby index of disproportionality",
        key="indices.loosemore_hanby",
    ),
    _mean(
        "manufactured",
        "",
        "1",
        "majority of seats for one list on a minority of votes",
        key="indices.majority_on_a_minority_of_votes",
    ),
)
"""Of every rule of a sweep."""

_FLIPS = _in(
    "flips",
    _text("about", "flip", "what flips: passes, majority or majority of the chamber"),
    _text("subject", "flip", "id of the party or coalition"),
    _text("change", "flip", "lost or won as the level rises"),
    _text("elsewhere", "flip", "labels on the other axes (JSON)"),
    _share(
        "level",
        "flip",
        "level at which the chance crosses one half; of a count, above which the answer is another",
    ),
    _share("low", "flip", "lower end of the 95 % interval of the Monte Carlo error of level"),
    _share("high", "flip", "upper end of the 95 % interval of the Monte Carlo error of level"),
    _share("gone_from", "flip", "level at which the chance falls through 90 %"),
    _share("gone_to", "flip", "level at which the chance falls through 10 %"),
)

_GOES, _STAYS = (
    "share of the variance that would go if a factor were known",
    "share that would stay if all else were known",
)
_TOGETHER = "share of the variance that no factor explains alone"
_DECOMPOSITION = _in(
    "decomposition",
    *_labels(_text("factor", "factor", "what varies: an axis of the rule, the polls or the undecided")),
    _mean("seat_first_order", "party factor", "1", _GOES),
    _mean("seat_total_order", "party factor", "1", _STAYS),
    _mean("seat_interactions", "party", "1", _TOGETHER),
    _number("seat_variance", "party", "seats^2", "variance of seats"),
    _mean("majority_first_order", "coalition factor", "1", _GOES),
    _mean("majority_total_order", "coalition factor", "1", _STAYS),
    _mean("majority_interactions", "coalition", "1", _TOGETHER),
    _share("majority_variance", "coalition", "variance of a majority (1 or 0)"),
)

_HANGS = "quantile of the fewest votes more for one list that move a seat, as a share of the valid votes"
_NATIONAL = "where seats are divided nationally; the attribute draws says of how many"
_MORE = "fewest votes more that win the list its next seat; the others' votes stay and the base grows"
_LAST_SEAT = _in(
    "last_seat",
    *_labels(_text("rival", "rival", "id of the list that loses the last seat")),
    _share("share_quantile", "quantile_level", _HANGS),
    _number("votes_quantile", "quantile_level", "votes", "the same in votes"),
    _chance(
        "probability", "party rival", "probability that party would gain the last seat and rival lose it"
    ),
    _chance(
        "holder_probability",
        "party",
        "probability of holding the last seat: of losing it to those few votes",
        comment=_NATIONAL,
        key="holds.probability",
    ),
    _chance(
        "next_probability",
        "party",
        "probability of being next: of gaining it by those few votes",
        comment=_NATIONAL,
        key="next.probability",
    ),
    _chance(
        "entry_probability",
        "",
        "probability that the list that is next has no seat yet, and would enter",
        key="enters.probability",
    ),
    _whole("next_votes", "party", "votes", _MORE),
    _text("next_from", "party", "ids of the lists that would give it up, joined by +"),
)

_CLAIM = "before the claim that stands behind it"
_DISTRICTS = _in(
    "districts",
    *_labels(
        _text("district", "district", "id of the district"),
        _text("district_name", "district", "its name"),
        _text("region", "district", "the region that it is in; empty where there is none"),
        _whole("district_seats", "district_seats", "seats", "number of seats in a district"),
    ),
    _whole("house", "district", "seats", "seats of the district, the median where they differ", key="house"),
    _number(
        "seats_in_play",
        "district",
        "seats",
        "seats that no list holds in nine draws of ten",
        key="seats_in_play",
    ),
    _votes(
        "share_quantile",
        "district party quantile_level",
        "quantile of the share of valid votes",
        key="share",
    ),
    _mean("seat_mean", "district party", "seats", "mean seats", key="seats.mean"),
    _whole("seat_quantile", "district party quantile_level", "seats", "quantile of seats", key="seats"),
    _chance(
        "seat_probability",
        "district party district_seats",
        "probability of a number of seats",
        key="seats.distribution",
    ),
    _chance(
        "last_probability",
        "district party",
        "probability of the last seat of the district",
        key="last_seat.probability",
    ),
    _chance(
        "next_probability",
        "district party",
        "probability of the claim to one seat more",
        key="next_seat.probability",
    ),
    _share(
        "margin_quantile",
        "district quantile_level",
        f"quantile of the votes by which the last seat is won, {_CLAIM}, as a share of the valid votes",
        key="margin",
    ),
)
"""Of districts, where the rule has any. What is won there otherwise than by one division has no last seat."""

_MEMBERS = "seats of the whole chamber"
_UNCOVERED = "winners of districts without a seat, whom those of their list do not cover"
_CHAMBER = _in(
    "chamber",
    *_labels(
        _text("holder", "holder", "id of a list, or of a group that stands on no list"),
        _text("holder_name", "holder", "its name"),
        _text("holder_short", "holder", "its short name, for charts"),
        _text("holder_colour", "holder", "its colour in charts, if any"),
        _text("holder_kind", "holder", "kind of list, or group"),
        _text("tier", "tier", "id of the tier; lists for that of the rule"),
        _text("tier_name", "tier", "its name"),
        _text("tier_kind", "tier", "lists, single-member, appointed, minorities or by-elections"),
        _whole("chamber_seats", "chamber_seats", "seats", f"number of {_MEMBERS}"),
        _text("contest", "contest", "single-member district that is told apart"),
        _text("contest_tier", "contest", "id of its tier"),
        _whole("uncovered_winners", "uncovered_winners", "winners", f"number of {_UNCOVERED}"),
    ),
    _text("tier_basis", "tier", "what its numbers rest on, in words"),
    _whole("tier_size", "tier", "seats", "seats of the tier"),
    _whole("size", "", "seats", f"{_MEMBERS}, the median where it may grow", key="size"),
    _whole("seats_won", "holder", "seats", _MEMBERS, column="seats", key="seats", heading="Seats"),
    _whole(
        "coalition_seats_won",
        "coalition",
        "seats",
        _MEMBERS,
        column="chamber_seats",
        key="seats",
        heading="Seats",
    ),
    _truth(
        "majority",
        "coalition",
        f"whether it holds more than half of the {_MEMBERS}",
        key="majority",
        column="chamber_majority",
        heading="Majority",
    ),
    _truth(
        "two_thirds",
        "coalition",
        f"whether it holds at least two thirds of the {_MEMBERS}",
        key="two_thirds",
        column="chamber_two_thirds",
        heading="Two thirds",
    ),
    _whole(
        "seat_quantile",
        "holder quantile_level",
        "seats",
        f"quantile of {_MEMBERS}",
        key="seats",
        column="seat",
    ),
    _mean("seat_mean", "holder", "seats", f"mean {_MEMBERS}", key="seats.mean"),
    _chance(
        "seat_probability",
        "holder chamber_seats",
        f"probability of a number of {_MEMBERS}",
        key="seats.distribution",
    ),
    _whole("representative_seats", "holder", "seats", f"{_MEMBERS} in one draw", key="representative_seats"),
    _chance(
        "largest_probability",
        "holder",
        f"probability of more {_MEMBERS} than any other",
        key="largest.probability",
    ),
    _chance(
        "majority_probability",
        "coalition",
        f"probability of more than half of the {_MEMBERS}",
        key="majority.probability",
        column="chamber_majority_probability",
    ),
    _chance(
        "two_thirds_probability",
        "coalition",
        f"probability of at least two thirds of the {_MEMBERS}",
        key="two_thirds.probability",
        column="chamber_two_thirds_probability",
    ),
    _whole(
        "coalition_seat_quantile",
        "coalition quantile_level",
        "seats",
        f"quantile of {_MEMBERS}",
        key="seats",
        column="chamber_seat",
    ),
    _mean(
        "coalition_seat_mean",
        "coalition",
        "seats",
        f"mean {_MEMBERS}",
        key="seats.mean",
        column="chamber_seat_mean",
    ),
    _share(
        "coalition_seat_probability",
        "coalition chamber_seats",
        f"probability of a number of {_MEMBERS}",
        key="seats.distribution",
    ),
    _whole(
        "tier_seat_quantile",
        "tier holder quantile_level",
        "seats",
        "quantile of seats of a tier",
        key="seats",
    ),
    _mean("tier_seat_mean", "tier holder", "seats", "mean seats of a tier", key="seats.mean"),
    _whole(
        "tier_coalition_seat_quantile",
        "tier coalition quantile_level",
        "seats",
        "quantile of seats of a tier",
        key="seats",
    ),
    _mean("tier_coalition_seat_mean", "tier coalition", "seats", "mean seats of a tier", key="seats.mean"),
    _chance(
        "tier_majority_probability",
        "tier coalition",
        "probability of more than half of the seats of a tier",
        key="majority.probability",
    ),
    _chance("win_probability", "contest holder", "probability of winning the district", key="probability"),
    _chance(
        "uncovered_probability",
        "contest",
        "probability that who wins the district has no seat",
        key="uncovered.probability",
    ),
    _whole(
        "uncovered_quantile", "holder quantile_level", "winners", f"quantile of {_UNCOVERED}", key="uncovered"
    ),
    _mean("uncovered_mean", "holder", "winners", f"mean {_UNCOVERED}", key="uncovered.mean"),
    _whole(
        "all_uncovered_quantile",
        "quantile_level",
        "winners",
        f"quantile of all {_UNCOVERED}",
        key="uncovered",
        column="uncovered",
    ),
    _mean("all_uncovered_mean", "", "winners", f"mean of all {_UNCOVERED}", key="uncovered.mean"),
    _chance(
        "all_uncovered_probability",
        "uncovered_winners",
        f"probability of a number of {_UNCOVERED}",
        key="uncovered.distribution",
    ),
)
"""Of the whole chamber, where it has tiers beside the lists."""

_NIGHT = _in(
    "night",
    *_labels(
        _text("kind", "kind", "kind of vote, as the table of units has it"),
        _text("district", "district", "id of the district; blank for the country where there are none"),
    ),
    _whole("counted_votes", "party", "votes", "votes counted so far", key="counted_votes", of_votes=True),
    _votes("counted_share", "party", "share of the votes counted so far", key="counted_share"),
    _votes("forecast_share", "party", "mean share of valid votes in the end", key="forecast_share"),
    _whole("units", "kind", "units", "units", key="units"),
    _whole("units_final", "kind", "units", "units that are finished", key="units_final"),
    _whole("counted_by_kind", "kind", "votes", "votes counted so far", key="counted_votes"),
    _whole("kind_votes", "kind party", "votes", "votes counted so far of one kind"),
    _number("left", "kind district", "votes", "votes expected still to come"),
    _number("left_quantile", "quantile_level", "votes", "quantile of the votes still to come", key="left"),
    _whole("district_counted_votes", "district party", "votes", "votes counted so far"),
    _share("district_counted_share", "district party", "share of the votes counted so far"),
    _share(
        "district_share_quantile",
        "district party quantile_level",
        "quantile of the share of valid votes in the end",
    ),
)
"""Of a night on which votes are counted: what is counted, what is out, and shares by district."""

_EVENING = _in(
    "evening",
    *_labels(_whole("moment", "moment", "1", "number of the estimate in the evening, from 1")),
    _text("source_time", "moment", "time of the last report of the feed (ISO 8601); blank where it has none"),
    _text("estimate_time", "moment", "time of the estimate (ISO 8601)"),
    _share("units_share", "moment", "units that are finished"),
    _share("votes_share", "moment", "votes counted, of those expected in the end"),
    _votes("share_quantile", "moment party quantile_level", "quantile of the share of valid votes"),
    _share("pass_probability", "moment party", "probability of crossing the threshold"),
    _whole("seat_quantile", "moment party quantile_level", "seats", "quantile of seats"),
    _share("majority_probability", "moment coalition", "probability of more than half of the seats"),
    _truth("called_entry", "moment party", "whether it was called that the party enters"),
    _truth("called_majority", "moment coalition", "whether its majority was called"),
)
"""The estimates of a night one after the other."""

_FEED = _in(
    "feed",
    *_labels(_whole("remark", "remark", "1", "number of the remark, from 1")),
    _text("kind", "remark", "what kind of remark it is"),
    _text("unit", "remark", "key of the unit; blank where the whole feed is meant"),
    _whole("row", "remark", "1", "line of the feed; 0 where none is meant"),
    _text("said", "remark", "what is remarked, with its figures"),
)
"""What a reader must know of the feed of a night, unit by unit."""

UNSAVED = "unsaved"
"""The group of what views or mixtures need and no file keeps."""
_UNSAVED = _in(
    UNSAVED,
    *_labels(_text("member", "member", "id of a party of which coalitions can be built")),
    _share(
        "coalition_majority",
        "subset",
        "majority of a coalition: bit k of the subset says that member k is in it",
    ),
    _whole("coalition_draws", "", "draws", "draws behind coalition_majority"),
    _number("share_histogram", "party share_bin", "draws", "draws by share"),
)

BASE_RULE = "base_rule"
"""The group with the forecast of the base rule of a sweep; its variables are those of the root."""

EVERY = (
    *(*_LABELS, *_PARTIES, *_OTHERS, *COUNTED, *_ESTIMATE, *_POLLS, *_TREND, *_RECORD, *_LEADING, *_RULES),
    *(*_FLIPS, *_DECOMPOSITION, *_LAST_SEAT, *_DISTRICTS, *_CHAMBER, *_NIGHT, *_EVENING, *_FEED, *_UNSAVED),
)
"""All of them, in the order of the reference."""

VARIABLES = {variable.path: variable for variable in EVERY}
"""By path; errors are not listed, ``described`` finds them."""


def described(path: str) -> Variable:
    """The entry of a path: a variable, the error of one, or one of the base rule. ``KeyError`` for others."""
    known = VARIABLES.get(path.removeprefix(f"{BASE_RULE}/"))
    if known is not None:
        return known
    return _ERRORS[path.removeprefix(f"{BASE_RULE}/")]


def _error(variable: Variable) -> Variable:
    *way, last = variable.key.split(".")
    if way[:1] == ["indices"]:
        key = f"indices_mc_error.{last}"
    else:
        key = ".".join((*way, "mc_error" if last in ("probability", "value") else f"{last}_mc_error"))
    return replace(
        variable,
        name=error_of(variable.name),
        meaning=f"Monte Carlo standard error of {variable.name}",
        estimated=False,
        comment="",
        column=error_of(variable.column) if variable.column else "",
        key=key if variable.key else "",
    )


_ERRORS = {error.path: error for error in map(_error, (one for one in EVERY if one.estimated))}


def about(subject: str) -> Iterable[Variable]:
    """Numbers about a party, coalition or event, or (for an empty subject) of the whole, with their
    errors.
    """
    for variable in EVERY:
        if not variable.label and variable.subject == subject:
            yield variable
            if variable.estimated:
                yield _ERRORS[error_of(variable.path)]
