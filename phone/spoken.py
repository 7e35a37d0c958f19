"""Values as a person says them on the phone: sequences of prompt names. Pure; one voice says sentence and value."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

DIGITS = {
    "it": ("zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"),
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
MONTHS = {
    "it": (
        "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno",
        "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
DAYS = {
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
    "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
    "twenty-first", "twenty-second", "twenty-third", "twenty-fourth", "twenty-fifth", "twenty-sixth", "twenty-seventh",
    "twenty-eighth", "twenty-ninth", "thirtieth", "thirty-first",
)  # fmt: skip
WORDS = {
    "it": {"always": "a ogni ora, tutti i giorni", "today": "oggi", "tomorrow": "domani"},
    "en": {"always": "at all hours, every day", "today": "today", "tomorrow": "tomorrow"},
}
HALVES = (0, 30)
GROUPS = (3, 3, 3, 2)
SOON_DAYS = 7


def pieces(language: str) -> dict[str, str]:
    """The text of every piece that the functions below name."""
    found = {f"digit-{n}": word for n, word in enumerate(DIGITS[language])}
    found |= {f"month-{n + 1}": word for n, word in enumerate(MONTHS[language])}
    found |= {f"day-{n}": word for n, word in enumerate(DAYS[language])}
    found |= {f"from-day-{n}": _from_day(word, language) for n, word in enumerate(DAYS[language])}
    found |= {f"to-day-{n}": _to_day(n, word, language) for n, word in enumerate(DAYS[language])}
    found |= {f"date-{n}": _day_of_month(n, language) for n in range(1, 32)}
    for hour in range(25):
        for minute in HALVES if hour < 24 else (0,):
            clock = f"{hour:02}{minute:02}"
            found[f"at-{clock}"], found[f"from-{clock}"], found[f"to-{clock}"] = _times(hour, minute, language)
    return found | WORDS[language]


def _from_day(word: str, language: str) -> str:
    article = "dalla" if word == "domenica" else "dal"
    return f"{article} {word}" if language == "it" else f"from {word}"


def _to_day(number: int, word: str, language: str) -> str:
    if language == "en":
        return f"to {word}"
    return f"{'alla' if number == 6 else 'al'} {word}"


def _day_of_month(number: int, language: str) -> str:
    if language == "en":
        return f"{ORDINALS[number - 1]} of"
    if number == 1:
        return "il primo"
    return f"l'{number}" if number in (8, 11) else f"il {number}"


def _times(hour: int, minute: int, language: str) -> tuple[str, str, str]:
    if language == "en":
        clock = _english_clock(hour, minute)
        return f"at {clock}", f"from {clock}", f"to {clock}"
    number = hour % 24
    tail = f" e {minute}" if minute else ""
    if number == 0:
        return f"a mezzanotte{tail}", f"da mezzanotte{tail}", f"a mezzanotte{tail}"
    if number == 1:
        return f"all'una{tail}", f"dall'una{tail}", f"all'una{tail}"
    return f"alle {number}{tail}", f"dalle {number}{tail}", f"alle {number}{tail}"


def _english_clock(hour: int, minute: int) -> str:
    if hour % 24 == 0 and not minute:
        return "midnight"
    if hour == 12 and not minute:
        return "noon"
    half = "a m" if hour % 24 < 12 else "p m"
    return f"{hour % 12 or 12}{f' {minute}' if minute else ''} {half}"


def spoken_code(code: str) -> tuple[str, ...]:
    """A practice code digit by digit, with a pause between its groups of 3-3-3-2."""
    names: list[str] = []
    at = 0
    for size in GROUPS:
        names += [f"digit-{digit}" for digit in code[at : at + size]] + ["pause-short"]
        at += size
    return tuple(names[:-1])


def spoken_date(day: date) -> tuple[str, ...]:
    """A day and month: "il 3" "gennaio", or "third of" "January"."""
    return f"date-{day.day}", f"month-{day.month}"


def spoken_hours(first_day: int, last_day: int, opens: time, closes: time) -> tuple[str, ...]:
    """Weekly hours on half hours (days from 0, Monday): "dalle 9" "alle 18" "dal lunedì" "al venerdì"; h24 is said as such."""
    if (first_day, last_day) == (0, 6) and opens == closes == time(0):
        return ("always",)
    return f"from-{_clock(opens)}", f"to-{_clock(closes)}", f"from-day-{first_day}", f"to-day-{last_day}"


def spoken_opening(opening: datetime, now: datetime) -> tuple[str, ...]:
    """When the line opens, both times local: today, tomorrow, a day of the week, or with its date when that is far."""
    # Spoken times are half hours: one in between is said late, so that nobody finds the line still closed.
    opening += timedelta(minutes=-opening.minute % 30)
    at = f"at-{_clock(opening.time())}"
    days = (opening.date() - now.date()).days
    if days < 2:
        return ("tomorrow" if days else "today"), at
    day = f"day-{opening.weekday()}"
    return (day, at) if days < SOON_DAYS else (day, *spoken_date(opening.date()), at)


def _clock(moment: time) -> str:
    return f"{moment.hour:02}{moment.minute:02}"
