"""Calendars of many countries: weekends and holidays that a detector must learn from the bill itself."""

import numpy as np

DAY = np.timedelta64(1, "D")


def weekday(dates: np.ndarray) -> np.ndarray:
    """0 = Monday."""
    return (dates.astype("datetime64[D]").astype(int) + 3) % 7


def month_day(dates: np.ndarray) -> np.ndarray:
    return (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(int) + 1


def days_to_month_end(dates: np.ndarray) -> np.ndarray:
    following = (dates.astype("datetime64[M]") + 1).astype("datetime64[D]")
    return (following - dates).astype(int) - 1


def _ranges(dates: np.ndarray, spans: list[tuple[str, str]]) -> np.ndarray:
    off = np.zeros(len(dates), bool)
    for year in np.unique(dates.astype("datetime64[Y]")):
        for first, last in spans:
            off |= (dates >= np.datetime64(f"{year}-{first}")) & (dates <= np.datetime64(f"{year}-{last}"))
    return off


HOLIDAYS = {
    "golden_week": [("01-01", "01-03"), ("02-11", "02-11"), ("04-29", "04-29"), ("05-03", "05-06"), ("08-11", "08-15")],
    "europe": [("01-01", "01-01"), ("05-01", "05-01"), ("05-14", "05-15"), ("10-03", "10-03"), ("12-24", "12-31")],
    "gulf": [("03-20", "03-24"), ("05-26", "05-30"), ("09-23", "09-23"), ("12-02", "12-03")],
    "china": [("01-01", "01-01"), ("02-16", "02-22"), ("04-04", "04-06"), ("05-01", "05-05"), ("10-01", "10-07")],
    "brazil": [("02-14", "02-18"), ("04-21", "04-21"), ("09-07", "09-07"), ("11-20", "11-20"), ("12-24", "12-26")],
    "france_august": [
        ("05-01", "05-01"),
        ("05-08", "05-08"),
        ("07-14", "07-14"),
        ("08-03", "08-21"),
        ("12-25", "12-25"),
    ],
    "none": [],
}


def holiday(dates: np.ndarray, country: str) -> np.ndarray:
    return _ranges(dates, HOLIDAYS[country])


def weekend(dates: np.ndarray, country: str) -> np.ndarray:
    """Friday and Saturday in the Gulf, Saturday and Sunday elsewhere."""
    return np.isin(weekday(dates), (4, 5) if country == "gulf" else (5, 6))


def off_days(dates: np.ndarray, country: str) -> np.ndarray:
    return weekend(dates, country) | holiday(dates, country)
