"""The page on sensitivity: its outputs of real counts and its list of variables are those of the program."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path

from forecast.election import load_election
from forecast.sensitivity.axes import parse_axes
from forecast.sensitivity.grid import Grid
from forecast.sensitivity.scenarios import read_scenarios
from tests.sensitivity_page import PAGE, page_with_outputs


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
