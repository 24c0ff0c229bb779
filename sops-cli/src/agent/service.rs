//! Answers the requests and instructions that reach the agent, until its time is over.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use serde_json::json;
use sops_core::keys::age::{Held, SourceReport};
use sops_core::keys::{Environment, Family, Identities, MasterKey, Prompt};
use sops_keyservice::{Answer, Status};
use zeroize::Zeroizing;

use super::answers::Answers;
use super::client::Instruction;
use super::clock::Moment;
use super::data_keys::DataKeys;
use super::limits::Limits;
use crate::keys::local::{Confirmation, LocalKeys};
use crate::ui::Ui;

/// The longest time between two looks at the clock. A thread's sleep does not count the time that
/// the machine sleeps, so one long sleep would be late.
const TICK: Duration = Duration::from_secs(60);

/// The key service of the agent: its keys, and how long they may be used.
pub(crate) struct AgentService {
    limits: Limits,
    confirms: bool,
    started: Moment,
    is_memory_locked: AtomicBool,
    requests: AtomicU64,
    state: Mutex<State>,
    answers: Arc<Answers>,
}

struct State {
    /// `None` if the agent is locked.
    keys: Option<Arc<UnlockedKeys>>,
    last_request: Moment,
}

/// What the agent forgets when it is locked.
struct UnlockedKeys {
    local: LocalKeys,
    data_keys: DataKeys,
    sources: Vec<SourceReport>,
}

impl AgentService {
    /// Unlocks the keys of the user, asking with `prompt`. Also returns why some of them stay
    /// locked.
    pub(crate) fn unlock(
        prompt: Arc<dyn Prompt>,
        confirmation: Option<Confirmation>,
        limits: Limits,
    ) -> (Self, Vec<String>) {
        let answers = Arc::new(Answers::starting(prompt));
        let identities = Identities::from_environment(Environment::process())
            .with_prompt(Arc::clone(&answers) as _);
        let failures = identities.unlock();
        answers.settle(failures.is_empty());
        let sources = identities.sources();
        let asked = Arc::clone(&answers);
        let confirms = confirmation.is_some();
        let local = LocalKeys::new(Ui::new(false), confirmation)
            .keeping(identities, move |worked| asked.settle(worked));
        let keys = UnlockedKeys {
            local,
            data_keys: DataKeys::kept_for(limits.data_keys),
            sources,
        };
        let service = Self {
            limits,
            confirms,
            started: Moment::now(),
            is_memory_locked: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            state: Mutex::new(State {
                keys: Some(Arc::new(keys)),
                last_request: Moment::now(),
            }),
            answers,
        };
        service.lock_memory();
        (service, failures)
    }

    /// Whether there is a key that could decrypt something.
    pub(crate) fn has_keys(&self) -> bool {
        let keys = self.state().keys.clone();
        keys.is_some_and(|keys| keys.sources.iter().any(is_usable))
    }

    /// Whether the memory of the agent is never written to the swap space.
    pub(crate) fn is_memory_locked(&self) -> bool {
        self.is_memory_locked.load(Ordering::SeqCst)
    }

    /// From now on, asks with this prompt, or in a window if it is `None`. Starts to watch the
    /// clock.
    pub(crate) fn begin(self: &Arc<Self>, prompt: Option<Arc<dyn Prompt>>) {
        self.answers.serve(prompt);
        let service = Arc::clone(self);
        thread::spawn(move || {
            loop {
                let left = service.time_left();
                thread::sleep(left.min(TICK).max(Duration::from_millis(10)));
                service.look_at_clock();
            }
        });
    }

    /// The time until something must be forgotten.
    fn time_left(&self) -> Duration {
        let state = self.state();
        let life = self.limits.lifetime.saturating_sub(self.started.elapsed());
        if state.keys.is_none() {
            return life;
        }
        let idle = state.last_request.elapsed();
        let data_keys = match self.limits.data_keys {
            Duration::ZERO => Duration::MAX,
            time => time,
        };
        life.min(self.limits.idle.saturating_sub(idle))
            .min(data_keys)
    }

    /// Forgets what must not be kept any longer.
    fn look_at_clock(&self) {
        if self.started.elapsed() >= self.limits.lifetime {
            self.lock();
            end();
        }
        let mut state = self.state();
        if state.last_request.elapsed() >= self.limits.idle {
            state.keys = None;
            self.answers.forget();
        }
        if let Some(keys) = &state.keys {
            keys.data_keys.forget_old();
        }
    }

    fn lock(&self) {
        self.state().keys = None;
        self.answers.forget();
    }

