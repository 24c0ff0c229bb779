//! Processes many items on all cores, and more of them while some wait for a server.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{num, thread};

/// How many items justify another thread.
#[derive(Clone, Copy)]
pub(crate) enum ItemsPerThread {
    /// An item takes longer than starting a thread.
    One = 1,
    Many = 16,
}

/// How many threads may wait for servers at the same time.
const WAITING: usize = 32;

/// The results of the work, in the order of the items.
pub(crate) fn map<T: Sync, R: Send>(
    items: &[T],
    per_thread: ItemsPerThread,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let threads = items.len() / per_thread as usize;
    if threads <= 1 {
        return items.iter().map(work).collect();
    }
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let next = AtomicUsize::new(0);
    let pool = Arc::new(Pool::default());
    let run = || {
        let _member = pool.join();
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
        let mut started = 0;
        while pool.needs_another(started, cores.min(threads), items.len()) {
            started += 1;
            scope.spawn(run);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Does work that waits for a server. In [`map`], another thread takes the next item meanwhile.
#[cfg_attr(
    not(feature = "cloud-keys"),
    expect(dead_code, reason = "only keys on servers need it")
)]
pub(crate) fn waiting<R>(work: impl FnOnce() -> R) -> R {
    let pool = POOL.with_borrow(Option::clone);
    let _waiting = pool.as_deref().map(Pool::wait);
    work()
}

thread_local! {
    /// The pool that this thread belongs to.
    static POOL: RefCell<Option<Arc<Pool>>> = const { RefCell::new(None) };
}

/// The threads that process the items of a call.
#[derive(Default)]
struct Pool {
    threads: Mutex<Threads>,
    changed: Condvar,
}

#[derive(Default)]
struct Threads {
    ended: usize,
    waiting: usize,
}

impl Pool {
    /// Waits until another thread is needed, and returns true, or until all items are taken. Of the
    /// `started` threads, `busy` should not be waiting; there may be at most `most`.
    fn needs_another(&self, started: usize, busy: usize, most: usize) -> bool {
        let mut threads = self.lock();
        loop {
            // A thread ends when no item is left.
            if threads.ended > 0 {
                return false;
            }
            if started < most && started < busy + threads.waiting.min(WAITING) {
                return true;
            }
            let changed = self.changed.wait(threads);
            threads = changed.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Counts this thread until the result is dropped, even by a panic.
    fn join(self: &Arc<Self>) -> impl Drop {
        POOL.set(Some(Arc::clone(self)));
        AtEnd(|| {
            POOL.set(None);
            self.change(|threads| threads.ended += 1);
        })
    }

    /// Counts this thread as waiting until the result is dropped.
    fn wait(&self) -> impl Drop {
        self.change(|threads| threads.waiting += 1);
        AtEnd(|| self.change(|threads| threads.waiting -= 1))
    }

    fn change(&self, change: impl FnOnce(&mut Threads)) {
        change(&mut self.lock());
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does something when it is dropped.
struct AtEnd<F: Fn()>(F);

impl<F: Fn()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for count in [0, 1, 15, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<usize> = items.iter().map(|item| item * 2).collect();
            for per_thread in [ItemsPerThread::One, ItemsPerThread::Many] {
                let results = map(&items, per_thread, |item| item * 2);
                assert_eq!(results, expected);
            }
        }
    }

    #[test]
    fn items_that_wait_are_processed_together() {
        let items = [(); WAITING];
        let all = Barrier::new(WAITING);
        // This ends only if all of them wait at the same time.
        map(&items, ItemsPerThread::One, |()| {
            waiting(|| all.wait());
        });
    }

    #[test]
    #[should_panic(expected = "scoped thread panicked")]
    fn a_panic_ends_the_call() {
        map(&[1, 2, 3], ItemsPerThread::One, |item| assert_ne!(*item, 2));
    }
}
