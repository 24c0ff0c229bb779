//! Parses and formats timestamps as Go's `time` package does for SOPS.

use std::fmt;

/// A date, a time of day and an offset from UTC, all as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    offset_minutes: i16,
}

impl Time {
    /// Parses a timestamp as `time.Time.UnmarshalText` does: RFC 3339, but the hour may have one
    /// digit, `,` may replace the decimal point, and offsets go up to 24 hours and 60 minutes.
    pub fn from_rfc3339(text: &[u8]) -> Option<Self> {
        let mut rest = text;
        let (year, month, day) = date(&mut rest, two_digits)?;
        literal(&mut rest, b'T')?;
        let (hour, minute, second, nanosecond) = time_of_day(&mut rest, two_digits)?;
        let offset_minutes = zone(&mut rest)?;
        let time = Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            nanosecond,
            offset_minutes,
        };
        rest.is_empty().then_some(time)
    }

    /// Parses a timestamp as Go's YAML library does: a date alone, or a date and a time. A time
    /// after `T` or `t` has an offset; a time after spaces has none. Months, days, hours, minutes
    /// and seconds may have one digit.
    pub fn from_yaml(text: &[u8]) -> Option<Self> {
        let mut rest = text;
        let (year, month, day) = date(&mut rest, one_or_two_digits)?;
        let (mut hour, mut minute, mut second, mut nanosecond, mut offset_minutes) =
            (0, 0, 0, 0, 0);
        match rest.split_first() {
            None => {}
            Some((b'T' | b't', remainder)) => {
                rest = remainder;
                (hour, minute, second, nanosecond) = time_of_day(&mut rest, one_or_two_digits)?;
                offset_minutes = zone(&mut rest)?;
            }
            Some((b' ', remainder)) => {
                let spaces = remainder.iter().take_while(|byte| **byte == b' ').count();
                rest = &remainder[spaces..];
                (hour, minute, second, nanosecond) = time_of_day(&mut rest, one_or_two_digits)?;
            }
            Some(_) => return None,
        }
        let time = Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            nanosecond,
            offset_minutes,
        };
        rest.is_empty().then_some(time)
    }

    /// The time without the fraction of its second, which the layout `time.RFC3339` omits.
    #[must_use]
    pub fn without_fraction(self) -> Self {
        Self {
            nanosecond: 0,
            ..self
        }
    }

    /// Whether `time.Time.MarshalText` accepts this time. Offsets of 24 hours or more can be parsed
    /// but not written.
    pub fn can_be_written(&self) -> bool {
        self.offset_minutes.abs() < 24 * 60
    }
}

/// Formats the time as `time.Time.MarshalText` does: RFC 3339 with as few fractional digits as
/// needed.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if self.nanosecond != 0 {
            let (mut fraction, mut digits) = (self.nanosecond, 9);
            while fraction % 10 == 0 {
                (fraction, digits) = (fraction / 10, digits - 1);
            }
            write!(f, ".{fraction:0digits$}")?;
        }
        if self.offset_minutes == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let offset = self.offset_minutes.abs();
        write!(f, "{sign}{:02}:{:02}", offset / 60, offset % 60)
    }
}

type Digits = fn(&mut &[u8]) -> Option<u8>;

fn date(rest: &mut &[u8], number: Digits) -> Option<(u16, u8, u8)> {
    let year = u16::from(two_digits(rest)?) * 100 + u16::from(two_digits(rest)?);
    literal(rest, b'-')?;
    let month = number(rest)?;
    literal(rest, b'-')?;
    let day = number(rest)?;
    (1..=days_in(month, year)?)
        .contains(&day)
        .then_some((year, month, day))
}

fn time_of_day(rest: &mut &[u8], number: Digits) -> Option<(u8, u8, u8, u32)> {
    let hour = one_or_two_digits(rest).filter(|hour| *hour < 24)?;
    literal(rest, b':')?;
    let minute = number(rest).filter(|minute| *minute < 60)?;
    literal(rest, b':')?;
    let second = number(rest).filter(|second| *second < 60)?;
    Some((hour, minute, second, fraction(rest)))
}

/// The nanoseconds after a point or a comma. Digits after the ninth are ignored.
fn fraction(rest: &mut &[u8]) -> u32 {
    let [b'.' | b',', digits @ ..] = *rest else {
        return 0;
    };
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if count == 0 {
        return 0;
    }
    let (digits, remainder) = digits.split_at(count);
    *rest = remainder;
    let padded = digits
        .iter()
        .copied()
        .chain(std::iter::repeat(b'0'))
        .take(9);
    padded.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

/// The offset from UTC in minutes.
fn zone(rest: &mut &[u8]) -> Option<i16> {
    let (sign, remainder) = rest.split_first()?;
    *rest = remainder;
    let factor = match sign {
        b'Z' => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = two_digits(rest).filter(|hours| *hours <= 24)?;
    literal(rest, b':')?;
    let minutes = two_digits(rest).filter(|minutes| *minutes <= 60)?;
    Some(factor * (i16::from(hours) * 60 + i16::from(minutes)))
}

fn literal(rest: &mut &[u8], byte: u8) -> Option<()> {
    *rest = rest.strip_prefix(&[byte])?;
    Some(())
}

fn two_digits(rest: &mut &[u8]) -> Option<u8> {
    let [tens @ b'0'..=b'9', ones @ b'0'..=b'9', remainder @ ..] = *rest else {
        return None;
    };
    *rest = remainder;
    Some((tens - b'0') * 10 + (ones - b'0'))
}

fn one_or_two_digits(rest: &mut &[u8]) -> Option<u8> {
    two_digits(rest).or_else(|| {
        let [digit @ b'0'..=b'9', remainder @ ..] = *rest else {
            return None;
        };
        *rest = remainder;
        Some(digit - b'0')
    })
}

fn days_in(month: u8, year: u16) -> Option<u8> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => Some(if leap { 29 } else { 28 }),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}
