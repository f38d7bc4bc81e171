"""What the method of the night is measured by, on an archive that does not come with the program.

``python -m tests.night_measure [ARCHIVE]`` plays its nights (half an hour), keeps what they give in
``outputs/night-measured.json`` and writes the tables of ``docs/night.md``; ``--page`` writes them alone,
``--only STEP`` measures some of it anew.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from forecast.election import Election, load_election
from forecast.estimation import estimate, load_constants
from forecast.geography.known_districts import Places, places_of
from forecast.night.counted import FINAL, NOTHING, PART, Counted
from forecast.night.night_forecast import (
    NightLaw,
    PollDraws,
    draw_votes,
    estimate_night,
    night_law,
    poll_draws,
)
from forecast.night.past_nights import STAGES, PastNight, read_archive, whole_units
from forecast.night.regression import SHIPPED, Design, NightConstants, design_of, shipped_night_constants
from forecast.polls import polls_of
from forecast.simulation.forecasting import How, simulate_and_keep
from forecast.simulation.given import VoteDraws, simulate_votes
from forecast.verification.past_elections import cases_of, read_archives
from forecast.verification.predictive_laws import law_of as past_law
from forecast.verification.scores import LEVELS, brier

Floats = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
ARCHIVE = ROOT.parent / "shared" / "data" / "night"
MEASURED = ROOT / "outputs" / "night-measured.json"
POLLS_OF_THE_PAST = tuple(
    ROOT.parent / "shared" / "data" / name for name in ("polling-archive", "polling-archive-more")
)
PAGE = ROOT / "docs" / "night.md"
DRAWS = 400
MORE = 1_000
"""Where the mean of draws is told to hundredths of a point."""
POLLS = 200
ELECTORATES = {
    "nz2005": {
        "last": {"labour": 45, "national": 21, "nzf": 1, "prog": 1, "uf": 1},
        "won": {"labour": 31, "national": 31, "maori": 4, "act": 1, "prog": 1, "uf": 1},
    },
    "nz2008": {
        "last": {"labour": 31, "national": 31, "maori": 4, "act": 1, "prog": 1, "uf": 1},
        "won": {"national": 41, "labour": 21, "maori": 5, "act": 1, "prog": 1, "uf": 1},
    },
    "nz2011": {
        "last": {"national": 41, "labour": 21, "maori": 5, "act": 1, "uf": 1},
        "won": {"national": 42, "labour": 22, "maori": 3, "mana": 1, "act": 1, "uf": 1},
    },
    "nz2014": {
        "last": {"national": 42, "labour": 22, "maori": 3, "mana": 1, "act": 1},
        "won": {"national": 41, "labour": 27, "maori": 1, "act": 1},
    },
}
"""Electorates of each party in New Zealand, of lists that the nights tell apart: those of last time, which is
what is known while party votes are counted (the archive has no votes for candidates), and those that were
won, which the final result has. From the public record of its elections.
"""
POLLED = {
    "bg202104": "BG-2021-04",
    "bg202107": "BG-2021-07",
    "bg202111": "BG-2021-11",
    "bg202210": "BG-2022",
    "es201512": "ES-2015",
    "es201606": "ES-2016",
    "no2013": "NO-2013",
    "nz2005": "NZ-2005",
    "nz2008": "NZ-2008",
    "nz2011": "NZ-2011",
    "nz2014": "NZ-2014",
}
"""Nights whose polls are in the archives of polls; those of Sweden 2022 are in ``configs``."""
NAMES = {
    "GERB-SDS": "gerb",
    "IMV": "mv",
    "VAZRAZHDANE": "vaz",
    "PODEMOS": "up",
    "IU": "up",
    "CDC": "jxc",
    "NZFIRST": "nzf",
    "CON": "cons",
    "R": "rødt",
}
"""Lists of those archives that the nights call otherwise than in small letters; of two names of one list the
votes add up.
"""
LEVEL = {"se": 0.04, "nz": 0.05, "bg": 0.04, "es": 0.03, "no": 0.04}
"""Threshold of each country, as a share of the country's votes."""
_LEAST = 1e-9


