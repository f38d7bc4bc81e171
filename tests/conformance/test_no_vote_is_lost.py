"""Votes in = votes that count + votes named as outside, for every rule of ``configs/``: on the real result
where the project has it, and on votes at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from forecast.election import Election, Rule, load_election
from forecast.election.tiers_and_groups import ChamberTier
from forecast.errors import ConfigurationError, NoValidOutcome
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.counts import read_count
from forecast.rules.reference import apply_rule
from forecast.rules.tables import entry_of

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted(ROOT.glob("configs/*.toml"))
WITHOUT_RESULT = 17
"""Files whose result is not in the project."""


DISTRICTS = 12


def _levelling_seats(rule: Rule) -> int:
    """Seats that the places of a rule take besides those of the districts."""
    steps = rule.levelling.placing if rule.levelling is not None else ()
    room = next((step.capacity for step in steps), 0)
    if isinstance(room, Mapping):
        return sum(room.values())
    return DISTRICTS * (1 if room == "table" else int(room or 0))


def at_random(election: Election, generator: np.random.Generator) -> Ballot:
    """Votes for every option of a file, and beyond them; by district where its rule has any."""
    parties = [party for party in election.parties if party.id != "other"]
    places = [""] if election.rule.districts is None else [f"d{n}" for n in range(DISTRICTS)]
    seats = max(election.rule.seats - _levelling_seats(election.rule) - len(places), 0)
    sizes = 1 + generator.multinomial(seats, np.full(len(places), 1 / len(places)))
    cast = np.exp(generator.normal(8.0, 1.6, (len(places), len(parties) + 1))).astype(int)
    cast[generator.random(cast.shape) < 0.15] = 0
    votes = cast.sum(0).tolist()
    entries = tuple(entry_of(party, number) for party, number in zip(parties, votes, strict=False))
    others, registered = Entry("other", votes[-1], "residual"), 3 * sum(votes)
    if places == [""]:
        return Ballot((*entries, others), sum(votes) + 77, 1000, registered)
    ids = [*(party.id for party in parties), "other"]
    districts = tuple(
        District(
            place,
            dict(zip(ids, row, strict=True)),
            seats=int(size),
            population=int(sum(row)) + 1,
            region=("Hovedstaden", "Sjælland-Syddanmark", "Midtjylland-Nordjylland")[n % 3],
            levelling=1,
        )
        for n, (place, row, size) in enumerate(zip(places, cast.tolist(), sizes, strict=True))
    )
    return Ballot((*entries, others), None, 1000, registered, districts)


def ballots_of(election: Election) -> Iterator[Ballot]:
    """The real one where it is at hand, and five at random."""
    with suppress(ConfigurationError):
        yield read_count(election).ballot
    generator = np.random.default_rng(20261127)
    for _ in range(5):
        yield at_random(election, generator)


def test_every_file_has_a_rule_and_all_but_some_their_result():
    without = [path for path in CONFIGS if len(list(ballots_of(load_election(path)))) < 6]
    assert len(CONFIGS) > 60
    assert len(without) == WITHOUT_RESULT


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_no_vote_is_lost_silently(path: Path) -> None:
    election = load_election(path)
    counted = 0
    for ballot in ballots_of(election):
        with suppress(NoValidOutcome):  # a house that would grow beyond reason
            _all_votes_are_told(election, ballot)
            counted += 1
    assert counted > 2


def _all_votes_are_told(election: Election, ballot: Ballot) -> None:
    outcome = apply_rule(election.rule, ballot)
    named = [*outcome.outside]
    counted = sum(entry.votes for entry in ballot.entries if entry.id not in named)
    in_part = {
        entry.id: entry.votes - outcome.outside[entry.id] for entry in ballot.entries if entry.id in named
    }
    for name, votes in in_part.items():
        if votes and ballot.districts:
            there = sum(district.votes.get(name, 0) for district in ballot.districts)
            assert 0 < votes <= there, name
        else:
            assert votes == 0, f"{name} counts in part without a district"
    alliances = sum(ballot.alliance_votes.values())
    assert counted + alliances + sum(in_part.values()) + sum(outcome.outside.values()) == ballot.valid
    winners = [name for name, seats in outcome.seats.items() if seats]
    extra = {entry.id for entry in ballot.entries if entry.extra_seats}
    assert not [
        name
        for name in winners
        if name in named and not in_part.get(name) and not outcome.held.get(name) and name not in extra
    ]
    for entry in ballot.entries:
        if entry.votes and entry.id not in named:
            below = outcome.admissions[entry.id].ground == "below the level"
            in_districts = election.rule.districts is not None and not election.rule.districts.threshold
            assert entry.eligible
            assert in_districts or not below, f"the votes for {entry.id} win nothing and are not named"


def test_votes_for_candidates_that_count_for_lists_are_all_told():
    """A compensated tier: what the winners needed, what counts for lists, and what counts for none."""
    election = load_election(ROOT / "configs" / "hungary-2014.toml")
    (tier,) = (tier for tier in election.tiers if tier.how == "compensated")
    count = read_count(election)
    won = count.won[tier.id]
    of_lists = sum(entry.candidate_votes for entry in count.ballot.entries)
    of_none = sum(won.left.values()) - of_lists
    needed = sum(winner.votes for winner in won.winners) - sum(
        max(winner.votes - second - 1, 0) for winner, second in zip(won.winners, _seconds(tier), strict=True)
    )
    cast = sum(winner.valid for winner in won.winners)
    assert of_lists + of_none + needed == cast
    assert any(f"{of_none:,} for candidates of no list count for none" in said for said in won.said)


def _seconds(tier: ChamberTier) -> list[int]:
    """Votes of the second in each district."""
    votes: dict[str, list[int]] = {}
    assert tier.table is not None
    for line in tier.table.read_text(encoding="utf-8").splitlines():
        if line.split(",")[-1].isdigit():
            district, *_, number = line.split(",")
            votes.setdefault(district, []).append(int(number))
    return [sorted(there)[-2] for there in votes.values()]
