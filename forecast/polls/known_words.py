"""Words of poll tables, in the languages in which they are kept: columns, rows that are no polls, samples.

Names of columns are compared as ``heading_key`` makes them. The first name of every fact is its own.
"""

from __future__ import annotations

import re
import unicodedata

from forecast.election.texts import normalised

OTHER, UNDECIDED = "other", "undecided"

FACTS: dict[str, tuple[str, ...]] = {
    "pollster": (
        "pollster", "firm", "institute", "polling firm", "company", "polling company", "polling organisation",
        "polling organization", "pollster name", "institute name", "pollster client", "polling firm client",
        "polling firm commissioner", "polling firm link", "institut", "umfrageinstitut", "institutt", "byrå",
        "bureau", "onderzoeksbureau", "peiler", "instituto", "encuestadora", "casa encuestadora", "empresa",
        "empresa demoscópica", "istituto", "sondeur", "ośrodek", "pracownia", "agentura", "agentúra",
        "kutató",
        "intézet", "közvélemény kutató", "anketar", "agencija", "agenție", "casa de sondare", "институт",
        "социологическая служба", "организация", "компания", "агенция", "агенција", "агентство", "служба",
        "зерттеу орталығы", "εταιρεία", "εταιρία", "küsitleja", "uuringufirma", "apklausos vykdytojas",
        "bendrovė", "aptaujas veicējs", "tutkimuslaitos", "anket şirketi", "fyrirtæki", "könnunaraðili",
        "מכון", "סוקר", "კომპანია", "mätföretag", "målingsinstitut", "måling", "meningsmåling",
        "meningsmålingsinstitut", "analyseinstitut",
        "izvajalec", "naročnik in izvajalec", "agencija za istraživanje",
    ),
    "fieldwork": (
        "fieldwork", "fieldwork dates", "fieldwork date", "fieldwork period", "field dates", "field date",
        "dates conducted", "date conducted", "conducted", "dates", "survey dates", "polling dates",
        "polling period", "period", "zeitraum", "befragungszeitraum", "erhebung", "erhebungszeitraum",
        "période", "dates de sondage", "trabajo de campo", "periodo", "período", "periodo de campo",
        "veldwerk", "feltarbeid", "feltperiode", "intervjuperiode", "fältarbete", "mätperiod", "kenttätyö",
        "termin badania", "data badania", "datum sběru", "termín", "termin", "período de campo",
        "küsitlusperiood", "apklausos laikotarpis", "datum raziskave", "datum istraživanja", "период",
        "даты опроса", "период на провеждане", "ημερομηνίες διεξαγωγής", "περίοδος", "תאריך הסקר",
    ),
    "fieldwork_start": (
        "fieldwork start", "start", "date start", "from", "start date", "begin", "begin date", "survey start",
        "polling start", "collect period from", "field start", "first day", "beginn", "von", "début",
        "date de début", "inicio", "fecha inicio", "inizio", "data inizio", "startdatum", "aanvang",
        "startdato",
        "data rozpoczęcia", "начало", "дата начала", "έναρξη", "algus", "pradžia", "sākums", "početak",
        "začetek",
    ),
    "fieldwork_end": (
        "fieldwork end", "end", "date end", "to", "end date", "survey end", "polling end",
        "collect period to", "field end", "last day", "ende", "bis", "fin", "date de fin", "fecha fin",
        "fine", "data fine", "einddatum", "slutdato", "slutdatum", "data zakończenia", "конец",
        "дата окончания", "край", "λήξη", "lõpp", "pabaiga", "beigas", "kraj", "konec",
    ),
    "published": (
        "published", "publish date", "publication date", "date published", "publ date", "release date",
        "released", "publication", "veröffentlicht", "veröffentlichung", "publikationsdatum", "publié",
        "date de publication", "publicación", "fecha de publicación", "pubblicazione", "publicatie",
        "publicatiedatum", "publisert", "publiceret", "publicerad", "publiceringsdatum", "data publikacji",
        "zveřejněno", "zverejnené", "publikálás", "дата публикации", "опубликовано", "публикация",
        "жарияланды", "δημοσίευση", "avaldatud", "paskelbta", "publicēts", "objavljeno", "julkaistu",
        "birt", "yayın tarihi", "survey date",
    ),
    "date": (
        "date", "day", "datum", "dato", "data", "fecha", "dátum", "kuupäev", "datums", "datums aptaujas",
        "päivämäärä", "dagsetning", "tarih", "дата", "датум", "күні", "ημερομηνία", "תאריך", "თარიღი",
        "päiväys",
        "date s", "publyearmonth", "date administered",
    ),
    "sample_size": (
        "sample size", "sample", "n", "respondents", "sample size n", "size", "nr participants",
        "participants", "survey persons", "persons", "number of respondents", "interviews", "base",
        "befragte", "stichprobe", "stichprobengröße", "teilnehmer", "échantillon", "taille de l échantillon",
        "muestra", "tamaño muestral", "amostra", "tamanho da amostra", "campione", "steekproef",
        "steekproefgrootte", "utvalg", "antall", "antal", "stikprøve", "urval", "otos", "vastaajia", "úrtak",
        "próba", "liczebność", "velikost vzorku", "vzorek", "vzorka", "veľkosť vzorky", "minta",
        "mintanagyság",
        "vzorec", "uzorak", "veličina uzorka", "eșantion", "mărimea eșantionului", "выборка", "объем выборки",
        "извадка", "узорак", "вибірка", "іріктеме", "δείγμα", "valim", "valimi suurus", "imtis",
        "respondentų skaičius", "izlase", "izlases lielums", "örneklem", "örneklem büyüklüğü", "מדגם",
        "שיעור מדגם", "შერჩევა",
    ),
    "sample": ("population", "sample type", "sample population", "subpopulation", "who was asked", "voters"),
    "kind": ("kind", "kind of poll"),
    "scope": ("scope",),
    "region": ("region", "région", "región", "regione", "região", "regio", "regija", "regioon",
    "bundesland", "landsdel", "регион", "область", "облыс", "өңір", "област", "περιφέρεια"),
    "district": (
        "district", "constituency", "electoral district", "wahlkreis", "circonscription", "circunscripción",
        "círculo eleitoral", "circoscrizione", "kiesdistrict", "kieskring", "valkrets", "valgdistrikt",
        "storkreds", "vaalipiiri", "kjördæmi", "okręg", "okręg wyborczy", "volební kraj", "választókerület",
        "volilna enota", "izborna jedinica", "circumscripție", "valimisringkond", "rinkimų apygarda",
        "vēlēšanu apgabals", "избирательный округ", "изборна единица", "изборен район", "виборчий округ",
        "сайлау округі", "εκλογική περιφέρεια", "seçim çevresi",
    ),
    "source": ("source", "url", "link", "ref", "references", "quelle", "fuente", "källa", "kilde", "zdroj",
    "źródło"),
    "unit": ("unit", "units"),
    "poll_id": ("poll id", "poll", "survey id", "pollid", "gallupid"),
    "question_id": ("question id", "scenario"),
}  # fmt: skip
"""Columns with a meaning, by the names under which they are known."""

