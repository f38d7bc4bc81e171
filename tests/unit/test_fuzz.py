"""A few hundred mutants of every kind of input, read or answered; ``make fuzz`` tries very many."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from tests.fuzz import judging
from tests.fuzz.subjects import SUBJECTS, Mutant, Seeds, healthy, mutant

MUTANTS = 6 * len(SUBJECTS)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Seeds:
    return Seeds(tmp_path_factory.mktemp("seeds"))


def wrong_with(one: Mutant, folder: Path) -> list[str]:
    ended = judging.run(one, folder)
    return [f"{one.number} ({one.subject}): {what}" for what in judging.complaints(one, ended, folder)]


def test_what_is_well_formed_is_taken(seeds: Seeds, tmp_path: Path) -> None:
    for one in healthy(seeds):
        ended = judging.run(one, tmp_path / "work")
        assert [each.code for each in ended] == [0] * len(one.commands), ended[-1].err


def test_mutants_are_read_or_answered(seeds: Seeds, tmp_path: Path) -> None:
    wrong = [
        what for number in range(MUTANTS) for what in wrong_with(mutant(seeds, number), tmp_path / "work")
    ]
    assert not wrong, "\n".join(wrong)


def test_a_mutant_depends_on_its_number_alone(seeds: Seeds) -> None:
    for number in range(len(SUBJECTS)):
        first, again = mutant(seeds, number), mutant(seeds, number)
        assert (first.files, first.commands) == (again.files, again.commands)


def test_the_judge_sees_what_is_wrong(seeds: Seeds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(command: list[str]) -> int:
        print("unexpected error: KeyError: '\x1b'")
        Path("strange.txt").write_text("left behind")
        return 1

    monkeypatch.setattr(judging, "main", breaks)
    wrong = "\n".join(wrong_with(mutant(seeds, 0), tmp_path / "work"))
    assert "exit code 1" in wrong
    assert "reaches the terminal" in wrong
    assert "left behind: strange.txt" in wrong


def test_a_mutant_that_takes_too_long_is_ended(
    seeds: Seeds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_ends(command: list[str]) -> NoReturn:
        while True:
            pass

    monkeypatch.setattr(judging, "main", never_ends)
    monkeypatch.setattr(judging, "MOST_SECONDS", 0.05)
    assert wrong_with(mutant(seeds, 0), tmp_path / "work") == ["0 (election): over 0.05 s"]
