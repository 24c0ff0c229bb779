//! What the user answered to plugins, so that each question is asked once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use secrecy::SecretString;
use sops_core::keys::Prompt;

use super::askpass;

/// Asks on the terminal if the agent has one, or else in a window. Remembers the answers that led
/// to a decrypted key.
///
/// A wrong PIN must not be sent again and again, because hardware locks itself after a few
/// attempts. So an answer is used for a second request only after it worked for the first.
pub(super) struct Answers {
    starting: Arc<dyn Prompt>,
    /// The prompt to ask with once the service has started; with `None`, a window asks.
    serving: OnceLock<Option<Arc<dyn Prompt>>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The answers that worked, by question.
    worked: HashMap<String, SecretString>,
    /// The answers that were given since the last call of `settle`.
    given: HashMap<String, SecretString>,
}

impl Answers {
    /// Asks with this prompt until the service starts.
    pub(super) fn starting(starting: Arc<dyn Prompt>) -> Self {
        Self {
            starting,
            serving: OnceLock::new(),
            state: Mutex::default(),
        }
    }

    /// From now on, asks with this prompt, or in a window if it is `None`.
    pub(super) fn serve(&self, serving: Option<Arc<dyn Prompt>>) {
        // An agent starts to serve once.
        let _ = self.serving.set(serving);
    }

    /// Ends a request. Its answers are remembered only if they worked.
    pub(super) fn settle(&self, worked: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let given = std::mem::take(&mut state.given);
        if worked {
            state.worked.extend(given);
        }
    }

    /// Forgets all answers.
    pub(super) fn forget(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    fn terminal(&self) -> Option<&Arc<dyn Prompt>> {
        match self.serving.get() {
            Some(serving) => serving.as_ref(),
            None => Some(&self.starting),
        }
    }
}

impl Prompt for Answers {
    fn passphrase(&self, question: &str) -> Option<SecretString> {
        let remembered = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            // If the question was already answered in this request, the answer was wrong.
            state.given.remove(question);
            state.worked.remove(question)
        };
        let answer = match remembered {
            Some(answer) => answer,
            None => {
                let terminal = self.terminal();
                let answer = terminal.and_then(|terminal| terminal.passphrase(question));
                answer.or_else(|| askpass::passphrase(question))?
            }
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.given.insert(question.to_owned(), answer.clone());
        Some(answer)
    }

    fn message(&self, message: &str) {
        if let Some(terminal) = self.terminal() {
            terminal.message(message);
        }
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        match self.terminal() {
            Some(terminal) => terminal.confirm(message, yes, no),
            None => askpass::confirm(message).ok(),
        }
    }

    fn value(&self, description: &str) -> Option<String> {
        self.terminal()?.value(description)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use secrecy::ExposeSecret as _;

    use super::*;

    /// Answers each question with the number of questions so far.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Prompt for Counting {
        fn passphrase(&self, _: &str) -> Option<SecretString> {
            let count = self.0.fetch_add(1, Ordering::SeqCst);
            Some(count.to_string().into())
        }
    }

    fn ask(answers: &Answers) -> String {
        answers
            .passphrase("PIN")
            .unwrap()
            .expose_secret()
            .to_owned()
    }

    #[test]
    fn an_answer_is_used_again_only_after_it_worked() {
        let answers = Answers::starting(Arc::new(Counting::default()));
        assert_eq!(ask(&answers), "0");
        answers.settle(false);
        assert_eq!(ask(&answers), "1");
        answers.settle(true);
        assert_eq!(ask(&answers), "1");
        answers.settle(true);
        // Asked twice in one request: the remembered answer was wrong.
        assert_eq!(ask(&answers), "1");
        assert_eq!(ask(&answers), "2");
        answers.settle(true);
        assert_eq!(ask(&answers), "2");
        // A remembered answer that fails is forgotten.
        answers.settle(false);
        assert_eq!(ask(&answers), "3");
    }
}
