"""``forecast init``."""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from forecast.cli.options import Quiet
from forecast.cli.telling import tell
from forecast.errors import ABSENT, ConfigurationError, Fault
from forecast.visible import visible

File = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="File to write. Default: <country>.toml.", show_default=False),
]
Country = Annotated[str, typer.Option("--country", metavar="NAME", help="Country of the election.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if it exists.", show_default=False)]


def init(
    file: File = None, country: Country = "Ruritania", force: Force = False, quiet: Quiet = False
) -> None:
    """Write a commented election file to start from. It passes `forecast check` as it stands."""
    from forecast.writing import replacing

    slug = _slug(country) or "election"
    path = file if file is not None else Path(f"{slug}.toml")
    if path.is_dir():
        raise ConfigurationError(Fault(str(path), "", ABSENT, "this is a folder; name a file in it"))
    if path.exists() and not force:
        remedy = "the file exists; choose another name, or replace it with --force"
        raise ConfigurationError(Fault(str(path), "", ABSENT, remedy))
    with replacing(path) as draft:
        draft.write_text(election_template(str(path), country.strip(), slug), encoding="utf-8")
    if not quiet:
        tell(f"wrote {path}; next: edit it, then forecast check {path}")


def _slug(name: str) -> str:
    """A name as an id: accents dropped, everything else than a-z and 0-9 a hyphen."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def election_template(file: str, country: str, slug: str) -> str:
    """The commented election file, with the names that are known filled in."""
    text = files("forecast.election").joinpath("template.toml").read_text(encoding="utf-8")
    shown = "".join(letter for letter in country if letter.isprintable()).replace("\\", "").replace('"', "'")
    filled = {
        "@FILE@": visible(file),
        "@ID@": slug,
        "@NAME@": f"{shown}, next election",
        "@COUNTRY@": shown,
    }
    for mark, value in filled.items():
        text = text.replace(mark, value)
    return text
