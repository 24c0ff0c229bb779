//! Quotes that a dotenv value opens but its line does not close. Other programs continue up to the
//! closing quote; in SOPS the value ends with the line.

/// A dotenv value that begins with a quote that its line does not close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenQuote {
    /// The offset of the quote in bytes.
    pub offset: usize,
    /// The offset of the line that closes the quote. The lines up to that line probably belong to
    /// the value.
    pub closed_in: Option<usize>,
}

/// The open quotes in the text of a dotenv file.
pub fn open_quotes(text: &str) -> Vec<OpenQuote> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(quote) = open_quote(line) else {
            continue;
        };
        // Only the line with the next quote of this kind can close it.
        let next = lines.clone().find(|line| line.contains(quote));
        let closing = next
            .filter(|line| line.trim_end().ends_with(quote) && line.matches(quote).count() == 1);
        let offset = |line: &'_ str| line.as_ptr() as usize - text.as_ptr() as usize;
        let value = line.find('=').map_or(0, |equals| equals + 1);
        found.push(OpenQuote {
            offset: offset(line) + value,
            closed_in: closing.map(offset),
        });
        if let Some(closing) = closing {
            // The lines up to the closing quote belong to this value.
            while lines
                .next()
                .is_some_and(|line| !std::ptr::eq(line, closing))
            {}
        }
    }
    found
}

/// The quote that the value of a line opens but does not close.
fn open_quote(line: &str) -> Option<char> {
    if line.starts_with('#') {
        return None;
    }
    let (_, value) = line.split_once('=')?;
    let quote = value
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''))?;
    let mut rest = value[1..].chars();
    while let Some(character) = rest.next() {
        if character == '\\' && quote == '"' {
            rest.next();
        } else if character == quote {
            return None;
        }
    }
    Some(quote)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Location;

    #[test]
    fn open_quotes_are_found_with_the_line_that_closes_them() {
        for (text, wanted) in [
            ("A=\"x\nB=\ny\"\nC=1\n", &[(1, 3, Some(3))][..]),
            ("A='x\r\nB='\r\n", &[(1, 3, Some(2))]),
            ("A=\"x\nB=\"y\"\n", &[(1, 3, None)]),
            ("A=\"x\nB=\"y\n\"\n", &[(1, 3, None), (2, 3, Some(3))]),
            ("A=\"x\n", &[(1, 3, None)]),
            ("A=\"x\\\"\ny\"", &[(1, 3, Some(2))]),
            (
                "A=\"x\"y\nB='x' # it's\n#C=\"\nD=5\"\nE=\n\nF=x=\"y\nG",
                &[],
            ),
            ("É=\"\n", &[(1, 3, None)]),
        ] {
            let found: Vec<_> = open_quotes(text)
                .into_iter()
                .map(|quote| {
                    let at = Location::of(text, quote.offset);
                    let line = |offset| Location::of(text, offset).line;
                    (at.line, at.column, quote.closed_in.map(line))
                })
                .collect();
            assert_eq!(found, wanted, "{text:?}");
        }
    }
}
