"""Tables of jobs: what they ask for, that each is done once, what fails, and all of them together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from forecast.cli.main import main
from forecast.errors import ConfigurationError
from forecast.jobs import Here, Store, collect, do_table, read_table
from forecast.jobs import store as store_module
from forecast.jobs.hands import cuts_of, image_of, part_of
from forecast.jobs.job_table import Failed, forecast_of_job
from forecast.jobs.store import Ended, Turn, listed_of, outlook, status
from forecast.simulation.running import Calls, Threads, Work, run_part
from forecast.storage import load
from tests.jobs import digests_of, files_of, write_table
from tests.made import write_made_election


def labels(table: Path) -> list[tuple[str, ...]]:
    return [row.label for row in read_table(table).rows]


@dataclass(frozen=True)
class Counted(Here):
    """This process, that remembers what it was asked to do."""

    asked: list[Any] = field(default_factory=list)

    def do(self, function, items, lost=None):
        for at, item in enumerate(items):
            self.asked.append(item)
            yield at, function(item)


def do(table: Path, store: Path, **options: Any) -> Ended:
    return do_table(read_table(table), Store(store), **options)


ONE_EACH = 'elections = ["*/made.toml"]\ndraws = 1_000\n'


def test_a_table_is_every_election_day_variant_and_seed(tmp_path: Path) -> None:
    table = write_table(tmp_path)
    found = labels(table)
    assert len(found) == 2 * 2 * 2
    assert {one[2] for one in found} == {"as-it-is", "seven-percent"}
    assert {one[1] for one in found} == {"1", "20"}
    assert len({one[0] for one in found}) == 2


def test_days_are_written_as_the_command_line_takes_them(tmp_path: Path) -> None:
    text = 'elections = ["e0/made.toml"]\nas_of = ["2024-04-01:2024-04-15:7d", 2024-04-30]\n'
    assert [one[1] for one in labels(write_table(tmp_path, text))] == [
        "2024-04-01",
        "2024-04-08",
        "2024-04-15",
        "2024-04-30",
    ]


def test_the_table_of_the_documentation_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
    write_made_election(tmp_path / "configs", 3, odd=False, coalitions=1, polls=3)
    (tmp_path / "states").mkdir()
    shutil.copy(tmp_path / "configs" / "made.toml", tmp_path / "states" / "berlin.toml")
    table = tmp_path / "jobs.toml"
    table.write_text(page.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    found = read_table(table)
    assert len(found.rows) == 2 * 13 * 2 * 3
    assert found.day == "as_of"


def test_a_row_of_csv_is_a_job(tmp_path: Path) -> None:
    write_table(tmp_path)
    table = tmp_path / "jobs.csv"
    table.write_text(
        "election,days_before,variant,set,seed,draws\n"
        "e0/made.toml,1,,,5,1000\n"
        "e1/made.toml,1,low,rule.threshold.level=2%; rule.seats=60,5,1e3\n"
    )
    first, second = read_table(table).rows
    assert first.election.endswith("e0/made")
    assert (first.variant, first.settings, first.seed) == ("as-configured", (), 5)
    assert second.settings == ("rule.threshold.level=2%", "rule.seats=60")
    assert second.draws == 1_000
    ended = do(table, tmp_path / "store")
    assert (ended.done, ended.exit_code) == (2, 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("election = 3", "did you mean 'elections'"),
        ('elections = ["nowhere/*.toml"]', "no file matches"),
        ('elections = ["e0/made.toml"]\ndraws = "many"', "a whole number is expected"),
        ('elections = ["e0/made.toml"]\nseeds = "9:1"', "whole numbers are expected"),
        ('elections = ["e0/made.toml"]\nsampler = "sobel"', "did you mean 'sobol'"),
        ('elections = ["e0/made.toml"]\nas_of = "2024-13-01"', "is no day"),
        ('elections = ["e0/made.toml"]\nas_of = "2024-04-01"\ndays_before = 3', "not both"),
        ('elections = ["e0/made.toml", "e0/made.toml"]\n[[variants]]\nid = "X"', "variant needs an id"),
        ('elections = ["e0/made.toml"]\n[[variants]]\nid = "x"\nrules.seats = 3', "did you mean 'rule'"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_table(write_table(tmp_path, text))


def test_a_job_that_is_asked_for_twice_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path)
    table = tmp_path / "jobs.csv"
    table.write_text("election,seed\ne0/made.toml,1\ne0/made.toml,1\n")
    with pytest.raises(ConfigurationError, match="asked for twice"):
        read_table(table)


def test_the_digest_follows_what_the_numbers_follow_from(tmp_path: Path) -> None:
    table = write_table(tmp_path)
    before = listed_of(read_table(table)).jobs
    assert len({job.digest for job in before}) == len(before)
    assert [job.digest for job in listed_of(read_table(table)).jobs] == [job.digest for job in before]
    polls = tmp_path / "e0" / "polls.csv"
    polls.write_text(polls.read_text().replace("1000", "1001", 1))
    after = listed_of(read_table(table)).jobs
    changed = {one.election for one, other in zip(before, after, strict=True) if one.digest != other.digest}
    assert len(changed) == 1
    assert changed.pop().endswith("e0/made")


def test_another_place_of_the_same_files_is_the_same_job(tmp_path: Path) -> None:
    one, other = (listed_of(read_table(write_table(tmp_path / name))).jobs for name in "ab")
    assert [job.digest for job in one] == [job.digest for job in other]


def test_a_forecast_is_that_of_a_run_and_done_once(tmp_path: Path) -> None:
    table, store = write_table(tmp_path), tmp_path / "store"
    hands = Counted()
    ended = do(table, store, hands=hands)
    assert (ended.jobs, ended.done, ended.done_now, ended.left, ended.exit_code) == (8, 8, 8, 0, 0)
    assert len([job for batch in hands.asked for job in batch]) == 8
    job = listed_of(read_table(table)).jobs[5]
    kept, made = load(Store(store).file_of(job.digest)), forecast_of_job(job)
    assert kept.dataset.identical(made.dataset.assign_attrs(warnings=kept.attrs["warnings"]))
    before, again = digests_of(store), Counted()
    assert do(table, store, hands=again).done_now == 0
    assert again.asked == []
    assert digests_of(store) == before
    names = {
        f"done/{job.digest}{end}" for job in listed_of(read_table(table)).jobs for end in (".nc", ".json")
    }
    assert files_of(store) == {"jobs.json", *names}


def test_a_changed_poll_is_a_new_job_and_the_others_stay_done(tmp_path: Path) -> None:
    table, store = write_table(tmp_path, ONE_EACH), tmp_path / "store"
    do(table, store)
    polls = tmp_path / "e1" / "polls.csv"
    polls.write_text(polls.read_text().replace("1000", "900", 1))
    assert do(table, store).done_now == 1


def spoil(folder: Path) -> None:
    """A broken election file, one without polls, one that nobody can win."""
    without, void = (folder / f"e{number}" / "made.toml" for number in (2, 3))
    break_file(folder / "e1")
    without.write_text(without.read_text().replace('polls = "polls.csv"', 'polls = "polls-lost.csv"'))
    void.write_text(
        void.read_text()
        .replace("nobody = {admit = 1}", 'nobody = "void"')
        .replace('level = "4%"', 'level = "99%"')
    )


def break_file(folder: Path) -> None:
    """Make an election file one that cannot be read."""
    broken = folder / "made.toml"
    broken.write_text(broken.read_text().replace("seats = 120", "seats = many"))


def test_a_file_whose_name_none_can_have_fails_alone(tmp_path: Path) -> None:
    text = ONE_EACH.replace('["*/made.toml"]', f'["e0/made.toml", "e0/{"x" * 300}"]')
    ended = do(write_table(tmp_path, text, elections=1), tmp_path / "store")
    assert (ended.done, len(ended.failures), ended.left) == (1, 1, 0)
    assert ended.exit_code == 2


def test_failures_are_named_and_the_rest_is_done(tmp_path: Path) -> None:
    """And so is a file that is named but not there: the other elections are forecast all the same."""
    text = ONE_EACH.replace('["*/made.toml"]', '["e0/made.toml", "e9/made.toml", "*/made.toml"]')
    table, store = write_table(tmp_path, text, elections=5), tmp_path / "store"
    spoil(tmp_path)
    ended = do(table, store)
    assert (ended.jobs, ended.done, ended.left) == (6, 2, 0)
    codes = {job.election.rpartition("/")[0][-2:]: one.exit_code for job, one in ended.failures}
    assert codes == {"e1": 2, "e2": 3, "e3": 4, "e9": 2}
    assert ended.exit_code == 2
    said = " ".join(reason for _, one in ended.failures for reason in one.reasons)
    for words in ("seats", "polls-lost.csv", "nobody is admitted", "e9/made.toml: no such file"):
        assert words in said
    states = [state for _, state, _ in status(Store(store))]
    assert sorted(states) == ["done", "done", "failed", "failed", "failed", "failed"]
    again = do(table, store)
    assert (again.done_now, len(again.failures)) == (0, 4)


def test_a_reason_that_many_jobs_have_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_table(tmp_path, elections=1)
    break_file(tmp_path / "e0")
    assert main(["jobs", str(table), "-o", str(tmp_path / "store"), "-q"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("failed: made, 1, as-it-is, seed 1 and 3 more of this election: ")
    assert "seats" in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "jobs.toml"], "did you mean 'forecast jobs jobs.toml'?"),
        (["statu", "store"], "did you mean 'status'?"),
        (["jobs.tml"], "did you mean 'jobs.toml'?"),
        (["job.toml"], "job.toml: no such file; did you mean 'jobs.toml'?"),
        (["run"], "neither a command nor a table of jobs; known: do, status, collect"),
        (["x.csv"], "x.csv: no such file; a table of jobs is expected"),
        (["e0"], "this is a folder; a table of jobs (TOML or CSV) is expected"),
    ],
)
def test_what_is_no_table_is_told_with_what_was_meant(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_table(tmp_path, ONE_EACH, elections=1)
    monkeypatch.chdir(tmp_path)
    assert main(["jobs", *arguments, "-o", "store"]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not (tmp_path / "store").exists()


def test_days_before_a_vote_without_a_date_are_no_days(tmp_path: Path) -> None:
    table = write_table(tmp_path, 'elections = ["e0/made.toml"]\ndays_before = 3\ndraws = 1000\n')
    config = tmp_path / "e0" / "made.toml"
    config.write_text(config.read_text().replace("date = 2024-05-01\n", ""))
    ended = do(table, tmp_path / "store")
    assert ended.exit_code == 2
    assert "no date of the vote" in ended.failures[0][1].reasons[0]


def test_a_failure_that_was_mended_is_forgotten(tmp_path: Path) -> None:
    table, store = write_table(tmp_path, ONE_EACH, elections=4), tmp_path / "store"
    kept = (tmp_path / "e1" / "made.toml").read_text()
    spoil(tmp_path)
    assert len(do(table, store).failures) == 3
    (tmp_path / "e1" / "made.toml").write_text(kept)
    ended = do(table, store)
    assert (ended.done_now, len(ended.failures)) == (1, 2)
    assert len([name for name in files_of(store) if name.startswith("failed/")]) == 2


def test_an_unexpected_error_of_a_job_is_its_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, store = write_table(tmp_path), tmp_path / "store"

    def broken(*_: Any) -> Any:
        msg = "no reason"
        raise RuntimeError(msg)

    monkeypatch.setattr("forecast.jobs.job_table.forecast_of_job", broken)
    ended = do(table, store)
    assert ended.exit_code == 1
    assert ended.failures[0][1] == Failed(1, ("unexpected error: RuntimeError: no reason",))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A table and its store, in which all is done; nothing is changed there."""
    folder = tmp_path_factory.mktemp("finished")
    table, store = write_table(folder), folder / "store"
    assert do(table, store).done == 8
    return table, store


