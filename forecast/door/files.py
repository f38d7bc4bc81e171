"""The bytes and the text of a file that a user names, a packed one too; and in which encoding it was written.

UTF-8 and UTF-16 are known by their form. Of the tables of 256 signs every one makes some text of any bytes,
so that words decide: names that are known to stand in the text (those of parties), letters that one language
has, words that can be spoken, scripts that are not mixed. Where two of them do equally well and differ, it is
asked.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from gzip import GzipFile
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import IO, NamedTuple

from forecast.errors import ABSENT, Fault, ForecastError, first_unseen

Refusal = type[ForecastError]
"""The kind of error that a caller raises for what is wrong with a file; it bears the exit code."""

Remedy = str | Callable[[], str]
"""What would be right, or a function that says it; it may look around for other files."""
A_FOLDER = "this is a folder; a file is expected"

MOST_OF_A_TABLE = 100_000_000
"""Bytes of a table of polls or votes: a hundred times more than the largest archive."""
MOST_OF_DRAWS = 1_000_000_000
"""Bytes of a table of draws: a million draws of fifty parties."""

_PART = 1 << 20


def read_bytes(
    path: Path,
    refusal: Refusal,
    *,
    most: int,
    missing: Remedy = "no such file",
    folder: Remedy = A_FOLDER,
) -> bytes:
    """The bytes of a file.

    ``refusal`` where there is none (``missing``), where it is a folder (``folder``) or may not be read, and
    where it is larger than ``most`` bytes: it is then not read to its end.
    """
    place = str(path)
    unseen = first_unseen([place])
    if unseen or "\n" in place or "\t" in place:
        what = f"the character {unseen}" if unseen else "a line break or a tab"
        raise refusal(Fault(place, "", ABSENT, f"the name of this file holds {what}; give it another name"))
    try:
        with path.open("rb") as file:
            data = _bounded(file, most)
    except FileNotFoundError:
        raise refusal(Fault(place, "", ABSENT, missing() if callable(missing) else missing)) from None
    except IsADirectoryError:
        raise refusal(Fault(place, "", ABSENT, folder() if callable(folder) else folder)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise refusal(Fault(place, "", ABSENT, f"cannot be read: {reason.lower()}")) from None
    _refuse_size(data, most, place, refusal)
    return data


def unpacked(data: bytes, place: str, refusal: Refusal, *, most: int) -> bytes:
    """What gzip packed, at most ``most`` bytes of it: a few bytes may stand for a disk full."""
    try:
        found = _bounded(GzipFile(fileobj=BytesIO(data)), most)
    except (OSError, EOFError, zlib.error):
        raise refusal(Fault(place, "", ABSENT, "not packed by gzip, or cut short")) from None
    _refuse_size(found, most, place, refusal)
    return found


def _bounded(file: IO[bytes] | GzipFile, most: int) -> bytes:
    """The bytes of a file, up to a little over ``most``; Python sets aside all that it is asked to read."""
    parts: list[bytes] = []
    size = 0
    while size <= most and (part := file.read(_PART)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _refuse_size(data: bytes, most: int, place: str, refusal: Refusal) -> None:
    if len(data) > most:
        raise refusal(Fault(place, "", ABSENT, f"larger than {most:,} bytes, which none such file is"))


def utf8_text(data: bytes, place: str, refusal: Refusal) -> str:
    """Text in UTF-8, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = f"not UTF-8 text (byte {error.start + 1}); save the file as UTF-8"
        raise refusal(Fault(place, "", ABSENT, remedy)) from None


UTF_8, UTF_16 = "utf-8-sig", "utf-16"
TABLES_OF_256 = (
    "cp1252", "cp1250", "cp1251", "cp1254", "cp1257", "cp1253", "iso8859-2", "iso8859-15", "iso8859-5",
    "iso8859-4", "iso8859-7", "iso8859-9", "iso8859-13", "iso8859-16", "iso8859-1",
)  # fmt: skip
"""In the order in which they are met; of two that make the same text the first is named."""
_LIKELY = {"cp1252": 0.9, "cp1250": 0.6, "cp1251": 0.6, "cp1254": 0.5, "cp1257": 0.3, "cp1253": 0.2}
_USUAL = 0.5
"""Encodings with so many points are usual enough to be meant instead."""
_MOST_WORDS = 4_000
_SURE = 0.25
"""So much better than the next an encoding must be, by points."""

