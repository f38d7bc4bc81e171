"""The outputs in ``docs/sensitivity.md``, written by the commands that stand above them.

``python -m tests.sensitivity_page`` writes them into the page. A test says when those of real counts
are due; those of draws move with every new fit and are written only.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import tempfile
from pathlib import Path

from forecast.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "sensitivity.md"
PICTURES = ROOT / "docs" / "sensitivity"
_OUTPUT = re.compile(
    r"(<!-- (counted|drawn) -->\n\n```sh\nforecast (.*?)\n```\n).*?(\n<!-- end -->)", re.DOTALL
)
_TABLE = re.compile(r"(<!-- counterfactuals -->\n).*?(<!-- end -->)", re.DOTALL)
_SOURCE = "https://qazaq-stan.press/skolko-mandatov-polychat-proshedshie-v-majilis-partii.html"


def page_with_outputs(page: str, *, drawn: bool) -> str:
    """The page with its outputs as the program prints them now; those of draws too, if asked for."""

    def output(found: re.Match[str]) -> str:
        if found[2] == "drawn" and not drawn:
            return found[0]
        return f"{found[1]}\n```text\n{printed(shlex.split(found[3].replace(chr(92), ' ')))}```\n{found[4]}"

    page = _OUTPUT.sub(output, page)
    return _TABLE.sub(lambda found: found[1] + counterfactuals() + found[2], page)


def printed(arguments: list[str], *options: str) -> str:
    """What a command prints in the folder of the project, in a terminal of 120 columns."""
    out = io.StringIO()
    before, columns = Path.cwd(), os.environ.get("COLUMNS")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(ROOT)
        os.environ["COLUMNS"] = "120"
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                code = main([*arguments, *options, "-q", "-o", f"{folder}/out"])
        finally:
            os.chdir(before)
            if columns is None:
                del os.environ["COLUMNS"]
            else:
                os.environ["COLUMNS"] = columns
    if code:
        msg = f"forecast {' '.join(arguments)} ends with {code}"
        raise RuntimeError(msg)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def counterfactuals() -> str:
    """The table of counterfactuals of Kazakhstan, by the exact count."""
    rows = ["| votes of | level | seats | under the rule of the day | published |", "|---|---|---|---|---|"]
    for year, levels in (("2021", ("3%", "5%")), ("2023", ("7%",))):
        for level in levels:
            data = json.loads(
                printed(
                    [
                        *("sweep", f"configs/kazakhstan-{year}.toml", "--threshold", level, "--json"),
                        *("--votes", f"configs/kazakhstan-{year}-result.csv"),
                    ]
                )
            )
            (record,) = data
            parties = record["parties"]
            won = "/".join(str(party["seats"]) for party in parties if party["seats"])
            before = "/".join(
                str(seats) for party in parties if (seats := party["seats"] - party["difference"])
            )
            published = f"[the same]({_SOURCE})" if year == "2021" else "none found"
            rows.append(f"| {year} | {level.replace('%', ' %')} | {won} | {before} | {published} |")
    return "\n".join(rows) + "\n"


def draw_pictures() -> None:
    """The charts of the page: all those of a sweep on draws, and the seats of the counts of 2021 and 2023."""
    levels = ("--threshold", "0%:10%:0.1%")
    sweeps = {
        "2023": [
            *("sweep", "configs/kazakhstan-2023.toml", *levels),
            *("--method", "hare,dhondt,sainte-lague,droop"),
        ],
    }
    for year in ("2021", "2023"):
        sweeps[f"{year}-votes"] = [
            *("sweep", f"configs/kazakhstan-{year}.toml", *levels),
            *("--votes", f"configs/kazakhstan-{year}-result.csv"),
        ]
    quiet = io.StringIO()
    for name, arguments in sweeps.items():
        placed = [str(ROOT / part) if part.startswith("configs") else part for part in arguments]
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(quiet):
            main([*placed, "-q", "-o", f"{folder}/out"])
            main(["charts", f"{folder}/out", "-q", "-o", f"{folder}/charts"])
            for chart in Path(folder, "charts").iterdir():
                (PICTURES / f"{name}-{chart.name}").write_bytes(chart.read_bytes())


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    draw_pictures()
    PAGE.write_text(page_with_outputs(PAGE.read_text(encoding="utf-8"), drawn=True), encoding="utf-8")
