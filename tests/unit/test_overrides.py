"""``--set PATH=VALUE``: keys changed for one run."""

from __future__ import annotations

import datetime
from fractions import Fraction
from pathlib import Path

import pytest

from forecast.election import load_election
from forecast.errors import ConfigurationError


def faults(kazakhstan: Path, *overrides: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_election(kazakhstan, overrides)
    return [str(fault) for fault in caught.value.faults]


def test_values_are_read_as_toml_or_as_text(kazakhstan: Path) -> None:
    election = load_election(
        kazakhstan,
        [
            "rule.threshold.level=3%",
            "rule.threshold.nobody={admit = 2}",
            "rule.seats=98",
            "rule.allocation.method = dhondt",
            "election.date=2023-03-26",
            "election.invalid_share=[0.01, 0.02]",
            "election.name=2023",
            "estimate.shift.osdp=+1%",
            "parties.osdp.direct_seats=1",
            "simulation.draws=1e4",
            "coalitions.amanat-auyl.parties=auyl",
        ],
    )
    assert election.rule.threshold is not None
    assert election.rule.threshold.level == Fraction(3, 100)
    assert election.rule.seats == 98
    assert election.rule.allocation is not None
    assert election.rule.allocation.method == "dhondt"
    assert election.election.date == datetime.date(2023, 3, 26)
    assert election.election.invalid_share == (Fraction(1, 100), Fraction(1, 50))
    assert election.election.name == "2023"
    assert election.estimate.shift == {"osdp": Fraction(1, 100)}
    assert election.party("osdp").direct_seats == 1
    assert election.simulation.draws == 10_000
    assert election.coalitions[2].parties == ("auyl",)


def test_the_last_of_several_values_counts(kazakhstan: Path) -> None:
    assert load_election(kazakhstan, ["rule.seats=10", "rule.seats=11"]).rule.seats == 11


def test_an_empty_value_takes_the_key_away(kazakhstan: Path) -> None:
    election = load_election(
        kazakhstan, ["rule.threshold.min_lists=", "estimate.context=", "rule.cap.seats="]
    )
    assert election.rule.threshold is not None
    assert election.rule.threshold.min_lists is None
    assert election.estimate.context == 1
    assert election.rule.cap is None


def test_a_whole_number_with_a_point_may_be_a_thousand_and_is_refused(kazakhstan: Path) -> None:
    for text in ("1.000", "10.0"):
        assert "a whole number is expected" in faults(kazakhstan, f"simulation.draws={text}")[0]
    assert load_election(kazakhstan, ["simulation.draws=1.5e6"]).simulation.draws == 1_500_000


def test_a_text_cannot_smuggle_in_further_keys(kazakhstan: Path) -> None:
    assert "write the value on one line" in faults(kazakhstan, "rule.seats=5\nties = 'lot'")[0]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("rule.threshhold.level=3%", "--set: rule.threshhold.level: no such key; did you mean 'rule.thr"),
        ("threshold.level=3%", "--set: threshold.level: no such key; did you mean 'rule.threshold.level'?"),
        ("rule.seets=5", "--set: rule.seets: no such key; did you mean 'rule.seats'?"),
        ("parties.osd.colour=x", "did you mean 'parties.osdp.colour'?"),
        ("parties.osdp.color=#123456", "did you mean 'parties.osdp.colour'?"),
        ("parties.osdp=x", "this is a table; name one of its keys: id, name"),
        ("rule.seats.more=5", "rule.seats is a single value and has no keys"),
        ("rule.seats", '--set = "rule.seats": write PATH=VALUE, such as rule.threshold.level=3%'),
        ("=5", "write PATH=VALUE"),
        ("rule.seats=many", '--set: rule.seats = "many": a whole number is expected, such as 3'),
        ("rule.threshold.level=5", '--set: rule.threshold.level = 5: a share lies between 0 and 1; did'),
        ("rule.allocation.method=hair", "--set: rule.allocation.method = \"hair\": no such method; did you"),
        ("estimate.shift.sdp=+1%", "--set: estimate.shift.sdp: no party has this id; did you mean 'osdp'?"),
        ("election.date=tomorrow", "--set: election.date = \"tomorrow\": a day is written year-month-day"),
    ],
)  # fmt: skip
def test_a_bad_key_or_value_is_named_with_the_way_out(kazakhstan: Path, override: str, said: str) -> None:
    assert any(said in line for line in faults(kazakhstan, override))


def test_a_contradiction_with_the_file_names_the_override(kazakhstan: Path) -> None:
    (fault,) = faults(kazakhstan, "rule.threshold.min_lists=", "rule.threshold.runner_up_factor=0.7")
    assert "runner_up_factor needs min_lists" in fault
    assert "(with --set rule.threshold.runner_up_factor=0.7)" in fault


def test_bad_overrides_are_reported_with_the_faults_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[election]\nid = "x"\nname = "X"\ndate = 2030-01-06\n', encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_election(path, ["election.dte=2030-01-01"])
    places = {fault.place for fault in caught.value.faults}
    assert places == {"--set", str(path)}
