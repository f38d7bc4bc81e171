"""Poll tables in the shapes in which people keep them: a random table written in a random mix of them."""

from __future__ import annotations

import calendar
import csv
import datetime
import html
import io
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.election import Election, parse_election
from forecast.polls.written_days import month_names

ELECTION_DAY = datetime.date(2026, 9, 13)
DASHES = ("-", "–", " – ", "—", " - ")

LANGUAGES: dict[str, dict[str, Any]] = {
    "en": {"pollster": "Polling firm", "n": "Sample size", "end": "Fieldwork date",
    "published": "Publication date",
           "other": "Others", "undecided": "Undecided", "encodings": ("cp1252",),
           "parties": ("Labour", "Greens", "Alliance", "Reform", "Sinn Féin", "Unionists", "Centre")},
    "de": {"pollster": "Institut", "n": "Befragte", "end": "Zeitraum", "published": "Veröffentlichung",
           "other": "Sonstige", "undecided": "Unentschlossen", "encodings": ("cp1252", "iso8859-1",
           "iso8859-15"),
           "parties": ("CDU/CSU", "SPD", "GRÜNE", "FDP", "LINKE", "AfD", "BSW", "Freie Wähler")},
    "sv": {"pollster": "Company", "n": "Urval", "end": "Datum", "published": "Publicerad", "other": "Övriga",
           "undecided": "Vet ej", "encodings": ("cp1252", "iso8859-1"),
           "parties": ("M", "S", "SD", "V", "C", "KD", "Miljöpartiet")},
    "nb": {"pollster": "Institutt", "n": "Utvalg", "end": "Dato", "published": "Publisert", "other": "Andre",
           "undecided": "Vet ikke", "encodings": ("cp1252", "iso8859-1"),
           "parties": ("Ap", "Høyre", "Frp", "Rødt", "SV", "Sp", "Venstre")},
    "cs": {"pollster": "Agentura", "n": "Vzorek", "end": "Termín", "published": "Zveřejněno",
    "other": "Ostatní",
           "undecided": "Nerozhodnutí", "encodings": ("cp1250", "iso8859-2"),
           "parties": ("ANO", "ODS", "KSČM", "Piráti", "STAN", "Příšaha", "ČSSD")},
    "sk": {"pollster": "Agentúra", "n": "Vzorka", "end": "Termín", "published": "Zverejnené", "other": "Iné",
           "undecided": "Nevie", "encodings": ("cp1250", "iso8859-2"),
           "parties": ("Smer", "PS", "Hlas", "SaS", "KDH", "ĽSNS", "Aliancia – Szövetség")},
    "pl": {"pollster": "Ośrodek", "n": "Próba", "end": "Termin badania", "published": "Data publikacji",
           "other": "Inne", "undecided": "Niezdecydowani", "encodings": ("cp1250", "iso8859-2"),
           "parties": ("PiS", "KO", "Lewica", "PSL", "Konfederacja", "Trzecia Droga",
           "Bezpartyjni Samorządowcy")},
    "es": {"pollster": "Encuestadora", "n": "Muestra", "end": "Trabajo de campo",
    "published": "Fecha de publicación",
           "other": "Otros", "undecided": "Indecisos", "encodings": ("cp1252", "iso8859-1"),
           "parties": ("PP", "PSOE", "Vox", "Sumar", "ERC", "Coalición Canaria", "País")},
    "lt": {"pollster": "Bendrovė", "n": "Imtis", "end": "Apklausos laikotarpis", "published": "Paskelbta",
           "other": "Kiti", "undecided": "Neapsisprendę", "encodings": ("cp1257", "iso8859-13"),
           "parties": ("TS-LKD", "LVŽS", "LSDP", "Darbo partija", "Laisvės", "Žalieji", "Tvarka")},
    "ru": {"pollster": "Компания", "n": "Выборка", "end": "Дата", "published": "Дата публикации",
    "other": "Другие",
           "undecided": "Затрудняюсь ответить", "encodings": ("cp1251", "iso8859-5"),
           "parties": ("Аманат", "Ауыл", "Республика", "Ак жол", "ОСДП", "Байтак", "НПК")},
    "kk": {"pollster": "Институт", "n": "Іріктеме", "end": "Күні", "published": "Жарияланды",
    "other": "Басқалар",
           "undecided": "Шешпегендер", "encodings": (),
           "parties": ("Аманат", "Ауыл", "Әділет", "Ақжол", "Байтақ", "Respublica", "ҚХП")},
    "el": {"pollster": "Εταιρεία", "n": "Δείγμα", "end": "Ημερομηνία", "published": "Δημοσίευση",
    "other": "Άλλοι",
           "undecided": "Αναποφάσιστοι", "encodings": ("cp1253", "iso8859-7"),
           "parties": ("ΝΔ", "ΠΑΣΟΚ", "ΣΥΡΙΖΑ", "ΚΚΕ", "Ελληνική Λύση", "Νίκη", "Πλεύση")},
}  # fmt: skip
POLLSTERS = (
    "Novus",
    "Ipsos",
    "Sifo",
    "Verian",
    "Kantar",
    "YouGov",
    "Norstat",
    "Opinion Way",
    "Median",
    "INSA",
)
EVENTS = ("Party congress", "The government resigns", "TV debate")


