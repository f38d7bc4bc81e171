"""Files of earlier versions give the same, or are refused with what to write; ``--update`` writes it."""

from __future__ import annotations

import gzip
import shlex
import shutil
from pathlib import Path

import pytest
import xarray as xr

import forecast
from forecast.cli.main import main
from forecast.election import load_election
from forecast.errors import ConfigurationError

Printed = pytest.CaptureFixture[str]

KEPT = Path(__file__).parents[1] / "kept" / "version_0_3"
"""What 0.3.0 wrote of an election with 256 draws: a run, a sweep and two days."""

OF_0_3 = {
    "forecast.nc": "forecast run lakeland.toml --as-of 2022-09-10 --draws=256 --seed=7 --sampler=sobol",
    "sweep.nc": "forecast sweep lakeland.toml --as-of 2022-09-10 --draws=256 --seed=7 --sampler=sobol "
    "--threshold 0.03,0.05 --method hare,dhondt",
    "series.nc": "forecast run lakeland.toml --draws=256 --seed=7 --sampler=sobol --as-of 2022-09-01 "
    "--as-of 2022-09-10",
}

FILE = """\
# The election of 2022.
[election]
id = "lakeland-2022"
name = ""   # not settled
date = 2022-09-18
note = \"\"\"
[simulation]
draws = 5.0
\"\"\"

[[parties]]
id = "red"
name = 'Reds'

[[parties]]
id = "blue"
name = ""

[[coalitions]]
id = "left"
name = ''
parties = ["red"]

[[coalitions]]
id = "right"
name = "" # the right
parties = ["blue"]

[simulation] # as always
draws = 20000.0  # enough
seed = 7.0

[rule]
seats = 25
allocation = { method = "hare" }
"""
UPDATED = (
    FILE.replace('name = ""   #', 'name = "lakeland-2022"   #')
    .replace('id = "blue"\nname = ""', 'id = "blue"\nname = "blue"')
    .replace("name = ''\n", "")
    .replace('name = "" # the right', "# the right")
    .replace("20000.0", "20_000")
    .replace("7.0", "7")
)


@pytest.fixture
def lakeland(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the election, which is the current one."""
    for file in KEPT.glob("lakeland*"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _old(name: str, folder: Path) -> Path:
    """A file of 0.3.0 in a folder of its own."""
    (folder / "old").mkdir()
    path = folder / "old" / name
    path.write_bytes(gzip.decompress((KEPT / f"{name}.gz").read_bytes()))
    return path


@pytest.mark.parametrize("name", OF_0_3)
def test_a_forecast_of_0_3_is_refused_with_the_command_that_makes_it_again(
    name: str, lakeland: Path, capsys: Printed
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        forecast.load(_old(name, lakeland))
    assert str(refused.value).endswith(f"make it again: {OF_0_3[name]}")
    assert main(["check", "--update", "old"]) == 2
    assert capsys.readouterr().err.endswith(f"make it again: {OF_0_3[name]}\n")


@pytest.mark.parametrize("name", OF_0_3)
def test_that_command_makes_a_forecast_of_the_same_draws_and_rules_and_days(
    name: str, lakeland: Path, capsys: Printed
) -> None:
    old = xr.load_dataset(_old(name, lakeland))
    assert main([*shlex.split(OF_0_3[name])[1:], "-q", "-o", "again"]) == 0
    new = forecast.load("again")
    assert new["pass_probability"].dims == old["pass_probability"].dims
    for dim in old["pass_probability"].dims:
        assert new.dataset[dim].values.tolist() == old[dim].values.tolist()
    assert (new.attrs["draws"], new.attrs["seed"]) == (256, 7)
    assert main(["check", "again"]) == 0
    assert "schema     2" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_is_written_anew_with_its_comments_and_order(
    ending: str, mark: bytes, tmp_path: Path, capsys: Printed
) -> None:
    path = tmp_path / "old.toml"
    path.write_bytes(mark + FILE.replace("\n", ending).encode())
    assert main(["check", str(path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith(f"forecast check --update {path} writes it as this one reads it")
    assert main(["check", "--update", str(path)]) == 0
    assert path.read_bytes() == mark + UPDATED.replace("\n", ending).encode()
    assert capsys.readouterr().out.splitlines()[:2] == [
        "updated    simulation.draws = 20000.0: now 20_000",
        "updated    simulation.seed = 7.0: now 7",
    ]
    election = load_election(path)
    assert (election.simulation.draws, election.simulation.seed) == (20_000, 7)
    assert [party.name for party in election.parties] == ["Reds", "blue"]


def test_a_file_that_needs_no_update_stays_as_it_is(lakeland: Path, capsys: Printed) -> None:
    before = Path("lakeland.toml").stat()
    assert main(["check", "--update", "lakeland.toml"]) == 0
    assert "lakeland.toml: nothing to update" in capsys.readouterr().err
    assert Path("lakeland.toml").stat().st_mtime_ns == before.st_mtime_ns
    assert Path("lakeland.toml").stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("simulation = { draws = 20000.0 }", "simulation.draws = 20000.0: write draws = 20_000"),
        ("simulation.draws = 20000.0", "simulation.draws = 20000.0: write draws = 20_000"),
        ("[simulation]\ndraws = 20.000", "simulation.draws = 20.000: a whole number is expected"),
    ],
)
def test_what_is_not_changed_by_itself_is_refused_with_what_to_write(
    written: str, said: str, lakeland: Path, capsys: Printed
) -> None:
    path = Path("lakeland.toml")
    old = path.read_text(encoding="utf-8")
    path.write_text(f"{old}\n{written}\n" if "[" in written else f"{written}\n{old}", encoding="utf-8")
    before = path.read_bytes()
    assert main(["check", "--update", "lakeland.toml"]) == 2
    assert said in capsys.readouterr().err
    assert path.read_bytes() == before


def test_an_archive_is_read_and_counted(lakeland: Path, shared: Path, capsys: Printed) -> None:
    assert main(["check", "--update", str(shared / "data" / "polling-archive")]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("archive    65 elections with a result")
    assert printed.err == "nothing wrong; nothing to update\n"
    assert main(["check", "--strict", str(shared / "data" / "polling-archive")]) == 2
    assert "--strict: a forecast or an archive is read as it is" in capsys.readouterr().err
