"""What is spoilt, and what is then done with it."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from tests.archives import write_archive
from tests.fuzz import mutating
from tests.geographies import DISTRICTS as TOWNS
from tests.geographies import GEOGRAPHY, HEAD, outlines, woods, write_polls
from tests.made import write_made_election
from tests.nights import counted_rows, made_night, write_counted, write_election, write_units
from tests.poll_shapes import shape_of

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
KAZAKHSTAN = "kazakhstan-2023"
FEW = ("-n", "64", "-q", "-o", "out")
DISTRICTED = """[election]
id = "districted"
name = "Districted"
date = 2024-05-05
result = "result.csv"
[[parties]]
id = "red"
name = "Red"
[[parties]]
id = "blue"
name = "Blue"
direct_seats = 2
[[parties]]
id = "green"
name = "Green"
kind = "minority"
alliance = "left"
[[parties]]
id = "against-all"
name = "Against all"
kind = "none-of-the-above"
[rule]
seats = 12
[rule.threshold]
level = "5%"
by_kind = { minority = 0 }
[rule.districts]
method = "dhondt"
table = "districts.csv"
direct = "plurality"
[rule.levelling]
mode = "level"
start_seats = 12
"""
JOBS = """elections = ["e/x.toml"]
days_before = [1, 20]
seeds = "1:2"
draws = 64
[[variants]]
id = "as-it-is"
[[variants]]
id = "seven-percent"
rule.threshold.level = "7%"
"""
RESULT = "party,votes,direct_seats\nred,400,1\nblue,300,2\ngreen,90,\nagainst-all,10,\n"
DISTRICTS = """district,party,votes,seats,population,direct
north,red,250,4,1000,1
north,blue,100,4,1000,
north,green,40,4,1000,
south,red,150,3,800,
south,blue,200,3,800,2
south,green,50,3,800,
"""

Command = tuple[str, ...]


@dataclass
class Mutant:
    """Files of a folder (those spoilt and those that belong to them), and the commands to run there in turn.

    The first command that does not end with 0 is the last.
    """

    number: int
    subject: str
    files: dict[str, bytes]
    commands: list[Command]


class Seeds:
    """Inputs that are well formed, read once; ``folder`` holds those that are made for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kazakhstan = {
            "x.toml": _text(CONFIGS / f"{KAZAKHSTAN}.toml"),
            f"{KAZAKHSTAN}-polls.csv": _text(CONFIGS / f"{KAZAKHSTAN}-polls.csv"),
            f"{KAZAKHSTAN}-result.csv": _text(CONFIGS / f"{KAZAKHSTAN}-result.csv"),
        }
        self._made = made = write_made_election(folder / "made", 5, odd=True, coalitions=2, polls=6)
        self.made = {"x.toml": _text(made), "polls.csv": _text(made.parent / "polls.csv")}
        germany = "germany-2025"
        self.germany = {
            "x.toml": _text(CONFIGS / f"{germany}-union.toml"),
            f"{germany}-polls.csv": _text(CONFIGS / f"{germany}-polls.csv"),
            f"{germany}-union-result.csv": _text(CONFIGS / f"{germany}-union-result.csv"),
        }
        denmark = sorted(CONFIGS.glob("denmark-2011-*.csv")) + sorted(CONFIGS.glob("denmark-2015-*.csv"))
        self.denmark = {
            "x.toml": _text(CONFIGS / "denmark-2015.toml"),
            **{file.name: _text(file) for file in denmark},
        }
        self.districted = {"x.toml": DISTRICTED, "result.csv": RESULT, "districts.csv": DISTRICTS}
        cases = json.loads(_text(ROOT / "tests" / "conformance" / "public-counts.json"))
        self.cases = cases["cases"] if isinstance(cases, dict) else cases
        self.scenarios = [_text(file) for file in sorted((CONFIGS / "scenarios").glob("*.toml"))]
        self.constants = _text(ROOT / "forecast" / "estimation" / "constants.json")
        self.configs = [_with_its_tables(file) for file in sorted(CONFIGS.glob("*.toml"))]
        self.jobs = {f"e/{name}": text for name, text in self.made.items()} | {"jobs.toml": JOBS}
        self.night = _a_night(folder / "night")
        self.mapped = _with_a_map(folder / "map")
        archive = write_archive(folder / "archive", countries=2, elections=2, polls=4)
        self.archive = {name: _text(archive / name) for name in ("elections.csv", "polls.csv", "results.csv")}

    @cached_property
    def saved(self) -> bytes:
        """A forecast as a run saves it."""
        from forecast.cli.main import main

        config = str(CONFIGS / f"{KAZAKHSTAN}.toml")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            main(["run", config, "-n", "256", "-q", "-o", str(self.folder / "saved")])
        return (self.folder / "saved" / "forecast.nc").read_bytes()

    @cached_property
    def published(self) -> dict[str, bytes]:
        """Forecasts that were published: two of one election, one of another, one of 0.3.0."""
        from forecast.cli.main import main

        earlier, other = self.folder / "earlier", self.folder / "other"
        configs = ((CONFIGS / f"{KAZAKHSTAN}.toml", earlier), (self._made, other))
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for config, out in configs:
                days = ("--as-of", "2023-03-15") if out is earlier else ()
                main(["run", str(config), "-n", "256", "-q", "-o", str(out), *days])
        old = ROOT / "tests" / "kept" / "version_0_3" / "forecast.nc.gz"
        return {
            "now": self.saved,
            "earlier": (earlier / "forecast.nc").read_bytes(),
            "other": (other / "forecast.nc").read_bytes(),
            "of 0.3.0": gzip.decompress(old.read_bytes()),
        }

    @property
    def elections(self) -> tuple[dict[str, str], ...]:
        return self.kazakhstan, self.made, self.germany, self.districted, self.denmark


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _a_night(folder: Path) -> dict[str, str]:
    """The files of an election night with districts, half counted."""
    folder.mkdir(parents=True)
    made = made_night(6)
    write_election(folder, districts=True)
    write_units(folder / "units.csv", made)
    write_counted(folder / "counted.csv", counted_rows(made, made.first(0.5)))
    found = {file.name: _text(file) for file in sorted(folder.iterdir()) if file.is_file()}
    [config] = [name for name in found if name.endswith(".toml")]
    return found | {"x.toml": found.pop(config)}