PARTY_COLUMN = (
    "party", "answer", "choice", "option", "list", "candidate", "party name", "partei", "parti", "partij",
    "partido", "partito", "partia", "strana", "párt", "puolue", "партия", "партія", "странка", "partija",
    "erakond", "flokkur", "κόμμα", "מפלגה",
)  # fmt: skip
SHARE_COLUMN = (
    "share", "percent", "percentage", "pct", "prosent", "procent", "prozent", "porcentaje", "percentuale",
    "pourcentage", "percentagem", "procento", "százalék", "процент", "доля", "result", "value", "support",
    "estimate",
)  # fmt: skip

RESERVED: dict[str, tuple[str, ...]] = {
    OTHER: (
        "other", "others", "other parties", "oth", "o", "others total", "all others", "other none",
        "sonstige", "sonst", "andere", "andre", "øvrige", "övriga", "annet", "muut", "aðrir", "annað",
        "autre",
        "autres", "otros", "otro", "outros", "altri", "altre", "altro", "overig", "overige", "overigen",
        "inne",
        "pozostałe", "ostatní", "ostatné", "iné", "jiné", "ostali", "ostalo", "drugi", "egyéb", "egyebek",
        "alții",
        "altele", "другие", "прочие", "други", "остали", "остало", "інші", "басқалар", "άλλοι", "λοιποί",
        "άλλο", "muud", "teised", "kiti", "kitos", "citi", "citas", "diğer", "diğerleri", "אחרים", "სხვა",
        "tjera", "altres", "autre liste",
    ),
    UNDECIDED: (
        "undecided", "don't know", "dont know", "refused", "no answer", "undecided or refused",
        "would not vote", "will not vote", "uncertain", "unsure", "undecideds", "dk", "don t know",
        "not sure",
        "no opinion", "abstention", "abstain", "non voters", "unentschlossen", "unentschieden", "weiß nicht",
        "keine angabe", "nichtwähler", "vet ej", "vet inte", "osäkra", "vet ikke", "ved ikke", "usikre",
        "tvivlere", "stemmer ikke", "ei osaa sanoa", "eos", "óákveðnir", "indécis", "ne sait pas", "nspp",
        "abstention vote blanc", "indecisos", "ns nc", "no sabe", "no contesta", "abstención", "indecisi",
        "non sa", "weet niet", "onbeslist", "zweeft", "niezdecydowani", "nie wiem", "trudno powiedzieć",
        "nerozhodnutí", "neví", "nevie", "nerozhodnutí voliči", "nevoliči", "nem tudja", "bizonytalan",
        "neopredeljeni", "ne vem", "neodlučni", "neopredijeljeni", "неопределившиеся", "затрудняюсь ответить",
        "не определились", "неодлучни", "не знам", "нерешили", "не визначилися", "важко відповісти",
        "шешпегендер", "αναποφάσιστοι", "δεν ξέρω δεν απαντώ", "ei oska öelda", "ei tea", "neapsisprendę",
        "nežino", "nezina", "nav izlēmuši", "nehotărâți", "nu știu", "kararsız", "kararsızlar", "לא יודע",
        "indecisos nulo", "neopredeljenih", "nedecisi", "und", "undec", "not vote", "would not say",
        "don t know refused", "none refused", "none", "none of these", "none of the above", "abst",
        "abstaining",
        "no vote", "not voting", "wnv", "blank", "blank vote", "undecided none",
    ),
}  # fmt: skip

