//! Tries several servers, any of which suffices, without waiting for one that hangs.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;

use crate::provider::Outcome;

/// The first success, with its index, and the errors of the attempts that ended before it.
pub(crate) struct RaceResult<T> {
    pub(crate) first: Option<(usize, T)>,
    pub(crate) errors: Vec<(usize, String)>,
}

/// Starts the attempts in order: the next one when one fails, or after `head_start`. The ones still
/// running after the first success are canceled.
pub(crate) async fn race<T, A>(attempts: Vec<A>, head_start: Duration) -> RaceResult<T>
where
    A: Future<Output = Outcome<T>>,
{
    let mut waiting = attempts.into_iter().enumerate();
    let mut running = FuturesUnordered::new();
    let mut errors = Vec::new();
    let mut start_next = || {
        waiting
            .next()
            .map(|(index, attempt)| async move { (index, attempt.await) })
    };
    loop {
        let next = start_next();
        let has_started = next.is_some();
        running.extend(next);
        let ended = match has_started {
            true => match timeout(head_start, running.next()).await {
                Ok(ended) => ended,
                Err(_) => continue,
            },
            false => running.next().await,
        };
        match ended {
            Some((index, Ok(value))) => {
                let first = Some((index, value));
                return RaceResult { first, errors };
            }
            Some((index, Err(message))) => errors.push((index, message)),
            None => {
                return RaceResult {
                    first: None,
                    errors,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::pin::Pin;

    use super::*;

    type Attempt = Pin<Box<dyn Future<Output = Outcome<u8>>>>;

    fn hangs() -> Attempt {
        Box::pin(pending())
    }

    fn is(outcome: Outcome<u8>) -> Attempt {
        Box::pin(ready(outcome))
    }

    fn run(attempts: Vec<Attempt>, head_start: Duration) -> RaceResult<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(race(attempts, head_start))
    }

    #[test]
    fn a_server_that_hangs_does_not_hold_up_the_next() {
        let result = run(vec![hangs(), hangs(), is(Ok(7))], Duration::from_millis(1));
        assert_eq!(result.first, Some((2, 7)));
        assert_eq!(result.errors, []);
    }

    #[test]
    fn an_error_starts_the_next_attempt_at_once() {
        let long = Duration::from_secs(3600);
        let attempts = vec![is(Err("a".to_owned())), is(Ok(7)), hangs()];
        let result = run(attempts, long);
        assert_eq!(result.first, Some((1, 7)));
        assert_eq!(result.errors, [(0, "a".to_owned())]);
    }

    #[test]
    fn every_error_is_kept_if_all_attempts_fail() {
        let failures = ["a", "b"].map(|message| is(Err(message.to_owned())));
        let result = run(failures.into(), Duration::ZERO);
        assert_eq!(result.first, None);
        assert_eq!(result.errors.len(), 2);
        assert_eq!(run(Vec::new(), Duration::ZERO).errors, []);
    }
}