@dataclass
class Poll:
    """One poll, as it is meant: shares in percent by party, ``other``, ``undecided``."""

    pollster: str
    start: datetime.date | None
    end: datetime.date
    published: datetime.date | None
    size: int | None
    shares: dict[str, float | None]
    under: set[str] = field(default_factory=set)
    """Those of which only is said that they are under 1 percent."""


@dataclass
class Shape:
    """A table as it is written, and how it may be read."""

    polls: list[Poll]
    parties: list[str]
    beside: bool
    source: Any
    """Bytes of a file, or a DataFrame."""
    suffix: str
    settings: dict[str, Any]

    def election(self) -> Election:
        """The election whose parties these are."""
        return parse_election(
            {
                "election": {"id": "x", "name": "X", "date": ELECTION_DAY},
                "parties": [{"id": f"p{i}", "name": name} for i, name in enumerate(self.parties)],
                "rule": {"seats": 100, "allocation": {"method": "dhondt"}},
                "polls": self.settings,
            }
        )

    def written_to(self, folder: Path) -> Any:
        """A file of the table in a folder, or the DataFrame."""
        if not isinstance(self.source, bytes):
            return self.source
        path = folder / f"polls{self.suffix}"
        path.write_bytes(self.source)
        return path


def polls_of(rng: random.Random, parties: list[str]) -> tuple[list[Poll], bool]:
    """Random polls, and whether their undecided stand beside the shares."""
    step = rng.choice((1, 1, 0.5, 0.1, 0.1, 0.1))
    has_other, undecided = rng.random() < 0.7, rng.choice(("none", "inside", "beside"))
    has_other = has_other or undecided == "inside"
    polls: list[Poll] = []
    day = ELECTION_DAY - datetime.timedelta(rng.randint(3, 30))
    for number in range(rng.randint(2, 7)):
        day -= datetime.timedelta(rng.randint(1, 20))
        lasted = rng.randint(0, 9)
        shares, under = _shares(rng, parties, step, has_other, undecided, first=number == 0)
        polls.append(
            Poll(
                rng.choice(POLLSTERS),
                day - datetime.timedelta(lasted) if lasted else None,
                day,
                day + datetime.timedelta(rng.randint(0, 3)) if rng.random() < 0.8 else None,
                rng.choice((None, rng.randint(300, 999), rng.randint(1000, 30000))),
                shares,
                under,
            )
        )
    return polls, undecided == "beside"


def _shares(
    rng: random.Random, parties: list[str], step: float, has_other: bool, undecided: str, first: bool
) -> tuple[dict[str, float | None], set[str]]:
    whole = round(100 / step)
    unsure = round(rng.uniform(8, 20) / step) if undecided != "none" and (first or rng.random() < 0.8) else 0
    rest = whole - (unsure if undecided == "inside" else 0)
    others = round(rng.uniform(1, 8) / step) if has_other else 0
    cut = sorted(rng.sample(range(1, rest - others), len(parties) - 1))
    parts = [after - before for before, after in zip([0, *cut], [*cut, rest - others], strict=True)]
    shares: dict[str, float | None] = {
        name: round(part * step, 6) for name, part in zip(parties, parts, strict=True)
    }
    under = {name for name in parties if (shares[name] or 0) <= 1 and rng.random() < 0.5}
    if has_other:
        shares["other"] = round(others * step, 6)
    if undecided != "none":
        shares["undecided"] = round(unsure * step, 6) if unsure else None
    return shares, under


def shape_of(rng: random.Random) -> Shape:
    """A random table in a random mix of shapes."""
    words = LANGUAGES[rng.choice(list(LANGUAGES))]
    language = next(code for code, found in LANGUAGES.items() if found is words)
    parties = rng.sample(list(words["parties"]), rng.randint(2, 6))
    polls, beside = polls_of(rng, parties)
    english = rng.random() < 0.3
    writer = _Writer(rng, words, language, english, polls, parties)
    return writer.shape(beside)