NO_SHARES = frozenset(
    {
        "margin of error", "error", "margin", "response rate", "turnout", "weight", "share sum", "sum",
        "total", "days before", "year", "month", "day", "wave", "stations", "id", "lead", "row", "number",
        "precision", "participation", "moe", "house", "cycle", "index", "rank", "vorsprung", "ventaja",
        "avance",
        "diff", "difference", "majority", "gov", "opp", "government", "opposition", "distacco", "voorsprong",
        "ledning", "førning", "føring", "przewaga", "náskok", "participación", "frafald", "preference",
        "beteiligung", "wahlbeteiligung", "poll of polls", "pollster id", "approx period", "previa",
        "forskot",
        "razlika", "razlika vodilne", "vodstvo", "perewaga", "отрыв", "перевага", "διαφορά", "pārsvars",
        "participação", "abs", "valdeltagande", "valgdeltagelse",
    }
)  # fmt: skip
"""Columns of numbers that are no shares of parties."""

NO_POLL = re.compile(
    r"\b(?:election|elections|general election|referendum|result|results|average|averages|mean|poll of polls|"
    r"polls? average|aggregate|trend|by-?election|wahl|wahlen|landtagswahl|bundestagswahl|nationalratswahl|"
    r"ergebnis|wahlergebnis|durchschnitt|mittelwert|schnitt|élections?|législatives|moyenne|elecci[oó]n|"
    r"elecciones|elei[cç][aã]o|elei[cç][oõ]es|legislativas|resultado|promedio|media|elezioni|risultati|valg|"
    r"folketingsvalg|stortingsvalg|riksdagsval|riksdagsvalet|valresultat|valet|gjennomsnitt|gennemsnit|"
    r"genomsnitt|medel|verkiezingen|uitslag|gemiddelde|wybory|wyniki|średnia|volby|výsledky|průměr|priemer|"
    r"voľby|választás|eredmény|átlag|volitve|izbori|rezultati|povprečje|prosjek|alegeri|rezultat|medie|"
    r"выборы|результаты|среднее|избори|резултати|средно|вибори|сайлау|εκλογές|αποτελέσματα|μέσος όρος|"
    r"valimised|tulemused|keskmine|rinkimai|rezultatai|vidurkis|vēlēšanas|vidējais|eduskuntavaalit|vaalit|"
    r"keskiarvo|kosningar|seçim|seçimi|ortalama|בחירות|ממוצע|არჩევნები)\b",
    re.IGNORECASE,
)
"""Words of rows that hold an election, a result or an average, not a poll."""

