"""Chances of winning single-member districts on past elections: pairs of votes, and their scores."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import pytest

from forecast.cli.main import main
from forecast.errors import PollDataError
from forecast.geography.candidates import REACH_POWER, with_candidates
from forecast.geography.pattern import Base, drawn, pattern_of, shipped
from forecast.verification.election_pairs import Contested, read_contested
from forecast.verification.fitting_districts import (
    Fittable,
    fit_candidates,
    fit_candidates_without,
    split_error_of,
)
from forecast.verification.winning import (
    BY_SPLIT,
    FIRST,
    INDEPENDENT,
    LAST_WINNER,
    MODEL,
    PROPORTIONAL,
    USUAL,
    WinnerEvaluation,
    brier_of,
    evaluate_winners,
    log_score_of,
    shipped_errors,
)
from tests import winners_page
from tests.geographies import write_rows
from tests.jobs import elsewhere

DISTRICTS = 30
LISTS = ("RED", "BLUE", "GREEN")


def write_archive(folder: Path, countries: int = 4, *, seed: int = 3, shared: float = 1.0) -> Path:
    """Elections whose districts follow the nation as the model says, with ``shared`` of the errors that they
    share; candidates get 1.2, 0.9 and 0.7 votes
    for one of their list. Districts have other numbers each time, and the same names but for dashes.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    transitions: list[list[str]] = []
    ratio = np.array([1.2, 0.9, 0.7])
    for number in range(countries):
        country = f"land{ascii_lowercase[number]}"
        weights, national = rng.dirichlet(np.full(DISTRICTS, 20.0)), np.array([0.42, 0.36, 0.22])
        shares = national * np.exp(0.3 * rng.standard_normal((DISTRICTS, 3)))
        shares /= shares.sum(1, keepdims=True)
        for year in (2001, 2005):
            name = f"{country}-{year}"
            if year > 2001:
                base = Base(
                    *(tuple(map(str, range(DISTRICTS))), LISTS, weights, shares, weights @ shares),
                    np.ones((DISTRICTS, 3), bool),
                )
                national = national * np.exp(0.15 * rng.standard_normal(3))
                national /= national.sum()
                pattern = with_candidates(pattern_of(base, national, shipped()), 0.0, shared)
                shares = drawn(pattern, national[None], rng)[0]
                transitions += [[country, f"{country}-2001", name, one, one] for one in LISTS]
            candidates = shares * ratio / (shares * ratio).sum(1, keepdims=True)
            for suffix, cast in (("", shares), ("-smd", candidates)):
                rows = [
                    [
                        year + d,
                        f"North{' – ' if year > 2001 else '-'}Side {d}",
                        one,
                        int(1e6 * weights[d] * votes),
                    ]
                    for d, row in enumerate(cast)
                    for one, votes in zip(LISTS, row, strict=True)
                ]
                heading = ["district", "district_name", "party", "votes"]
                write_rows(folder / f"{name}{suffix}.csv", heading, rows)
    columns = ["country", "from_file", "to_file", "to_party", "from_party"]
    write_rows(folder / "transitions.csv", columns, transitions)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("winners") / "archive")


@pytest.fixture(scope="module")
def pairs(folder: Path) -> tuple[Contested, ...]:
    return read_contested(folder).pairs


@pytest.fixture(scope="module")
def found(pairs: tuple[Contested, ...]) -> WinnerEvaluation:
    return evaluate_winners(pairs, lambda country: shipped())


def test_districts_are_the_same_where_their_names_are(pairs: tuple[Contested, ...]) -> None:
    assert [one.name for one in pairs[:2]] == ["landa-2001 to landa-2005", "landb-2001 to landb-2005"]
    assert all(len(one.winners) == DISTRICTS for one in pairs)
    pair = pairs[0].pair
    assert set(pair.base.units) == {*LISTS, "other"}
    assert pairs[0].winners.tolist() == pair.votes.argmax(1).tolist()
    assert (pairs[0].last_winners == pair.base.last.argmax(1)).all()


def test_the_last_split_carries_votes_for_lists_to_candidates(pairs: tuple[Contested, ...]) -> None:
    """Ratios were the same at both elections, but for the weights of districts."""
    for one in pairs:
        assert one.by_split is not None
        assert one.by_split.sum() == pytest.approx(1.0)
        np.testing.assert_allclose(one.by_split[:3], one.pair.national[:3], rtol=0.02)


