//! Limits the work that a repository may cause.

use std::cell::Cell;

/// How many steps it costs to keep a form of a Kustomization.
const FORM_STEPS: usize = 50;

/// How many steps may still be taken.
#[derive(Debug)]
pub(super) struct Budget {
    remaining: Cell<usize>,
    is_spent: Cell<bool>,
}

impl Budget {
    pub(super) fn new(steps: usize) -> Self {
        Self {
            remaining: Cell::new(steps),
            is_spent: Cell::new(false),
        }
    }

    /// Whether another step may be taken.
    pub(super) fn spend(&self) -> bool {
        match self.remaining.get().checked_sub(1) {
            Some(remaining) => self.remaining.set(remaining),
            None => self.is_spent.set(true),
        }
        !self.is_spent.get()
    }

    /// Whether a form of a Kustomization may be kept, which takes memory.
    pub(super) fn spend_on_form(&self) -> bool {
        let remaining = self.remaining.get();
        self.remaining.set(remaining.saturating_sub(FORM_STEPS));
        self.spend()
    }

    /// Whether a step was refused.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent.get()
    }
}
