"""netCDF files that are damaged, or written by others: read in a way that ends, refused with one line."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from forecast import netcdf, storage
from forecast.election import Election, load_election
from forecast.errors import ConfigurationError, PollDataError
from forecast.estimation.share_draws import read_share_draws
from forecast.netcdf import Unreadable, netcdf_image, read_netcdf
from forecast.result import Forecast
from tests.forecasts import CONFIG, kazakhstan

KINDS = ("byte", "bit", "cut", "zeros", "swap", "lost")


def mutants(content: bytes, number: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """So many damaged forms of a file, each with what was done to it; none is the file itself."""
    chance = random.Random(seed)
    made = 0
    while made < number:
        kind = KINDS[made % len(KINDS)]
        place, size = chance.randrange(len(content)), 2 ** chance.randrange(0, 11)
        what, mutant = f"{kind} at {place}, {size}", _mutant(content, kind, place, size, chance)
        if mutant != content:
            made += 1
            yield what, mutant


def _mutant(content: bytes, kind: str, place: int, size: int, chance: random.Random) -> bytes:
    changed = bytearray(content)
    end = min(place + size, len(content))
    if kind == "byte":
        changed[place] = chance.randrange(256)
    elif kind == "bit":
        changed[place] ^= 1 << chance.randrange(8)
    elif kind == "cut":
        del changed[place:]
    elif kind == "zeros":
        changed[place:end] = bytes(end - place)
    elif kind == "lost":
        del changed[place:end]
    else:
        other = chance.randrange(len(content) - (end - place) + 1)
        there = content[other : other + end - place]
        changed[other : other + end - place] = content[place:end]
        changed[place:end] = there
    return bytes(changed)


MANY = int(os.environ.get("FORECAST_MUTANTS", "500"))
"""Mutants of each file that is read by a second process, in the slow test."""


@pytest.fixture(scope="module")
def election() -> Election:
    return load_election(CONFIG)


@pytest.fixture(scope="module")
def draws(election: Election) -> xr.Dataset:
    """Draws as another program has them."""
    ids = [party.id for party in election.parties]
    shares = np.random.default_rng(1).dirichlet(np.full(len(ids), 4.0), 20)
    return xr.Dataset({"share": (("draw", "party"), shares)}, {"party": ids})


@pytest.fixture
def theirs(draws: xr.Dataset, tmp_path: Path) -> Path:
    draws.to_netcdf(tmp_path / "theirs.nc", engine="h5netcdf")
    return tmp_path / "theirs.nc"


@pytest.fixture(scope="module")
def forecast() -> Forecast:
    return kazakhstan()


def _no_library(*args: object, **named: object) -> None:
    msg = "HDF5 is asked about a damaged file"
    raise AssertionError(msg)


def test_no_change_of_a_forecast_gets_past_its_seal(
    forecast: Forecast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told without HDF5, but for files cut to less than names their writer."""
    file = tmp_path / "forecast.nc"
    storage.save(forecast, file)
    content, asked = file.read_bytes(), []
    monkeypatch.setattr(h5py, "File", _no_library)
    monkeypatch.setattr(netcdf, "_from_elsewhere", lambda path, only: _fail(asked))
    for what, mutant in mutants(content, 600, seed=1):
        file.write_bytes(mutant)
        with pytest.raises(ConfigurationError, match="not a forecast that can be read") as caught:
            storage.load(file)
        assert len(str(caught.value).splitlines()) == 1, what
    assert len(asked) < 4
    file.write_bytes(content)
    monkeypatch.undo()
    assert storage.load(file).record() == forecast.record()


def _fail(asked: list[int]) -> None:
    asked.append(1)
    msg = "cut short"
    raise Unreadable(msg)


