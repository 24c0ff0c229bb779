//! Whether a text is as good as random.

/// Whether it is long and as good as random: letters and digits, with 3.5 bits and more a
/// character.
pub(crate) fn is_random(value: &str) -> bool {
    let of = |is: fn(&char) -> bool| value.chars().any(|character| is(&character));
    let mixed = of(char::is_ascii_digit) && of(char::is_ascii_alphabetic);
    let one_word = !value.contains(char::is_whitespace) && !value.contains("://");
    value.len() >= 16 && mixed && one_word && entropy(value) >= 3.5
}

/// Shannon's entropy in bits a character.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}
