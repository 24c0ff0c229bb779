//! How Go's `strconv` reads and writes numbers.

use std::fmt::{self, Write};

/// A float that displays as `strconv.FormatFloat(v, 'f', -1, 64)` writes it: shortest digits, never an exponent.
#[derive(Clone, Copy)]
pub(super) struct Decimal(pub(super) f64);

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

/// Appends a finite number as `strconv.FormatFloat(v, 'g', -1, 64)` writes it: with an exponent of two digits or more
/// when the decimal exponent is not in `-4..6`.
pub(crate) fn write_general(out: &mut String, value: f64) {
    let shortest = Shortest::of(value);
    let exponent = shortest.exponent();
    // Writing onto a `String` cannot fail.
    let _ = if (-4..6).contains(&exponent) {
        shortest.write_decimal(out)
    } else {
        shortest
            .write_mantissa(out)
            .and_then(|()| write!(out, "e{exponent:+03}"))
    };
}

/// Appends a finite number as `encoding/json` writes it: with an exponent when the decimal exponent is not in `-6..21`,
/// the form of ECMAScript.
pub(crate) fn write_ecmascript(out: &mut String, value: f64) {
    let shortest = Shortest::of(value);
    let exponent = shortest.exponent();
    // Writing onto a `String` cannot fail.
    let _ = if (-6..21).contains(&exponent) {
        shortest.write_decimal(out)
    } else {
        shortest
            .write_mantissa(out)
            .and_then(|()| write!(out, "e{exponent:+}"))
    };
}

/// The fewest decimal digits that read back as a float, and of two such numbers equally near to it the even one, as Go
/// takes it; Rust's own formatting takes the larger.
struct Shortest {
    negative: bool,
    /// The digits as an integer without trailing zeros.
    digits: u64,
    /// The power of ten that they count.
    unit: i32,
}

impl Shortest {
    /// The digits of a finite number.
    fn of(value: f64) -> Self {
        let mut text = Digits {
            digits: 0,
            exponent: 0,
            count: 0,
            part: Part::Mantissa,
        };
        // `Digits` takes everything that is written to it.
        let _ = write!(text, "{:e}", value.abs());
        let unit = text.exponent - text.count.saturating_sub(1);
        // A tie has one significant digit more, so 17 or 18, and both its neighbours read back as the float; no
        // shorter one does, since floats are closer together than that.
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
            // A unit of -16 at the least, or the first digit would stand behind the point.
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

/// Reads what Rust writes for `{:e}`, as in `1.5e-7`.
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

/// `digits`, or the even one of its neighbours when `value` lies exactly between the two and that reads back as well.
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

/// Whether `value` is `digits * 10^unit`, where `digits` is odd.
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

/// `strconv.ParseFloat(text, 64)`, `None` for its syntax and range errors.
///
/// Beyond decimals it reads `inf`, `infinity` and `nan` in any case, hexadecimal mantissas with a `p` exponent, and `_`
/// between digits.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let decimal = |byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E');
    if text.bytes().all(decimal) {
        return text.parse().ok().filter(|value: &f64| value.is_finite());
    }
    if text.contains('_') {
        return if underscores_separate_digits(text) {
            parse_float(&text.replace('_', ""))
        } else {
            None
        };
    }
    if text.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN);
    }
    let (negative, magnitude) = split_sign(text);
    if magnitude.eq_ignore_ascii_case("inf") || magnitude.eq_ignore_ascii_case("infinity") {
        return Some(if negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
    }
    parse_hexadecimal(magnitude).map(|value| if negative { -value } else { value })
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    }
}

/// Whether every `_` stands between two digits, or between the base prefix and a digit.
fn underscores_separate_digits(text: &str) -> bool {
    #[derive(PartialEq)]
    enum Seen {
        Digit,
        Underscore,
        Other,
    }
    let digits = split_sign(text).1.as_bytes();
    let (prefix, hexadecimal) = match digits {
        [b'0', b'x' | b'X', ..] => (2, true),
        [b'0', b'b' | b'B' | b'o' | b'O', ..] => (2, false),
        _ => (0, false),
    };
    let mut seen = if prefix == 0 {
        Seen::Other
    } else {
        Seen::Digit
    };
    for byte in &digits[prefix..] {
        seen = match byte {
            b'0'..=b'9' => Seen::Digit,
            b'a'..=b'f' | b'A'..=b'F' if hexadecimal => Seen::Digit,
            b'_' if seen == Seen::Digit => Seen::Underscore,
            b'_' => return false,
            _ if seen == Seen::Underscore => return false,
            _ => Seen::Other,
        };
    }
    seen != Seen::Underscore
}

/// The value of `0x1.8p1` and its like, rounded half to even.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    let (digits, power) = digits.split_once(['p', 'P'])?;
    let mut exponent = parse_power(power)?;
    let mut mantissa = 0_u64;
    let mut sticky = false;
    let mut seen_point = false;
    let mut seen_digit = false;
    for byte in digits.bytes() {
        if byte == b'.' && !seen_point {
            seen_point = true;
            continue;
        }
        let digit = u64::from(char::from(byte).to_digit(16)?);
        seen_digit = true;
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
            exponent -= if seen_point { 4 } else { 0 };
        } else {
            sticky |= digit != 0;
            exponent += if seen_point { 0 } else { 4 };
        }
    }
    if !seen_digit {
        return None;
    }
    scale(mantissa, exponent, sticky)
}

/// The exponent behind `p`, held below a size where the number is out of range anyway.
fn parse_power(text: &str) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.bytes().fold(0_i64, |sum, digit| {
        if sum < 10_000 {
            sum * 10 + i64::from(digit - b'0')
        } else {
            sum
        }
    });
    Some(if negative { -size } else { size })
}

