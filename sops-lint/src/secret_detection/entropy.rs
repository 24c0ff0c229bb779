//! Decides whether a string looks random.

/// Whether the text is long and looks random: letters and digits, with at least 3.5 bits per
/// character.
pub(crate) fn is_random(value: &str) -> bool {
    let of = |is: fn(&char) -> bool| value.chars().any(|character| is(&character));
    let mixed = of(char::is_ascii_digit) && of(char::is_ascii_alphabetic);
    let one_word = !value.contains(char::is_whitespace) && !value.contains("://");
    value.len() >= 16 && mixed && one_word && entropy(value) >= 3.5
}

/// The Shannon entropy in bits per character.
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
