//! Polynomials over GF(2^8), the AES field (x^8 + x^4 + x^3 + x + 1), for Shamir's secret sharing.
//!
//! The arithmetic takes the same steps for all values, so its timing reveals nothing about them.

use zeroize::Zeroizing;

/// A point of several polynomials at once: the x coordinate, and the value of each of them there.
pub(crate) type Point<'p> = (u8, &'p [u8]);

/// The values at `x` of the polynomials of least degree that go through all points. The points have
/// different x coordinates, and the same number of values.
pub(crate) fn interpolate(points: &[Point<'_>], x: u8) -> Zeroizing<Vec<u8>> {
    let length = points.first().map_or(0, |(_, values)| values.len());
    let mut result = Zeroizing::new(vec![0; length]);
    for (own, values) in points {
        // Lagrange's basis polynomial. Subtraction is XOR, and no two coordinates are equal.
        let (mut numerator, mut denominator) = (1, 1);
        for (root, _) in points.iter().filter(|(root, _)| root != own) {
            numerator = multiply(numerator, x ^ root);
            denominator = multiply(denominator, own ^ root);
        }
        let weight = multiply(numerator, invert(denominator));
        for (byte, y) in result.iter_mut().zip(*values) {
            *byte ^= multiply(*y, weight);
        }
    }
    result
}

/// The product of two field elements, always in the same eight steps.
pub(crate) fn multiply(mut a: u8, b: u8) -> u8 {
    let mut product = 0;
    for bit in 0..8 {
        product ^= a & 0u8.wrapping_sub((b >> bit) & 1);
        a = (a << 1) ^ (0x1b & 0u8.wrapping_sub(a >> 7));
    }
    product
}

/// The inverse of an element: a^254, because a^255 = 1 for all elements except 0.
fn invert(a: u8) -> u8 {
    // 254 = 0b1111_1110: six rounds of square-and-multiply give a^127, and another square gives
    // a^254.
    let mut power = a;
    for _ in 0..6 {
        power = multiply(multiply(power, power), a);
    }
    multiply(power, power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_except_zero_has_an_inverse() {
        assert_eq!(invert(0), 0);
        assert!((1..=255).all(|a| multiply(a, invert(a)) == 1));
        // From FIPS 197, section 4.2.
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        assert_eq!(multiply(0x57, 0x13), 0xfe);
    }

    #[test]
    fn a_polynomial_goes_through_its_points() {
        let points: [Point<'_>; 3] = [(0, &[7, 1]), (9, &[200, 2]), (255, &[31, 3])];
        for (x, values) in points {
            assert_eq!(*interpolate(&points, x), values);
        }
        let on_line = interpolate(&points[..2], 77);
        let points = [points[1], (77, &on_line[..])];
        assert_eq!(*interpolate(&points, 0), [7, 1]);
    }
}
