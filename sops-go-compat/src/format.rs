//! Formats floats as Go's `strconv` and `encoding/json` do.

use std::fmt::{self, Write};

/// Displays a float as `strconv.FormatFloat(v, 'f', -1, 64)` does: with the fewest digits and
/// without an exponent.
#[derive(Clone, Copy)]
pub struct Decimal(pub f64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            value if value.is_nan() => f.write_str("NaN"),
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            value => Shortest::of(value).write_decimal(f),
        }
    }
}

/// Appends a finite number as `strconv.FormatFloat(v, 'g', -1, 64)` formats it. A decimal exponent
/// outside `-4..6` is written with at least two digits.
pub fn write_general(out: &mut String, value: f64) {
    let shortest = Shortest::of(value);
    let exponent = shortest.exponent();
    // Writing to a `String` cannot fail.
    let _ = if (-4..6).contains(&exponent) {
        shortest.write_decimal(out)
    } else {
        shortest
            .write_mantissa(out)
            .and_then(|()| write!(out, "e{exponent:+03}"))
    };
}

/// Appends a finite number as `encoding/json` formats it, which follows ECMAScript: with an
/// exponent if the decimal exponent is outside `-6..21`.
pub fn write_ecmascript(out: &mut String, value: f64) {
    let shortest = Shortest::of(value);
    let exponent = shortest.exponent();
    // Writing to a `String` cannot fail.
    let _ = if (-6..21).contains(&exponent) {
        shortest.write_decimal(out)
    } else {
        shortest
            .write_mantissa(out)
            .and_then(|()| write!(out, "e{exponent:+}"))
    };
}