def test_of_several_candidates_of_a_label_the_first_stands_for_it(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    table = tmp_path / "landa-2005-smd.csv"
    more = "".join(f"2005,North – Side 0,FREE,{votes}\n" for votes in (9_000, 80_000, 70_000))
    table.write_text(table.read_text(encoding="utf-8") + more, encoding="utf-8")
    pair = read_contested(tmp_path).pairs[0].pair
    assert pair.votes[0, pair.base.units.index("FREE")] == 80_000
    assert pair.votes[0, -1] == 79_000


def test_an_archive_without_candidates_is_refused(tmp_path: Path) -> None:
    write_rows(
        tmp_path / "transitions.csv",
        ["country", "from_file", "to_file", "to_party", "from_party"],
        [["a"] * 5],
    )
    with pytest.raises(PollDataError, match="no votes for candidates"):
        read_contested(tmp_path)


def test_scores_are_those_of_their_formulas() -> None:
    chances = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0]])
    winners = np.array([1, -1])
    np.testing.assert_allclose(brier_of(chances, winners), [0.25 + 0.49 + 0.04, 1.0])
    np.testing.assert_allclose(log_score_of(chances, winners)[0], -np.log(0.3))
    assert log_score_of(chances, winners)[1] > 5.0


def test_chances_are_those_of_draws_and_better_than_the_last_winner(found: WinnerEvaluation) -> None:
    """On data that follow the model: what was expected to be right was, within the intervals of three pairs
    of four at least; a pair's falls out of its 95 % interval with 0.05, two of four with 0.014.
    """
    for one in found.pairs:
        np.testing.assert_allclose(one.chances.sum(1), 1.0)
        assert one.interval[0] <= one.expected_right <= one.interval[1]
    first = [one for one in found.pairs if one.given == FIRST]
    assert sum(one.interval[0] <= one.right <= one.interval[1] for one in first) >= 3
    for metric in ("brier", "log"):
        model, last = (found.value(way, FIRST, USUAL, metric) for way in (MODEL, LAST_WINNER))
        assert model < last
    for way in (INDEPENDENT, PROPORTIONAL):
        assert 0.0 < found.value(way, BY_SPLIT, USUAL, "brier") < 1.0
    assert sum(one.bin.statements for one in found.bins[FIRST]) == 4 * DISTRICTS * 3


def test_errors_are_found_that_votes_were_drawn_with(tmp_path: Path) -> None:
    """Thirty pairs of lists, of ten of which the candidates are known, who err by nothing besides and whose
    split stays; with half of the shared errors of lists and with all of them.
    """
    found = []
    for shared in (0.5, 1.0):
        archives = [
            read_contested(write_archive(tmp_path / f"{shared}-{seed}", 10, seed=seed, shared=shared)).pairs
            for seed in (4, 5, 6)
        ]
        lists = [one.pair for pairs in archives for one in pairs]
        found.append(fit_candidates(Fittable(archives[0], lists), shipped(), "landa"))
    for errors in found:
        assert errors.candidate < 0.1
        assert errors.split < 0.05
    half, whole = (errors.shared for errors in found)
    assert half < 0.75 < whole


def test_errors_cannot_be_fitted_without_the_only_country(pairs: tuple[Contested, ...]) -> None:
    with pytest.raises(PollDataError, match="at least two countries"):
        fit_candidates_without(Fittable(pairs[:1], []), lambda country: shipped())


def test_workers_score_winners_as_one_process_does(
    pairs: tuple[Contested, ...], found: WinnerEvaluation
) -> None:
    shared = evaluate_winners(pairs, lambda country: shipped(), do=elsewhere)
    assert repr(shared.scores) == repr(found.scores)
    assert repr(shared.bins) == repr(found.bins)