/// `mantissa * 2^exponent` and a little more when `sticky`, as the nearest float; `None` beyond the largest one.
fn scale(mantissa: u64, exponent: i64, sticky: bool) -> Option<f64> {
    const FRACTION_BITS: i64 = 52;
    const LEAST_EXPONENT: i64 = -1022;
    if mantissa == 0 {
        return Some(0.0);
    }
    let shift = mantissa.leading_zeros();
    let mantissa = mantissa << shift;
    let exponent = exponent - i64::from(shift) + 63;
    let below_normal = (LEAST_EXPONENT - exponent).max(0);
    let dropped = u32::try_from(63 - FRACTION_BITS + below_normal)
        .ok()
        .filter(|dropped| *dropped <= 64);
    // More than 64 bits dropped: less than half of the least float.
    let Some(dropped) = dropped else {
        return Some(0.0);
    };
    let wide = u128::from(mantissa);
    let kept = wide >> dropped;
    let rest = wide & ((1 << dropped) - 1);
    let half = 1_u128 << (dropped - 1);
    let up = rest > half || rest == half && (sticky || kept & 1 == 1);
    // At most 53 bits and a carry.
    let rounded = u64::try_from(kept).ok()? + u64::from(up);
    let biased = if below_normal > 0 {
        0
    } else {
        u64::try_from(exponent - LEAST_EXPONENT).ok()?
    };
    // The leading bit of a normal mantissa, and a carry, count one up in the exponent's field.
    let bits = biased
        .checked_mul(1 << FRACTION_BITS)?
        .checked_add(rounded)?;
    Some(f64::from_bits(bits)).filter(|value| value.is_finite() && value.is_sign_positive())
}

/// An integer as Go's YAML library holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integer {
    /// Within 64 bits with a sign.
    Signed(i64),
    /// From 2^63 to 2^64-1.
    Unsigned(u64),
}

/// `strconv.ParseInt(text, 0, 64)`, then `strconv.ParseUint(text, 0, 64)`; `text` has no `_`.
///
/// The prefixes `0x`, `0o`, `0b` and a leading `0` for octal set the base.
pub(crate) fn parse_integer(text: &str) -> Option<Integer> {
    let (negative, magnitude) = split_sign(text);
    let signed = magnitude.len() < text.len();
    let (base, digits) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &magnitude[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &magnitude[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &magnitude[2..]),
        [b'0', _, ..] => (8, &magnitude[1..]),
        _ => (10, magnitude),
    };
    // Rust would read one more sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let size = u64::from_str_radix(digits, base).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(size).map(Integer::Signed);
    }
    match i64::try_from(size) {
        Ok(value) => Some(Integer::Signed(value)),
        Err(_) if signed => None,
        Err(_) => Some(Integer::Unsigned(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_nearest_decimals_the_even_one_is_written() {
        for (value, decimal) in [
            (1004629550575379.25, "1004629550575379.2"),
            (1004629550575379.75, "1004629550575379.8"),
            (-79123222083397.125, "-79123222083397.12"),
            (1852792470873200.75, "1852792470873200.8"),
            (254777197861549.625, "254777197861549.62"),
            (9007199254740993.0, "9007199254740992"),
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
    fn hexadecimal_floats_round_half_to_even() {
        for (text, value) in [
            ("0x1p0", Some(1.0)),
            ("0x.8p1", Some(1.0)),
            ("-0x1.8p1", Some(-3.0)),
            ("0x1.fffffffffffff8p0", Some(2.0)),
            ("0x1.fffffffffffff7p0", Some(1.999_999_999_999_999_8)),
            ("0x1.00000000000008p0", Some(1.0)),
            (
                "0x1.00000000000008000000000000001p0",
                Some(1.000_000_000_000_000_2),
            ),
            ("0x1p-1074", Some(5e-324)),
            ("0x1p-1075", Some(0.0)),
            ("0x1.8p-1075", Some(5e-324)),
            ("0x1p-99999999999", Some(0.0)),
            ("0x0p99999999999", Some(0.0)),
            ("0x1.fffffffffffffp1023", Some(f64::MAX)),
            ("0x1.fffffffffffff8p1023", None),
            ("0x1p1024", None),
            ("0x1p99999999999", None),
            ("0x00000000000000000000001p0", Some(1.0)),
            ("0x10000000000000000000000p-88", Some(1.0)),
            ("0x1", None),
            ("0xp1", None),
            ("0x.p1", None),
            ("0x1p", None),
            ("0x1p+", None),
            ("0x1.2.3p1", None),
        ] {
            assert_eq!(parse_float(text), value, "{text}");
        }
    }

    #[test]
    fn integers_have_go_prefixes() {
        for (text, value) in [
            ("0", Some(Integer::Signed(0))),
            ("-0", Some(Integer::Signed(0))),
            ("017", Some(Integer::Signed(15))),
            ("08", None),
            ("0x", None),
            ("0X1f", Some(Integer::Signed(31))),
            ("-0O17", Some(Integer::Signed(-15))),
            ("0b+1", None),
            ("+-1", None),
            ("", None),
            ("-9223372036854775808", Some(Integer::Signed(i64::MIN))),
            ("-9223372036854775809", None),
            ("+9223372036854775808", None),
            ("9223372036854775808", Some(Integer::Unsigned(1 << 63))),
            ("18446744073709551616", None),
        ] {
            assert_eq!(parse_integer(text), value, "{text}");
        }
    }
}
