"""Pages of the documentation that a reader can follow word for word, and so does this module.

It walks through a page from top to bottom in an empty folder (with the project's ``configs`` and ``tests``
in it), writes the files that the page shows, makes the changes it asks for, runs its commands and its Python,
and puts what they print where the page shows it. ``python -m tests.walked_pages`` writes the pages and their
pictures; a test says when that is due.

What a page holds, beside prose:

- a block with ``title="NAME"`` is a file; with ``title="NAME, changed"`` it is lines of TOML, each of
  which takes the place of the line of that key in the file, comment mark or not;
- a ``console`` block holds commands behind ``$``, then their output, with ``<!-- until TEXT -->`` above it
  shown up to the line that begins so, and with ``<!-- refused N -->`` the exit code that is meant;
- a ``python`` block is run with the names of those before it; a ``text`` block after it holds what it prints;
- tables of names, see ``tests/api_page.py``.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from forecast.cli.main import main
from tests.api_page import page_with_names

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = ("tutorial", "new-country", "districts", "night", "around-a-run", "api")
COLUMNS = 100
_BLOCK = re.compile(
    r"(?P<marks>(?:^<!-- (?:until|refused) [^\n]* -->\n)*)"
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]*)")?\n(?P<body>.*?)^```$',
    re.DOTALL | re.MULTILINE,
)
_PICTURE = re.compile(r"\]\(((?:tutorial|around-a-run|api)/([\w.-]+))\)")


class Walk:
    """One page, walked through in a folder of its own."""

    def __init__(self, names: Mapping[str, Any] | None = None) -> None:
        self.names: dict[str, Any] = {"__name__": "page", **(names or {})}
        self.printed = ""

    def refreshed(self, page: str) -> str:
        """The page with everything that it shows of the program as the program has it now."""
        return _BLOCK.sub(self._block, page_with_names(page))

    def _block(self, found: re.Match[str]) -> str:
        language, title, body = found["language"], found["title"], found["body"]
        marks = dict(re.findall(r"<!-- (until|refused) (.*?) -->", found["marks"]))
        if title and title.endswith(", changed"):
            change(Path(title.removesuffix(", changed")), body)
        elif title:
            Path(title).write_text(body, encoding="utf-8")
        elif language == "console":
            body = self._console(body, marks)
        elif language == "python":
            self.printed = run_python(body, self.names)
        elif language == "text":
            body, self.printed = self.printed or body, ""
        head = found[0][: found.start("body") - found.start()]
        return f"{head}{body}```"

    def _console(self, body: str, marks: Mapping[str, str]) -> str:
        commands = [line for line in body.splitlines() if line.startswith("$ ")]
        shown = ""
        for command in commands:
            printed = printed_by(command.removeprefix("$ "), int(marks.get("refused", 0)))
            if "until" in marks:
                kept, found, _ = printed.partition(f"\n{marks['until']}")
                if not found:
                    msg = f"{command} prints no line that begins with {marks['until']}"
                    raise ValueError(msg)
                printed = f"{kept.rstrip()}\n...\n"
            shown += f"{command}\n{printed}"
        return shown


def change(file: Path, lines: str) -> None:
    """Let each line take the place of the one line of its key in the file, comment mark or not."""
    text = file.read_text(encoding="utf-8")
    for line in lines.splitlines():
        key = line.partition("=")[0].strip()
        text, times = re.subn(rf"^(?:# )?{re.escape(key)} = .*$", lambda _, line=line: line, text, flags=re.M)
        if times != 1:
            msg = f"{file} has {times} lines of {key}"
            raise ValueError(msg)
    file.write_text(text, encoding="utf-8")


def printed_by(command: str, code: int = 0) -> str:
    """What a command prints, results first; ``RuntimeError`` if it ends with another code."""
    words = shlex.split(command)
    assert words[0] == "forecast", command
    results, remarks = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with contextlib.redirect_stdout(results), contextlib.redirect_stderr(remarks):
        ended = main(words[1:])
    results.seek(0)
    if ended != code:
        msg = f"{command} ended with {ended}: {remarks.getvalue()}"
        raise RuntimeError(msg)
    said = [line for line in remarks.getvalue().splitlines() if not line.startswith("compiling")]
    lines = [*results.read().splitlines(), *said]
    return "\n".join(line.rstrip() for line in lines).strip() + "\n"


def run_python(code: str, names: dict[str, Any]) -> str:
    """What Python prints, run with the names of what ran before."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "page", "exec"), names)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


@contextlib.contextmanager
def a_new_folder() -> Generator[Path]:
    """An empty folder to be in, with the project's configurations and tests at hand."""
    before = os.environ.get("COLUMNS")
    with tempfile.TemporaryDirectory() as name:
        for folder in ("configs", "tests"):
            (Path(name) / folder).symlink_to(ROOT / folder)
        os.environ["COLUMNS"] = str(COLUMNS)
        try:
            with contextlib.chdir(name):
                yield Path(name)
        finally:
            os.environ.pop("COLUMNS")
            if before is not None:
                os.environ["COLUMNS"] = before


def keep_pictures(page: str) -> None:
    """Copy what the page shows of a walk's outputs beside it."""
    for path, file in dict.fromkeys(_PICTURE.findall(page)):
        (made,) = Path("outputs").rglob(file)
        (DOCS / path).parent.mkdir(exist_ok=True)
        shutil.copyfile(made, DOCS / path)


def write(name: str) -> None:
    """Walk through a page and write it."""
    file = DOCS / f"{name}.md"
    with a_new_folder():
        page = Walk().refreshed(file.read_text(encoding="utf-8"))
        keep_pictures(page)
    file.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    for name in PAGES:
        write(name)
