"""Instants and intervals of requests: every form, and where it breaks."""

# ruff: noqa: DTZ001 - in UTC without a zone, as periods hold them

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_core.errors import PeriodError
from gis_core.periods import Period, read_period

DAYS = st.dates(date(1000, 1, 1), date(3000, 12, 31))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(datetime(1000, 1, 2), datetime(3000, 12, 30), timezones=ZONES)
DURATIONS = st.tuples(*(st.integers(0, 400) for _ in range(4)))


def plain(instant):
    """Return an instant as a period holds it: UTC, no zone, whole milliseconds."""
    if not isinstance(instant, datetime):
        return instant
    utc = instant.astimezone(UTC).replace(tzinfo=None)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def written(instant):
    return "" if instant is None else instant.isoformat()


@given(DAYS | MOMENTS)
def test_an_instant_is_itself(instant):
    assert read_period(written(instant)) == Period(plain(instant), plain(instant))


@given(st.none() | MOMENTS, st.none() | MOMENTS, st.sampled_from(["", ".."]))
def test_an_interval_is_from_its_start_to_its_end(start, end, blank):
    if start is not None and end is not None and plain(start) > plain(end):
        start, end = end, start
    text = "/".join(written(instant) or blank for instant in (start, end))
    ends = tuple(None if instant is None else plain(instant) for instant in (start, end))
    assert read_period(text) == Period(*ends)


@given(DAYS | MOMENTS, DURATIONS)
def test_days_and_times_of_durations_are_added_as_they_are(instant, parts):
    weeks, days, hours, seconds = parts
    span = timedelta(weeks=weeks, days=days, hours=hours, seconds=seconds)
    text = f"P{weeks}W{days}DT{hours}H{seconds}S"
    base = plain(instant)
    later, earlier = (
        read_period(f"{written(instant)}/{text}"),
        read_period(f"{text}/{written(instant)}"),
    )
    assert later.start == earlier.end == base
    if span % timedelta(days=1) and not isinstance(base, datetime):
        base = datetime(base.year, base.month, base.day)
    assert (later.end, earlier.start) == (base + span, base - span)


@given(DAYS, st.integers(0, 50), st.integers(0, 30))
def test_months_end_on_the_same_day_or_on_the_last(day, years, months):
    end = read_period(f"{day}/P{years}Y{months}M").end
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == years * 12 + months
    assert end.day == day.day or (end.day < day.day and (end + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2020-01-01/P1Y", date(2020, 1, 1), date(2021, 1, 1)),
        ("P1Y/2020-01-01", date(2019, 1, 1), date(2020, 1, 1)),
        ("P1M/2020-03-31", date(2020, 2, 29), date(2020, 3, 31)),
        ("2020-01-31/P1M1D", date(2020, 1, 31), date(2020, 3, 1)),
        ("2018-02-12/PT36H", date(2018, 2, 12), datetime(2018, 2, 13, 12)),
        (
            "2018-02-12T23:20:50Z/P2D",
            datetime(2018, 2, 12, 23, 20, 50),
            datetime(2018, 2, 14, 23, 20, 50),
        ),
        ("2020-01-01T00:00:00 01:00/..", datetime(2019, 12, 31, 23), None),
        ("../..", None, None),
        ("/", None, None),
    ],
)
def test_examples(text, start, end):
    assert read_period(text) == Period(start, end)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("..", 1),
        ("P1Y", 1),
        ("yesterday", 1),
        ("2020-1-01", 7),
        ("2020-13-01", 1),
        ("2020-05-17T08:00Z", 17),
        ("2020-05-17T08:00:00", 20),
        ("2020-02-30/2021-01-01", 1),
        ("2020-01-01/2019-01-01", 12),
        ("2020-01-01/x", 12),
        ("2020-01-01/2020-05-xx", 20),
        ("2020-01-01/P", 12),
        ("2020-01-01/P1YT", 12),
        ("2020-01-01/P1H", 12),
        ("2020-01-01/P9000Y", 12),
        ("P9999999D/2020-01-01", 1),
        ("../P1Y", 1),
        ("P1Y/..", 5),
        ("P1Y/P1Y", 5),
        ("2020-01-01/2020-02-01/2020-03-01", 22),
        ("２０２０-01-01", 1),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text, position):
    with pytest.raises(PeriodError) as refused:
        read_period(text)
    assert refused.value.fields["position"] == position


@given(st.text(alphabet="0123456789-/.:TPZDYMWHS+ ", max_size=40))
def test_any_other_text_is_read_or_refused_with_a_place_in_it(text):
    places = set()
    try:
        read_period(text)
    except PeriodError as refused:
        places.add(refused.fields["position"])
    assert all(1 <= place <= len(text) + 1 for place in places)