@dataclass(frozen=True)
class At:
    """A night at one stage of one order, and the law of what is not known then."""

    night: PastNight
    order: str
    stage: float
    counted: Counted
    law: NightLaw
    design: Design

    @property
    def seed(self) -> int:
        """Of its own random numbers."""
        return sum(map(ord, self.night.name + self.order)) * 1_000 + round(100 * self.stage)

    def draws(self, polls: PollDraws | None = None, number: int = DRAWS) -> Floats:
        """(T, D, P) final votes."""
        return np.concatenate(list(draw_votes(self.law, polls, number, self.seed)))

    @property
    def poll_error(self) -> Floats:
        """(P, P) covariance of a simulated poll: sd .045 sqrt(p (1 - p)), sum zero."""
        truth = self.night.truth
        return 0.045**2 * (np.diag(truth) - np.outer(truth, truth)) + 1e-12 * np.eye(len(truth))

    def poll(self, number: int = 0, draws: int = DRAWS) -> PollDraws:
        """Draws around one simulated poll: the truth and an error."""
        random = np.random.Generator(np.random.PCG64([self.seed, number]))
        root = np.linalg.cholesky(self.poll_error)
        off = random.standard_normal((draws + 1, len(root))) @ root.T
        return PollDraws(self.night.truth + off[0] + off[1:])

    @property
    def with_poll(self) -> tuple[Floats, Floats]:
        """Mean and squared scale of the national shares after a simulated poll, in closed form."""
        random = np.random.Generator(np.random.PCG64([self.seed, 0]))
        root = np.linalg.cholesky(self.poll_error)
        poll = self.night.truth + random.standard_normal(len(root)) @ root.T
        scale = self.law.scale
        gain = np.linalg.solve((scale + self.poll_error)[:-1, :-1], scale[:-1]).T
        return self.law.mean + gain @ (poll - self.law.mean)[:-1], scale - gain @ scale[:-1]

    @property
    def uniform(self) -> Floats:
        """(D, P) final votes by uniform swing: every missing unit moves by what counted ones moved, and as
        many vote there as last time.
        """
        last = self.night.units.last
        final = self.counted.status == FINAL
        votes, before = self.counted.votes[final].sum(axis=0), last[final].sum(axis=0)
        swing = votes / votes.sum() - before / max(before.sum(), 1.0)
        had = last.sum(axis=1, keepdims=True)
        moved = np.maximum(last + had * swing, 0.0) * self.design.stands
        moved *= had / np.maximum(moved.sum(axis=1, keepdims=True), _LEAST)
        found = self.law.counted.copy()
        np.add.at(found, self.design.district[~final], moved[~final])
        return found


def shares(votes: Floats) -> Floats:
    """National shares of votes (..., D, P)."""
    national = votes.sum(axis=-2)
    return national / national.sum(axis=-1, keepdims=True)


def played(
    nights: Iterable[PastNight],
    constants: NightConstants,
    orders: Sequence[str] = (),
    stages: Sequence[float] = STAGES,
) -> Iterator[At]:
    """The nights in their orders, stage by stage."""
    for night in nights:
        design = design_of(night.units, constants)
        for name in night.orders:
            if orders and name not in orders:
                continue
            order = night.order(name)
            for stage in stages:
                counted = night.at(order, stage)
                yield At(night, name, stage, counted, night_law(design, counted, constants), design)


def error(votes: Floats, truth: Floats) -> float:
    """Mean absolute error of national shares, in points a list."""
    return float(100.0 * np.abs(votes - truth).mean())


def true_order(nights: Sequence[PastNight], constants: NightConstants) -> dict[str, Any]:
    """Sweden 2022 in the order of reporting: mean absolute errors by stage."""
    sweden = [night for night in nights if night.name == "se2022"]
    found: dict[str, Any] = {}
    for at in played(sweden, constants, ("true",)):
        truth = at.night.truth
        alone = shares(at.draws(number=MORE)).mean(axis=0)
        polled = [error(shares(at.draws(at.poll(k, MORE), MORE)).mean(axis=0), truth) for k in range(POLLS)]
        final = at.counted.votes.sum(axis=0)
        found[f"{at.stage:g}"] = {
            "raw": error(final / final.sum(), truth),
            "uniform": error(shares(at.uniform), truth),
            "alone": error(alone, truth),
            "polls": float(np.mean(polled)),
            "polls_se": float(np.std(polled) / np.sqrt(POLLS)),
        }
    return found


