//! Positions at which a character begins. The standard library has these functions from Rust 1.91.

/// The last position at or before `at` where a character of `text` begins, or the end of `text`.
pub fn floor_char_boundary(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let is_boundary = |at: &usize| text.is_char_boundary(*at);
    (0..=at)
        .rev()
        .find(is_boundary)
        .expect("position 0 is a boundary")
}

/// The first position at or after `at` where a character of `text` begins, or the end of `text`.
pub fn ceil_char_boundary(text: &str, at: usize) -> usize {
    let is_boundary = |at: &usize| text.is_char_boundary(*at);
    (at..text.len()).find(is_boundary).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_in_a_character_moves_to_its_beginning_or_end() {
        let text = "a€b";
        let floors: Vec<_> = (0..7).map(|at| floor_char_boundary(text, at)).collect();
        assert_eq!(floors, [0, 1, 1, 1, 4, 5, 5]);
        let ceilings: Vec<_> = (0..7).map(|at| ceil_char_boundary(text, at)).collect();
        assert_eq!(ceilings, [0, 1, 4, 4, 4, 5, 5]);
        assert_eq!(
            (floor_char_boundary("", 1), ceil_char_boundary("", 1)),
            (0, 0)
        );
    }
}
