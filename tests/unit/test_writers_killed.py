"""Writers killed (SIGKILL) at any moment, alone or two at one folder.

Whatever lies beside is untouched, every file is the earlier or the later one, a set that was stopped half way
says so, and the next writer leaves no trace of the killed ones.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from forecast.writing import UNFINISHED, digest_of, outputs_of, why_mixed

WRITER = """
import json, sys
from pathlib import Path
from forecast.writing import digests_of, replacing, replacing_folder
out, number, most = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for number in range(number, number + most):
    with replacing_folder(out) as draft:
        (draft / "tables").mkdir()
        for name in ("forecast.nc", *(f"tables/{letter}.csv" for letter in "abcdef")):
            (draft / name).write_text(f"{number}\\n" * 2_000)
        (draft / "run.json").write_text(json.dumps({"outputs": digests_of(draft)}))
    with replacing(out / "report.html") as draft:
        draft.write_text(f"{number}\\n" * 2_000)
    print(number, flush=True)
"""
SET = ("forecast.nc", *(f"tables/{letter}.csv" for letter in "abcdef"))
MINE = {"mine.txt": "mine", "tables/mine.csv": "mine too", "charts/seats.svg": "a chart", ".hidden": "hidden"}
NO_END = 10**9


@dataclass
class Seen:
    """How often a set was found as the earlier or later writer left it, or said to be unfinished."""

    whole: int = 0
    told: int = 0
    strays: int = 0
    numbers: set[int] = field(default_factory=set)

    def look(self, out: Path) -> None:
        """``AssertionError`` for anything lost, half written, or mixed without a word."""
        for name, text in MINE.items():
            assert (out / name).read_text() == text
        found = {_whole(out / name) for name in SET}
        _whole(out / "report.html")
        self.numbers |= found
        self.strays += any(entry.name.startswith(".forecast") for entry in out.iterdir())
        if (out / UNFINISHED).exists():
            self.told += 1
            assert "was stopped" in why_mixed(out, "forecast.nc")
            return
        self.whole += 1
        assert len(found) == 1, f"a mixed set, and no word of it: {found}"
        assert outputs_of(out) == {name: digest_of(out / name) for name in SET}


def _whole(file: Path) -> int:
    number, *others = file.read_text().split()
    assert others == [number] * 1_999, f"{file} is half written"
    return int(number)


def _writer(out: Path, number: int, most: int = NO_END) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(out), str(number), str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _write_once(out: Path, number: int) -> None:
    with _writer(out, number, 1) as writer:
        assert writer.communicate()[0] == f"{number}\n"


def _place(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    for name, text in MINE.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text)
    _write_once(out, 0)
    return out


def _swept(out: Path, number: int) -> None:
    """The next writer puts everything right."""
    _write_once(out, number)
    expected = {*MINE, *SET, "run.json", "report.html"}
    assert {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()} == expected
    assert [entry.name for entry in out.parent.iterdir()] == ["out"]
    Seen().look(out)


def _kill(out: Path, times: int, at_once: int, seed: int) -> Seen:
    seen, chance = Seen(), random.Random(seed)
    for n in range(1, times + 1):
        writers = [_writer(out, (n * at_once + k) * 10_000) for k in range(at_once)]
        try:
            for writer in writers:
                assert writer.stdout is not None
                assert writer.stdout.readline(), "it has written once"
            for writer in writers:
                time.sleep(chance.uniform(0, 0.03))
                writer.kill()
        finally:
            for writer in writers:
                writer.kill()
                writer.communicate()
        seen.look(out)
        if n % 10 == 0:
            _swept(out, n * at_once * 10_000 + 9_999)
    _swept(out, NO_END)
    assert len(seen.numbers) > times // 2, "the killed ones did write"
    return seen


def test_a_writer_killed_at_any_moment_leaves_a_set_or_says_that_it_is_none(tmp_path: Path) -> None:
    _kill(_place(tmp_path), times=15, at_once=1, seed=1)


def test_two_writers_of_one_folder_killed_leave_a_set_or_say_that_it_is_none(tmp_path: Path) -> None:
    _kill(_place(tmp_path), times=8, at_once=2, seed=2)


@pytest.mark.slow
@pytest.mark.parametrize(("times", "at_once"), [(1_000, 1), (300, 2)])
def test_many_writers_killed(times: int, at_once: int, tmp_path: Path) -> None:
    seen = _kill(_place(tmp_path), times=times, at_once=at_once, seed=3)
    print(f"{times} x {at_once} killed: {seen.whole} whole, {seen.told} told, {seen.strays} with strays")
    assert seen.strays > times // 4, "most are killed at work"


def test_two_writers_and_a_reader_at_once_see_whole_sets(tmp_path: Path) -> None:
    """Without kills nobody is told anything, but for a moment: a reader that looks again finds a set."""
    out = _place(tmp_path)
    with _writer(out, 10, 25) as first, _writer(out, 1_000, 25) as second:
        looks = 0
        while first.poll() is None or second.poll() is None:
            until = time.monotonic() + 10
            while why_mixed(out, "forecast.nc") and time.monotonic() < until:
                time.sleep(0.001)
            assert time.monotonic() < until
            _whole(out / "forecast.nc")
            json.loads((out / "run.json").read_text())
            looks += 1
        assert looks > 10
        assert (first.wait(), second.wait()) == (0, 0)
    Seen().look(out)
    _swept(out, 5_000)
