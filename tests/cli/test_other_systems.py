"""The program with names of POSIX taken away, as on Windows; it was not run there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = """
import os, sys, types
import h5py, llvmlite.binding, numpy, pandas, platformdirs, pydantic, rich.console, typer, xarray

real = sys.modules.pop("fcntl", None) or __import__("fcntl")
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None  # an import of it fails
for name in ("getuid", "geteuid", "sched_getaffinity", "fork", "forkpty", "setsid", "O_NOFOLLOW"):
    if hasattr(os, name):
        delattr(os, name)


def locking(handle, mode, size):
    real.flock(handle, real.LOCK_UN if mode == msvcrt.LK_UNLCK else real.LOCK_EX | real.LOCK_NB)


msvcrt = types.SimpleNamespace(LK_NBLCK=2, LK_UNLCK=0, locking=locking)
sys.modules["msvcrt"] = msvcrt
sys.platform = "win32"
import forecast.compiling, forecast.writing, forecast.netcdf, forecast.writing
from forecast.cli.main import main

sys.platform = "linux"  # the libraries that are imported from here on are those of this system
sys.argv = ["forecast", *sys.argv[1:]]
sys.exit(main())
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "USERNAME": "someone"}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_forecast_runs_without_the_names_that_windows_lacks(tmp_path: Path) -> None:
    config = ROOT / "configs" / "kazakhstan-2023.toml"
    done = run(tmp_path, "run", str(config), "--draws", "2000", "-o", "out", "-q")
    assert done.returncode == 0, done.stderr
    assert "Amanat" in done.stdout
    assert (tmp_path / "out" / "forecast.nc").is_file()
    shown = run(tmp_path, "tables", "out", "-f", "json")
    assert shown.returncode == 0, shown.stderr
    assert "Amanat" in shown.stdout


def test_files_with_the_line_ends_and_marks_of_windows_are_read(tmp_path: Path) -> None:
    for name in ("kazakhstan-2023.toml", "kazakhstan-2023-polls.csv", "kazakhstan-2023-result.csv"):
        text = (ROOT / "configs" / name).read_text(encoding="utf-8")
        mark = "\ufeff" if name.endswith(".csv") else ""
        (tmp_path / name).write_bytes((mark + text).replace("\n", "\r\n").encode())
    checked = run(tmp_path, "check", "kazakhstan-2023.toml")
    assert checked.returncode == 0, checked.stderr
    counted = run(tmp_path, "count", "kazakhstan-2023.toml", "--json")
    assert counted.returncode == 0, counted.stderr
    assert '"seats": 40' in counted.stdout