def test_the_command_scores_winners(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scores"
    assert main(["backtest", str(folder), "--winners", "--output", str(out), "--quiet"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Winners called right" in said
    assert "last winner" in said
    with (out / "winners.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"way", "given", "of", "metric", "value", "standard_error", "number"} == set(rows[0])
    assert main(["backtest", str(folder), "--winners", "--output", str(out), "--quiet", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(rows)


def test_without_pairs_of_lists_no_country_can_be_left_out(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Districts of the invented elections have other ids each time: no constants of lists can be fitted."""
    asked = ["backtest", str(folder), "--winners", "--leave-out", "country"]
    assert main([*asked, "--output", str(tmp_path / "out"), "--quiet"]) == 3
    assert "pairs of at least 4 countries are needed; found none" in " ".join(capsys.readouterr().err.split())


def test_winners_of_an_archive_of_polls_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backtest", str(tmp_path), "--winners", "--output", str(tmp_path / "out")]) == 2
    assert "an archive of results by district" in " ".join(capsys.readouterr().err.split())


# On the real archive


@pytest.fixture(scope="module")
def real(shared: Path) -> WinnerEvaluation:
    archive = shared / "data" / "districts"
    if not archive.exists():
        pytest.skip("the archive of results by district is not here")
    return winners_page.evaluated(archive)


def test_the_figures_of_the_page_are_those_of_the_archive(real: WinnerEvaluation) -> None:
    """But for the rounding of another machine."""
    page = winners_page.PAGE.read_text(encoding="utf-8")
    told, counted = (_numbers(text) for text in (page, winners_page.with_figures(page, real)))
    assert len(told) == len(counted)
    off = np.abs(np.array(told) - np.array(counted))
    assert (off <= np.maximum(0.02, 0.02 * np.abs(counted))).all(), (
        "run `python -m tests.winners_page ARCHIVE`"
    )


def _numbers(page: str) -> list[float]:
    (figures,) = re.findall(r"<!-- winners -->\n(.*?)<!-- end -->", page, re.DOTALL)
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", figures.replace(",", ""))]


def test_winners_of_germany_are_called_right(real: WinnerEvaluation) -> None:
    right = {(one.contested.pair.after, one.given): one for one in real.pairs}
    wanted = {"germany-2017": (265, 260), "germany-2021": (235, 205), "germany-2025": (262, 208)}
    for name, least in wanted.items():
        for given, number in zip((FIRST, BY_SPLIT), least, strict=True):
            one = right[name, given]
            assert one.right >= number
            assert one.interval[0] <= one.right <= one.interval[1]


def test_chances_are_better_than_those_of_rivals_and_calibrated(real: WinnerEvaluation) -> None:
    for given in (FIRST, BY_SPLIT):
        for metric in ("brier", "log"):
            own = real.value(MODEL, given, USUAL, metric)
            assert own < real.value(LAST_WINNER, given, USUAL, metric)
            assert own < real.value(PROPORTIONAL, given, USUAL, metric)
        for one in real.bins[given]:
            assert abs(one.bin.said - one.bin.happened) <= max(0.05, 2.0 * one.error)


def test_totals_by_party_err_as_they_say(real: WinnerEvaluation) -> None:
    for given in (FIRST, BY_SPLIT):
        assert 0.8 <= real.value(MODEL, given, USUAL, "totals_rms") <= 1.25
        assert 0.75 <= real.value(MODEL, given, USUAL, "totals_coverage_0.8") <= 0.88


def test_the_errors_in_use_are_those_that_were_fitted() -> None:
    """The last digit is a rounding."""
    _, fitted = winners_page.constants()["all"]
    _, apart = winners_page.constants()["apart"]
    used, of_persons = shipped_errors("newzealand"), shipped_errors("nepal")
    for name, least in (("candidate", 0.005), ("shared", 0.005), ("split", 0.005)):
        assert abs(getattr(used, name) - getattr(fitted, name)) < least
    assert abs(of_persons.candidate - apart.candidate) < 0.005


def test_the_reach_of_candidates_moves_the_split_by_its_root(shared: Path) -> None:
    """With each country left out, the others' splits changed less by the square root than with the last split
    as it was, or in proportion.
    """
    archive = shared / "data" / "districts"
    if not archive.exists():
        pytest.skip("the archive of results by district is not here")
    known = [one for one in read_contested(archive).pairs if one.split is not None]
    for without in ("germany", "newzealand", "lithuania"):
        others = [one for one in known if one.pair.country != without]
        none, root, whole = (split_error_of(others, power) for power in (0.0, REACH_POWER, 1.0))
        assert root < min(none, whole)
