"""Archives of results by district: pairs, laws, scores, the fit, and polls joined to them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecast.cli.main import main
from forecast.errors import ConfigurationError, PollDataError
from forecast.geography.pattern import (
    SHIPPED,
    Base,
    constants_table,
    drawn,
    pattern_of,
    read_constants,
    rests_on,
    shipped,
)
from forecast.jobs import Here
from forecast.verification import one_by_one
from forecast.verification.election_pairs import Pair, read_pairs
from forecast.verification.exact_law import ExactLaw, as_one_district, past_laws, read_laws
from forecast.verification.fitting_districts import fit_once, fit_pairs, fit_without, histories_of
from forecast.verification.past_elections import read_archive
from forecast.verification.projection_backtest import (
    DISTRICTS,
    NATIONALLY,
    Plan,
    evaluate,
    joined,
    read_days,
    same_lists,
    with_units,
)
from forecast.verification.scores import WAYS, ranks
from tests import archives
from tests.jobs import elsewhere

LISTS = ("RED", "BLUE", "GREEN", "GOLD")
OF_DISTRICTS = 18
LAWS = """
[[laws]]
elections = [{names}]
seats = 90
threshold = {{ level = "4%" }}
districts = {{ method = "dhondt" }}
"""


def write_district_archive(
    folder: Path, countries: int = 4, elections: int = 3, *, scale: float = 1.0, seed: int = 5
) -> Path:
    """Elections whose districts follow the nation as the model says, with errors ``scale`` times its own.

    The last list is new in the second election of each country. All have 5 seats a district.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    transitions: list[list[object]] = []
    index: list[list[object]] = []
    for number in range(countries):
        country = f"land{number}"
        weights = rng.dirichlet(np.full(OF_DISTRICTS, 20.0))
        national = np.array([0.42, 0.33, 0.25, 0.0])
        shares = national * np.exp(0.3 * rng.standard_normal((OF_DISTRICTS, 4)))
        shares /= shares.sum(1, keepdims=True)
        for year in range(2001, 2001 + 4 * elections, 4):
            name = f"{country}-{year}"
            if year > 2001:
                base = Base(
                    tuple(map(str, range(OF_DISTRICTS))),
                    LISTS,
                    weights,
                    shares,
                    weights @ shares,
                    np.ones((OF_DISTRICTS, 4), bool),
                )
                national = national * np.exp(0.15 * rng.standard_normal(4))
                national[3] = rng.uniform(0.08, 0.15)
                national /= national.sum()
                pattern = pattern_of(base, national, shipped(), scale=scale)
                shares = drawn(pattern, national[None], rng)[0]
                for list_name in LISTS:
                    before = _before(list_name, year)
                    transitions.append([country, f"{country}-{year - 4}", name, list_name, before])
            _write_result(folder / f"{name}.csv", np.rint(1e6 * weights[:, None] * shares))
            index.append([f"{name}.csv", country.title(), f"{year}-06-10"])
    _write(
        folder / "transitions.csv", ["country", "from_file", "to_file", "to_party", "from_party"], transitions
    )
    _write(folder / "index.csv", ["file", "country", "date"], index)
    names = ", ".join(f'"{row[0]}"'.replace(".csv", "") for row in index)
    (folder / "laws.toml").write_text(LAWS.format(names=names), encoding="utf-8")
    return folder


def _before(list_name: str, year: int) -> str:
    return "NEW" if list_name == "GOLD" and year == 2005 else list_name


def _write_result(path: Path, votes: np.ndarray) -> None:
    rows: list[list[object]] = [
        [f"d{district}", 5, name, int(number)]
        for district, row in enumerate(votes)
        for name, number in zip(LISTS, row, strict=True)
        if number > 0
    ]
    _write(path, ["district", "seats", "party", "votes"], rows)