class _Writer:
    """Writes polls in one mix of shapes."""

    def __init__(
        self,
        rng: random.Random,
        words: dict[str, Any],
        language: str,
        english: bool,
        polls: list[Poll],
        parties: list[str],
    ) -> None:
        self.rng, self.words, self.language, self.polls, self.parties = rng, words, language, polls, parties
        self.names = LANGUAGES["en"] if english else words
        self.settings: dict[str, Any] = {}
        self.kind = rng.choice(("csv", "csv", "csv", "html", "frame"))
        self.separator = rng.choice((",", ";", "\t", "|"))
        self.comma = rng.random() < 0.4
        self.percent = rng.choice(("", "", "%", " %"))
        self.notes = rng.random() < 0.4
        self.days = rng.choice(("iso", "time", "points", "words", "words", "slashes", "compact", "parts"))
        self.range = rng.random() < 0.5 and self.days in ("points", "words")
        self.dash = rng.choice(DASHES)
        self.nothing = rng.choice(("", "-", "–", "N/A", "?", "Not Available", "None"))
        self.size_style = rng.choice(("plain", "comma", "blank", "point", "about", "brackets"))
        self.long = self.kind != "html" and rng.random() < 0.25

    def note(self, text: str) -> str:
        """A text, perhaps with a footnote."""
        if self.notes and text and self.rng.random() < 0.3 and self.kind != "html":
            return text + self.rng.choice(("[a]", "[12]"))
        return text

    def number(self, value: float | None) -> str:
        """A share."""
        if value is None:
            return self.nothing
        text = f"{value:g}" if self.rng.random() < 0.5 else f"{value:.1f}"
        if self.comma:
            text = text.replace(".", ",")
        return self.note(text + self.percent)

    def size(self, size: int | None) -> str:
        """A number of respondents."""
        if size is None:
            return self.nothing
        grouped = f"{size:,}"
        return self.note(
            {
                "plain": str(size),
                "comma": grouped,
                "blank": grouped.replace(",", " "),
                "point": grouped.replace(",", "."),
                "about": f"~{size}",
                "brackets": f"({size})",
            }[self.size_style]
        )

    def day(self, day: datetime.date | None) -> str:
        """One day."""
        if day is None:
            return self.nothing
        if self.days == "words":
            return f"{day.day} {self.month(day.month)} {day.year}"
        return {
            "iso": str(day),
            "time": f"{day}T10:30:00Z",
            "points": f"{day.day:02}.{day.month:02}.{day.year}",
            "slashes": f"{day.day}/{day.month}/{day.year}",
            "compact": f"{day:%Y%m%d}",
            "parts": str(day),
        }[self.days]

    def month(self, number: int) -> str:
        """A month by a name that its language has."""
        names = [name for name, month in month_names()[self.language].items() if month == number]
        return self.rng.choice(names) if names else calendar.month_name[number]

    def days_of(self, poll: Poll) -> str:
        """Both ends in one cell."""
        if poll.start is None:
            return self.note(self.day(poll.end))
        first, last = poll.start, poll.end
        if self.days == "points":
            short = (
                f"{first.day}."
                if (first.month, first.year) == (last.month, last.year)
                else f"{first.day}.{first.month}."
            )
            if first.year != last.year:
                short = f"{first.day}.{first.month}.{first.year}"
            return f"{short}{self.dash.strip()}{last.day}.{last.month}.{last.year}"
        if (first.month, first.year) == (last.month, last.year):
            return self.note(f"{first.day}{self.dash}{last.day} {self.month(last.month)} {last.year}")
        begin = f"{first.day} {self.month(first.month)}" + (
            f" {first.year}" if first.year != last.year else ""
        )
        return self.note(f"{begin}{self.dash}{last.day} {self.month(last.month)} {last.year}")

    def facts(self, poll: Poll) -> dict[str, str]:
        """Cells of the facts of a poll by column."""
        names = self.names
        cells = {names["pollster"]: poll.pollster, names["n"]: self.size(poll.size)}
        if self.days == "parts":
            cells |= {"year": str(poll.end.year), "month": str(poll.end.month), "day": str(poll.end.day)}
            cells["start date"] = self.day(poll.start)
        elif self.range:
            cells[names["end"]] = self.days_of(poll)
        else:
            cells["start date"], cells["end date"] = self.day(poll.start), self.day(poll.end)
        cells[names["published"]] = self.day(poll.published)
        return cells

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Heading and rows, in a random order of columns, with columns that are no polls."""
        called = {"other": self.names["other"], "undecided": self.names["undecided"]}
        units = list(self.polls[0].shares)
        table: list[dict[str, str]] = []
        for number, poll in enumerate(self.polls):
            facts = self.facts(poll)
            if self.long:
                reported = [unit for unit in units if poll.shares[unit] is not None]
                for unit in reported:
                    share = "<1" if unit in poll.under else self.number(poll.shares[unit])
                    table.append({**facts, "party": called.get(unit, unit), "share": share})
                continue
            shares = {
                called.get(unit, unit): "<1" if unit in poll.under else self.number(poll.shares[unit])
                for unit in units
            }
            table.append({"Unnamed: 0": str(number), **facts, **shares, "Lead": "1.5", "": ""})
        heading = list(table[0])
        order = heading[:]
        self.rng.shuffle(order)
        if not self.long:
            dropped = [
                name for name in ("Unnamed: 0", "Lead", "") if self.rng.random() < 0.5 or self.kind == "html"
            ]
            order = [name for name in order if name not in dropped]
        body = [[row[name] for name in order] for row in table]
        return order, self.with_others(order, body)

    def with_others(self, heading: list[str], body: list[list[str]]) -> list[list[str]]:
        """The rows, and between them some that are no polls."""
        if self.long or self.kind == "frame":
            return body
        found: list[list[str]] = []
        for row in body:
            chance = self.rng.random()
            if chance < 0.07:
                found.append([self.rng.choice(EVENTS)] * len(row))
            elif chance < 0.12:
                found.append(list(heading))
            elif chance < 0.17:
                known = dict(zip(heading, row, strict=True))
                known[self.names["pollster"]] = "2022 election"
                known[self.names["n"]] = ""
                found.append([known[name] for name in heading])
            found.append(row)
        return found

    def shape(self, beside: bool) -> Shape:
        """The table, written."""
        heading, body = self.rows()
        if self.days == "slashes":
            self.settings["dates"] = "day-first"
        if self.days == "words" and self.language in ("cs", "pl"):
            self.settings["language"] = self.language  # srp is August here, and July in Croatia
        if self.days == "parts":
            self.settings["end"] = ["year", "month", "day"]
        if beside and self.rng.random() < 0.3:
            self.settings["undecided"] = "beside"
        if self.kind == "frame":
            source: Any = pd.DataFrame(body, columns=heading)
            return Shape(self.polls, self.parties, beside, source, "", self.settings)
        if self.kind == "html":
            return Shape(self.polls, self.parties, beside, self.page(heading, body), ".html", self.settings)
        text = self.text(heading, body)
        encoding = self.rng.choice(("utf-8", "utf-8-sig", "utf-16", *self.words["encodings"]))
        try:
            data = text.encode(encoding)
        except UnicodeEncodeError:
            data = text.encode("utf-8")
        return Shape(self.polls, self.parties, beside, data, ".csv", self.settings)

    def text(self, heading: list[str], body: list[list[str]]) -> str:
        """Cells separated, quoted where they must be."""
        out = io.StringIO()
        quoting: Any = self.rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
        writer = csv.writer(
            out, delimiter=self.separator, quoting=quoting, lineterminator=self.rng.choice(("\n", "\r\n"))
        )
        if self.rng.random() < 0.2:
            out.write("# a remark\n")
        writer.writerow(heading)
        writer.writerows(body)
        return out.getvalue()

    def page(self, heading: list[str], body: list[list[str]]) -> bytes:
        """A page as Wikipedia writes it: notes raised, keys to sort by hidden, colours below the heading."""
        cells = []
        for row in body:
            if len(set(row)) == 1:
                cells.append(f'<tr><td colspan="{len(row)}">{html.escape(row[0])}</td></tr>')
                continue
            found = []
            for text in row:
                note = '<sup class="reference"><a href="#n">[3]</a></sup>' if self.rng.random() < 0.2 else ""
                key = '<span style="display:none">0099</span>' if self.rng.random() < 0.1 else ""
                found.append(f"<td>{key}{html.escape(text)}{note}</td>")
            cells.append(f"<tr>{''.join(found)}</tr>")
        spans = [' rowspan="2"' if i == 0 else "" for i in range(len(heading))]
        top = "".join(
            f"<th{span}>{html.escape(name)}</th>" for span, name in zip(spans, heading, strict=True)
        )
        below = "".join('<th style="background:#c00"></th>' for _ in heading[1:])
        page = (
            "<!DOCTYPE html><html><head><title>Polls</title><style>td{}</style></head><body><h2>Polls</h2>"
            f'<table class="wikitable '
            f'sortable"><tbody><tr>{top}</tr><tr>{below}</tr>{"".join(cells)}</tbody></table>'
            "</body></html>"
        )
        return page.encode("utf-8")
