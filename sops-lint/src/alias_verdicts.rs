//! Remembers the verdicts about values by their position in the text: aliases can repeat a value
//! far more often than is worth checking.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::secret::{SECRET_PARTS, SecretValue};

/// The maximum number of checks of one value. It is more than one, because the key of an alias may
/// matter.
const LOOKS: usize = 16;

/// The position of a value, and how it is judged: as base64 or not, and in which field of a Secret.
type ValueUse = (usize, bool, bool);

/// The values that were checked: how many times, and whether a check found a secret.
#[derive(Default)]
pub(crate) struct AliasVerdicts(RefCell<HashMap<ValueUse, (usize, bool)>>);

impl AliasVerdicts {
    /// Whether a value is in plaintext according to `judge`.
    pub(crate) fn is_open(
        &self,
        value: &SecretValue<'_, '_>,
        judge: impl Fn(&SecretValue<'_, '_>) -> bool,
    ) -> bool {
        if value.place == value.origin {
            return judge(value);
        }
        let is_base64 = value.field.eq_ignore_ascii_case("data");
        let key = (
            value.origin.start,
            is_base64,
            SECRET_PARTS.contains(&value.field),
        );
        let mut all = self.0.borrow_mut();
        let (looks, is_open) = all.entry(key).or_default();
        if *looks == LOOKS {
            return *is_open;
        }
        *looks += 1;
        let verdict = judge(value);
        *is_open |= verdict;
        verdict
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use sops_document::Format;

    use sops_core::parse_document;

    use super::*;
    use crate::object::secrets;
    use crate::secret::secret_fields;

    #[test]
    fn a_value_is_checked_a_few_times_however_many_aliases_refer_to_it() {
        let aliases: String = (0..500).map(|key| format!("  k{key}: *a\n")).collect();
        let text = format!("kind: Secret\nx: &a b\nstringData:\n  own: c\n{aliases}");
        let document = parse_document(&text, Format::Yaml).expect("the text is YAML");
        let verdicts = AliasVerdicts::default();
        let looks = Cell::new(0);
        let judge = |_: &SecretValue<'_, '_>| {
            looks.set(looks.get() + 1);
            true
        };
        let fields = secret_fields(secrets(&document)[0]);
        let values = fields.iter().filter(|field| field.is_part());
        let values: Vec<_> = values.flat_map(|field| field.values()).collect();
        assert_eq!(values.len(), 501);
        assert!(values.iter().all(|value| verdicts.is_open(value, judge)));
        assert_eq!(looks.get(), LOOKS + 1);
    }
}