def _write(path: Path, heading: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_district_archive(tmp_path_factory.mktemp("districts") / "archive")


@pytest.fixture(scope="module")
def pairs(folder: Path) -> tuple[Pair, ...]:
    return read_pairs(folder).pairs


# Pairs


def test_pairs_are_consecutive_elections_of_a_country(pairs: tuple[Pair, ...]):
    assert [pair.name for pair in pairs[:3]] == [
        "land0-2001 to land0-2005",
        "land0-2005 to land0-2009",
        "land1-2001 to land1-2005",
    ]
    pair = pairs[0]
    assert set(pair.base.units) == {*LISTS, "other"}
    np.testing.assert_allclose(pair.shares.sum(1), 1.0)
    np.testing.assert_allclose(pair.base.weights @ pair.shares, pair.national)
    np.testing.assert_allclose(pair.base.last.sum(1), 1.0)
    new = dict(zip(pair.base.units, pair.base.new.tolist(), strict=True))
    assert new == {"RED": False, "BLUE": False, "GREEN": False, "GOLD": True, "other": True}
    assert not pairs[1].base.new[:4].any()


def test_a_list_that_splits_is_shared_out_and_a_merged_one_is_the_sum(tmp_path: Path):
    folder = write_district_archive(tmp_path, 1, 2)
    rows = ["country,from_file,to_file,to_party,from_party"]
    rows += [
        f"land0,land0-2001,land0-2005,{to},{of}"
        for to, of in (("RED", "RED"), ("GOLD", "RED"), ("BLUE", "BLUE"), ("BLUE", "GREEN"), ("GREEN", "NEW"))
    ]
    (folder / "transitions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (pair,) = read_pairs(folder).pairs
    last = dict(zip(pair.base.units, pair.base.national, strict=True))
    assert last["RED"] == last["GOLD"] > 0.1
    assert last["BLUE"] == pytest.approx(1.0 - 2.0 * last["RED"])
    assert last["GREEN"] == last["other"] == 0.0


def test_lists_that_no_table_has_are_refused_all_at_once(tmp_path: Path):
    folder = write_district_archive(tmp_path, 1, 2)
    table = folder / "transitions.csv"
    text = table.read_text(encoding="utf-8").replace(",RED,RED", ",RAD,REDD")
    table.write_text(text, encoding="utf-8")
    with pytest.raises(PollDataError) as caught:
        read_pairs(folder)
    said = str(caught.value)
    assert "row 2, column from_party = \"REDD\": no such list in land0-2001; did you mean 'RED'?" in said
    assert "row 2, column to_party = \"RAD\": no such list in land0-2005; did you mean 'RED'?" in said


def test_elections_whose_districts_are_others_are_left_out_with_the_reason(tmp_path: Path):
    folder = write_district_archive(tmp_path, 1, 2)
    table = folder / "land0-2005.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("\nd", "\nnew"), encoding="utf-8")
    found = read_pairs(folder)
    assert found.pairs == ()
    assert found.left_out == (
        "land0-2001 to land0-2005: only 0% of the votes are cast in districts that both have",
    )


def test_a_missing_table_is_refused(tmp_path: Path):
    folder = write_district_archive(tmp_path, 1, 2)
    (folder / "land0-2005.csv").unlink()
    with pytest.raises(PollDataError, match=r"land0-2005\.csv: no such file"):
        read_pairs(folder)


# Laws


def test_every_shipped_law_is_one_of_districts_and_names_its_source():
    laws = read_laws(Path(past_laws.__code__.co_filename).with_name("laws.toml"))
    assert len(laws) >= 45
    assert all(law.rule.law for law in laws.values())
    assert sum(law.rule.districts is not None for law in laws.values()) >= 45
    assert laws["poland-2015"].facts("ZL").kind == "coalition"
    assert laws["poland-2015"].facts("PiS").kind == "party"


def test_the_laws_of_an_archive_come_before_those_shipped(folder: Path, tmp_path: Path):
    assert past_laws(folder)["land0-2005"].rule.seats == 90
    assert "poland-2015" in past_laws(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[laws]]\nelections = ["a", "a"]', "a"),
        ('[[laws]]\nelections = ["a"]\nseats = 3\nallocation = {method = "dhont"}', "did you mean 'dhondt'?"),
        (
            '[[laws]]\nelections = ["a"]\nseats = 3\nallocation = {method = "dhondt"}\n[lists.b]\nx = {}',
            "lists.b",
        ),
        (
            2 * '[[laws]]\nelections = ["a"]\nseats = 3\nallocation = {method = "dhondt"}\n',
            'laws[1].elections = "a": it has a law already',
        ),
    ],
)
def test_laws_that_cannot_be_are_refused(tmp_path: Path, text: str, said: str):
    (tmp_path / "laws.toml").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_laws(tmp_path / "laws.toml")
    assert said in str(caught.value)