def intervals(nights: Sequence[PastNight], constants: Mapping[str, NightConstants]) -> list[dict[str, Any]]:
    """Of every night, order and stage: errors, and which intervals hold, without and with polls, by the
    closed form of what is drawn.

    ``constants`` by country, those under an empty name of all others.
    """
    found = []
    for night in nights:
        known = constants.get(night.country, constants[""])
        for at in played([night], known):
            truth, level = night.truth, LEVEL[night.country]
            came = truth[:-1] >= level
            uniform = shares(at.uniform)
            row: dict[str, Any] = {
                "night": night.name,
                "country": night.country,
                "order": at.order,
                "stage": at.stage,
                "votes": float(at.counted.votes.sum() / night.votes.sum()),
                "uniform": error(uniform, truth),
                "brier_uniform": float(np.mean(brier(np.asarray(uniform[:-1] >= level, np.float64), came))),
            }
            for name, (mean, scale) in {"alone": (at.law.mean, at.law.scale), "polls": at.with_poll}.items():
                sd = np.sqrt(np.diag(scale)) + _LEAST
                tails = t(at.law.degrees_of_freedom)
                z = np.abs(truth - mean) / sd
                row[name] = error(mean, truth)
                row[f"{name}_held"] = [float((z < tails.ppf(0.5 + q / 2.0)).mean()) for q in LEVELS]
                passes = np.asarray(tails.sf((level - mean) / sd), np.float64)[:-1]
                row[f"brier_{name}"] = float(np.mean(brier(passes, came)))
            found.append(row)
    return found


def polls_before(night: PastNight, draws: int = DRAWS) -> PollDraws | None:
    """Draws of the ordinary forecast of the day before the vote; ``None`` where no polls are at hand."""
    if night.name == "se2022":
        election = load_election(ROOT / "configs" / "sweden-2022.toml")
        polled = estimate(election, polls_of(election), as_of=election.election.vote)
        return poll_draws(
            night.units, simulate_and_keep(election, polled, How(draws, 1, "sobol", 1), draws)[1]
        )
    if night.name not in POLLED or not all(folder.is_dir() for folder in POLLS_OF_THE_PAST):
        return None
    wanted = [one for one in read_archives(POLLS_OF_THE_PAST) if one.id == POLLED[night.name]]
    (case,) = cases_of(wanted, (1,))
    random = np.random.Generator(np.random.PCG64(1))
    law = past_law(case, load_constants(None), "default", 0.0)
    drawn = law.draws(random.standard_normal((draws, len(case.units))), random)
    found = np.full((draws, len(night.units.parties)), np.nan)
    for k, name in enumerate(case.units[: case.named]):
        party = NAMES.get(name, name.lower())
        if party in night.units.parties[:-1]:
            p = night.units.parties.index(party)
            found[:, p] = np.nan_to_num(found[:, p]) + drawn[:, k]
    return PollDraws(found)


def real_polls(nights: Sequence[PastNight], constants: NightConstants) -> list[dict[str, Any]]:
    """Of every night with polls, in every order at every stage: errors of the count alone, of the count with
    them, and which intervals held.
    """
    found = []
    for night in nights:
        polls = polls_before(night)
        if polls is None:
            continue
        known = np.flatnonzero(~np.isnan(polls.shares.sum(axis=0)))
        before = error(polls.shares[:, known].mean(axis=0), night.truth[known])
        for at in played([night], constants):
            drawn = shares(at.draws(polls))
            ends = np.quantile(drawn, [(1 - q) / 2 for q in LEVELS] + [(1 + q) / 2 for q in LEVELS], axis=0)
            inside = (ends[: len(LEVELS)] <= night.truth) & (night.truth <= ends[len(LEVELS) :])
            found.append(
                {
                    "night": night.name,
                    "country": night.country,
                    "order": at.order,
                    "stage": at.stage,
                    "before": before,
                    "uniform": error(shares(at.uniform), night.truth),
                    "alone": error(at.law.mean, night.truth),
                    "polls": error(drawn.mean(axis=0), night.truth),
                    "polls_held": inside.mean(axis=1).tolist(),
                }
            )
    return found


