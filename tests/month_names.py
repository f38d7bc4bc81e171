"""The names of months in ``forecast/polls/months.json``, as the Unicode CLDR has them (through babel).

``python -m tests.month_names`` writes the file anew; a test holds it to babel. Babel itself is 36 MB of data
for every language of the world, of which reading polls needs these few words.
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

FILE = Path(__file__).parent.parent / "forecast" / "polls" / "months.json"
LANGUAGES = [
    *(
        "en",
        "de",
        "fr",
        "es",
        "pt",
        "it",
        "nl",
        "da",
        "nb",
        "nn",
        "sv",
        "fi",
        "is",
        "et",
        "lv",
        "lt",
        "pl",
        "cs",
    ),
    *(
        "sk",
        "sl",
        "hr",
        "bs",
        "sr",
        "sr_Latn",
        "mk",
        "bg",
        "sq",
        "el",
        "ro",
        "hu",
        "tr",
        "az",
        "ka",
        "hy",
        "uk",
    ),
    *(
        "be",
        "ru",
        "kk",
        "ky",
        "uz",
        "tg",
        "tk",
        "mn",
        "he",
        "ca",
        "gl",
        "eu",
        "ga",
        "cy",
        "mt",
        "lb",
        "af",
        "ar",
    ),
    *("fa", "hi", "id", "ja", "ko", "zh"),
]


def names() -> dict[str, dict[str, int]]:
    """Month by word, lower case and without points, for every language.

    The twelfth Japanese month is its number and a sign; such words are left to the reader of numbers.
    """
    from babel import Locale

    found: dict[str, dict[str, int]] = {}
    for language in LANGUAGES:
        words: dict[str, int] = {}
        twice: set[str] = set()
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in Locale.parse(language).months[form][width].items():
                    word = cleaned(name)
                    if not re.fullmatch(r"[^\W\d_]{2,}", word):
                        continue
                    if words.setdefault(word, month) != month:
                        twice.add(word)
        kept = {word: month for word, month in words.items() if word not in twice}
        if len(set(kept.values())) == 12:
            found[language.replace("_Latn", "-latn")] = kept
    return found


def cleaned(name: str) -> str:
    """A word as the reader of days compares it."""
    word = name.strip().casefold().split()[0] if name.strip() else ""
    word = word.rstrip(".").replace("\u2019", "").replace("'", "").replace("\u0307", "")
    return unicodedata.normalize("NFC", word)


def text() -> str:
    """The file: a line for each language."""
    lines = [
        f"{json.dumps(language)}: {json.dumps(words, ensure_ascii=False, separators=(',', ':'))}"
        for language, words in names().items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