_LETTERS = {
    "de": "äöüß", "fr": "àâæçéèêëîïôœùûüÿ", "es": "áéíñóúü", "pt": "àáâãçéêíóôõúü", "it": "àèéìíòóùú",
    "nl": "éëïóöü", "da": "æøåé", "nb": "æøåéòôó", "sv": "åäöéü", "fi": "åäöšž", "is": "áðéíóúýþæö",
    "et": "äõöüšž", "lv": "āčēģīķļņšūž", "lt": "ąčęėįšųūž", "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž", "sl": "čšžć", "hr": "čćđšž", "sq": "çë", "ro": "ăâîșțşţ", "hu": "áéíóöőúüű",
    "tr": "çğıİöşüâî", "az": "əçğıİöşü", "ca": "àçéèíïóòúü", "eu": "ñü", "ga": "áéíóú", "mt": "ċġħż",
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя", "sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "mk": "абвгдѓежзѕијклљмнњопрстќуфхцчџш", "be": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "kk": "абвгғдеёжзийіклмнңоөпрстуұүфхһцчшщъыьэюяәқ", "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
}  # fmt: skip
"""Letters beyond a to z that a language has."""
_VOWELS = frozenset("aeiouyаеёиоуыэюяієїүұөәαεηιουωæøœəı")
_SPEAKABLE = 4
"""Consonants that follow each other in a word that can be spoken."""
_AROUND_WORDS = "–—‘’‚“”„…•«»‹›§°·†‡½¼¾€£©®™¹²³ªº¿¡"


class Written(NamedTuple):
    """How a text was written: the bytes to be decoded, and their encoding; ``said`` is what people call it.

    ``doubt`` names a word that another usual encoding reads as well; empty where none does.
    """

    data: bytes
    encoding: str
    said: str
    doubt: str = ""

    @property
    def text(self) -> str:
        """The whole text."""
        return self.data.decode(self.encoding)


def written(
    data: bytes,
    place: str,
    refusal: type[ForecastError],
    *,
    names: Iterable[str] = (),
    words: Iterable[str] = (),
    asked: str = "",
) -> Written:
    """The encoding of a text, by its form and by which makes ``names`` and its words come out.

    ``names`` are those that it should hold, and of its language; ``words`` such as it may hold, of any.
    ``asked`` is the encoding that the user names. ``refusal`` where it is no text, where it is not in the
    encoding asked for, and where its letters come out equally well in two encodings that differ.
    """
    if asked:
        return _as_asked(data, place, refusal, asked)
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and _decodes(data, UTF_16):
        return Written(data, UTF_16, "UTF-16")
    for encoding in _by_zeros(data):
        if _decodes(data, encoding):
            return Written(data, encoding, "UTF-16")
    if data.isascii() and b"\0" not in data:
        return Written(data, UTF_8, "UTF-8")
    if b"\0" not in data and _decodes(data, UTF_8):
        once = _written_twice(data)
        return Written(data, UTF_8, "UTF-8") if once is None else Written(once, UTF_8, "UTF-8, written twice")
    if b"\0" not in data:
        chosen, doubt = _of_256(data, place, refusal, names, words)
        if chosen:
            return Written(data, chosen, _called(chosen), doubt)
    raise refusal(Fault(place, "", ABSENT, "this is no text table; save it as CSV in UTF-8"))


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        return "\0" not in data.decode(encoding)
    except UnicodeDecodeError:
        return False


def _as_asked(data: bytes, place: str, refusal: type[ForecastError], asked: str) -> Written:
    try:
        encoding = codecs.lookup(asked).name
        encoding = UTF_8 if encoding == "utf-8" else encoding
        "".encode(encoding)
    except LookupError:
        known = "utf-8, utf-16, cp1250, cp1251, cp1252, iso8859-2"
        raise refusal(Fault(place, "encoding", asked, f"no such encoding; known are {known}")) from None
    if not _decodes(data, encoding):
        raise refusal(Fault(place, "encoding", asked, "the file is not written in this encoding"))
    return Written(data, encoding, _called(encoding))


def _called(encoding: str) -> str:
    return "UTF-8" if encoding == UTF_8 else encoding.replace("cp125", "Windows-125").replace("iso", "ISO ")


def _by_zeros(data: bytes) -> Sequence[str]:
    """UTF-16 without a mark: of Latin letters every second byte is zero."""
    part = data[:400]
    even, odd = part[::2].count(0), part[1::2].count(0)
    if min(even, odd) == 0 and max(even, odd) * 3 > len(part) // 2:
        return ("utf-16-be",) if even > odd else ("utf-16-le",)
    return ()


def _written_twice(data: bytes) -> bytes | None:
    """What was UTF-8 before it was read as Windows-1252 and saved once more; ``None`` where it was not.

    Every letter beyond ASCII must be a part of such a sequence: no text is that by chance.
    """
    text = data.decode(UTF_8)
    try:
        once = b"".join(_bytes_by_sign()[sign] for sign in text)
        found = once.decode("utf-8")
    except (UnicodeError, KeyError):
        return None
    return once if found != text else None


@cache
def _bytes_by_sign() -> dict[str, bytes]:
    """Windows-1252, the five bytes that it lacks as controls."""
    table = {chr(code): bytes([code]) for code in range(256)}
    for code in range(0x80, 0xA0):
        with_sign = bytes([code]).decode("cp1252", errors="replace")
        if with_sign != "\ufffd":
            table[with_sign] = bytes([code])
    return table