def test_no_change_of_saved_draws_gets_past_their_seal(
    draws: xr.Dataset, election: Election, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "draws.nc"
    content = netcdf_image(draws)
    monkeypatch.setattr(h5py, "File", _no_library)
    monkeypatch.setattr(netcdf, "_from_elsewhere", lambda path, only: _fail([]))
    for what, mutant in mutants(content, 600, seed=2):
        file.write_bytes(mutant)
        with pytest.raises(PollDataError) as caught:
            read_share_draws(file, election)
        assert len(str(caught.value).splitlines()) == 1, what


def test_a_file_of_ours_that_another_program_changed_is_refused(forecast: Forecast, tmp_path: Path) -> None:
    file = tmp_path / "forecast.nc"
    storage.save(forecast, file)
    with h5py.File(file, "a") as opened:
        opened.attrs["seed"] = 2
    with pytest.raises(ConfigurationError, match="changed since it was written"):
        storage.load(file)


def test_a_file_of_ours_that_another_program_wrote_anew_is_read_and_that_is_said(
    forecast: Forecast, tmp_path: Path
) -> None:
    file, again = tmp_path / "forecast.nc", tmp_path / "again.nc"
    storage.save(forecast, file)
    with xr.open_datatree(file, engine="h5netcdf") as opened:
        opened.load().to_netcdf(again, engine="h5netcdf")
    loaded = storage.load(again)
    assert loaded.record()["parties"] == forecast.record()["parties"]
    (said,) = set(loaded.dataset.attrs["warnings"]) - set(forecast.dataset.attrs["warnings"])
    assert said.startswith(f"{again}: not sealed")


@pytest.mark.skipif(shutil.which("ncdump") is None, reason="no ncdump here (netcdf-bin)")
def test_the_c_library_of_netcdf_reads_past_the_seal(forecast: Forecast, tmp_path: Path) -> None:
    storage.save(forecast, tmp_path / "forecast.nc")
    command = ["ncdump", "-v", "party,seats", str(tmp_path / "forecast.nc")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 'party = "amanat", "auyl"' in done.stdout


def test_draws_of_other_programs_are_read(draws: xr.Dataset, election: Election, tmp_path: Path) -> None:
    """With chains, texts of fixed length, packed numbers, and variables of kinds that we do not keep."""
    ids = draws["party"].values
    chains = draws["share"].values.reshape(4, 5, -1)
    others = {"done": ("draw", np.zeros(5, bool)), "took": ("draw", np.zeros(5, "timedelta64[s]"))}
    shares = (("chain", "iteration", "party"), chains)
    cases = {
        "chains": xr.Dataset({"share": shares}, {"party": ids}),
        "others": xr.Dataset({"share": shares, **others}, {"party": ids}),
        "bytes": xr.Dataset({"share": shares}, {"party": ids.astype("S")}),
        "turned": xr.Dataset({"share": shares}, {"party": ids}).transpose("party", ...),
    }
    for name, dataset in cases.items():
        dataset.to_netcdf(tmp_path / f"{name}.nc", engine="h5netcdf")
        given = read_share_draws(tmp_path / f"{name}.nc", election)
        assert given.ids == tuple(ids)
        assert np.allclose(given.shares, draws["share"].values)
    packed = {"share": {"dtype": "int32", "scale_factor": 1e-9, "_FillValue": -1}}
    cases["chains"].to_netcdf(tmp_path / "packed.nc", engine="h5netcdf", encoding=packed)
    given = read_share_draws(tmp_path / "packed.nc", election)
    assert np.allclose(given.shares, draws["share"].values, atol=1e-6)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"votes": ("draw", [1.0])}, "without a variable 'share'; it holds votes"),
        ({"share": ("draw", [1.0])}, 'share = "a variable of type float64 over draw without ids"'),
        ({"share": (("draw", "party"), [["much"]]), "party": ["amanat"]}, "over draw, party"),
    ],
)
def test_files_without_shares_by_party_are_refused(
    variables: dict[str, object], said: str, election: Election, tmp_path: Path
) -> None:
    xr.Dataset(variables).to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with pytest.raises(PollDataError) as caught:
        read_share_draws(tmp_path / "x.nc", election)
    assert said in str(caught.value)
    assert "a variable 'share' over the dimensions draw and party" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no netCDF-4 file"),
        (b"party,share\n" * 1_000, "no netCDF-4 file"),
        (b"CDF\x01" + bytes(1_000), "netCDF-3; netCDF-4 is expected"),
        (bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(1_000), "no netCDF-4 file, or a damaged one"),
    ],
)
def test_files_of_other_formats_are_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(Unreadable, match=said):
        read_netcdf(tmp_path / "x.nc")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nc")
    with pytest.raises(Unreadable, match="no file"):
        read_netcdf(tmp_path / "pipe.nc")