@pytest.mark.parametrize("name", ["all.nc", "all.zarr"])
def test_all_forecasts_are_one_dataset(name: str, finished: tuple[Path, Path], tmp_path: Path) -> None:
    table, store = finished[0], tmp_path / "store"
    shutil.copytree(finished[1], store)
    jobs = listed_of(read_table(table)).jobs
    lost = jobs[3]
    Store(store).file_of(lost.digest).unlink()
    found = collect([Store(store)], tmp_path / name)
    assert (found.jobs, found.done) == (8, 7)
    if name.endswith(".zarr"):
        with xr.open_zarr(tmp_path / name, chunks=None, zarr_format=2) as opened:
            data = opened.load()
        assert data.attrs["complete"] == 1
    else:
        with xr.open_dataset(tmp_path / name) as opened:
            data = opened.load()
    assert list(data.sizes)[:4] == ["election", "days_before", "variant", "seed"]
    for job in jobs[::3]:
        here = data.sel(
            election=job.election, days_before=int(job.day), variant=job.variant, seed=job.asked_seed
        )
        if job is lost:
            assert str(here["state"].values) == "left"
            assert np.isnan(here["seat_mean"].values).all()
            continue
        kept = load(Store(store).file_of(job.digest))
        for path in ("seat_mean", "pass_probability", "pass_mc_error"):
            np.testing.assert_array_equal(here[path].sel(party=list(kept.parties)), kept.array(path), path)
        seats = here["seat_probability"].sel(party=list(kept.parties), seats=kept.dataset["seats"].values)
        np.testing.assert_array_equal(seats, kept.array("seat_probability"))
        others = [party for party in data["party"].values if party not in kept.parties]
        assert np.isnan(here["seat_mean"].sel(party=others)).all()
        assert str(here["warnings"].values) == "\n".join(kept.attrs["warnings"])


