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
PLUS = {"it": "più", "en": "plus"}
HALVES = (0, 30)
HOME = "+39"
FURTHEST_PLACE = 99
HOUR_MIN = 60
MINUTES = (*range(1, 10), *range(10, HOUR_MIN + 1, 5))
"""The minutes that a wait is told in: beyond ten nobody needs the single one, and no estimate is as good as that."""
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
    found |= {f"position-{n}": _place(n, language) for n in range(1, FURTHEST_PLACE + 1)}
    for minutes in MINUTES:
        found[f"number-{minutes}"] = _number(minutes, language)
        found[f"minutes-{minutes}"], found[f"and-minutes-{minutes}"] = _minutes(minutes, language)
    return found | WORDS[language] | {"plus": PLUS[language]}


def _place(number: int, language: str) -> str:
    return f"Lei è il numero {number} in attesa." if language == "it" else f"You are number {number} in line."


def _number(number: int, language: str) -> str:
    if number == 1:
        return "uno" if language == "it" else "one"
    return str(number)


def _minutes(number: int, language: str) -> tuple[str, str]:
    italian = language == "it"
    many = f"{number} {'minuti' if italian else 'minutes'}"
    alone = {1: "un minuto" if italian else "one minute", HOUR_MIN: "un'ora" if italian else "an hour"}
    return alone.get(number, many), f"{'e' if italian else 'and'} {many}"


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


def spoken_position(number: int) -> tuple[str, ...]:
    """A place in line, counted from 1, and a pause; far back it is not worth a number."""
    return f"position-{number}" if number <= FURTHEST_PLACE else "position-many", "pause-short"


def spoken_wait(low_min: int, high_min: int) -> tuple[str, ...]:
    """An estimated wait in minutes and a pause, 0 <= low <= high, wider rather than narrower.

    () for what tells nothing: from none to over an hour.
    """
    low = max((minutes for minutes in MINUTES if minutes <= low_min), default=0)
    high = min((minutes for minutes in MINUTES if minutes >= high_min), default=None)
    if high is None:
        return ("wait-over", f"minutes-{low}", "pause-short") if low else ()
    if not low:
        return "wait-under", f"minutes-{high}", "pause-short"
    if low == high:
        return "wait-about", f"minutes-{low}", "pause-short"
    return "wait-between", f"number-{low}", f"and-minutes-{high}", "pause-short"


def spoken_phone(number: str) -> tuple[str, ...]:
    """A telephone number in E.164, digit by digit in groups of three; an Italian one as it is dialled in Italy."""
    home = number.startswith(HOME)
    digits = number.removeprefix(HOME if home else "+")
    names: tuple[str, ...] = () if home else ("plus",)
    for at in range(0, len(digits), 3):
        names += (*(f"digit-{digit}" for digit in digits[at : at + 3]), "pause-short")
    return names[:-1]
