"""Single-member districts drawn from the last votes in them: what is read, what is drawn, what is refused."""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from forecast.cli.main import main
from forecast.election import Election, load_election
from forecast.errors import ConfigurationError, ForecastError, PollDataError
from forecast.estimation import estimate
from forecast.geography.candidates import TierVotes, read_tier_votes, tier_pattern
from forecast.polls import polls_of
from forecast.result import Forecast
from forecast.simulation.forecasting import How, draws, simulate
from forecast.simulation.given import ShareDraws, simulate_given
from forecast.simulation.side_by_side import simulate_over_time
from forecast.tables import table_of
from tests.geographies import write_rows

NAMES = tuple(f"d{number}" for number in range(12))
REGIONS = ("North", "Middle", "South")
PARTIES = ("Red", "Blue", "Green")

FILE = """
[election]
id = "moors"
name = "Election of the Moors"
country = "Moors"
date = 2024-06-09
polls = "polls.csv"
closed_ballot = true

[[parties]]
id = "red"
name = "Red"
[[parties]]
id = "blue"
name = "Blue"
[[parties]]
id = "green"
name = "Green"

[rule]
seats = 40
law = "Moors Act, s. 1"
threshold.level = "5%"
allocation.method = "sainte-lague"

[[coalitions]]
id = "red-green"
parties = ["red", "green"]
"""
TIER = """
[[tiers]]
id = "districts"
name = "districts"
seats = 12

[tiers.votes]
last = "candidates.csv"
"""


def votes() -> np.ndarray:
    """(D, 3) last votes for candidates: Red strong in the North, Blue in the South."""
    tilt = np.linspace(-0.8, 0.8, len(NAMES))
    shares = np.array([0.42, 0.40, 0.18]) * np.exp(np.outer(tilt, [-1.0, 1.0, 0.0]))
    return np.rint(10_000 * shares / shares.sum(1, keepdims=True)).astype(int)