def _of_256(
    data: bytes, place: str, refusal: type[ForecastError], names: Iterable[str], may_hold: Iterable[str]
) -> tuple[str, str]:
    """The table of 256 signs in which the words come out best, and a doubt of it where that is only the more
    usual one; empty where none makes text of the bytes.
    """
    words = list(dict.fromkeys(re.findall(rb"[A-Za-z0-9\x80-\xff]*[\x80-\xff][A-Za-z0-9\x80-\xff]*", data)))
    words = words[:_MOST_WORDS]
    named = _strange_words(names)
    known = named | _strange_words(may_hold)
    used = frozenset(sign for word in named for sign in word if not sign.isascii())
    scored: dict[tuple[str, ...], tuple[float, str]] = {}
    for encoding in TABLES_OF_256:
        try:
            texts = tuple(word.decode(encoding) for word in words)
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        score = _score(texts, known, used)
        if score is not None and texts not in scored:
            scored[texts] = (score + _LIKELY.get(encoding, 0.0), encoding)
    ranked = sorted(scored.items(), key=lambda item: -item[1][0])
    if not ranked:
        return "", ""
    (best, (score, encoding)), *others = ranked
    own = score - _LIKELY.get(encoding, 0.0)
    for texts, (points, other) in others:
        prior = _LIKELY.get(other, 0.0)
        refused, as_good = points > score - _SURE, points - prior > own - _SURE
        if not refused and not (as_good and prior >= _USUAL):
            continue
        one, two = next((one, two) for one, two in zip(best, texts, strict=True) if one != two)
        apart = f'its letters come out as "{one}" in {_called(encoding)} and as "{two}" in {_called(other)}'
        if refused:
            raise refusal(Fault(place, "", ABSENT, f"{apart}; save it as UTF-8, or name its encoding"))
        return (
            encoding,
            f"{apart}, and nothing in the table tells which is meant; the more usual one is taken",
        )
    return encoding, ""


def _strange_words(names: Iterable[str]) -> frozenset[str]:
    """Words of names that hold letters beyond ASCII."""
    return frozenset(
        word for name in names for word in re.findall(r"\w+", name.casefold()) if not word.isascii()
    )


def _score(words: Sequence[str], known: frozenset[str], used: frozenset[str]) -> float | None:
    """How well words come out; ``None`` where they hold controls, which no text does."""
    score = 0.0
    letters: set[str] = set()
    for word in words:
        strange = [sign for sign in word if not sign.isascii()]
        if any(unicodedata.category(sign) == "Cc" for sign in strange):
            return None
        lower = word.casefold()
        score += 6.0 if lower in known else _of_word(word)
        for sign in strange:
            if sign.isalpha() and not sign.casefold()[0].isascii():
                letters.add(sign.casefold()[0])
    if letters:
        covered = max(sum(1.0 if sign in own else -0.5 for sign in letters) for own in _languages(used))
        score += 1.5 * covered + 1.5 * len(letters & used)
    return score / max(len(words), 1) ** 0.5


def _languages(used: frozenset[str]) -> list[frozenset[str]]:
    """The letters of every language that has those which known names use; of all where none has them."""
    every = [frozenset(own) for own in _LETTERS.values()]
    return [own for own in every if used <= own] or every


def _of_word(word: str) -> float:
    """Points of a word that holds letters beyond ASCII."""
    score = 0.0
    core = word.strip(_AROUND_WORDS)
    score -= 2.0 * sum(not sign.isascii() and not sign.isalpha() for sign in core)
    if not core:
        return score
    scripts = {unicodedata.name(sign, "?").split()[0] for sign in core if sign.isalpha()}
    score -= 3.0 * (len(scripts) - 1) if scripts else 0.0
    if scripts == {"LATIN"} and len(core) >= 4 and not any(sign.isascii() for sign in core):
        score -= 2.0
    for before, sign in pairwise(core):
        if before.islower() and sign.isupper() and not sign.isascii():
            score -= 2.0
        if before.isupper() and sign.islower() and not sign.isascii() and core[-1:].isupper():
            score -= 1.0
    return score - _unspeakable(core)


def _unspeakable(word: str) -> float:
    """Points off for consonants that follow each other, beyond what any language has."""
    bare = [unicodedata.normalize("NFKD", sign)[0] for sign in word.casefold() if sign.isalpha()]
    run = longest = 0
    for sign in bare:
        run = 0 if sign in _VOWELS else run + 1
        longest = max(longest, run)
    silent = len(bare) >= 4 and not word.isupper() and longest == len(bare)
    return max(0, longest - _SPEAKABLE) + (1.0 if silent else 0.0) if not word.isupper() else 0.0