def test_a_forecast_that_was_changed_is_not_collected(finished: tuple[Path, Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(finished[1], store)
    file = next((store / "done").glob("*.nc"))
    image = bytearray(file.read_bytes())
    image[len(image) // 2] ^= 1
    file.write_bytes(image)
    with pytest.raises(ConfigurationError, match="damaged"):
        collect([Store(store)], tmp_path / "all.nc")
    assert not (tmp_path / "all.nc").exists()


@pytest.fixture
def long_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs of more than 1,000 draws are cut, at every call."""
    monkeypatch.setattr(store_module, "LONG", 1_000)
    monkeypatch.setattr(store_module, "measured_call", lambda work: 10.0)


LONG = """
elections = ["e0/made.toml"]
draws = 500_000
sampler = "random"
seeds = [1, 2]
"""


@pytest.mark.usefixtures("long_jobs")
def test_turns_of_an_array_do_what_one_command_does(tmp_path: Path) -> None:
    table = write_table(tmp_path, LONG)
    whole = do(table, tmp_path / "whole")
    assert whole.done == 2
    shared = tmp_path / "shared"
    ends = [do(table, shared, turn=Turn(number, 3)) for number in (3, 1, 2)]
    assert [one.done for one in ends] == [0, 0, 2]
    assert digests_of(shared) == digests_of(tmp_path / "whole")
    assert not (shared / "parts").exists()


@pytest.mark.usefixtures("long_jobs")
def test_parts_of_a_long_job_are_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, store = write_table(tmp_path, LONG), tmp_path / "store"
    do(table, tmp_path / "whole")
    write = Store.write_part

    def stop(self: Store, digest: str, cut: tuple[int, int], part: Any) -> None:
        write(self, digest, cut, part)
        if cut[0] == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "write_part", stop)
    with pytest.raises(KeyboardInterrupt):
        do(table, store)
    monkeypatch.undo()
    monkeypatch.setattr(store_module, "LONG", 1_000)
    hands = Counted()
    do(table, store, hands=hands)
    times = [hands.asked.count((at, at + 1)) for at in range(4)]
    assert times == [1, 1, 2, 2], "two parts of the first job were kept; the second job had none"
    assert digests_of(store) == digests_of(tmp_path / "whole")


@pytest.mark.usefixtures("long_jobs")
def test_a_part_that_was_changed_is_counted_again(tmp_path: Path) -> None:
    table, store = write_table(tmp_path, LONG), tmp_path / "store"
    do(table, tmp_path / "whole")
    do(table, store, turn=Turn(1, 2))
    part = sorted(store.rglob("*.npz"))[0]
    image = bytearray(part.read_bytes())
    image[len(image) // 3] ^= 1
    part.write_bytes(image)
    do(table, store)
    assert digests_of(store) == digests_of(tmp_path / "whole")


def test_a_part_in_a_file_is_the_part(tmp_path: Path) -> None:
    seen: list[Work] = []

    class Look:
        def parts(self, work, progress):
            seen.append(work)
            return Threads().parts(work, progress)

    job = listed_of(read_table(write_table(tmp_path, LONG))).jobs[0]
    forecast_of_job(job, runner=Look())
    part = run_part(seen[0], 0, 2)
    again = part_of(image_of(part))
    assert again is not None
    for one, other in zip(part.groups[0].tallies[0], again.groups[0].tallies[0], strict=True):
        assert np.array_equal(one, other)
    assert again.aside is not None
    assert part.aside is not None
    assert np.array_equal(again.aside.kept.shares, part.aside.kept.shares)
    assert part_of(image_of(part)[:-40]) is None


class Slow:
    """Workers whose tasks cost much beside what they do."""

    def __init__(self, workers: int, task_seconds: float) -> None:
        self.workers, self.task_seconds = workers, task_seconds


@pytest.mark.parametrize(
    ("calls", "seconds", "workers", "task", "length"),
    [
        (1_000, 0.1, 2, 0.01, 31),  # a 32nd of the run: 16 parts for each worker
        (100_000, 0.1, 2, 0.01, 50),  # five seconds
        (1_000, 0.001, 10, 0.05, 1_000),  # the whole run is a second: no task pays
        (10, 30.0, 2, 0.01, 1),
    ],
)
def test_a_part_is_long_beside_its_task_and_short_beside_the_run(
    calls: int, seconds: float, workers: int, task: float, length: int
) -> None:
    class Planned:
        def __init__(self) -> None:
            self.calls = Calls(np.full(1, calls * 8), 8, 1)

    cuts = cuts_of(Planned(), seconds, Slow(workers, task))  # pyrefly: ignore[bad-argument-type]
    assert cuts[0] == (0, length)
    assert cuts[-1][1] == calls
    assert [end for _, end in cuts[:-1]] == [begin for begin, _ in cuts[1:]]


def test_an_outlook_is_measured_and_does_nothing(tmp_path: Path) -> None:
    text = ONE_EACH + "seeds = '1:10'\n"
    table, store = write_table(tmp_path, text, elections=1), Store(tmp_path / "store")
    found = outlook(read_table(table), store)
    assert (found.jobs, found.done) == (10, 0)
    assert found.measured == 5
    assert 0 < found.seconds < 600
    assert 10 * 1_000 < found.disk < 10 * 10**6
    assert not store.folder.exists()


def test_one_command_at_a_store_at_a_time(tmp_path: Path) -> None:
    table, store = write_table(tmp_path, ONE_EACH), Store(tmp_path / "store")
    with store.planning(), store.working(Turn(1, 2)):
        store.note_running(Turn(1, 2), ["abc"])
        assert store.running() == {"abc"}
        for turn in (Turn(1, 2), Turn(), Turn(2, 3)):
            with pytest.raises(ConfigurationError, match="at work on this store"), store.working(turn):
                pass
        with store.working(Turn(2, 2)):
            pass
    assert store.running() == set()
    assert do(table, store.folder).done == 2


def test_a_store_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no jobs in this folder"):
        collect([Store(tmp_path)], tmp_path / "all.nc")
    (tmp_path / "jobs.json").write_text("{")
    with pytest.raises(ConfigurationError, match="damaged"):
        list(status(Store(tmp_path)))


def test_records_say_what_a_job_cost(finished: tuple[Path, Path]) -> None:
    store = finished[1]
    record = json.loads(next((store / "done").glob("*.json")).read_text())
    assert record["draws"] == 2_000
    assert record["seconds"] > 0
    assert "numpy" in record["versions"]
    assert Store(store).costs(Store(store).done()) >= record["seconds"]


def names(items: Iterable[Any]) -> list[str]:
    return [str(item) for item in items]


def test_tables_with_days_and_with_days_before_are_collected_apart(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    one = write_table(tmp_path / "a", 'elections = ["e0/made.toml"]\ndraws = 1000\nas_of = 2024-04-20\n')
    do(one, tmp_path / "one")
    with pytest.raises(ConfigurationError, match="collect them apart"):
        collect([Store(tmp_path / "one"), Store(finished[1])], tmp_path / "all.nc")
    with xr.open_dataset(collect([Store(tmp_path / "one")], tmp_path / "all.nc").path) as data:
        assert names(data["as_of"].dt.strftime("%Y-%m-%d").values) == ["2024-04-20"]
        assert "seed" not in data.sizes