    /// The keys, for a request that arrives now.
    fn keys(&self) -> Result<Arc<UnlockedKeys>, Status> {
        self.look_at_clock();
        let mut state = self.state();
        let keys = state.keys.clone().ok_or_else(locked)?;
        state.last_request = Moment::now();
        self.requests.fetch_add(1, Ordering::SeqCst);
        Ok(keys)
    }

    fn lock_memory(&self) {
        let is_locked = sops_hardening::lock_memory().is_ok();
        self.is_memory_locked.store(is_locked, Ordering::SeqCst);
    }

    fn status(&self) -> String {
        self.look_at_clock();
        let state = self.state();
        let keys = state.keys.as_ref().map(|keys| {
            let usable = keys.sources.iter().filter(|source| is_usable(source));
            usable.map(ToString::to_string).collect::<Vec<_>>()
        });
        let recipients = state.keys.as_ref().map(|keys| keys.local.recipients());
        let left = |limit: Duration, since: Moment| limit.saturating_sub(since.elapsed()).as_secs();
        json!({
            "running": true,
            "pid": process::id(),
            "locked": state.keys.is_none(),
            "keys": keys.unwrap_or_default(),
            "recipients": recipients.unwrap_or_default(),
            "requests": self.requests.load(Ordering::SeqCst),
            "confirm": self.confirms,
            "memory_locked": self.is_memory_locked(),
            "seconds_until_stop": left(self.limits.lifetime, self.started),
            "seconds_until_lock": left(self.limits.idle, state.last_request),
        })
        .to_string()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic leaves no partial state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer for AgentService {
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String, Status> {
        require_own(key)?;
        self.keys()?.local.encrypt(key, secret)
    }

    fn decrypt(&self, key: &MasterKey, enc: &str) -> Result<Zeroizing<Vec<u8>>, Status> {
        require_own(key)?;
        let keys = self.keys()?;
        // A kept data key would need no question, but the user wants to be asked.
        if !self.confirms
            && let Some(secret) = keys.data_keys.get(enc)
        {
            return Ok(secret);
        }
        let secret = keys.local.decrypt(key, enc);
        // The agent may have been locked while the user was asked.
        let is_current = |current: &Arc<UnlockedKeys>| Arc::ptr_eq(current, &keys);
        if !self.state().keys.as_ref().is_some_and(is_current) {
            self.answers.forget();
            return Err(locked());
        }
        if let Ok(secret) = &secret {
            keys.data_keys.keep(enc, secret);
        }
        // The request may have unlocked another key.
        self.lock_memory();
        secret
    }

    fn decrypt_ready(
        &self,
        key: &MasterKey,
        enc: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Status> {
        if key.family() != Family::Age {
            return Ok(None);
        }
        if self.confirms {
            return Err(Status::failed_precondition(
                "the agent asks before it uses a key, but this command never asks; restart the agent without `--confirm`",
            ));
        }
        let keys = self.keys()?;
        match keys.data_keys.get(enc) {
            Some(secret) => Ok(Some(secret)),
            None => keys.local.decrypt_ready(key, enc),
        }
    }

    fn instruct(&self, instruction: &str) -> Result<String, Status> {
        match Instruction::parse(instruction) {
            Some(Instruction::Status) => Ok(self.status()),
            Some(Instruction::Lock) => {
                self.lock();
                Ok(self.status())
            }
            Some(Instruction::Stop) => {
                let status = self.status();
                self.lock();
                end();
                Ok(status)
            }
            None => Err(Status::invalid_argument(
                "the running agent is from another version of sops-rs and does not know this command; run `sops-rs agent stop`, and start it again",
            )),
        }
    }
}

/// Refuses keys on servers: a repository chooses the servers, and the agent cannot know whether the
/// user named the file, so a repository could collect the user's tokens.
fn require_own(key: &MasterKey) -> Result<(), Status> {
    match key.family() {
        Family::Age | Family::Pgp => Ok(()),
        _ => Err(Status::unimplemented("the agent has only age and PGP keys")),
    }
}

fn locked() -> Status {
    Status::failed_precondition("the agent is locked; to unlock it, run `sops-rs agent start`")
}

/// Ends the service with a signal, as from outside, so that requests in progress are finished.
fn end() {
    // A process may send signals to itself.
    let _ = kill_process(getpid(), Signal::TERM);
}

fn is_usable(source: &SourceReport) -> bool {
    match &source.held {
        Held::Keys(keys) => !keys.is_empty(),
        Held::NotRun => true,
        _ => false,
    }
}