# Seats.


def seats(nights: Sequence[PastNight], constants: NightConstants, folder: Path) -> list[dict[str, Any]]:
    """Of every night, order and stage: errors of the median seats with polls, those of uniform swing, and how
    many lists the 80 % intervals hold, by the law of the country.
    """
    found = []
    for night in nights:
        for electorates in ("won", "last") if night.name in ELECTORATES else ("",):
            found += _seats_of(night, constants, folder / night.name, electorates)
    return found


def _seats_of(
    night: PastNight, constants: NightConstants, folder: Path, electorates: str
) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        election = law_of(night, folder, Path(scratch), electorates)
        if election is None:
            return
        places = places_of(election, None) if election.rule.districts is not None else None
        order = _order(night, places)
        truth = official(night, folder)
        if truth is None:
            came = law_of(night, folder, Path(scratch), "won") or election
            truth = median_seats(came, night, _by_district(night)[None], places, order)[0]
        for at in played([night], constants):
            drawn = median_seats(election, night, at.draws(at.poll()), places, order)
            one = median_seats(election, night, np.rint(at.uniform)[None], places, order)[0]
            yield {
                "night": night.name,
                "country": night.country,
                "electorates": electorates,
                "order": at.order,
                "stage": at.stage,
                "held": float(((drawn[1] <= truth) & (truth <= drawn[2])).mean()),
                "polls": float(np.abs(drawn[0] - truth).mean()),
                "uniform": float(np.abs(one - truth).mean()),
            }


def median_seats(
    election: Election, night: PastNight, votes: Floats, places: Places | None, order: Sequence[int]
) -> NDArray[np.int64]:
    """(3, P - 1) median and ends of the 80 % interval of the seats of every list but the others."""
    stood = np.asarray(night.units.stood)
    drawn = VoteDraws(night.units.parties, votes[:, order], stood[order], places)
    forecast = simulate_votes(election, drawn, {"warnings": []})[0]
    known = list(forecast.parties)
    quantiles = forecast.array("seat_quantile")[[known.index(party) for party in night.units.parties[:-1]]]
    return quantiles[:, [3, 1, 5]].T.astype(np.int64)


def _by_district(night: PastNight) -> Floats:
    found = np.zeros((max(len(night.units.districts), 1), night.votes.shape[1]))
    np.add.at(found, np.maximum(night.units.district, 0), night.votes)
    return found


def _order(night: PastNight, places: Places | None) -> list[int]:
    districts = list(night.units.districts)
    return (
        list(range(max(len(districts), 1))) if places is None else [districts.index(n) for n in places.names]
    )


def official(night: PastNight, folder: Path) -> NDArray[np.int64] | None:
    """Official seats of every list, where the archive has them."""
    rows = [line.split(",") for line in (folder / "truth.csv").read_text("utf-8").split()]
    if "seats" not in rows[0]:
        return None
    known = {row[0]: int(row[2]) for row in rows[1:]}
    return np.array([known[party] for party in night.units.parties[:-1]])


