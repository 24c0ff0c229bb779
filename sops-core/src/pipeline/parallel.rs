//! Work on the parts of a document on several threads, the results of which come in the order of the parts.

use std::sync::mpsc;
use std::thread;

/// Results of one thread that may wait to be taken; this bounds the memory that they need.
const AHEAD: usize = 4;

/// How many threads are worth starting for so many values: with fewer a thread takes longer to start than it saves.
pub(super) fn threads(values: usize) -> usize {
    const VALUES_A_THREAD: usize = 4_000;
    match values / VALUES_A_THREAD {
        0 => 1,
        enough => thread::available_parallelism()
            .map_or(1, usize::from)
            .min(enough),
    }
}

/// Does `work` on each part, each worker on a thread of its own, and gives the results in the order of the parts to `take`,
/// which may end early. A worker alone works on the caller's thread.
pub(super) fn in_order<W: Send, P: Sync, T: Send, R>(
    mut workers: Vec<W>,
    parts: &[P],
    work: impl Fn(&mut W, &P) -> T + Sync,
    take: impl FnOnce(&mut dyn Iterator<Item = T>) -> R,
) -> R {
    if let [worker] = &mut workers[..] {
        return take(&mut parts.iter().map(|part| work(worker, part)));
    }
    let (work, count) = (&work, workers.len());
    thread::scope(|scope| {
        let start = |(number, mut worker): (usize, W)| {
            let (sender, receiver) = mpsc::sync_channel(AHEAD);
            scope.spawn(move || {
                for part in parts.iter().skip(number).step_by(count) {
                    // Nobody receives any more once `take` has ended.
                    if sender.send(work(&mut worker, part)).is_err() {
                        return;
                    }
                }
            });
            receiver
        };
        let receivers: Vec<_> = workers.into_iter().enumerate().map(start).collect();
        // A thread that panics ends the results; its panic reaches the caller at the end of the scope.
        take(&mut (0..parts.len()).map_while(|number| receivers[number % count].recv().ok()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_may_be_left() {
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
}
