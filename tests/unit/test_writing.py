"""Files and sets of files: whole or not at all, one after the other, and nothing of the user's touched."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from forecast import writing
from forecast.writing import (
    UNFINISHED,
    Held,
    digests_of,
    locked,
    outputs_of,
    replacing,
    replacing_folder,
    why_mixed,
)

FILES = ("forecast.nc", "tables/a.csv", "run.json")


def fill(folder: Path, number: int, also: tuple[str, ...] = ()) -> None:
    """A set as ``run`` leaves one."""
    with replacing_folder(folder) as draft:
        for name in ("forecast.nc", "tables/a.csv", *also):
            (draft / name).parent.mkdir(exist_ok=True)
            (draft / name).write_text(str(number))
        (draft / "run.json").write_text(json.dumps({"number": number, "outputs": digests_of(draft)}))


def numbers(folder: Path) -> set[str]:
    record = json.loads((folder / "run.json").read_text())
    return {(folder / name).read_text() for name in FILES[:2]} | {str(record["number"])}


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_set_takes_its_place_and_what_else_lies_there_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, 1)
    (out / "charts").mkdir()
    (out / "charts" / "seats.svg").write_text("a chart")
    (out / "notes.txt").write_text("mine")
    (out / "tables" / "mine.csv").write_text("mine")
    fill(out, 2)
    assert numbers(out) == {"2"}
    assert (out / "charts" / "seats.svg").read_text() == "a chart"
    assert (out / "notes.txt").read_text() == (out / "tables" / "mine.csv").read_text() == "mine"
    assert names(out) == ["charts", "forecast.nc", "notes.txt", "run.json", "tables"]
    assert names(tmp_path) == ["out"]


def test_a_table_that_the_new_set_lacks_goes_unless_somebody_changed_it(tmp_path: Path) -> None:
    fill(tmp_path, 1, ("tables/gone.csv", "tables/noted.csv", "draws.csv"))
    (tmp_path / "tables" / "noted.csv").write_text("1, and a note of mine")
    fill(tmp_path, 2)
    assert names(tmp_path / "tables") == ["a.csv", "noted.csv"]
    assert (tmp_path / "draws.csv").read_text() == "1", "beside the set nothing goes"


@pytest.mark.parametrize("name", ["../mine.csv", "tables/../../mine.csv", "/mine.csv"])
def test_a_record_cannot_name_a_file_elsewhere(name: str, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    out = tmp_path / "out"
    fill(out, 1)
    record = {"outputs": {name: writing.digest_of(tmp_path / "mine.csv")}}
    (out / "run.json").write_text(json.dumps(record))
    assert outputs_of(out) == {}
    fill(out, 2)
    assert (tmp_path / "mine.csv").read_text() == "mine"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"outputs": 3}', '{"outputs": {"a": 3}}', "[" * 100_000, "\ud800"]
)
def test_a_record_of_another_kind_says_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text, errors="surrogatepass")
    assert outputs_of(tmp_path) == {}
    fill(tmp_path, 1)
    assert numbers(tmp_path) == {"1"}


def test_the_current_folder_can_be_written_to_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        fill(Path(), number)
        assert numbers(Path()) == {str(number)}


def test_links_stay_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "page.html").symlink_to(tmp_path / "real" / "page.html")
    for number in (1, 2):
        fill(tmp_path / "link", number)
        with replacing(tmp_path / "page.html") as draft:
            draft.write_text(str(number))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "page.html").is_symlink()
    assert numbers(tmp_path / "real") == {"2"}
    assert (tmp_path / "real" / "page.html").read_text() == "2"


def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with replacing(pipe) as draft:
        draft.write_text("a page")
    reader.join()
    assert read == ["a page"]
    assert pipe.is_fifo()
    assert names(tmp_path) == ["pipe"]


def test_a_folder_in_the_way_of_a_file_is_said_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="name a file") as caught, replacing(tmp_path):
        raise AssertionError
    assert caught.value.filename == str(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="name a folder"), replacing_folder(tmp_path / "file"):
        raise AssertionError


def test_what_is_in_the_way_of_one_file_leaves_the_whole_set_out(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / "more").mkdir()
    (tmp_path / "flat").touch()
    with pytest.raises(IsADirectoryError, match="a folder is in the way of more"):
        fill(tmp_path, 2, ("more",))
    with pytest.raises(NotADirectoryError, match="a file is in the way of flat/a"):
        fill(tmp_path, 2, ("flat/a",))
    assert numbers(tmp_path) == {"1"}
    assert names(tmp_path) == ["flat", "forecast.nc", "more", "run.json", "tables"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_an_error_while_writing_leaves_what_was_there(error: BaseException, tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, 1)

    def fail(place: Path, *, folder: bool) -> None:
        with (replacing_folder if folder else replacing)(place) as draft:
            (draft / "forecast.nc" if folder else draft).write_text("2")
            raise error

    for place, folder in ((out, True), (out / "run.json", False), (tmp_path / "a" / "b", True)):
        with pytest.raises(type(error)):
            fail(place, folder=folder)
    assert numbers(out) == {"1"}
    assert names(out) == ["forecast.nc", "run.json", "tables"]
    assert names(tmp_path) == ["out"], "folders that were made for it are gone again"


def test_a_full_disk_names_the_place_that_the_user_knows(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as caught, replacing(tmp_path / "x.nc"):
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere/.draft")
    assert caught.value.filename == str(tmp_path / "x.nc")


def test_files_are_readable_as_others_are(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / "other").write_text("")
    assert (tmp_path / "forecast.nc").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_an_interrupt_waits_until_the_set_is_placed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 1)
    place = writing._place

    def interrupted(*args: object) -> None:
        signal.raise_signal(signal.SIGINT)
        place(*args)  # pyrefly: ignore[bad-argument-type]

    monkeypatch.setattr(writing, "_place", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, 2)
    assert numbers(tmp_path) == {"2"}
    assert names(tmp_path) == ["forecast.nc", "run.json", "tables"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_set_that_was_stopped_half_way_is_said_until_the_next_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 1)
    replace, done = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        done.append(target)
        if len(done) == 3:  # the note, the first file, the second
            raise OSError(errno.EIO, "a disk that fails")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="a disk that fails"):
        fill(tmp_path, 2)
    assert numbers(tmp_path) == {"1", "2"}
    assert "run the command again" in (tmp_path / UNFINISHED).read_text()
    assert "was stopped" in why_mixed(tmp_path, "forecast.nc")
    fill(tmp_path, 3)
    assert why_mixed(tmp_path, "forecast.nc") == ""
    assert names(tmp_path) == ["forecast.nc", "run.json", "tables"]


def test_a_file_of_another_run_does_not_belong_to_the_record(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    assert why_mixed(tmp_path, "forecast.nc") == ""
    (tmp_path / "forecast.nc").write_text("2")
    assert "not of one run" in why_mixed(tmp_path, "forecast.nc")
    (tmp_path / "run.json").write_text("{}")
    assert why_mixed(tmp_path, "forecast.nc") == "", "a record of before that names no outputs"


def test_a_note_of_the_users_under_that_name_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / UNFINISHED).write_text("my novel")
    fill(tmp_path, 1)
    assert (tmp_path / UNFINISHED).read_text() == "my novel"


def test_a_set_that_is_to_be_alone_refuses_a_folder_of_something_else(tmp_path: Path) -> None:
    def save(name: str) -> None:
        with replacing_folder(tmp_path / "store", record="digests.json", alone=True) as draft:
            (draft / name).mkdir()
            (draft / name / "0").write_text(name)
            (draft / "digests.json").write_text(json.dumps({"outputs": digests_of(draft)}))

    save("a")
    save("b")
    assert writing.why_changed(tmp_path / "store", "digests.json") == ""
    (tmp_path / "store" / "a").mkdir(exist_ok=True)
    (tmp_path / "store" / "a" / "mine").write_text("mine")
    assert "damaged" in writing.why_changed(tmp_path / "store", "digests.json")
    with pytest.raises(FileExistsError, match="something else, such as a/mine"):
        save("c")
    assert (tmp_path / "store" / "a" / "mine").read_text() == "mine"


HOLDER = """
import sys
from pathlib import Path
from forecast.writing import replacing
with replacing(Path(sys.argv[1])) as draft:
    draft.write_text("half")
    print("there", flush=True)
    sys.stdin.read()
