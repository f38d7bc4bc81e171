"""``forecast diff``: what changed between two saved forecasts."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from forecast.cli.main import main
from forecast.storage import load, save
from tests.forecasts import kazakhstan as forecast_of
from tests.made import made_forecast

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The rule as it is, and 3 % for 5 %."""
    monkeypatch.chdir(tmp_path)
    save(forecast_of(4096), "a.nc")
    save(forecast_of(4096, None, "rule.threshold.level=3%"), "b.nc")
    return "a.nc", "b.nc"


def test_changes_are_after_less_before_with_the_error_of_both(two: tuple[str, str], capsys: Captured) -> None:
    assert main(["diff", *two, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    before, after = load(two[0]), load(two[1])
    osdp = record["parties"][5]
    assert osdp["id"] == "osdp"
    passes = osdp["passes"]
    assert passes["change"] == pytest.approx(after.passes("osdp") - before.passes("osdp"))
    assert passes["change"] > 0.1
    first, second = (float(one.dataset["pass_mc_error"].sel(party="osdp")) for one in (before, after))
    assert passes["mc_error"] == pytest.approx((first**2 + second**2) ** 0.5)
    assert osdp["share"]["change"] == 0.0
    seats = sum(party["seats"]["change"] for party in record["parties"])
    assert seats == pytest.approx(0.0, abs=1e-9)
    assert {"what": "rule.threshold.level", "before": "0.05", "after": "0.03"} in record["differs"]
    assert [row["what"] for row in record["differs"]] == ["keys changed with --set", "rule.threshold.level"]


def test_a_forecast_does_not_differ_from_itself(two: tuple[str, str], capsys: Captured) -> None:
    assert main(["diff", two[0], two[0], "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["differs"] == []
    changes = [one[key]["change"] for one in record["parties"] for key in ("share", "passes", "seats")]
    assert set(changes) == {0.0}
    assert main(["diff", two[0], two[0], "-t", "origin"]) == 0
    assert "rule and draws are the same" in capsys.readouterr().out


def test_a_comparison_is_printed_and_exported(two: tuple[str, str], capsys: Captured) -> None:
    assert main(["diff", *two]) == 0
    printed = capsys.readouterr().out
    assert "Parties: what changed" in printed
    assert "changed: rule.threshold.level=3%" in " ".join(printed.split())
    assert main(["diff", *two, "-t", "parties", "-f", "csv", "-o", "changes.csv", "-q"]) == 0
    table = pd.read_csv("changes.csv").set_index("party")
    assert table["passes_change"].tolist() == (table["passes_after"] - table["passes_before"]).tolist()
    assert main(["diff", *two, "-f", "md"]) == 0
    assert "### Coalitions: what changed" in capsys.readouterr().out


def test_a_party_that_only_one_knows_is_named_and_left_blank(two: tuple[str, str], capsys: Captured) -> None:
    whole = load(two[0])
    save(whole.at(party=slice(0, 7)), "less.nc")
    assert main(["diff", two[0], "less.nc", "--json"]) == 0
    last = json.loads(capsys.readouterr().out)["parties"][-1]
    assert last["id"] == "against-all"
    assert last["share"]["after"] is None
    assert last["share"]["change"] is None
    assert main(["diff", two[0], "less.nc", "-t", "parties"]) == 0
    assert "Only before: Against all." in capsys.readouterr().out


def test_what_cannot_be_compared_is_refused(two: tuple[str, str], tmp_path: Path, capsys: Captured) -> None:
    save(made_forecast(tmp_path / "made", 3, draws=1_000), "made.nc")
    for arguments, said in (
        ((two[0], "made.nc"), "these are two elections, kazakhstan-2023 and made"),
        ((two[0], "none.nc"), "none.nc: no such file"),
        ((*two, "-t", "party"), "did you mean 'parties'?"),
    ):
        assert main(["diff", *arguments]) == 2
        error = capsys.readouterr().err.strip()
        assert said in error
        assert "\n" not in error
