"""The core is compiled once: whatever commands hand to it has the types that the first run had."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

COMMANDS = """
import contextlib, importlib, io, json, pkgutil, sys
from pathlib import Path

import forecast.kernels
from forecast.cli.main import main
from forecast.simulation.warm import warm

warm()  # what `make forecast` compiles
commands = json.load(sys.stdin)
for command in commands:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = main(command)
    if code != 0:
        sys.exit(f"{command} ended with {code}: {said.getvalue()}")
forms = {}
for module in pkgutil.iter_modules(forecast.kernels.__path__):
    for name, value in vars(importlib.import_module(f"forecast.kernels.{module.name}")).items():
        # What Python calls has a cache; stages are compiled as parts of that.
        if type(getattr(value, "_cache", None)).__name__ == "FunctionCache" and value.__name__ == name:
            forms[name] = len(value.signatures)
print(json.dumps(forms))
"""
SCENARIOS = """
[[scenarios]]
id = "seven-percent"
weight = "40%"
rule.threshold.level = "7%"
[[scenarios]]
id = "as-it-stands"
weight = "60%"
"""


def _forms(*commands: list[str]) -> dict[str, int]:
    """Compiled forms of each kernel after these commands, run one after the other in one process."""
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_command_takes_the_form_of_the_core_that_make_forecast_compiled(tmp_path: Path) -> None:
    config, votes = "configs/kazakhstan-2023.toml", "configs/kazakhstan-2023-result.csv"
    drawn = ["--draws", "512", "-q"]
    axes = ["--threshold", "4%,5%", "--method", "hare,droop"]
    run, other = str(tmp_path / "run"), str(tmp_path / "other")
    scenarios = tmp_path / "scenarios.toml"
    scenarios.write_text(SCENARIOS)
    forms = _forms(
        ["run", config, *drawn, "--save-draws", "64", "-o", run],
        ["run", config, *drawn, "--sampler", "random", "-o", other],
        ["run", config, "--share-draws", f"{run}/draws.csv", "-q", "-o", other],
        ["run", config, "--share-draws", f"{run}/draws.nc", "-q", "-o", other],
        ["run", config, *drawn, "--as-of", "2023-03-10", "--as-of", "2023-03-18", "-o", other],
        ["run", config, *drawn, "--scenarios", str(scenarios), "-o", other],
        ["sweep", config, "--scenarios", "configs/scenarios/kazakhstan.toml", *drawn, "-o", other],
        ["sweep", config, *axes, *drawn, "-o", str(tmp_path / "swept")],
        ["sweep", config, *axes, "--votes", votes, "-q", "-o", str(tmp_path / "counted")],
        ["tables", run, "-q"],
        ["report", run, "-q"],
    )
    assert forms == {"simulate": 1}


def test_an_election_with_more_than_a_division_takes_one_form_more(tmp_path: Path) -> None:
    """What stands around the division is handed over for such rules alone: two forms there are in all."""
    drawn = ["--draws", "512", "-q", "-o", str(tmp_path / "out")]
    plain, around = "configs/kazakhstan-2023.toml", "configs/new-zealand-2023.toml"
    forms = _forms(
        ["run", plain, *drawn],
        ["run", around, *drawn],
        ["sweep", around, "--threshold", "4%,5%", *drawn],
        ["run", plain, *drawn],
    )
    assert forms == {"simulate": 2}