/// The decimal exponent of a number that [`Decimal`] writes exactly as in `text`, found without
/// parsing it. `None` if `text` has another form or more than 15 digits.
///
/// Two decimals of at most 15 digits never read as the same float, so `text` is the shortest form.
#[must_use]
pub fn exponent_of_decimal(text: &str) -> Option<i32> {
    const DIGITS: usize = 15;
    let text = text.as_bytes();
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let point = digits.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let count = whole.len() + fraction.map_or(0, <[u8]>::len);
    let has_zero = matches!(whole, [b'0', _, ..]) || matches!(fraction, Some([] | [.., b'0']));
    let is_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    if whole.is_empty() || has_zero || count > DIGITS || !is_digits(whole) {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    if !is_digits(fraction) {
        return None;
    }
    match whole {
        [b'0'] => {
            let first = fraction.iter().position(|byte| *byte != b'0');
            Some(first.map_or(0, |first| -(first as i32) - 1))
        }
        _ => Some(whole.len() as i32 - 1),
    }
}

/// What [`Decimal`] writes for the number in `text`, found without parsing it: `text` without zeros
/// at its end. `None` if `text` has another form or more than 15 digits.
#[must_use]
pub fn shortest_decimal(text: &str) -> Option<&str> {
    let shortest = match text.split_once('.') {
        Some((whole, fraction)) => match fraction.trim_end_matches('0').len() {
            0 => whole,
            length => &text[..whole.len() + 1 + length],
        },
        None => text,
    };
    exponent_of_decimal(shortest).map(|_| shortest)
}

/// The shortest decimal that reads back as the same float. If two are equally close, Go takes the
/// even one; Rust's own formatting takes the larger.
struct Shortest {
    negative: bool,
    /// The digits as an integer, without trailing zeros.
    digits: u64,
    /// The power of ten of the last digit.
    unit: i32,
}

impl Shortest {
    /// The shortest digits of a finite number.
    fn of(value: f64) -> Self {
        let mut text = Digits {
            digits: 0,
            exponent: 0,
            count: 0,
            part: Part::Mantissa,
        };
        // `Digits` never returns an error.
        let _ = write!(text, "{:e}", value.abs());
        let unit = text.exponent - text.count.saturating_sub(1);
        // A tie is possible only from 16 digits on. With fewer digits, the candidates are further
        // apart than the floats, so only one of them reads back.
        let digits = if text.count >= 16 {
            even_of_tie(text.digits, unit, value.abs())
        } else {
            text.digits
        };
        Self {
            negative: value.is_sign_negative(),
            digits,
            unit,
        }
    }

    fn count(&self) -> i32 {
        self.digits
            .checked_ilog10()
            .map_or(1, |log| log.cast_signed() + 1)
    }

    /// The power of ten of the first digit.
    fn exponent(&self) -> i32 {
        self.unit + self.count() - 1
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn write_decimal(&self, out: &mut impl Write) -> fmt::Result {
        let Self { digits, unit, .. } = self;
        out.write_str(self.sign())?;
        if *unit >= 0 {
            write!(
                out,
                "{digits}{:0<zeros$}",
                "",
                zeros = unit.unsigned_abs() as usize
            )
        } else if self.exponent() < 0 {
            write!(
                out,
                "0.{digits:0places$}",
                places = unit.unsigned_abs() as usize
            )
        } else {
            // The unit is at least -16; with a smaller one, there would be no digit before the
            // decimal point.
            let scale = 10_u64.pow(unit.unsigned_abs());
            let (whole, fraction) = (digits / scale, digits % scale);
            write!(
                out,
                "{whole}.{fraction:0places$}",
                places = unit.unsigned_abs() as usize
            )
        }
    }

    fn write_mantissa(&self, out: &mut impl Write) -> fmt::Result {
        let places = self.count() - 1;
        let scale = 10_u64.pow(places.unsigned_abs());
        write!(out, "{}{}", self.sign(), self.digits / scale)?;
        if places > 0 {
            write!(
                out,
                ".{:0places$}",
                self.digits % scale,
                places = places.unsigned_abs() as usize
            )?;
        }
        Ok(())
    }
}

/// Parses the output of Rust's `{:e}`, such as `1.5e-7`.
struct Digits {
    digits: u64,
    exponent: i32,
    count: i32,
    part: Part,
}

enum Part {
    Mantissa,
    Exponent { negative: bool },
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match (&mut self.part, byte) {
                (Part::Mantissa, b'0'..=b'9') => {
                    // At most 17 digits.
                    self.digits = self.digits * 10 + u64::from(byte - b'0');
                    self.count += 1;
                }
                (part @ Part::Mantissa, b'e') => *part = Part::Exponent { negative: false },
                (Part::Exponent { negative }, b'-') => *negative = true,
                (Part::Exponent { negative }, b'0'..=b'9') => {
                    let digit = i32::from(byte - b'0');
                    self.exponent = self.exponent * 10 + if *negative { -digit } else { digit };
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns `digits`, or the even neighbor if `value` is exactly halfway between the two and the
/// neighbor also reads back as `value`.
fn even_of_tie(digits: u64, unit: i32, value: f64) -> u64 {
    if digits.is_multiple_of(2) {
        return digits;
    }
    [digits - 1, digits]
        .into_iter()
        .find(|lower| is_exactly(value, lower * 10 + 5, unit - 1))
        .map(|lower| lower + lower % 2)
        .filter(|even| format!("{even}e{unit}").parse() == Ok(value))
        .unwrap_or(digits)
}

/// Whether `value` equals `digits * 10^unit`, for an odd `digits`.
fn is_exactly(value: f64, digits: u64, unit: i32) -> bool {
    let bits = value.to_bits();
    let (mantissa, exponent) = match (bits >> 52, bits & ((1 << 52) - 1)) {
        (0, fraction) => (fraction, -1074),
        // The exponent of a float has 11 bits.
        (biased, fraction) => (fraction | 1 << 52, biased as i32 - 1075),
    };
    let zeros = mantissa.trailing_zeros();
    let (odd, twos) = (mantissa >> zeros, exponent + zeros.cast_signed());
    let Some(fives) = 5_u64.checked_pow(unit.unsigned_abs()) else {
        return false;
    };
    let (left, right) = if unit >= 0 {
        (Some(odd), digits.checked_mul(fives))
    } else {
        (odd.checked_mul(fives), Some(digits))
    };
    twos == unit && left.is_some() && left == right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_even_decimal() {
        for (value, decimal) in [
            (1_004_629_550_575_379.0 + 0.25, "1004629550575379.2"),
            (1_004_629_550_575_379.0 + 0.75, "1004629550575379.8"),
            (-79_123_222_083_397.0 - 0.125, "-79123222083397.12"),
            (1_852_792_470_873_200.0 + 0.75, "1852792470873200.8"),
            (254_777_197_861_549.0 + 0.625, "254777197861549.62"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (0.000001, "0.000001"),
            (123.456, "123.456"),
            (1e23, "100000000000000000000000"),
            (0.1 + 0.2, "0.30000000000000004"),
            (5e-324, &format!("0.{}5", "0".repeat(323))),
            (f64::MAX, &format!("17976931348623157{}", "0".repeat(292))),
            (0.0, "0"),
            (-0.0, "-0"),
        ] {
            assert_eq!(Decimal(value).to_string(), decimal);
        }
    }

    #[test]
    fn the_shortest_decimal_of_a_text_is_that_of_its_value() {
        let parts = [
            "",
            "0",
            "00",
            "1",
            "9",
            "10",
            "50",
            "007",
            "123456",
            "99999999999999",
        ];
        let mut found = 0;
        for sign in ["", "-"] {
            for whole in parts {
                for end in ["".to_owned(), ".".to_owned()]
                    .into_iter()
                    .chain(parts.map(|fraction| format!(".{fraction}")))
                {
                    let text = format!("{sign}{whole}{end}");
                    let Some(shortest) = shortest_decimal(&text) else {
                        continue;
                    };
                    let value: f64 = text.parse().expect("the text is a number");
                    assert_eq!(Decimal(value).to_string(), shortest, "{text}");
                    let exponent = exponent_of_decimal(shortest);
                    assert_eq!(exponent, Some(Shortest::of(value).exponent()), "{text}");
                    found += 1;
                }
            }
        }
        assert!(found > 60, "{found} numbers are recognized");
        for other in [
            "",
            "-",
            ".",
            "-.",
            "+1",
            "1.5.",
            "1.5.0",
            "1..",
            ".5",
            "01",
            "1e3",
            "0x1",
            "1_0",
            " 1",
            "inf",
            "1234567890123456",
            "0.1234567890123456",
            "1.a0",
            "1.0a",
        ] {
            assert_eq!(shortest_decimal(other), None, "{other}");
        }
    }
}