def test_the_exact_law_gives_all_seats_and_in_one_district_none_is_lost(
    folder: Path, pairs: tuple[Pair, ...]
):
    pair = pairs[0]
    law = ExactLaw.of(past_laws(folder)[pair.after], pair)
    local, national = law(pair.votes[None])
    assert local.sum(2).tolist() == [[5] * 18]
    assert (local.sum(1) == national).all()
    assert national.sum() == as_one_district(law)(pair.votes[None])[1].sum() == 90


TOO_FEW_VOTES_KNOWN = {"turkey-2023", "srilanka-2020"}
"""Votes abroad are missing in the one, a list of the other is too small to be told apart."""


def test_true_votes_give_the_official_seats_of_every_pair_outside_the_project(shared: Path):
    import csv

    with (shared / "data" / "districts" / "national.csv").open(encoding="utf-8", newline="") as file:
        official = [
            (row["election"], row["party"], int(row["official_seats"])) for row in csv.DictReader(file)
        ]
    laws = past_laws()
    counted = 0
    for pair in read_pairs(shared / "data" / "districts").pairs:
        if pair.after not in laws or pair.after in TOO_FEW_VOTES_KNOWN:
            continue
        _, national = ExactLaw.of(laws[pair.after], pair)(pair.votes[None])
        seats = dict(zip(pair.base.units, national[0].tolist(), strict=True))
        assert {name: seats.get(name, 0) for of, name, _ in official if of == pair.after} == {
            name: number for of, name, number in official if of == pair.after
        }, pair.after
        counted += 1
    assert counted >= 33


# Scores


def test_the_randomised_pit_of_a_right_forecast_covers_what_it_says():
    """2,000 outcomes from the law of their draws: a standard error is 1.1 points at most, 3 are allowed."""
    rng = np.random.default_rng(1)
    for draws, outcome in (
        (rng.standard_normal((99, 2000)), rng.standard_normal(2000)),
        (rng.poisson(1.5, (99, 2000)), rng.poisson(1.5, 2000)),
    ):
        held = ranks(draws, outcome).covered(np.random.default_rng(2))
        np.testing.assert_allclose(held, [0.5, 0.8, 0.95], atol=0.035)


def test_independent_cells_have_the_variances_of_the_model(pairs: tuple[Pair, ...]):
    law = replace(shipped(), scale_sd=0.0, list_scale_sd=0.0)
    spread = []
    for name in ("model", "independent-cells"):
        pattern = WAYS[name].pattern(pairs[1], law)
        national = np.tile(pattern.central, (3000, 1))
        error = np.log(drawn(pattern, national, np.random.default_rng(3))[:, :, :4])
        spread.append(error.std(0).mean())
    assert spread[1] == pytest.approx(spread[0], rel=0.15)


def test_every_way_is_scored_and_districts_are_worth_more_than_the_nation(
    folder: Path, pairs: tuple[Pair, ...]
):
    laws = past_laws(folder)
    exact = {pair.after: ExactLaw.of(laws[pair.after], pair) for pair in pairs}
    found = evaluate(pairs, lambda country: shipped(), Plan(draws=60, laws=exact))
    assert {score.way for score in found.scores} == {*WAYS, NATIONALLY}
    assert 0.6 < found.value("model", "shares_0.8") < 0.95, "the archive is drawn from the model"
    assert found.value("model", "misplaced") < found.value("no-last-result", "misplaced")
    assert found.value("model", "national_seats_crps") < found.value(NATIONALLY, "national_seats_crps")
    assert all(len(by_pair) == len(pairs) for by_pair in found.misplaced.values())


def test_workers_score_and_fit_as_one_process_does(folder: Path, pairs: tuple[Pair, ...]):
    """One pair of each country."""
    laws, few = past_laws(folder), pairs[::2]
    plan = Plan(draws=20, counted=10, laws={pair.after: ExactLaw.of(laws[pair.after], pair) for pair in few})
    alone, shared = (
        evaluate(few, lambda country: shipped(), replace(plan, do=do)) for do in (one_by_one, elsewhere)
    )
    assert repr(alone.scores) == repr(shared.scores)
    assert alone.misplaced == shared.misplaced
    assert fit_without(few, ["land0"], do=elsewhere) == fit_without(few, ["land0"])


