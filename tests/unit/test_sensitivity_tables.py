"""What a sweep says in tables, in words and as JSON: the same numbers, and every answer in each."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast.election import load_election
from forecast.result import Forecast
from forecast.tables import MOST_DISTRIBUTIONS, tables_of, tables_shown
from forecast.tables.causes import decomposition_in_words
from forecast.tables.definitions import Table
from forecast.words.rounding import as_written
from tests.swept import estimate_of, flat, swept

LEVELS = 6


@pytest.fixture(scope="module")
def sweep(root: Path) -> Forecast:
    election = load_election(root / "configs" / "kazakhstan-2023.toml")
    axes = {"threshold": "3%:8%:1%", "method": "hare,dhondt"}
    return swept(election, estimate_of(election), axes, draws=4096)


@pytest.fixture(scope="module")
def tables(sweep: Forecast) -> dict[str, Table]:
    return {table.name: table for table in tables_of(sweep)}


@pytest.fixture(scope="module")
def records(sweep: Forecast) -> list[dict[str, Any]]:
    return json.loads(json.dumps(sweep.record(), allow_nan=False))


def test_every_answer_is_among_the_tables(tables: dict[str, Table]) -> None:
    assert list(tables) == [
        *("chamber", "chamber-coalitions", "passes", "seats", "differences", "majorities"),
        *("seats-of-chamber", "majorities-of-chamber", "events", "variants", "changes", "flips"),
        *("decomposition", "last-seat", "last-seat-pairs", "last-seat-votes", "parties", "coalitions"),
        "seat-distribution",
    ]
    for table in tables.values():
        assert {len(row) for row in table.texts()} == {len(table.shown)}, table.name
        assert all(set(row) == {column.name for column in table.columns} for row in table.rows), table.name


def test_every_number_of_seats_of_a_party_sums_to_one(tables: dict[str, Table]) -> None:
    sums: dict[tuple[Any, ...], float] = defaultdict(float)
    for row in tables["seat-distribution"].rows:
        sums[row["threshold"], row["method"], row["party"]] += float(row["probability"] or 0.0)
    assert len(sums) == LEVELS * 2 * 7
    assert list(sums.values()) == pytest.approx([1.0] * len(sums))


def test_distributions_of_many_variants_are_there_for_the_asking(root: Path) -> None:
    election = load_election(root / "configs" / "kazakhstan-2023.toml")
    many = swept(election, estimate_of(election), {"threshold": "0%:5%:0.02%"}, draws=64, explained=False)
    assert prod(many.shape) > MOST_DISTRIBUTIONS
    assert "seat-distribution" not in {table.name for table in tables_of(many)}
    (asked,) = tables_of(many, ["seat-distribution"])
    assert asked.rows


def test_draws_that_change_are_told_by_their_votes(sweep: Forecast, tables: dict[str, Table]) -> None:
    data = flat(sweep)
    rows = {(row["threshold"], row["method"]): row for row in tables["changes"].rows}
    texts = dict(zip(rows, tables["changes"].texts(), strict=True))
    # The base rule does not differ from itself: a dash, not a rare event.
    assert texts[0.05, "hare"][3:8] == ["–", "–", "–", "–", ""]
    seven = data.sel({"threshold": 0.07, "method": "hare"})
    assert rows[0.07, "hare"]["changed_probability"] == float(seven["rules/changed_probability"])
    moved = np.cumsum(seven["rules/moved_seats_probability"].values)
    assert rows[0.07, "hare"]["moved_high80"] == int(np.argmax(moved >= 0.9))
    apart = 100 * float((seven["rules/changed_share_mean"] - data["share_mean"]).sel(party="osdp"))
    shown = texts[0.07, "hare"][
        [column.title for column in tables["changes"].shown].index("Social Democrats")
    ]
    assert float(shown.replace("\N{MINUS SIGN}", "-")) == pytest.approx(apart, abs=0.006)


def test_the_spread_is_told_in_words_that_the_indices_bear_out(sweep: Forecast) -> None:
    data = flat(sweep)
    said = decomposition_in_words(sweep)
    largest = np.argsort(-data["decomposition/seat_variance"].values[:7])[:3]
    for sentence, k in zip(said, largest, strict=True):
        found = re.fullmatch(
            r"Of the spread in (.*?)'s? seats \(± ([\d.]+)\), (<?\d+ %) is the (polls|threshold), (.*); "
            r"(<?\d+ %) is what they do together\.",
            sentence,
        )
        assert found is not None, sentence
        assert found[1] == str(data["party_name"].values[k])
        assert float(found[2]) == pytest.approx(
            float(data["decomposition/seat_variance"][k]) ** 0.5, abs=0.05
        )
        first = data["decomposition/seat_first_order"].sel(factor=found[4]).values[k]
        assert int(found[3].strip("< %")) == pytest.approx(100 * first, abs=0.51)
        assert first == data["decomposition/seat_first_order"].values[k].max()
        assert "the method" in found[5]
        assert "the undecided" in found[5]
    assert said[0].startswith("Of the spread in Amanat's seats (± ")


def test_what_is_told_in_words_is_printed(sweep: Forecast) -> None:
    shown = tables_shown(sweep, tables_of(sweep))
    (table,) = [table for table in shown if table.name == "decomposition"]
    assert table.notes[:3] == tuple(decomposition_in_words(sweep))


def test_a_record_has_every_answer_of_its_variant(sweep: Forecast, records: list[dict[str, Any]]) -> None:
    record = records[8]
    data = flat(sweep).isel(threshold=4, method=0)
    assert record["rule.threshold.level"] == 0.07
    assert record["changed"]["seats_mean_mc_error"] == as_written(
        float(data["rules/moved_seats_mean_mc_error"])
    )
    assert sum(record["changed"]["seats"].values()) == pytest.approx(1.0)
    assert set(record["indices"]) == set(record["indices_mc_error"])
    assert record["indices_mc_error"]["gallagher"] == as_written(float(data["rules/gallagher_mc_error"]))
    assert record["indices_mc_error"]["majority_on_a_minority_of_votes"] == as_written(
        float(data["rules/manufactured_mc_error"])
    )
    osdp = record["parties"][5]
    assert osdp["share_where_seats_change"] == as_written(
        float(data["rules/changed_share_mean"].sel(party="osdp"))
    )
    assert osdp["seats_per_vote_mc_error"] == as_written(
        float(data["rules/seats_per_vote_mc_error"].sel(party="osdp"))
    )
    assert sum(osdp["seats"]["distribution"].values()) == pytest.approx(1.0)


def test_the_first_record_has_what_belongs_to_no_variant(
    sweep: Forecast, records: list[dict[str, Any]]
) -> None:
    assert [record for record in records if "sweep" in record] == records[:1]
    whole = records[0]["sweep"]
    assert len(whole["flips"]) == flat(sweep).sizes["flip"] > 0
    assert {flip["method"] for flip in whole["flips"]} == {"hare", "dhondt"}
    assert all(flip["low"] is None or flip["low"] <= flip["level"] for flip in whole["flips"])
    told = 0
    for found in (*whole["decomposition"]["seats"][:7], *whole["decomposition"]["majorities"]):
        first = [index["value"] for index in found["first_order"].values()]
        if None not in first:  # nothing is told of what varies in a single group of draws
            assert found["variance"] > 0
            assert sum(first) + found["interactions"]["value"] == pytest.approx(1.0)
            told += 1
    assert told >= 6
    chances = [pair["probability"] for pair in whole["last_seat"]["pairs"]]
    assert sum(chances) == pytest.approx(1.0, abs=0.01)
    assert chances == sorted(chances, reverse=True)
    assert whole["last_seat"]["votes_quantiles"]["0.5"] == pytest.approx(
        6_366_441 * whole["last_seat"]["share_quantiles"]["0.5"]
    )
