//! Parses numbers as Go's `strconv` does.

/// Parses a float as `strconv.ParseFloat(text, 64)` does. Syntax and range errors are `None`.
///
/// Besides decimals, Go accepts `inf`, `infinity` and `nan` in any case, hexadecimal mantissas with
/// a `p` exponent, and `_` between digits.
pub fn parse_float(text: &str) -> Option<f64> {
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

/// Whether every `_` is between two digits, or between the base prefix and a digit.
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

/// Parses a hexadecimal float such as `0x1.8p1`, rounded half to even.
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

/// Parses the exponent after `p`. It is clamped at a size that is out of range for any mantissa.
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

/// The float nearest to `mantissa * 2^exponent`, or to slightly more if `sticky`; `None` if it is
/// larger than the largest float.
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
    // More than 64 bits are dropped, so the value is less than half of the smallest float.
    let Some(dropped) = dropped else {
        return Some(0.0);
    };
    let wide = u128::from(mantissa);
    let kept = wide >> dropped;
    let rest = wide & ((1 << dropped) - 1);
    let half = 1_u128 << (dropped - 1);
    let up = rest > half || rest == half && (sticky || kept & 1 == 1);
    // At most 53 bits, plus a carry.
    let rounded = u64::try_from(kept).ok()? + u64::from(up);
    let biased = if below_normal > 0 {
        0
    } else {
        u64::try_from(exponent - LEAST_EXPONENT).ok()?
    };
    // The implicit leading bit of a normal mantissa, or a carry, adds one to the exponent field.
    let bits = biased
        .checked_mul(1 << FRACTION_BITS)?
        .checked_add(rounded)?;
    Some(f64::from_bits(bits)).filter(|value| value.is_finite() && value.is_sign_positive())
}

/// An integer as Go's YAML library represents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer {
    /// Fits in a signed 64-bit integer.
    Signed(i64),
    /// From 2^63 to 2^64-1.
    Unsigned(u64),
}

/// Parses an integer as `strconv.ParseInt(text, 0, 64)` does, then as `strconv.ParseUint(text, 0,
/// 64)`. `text` must not contain `_`.
///
/// The prefixes `0x`, `0o` and `0b`, and a leading `0` for octal, set the base.
pub fn parse_integer(text: &str) -> Option<Integer> {
    let (negative, magnitude) = split_sign(text);
    let signed = magnitude.len() < text.len();
    let (base, digits) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &magnitude[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &magnitude[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &magnitude[2..]),
        [b'0', _, ..] => (8, &magnitude[1..]),
        _ => (10, magnitude),
    };
    // Rust would accept a second sign.
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
    fn integers_use_go_prefixes() {
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