# The fit


def test_histories_say_which_country_errs_more(folder: Path, pairs: tuple[Pair, ...], tmp_path: Path):
    """One country of errors four times as large as those of the three others."""
    wide = read_pairs(write_district_archive(tmp_path, scale=4.0)).pairs
    mixed = [*(pair for pair in pairs if pair.country != "land0"), *(p for p in wide if p.country == "land0")]
    found = histories_of(mixed, shipped())
    assert {name: history.pairs for name, history in found.items()} == dict.fromkeys(found, 2)
    assert np.prod([history.scale for history in found.values()]) == pytest.approx(1.0), "as many pairs each"
    others = [history.scale for name, history in found.items() if name != "land0"]
    assert found["land0"].scale > 1.5 * max(others)


def test_errors_twice_as_large_are_found_twice_as_large(tmp_path: Path):
    """The same random numbers: only the scale of the errors differs."""
    small, large = (
        read_pairs(write_district_archive(tmp_path / str(scale), scale=scale)).pairs for scale in (0.5, 1.0)
    )
    fitted = [fit_once(pairs, shipped()) for pairs in (small, large)]
    assert fitted[1].cell_sd > 1.4 * fitted[0].cell_sd


def test_fewer_than_four_countries_are_too_few(pairs: tuple[Pair, ...]):
    with pytest.raises(PollDataError, match="pairs of at least 4 countries are needed; found land0"):
        fit_pairs([pair for pair in pairs if pair.country == "land0"])


def test_constants_are_written_and_read_back(tmp_path: Path):
    law = replace(shipped(), beta=0.9, cell_sd=0.07)
    text = constants_table(law, {"beta": 0.02}, "Fitted on nothing")
    (tmp_path / "constants.csv").write_text(text, encoding="utf-8")
    assert read_constants(tmp_path / "constants.csv") == law
    assert rests_on(tmp_path / "constants.csv") == "Fitted on nothing"
    assert "beta,0.9,0.02,slope of log relative strength" in text


def test_shipped_constants_say_what_they_rest_on():
    assert "pairs of consecutive elections" in rests_on(SHIPPED)


