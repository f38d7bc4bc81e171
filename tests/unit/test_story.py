"""Headline and first paragraph: what they say is borne out by the draws, on many made-up forecasts."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from forecast.charts.drawing import ACCENT
from forecast.charts.outcomes import hundred_rows
from forecast.result import Forecast, forecast_of
from forecast.variables import QUANTILES
from forecast.words import headlines
from forecast.words.facts import Facts, Question
from forecast.words.rounding import probability

HOUSE, DRAWS, LEVEL = 100, 400, 0.05
COUNTS = ((0.99, 1.01, "almost sure"), (0.8, 0.99, "very likely"), (0.6, 0.8, "likely"))
COUNTS += ((0.4, 0.6, "as likely as not"), (0.2, 0.4, "unlikely"), (0.01, 0.2, "very unlikely"))
COUNTS += ((-0.01, 0.01, "almost impossible"),)


class Made:
    """A forecast of its draws, made with nothing of the program but the labels."""

    def __init__(self, seed: int) -> None:
        generator = np.random.default_rng(seed)
        self.parties = int(generator.integers(1, 10))
        spread = float(generator.choice([30.0, 120.0, 600.0]))
        centre = generator.dirichlet(np.ones(self.parties))
        self.shares = generator.dirichlet(spread * centre + 0.05, DRAWS)
        held = np.where(self.shares >= LEVEL, self.shares, 0.0)
        held /= held.sum(axis=1, keepdims=True)
        self.seats = np.floor(held * HOUSE).astype(int)
        rest = HOUSE - self.seats.sum(axis=1)
        self.seats[np.arange(DRAWS), held.argmax(axis=1)] += rest
        asked = int(generator.integers(0, 4))
        self.members = [
            sorted(generator.choice(self.parties, generator.integers(1, self.parties + 1), False).tolist())
            for _ in range(asked)
        ]
        self.named = [bool(generator.integers(0, 2)) for _ in self.members]
        known = bool(generator.integers(0, 2))
        self.last = generator.dirichlet(np.ones(self.parties)) if known else np.full(self.parties, np.nan)

    def names(self) -> list[str]:
        return [f"Party {k}" for k in range(self.parties)]

    def called(self, c: int) -> str:
        joined = " + ".join(f"P{k}" for k in self.members[c])
        return f"Alliance {c}" if self.named[c] else joined

    def enters(self) -> np.ndarray:
        """The chance of each party to hold a seat."""
        return (self.seats > 0).mean(axis=0)

    def majority(self, members: list[int]) -> float:
        return float((self.seats[:, members].sum(axis=1) > HOUSE / 2).mean())

    def forecast(self) -> Forecast:
        together = [self.seats[:, members].sum(axis=1) for members in self.members]
        chances = np.array([self.majority(members) for members in self.members])
        enters = (self.shares >= LEVEL).mean(axis=0)
        seats = np.stack([np.bincount(row, minlength=HOUSE + 1) / DRAWS for row in self.seats.T])
        values: dict[str, Any] = {
            "share_quantile": np.quantile(self.shares, QUANTILES, axis=0).T,
            "seat_quantile": _quantiles(self.seats.T),
            "pass_probability": enters,
            "pass_mc_error": _error(enters),
            "seat_probability": seats,
            "seat_mc_error": _error(seats),
            "coalition_seat_quantile": _quantiles(np.array(together).reshape(len(together), DRAWS)),
            "majority_probability": chances,
            "majority_mc_error": _error(chances),
            "last_election/share": self.last,
        }
        ids = [f"p{k}" for k in range(self.parties)]
        coalitions = [f"c{c}" for c in range(len(self.members))]
        labels = {
            "party": ids,
            "party_name": self.names(),
            "party_short": [f"P{k}" for k in range(self.parties)],
            "party_colour": [""] * self.parties,
            "party_kind": ["party"] * self.parties,
            "seats": np.arange(HOUSE + 1),
            "quantile_level": np.array(QUANTILES),
            "coalition": coalitions,
            "coalition_name": [self.called(c) for c in range(len(self.members))],
            "coalition_parties": ["\n".join(ids[k] for k in members) for members in self.members],
        }
        defined = [
            {"id": id_, "name": self.called(c) if self.named[c] else id_} for c, id_ in enumerate(coalitions)
        ]
        definition = {"rule": {"threshold": {"level": "1/20"}}, "coalitions": defined}
        attrs = {
            "draws": DRAWS,
            "house_size": HOUSE,
            "definition": json.dumps(definition),
            "as_of": "2024-05-01",
        }
        return forecast_of(values, labels, attrs)


def _quantiles(seats: np.ndarray) -> np.ndarray:
    return np.quantile(seats, QUANTILES, axis=-1, method="inverted_cdf").T.reshape(len(seats), len(QUANTILES))


def _error(chances: np.ndarray) -> np.ndarray:
    return np.maximum(np.sqrt(chances * (1 - chances) / DRAWS), 1 / DRAWS)


@pytest.fixture(params=range(120))
def told(request: pytest.FixtureRequest) -> tuple[Made, Facts]:
    made = Made(request.param)
    return made, Facts(made.forecast())


def _asked(made: Made, question: Question | None) -> tuple[str, float]:
    assert question is not None
    k = int(question.of[1:])
    if question.kind == "majority":
        return made.called(k), made.majority(made.members[k])
    if question.kind == "alone":
        return made.names()[k], made.majority([k])
    return made.names()[k], float(made.enters()[k])


def test_the_question_is_the_first_named_coalition_or_the_one_nearest_one_half(
    told: tuple[Made, Facts],
) -> None:
    made, facts = told
    name, chance = _asked(made, facts.question)
    if any(made.named):
        assert name == made.called(made.named.index(True))
        return
    chances = [made.majority(members) for members in made.members]
    if not chances:
        largest = int(np.argmax(np.median(made.shares, axis=0)))
        chances = [made.majority([largest]), *made.enters().tolist()]
    assert abs(chance - 0.5) == pytest.approx(min(abs(one - 0.5) for one in chances))


def test_the_headline_says_the_chance_and_the_word_for_it_and_the_dots_agree(
    told: tuple[Made, Facts],
) -> None:
    made, facts = told
    name, chance = _asked(made, facts.question)
    found = re.fullmatch(
        r"(?:A majority|Entry into parliament) is (.+) for (.+?)( alone)? \((.+)\)", headlines.first(facts)
    )
    assert found is not None
    word, who, alone, said = found.groups()
    assert who == name
    assert (alone is not None) == (facts.question is not None and facts.question.kind == "alone")
    assert said == probability(chance, float(_error(np.array(chance))))
    assert [words for low, high, words in COUNTS if low <= chance < high] == [word]
    filled = sum(dot["fill"] == ACCENT for dot in hundred_rows(facts)["dots"])
    assert abs(filled - 100 * chance) <= 0.5
    dots = headlines.hundred(facts)
    assert name in dots
    number = re.search(r"in (more than |fewer than )?(\d+) of 100", dots)
    assert number is not None
    assert abs(int(number.group(2)) - 100 * chance) <= (1.0 if number.group(1) else 0.5)


def test_every_sentence_is_borne_out_by_the_draws(told: tuple[Made, Facts]) -> None:
    made, facts = told
    sentences = headlines.sentences(facts, headlines.change(facts, None))
    assert 3 <= len(sentences) <= 4
    assert not re.search(r"\b[pc]\d\b", " ".join(sentences))
    _leader(made, sentences[0])
    _majority(made, facts, sentences[1])
    if len(sentences) == 4:
        _entering(made, sentences[2])
    _change(made, sentences[-1])


def _leader(made: Made, sentence: str) -> None:
    low, median, high = np.quantile(made.shares, (0.1, 0.5, 0.9), axis=0)
    first, *others = np.argsort(-median, kind="stable").tolist()
    first_share, interval = (
        f"{100 * median[first]:.1f} %",
        f"{100 * low[first]:.1f}–{100 * high[first]:.1f} %",
    )
    told = f"({interval} in four of five simulations)."
    if not others:
        assert sentence == f"Party {first}: {first_share} of the vote {told}"
        return
    other, other_share = others[0], f"{100 * median[others[0]]:.1f} %"
    if high[other] < low[first]:
        assert sentence == f"In front: Party {first} with {first_share} of the vote {told}"
    elif first_share == other_share:
        assert (
            sentence
            == f"Level in front: Party {first} and Party {other} with {first_share} of the vote each."
        )
    else:
        ahead = (
            f"In front: Party {first} with {first_share} of the vote, then Party {other} with {other_share}"
        )
        assert sentence == f"{ahead}; their 80 % intervals overlap."


def _majority(made: Made, facts: Facts, sentence: str) -> None:
    assert facts.question is not None
    members = [int(np.argmax(np.median(made.shares, axis=0)))]
    if facts.question.kind == "majority":
        members = made.members[int(facts.question.of[1:])]
    together = made.seats[:, members].sum(axis=1)
    low, high = np.quantile(together, (0.1, 0.9), method="inverted_cdf").tolist()
    seats = f"{low}–{high}" if low != high else f"{low}"
    assert sentence.startswith(f"A majority takes {HOUSE // 2 + 1} of {HOUSE} seats; ")
    assert f": {seats} in four of five" in sentence
    # Four of five at least: an interval of whole numbers holds what it says or more.
    assert np.mean((together >= low) & (together <= high)) >= 0.8


def _entering(made: Made, sentence: str) -> None:
    enters = made.enters()
    groups = {"sure": enters >= 0.95, "slim": enters <= 0.05}
    groups["open"] = ~groups["sure"] & ~groups["slim"]
    marks = {"sure": "almost sure to enter", "open": "open: ", "slim": "ardly a chance: "}
    for group, members in groups.items():
        assert (marks[group] in sentence.lower().replace("hardly", "ardly")) == bool(members.any()), group
    parts = re.split("; ", sentence.rstrip("."))
    for part in parts:
        group = next(name for name, mark in marks.items() if mark in part.lower().replace("hardly", "ardly"))
        named = {int(k) for k in re.findall(r"Party (\d)", part)}
        wanted = set(np.flatnonzero(groups[group]).tolist())
        number = re.search(r"(?:^|: |All )(\d+) (?:of|parties)", part)
        more = re.search(r" and (\d+) more", part)
        if more is not None:
            assert len(named) + int(more.group(1)) == len(wanted)
            rest = [abs(enters[k] - 0.5) for k in wanted - named]
            assert named < wanted
            assert max(abs(enters[k] - 0.5) for k in named) <= min(rest)
        else:
            assert named == wanted if named else number is not None and int(number.group(1)) == len(wanted)
        for k, chance in re.findall(r"Party (\d) \((.+?)\)", part):
            assert chance == probability(enters[int(k)], float(_error(enters[int(k)])))


def _change(made: Made, sentence: str) -> None:
    moved = np.median(made.shares, axis=0) - made.last
    if np.isnan(moved).any() or moved.max() < 0.0005 or moved.min() > -0.0005:
        assert sentence == "No poll stands behind it."
        return
    gainer, loser = int(moved.argmax()), int(moved.argmin())
    gain, loss = f"+{100 * moved[gainer]:.1f}", f"−{-100 * moved[loser]:.1f}"
    assert sentence == (
        f"Against the last election the largest gain is that of Party {gainer} ({gain} points), "
        f"the largest loss that of Party {loser} ({loss} points)."
    )


def test_what_changed_is_told_against_an_earlier_forecast() -> None:
    made = Made(2)
    now = Facts(made.forecast())
    made.shares = np.roll(made.shares, 1, axis=1)
    made.seats = np.roll(made.seats, 1, axis=1)
    before = Facts(made.forecast().with_attrs(as_of="2024-04-20"))
    said = headlines.change(now, headlines.earlier_of(before, now))
    assert said.startswith("Since the forecast of 20 April 2024 the chance of ")
    assert now.question is not None
    for facts in (before, now):
        assert probability(*facts.answer(now.question)[1:]) in said
    moved = {
        row["name"]: row["share_median"] - old["share_median"]
        for row in now.lists
        for old in before.lists
        if old["party"] == row["party"]
    }
    name = max(moved, key=lambda one: abs(moved[one]))
    assert f"is that of {name} ({'+' if moved[name] > 0 else '−'}{abs(100 * moved[name]):.1f} points)" in said


def test_under_other_rules_the_question_stays_what_it_is_under_the_law() -> None:
    made = Made(1)
    forecast = made.forecast()
    law = Facts(forecast)
    other = Question("alone", "p0")
    assert Facts(forecast, other).question == other
    assert Facts(forecast, law.question).question == law.question