"""


def test_drafts_of_a_writer_at_work_stay_and_those_of_a_killed_one_are_swept(tmp_path: Path) -> None:
    """Whatever the target: the page of one command, the set of another."""
    fill(tmp_path, 1)
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "page.html")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "there\n"
        fill(tmp_path, 2)
        drafts = [name for name in names(tmp_path) if name.endswith((".lock", ".draft"))]
        assert len(drafts) == 2, "the writer is at work"
        writer.kill()
        writer.wait()
    assert set(drafts) <= set(names(tmp_path)), "killed, it leaves them"
    assert not (tmp_path / "page.html").exists()
    fill(tmp_path, 3)
    assert names(tmp_path) == ["forecast.nc", "run.json", "tables"]


def test_what_only_looks_like_a_draft_is_not_ours(tmp_path: Path) -> None:
    for name in (".forecast-mine.lock", ".forecast-0123456789abcdef.draft", "forecast-0123456789abcdef.lock"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_text("mine")
    fill(tmp_path, 1)
    assert len(list(tmp_path.glob("*/mine"))) + len(list(tmp_path.glob(".*/mine"))) >= 3


def test_without_locks_of_the_file_system_sets_are_written_and_nothing_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(handle: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    stray = tmp_path / f".forecast-{'0' * 16}.draft"
    stray.mkdir()
    monkeypatch.setattr(writing, "_lock", none)
    for number in (1, 2):
        fill(tmp_path, number)
    assert numbers(tmp_path) == {"2"}
    assert names(tmp_path) == [stray.name, "forecast.nc", "run.json", "tables"]


def test_a_lock_is_held_by_one_at_a_time_and_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "a.lock"
    with locked(file) as held:
        assert held
        with pytest.raises(Held, match="another process is writing here"), locked(file, wait=0.05):
            raise AssertionError
    assert not file.exists()
    with locked(file):
        assert file.exists()


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    file, order = tmp_path / "a.lock", []

    def second() -> None:
        with locked(file, wait=30):
            order.append("second")

    with locked(file):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.1)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]
    assert not file.exists()


COUNTER = """
import sys
from pathlib import Path
from forecast.writing import locked
count = Path(sys.argv[1])
for _ in range(200):
    with locked(count.with_suffix(".lock"), wait=60):
        count.write_text(str(int(count.read_text()) + 1))
"""


def test_no_two_processes_hold_a_lock_though_its_file_comes_and_goes(tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("0")
    command = [sys.executable, "-c", COUNTER, str(count)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert count.read_text() == "600"
    assert names(tmp_path) == ["count"]