def test_every_fault_of_a_file_of_constants_is_said_at_once(tmp_path: Path):
    text = SHIPPED.read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if not row.startswith(("slope_sd,", "cell_power,"))]
    rows += ["cel_sd,0.1,,", "beta,0.9,,", "cell_power,much,,"]
    (tmp_path / "constants.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_constants(tmp_path / "constants.csv")
    said = str(caught.value)
    assert "column name = \"cel_sd\": no such constant; did you mean 'cell_sd'?" in said
    assert 'column name = "beta": this constant has a row already; keep one' in said
    assert 'column value = "much": a number from -10 to 10 is expected' in said
    assert "constant slope_sd: missing; `forecast fit` writes all of them" in said


# Polls joined


def with_polls(folder: Path, districts: Path) -> Path:
    """An archive of polls whose elections of 2005 are those of the districts, under other names."""
    root = archives.write_archive(folder, countries=2, elections=2)
    pairs = {pair.after: pair for pair in read_pairs(districts).pairs}
    text = (root / "elections.csv").read_text(encoding="utf-8")
    for number, letter in enumerate("AB"):
        text = text.replace(f",{letter},", f",Land{number},")
    (root / "elections.csv").write_text(text, encoding="utf-8")
    rows = ["election_id,party,share,seats,seats_list"]
    for number, letter in enumerate("AB"):
        rows += [f"{letter}-2001,RED,60,,", f"{letter}-2001,BLUE,40,,"]
        pair = pairs[f"land{number}-2005"]
        names = {"RED": "RED", "BLUE": "BLUE", "GREEN": "GREEN", "GOLD": "NA"}
        share = dict(zip(pair.base.units, 100.0 * pair.national, strict=True))
        rows += [f"{letter}-2005,{names[name]},{share[name]:.2f},," for name in LISTS]
    (root / "results.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root


def test_parties_are_found_by_name_and_by_share(folder: Path, pairs: tuple[Pair, ...], tmp_path: Path):
    elections = read_archive(with_polls(tmp_path / "polls", folder))
    found = joined(elections, pairs, read_days(folder))
    assert [(one.past.id, one.pair.after) for one in found] == [
        ("A-2005", "land0-2005"),
        ("B-2005", "land1-2005"),
    ]
    assert found[0].lists == {"RED": ("RED",), "BLUE": ("BLUE",), "GREEN": ("GREEN",), "NA": ("GOLD",)}
    assert found[0].unknown == ()


def test_a_party_may_be_several_lists_of_different_districts(
    folder: Path, pairs: tuple[Pair, ...], tmp_path: Path
):
    past = joined(read_archive(with_polls(tmp_path / "polls", folder)), pairs, read_days(folder))[0].past
    pair = pairs[0]
    north = np.arange(18) < 9
    gold = pair.base.units.index("GOLD")
    units = tuple("Gold North" if unit == "GOLD" else unit for unit in pair.base.units[:-1])
    votes = np.insert(pair.votes, 4, 0.0, axis=1)
    votes[~north, 4], votes[~north, gold] = votes[~north, gold], 0.0
    base = replace(
        pair.base,
        units=(*units, "Gold South", "other"),
        last=np.insert(pair.base.last, 4, 0.0, axis=1),
        national=np.insert(pair.base.national, 4, 0.0),
        stands=votes > 0.0,
    )
    split = replace(pair, base=base, votes=votes)
    assert set(same_lists(past, split)["NA"]) == {"Gold North", "Gold South"}
    whole = with_units(split, [("RED",), ("Gold North", "Gold South")])
    assert whole.base.units == ("RED", "Gold North", "other")
    np.testing.assert_allclose(whole.votes[:, 1], pair.votes[:, gold])
    np.testing.assert_allclose(whole.votes.sum(1), pair.votes.sum(1))


# The command line


def test_fit_writes_constants_that_a_backtest_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder, out = write_district_archive(tmp_path / "archive", 4, 2), tmp_path / "fitted"
    assert main(["fit", str(folder), "-o", str(out), "-q"]) == 0
    assert "Constants of the projection to districts" in capsys.readouterr().out
    assert rests_on(out / "constants.csv").startswith("Fitted on 4 pairs of consecutive elections of 4")
    assert (out / "countries.csv").read_text(encoding="utf-8").splitlines()[1] == "country,pairs,scale"
    command = ["backtest", str(folder), "--constants", str(out / "constants.csv"), "-q", "--json"]
    assert main([*command, "-o", str(tmp_path / "scores")]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"way": "model", "metric": "misplaced"}.items() <= next(
        row for row in rows if (row["way"], row["metric"]) == ("model", "misplaced")
    ).items()
    assert (tmp_path / "scores" / "districts.csv").exists()


def test_the_whole_chain_is_scored_with_districts_and_without(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """And the same by workers."""
    polls = with_polls(tmp_path / "polls", folder)
    command = ["backtest", str(polls), "--districts", str(folder), "--horizons", "7", "--json", "-q"]
    assert main([*command, "-o", str(tmp_path / "out")]) == 0
    rows = json.loads(capsys.readouterr().out)
    rps = {row["way"]: row["value"] for row in rows if row["metric"] == "seats_rps" and row["horizon"] == 7}
    assert set(rps) == {DISTRICTS, NATIONALLY, "less"}
    assert rps["less"] == pytest.approx(rps[NATIONALLY] - rps[DISTRICTS])
    monkeypatch.setattr(Here, "do", lambda self, function, items, lost=None: elsewhere(function, items))
    assert main([*command, "-o", str(tmp_path / "shared")]) == 0
    one, other = ((tmp_path / name / "seats.csv").read_bytes() for name in ("out", "shared"))
    assert one == other


def test_an_archive_of_districts_that_is_wrong_ends_with_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = write_district_archive(tmp_path / "archive", 1, 2)
    (folder / "land0-2005.csv").write_text("district,party,votes\nd1,RED,lots\n", encoding="utf-8")
    assert main(["backtest", str(folder), "-o", str(tmp_path / "out")]) == 3
    assert 'column votes = "lots": a number is expected' in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