def law_of(night: PastNight, folder: Path, scratch: Path, electorates: str = "last") -> Election | None:
    """The election with the law of its country; ``None`` of a country whose law is not written here.

    Sweden by constituency with levelling (its own file); Spain by province; Bulgaria nationally, which the
    totals of lists follow; New Zealand with 5 % or one of its ``electorates`` and 120 seats, of which a party
    keeps electorates beyond its share.
    """
    if night.country == "se":
        return load_election(ROOT / "configs" / "sweden-2022.toml")
    held = ELECTORATES.get(night.name, {}).get(electorates, {})
    rules = {"nz": (120, "5%", "sainte-lague"), "bg": (240, "4%", "hare")}
    lines = ["[election]", 'id = "night"', 'name = "Night"', "date = 2024-01-01"]
    for party in night.units.parties[:-1]:
        kind = 'kind = "none-of-the-above"' if party == "nota" else ""
        lines += ["[[parties]]", f'id = "{party}"', f'name = "{party}"', kind]
        lines += [f"direct_seats = {held[party]}"] if party in held else []
    if night.country in rules:
        number, level, method = rules[night.country]
        lines += ["[rule]", f"seats = {number}", 'ties = "lot"', "[rule.threshold]", f'level = "{level}"']
        lines += [
            'base = "lists"' if night.country == "bg" else "or_direct_seats = 1",
            "[rule.allocation]",
            f'method = "{method}"',
            "" if night.country == "bg" else '[rule.levelling]\nmode = "keep"',
        ]
    elif night.country == "es":
        rows = [line.split(",") for line in (folder / "seats.csv").read_text("utf-8").split()[1:]]
        table = "district,seats\n" + "\n".join(",".join(row) for row in sorted(rows))
        (scratch / "districts.csv").write_text(table + "\n", "utf-8")
        lines += ["[rule]", "seats = 350", 'ties = ["votes", "lot"]', "[rule.districts]", 'method = "dhondt"']
        lines += [
            'table = "districts.csv"',
            "[rule.districts.local_threshold]",
            'level = "3%"',
            'base = "valid"',
        ]
    else:
        return None
    (scratch / "night.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return load_election(scratch / "night.toml")


# Faults, units in part, time.


def faults(nights: Sequence[PastNight], constants: NightConstants) -> dict[str, Any]:
    """Sweden 2022 with ten units that are wrong: errors at 10 and 50 %, mean of four choices."""
    (night,) = (one for one in nights if one.name == "se2022")
    order, design = night.order("true"), design_of(night.units, constants)
    found: dict[str, Any] = {}
    for stage in (0.10, 0.50):
        clean = night.at(order, stage)
        for name in ("none", "two lists exchanged", "one list x 10", "counted twice", "another unit's votes"):
            errors = []
            for seed in range(4):
                random = np.random.Generator(np.random.PCG64([seed, 5]))
                wrong = random.choice(np.flatnonzero(clean.status == FINAL), 10, replace=False)
                votes = _spoilt(clean.votes.copy(), wrong, name, random)
                law = night_law(design, replace(clean, votes=votes), constants)
                errors.append(error(law.mean, night.truth))
            found.setdefault(name, {})[f"{stage:g}"] = float(np.mean(errors))
    return found


def _spoilt(
    votes: NDArray[np.int64], wrong: NDArray[np.int64], name: str, random: np.random.Generator
) -> NDArray[np.int64]:
    lists = votes.shape[1] - 1
    for unit in wrong:
        a, b = random.choice(lists, 2, replace=False)
        if name == "two lists exchanged":
            votes[unit, [a, b]] = votes[unit, [b, a]]
        elif name == "one list x 10":
            votes[unit, a] *= 10
        elif name == "counted twice":
            votes[unit] *= 2
        elif name == "another unit's votes":
            votes[unit] = votes[random.choice(np.flatnonzero(votes.sum(axis=1)))]
    return votes


def in_part(nights: Sequence[PastNight], constants: NightConstants) -> dict[str, Any]:
    """Sweden 2022 with the next tenth of the units counted by half: the error with and without them."""
    (night,) = (one for one in nights if one.name == "se2022")
    order, design = night.order("true"), design_of(night.units, constants)
    found: dict[str, Any] = {}
    for stage in (0.05, 0.10, 0.25, 0.50):
        number = round(stage * night.reporting)
        status = np.full(len(order), NOTHING, np.int8)
        status[order[:number]] = FINAL
        without = night_law(design, whole_units(night.units, night.votes, status), constants)
        part = order[number : number + night.reporting // 10]
        status[part] = PART
        random = np.random.Generator(np.random.PCG64(7))
        votes = night.votes.copy()
        votes[part] = random.binomial(night.votes[part], 0.5)
        law = night_law(design, whole_units(night.units, votes, status), constants)
        found[f"{stage:g}"] = {
            "without": error(without.mean, night.truth),
            "with": error(law.mean, night.truth),
            "volume_without": _volume(without, night),
            "volume_with": _volume(law, night),
        }
    return found


def _volume(law: NightLaw, night: PastNight) -> float:
    """Votes expected in the end, over those that there were."""
    return float((law.counted.sum() + law.spread.votes.sum()) / night.votes.sum())


def speed(nights: Sequence[PastNight], constants: NightConstants) -> dict[str, float]:
    """Seconds of 10,000 draws of Sweden 2022 at 25 %: the votes, and the law by constituency."""
    (night,) = (one for one in nights if one.name == "se2022")
    election = load_election(ROOT / "configs" / "sweden-2022.toml")
    places = places_of(election, None)
    order = _order(night, places)
    counted = night.at(night.order("true"), 0.25)
    best = {"estimate": np.inf, "law": np.inf}
    for _ in range(3):
        begun = time.perf_counter()
        found = estimate_night(night.units, counted, None, constants, draws=10_000, seed=1)
        drawn = time.perf_counter()
        stood = np.asarray(night.units.stood)[order]
        votes = VoteDraws(night.units.parties, found.votes[:, order], stood, places)
        simulate_votes(election, votes, {"warnings": []}, threads=2)
        ended = time.perf_counter()
        best = {"estimate": min(best["estimate"], drawn - begun), "law": min(best["law"], ended - drawn)}
    return {"units": len(night.units.names), "districts": len(order), **best}


STEPS = ("true_order", "intervals", "left_out", "real_polls", "seats", "faults", "in_part", "speed")


def measure(folder: Path, only: Sequence[str] = ()) -> dict[str, Any]:
    """All of it, or ``only`` some steps."""
    nights = read_archive(folder)
    common, without = {"": SHIPPED}, {"": SHIPPED, **shipped_night_constants().without}
    steps = {
        "true_order": lambda: true_order(nights, SHIPPED),
        "intervals": lambda: intervals(nights, common),
        "left_out": lambda: intervals(nights, without),
        "real_polls": lambda: real_polls(nights, SHIPPED),
        "seats": lambda: seats(nights, SHIPPED, folder),
        "faults": lambda: faults(nights, SHIPPED),
        "in_part": lambda: in_part(nights, SHIPPED),
        "speed": lambda: speed(nights, SHIPPED),
    }
    found: dict[str, Any] = {}
    for name in only or STEPS:
        begun = time.perf_counter()
        found[name] = steps[name]()
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    return found


def mean_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Means of all numbers of rows; of intervals by their level."""
    found: dict[str, float] = {"cases": float(len(rows))}
    for name, value in rows[0].items():
        values = np.array([row[name] for row in rows]) if not isinstance(value, str) else np.zeros(0)
        if values.ndim == 2:
            for level, mean in zip(LEVELS, values.mean(axis=0), strict=True):
                found[f"{name}_{level:g}"] = float(mean)
        elif len(values):
            found[name] = float(values.mean())
    return found


# The tables of docs/night.md.

BEGIN, END = "<!-- measured: python -m tests.night_measure -->", "<!-- end of what is measured -->"
_OF_ELECTORATES = {"": "", "won": ", electorates known", "last": ", electorates of last time"}
_COUNTRIES = {"bg": "Bulgaria", "es": "Spain", "nz": "New Zealand", "se": "Sweden", "no": "Norway"}
_ORDERS = {
    "small": "small places first",
    "region": "region by region",
    "random": "at random",
    "big": "large places first",
    "true": "as reported",
    "early": "early votes first",
}


_ABOUT = """{} nights of five countries ({}), each in every order that it has, with 1, 5, 10, 25, 50 and 75 %
of its units counted. Constants were fitted on all of them but Norway's; *left out*: without the country.
Simulated polls: the truth and an error of 2.1 points at 30 %, 1.0 at 5 %. Errors are mean absolute
errors of national shares, in points a list."""
_SEATS = """Seats by the law, with polls: mean absolute error of the median a list, against uniform swing by
the same law, and how often intervals of 80 % held (Sweden by constituency with levelling seats, Spain by
province, Bulgaria nationally, New Zealand with its electorates, which admit a party below 5 %: those that
were won, which are counted the same night but are not in the archive, and those of last time, taken for
certain):"""
_REAL = """With the polls that there were (the ordinary forecast of the day before), mean over orders and
stages:"""
_HEAD = ("uniform swing", "night", "held", "with polls", "held")


def section(found: Mapping[str, Any]) -> str:
    """What is measured, as tables."""
    rows, apart = found["intervals"], found["left_out"]
    nights = sorted({row["night"] for row in rows})
    small = {"country": "bg", "order": "small"}
    held = [
        *_held(rows, apart, "all nights and orders"),
        *_held(_only(rows, **small), _only(apart, **small), "Bulgaria, small places first"),
    ]
    brier = [f"{mean_of(rows)[f'brier_{name}']:.4f}" for name in ("uniform", "alone", "polls")]
    parts = [
        _ABOUT.format(len(nights), ", ".join(nights)),
        "Sweden 2022 in the order of reporting, polls: mean of 200:",
        _true_table(found["true_order"]),
        _beaten(found["true_order"]),
        "Intervals of 50, 80 and 95 % held, in percent, without and with polls:",
        _grid(("", "count alone", "with polls"), held),
        "By country and order, all stages:",
        _grid(("", *_HEAD), [(_name(one[0]), *_errors(one)) for one in _groups(rows, "country", "order")]),
        "By stage, all countries and orders:",
        _grid(
            ("% of units, of votes", *_HEAD), [(_stage(one), *_errors(one)) for one in _groups(rows, "stage")]
        ),
        "Chances of the threshold, Brier score, against uniform swing taken as certain:",
        _grid(("uniform swing", "night", "with polls"), [brier]),
        _REAL,
        _real_table(found["real_polls"]),
        _SEATS,
        _seat_table(found["seats"]),
        *_odd_tables(found),
    ]
    return "\n\n".join(parts)


def _real_table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for one in _groups(rows, "night"):
        mean = mean_of(one)
        errors = [f"{mean[name]:.3f}" for name in ("before", "uniform", "alone", "polls")]
        early = mean_of([row for row in one if row["stage"] <= 0.05])
        lines.append(
            (
                one[0]["night"],
                *errors,
                f"{early['alone']:.3f}",
                f"{early['polls']:.3f}",
                _levels(mean, "polls"),
            )
        )
    head = ("", "polls alone", "uniform swing", "night", "with polls", "to 5 %: night", "with polls", "held")
    return _grid(head, lines)


def _seat_table(rows: Sequence[Mapping[str, Any]]) -> str:
    means = [
        (_COUNTRIES[one[0]["country"]] + _OF_ELECTORATES[one[0]["electorates"]], mean_of(one))
        for one in _groups(rows, "country", "electorates")
    ]
    lines = [
        (name, f"{mean['uniform']:.2f}", f"{mean['polls']:.2f}", f"{100 * mean['held']:.0f} %")
        for name, mean in means
    ]
    return _grid(("", "uniform swing", "night", "80 % held"), lines)


def _odd_tables(found: Mapping[str, Any]) -> list[str]:
    faults = [
        (name, *(f"{errors[at]:.3f}" for at in ("0.1", "0.5"))) for name, errors in found["faults"].items()
    ]
    parts = [
        (f"{100 * float(stage):g}", f"{one['without']:.3f}", f"{one['with']:.3f}")
        for stage, one in found["in_part"].items()
    ]
    speed = found["speed"]
    said = (
        f"One estimate of {speed['units']:,.0f} units in {speed['districts']:.0f} constituencies, 10,000 "
        f"draws: {speed['estimate']:.1f} s for the votes, {speed['law']:.1f} s for the law (two threads)."
    )
    return [
        "Ten wrong units of 6,264, none of them caught beforehand, Sweden 2022 (mean of four choices):",
        _grid(("", "10 % counted", "50 %"), faults),
        "Units in part: with the next tenth of the units counted by half, Sweden 2022:",
        _grid(("% finished", "error without them", "with them"), parts),
        said,
    ]


def _name(row: Mapping[str, Any]) -> str:
    return f"{_COUNTRIES[row['country']]}, {_ORDERS[row['order']]}"


def _stage(rows: Sequence[Mapping[str, Any]]) -> str:
    return f"{100 * rows[0]['stage']:g}, {100 * mean_of(rows)['votes']:.0f}"


_PUBLISHED = {"0.01": 0.678, "0.05": 0.298, "0.1": 0.198, "0.25": 0.094, "0.5": 0.036}
"""Errors that a model built for that very election published."""


def _true_table(found: Mapping[str, Mapping[str, float]]) -> str:
    names = {"raw": "count so far", "uniform": "uniform swing", "alone": "night", "polls": "night with polls"}
    rows = [(label, *(f"{one[name]:.3f}" for one in found.values())) for name, label in names.items()]
    marks = [f"{_PUBLISHED[stage]:.3f}" if stage in _PUBLISHED else "" for stage in found]
    rows.append(("published, a model of that very election", *marks))
    return _grid(("% of units", *(f"{100 * float(stage):g}" for stage in found)), rows)


def _beaten(found: Mapping[str, Mapping[str, float]]) -> str:
    def at(where: Iterable[str]) -> str:
        return ", ".join(f"{100 * float(stage):g}" for stage in where) or "no"

    marks = at(stage for stage, mark in _PUBLISHED.items() if found[stage]["polls"] < mark)
    swing = at(stage for stage, one in found.items() if one["polls"] < one["uniform"])
    return f"With polls the published marks are beaten at {marks} %, uniform swing at {swing} % of units."


def _held(
    rows: Sequence[Mapping[str, Any]], apart: Sequence[Mapping[str, Any]], what: str
) -> Iterator[tuple[str, ...]]:
    for label, some in (("common constants", rows), ("left out", apart)):
        mean = mean_of(some)
        yield f"{what}, {label}", *(_levels(mean, name) for name in ("alone", "polls"))


def _levels(mean: Mapping[str, float], name: str) -> str:
    return " / ".join(f"{100 * mean[f'{name}_held_{level:g}']:.0f}" for level in LEVELS)


def _errors(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    mean = mean_of(rows)
    of_night = (
        f"{mean['alone']:.3f}",
        _levels(mean, "alone"),
        f"{mean['polls']:.3f}",
        _levels(mean, "polls"),
    )
    return (f"{mean['uniform']:.3f}", *of_night)


def _only(rows: Sequence[Mapping[str, Any]], **only: Any) -> list[Mapping[str, Any]]:
    return [row for row in rows if all(row[name] == value for name, value in only.items())]


def _groups(rows: Sequence[Mapping[str, Any]], *by: str) -> list[list[Mapping[str, Any]]]:
    """Rows by the values of some keys, in the order in which these first come."""
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in by), []).append(row)
    return list(found.values())


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [
        " | ".join(head),
        " | ".join(["---", *["---:"] * (len(head) - 1)]),
        *(" | ".join(row) for row in rows),
    ]
    return "\n".join(f"| {line} |" for line in lines)


def page(text: str, found: Mapping[str, Any]) -> str:
    """The page with the tables of what was measured between its marks."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{section(found)}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("archive", nargs="?", type=Path, default=ARCHIVE)
    asked.add_argument("--page", action="store_true", help="write the tables of what was measured alone")
    asked.add_argument(
        "--only", nargs="+", default=[], metavar="STEP", help="these steps, the others as kept"
    )
    told = asked.parse_args()
    kept = json.loads(MEASURED.read_text("utf-8")) if told.page or told.only else {}
    if not told.page:
        kept |= measure(told.archive, told.only)
        MEASURED.write_text(json.dumps(kept), "utf-8")
    if set(STEPS) <= set(kept):
        PAGE.write_text(page(PAGE.read_text("utf-8"), kept), "utf-8")
