"""Totals beside the votes of a count: which of them count, whether they agree, and what is named instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from forecast.election.exact_numbers import percent
from forecast.election.notes import idle_keys
from forecast.errors import Fault, PollDataError
from forecast.rules.ballot import Ballot, Entry
from forecast.rules.thresholds import NO_THRESHOLD, admit, base_votes, missing_totals
from forecast.words.law_in_words import BASE_WORDS

if TYPE_CHECKING:
    from forecast.election import Election

UNLISTED = "other"
"""Id of the votes for options that a table does not list."""

_RESULT, _VALID = "election.result", "election.valid_votes"
_NEEDED_BY = {"election.invalid_votes": "cast", "election.registered": "registered"}
"""Totals that count for one base of the threshold only."""
_NEAR = 0.1
"""A list is near its level where so many more votes, as a share of those listed, would take it below."""
_MOST_NAMED = 3
_OF_FORECASTS = ("election.polls", "election.invalid_share", "election.turnout", "estimate.", "simulation.")


def key_of(setting: str) -> str:
    """The key that ``PATH=VALUE`` changes."""
    return setting.partition("=")[0].strip()


def with_total(
    election: Election, ballot: Ballot, place: str, *, own: bool, given: bool, known: int | None = None
) -> tuple[Ballot, list[str]]:
    """The ballot under the valid votes of the election file, with the votes for options not listed; and what
    is said of it.

    ``own``: the table is the result that the file names; ``given``: the total was typed with ``--set``;
    ``known``: the total of the table itself.
    Raises ``PollDataError`` where these votes cannot have this total.
    """
    valid = election.election.valid_votes if election.election.valid_votes is not None else known
    total = sum(entry.votes for entry in ballot.entries) + sum(ballot.alliance_votes.values())
    listed_all = election.election.closed_ballot or any(entry.kind == "residual" for entry in ballot.entries)
    if valid is None:
        return ballot, [] if listed_all else list(_near_the_level(election, ballot, total))
    if total == valid:
        return replace(ballot, valid_votes=valid), []
    if listed_all and not own and not given:
        said = (
            f"{_VALID} = {valid:,} of {election.place} does not count: every option is listed, and the votes"
        )
        return ballot, [f"{said} of {place} add up to {total:,}"]
    rest = valid - total
    if rest < 0 or listed_all or (not own and not given and 2 * rest > valid):
        remedy = f"the votes of {place} add up to {total}; correct one of the two"
        if not own:
            remedy += f": type the valid votes of that count, --set {_VALID}=N"
            remedy += f", or --set {_VALID}= to count the votes listed alone"
        raise PollDataError(Fault(election.place, _VALID, valid, remedy))
    entries = (*ballot.entries, Entry(UNLISTED, rest, "residual"))
    said = [] if own or given else [_of_the_file(election, place, valid, rest)]
    return replace(ballot, entries=entries, valid_votes=valid), said


def _of_the_file(election: Election, place: str, valid: int, rest: int) -> str:
    return (
        f"the total is {_VALID} = {valid:,} of {election.place}: {rest:,} valid votes are for options that "
        f"{place} does not list; for votes of another count type theirs, --set {_VALID}=N"
    )


def _near_the_level(election: Election, ballot: Ballot, total: int) -> Iterator[str]:
    """Without a total the votes listed are the base; whose admission that may have decided."""
    rule = election.rule
    threshold = rule.threshold
    if threshold is None or threshold.base == "registered" or missing_totals(rule, ballot):
        return
    admissions, _ = admit(rule, ballot)
    base = base_votes(threshold, ballot)
    for entry in ballot.entries:
        level = admissions[entry.id].level
        if admissions[entry.id].ground != "level" or not level:
            continue
        unlisted = int(entry.votes / level) - base
        if unlisted <= _NEAR * total:
            name = election.by_id[entry.id].name
            yield (
                f"{_VALID} is not given, so that the votes listed, {total:,}, are taken for all: with more "
                f"than {unlisted:,} votes for others {name} would not reach {percent(level)}"
            )


class IdleTotals(NamedTuple):
    """What does not count: settings that were typed, each with the reason, and keys of the file."""

    typed: tuple[tuple[str, str], ...]
    written: tuple[str, ...]


def not_counted(election: Election, settings: Sequence[str], *, replaced: bool) -> IdleTotals:
    """Keys that a count of this election does not read under its rule.

    ``replaced``: the votes are those of another table than the result that the file names.
    """
    base = (election.rule.threshold or NO_THRESHOLD).base
    idle = {
        key: f"the threshold is a share of {BASE_WORDS[base]}"
        for key, for_ in _NEEDED_BY.items()
        if base != for_
    }
    idle |= {idle_key.path: idle_key.why for idle_key in idle_keys(election)}
    written = [key for key in idle if key not in _NEEDED_BY or _has(election, key)]
    if replaced:
        idle[_RESULT] = "the votes are those of --votes"
    typed = [
        (setting, why)
        for setting in settings
        for why in (_why_idle(key_of(setting), idle),)
        if why and setting.partition("=")[2].strip()
    ]
    return IdleTotals(tuple(typed), tuple(written))


def _has(election: Election, key: str) -> bool:
    return getattr(election.election, key.removeprefix("election.")) is not None


def _why_idle(key: str, idle: Mapping[str, str]) -> str:
    if key.startswith(_OF_FORECASTS):
        return "it belongs to forecasts"
    return idle.get(key, "")


def more_than_registered(ballot: Ballot) -> list[str]:
    """More ballots than voters: a slip, unless a voter has several votes (Luxembourg)."""
    cast = ballot.valid + (ballot.invalid_votes or 0)
    if ballot.registered is None or cast <= ballot.registered:
        return []
    said = f"{cast:,} valid and invalid votes are more than the {ballot.registered:,} registered voters"
    return [f"{said}: right only where a voter has several votes"]


def by_district(election: Election, ballot: Ballot, *, own: bool) -> list[str]:
    """What a table by district says otherwise than the table of all votes.

    Raises ``PollDataError`` where other votes than the result are counted: the districts would still be those
    of the election file.
    """
    if not ballot.districts:
        return []
    summed = Counter[str]()
    for district in ballot.districts:
        summed.update(district.votes)
    apart = [entry for entry in ballot.entries if entry.eligible and entry.votes != summed[entry.id]]
    if not apart:
        return []
    table = election.rule.districts.table if election.rule.districts is not None else None
    names = {party.id: party.name for party in election.parties}
    shown = ", ".join(
        f"{names[e.id]} {summed[e.id]:,} there, {e.votes:,} in all" for e in apart[:_MOST_NAMED]
    )
    more = f" and {len(apart) - _MOST_NAMED} more" if len(apart) > _MOST_NAMED else ""
    if own:
        return [f"the votes by district of {table} add up to others than those in all: {shown}{more}"]
    remedy = (
        f"they are not the votes to be counted ({shown}{more}); name theirs, --set rule.districts.table=FILE"
    )
    raise PollDataError(Fault(election.place, "rule.districts.table", str(table), remedy))
