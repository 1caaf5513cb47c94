"""Days and hours as people say them, in the user's own way of writing. Without windows."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from PySide6.QtCore import QDate, QLocale, QTime

TODAY = "Today"


def clock_time(moment: datetime) -> str:
    """The time of day where the user is."""
    local = moment.astimezone()
    return QLocale().toString(QTime(local.hour, local.minute), QLocale.FormatType.ShortFormat)


def day_words(day: date) -> str:
    """A day by its name, or by its date."""
    today = date.today()
    names = {today: TODAY, today - timedelta(days=1): "Yesterday"}
    return names.get(day) or QLocale().toString(QDate(day.year, day.month, day.day), "ddd d MMM yyyy")
