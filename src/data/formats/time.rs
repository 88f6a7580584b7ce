//! Times as data sets write them, taken as UTC.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Milliseconds since 1970 of `2009-09-01 10:20:30`, `2009/09/01 10:20` or either with a fraction of a second; `None` of anything
/// else. Rounded as Python's `datetime.timestamp() * 1000` is.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    let mut date = date.split(['-', '/']);
    let (year, month, day) = (number(date.next()?)?, number(date.next()?)?, number(date.next()?)?);
    let (time, fraction) = time.split_once('.').map_or((time, None), |(time, fraction)| (time, Some(fraction)));
    let mut time = time.split(':');
    let (hour, minute) = (number(time.next()?)?, number(time.next()?)?);
    let second = time.next().map_or(Some(0), number)?;
    if date.next().is_some() || time.next().is_some() {
        return None;
    }
    let micros = match fraction {
        None => 0,
        Some(digits) if (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) => {
            number(digits)? * 10i64.pow(6 - digits.len() as u32)
        }
        Some(_) => return None,
    };
    let small = |value: i64| i8::try_from(value).ok();
    let at = DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    );
    let seconds = at.ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    Some(((seconds as f64 + micros as f64 / 1e6) * 1000.0) as i64)
}

fn number(text: &str) -> Option<i64> {
    Some(text).filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_python_reads_them() {
        for (text, wanted) in [
            ("1970-01-01 00:00:01", Some(1000)),
            ("2009-09-08 16:06:36.123", Some(1_252_425_996_123)),
            ("2011/10/03 09:05", Some(1_317_632_700_000)),
            ("2009-02-30 00:00:00", None),
            ("2009-09-08", None),
            ("2009-09-08 25:00:00", None),
            ("2009-09-08 10:00:00.1234567", None),
            ("then", None),
        ] {
            assert_eq!(milliseconds(text), wanted, "{text}");
        }
    }
}