def _with_a_map(folder: Path) -> dict[str, str]:
    """A country of six districts with polls and their outlines."""
    folder.mkdir(parents=True)
    map_ = f'{GEOGRAPHY}map = "map.geojson"\n'
    (folder / "map.geojson").write_text(json.dumps(outlines(list(TOWNS))), encoding="utf-8")
    woods(folder, head=f'{HEAD}polls = "polls.csv"\n', geography=map_)
    write_polls(folder / "polls.csv")
    found = {file.name: _text(file) for file in sorted(folder.iterdir())}
    return found | {"x.toml": found.pop("woods.toml")}


def _with_its_tables(config: Path) -> dict[str, str]:
    """An election file, and the tables that it names."""
    text = _text(config)
    named = sorted(set(re.findall(r'"([^"\n]+\.csv)"', text)))
    tables = {name: config.parent / name for name in named}
    return {"x.toml": text} | {name: _text(file) for name, file in tables.items() if file.is_file()}


Maker = Callable[[Seeds, Random], tuple[dict[str, bytes], list[Command]]]


def _whole(files: dict[str, str], **instead: bytes) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()} | instead


def _often(chance: Random, share: float, *command: str) -> list[Command]:
    """The command, in some of the mutants: it takes longer than others."""
    return [command] if chance.random() < share else []


