"""What forty pages of past elections would have said first is borne out by their numbers.

The rules, for each of them:

- the headline says the chance of the table in the word for it;
- in front is who has the most votes, and the next is named where the intervals meet;
- a majority is more than half of the house, and the seats named hold four of five simulations;
- every list is counted as almost sure of a seat (95 % and more), as hardly having a chance (5 % and less), or
  as open;
- what changed is the difference of two forecasts or of a forecast and the last election, and no party that is
  new can have gained more than the one that is said to have gained most;
- nothing is named by its id, and nothing that is unknown is said.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from forecast.words.rounding import probability
from tests.archive_headlines import ARCHIVES, Told, told

pytestmark = pytest.mark.skipif(
    not all((archive / "elections.csv").exists() for archive in ARCHIVES),
    reason="the archives of polls are not here (../shared/data)",
)

WORDS = (
    *((0.99, "almost sure"), (0.8, "very likely"), (0.6, "likely"), (0.4, "as likely as not")),
    *((0.2, "unlikely"), (0.01, "very unlikely"), (-1.0, "almost impossible")),
)
LONGEST = 1_000


@pytest.fixture(scope="module")
def every() -> list[Told]:
    found = list(told())
    assert len(found) >= 40
    assert len({one.election for one in found}) >= 20
    return found


def _rows(one: Told) -> list[dict[str, Any]]:
    forecast = one.facts.forecast
    seats, quantiles = forecast.array("seat_probability"), forecast.array("share_quantile")
    names, kinds = forecast.names("party_name"), forecast.names("party_kind")
    return [
        {
            "name": names[k],
            "share": quantiles[k, 3],
            "low": quantiles[k, 1],
            "high": quantiles[k, 5],
            "enters": 1.0 - seats[k, 0],
            "seats": seats[k],
            "at": k,
        }
        for k in range(len(names))
        if kinds[k] not in ("residual", "none-of-the-above") and quantiles[k, 3] == quantiles[k, 3]
    ]


def _chance(one: Told) -> tuple[str, float, float]:
    """Who the headline is about, how likely it is by the arrays of the forecast, and the error."""
    forecast, question = one.facts.forecast, one.facts.question
    assert question is not None
    if question.kind == "majority":
        c = forecast.names("coalition").index(question.of)
        name = forecast.names("coalition_name")[c]
        chance, error = (float(forecast.array(f"majority_{of}")[c]) for of in ("probability", "mc_error"))
        return name, chance, error
    k = forecast.parties.index(question.of)
    name, seats = forecast.names("party_name")[k], forecast.array("seat_probability")[k]
    if question.kind == "enters":
        return name, float(1.0 - seats[0]), float(forecast.array("seat_mc_error")[k, 0])
    chance = float(seats[forecast.house // 2 + 1 :].sum())
    return name, chance, max((chance * (1 - chance) / forecast.draws) ** 0.5, 1 / forecast.draws)


def test_the_headline_says_the_chance_in_the_word_for_it(every: list[Told]) -> None:
    for one in every:
        name, chance, error = _chance(one)
        word = next(word for least, word in WORDS if chance >= least)
        assert f" is {word} for {name}" in one.headline, one.election
        assert one.headline.endswith(f"({probability(chance, error)})"), one.election


def test_who_is_in_front_has_most_votes_and_the_next_is_named_where_intervals_meet(every: list[Told]) -> None:
    for one in every:
        first, second = sorted(_rows(one), key=lambda row: -row["share"])[:2]
        sentence = one.sentences[0]
        assert re.match(rf"(In front|Level in front): {re.escape(first['name'])} ", sentence), sentence
        assert f"{100 * first['share']:.1f} %" in sentence
        meet = second["high"] >= first["low"]
        named = any(f"{word} {second['name']} with " in sentence for word in (", then", " and"))
        assert named == meet, sentence
        most = re.search(r"more seats than any other in ([<>]?[\d.]+) % of simulations", sentence)
        assert (most is not None) == meet
        if most is not None and most.group(1)[0] not in "<>":
            k = first["at"]
            chance = one.facts.forecast.array("largest_probability")[k]
            assert float(most.group(1)) == pytest.approx(100 * chance, abs=0.51), sentence


def test_seats_of_a_majority_are_more_than_half_and_those_named_hold_four_of_five(every: list[Told]) -> None:
    for one in every:
        forecast, question = one.facts.forecast, one.facts.question
        found = re.fullmatch(
            r"A majority takes (\d+) of (\d+) seats; (.*): (\d+)(?:–(\d+))? in four of five simulations\.",
            one.sentences[1],
        )
        assert found is not None, one.sentences[1]
        needed, house, name = int(found[1]), int(found[2]), found[3]
        assert house == forecast.house
        assert 2 * needed > house >= 2 * (needed - 1)
        low, high = int(found[4]), int(found[5] or found[4])
        if question is not None and question.kind == "majority":
            c = forecast.names("coalition_name").index(name)
            chances = forecast.array("coalition_seat_probability")[c]
        else:
            chances = max(_rows(one), key=lambda row: row["share"])["seats"]
        assert chances[low : high + 1].sum() >= 0.8 - 1e-9, one.sentences[1]


def test_every_list_is_sure_open_or_without_a_chance_by_its_chance_of_a_seat(every: list[Told]) -> None:
    for one in every:
        rows = _rows(one)
        groups = {
            "almost sure": [row for row in rows if row["enters"] >= 0.95],
            "hardly a chance": [row for row in rows if row["enters"] <= 0.05],
        }
        groups["open"] = [row for row in rows if 0.05 < row["enters"] < 0.95]
        sentence = one.sentences[2]
        parts = sentence.rstrip(".").split("; ")
        assert len(parts) == sum(bool(group) for group in groups.values()), sentence
        for part in parts:
            (kind,) = [kind for kind in groups if kind in part.lower()]
            listed_names: list[str] = sorted((row["name"] for row in rows), key=len, reverse=True)
            rest, named = part, []
            for name in listed_names:
                if name in rest:
                    named.append(name)
                    rest = rest.replace(name, "")
            number = re.search(r"^(?:All )?(\d+) |: (\d+) parties| and (\d+) more", part)
            counted = int(next(filter(None, number.groups()))) if number else 0
            assert set(named) <= {row["name"] for row in groups[kind]}, part
            whole = len(named) + counted if "more" in part or not named else len(named)
            assert whole == len(groups[kind]), part
        given = re.findall(r"\([<>]?[\d.]+ %\)", sentence)
        errors = one.facts.forecast.array("seat_mc_error")
        wanted = [
            f"{row['name']} ({probability(row['enters'], errors[row['at'], 0])})" for row in groups["open"]
        ]
        assert sum(told in sentence for told in wanted) == len(given), sentence


def test_what_changed_is_the_difference_and_nobody_new_gained_more(every: list[Told]) -> None:
    kinds = set()
    for one in every:
        sentence = one.sentences[-1]
        rows = {row["name"]: row for row in _rows(one)}
        points = {
            name: float(text.replace("\N{MINUS SIGN}", "-"))
            for name, text in re.findall(r"that of (.+?) \(([+\N{MINUS SIGN}]?[\d.]+) points\)", sentence)
        }
        if sentence.startswith("Since the forecast of"):
            kinds.add("since")
            assert one.before is not None
            before = {row["name"]: row["share_median"] for row in one.before.lists}
            moved = {name: rows[name]["share"] - before[name] for name in rows if name in before}
            (name,) = points
            assert abs(moved[name]) == max(map(abs, moved.values()))
            assert points[name] == pytest.approx(100 * moved[name], abs=0.051)
            chances = re.search(r"moved from (\S+ %) to (\S+ %);|is unchanged at (\S+ %);", sentence)
            assert chances is not None
            assert chances.group(3) is not None or chances.group(1) != chances.group(2)
        elif points:
            known = one.facts.forecast.array("last_election/share")
            last = {
                name: known[row["at"]] for name, row in rows.items() if known[row["at"]] == known[row["at"]]
            }
            moved = {name: rows[name]["share"] - share for name, share in last.items()}
            gainer, loser = points
            assert moved[gainer] == max(moved.values())
            assert moved[loser] == min(moved.values())
            new = [row["share"] for name, row in rows.items() if name not in last]
            if sentence.startswith("Against the last election"):
                kinds.add("against")
                assert max(new, default=0.0) <= moved[gainer], one.election
            else:
                kinds.add("of those known")
                assert sentence.startswith("Of the parties whose last result is known")
                assert max(new) > moved[gainer]
        else:
            assert sentence.startswith("The newest of ")
    assert kinds == {"since", "against", "of those known"}


def test_nothing_is_named_by_its_id_and_nothing_unknown_is_said(every: list[Told]) -> None:
    for one in every:
        text = " ".join((one.headline, *one.sentences))
        assert not re.search(r"\b(nan|None|first-two|ends)\b|[{}]|  |\?|\.\.", text), text
        assert len(text) < LONGEST, text
        assert len(one.sentences) == 4
        assert all(sentence.endswith(".") for sentence in one.sentences)
        assert not one.headline.endswith(".")


def test_a_question_that_is_asked_is_the_first_named_coalition_or_the_one_nearest_one_half(
    every: list[Told],
) -> None:
    for one in every:
        forecast = one.facts.forecast
        chances = forecast.array("majority_probability")
        _, chance, _ = _chance(one)
        if "Grand coalition" in forecast.names("coalition_name"):
            assert "Grand coalition" in one.headline
        elif len(chances):
            assert abs(chance - 0.5) == pytest.approx(np.abs(chances - 0.5).min())