WORDS = tuple(
    word
    for names in (*FACTS.values(), *RESERVED.values(), PARTY_COLUMN, SHARE_COLUMN, NO_SHARES)
    for word in names
    if not word.isascii()
)
"""Those with letters beyond ASCII, by which the encoding of a table is known."""

SAMPLES = {
    "lv": 0, "likely voters": 0, "likely": 0, "certain to vote": 0,
    "v": 1, "voters": 1, "decided voters": 1,
    "rv": 2, "registered voters": 2, "registered": 2, "eligible voters": 2, "eligible": 2,
    "a": 3, "adults": 3, "all adults": 3, "all": 3, "all respondents": 3,
}  # fmt: skip
"""Whom a poll asked, the nearest to those who vote first."""
SAMPLE_WORDS = {0: "likely voters", 1: "voters", 2: "registered voters", 3: "adults"}

_NOTE = re.compile(r"\[[^\]]{0,12}\]|[\u00b9\u00b2\u00b3\u2070-\u2079†‡]+$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def without_notes(text: str) -> str:
    """A text without footnotes: ``[1]``, ``[a]``, signs that stand raised at its end."""
    return _NOTE.sub("", text).strip() if "[" in text or not text.isascii() else text


def heading_key(name: str) -> str:
    """The name of a column as names are compared: without footnotes, units, points and line breaks."""
    text = without_notes(" ".join(name.split()))
    text = re.sub(r"\((?:%|pct|percent|in %|n)\)|%$|^%", " ", text)
    return normalised(re.sub(r"[.:,;()/'’\"*]+", " ", text))


def split_words(name: str) -> str:
    """``collectPeriodFrom`` as collect period from."""
    return _CAMEL.sub(" ", name)


def plain_key(name: str) -> str:
    """A name of a party as far as letters and digits go: without accents, case and signs."""
    text = "".join(
        sign for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign)
    )
    text = text.translate(_PLAIN)
    return re.sub(r"[^\w+]+|_", " ", text).strip()


def spelt_key(name: str) -> str:
    """As ``plain_key``, with ae for ä, oe for ö and ø, ue for ü."""
    return plain_key(unicodedata.normalize("NFC", name.casefold()).translate(_SPELT))


_PLAIN = str.maketrans(
    {"ø": "o", "æ": "ae", "å": "a", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})
