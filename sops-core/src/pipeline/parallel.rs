//! Processes the parts of a document on several threads, and returns the results in the order of
//! the parts.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, ScopedJoinHandle};

/// How many results of each thread may wait to be received, which limits the memory that they need.
const AHEAD: usize = 4;

/// The approximate length of an entry with its value, in bytes.
pub(super) const BYTES_A_VALUE: usize = 25;

/// How many threads are worth starting for this many values: with fewer values per thread, starting
/// a thread takes longer than it saves.
pub(super) fn threads(values: usize) -> usize {
    const VALUES_A_THREAD: usize = 4_000;
    match values / VALUES_A_THREAD {
        0 => 1,
        enough => thread::available_parallelism()
            .map_or(1, usize::from)
            .min(enough),
    }
}

/// Calls `work` on each part, with each worker on its own thread, and passes the results to `take`
/// in the order of the parts. `take` may stop early, and a single worker runs on the caller's
/// thread.
pub(super) fn in_order<W: Send, P: Sync, T: Send, R>(
    mut workers: Vec<W>,
    parts: &[P],
    work: impl Fn(&mut W, &P) -> T + Sync,
    take: impl FnOnce(&mut dyn Iterator<Item = T>) -> R,
) -> R {
    if let [worker] = &mut workers[..] {
        return take(&mut parts.iter().map(|part| work(worker, part)));
    }
    let (work, next) = (&work, &AtomicUsize::new(0));
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(AHEAD * workers.len());
        let start = |mut worker: W| {
            let sender = sender.clone();
            scope.spawn(move || {
                loop {
                    // A thread that another process delays takes fewer parts.
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(part) = parts.get(number) else {
                        return;
                    };
                    // No one receives once `take` has stopped.
                    if sender.send((number, work(&mut worker, part))).is_err() {
                        return;
                    }
                }
            })
        };
        let threads: Vec<_> = workers.into_iter().map(start).collect();
        drop(sender);
        let mut early = HashMap::new();
        let result = take(&mut (0..parts.len()).map_while(|number| {
            while !early.contains_key(&number) {
                // A thread that does not send the result of a part has panicked.
                let (number, result) = receiver.recv().ok()?;
                early.insert(number, result);
            }
            early.remove(&number)
        }));
        drop(receiver);
        threads.into_iter().for_each(resume_panic);
        result
    })
}

/// Waits for a thread, and resumes its panic.
fn resume_panic(thread: ScopedJoinHandle<'_, ()>) {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_may_be_abandoned() {
        let parts: Vec<usize> = (0..1000).collect();
        for threads in [1, 2, 3, 7] {
            let results = |count| {
                in_order(
                    vec![1; threads],
                    &parts,
                    |add, part| part + *add,
                    |results| results.take(count).collect::<Vec<_>>(),
                )
            };
            assert_eq!(results(1000), (1..=1000).collect::<Vec<_>>());
            assert_eq!(results(3), [1, 2, 3]);
        }
    }

    #[test]
    fn a_panic_of_a_worker_reaches_the_caller() {
        for (threads, taken) in [(1, 100), (3, 100), (3, 2)] {
            let parts: Vec<usize> = (0..100).collect();
            let work = |_: &mut (), part: &usize| assert!(*part < 2, "part {part} is wrong");
            let panic = std::panic::catch_unwind(|| {
                in_order(vec![(); threads], &parts, work, |results| {
                    results.take(taken).count()
                })
            })
            .expect_err("a worker panics");
            let message = panic.downcast::<String>().expect("the panic has a message");
            assert!(message.ends_with(" is wrong"), "{message}");
        }
    }
}