LIMITED = "from forecast.netcdf import _limit; _limit(1, 2**28)"


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        (f"{LIMITED}\nwhile True: pass", "takes more than 1 s"),
        ("import time; time.sleep(60)", "takes more than 8 s"),
        (f"{LIMITED}\nheld = bytearray(2**30)", "broke down on it"),
        ("import os; os.abort()", "broke down on it"),
        ("import os; os.write(2, b'HDF5-DIAG: Error'); os.write(1, b'a reason'); os._exit(3)", "a reason"),
    ],
)
def test_the_second_process_is_ended_whatever_it_does(
    reader: str, said: str, theirs: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(netcdf, "_READER", reader)
    monkeypatch.setattr(netcdf, "_SECONDS", 1)
    monkeypatch.setattr(netcdf, "_PATIENCE", 8)
    start = time.monotonic()
    with pytest.raises(Unreadable, match=said):
        read_netcdf(theirs)
    assert time.monotonic() - start < 60
    assert capfd.readouterr() == ("", "")


def test_a_file_that_says_it_is_huge_takes_no_memory(tmp_path: Path) -> None:
    sizes = {"draw": 2**36, "party": 8}
    with h5py.File(tmp_path / "huge.nc", "w") as file:
        share = file.create_dataset("share", tuple(sizes.values()), "f8", chunks=(1024, 8), fillvalue=0.125)
        for axis, (name, size) in enumerate(sizes.items()):
            scale = file.create_dataset(name, (size,), "f4", chunks=(8,))
            scale.make_scale(name)
            share.dims[axis].attach_scale(scale)
    with pytest.raises(Unreadable, match="too large: reading it takes more than 2"):
        read_netcdf(tmp_path / "huge.nc", ("share",))


def test_a_file_with_one_changed_byte_that_never_ends_is_refused_within_seconds(
    shared: Path, tmp_path: Path
) -> None:
    case = shared / "cases" / "malformed"
    if not (case / "hang-share-draws.nc").exists():
        pytest.skip("no such case there")
    command = ["run", str(case / "k.toml"), "--share-draws", str(case / "hang-share-draws.nc")]
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "forecast", *command, "-o", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 3
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "hang-share-draws.nc: damaged, or no netCDF-4 file: reading it takes more than 2 s" in done.stderr
    assert time.monotonic() - start < 60, "6 s where nothing else runs"
    assert not (tmp_path / "out").exists()


def _judge(file: Path, election: Election, capfd: pytest.CaptureFixture[str]) -> str:
    """What is said of a damaged file of draws; nothing where it is taken, as nothing seals it."""
    said = ""
    try:
        read_share_draws(file, election)
    except PollDataError as error:
        said = str(error)
    assert capfd.readouterr() == ("", "")
    return said


def test_damaged_draws_of_other_programs_are_refused_in_time(
    theirs: Path, election: Election, capfd: pytest.CaptureFixture[str]
) -> None:
    file = theirs.with_name("mutant.nc")
    for what, mutant in mutants(theirs.read_bytes(), 6, seed=3):
        file.write_bytes(mutant)
        start = time.monotonic()
        _judge(file, election, capfd)
        assert time.monotonic() - start < 60, what


FORKS = """
import json, os, sys
from forecast.netcdf import get_ready, reply
out = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
get_ready()
for line in sys.stdin:
    path, seconds, memory, only, image = json.loads(line)
    process = os.fork()
    if process == 0:
        reply(path, seconds, memory, only, os.open(image, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
    _, status, used = os.wait4(process, 0)
    answer = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss
    print(json.dumps(answer), file=out, flush=True)
"""


class Forks:
    """Second processes that need not import anything: a hundred times as many in the same time."""

    def __init__(self, process: subprocess.Popen[str], image: Path) -> None:
        self._process, self._image = process, image
        self.seconds: list[float] = []
        self.kibibytes: list[int] = []

    def __call__(
        self, path: Path, seconds: int, memory: int, only: Sequence[str]
    ) -> subprocess.CompletedProcess[bytes]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._image.unlink(missing_ok=True)
        question = [str(path), seconds, memory, list(only), str(self._image)]
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        code, took, kibibytes = json.loads(self._process.stdout.readline())
        self.seconds.append(took)
        self.kibibytes.append(kibibytes)
        return subprocess.CompletedProcess([], code, self._image.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("compressed", [False, True])
def test_many_damaged_draws_of_other_programs_are_refused_in_time(
    compressed: bool,
    draws: xr.Dataset,
    election: Election,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file, encoding = tmp_path / "mutant.nc", {"share": {"zlib": True, "shuffle": True}} if compressed else {}
    draws.to_netcdf(file, engine="h5netcdf", encoding=encoding)
    pipe, quiet, found = subprocess.PIPE, subprocess.DEVNULL, Counter[str]()
    server = [sys.executable, "-c", FORKS]
    with subprocess.Popen(server, stdin=pipe, stdout=pipe, stderr=quiet, text=True) as process:
        forks = Forks(process, tmp_path / "image")
        monkeypatch.setattr(netcdf, "_second_process", forks)
        for what, mutant in mutants(file.read_bytes(), MANY, seed=3 + compressed):
            file.write_bytes(mutant)
            try:
                said = _judge(file, election, capfd)
            except Exception as error:
                msg = f"{what}: {type(error).__name__}: {error}"
                raise AssertionError(msg) from error
            found["stopped" if "reading it takes more" in said else "refused" if said else "taken"] += 1
        assert process.stdin is not None
        process.stdin.close()
    with capfd.disabled():
        most = f"{max(forks.seconds):.1f} s of the processor and {max(forks.kibibytes) / 1024:.0f} MiB"
        print(f"{MANY} mutants, at most {most}: {dict(found)}")
    assert max(forks.seconds) < 10
    assert max(forks.kibibytes) < 2**20
