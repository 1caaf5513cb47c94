"""How many days there are until a day that the user names: words and today's date in, a named day out."""

from __future__ import annotations

import re
from datetime import date, timedelta

from alisa_desktop.conversation.vocabulary import words

_HOW_LONG = r"\bhow (?:many|much|long)\b.{0,30}?(?:\b(?:until|till?|before|(?<!take )(?<!takes )to)|'til) "
_DAYS_UNTIL = r"(?<!\d )\b(?:days|weeks|sleeps|countdown)\b.{0,20}?(?:\b(?:until|till?|to)|'til) |\bwhen is it "
_UNTIL = re.compile(rf"(?:{_HOW_LONG}|{_DAYS_UNTIL})(?=(?P<what>[^?!.\n]{{2,60}}))")

_MONTHS = words("january february march april may june july august september october november december")
_MONTH_STARTS = [name[:3] for name in _MONTHS]
_MONTH = rf"(?P<month>{'|'.join(f'{name}|{name[:3]}' for name in _MONTHS)}|sept)\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\b"
_YEAR = r"(?:,? (?P<year>\d{4})\b)?"
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<number>\d\d?)-(?P<day>\d\d?)\b"),
    re.compile(rf"(?:the )?{_DAY}(?: of)? {_MONTH}{_YEAR}"),
    re.compile(rf"{_MONTH} (?:the )?{_DAY}{_YEAR}"),
)
_DAY_ALONE = re.compile(r"the (\d{1,2})(?:st|nd|rd|th)$")
_MONTH_ALONE = re.compile(rf"(?:the )?({'|'.join(_MONTHS)})\b(?! (?:the )?\d)")
_NOT_ITSELF = r"(?! (?:break|holidays?|vacation|party|concert|sale|market|dinner))"
_FEASTS = tuple(
    (re.compile(rf"(?:the )?(?:{pattern})\b{_NOT_ITSELF}"), name, month, day)
    for pattern, name, month, day in (
        (r"(?:christmas|xmas) eve", "Christmas Eve", 12, 24),
        (r"(?:christmas|xmas|x-mas)(?: day)?(?! eve)", "Christmas", 12, 25),
        (r"new year'?s? eve|nye|silvester", "New Year's Eve", 12, 31),
        (r"new year'?s?(?: day)?(?! eve)", "New Year", 1, 1),
        (r"hallowe'?en|spooky day", "Halloween", 10, 31),
        (r"valentine'?s?(?: day)?", "Valentine's Day", 2, 14),
        (r"(?:st\.?|saint) patrick'?s?(?: day)?", "St. Patrick's Day", 3, 17),
        (r"april fools?'?s?(?: day)?", "April Fools' Day", 4, 1),
    )
)
_WEEKDAYS = words("monday tuesday wednesday thursday friday saturday sunday")
_WEEKDAY = re.compile(rf"(?:next |this |on )?({'|'.join(_WEEKDAYS)}|mon|tues?|wed|thu(?:rs?)?|fri|sat)\b(?! the \d)")
_WEEKEND = re.compile(r"(?:the |next |this )*weekend\b")
_SATURDAY = 5
_YEARS_AHEAD = 8
"""Between two leap days there are up to eight years."""


def find_day(text: str, today: date) -> tuple[str, date] | None:
    """The day that `text` asks to be counted down to, with its name ("3 December"); None when it names no such day."""
    plain = text.lower().replace("’", "'")
    for match in _UNTIL.finditer(plain):
        what = match["what"].strip()
        for find in (_feast, _dated, _day_of_month, _month, _weekday, _weekend):
            if "birthday" not in what and (found := find(what, today)):
                return found
    return None


def _feast(what: str, today: date) -> tuple[str, date] | None:
    for pattern, name, month, day in _FEASTS:
        if pattern.match(what):
            return name, _next(month, day, today)
    return None


def _dated(what: str, today: date) -> tuple[str, date] | None:
    match = next(filter(None, (pattern.match(what) for pattern in _DATES)), None)
    if not match:
        return None
    told = match.groupdict()
    month = int(told.get("number") or 1 + _MONTH_STARTS.index(match["month"][:3]))
    years = [int(told["year"])] if told["year"] else range(today.year, today.year + _YEARS_AHEAD + 1)
    days = (found for year in years if (found := _day(year, month, int(told["day"]))) and found >= today)
    if not (day := next(days, None)):
        return None
    year_told = f" {day.year}" if told["year"] or day.year != today.year else ""
    return f"{day.day} {_MONTHS[month - 1].capitalize()}{year_told}", day


def _day_of_month(what: str, today: date) -> tuple[str, date] | None:
    match = _DAY_ALONE.match(what)
    ahead = (today + timedelta(days) for days in range(62))
    day = next((day for day in ahead if match and day.day == int(match[1])), None)
    return (f"{day.day} {_MONTHS[day.month - 1].capitalize()}", day) if day else None


def _month(what: str, today: date) -> tuple[str, date] | None:
    match = _MONTH_ALONE.match(what)
    return (match[1].capitalize(), _next(_MONTHS.index(match[1]) + 1, 1, today)) if match else None


def _weekday(what: str, today: date) -> tuple[str, date] | None:
    match = _WEEKDAY.match(what)
    if not match:
        return None
    index = next(index for index, name in enumerate(_WEEKDAYS) if name.startswith(match[1][:3]))
    return _WEEKDAYS[index].capitalize(), today + timedelta((index - today.weekday() - 1) % 7 + 1)


def _weekend(what: str, today: date) -> tuple[str, date] | None:
    if not _WEEKEND.match(what):
        return None
    return "the weekend", today + timedelta((_SATURDAY - today.weekday()) % 7)


def _next(month: int, day: int, today: date) -> date:
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # 29 February, 31 June
        return None