def _election(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    files = chance.choice(seeds.elections)
    spoilt = mutating.spoilt(chance, files["x.toml"], mutating.OF_TOML)
    commands: list[Command] = [("check", "x.toml")]
    if files is seeds.districted or files is seeds.denmark:
        commands.append(("count", "x.toml", "--json"))
    else:
        commands += _often(chance, 0.3, "run", "x.toml", *FEW)
        commands += [] if files is seeds.made else _often(chance, 0.2, "count", "x.toml")
        commands += _often(
            chance, 0.02, "sweep", "x.toml", *FEW, "--threshold", "1%,5%", "--method", "hare,dhondt"
        )
    return _whole(files) | {"x.toml": spoilt}, commands


def _configs(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    """Any election file of the project: its law, its tiers, its tables by district."""
    files = chance.choice(seeds.configs)
    name = chance.choice(("x.toml", *files))
    ways = mutating.OF_TOML if name == "x.toml" else mutating.OF_TABLES
    commands: list[Command] = [("check", "x.toml")]
    if "\nresult = " in files["x.toml"]:
        commands += _often(chance, 0.5, "count", "x.toml", "--json")
    if "\npolls = " in files["x.toml"]:
        commands += _often(chance, 0.3, "run", "x.toml", *FEW)
    return _whole(files) | {name: mutating.spoilt(chance, files[name], ways)}, commands


def _jobs(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    spoilt = mutating.spoilt(chance, seeds.jobs["jobs.toml"], mutating.OF_TOML)
    return _whole(seeds.jobs) | {"jobs.toml": spoilt}, [("jobs", "jobs.toml", "-o", "out", "--dry-run")]


NIGHT = ("night", "x.toml", "--units", "units.csv", "--counted", "counted.csv")


def _night(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    name = chance.choice(("units.csv", "counted.csv", "counted.csv"))
    spoilt = mutating.spoilt(chance, seeds.night[name], mutating.OF_TABLES)
    more = chance.choice(((), ("--unknown", "add"), ("--as-of", "21:00")))
    return _whole(seeds.night) | {name: spoilt}, [(*NIGHT, *more, *FEW)]


def _polls(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    files = chance.choice(seeds.elections[:3])
    [name] = [name for name in files if name.endswith("polls.csv")]
    spoilt = mutating.spoilt(chance, files[name], mutating.OF_TABLES)
    return _whole(files) | {name: spoilt}, [("check", "x.toml"), *_often(chance, 0.4, "run", "x.toml", *FEW)]


def _shapes(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    """Tables as people keep them, and pages."""
    source = shape = None
    while not isinstance(source, bytes):
        shape = shape_of(chance)
        source = shape.source
    assert shape is not None
    name = f"theirs{shape.suffix}"
    if chance.random() < 0.5:
        spoilt = mutating.spoilt(chance, source.decode("utf-8", "replace"), mutating.OF_TABLES)
    else:
        data = bytearray(source)
        for _ in range(chance.choice((1, 2, 8))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        spoilt = bytes(data)
    start = ("init", "started.toml", "--polls", name, "--date", "2026-09-13")
    return {name: spoilt}, [("polls", name), *_often(chance, 0.3, *start)]


def _votes(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    files = chance.choice((seeds.kazakhstan, seeds.germany, seeds.districted, seeds.denmark))
    name = chance.choice([name for name in files if name.endswith(("result.csv", "districts.csv"))])
    spoilt = mutating.spoilt(chance, files[name], mutating.OF_TABLES)
    form = chance.choice(((), ("--json",), ("--json",)))
    check: list[Command] = [("check", "x.toml")] if files is seeds.denmark else []
    return _whole(files) | {name: spoilt}, [*check, ("count", "x.toml", *form)]


def _cases(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    text = json.dumps(chance.sample(seeds.cases, 2), ensure_ascii=False)
    return {"cases.json": mutating.spoilt(chance, text, mutating.OF_JSON)}, [("verify", "cases.json")]


def _scenarios(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    text = chance.choice(seeds.scenarios)
    spoilt = mutating.spoilt(chance, text, mutating.OF_TOML)
    command = ("run",) if "weight" in text else ("sweep",)
    return _whole(seeds.kazakhstan) | {"s.toml": spoilt}, [
        (*command, "x.toml", "--scenarios", "s.toml", *FEW)
    ]


def _share_draws(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    files = chance.choice((seeds.kazakhstan, seeds.made))
    ids = [line.split('"')[1] for line in files["x.toml"].split("[[parties]]")[1:] for line in [line.strip()]]
    rows = []
    for _ in range(20):
        votes = [chance.random() for _ in ids]
        rows.append(",".join(f"{vote / sum(votes):.6f}" for vote in votes))
    text = "\n".join([",".join(ids), *rows, ""])
    spoilt = mutating.spoilt(chance, text, mutating.OF_TABLES)
    return _whole(files) | {"d.csv": spoilt}, [("run", "x.toml", "--share-draws", "d.csv", "-q", "-o", "out")]


def _archive(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    name = chance.choice(list(seeds.archive))
    ways = (*mutating.OF_TABLES, mutating.OF_TABLES[0])
    spoilt = mutating.spoilt(chance, seeds.archive[name], ways)
    files = {f"a/{each}": text.encode() for each, text in seeds.archive.items()} | {f"a/{name}": spoilt}
    return files, [("backtest", "a", "-q", "-o", "out", "--horizons", "7", "--method", "default")]


def _constants(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    spoilt = mutating.spoilt(chance, seeds.constants, mutating.OF_JSON)
    command = ("run", "x.toml", "--set", "estimate.constants=c.json", "--as-of", "2023-03-01", *FEW)
    return _whole(seeds.kazakhstan) | {"c.json": spoilt}, [command]


LONGEST_ARGUMENT = 100_000
"""Letters; no system hands over many more."""
OPTIONS: tuple[tuple[Command, str], ...] = (
    (("check", "x.toml", "--set"), "rule.threshold.level=3%"),
    (("check", "x.toml", "--set"), "parties.osdp.aliases=['a', 'b']"),
    (("check", "x.toml", "--as-of"), "2023-03-15"),
    (("run", "x.toml", *FEW, "--as-of"), "2023-03-01:2023-03-19:7d"),
    (("run", "x.toml", "-q", "-o", "out", "-n"), "64"),
    (("run", "x.toml", *FEW, "--seed"), "7"),
    (("run", "x.toml", *FEW, "--sampler"), "random"),
    (("run", "x.toml", *FEW, "--threads"), "1"),
    (("run", "x.toml", *FEW, "--save-draws"), "10"),
    (("run", "x.toml", "-n", "4096", "-q", "-o", "out", "--target-error"), "0.1"),
    (("sweep", "x.toml", *FEW, "--threshold"), "0%:10%:5%"),
    (("sweep", "x.toml", *FEW, "--method"), "hare,dhondt"),
    (("sweep", "x.toml", *FEW, "--vary"), "rule.seats=69,98"),
    (("sweep", "x.toml", *FEW, "--vary"), 'rule.threshold.nobody={admit = 2},"void"'),
    (
        ("sweep", "x.toml", "-q", "-o", "out", "--votes", f"{KAZAKHSTAN}-result.csv", "--threshold"),
        "0%:10%:1%",
    ),
    (("count", "x.toml", "--set"), "rule.allocation.method=dhondt"),
    (("count", "x.toml", "--votes"), f"{KAZAKHSTAN}-result.csv"),
    (("init", "new.toml", "--country"), "Ruritania"),
    (("backtest", "a", "-q", "-o", "out", "--method", "default", "--horizons"), "7,30"),
)


def _options(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    command, value = chance.choice(OPTIONS)
    spoilt = mutating.spoilt(chance, value, mutating.OF_ANY).decode("utf-8", errors="surrogateescape")
    files = _whole(seeds.kazakhstan) | {f"a/{name}": text.encode() for name, text in seeds.archive.items()}
    return files, [(*command, spoilt.replace("\0", "")[:LONGEST_ARGUMENT])]


def _map(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    """The outlines of districts: letters, the tree, and points of it."""
    text = seeds.mapped["map.geojson"]
    if chance.random() < 0.4:
        tree = json.loads(text)
        for _ in range(chance.choice((1, 1, 3))):
            _spoil_outline(chance, chance.choice(tree["features"]))
        spoilt = json.dumps(tree).encode()
    else:
        spoilt = mutating.spoilt(chance, text, mutating.OF_JSON)
    drawn = _often(chance, 0.4, "run", "x.toml", *FEW)
    drawn += [("report", "out", "-q", "-o", "out/page.html")] if drawn else []
    return _whole(seeds.mapped) | {"map.geojson": spoilt}, [("check", "x.toml"), *drawn]


_POINTS: tuple[object, ...] = (
    *([], [1], [1, 2], [[0, 0]] * 5, [[1e308, 0], [0, 1e308], [-1e308, 0], [1e308, 0]], "x", None, True),
    *([[[[[[[[]]]]]]]], {"a": [1]}, [["1", "2"]] * 4, [[0, 89.999999], [1, 90], [2, -90], [0, 89.999999]]),
    *([[500, 1000], [600, 1000], [600, 1100], [500, 1000]], [[10, 50], [10, 50], [10, 50], [10, 50]]),
)


def _spoil_outline(chance: Random, feature: Any) -> None:
    geometry = feature["geometry"]
    what = chance.randrange(6)
    if not isinstance(geometry, dict) or not isinstance(geometry.get("coordinates"), list):
        return  # spoilt before
    if what == 0:
        geometry["type"] = chance.choice(("Point", "LineString", "GeometryCollection", 7, None, ["Polygon"]))
    elif what == 1:
        geometry["coordinates"] = chance.choice(([chance.choice(_POINTS)], chance.choice(_POINTS)))
    elif what == 2:
        feature["geometry"] = chance.choice((None, [], "Polygon", 1, {"type": "Polygon"}))
    elif what == 3:
        feature["properties"] = chance.choice((None, [], "North", {"NAME": ["x"]}, {"NAME": {}}))
    elif what == 4:
        geometry["coordinates"][:1] = [[chance.choice(_POINTS) for _ in range(chance.randrange(6))]]
    else:
        feature["id"] = chance.choice(("north", "NORTH", ["north"], {}, -1, "n" * 70_000))


READERS: tuple[Command, ...] = (
    ("tables", "saved.nc", "-q", "-f", "json"),
    ("tables", "saved.nc", "-t", "parties"),
    ("diff", "saved.nc", "good.nc"),
    ("run", "x.toml", "--share-draws", "saved.nc", "-q", "-o", "out"),
)


def _saved(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    files = _whole(seeds.kazakhstan)
    return files | {"saved.nc": _bytes_spoilt(chance, seeds.saved), "good.nc": seeds.saved}, [
        chance.choice(READERS)
    ]


def _bytes_spoilt(chance: Random, good: bytes) -> bytes:
    data = bytearray(good)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(data))
        end = at + chance.choice((1, 1, 1, 4, 64))
        what = chance.randrange(4)
        if what == 0:
            data[at:end] = bytes(chance.randrange(256) for _ in data[at:end])
        elif what == 1:
            data[at:end] = bytes(len(data[at:end]))
        elif what == 2:
            data[at:end] = b"\xff" * len(data[at:end])
        else:
            del data[at:end]
    if chance.random() < 0.1:
        del data[chance.randrange(len(data)) :]
    return bytes(data)


_STRANGE: tuple[object, ...] = ("", "\x1b[31m", "{", "[]", "2023-02-31", "9" * 5_000, -1, 2**62, 1e300)


def _tree_spoilt(chance: Random, good: bytes) -> bytes:
    """A forecast that can be read as netCDF, with attributes or variables that are not its own."""
    import h5py

    held = io.BytesIO(good)
    with h5py.File(held, "r+") as file:
        for _ in range(chance.choice((1, 1, 3))):
            what = chance.randrange(5)
            held_there = {str(name): one for name, one in file.items() if isinstance(one, h5py.Dataset)}
            name = chance.choice(sorted(held_there))
            data = held_there[name]
            if what == 0:
                file.attrs[chance.choice(sorted(file.attrs))] = chance.choice(_STRANGE)
            elif what == 1:
                del file.attrs[chance.choice(sorted(file.attrs))]
            elif what == 2:
                del file[name]
            elif what == 3 and data.dtype.kind in "fi" and data.shape:
                of_floats = data.dtype.kind == "f"
                data[...] = chance.choice(
                    (float("nan"), -1.0, 1e300, 7.0) if of_floats else (-1, 0, 2**31 - 1)
                )
            else:
                file.attrs["schema_version"] = chance.choice((0, 1, 99, "2", -(2**40)))
    return held.getvalue()


def _published(seeds: Seeds, chance: Random) -> tuple[dict[str, bytes], list[Command]]:
    """A folder of saved forecasts in which one is spoilt, of another election, of 0.3.0, or none at all."""
    good = seeds.published
    files = {"good.nc": good["now"], "arch/a/forecast.nc": good["earlier"], "arch/b/forecast.nc": good["now"]}
    ways = (
        *({"arch/a/forecast.nc": _bytes_spoilt(chance, good["earlier"])} for _ in range(1)),
        *({"arch/a/forecast.nc": _tree_spoilt(chance, good["earlier"])} for _ in range(3)),
        {"arch/c.nc": good["other"]},
        {"arch/c.nc": good["of 0.3.0"]},
        {"arch/c.nc": _tree_spoilt(chance, good["of 0.3.0"])},
        {"arch/c.nc": chance.choice((b"", b"CDF\x01", b"text", good["now"][:3_000]))},
        {"arch/x.nc/notes.txt": b"a folder called so"},
        {
            "arch/frozen.json": mutating.spoilt(
                chance, '{"outputs": {"a/forecast.nc": "0"}}', mutating.OF_JSON
            )
        },
        {"arch/a/run.json": mutating.spoilt(chance, '{"started": "2023-03-01T10:00"}', mutating.OF_JSON)},
    )
    files |= chance.choice(ways)
    if chance.random() < 0.1:
        files = {"good.nc": good["now"], "arch/notes.txt": b"nothing here"}
    votes = seeds.kazakhstan[f"{KAZAKHSTAN}-result.csv"]
    files["votes.csv"] = votes.encode()
    if chance.random() < 0.2:
        files["votes.csv"] = mutating.spoilt(chance, votes, mutating.OF_TABLES)
    page: Command = ("report", "good.nc", "--archive", "arch", "-q", "-o", "page.html")
    readers: tuple[Command, ...] = (
        ("record", "arch"),
        ("record", "arch", "--json"),
        ("record", "arch", "--result", "votes.csv", "--json"),
        page,
        (*page, "--result", "votes.csv", "--language", "kk"),
    )
    return files, [chance.choice(readers)]


SUBJECTS: tuple[tuple[str, Maker], ...] = (
    *(("election", _election),) * 8,
    *(("configs", _configs),) * 4,
    *(("polls", _polls),) * 4,
    *(("shapes", _shapes),) * 2,
    *(("votes", _votes),) * 3,
    *(("cases", _cases),) * 2,
    ("scenarios", _scenarios),
    ("share-draws", _share_draws),
    ("archive", _archive),
    ("constants", _constants),
    ("jobs", _jobs),
    ("night", _night),
    ("map", _map),
    *(("options", _options),) * 2,
)
"""By the number of a mutant, in turn."""
APART: dict[str, Maker] = {"saved": _saved, "published": _published}
"""Only where asked for by name: each of these takes a process to read."""


def subject_of(number: int, only: str = "") -> tuple[str, Maker]:
    """What the mutant of a number is made of: the subject ``only``, else that of its turn."""
    if only in APART:
        return only, APART[only]
    of_name = [each for each in SUBJECTS if each[0] == only] or SUBJECTS
    return of_name[number % len(of_name)]


def mutant(seeds: Seeds, number: int, only: str = "") -> Mutant:
    """The mutant of a number."""
    name, maker = subject_of(number, only)
    files, commands = maker(seeds, Random(number))
    return Mutant(number, name, files, commands)


def healthy(seeds: Seeds) -> list[Mutant]:
    """The inputs as they are, each with what is done to its mutants."""
    archive = {f"a/{name}": text.encode() for name, text in seeds.archive.items()}
    over = ("--horizons", "7", "--method", "default")
    of_kazakhstan: list[Command] = [
        ("check", "x.toml"),
        ("count", "x.toml"),
        ("run", "x.toml", *FEW),
        ("sweep", "x.toml", *FEW, "--threshold", "1%,5%"),
    ]
    return [
        Mutant(-1, "kazakhstan", _whole(seeds.kazakhstan), of_kazakhstan),
        Mutant(-1, "made", _whole(seeds.made), [("run", "x.toml", *FEW)]),
        Mutant(-1, "germany", _whole(seeds.germany), [("run", "x.toml", *FEW)]),
        Mutant(-1, "districted", _whole(seeds.districted), [("count", "x.toml")]),
        Mutant(-1, "denmark", _whole(seeds.denmark), [("check", "x.toml"), ("count", "x.toml")]),
        Mutant(-1, "night", _whole(seeds.night), [(*NIGHT, *FEW)]),
        Mutant(-1, "map", _whole(seeds.mapped), [("check", "x.toml"), ("run", "x.toml", *FEW)]),
        Mutant(-1, "archive", archive, [("backtest", "a", "-q", "-o", "out", *over)]),
        Mutant(-1, "cases", {"cases.json": json.dumps(seeds.cases[:3]).encode()}, [("verify", "cases.json")]),
    ]


def lay_out(one: Mutant, folder: Path) -> None:
    """Write the files of a mutant to an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in one.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def left_over(folder: Path, one: Mutant) -> Iterator[str]:
    """What else stands in the folder."""
    for entry in sorted(folder.iterdir()):
        if entry.name.split("/")[0] not in {name.split("/")[0] for name in one.files}:
            yield entry.name
