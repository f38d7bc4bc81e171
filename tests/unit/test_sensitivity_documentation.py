"""The page on sensitivity: its outputs of real counts and its list of variables are those of the program."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from forecast.election import load_election
from forecast.rules.counts import read_count
from forecast.sweeps.grid import Grid, parse_axes
from forecast.sweeps.scenarios import read_scenarios
from forecast.sweeps.sweep_of_votes import sweep_votes
from forecast.tables import tables_of
from forecast.variables import COUNTED, EVERY
from tests.sensitivity_page import PAGE, page_with_outputs
from tests.swept import estimate_of, swept


def test_the_outputs_of_the_page_are_those_of_the_program() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page_with_outputs(text, drawn=False) == text, "run `python -m tests.sensitivity_page`"


def test_the_scenarios_of_the_page_are_scenarios(tmp_path: Path, kazakhstan: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    rule = load_election(kazakhstan).rule
    for block in blocks:
        assert tomllib.loads(block, parse_float=Decimal)["scenarios"]
        file = tmp_path / "scenarios.toml"
        file.write_text(block, encoding="utf-8")
        assert len(Grid.of(rule, parse_axes(scenarios=read_scenarios(file)))) > 1


def test_the_tables_of_the_page_are_those_of_a_sweep(kazakhstan: Path) -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (d|v|d, v) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    election = load_election(kazakhstan)
    drawn = swept(election, estimate_of(election), {"threshold": "4%,6%"}, draws=256)
    counted = sweep_votes(
        election, read_count(election).ballot, Grid.of(election.rule, parse_axes(threshold="4%,6%"))
    )
    for letter, sweep in (("d", drawn), ("v", counted)):
        named = [name for name, of in rows if letter in of]
        assert [table.name for table in tables_of(sweep, named)] == named
        assert {table.name for table in tables_of(sweep)} <= set(named)


def test_the_lines_of_python_on_the_page_run(kazakhstan: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    block = block.replace("1_000_000", "256").replace("range(0, 101)", "range(0, 101, 10)")
    *lines, last = block.strip().split("\n")
    election = load_election(kazakhstan)
    names: dict[str, Any] = {"election": election, "estimate": estimate_of(election)}
    exec("\n".join(lines), names)
    assert 0.0 < float(eval(last, names)) < 1.0


def test_every_key_of_a_record_is_on_the_page(kazakhstan: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    election = load_election(kazakhstan)
    drawn = swept(election, estimate_of(election), {"threshold": "4%,6%"}, draws=256).record()[0]
    count = sweep_votes(
        election, read_count(election).ballot, Grid.of(election.rule, parse_axes(threshold="4%,6%"))
    ).record()[0]
    # Keys of `forecast run` are in the reference of variables.
    known = {"id", "name", "short", "colour", "kind"} | {
        one.key.split(".")[0] for one in EVERY if one.group in ("", "places") and one not in COUNTED
    }
    for record in (drawn, count):
        keys = set(record) | set(record["parties"][0]) | set(record["indices"]) | set(record["sweep"])
        missing = {key for key in keys - known if not re.search(rf'[`"]{re.escape(key)}[`"]', text)}
        assert missing - {"seats_per_vote_mc_error"} == set()