def write_candidates(
    path: Path, cast: np.ndarray | None = None, parties: Sequence[str] = PARTIES, **more: Mapping[str, int]
) -> None:
    """A table of votes by district; ``more`` by party, votes in some districts."""
    cast = votes() if cast is None else cast
    rows = [
        [name, REGIONS[d // 4], party, number]
        for d, name in enumerate(NAMES)
        for party, number in zip(parties, cast[d].tolist(), strict=True)
    ]
    rows += [
        [name, REGIONS[NAMES.index(name) // 4], party, number]
        for party, here in more.items()
        for name, number in here.items()
    ]
    write_rows(path, ["district", "region", "party", "votes"], rows)


def moors(folder: Path, file: str = FILE, tier: str = TIER, more: str = 'split = "same"\n') -> Election:
    """The election, with its tables written into ``folder``."""
    if not (folder / "candidates.csv").exists():
        write_candidates(folder / "candidates.csv")
    polls = [
        ["House A", "2024-06-01", 1_000, 42, 40, 18],
        ["House B", "2024-06-03", 1_200, 41, 40, 19],
        ["House A", "2024-06-06", 1_000, 43, 39, 18],
    ]
    heading = ["pollster", "fieldwork_end", "sample_size", "red", "blue", "green"]
    if not (folder / "polls.csv").exists():
        write_rows(folder / "polls.csv", heading, polls)
    path = folder / "moors.toml"
    path.write_text(file + tier + more, encoding="utf-8")
    return load_election(path)


DRAWS = 20_000


def read(folder: Path, more: str = 'split = "same"\n', file: str = FILE, tier: str = TIER) -> TierVotes:
    election = moors(folder, file, tier, more)
    return read_tier_votes(election, election.tiers[0])


def run(
    folder: Path,
    more: str = 'split = "same"\n',
    file: str = FILE,
    tier: str = TIER,
    number: int = DRAWS,
    threads: int = 1,
) -> Forecast:
    election = moors(folder, file, tier, more)
    return simulate(election, estimate(election, polls_of(election)), draws=number, threads=threads)


def test_the_last_votes_are_matched_with_parties_and_districts(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.names == ("red", "blue", "green")
    assert found.places.names == NAMES
    np.testing.assert_allclose(found.last, votes() / votes().sum(1, keepdims=True))
    np.testing.assert_allclose(found.national, votes().sum(0) / votes().sum())
    assert (found.ratio == 1.0).all()
    assert found.regions == ("North", "Middle", "South")


def test_districts_without_a_region_are_one_region_together(tmp_path: Path) -> None:
    write_candidates(tmp_path / "candidates.csv")
    text = (tmp_path / "candidates.csv").read_text(encoding="utf-8")
    (tmp_path / "candidates.csv").write_text(text.replace("South", ""), encoding="utf-8")
    found = read(tmp_path)
    assert found.regions == ("North", "Middle", "")
    assert found.region_of.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert run(tmp_path, number=200).draws == 200


def test_the_split_is_that_of_the_last_votes_for_lists(tmp_path: Path) -> None:
    rows = [["country", "Red", 3_000], ["country", "Blue", 5_000], ["country", "Green", 2_000]]
    write_rows(tmp_path / "lists.csv", ["district", "party", "votes"], rows)
    found = read(tmp_path, 'lists = "lists.csv"\n')
    np.testing.assert_allclose(found.ratio, found.national / [0.3, 0.5, 0.2])
    by_hand = read(tmp_path, 'lists = "lists.csv"\nsplit = { green = 0.5 }\n')
    np.testing.assert_allclose(by_hand.ratio, [*found.ratio[:2], 0.5])


def test_votes_for_lists_will_do_where_there_are_no_others(tmp_path: Path) -> None:
    """Candidates then err by more, and the pattern is that of the lists times the split."""
    more = 'cast = "lists"\nsplit = { red = 1.1, blue = 1.0, green = 0.7 }\n'
    election = moors(tmp_path, more=more)
    found = tier_pattern(
        election,
        read_tier_votes(election, election.tiers[0]),
        ("red", "blue", "green"),
        {"red": 0.42, "blue": 0.40, "green": 0.18},
    )
    wanted = np.array([0.42 * 1.1, 0.40, 0.18 * 0.7])
    np.testing.assert_allclose(found.pattern.central[:3], wanted / wanted.sum(), rtol=1e-9)
    np.testing.assert_allclose(
        found.pattern.base.last[:, :3], votes() / votes().sum(1, keepdims=True) * [1.1, 1.0, 0.7]
    )
    of_candidates = moors(tmp_path)
    narrower = tier_pattern(
        of_candidates,
        read_tier_votes(of_candidates, of_candidates.tiers[0]),
        ("red", "blue", "green"),
        {"red": 0.42, "blue": 0.40, "green": 0.18},
    )
    assert (found.pattern.cell_sd[:, :3] > narrower.pattern.cell_sd[:, :3]).all()


def test_the_draws_are_those_of_the_projection_in_plain_numpy(tmp_path: Path) -> None:
    """Chances of winning by the core and by the projection's twin; they differ by more than 0.02 with a
    probability below 0.0001 (20,000 and 20,000 draws, 36 cells).
    """
    from forecast.geography.pattern import drawn

    found = run(tmp_path, 'split = "same"\nsplit_error = 0.3\n')
    election = moors(tmp_path)
    estimated = estimate(election, polls_of(election))
    kept = draws(election, estimated, DRAWS)["share"].values
    of = tier_pattern(
        election,
        read_tier_votes(election, election.tiers[0]),
        ("red", "blue", "green"),
        dict(zip(("red", "blue", "green"), np.median(kept, 0).tolist(), strict=True)),
    )
    rest = np.zeros((DRAWS, 1))
    shares = drawn(of.pattern, np.hstack([kept, rest]), np.random.default_rng(3))
    chances = np.array([(shares.argmax(2) == k).mean(0) for k in range(3)]).T
    assert np.abs(found.array("chamber/win_probability") - chances).max() < 0.02


def test_every_district_has_a_winner_and_every_draw_all_seats(tmp_path: Path) -> None:
    election = moors(tmp_path)
    kept = draws(election, estimate(election, polls_of(election)), 5_000)
    assert (kept["chamber_seats"].sum("holder") == 52).all()
    found = run(tmp_path)
    np.testing.assert_allclose(found.array("chamber/win_probability").sum(1), 1.0)
    assert found.names("chamber/contest") == list(NAMES)
    chance = found.array("chamber/win_probability")
    assert chance[0, 0] > 0.95
    assert chance[-1, 1] > 0.95
    mean = found.array("chamber/tier_seat_mean")[1]
    np.testing.assert_allclose(mean, chance.sum(0))
    assert len(table_of(found, "contests").rows) == len(NAMES)


def test_the_same_bits_come_from_any_number_of_threads(tmp_path: Path) -> None:
    one, three = (run(tmp_path, number=40_000, threads=threads) for threads in (1, 3))
    for name, variable in one.groups["chamber"].data_vars.items():
        assert (variable.values == three.array(f"chamber/{name}")).all(), name


def test_the_list_tier_is_what_it_is_without_districts(tmp_path: Path) -> None:
    found = run(tmp_path)
    election = moors(tmp_path).of_lists
    alone = simulate(election, estimate(election, polls_of(election)), draws=DRAWS)
    for name, variable in alone.dataset.data_vars.items():
        if variable.dtype.kind in "if":
            assert np.array_equal(variable.values, found.array(str(name)), equal_nan=True), name


def test_an_error_of_the_split_moves_all_districts_together(tmp_path: Path) -> None:
    """With it the seats of a party vary more, and with errors of candidates by themselves hardly."""
    spread = {}
    for error in (0, 0.3):
        election = moors(
            tmp_path, more=f"split = {{ red = 1, blue = 1, green = 1 }}\nsplit_error = {error}\n"
        )
        kept = draws(election, estimate(election, polls_of(election)), 4_000)
        won = kept["chamber_seats"].sel(holder="red").values - kept["seats"].sel(party="red").values
        spread[error] = won.std()
    assert spread[0.3] > 1.5 * spread[0]


def test_a_group_that_no_poll_names_wins_what_it_won(tmp_path: Path) -> None:
    groups = '\n[[groups]]\nid = "independents"\nname = "Independents"\naliases = ["Independent"]\n'
    write_candidates(tmp_path / "candidates.csv", Independent={"d5": 9_000, "d6": 300})
    found = run(tmp_path, file=FILE + groups)
    chance = found.array("chamber/win_probability")
    assert chance[5, 3] > 0.6
    assert chance[0, 3] == 0.0
    assert found.array("chamber/tier_seat_mean")[1, 3] == pytest.approx(chance[:, 3].sum())


def test_of_several_candidates_of_a_label_the_first_stands_for_it(tmp_path: Path) -> None:
    rows = [
        [name, party, number]
        for name, row in zip(NAMES, votes().tolist(), strict=True)
        for party, number in zip(("Red", "Blue", "Green"), row, strict=True)
    ]
    rows += [["d3", "Independent", 2_000], ["d3", "Independent", 5_000], ["d3", "Independent", 1_000]]
    write_rows(tmp_path / "candidates.csv", ["district", "party", "votes"], rows)
    groups = '\n[[groups]]\nid = "independents"\nname = "Independent"\n'
    found = read(tmp_path, file=FILE + groups)
    total = votes()[3].sum() + 8_000
    assert found.last[3, 3] == pytest.approx(5_000 / total)
    assert found.last[3, :3] == pytest.approx(votes()[3] / total)


def test_where_a_party_has_no_candidate_it_does_not_win(tmp_path: Path) -> None:
    found = run(tmp_path, 'split = "same"\nstands_in = { red = ["d4", "South"] }\n')
    chance = found.array("chamber/win_probability")[:, 0]
    assert (chance[[0, 1, 2, 3, 5, 6, 7]] == 0.0).all()
    assert chance[4] > 0.9
    none = run(tmp_path, "split = { red = 1, blue = 1, green = 0 }\n")
    assert (none.array("chamber/win_probability")[:, 2] == 0.0).all()


def test_votes_of_old_districts_are_carried_over_moved_borders(tmp_path: Path) -> None:
    rows = [["d0", "d0a", "70%"], ["d0", "d1", "30%"]]
    write_rows(tmp_path / "borders.csv", ["from", "to", "share"], rows)
    found = read(tmp_path, 'split = "same"\nborders = "borders.csv"\n')
    assert set(found.places.names) == {*NAMES, "d0a"} - {"d0"}
    cast = votes()[1] + 0.3 * votes()[0]
    assert found.last[found.places.names.index("d1")] == pytest.approx(cast / cast.sum())


def test_a_second_round_joins_those_who_are_out_to_one_of_the_two(tmp_path: Path) -> None:
    """Where Green's voters all choose Blue, Blue wins districts in which Red is first."""
    more = 'split = "same"\nrounds = 2\ntransfer_error = 0.1\n'
    once, even = run(tmp_path), run(tmp_path, more)
    joined = run(tmp_path, f'{more}transfers = {{ green = {{ blue = "100%", red = 0 }} }}\n')
    won = [found.array("chamber/tier_seat_mean")[1, 1] for found in (once, even, joined)]
    assert abs(won[0] - won[1]) < 1.0
    assert won[2] > won[1] + 1.5
    surer = run(tmp_path, f'{more}transfers = {{ green = {{ blue = "100%", red = 0 }} }}\nmajority = "10%"\n')
    assert surer.array("chamber/win_probability") == pytest.approx(once.array("chamber/win_probability"))


def test_winners_let_their_list_in_and_hold_seats_of_the_rule(tmp_path: Path) -> None:
    rule = FILE.replace('threshold.level = "5%"', 'threshold = { level = "30%", or_direct_seats = 1 }')
    rule = rule.replace("allocation.method", 'levelling.mode = "keep"\nallocation.method')
    cast = votes()
    cast[5] = [3_000, 2_500, 4_500]
    write_candidates(tmp_path / "candidates.csv", cast)
    found = run(tmp_path, file=rule, tier=TIER.replace("seats = 12", 'seats = 12\nhow = "levelled"'))
    enters = found.array("pass_probability")[found.parties.index("green")]
    won = found.array("chamber/win_probability")[:, 2]
    assert won.max() <= enters <= won.sum()
    assert 0.5 < won[5] < 1.0
    assert found.chamber_size >= 40


def test_winners_sit_as_far_as_the_seats_of_their_list_cover_them(tmp_path: Path) -> None:
    """With 12 seats of the rule and 12 districts a party that wins more than its share has winners without a
    seat; all numbers are of the same draws.
    """
    file = FILE.replace("seats = 40", "seats = 12")
    found = run(tmp_path, file=file, tier=TIER.replace("seats = 12", 'seats = 12\nhow = "covered"'))
    assert found.chamber_size == 12
    won = found.array("chamber/win_probability").sum(0)
    without, seated = found.array("chamber/uncovered_mean"), found.array("chamber/tier_seat_mean")[1]
    np.testing.assert_allclose(won, seated + without, atol=1e-9)
    assert 0.5 < without.sum() < 6.0
    assert float(found.array("chamber/all_uncovered_mean")) == pytest.approx(without.sum())
    assert found.array("chamber/uncovered_probability").sum() == pytest.approx(without.sum())
    numbers = found.array("chamber/all_uncovered_probability")
    assert numbers.sum() == pytest.approx(1.0)
    assert numbers @ found.array("chamber/uncovered_winners") == pytest.approx(without.sum())
    record = found.record()["chamber"]
    assert record["uncovered"]["mean"] == pytest.approx(without.sum())
    told = {one["id"]: one["uncovered"]["probability"] for one in record["districts"]}
    assert [told[name] for name in NAMES] == found.array("chamber/uncovered_probability").tolist()
    assert record["holders"][0]["uncovered"]["mean"] == pytest.approx(without[0])
    assert any("without a seat" in note for note in table_of(found, "tiers").notes)
    file, tier = FILE.replace("seats = 40", "seats = 400"), TIER.replace("12", '12\nhow = "covered"')
    assert float(run(tmp_path, file=file, tier=tier).array("chamber/all_uncovered_mean")) == 0.0


def test_lists_below_the_level_cover_nobody_but_enter_by_their_winners(tmp_path: Path) -> None:
    cast = votes()
    cast[5] = [2_000, 1_500, 6_500]
    write_candidates(tmp_path / "candidates.csv", cast)
    tier = TIER.replace("seats = 12", 'seats = 12\nhow = "covered"')
    for level, least in (('"5%"', 0.9), ('"30%", or_direct_seats = 1', 0.9), ('"30%"', 0.0)):
        file = FILE.replace('threshold.level = "5%"', f"threshold = {{ level = {level} }}")
        found = run(tmp_path, file=file, tier=tier)
        seated = found.array("chamber/tier_seat_mean")[1, 2]
        assert found.array("chamber/win_probability")[5, 2] > 0.9
        assert seated >= least if least else seated < 0.01


def test_the_winners_without_a_seat_of_germany_2025_are_drawn(root: Path) -> None:
    """23 there were; by the polls between 16 and 60 in four draws of five, as the page says."""
    election = load_election(root / "configs" / "germany-2025-constituencies.toml")
    found = simulate(election, estimate(election, polls_of(election)), draws=DRAWS)
    quantiles = dict(
        zip(
            found.array("quantile_level").tolist(), found.array("chamber/all_uncovered_quantile"), strict=True
        )
    )
    page = (root / "docs" / "chamber.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"By the polls of\s+the day before it\s+was (\d+), and (\d+) to (\d+)", page)
    for number, level in zip(told, (0.5, 0.1, 0.9), strict=True):
        assert abs(int(number) - quantiles[level]) <= 1
    assert quantiles[0.1] <= 23 <= quantiles[0.9]
    assert len(found.names("chamber/contest")) == 299
    assert not any("or_direct_seats" in line for line in found.attrs["warnings"])


def lithuania(root: Path, shared: Path, folder: Path) -> Path:
    """The election file with the tables of 2016 beside it, which may not be kept in the project."""
    archive = shared / "data" / "districts"
    if not archive.exists():
        pytest.skip("the archive of results by district is not here")
    for name, table in (("lithuania-2016-smd-round1", "candidates"), ("lithuania-2016", "lists")):
        with (archive / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = [[row["district_name"], row["party"], row["votes"]] for row in csv.DictReader(file)]
        write_rows(folder / f"lithuania-2016-{table}.csv", ["district", "party", "votes"], rows)
    for name in ("lithuania-2020-chamber.toml", "lithuania-2020-polls.csv", "lithuania-2020-result.csv"):
        (folder / name).write_bytes((root / "configs" / name).read_bytes())
    return folder / "lithuania-2020-chamber.toml"


def test_the_second_rounds_of_lithuania_2020_are_drawn(root: Path, shared: Path, tmp_path: Path) -> None:
    """From the first round of 2016 and the votes for lists as they were: all who won at least three districts
    did so where four draws of five have them.
    """
    election = load_election(lithuania(root, shared, tmp_path))
    votes = {row["party"]: int(row["votes"]) for row in rows_of(tmp_path / "lithuania-2020-result.csv")}
    shares = np.tile([cast / sum(votes.values()) for cast in votes.values()], (DRAWS, 1))
    found, kept = simulate_given(election, ShareDraws("shares", tuple(votes), shares, ()), keep=100)
    assert (kept["chamber_seats"].sum("holder") == 141).all()
    won = {party: seats for party, seats in election.tiers[0].official.items() if party != "others"}
    assert sum(won.values()) == 69
    low, high = found.array("chamber/tier_seat_quantile")[1][:, [1, 5]].T
    inside = {
        holder: low[h] <= won[holder] <= high[h]
        for h, holder in enumerate(found.names("chamber/holder"))
        if won.get(holder, 0) >= 3
    }
    assert (len(inside), sum(inside.values())) == (8, 8)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@pytest.mark.parametrize(
    ("name", "tier", "won"),
    [
        ("new-zealand-2017", 1, {"national": 41, "labour": 29, "act": 1, "maori": 0, "nz-first": 0}),
        ("hungary-2014", 1, {"fidesz": 96, "unity": 10, "jobbik": 0, "lmp": 0}),
    ],
)
def test_what_was_won_lies_where_four_draws_of_five_have_it(
    root: Path, name: str, tier: int, won: dict[str, int]
) -> None:
    election = load_election(root / "configs" / f"{name}.toml")
    found = simulate(election, estimate(election, polls_of(election)), draws=DRAWS)
    low, high = found.array("chamber/tier_seat_quantile")[tier][:, [1, 5]].T
    at = {holder: number for number, holder in enumerate(found.names("chamber/holder"))}
    assert {party for party, seats in won.items() if low[at[party]] <= seats <= high[at[party]]} == set(won)


def test_a_party_that_the_nation_hardly_votes_for_may_win_where_a_poll_has_it_first(root: Path) -> None:
    """Waiariki 2017: polls gave the Māori Party 0.5 % of the nation and 60 % there. It lost, with 46 %."""
    election = load_election(root / "configs" / "new-zealand-2017.toml")
    found = simulate(election, estimate(election, polls_of(election)), draws=DRAWS)
    where = found.names("chamber/contest").index("Waiariki")
    chance = found.array("chamber/win_probability")[where, found.names("chamber/holder").index("maori")]
    assert 0.05 < chance < 0.6


def with_polls(folder: Path, *more: tuple[str, int, int, int]) -> None:
    """National polls, and ``more`` of places: shares of Red, Blue and Green."""
    rows = [
        [pollster, day, "national", 1_000, *shares]
        for pollster, day, shares in (
            ("House A", "2024-06-01", (42, 40, 18)),
            ("House B", "2024-06-03", (41, 40, 19)),
            ("House A", "2024-06-06", (43, 39, 18)),
        )
    ]
    rows += [["House C", "2024-06-05", place, 600, *shares] for place, *shares in more]
    heading = ["pollster", "fieldwork_end", "scope", "sample_size", "red", "blue", "green"]
    write_rows(folder / "polls.csv", heading, rows)


def test_a_poll_of_a_district_moves_its_chances_and_not_the_nation(tmp_path: Path) -> None:
    """And those of the others hardly; the seats of the lists stay what they are, to the bit."""
    with_polls(tmp_path)
    before = run(tmp_path)
    with_polls(tmp_path, ("district: d5", 20, 20, 60))
    after = run(tmp_path)
    was, now = (found.array("chamber/win_probability") for found in (before, after))
    assert was[5, 2] < 0.05
    assert now[5, 2] > 0.5
    assert np.abs(was[[0, 1, 10, 11]] - now[[0, 1, 10, 11]]).max() < 0.1
    assert (before.array("seat_probability") == after.array("seat_probability")).all()
    assert any("1 poll of a region or district moves" in line for line in after.attrs["warnings"])


def test_polls_of_districts_move_the_split_as_far_as_it_errs(tmp_path: Path) -> None:
    """Half as many votes for Green in four polled districts of twelve mean fewer elsewhere too, where what
    becomes of votes for its list is not known; where it is known (no error), hardly.
    """
    elsewhere: dict[str, list[float]] = {}
    for error in ("0.3", "0"):
        more = 'lists = "lists.csv"\n' + f"split_error = {error}\n"
        for polls in ((), tuple((f"district: d{d}", 45, 46, 9) for d in range(2, 6))):
            with_polls(tmp_path, *polls)
            write_rows(
                tmp_path / "lists.csv",
                ["district", "party", "votes"],
                [["all", name, number] for name, number in zip(PARTIES, (400, 380, 220), strict=True)],
            )
            election = moors(tmp_path, FILE, TIER, more)
            known = estimate(election, polls_of(election))
            pattern = tier_pattern(
                election,
                read_tier_votes(election, election.tiers[0]),
                ("red", "blue", "green"),
                dict(zip(known.units, known.mean, strict=True)),
                known,
            )
            elsewhere.setdefault(error, []).append(float(pattern.pattern.shares[8:, 2].mean()))
            assert float(pattern.sd[2]) <= float(error) * 2.5
    ratio = {error: after / before for error, (before, after) in elsewhere.items()}
    assert ratio["0.3"] < 0.9 < ratio["0"]


def test_a_larger_poll_of_a_district_says_more(tmp_path: Path) -> None:
    chances = []
    for size in (60, 6_000):
        with_polls(tmp_path, ("district: d5", 30, 28, 42))
        text = (tmp_path / "polls.csv").read_text().replace("d5,600", f"d5,{size}")
        (tmp_path / "polls.csv").write_text(text)
        chances.append(run(tmp_path).array("chamber/win_probability")[5, 2])
    assert chances[0] < chances[1]


def test_a_poll_of_a_district_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with_polls(tmp_path, ("district: d55", 20, 20, 60))
    with pytest.raises(PollDataError, match=r"no such district in .*candidates\.csv; did you mean"):
        run(tmp_path)


def test_given_shares_are_carried_to_the_districts(tmp_path: Path) -> None:
    election = moors(tmp_path)
    shares = np.tile([0.42, 0.40, 0.18], (3_000, 1))
    found, kept = simulate_given(
        election, ShareDraws("shares", ("red", "blue", "green"), shares, ()), keep=3_000
    )
    assert (kept["chamber_seats"].sum("holder") == 52).all()
    assert 4.0 < found.array("chamber/tier_seat_mean")[1, 0] < 8.0


def test_check_says_what_the_districts_rest_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moors(tmp_path)
    assert main(["check", str(tmp_path / "moors.toml")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "the last votes for candidates in each district" in said
    assert "12 districts, 120,00" in said


REFUSED = {
    "last missing": ('split = "same"\n', "last", "last ="),
    "no split": ("", "say how votes for candidates follow", None),
    "a party that is none": ("split = { rad = 1 }\n", "did you mean 'red'", None),
    "a ratio": ("split = { red = -1 }\n", "lies between 0", None),
    "a word": ('split = "some"\n', 'or "same"', None),
    "candidates who are none": (
        'split = "same"\nstands_in = { red = ["d77"] }\n',
        "no such district or region",
        None,
    ),
    "nobody stands": (
        'split = "same"\nstands_in = { red = "d1", blue = "d1", green = "d1" }\n',
        "has a candidate there",
        None,
    ),
    "an heir of none": (
        'split = "same"\ncontinues = { red = { "Rad" = 1.0 } }\n',
        "did you mean 'Red'",
        None,
    ),
    "transfers of one round": (
        'split = "same"\ntransfers = { red = { blue = "50%" } }\n',
        "write rounds = 2",
        None,
    ),
    "three rounds": ('split = "same"\nrounds = 3\n', "between two", None),
    "an error": ('split = "same"\ncandidate_error = 9\n', "standard deviation on logs", None),
    "lists without a split": ('cast = "lists"\n', "how votes for candidates compare", None),
    "lists twice": (
        'cast = "lists"\nsplit = "same"\nlists = "candidates.csv"\n',
        "leave the other table out",
        None,
    ),
    "a belief beside": (
        'split = "same"\n[tiers.belief]\nseats = { red = 12 }\n',
        "keep one of the two",
        None,
    ),
    "a table that is none": ('split = "same"\n', "no such file", "candidates.csv"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_missing_or_wrong_is_said(name: str, tmp_path: Path) -> None:
    more, said, part = REFUSED[name]
    tier = TIER if part is None else TIER.replace('last = "candidates.csv"', "") if part == "last =" else TIER
    tier = tier.replace("candidates.csv", "nobody.csv") if part == "candidates.csv" else tier
    with pytest.raises(ForecastError) as caught:
        run(tmp_path, more, tier=tier, number=100)
    assert said in str(caught.value)


def test_another_number_of_districts_than_seats_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="12 districts, not the 13 that are open"):
        run(tmp_path, tier=TIER.replace("seats = 12", "seats = 13"))


def test_a_party_without_candidates_last_time_must_say_so(tmp_path: Path) -> None:
    file = FILE.replace(
        '[[parties]]\nid = "green"', '[[parties]]\nid = "gold"\nname = "Gold"\n[[parties]]\nid = "green"'
    )
    with pytest.raises(ConfigurationError, match=r"tiers.districts.votes.continues.gold"):
        read(tmp_path, file=file)
    found = read(tmp_path, 'split = "same"\ncontinues = { gold = {} }\n', file=file)
    assert found.national[2] == 0.0


def test_a_row_without_votes_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path / "candidates.csv", ["district", "party", "votes"], [["d0", "Red", "many"]])
    with pytest.raises(PollDataError, match="many"):
        read(tmp_path)


def test_days_side_by_side_keep_the_districts(tmp_path: Path) -> None:
    """Each day's chances are those of a run as of that day, and can be taken out again."""
    election = moors(tmp_path)
    days = [datetime.date(2024, 6, 3), datetime.date(2024, 6, 6)]
    found = simulate_over_time(election, polls_of(election), days, How(2_000, 1, "sobol", 1))
    for day in days:
        here = found.sel(as_of=day)
        alone = simulate(election, estimate(election, polls_of(election), day), draws=2_000, seed=1)
        for path in ("chamber/win_probability", "chamber/seat_mean"):
            assert np.array_equal(here.array(path), alone.array(path)), path
        assert table_of(here, "contests").rows == table_of(alone, "contests").rows


def test_a_rule_that_only_places_seats_is_drawn_as_without_districts(tmp_path: Path) -> None:
    """One file counts the seats of lists in the states and draws winners that these cover."""
    covered = TIER.replace("seats = 12", 'seats = 12\nhow = "covered"')
    rule = 'districts = { method = "sainte-lague", national_totals = "own-votes", table = "states.csv" }'
    write_rows(tmp_path / "states.csv", ["district", "party", "votes"], [[r, "red", 1] for r in REGIONS])
    placed = FILE.replace('allocation.method = "sainte-lague"', f'allocation.method = "sainte-lague"\n{rule}')
    there = run(tmp_path, file=placed, tier=covered, number=2_000)
    without = run(tmp_path, tier=covered, number=2_000)
    for path in ("seat_mean", "chamber/win_probability", "chamber/uncovered_mean"):
        assert np.array_equal(there.array(path), without.array(path)), path
    apart = run(tmp_path, file=placed, number=500)
    assert any("is counted and not drawn" in line for line in apart.attrs["warnings"])
