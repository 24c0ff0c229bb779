//! Limits the work that the master keys of one file may cause. Anyone who can change a file can add
//! thousands of entries that name the reader's keys and can't be decrypted.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

/// The remaining work for the master keys of one file. The default is far above what real files
/// need.
///
/// An X25519 operation costs 1; other operations cost in proportion to their time.
#[derive(Debug)]
pub struct WorkBudget {
    operations: Cell<u32>,
    programs: Cell<u32>,
    /// How many times a key service elsewhere may be asked to decrypt.
    requests: Cell<u32>,
    /// How many messages may be passed to `gpg` even if it does not have the private key.
    messages: Cell<u32>,
    /// The PGP keys that used their one extra run after `messages` reached 0.
    pgp_keys: RefCell<HashSet<String>>,
    is_exceeded: Cell<bool>,
}

impl Default for WorkBudget {
    /// A few seconds of work: 100,000 operations, 1,000 programs, 100 requests to key services
    /// elsewhere, and 100 runs of `gpg` plus one for each key that it has.
    fn default() -> Self {
        Self::new(100_000, 1_000, 100, 100)
    }
}

impl WorkBudget {
    /// Less than a tenth of a second of work, without commands, plugins and requests, for a check
    /// before each commit.
    #[must_use]
    pub fn small() -> Self {
        Self::new(2_000, 0, 0, 0)
    }

    fn new(operations: u32, programs: u32, messages: u32, requests: u32) -> Self {
        Self {
            operations: Cell::new(operations),
            programs: Cell::new(programs),
            requests: Cell::new(requests),
            messages: Cell::new(messages),
            pgp_keys: RefCell::default(),
            is_exceeded: Cell::new(false),
        }
    }

    /// Whether anything was skipped to stay within the budget.
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.is_exceeded.get()
    }

    /// Takes the cost of operations with private keys. Returns whether the budget allows it.
    pub(crate) fn take_operations(&self, cost: usize) -> bool {
        self.take(&self.operations, cost)
    }

    /// Takes one run of a command or a plugin. Returns whether the budget allows it.
    pub(crate) fn take_program(&self) -> bool {
        self.take(&self.programs, 1)
    }

    /// Takes one request to decrypt with a key elsewhere. Returns whether the budget allows it.
    pub fn take_request(&self) -> bool {
        self.take(&self.requests, 1)
    }

    /// Takes one run of `gpg`. Returns whether the budget allows it; once the runs are used up, it
    /// allows one more for each key that `gpg` has.
    pub(crate) fn take_gpg(&self, fingerprint: &str, has_key: impl FnOnce() -> bool) -> bool {
        if let Some(left) = self.messages.get().checked_sub(1) {
            self.messages.set(left);
            return true;
        }
        let mut keys = self.pgp_keys.borrow_mut();
        let is_allowed = !keys.contains(fingerprint) && has_key();
        if is_allowed {
            keys.insert(fingerprint.to_owned());
        } else {
            self.is_exceeded.set(true);
        }
        is_allowed
    }

    fn take(&self, left: &Cell<u32>, cost: usize) -> bool {
        let rest = u32::try_from(cost).ok();
        let rest = rest.and_then(|cost| left.get().checked_sub(cost));
        match rest {
            Some(rest) => left.set(rest),
            None => self.is_exceeded.set(true),
        }
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_beyond_the_budget_is_skipped() {
        let budget = WorkBudget::new(5, 1, 2, 1);
        assert!(budget.take_operations(3) && !budget.is_exceeded());
        assert!(!budget.take_operations(3) && budget.is_exceeded());
        assert!(budget.take_operations(2));
        assert!(budget.take_program() && !budget.take_program());
        assert!(budget.take_request() && !budget.take_request());
        let budget = WorkBudget::new(0, 0, 2, 0);
        let unknown = || budget.take_gpg("A", || false);
        assert!(unknown() && unknown() && !budget.is_exceeded());
        assert!(budget.take_gpg("B", || true) && !budget.is_exceeded());
        assert!(!budget.take_gpg("B", || true) && !unknown() && budget.is_exceeded());
    }
}
