//! Processes many items on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{num, thread};

/// How many items justify another thread.
#[derive(Clone, Copy)]
pub(crate) enum ItemsPerThread {
    /// An item takes longer than starting a thread.
    One = 1,
    Many = 16,
}

/// The results of the work, in the order of the items.
pub(crate) fn map<T: Sync, R: Send>(
    items: &[T],
    per_thread: ItemsPerThread,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let next = AtomicUsize::new(0);
    let run = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return;
            };
            let result = work(item);
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            results.push((index, result));
        }
    };
    let cores = thread::available_parallelism().map_or(1, num::NonZero::get);
    thread::scope(|scope| {
        for _ in 1..cores.min(items.len() / per_thread as usize) {
            scope.spawn(run);
        }
        run();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::ItemsPerThread;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for count in [0, 1, 15, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<usize> = items.iter().map(|item| item * 2).collect();
            for per_thread in [ItemsPerThread::One, ItemsPerThread::Many] {
                let results = super::map(&items, per_thread, |item| item * 2);
                assert_eq!(results, expected);
            }
        }
    }
}
