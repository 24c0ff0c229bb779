//! The agent as a key service of this program: it decrypts with keys for which this program would
//! have to ask the user for a passphrase.

use sops_core::keys::{self, Effort, Family, KeyService, MasterKey};
use sops_keyservice::Remote;
use zeroize::Zeroizing;

use super::socket::AgentSocket;

/// The user's agent.
#[derive(Debug)]
pub(crate) struct Agent(Remote);

impl Agent {
    /// The agent that listens on the socket.
    pub(crate) fn at(socket: &AgentSocket) -> Option<Self> {
        match socket.exists() {
            true => Remote::new(&socket.address()).map(Self),
            false => None,
        }
    }

    /// Sends an instruction.
    pub(crate) fn instruct(&self, instruction: Instruction) -> Result<String, String> {
        self.0.instruct(instruction.word())
    }
}

/// The agent, limited to requests without a question: it decrypts only with unlocked age keys, and
/// only if it need not ask for confirmation.
#[derive(Debug)]
pub(crate) struct ReadyAgent(Agent);

impl ReadyAgent {
    /// The user's agent; `None` without one.
    pub(crate) fn of_user() -> Option<Self> {
        AgentSocket::of_user()
            .and_then(|socket| Agent::at(&socket))
            .map(Self)
    }
}

impl KeyService for ReadyAgent {
    fn serves(&self, family: Family) -> bool {
        family == Family::Age
    }

    fn encrypts(&self, _: Family) -> bool {
        false
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> keys::Result<String> {
        self.0.encrypt(key, secret)
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> keys::Result<Option<Zeroizing<Vec<u8>>>> {
        match effort {
            Effort::Run => self.0.0.decrypt_ready(key, enc),
            // The keys of this process come first.
            Effort::Ready | Effort::Ask => Ok(None),
        }
    }
}

/// An instruction for an agent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Instruction {
    /// Answer with the status, as JSON.
    Status,
    /// Forget all keys.
    Lock,
    /// Stop.
    Stop,
}

impl Instruction {
    const ALL: [Self; 3] = [Self::Status, Self::Lock, Self::Stop];

    fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Lock => "lock",
            Self::Stop => "stop",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|instruction| instruction.word() == word)
    }
}

impl KeyService for Agent {
    fn serves(&self, family: Family) -> bool {
        matches!(family, Family::Age | Family::Pgp)
    }

    /// Encryption needs no private key.
    fn encrypts(&self, _: Family) -> bool {
        false
    }

    fn encrypt(&self, key: &MasterKey, _: &[u8]) -> keys::Result<String> {
        Err(keys::Error::no_key_service(key))
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> keys::Result<Option<Zeroizing<Vec<u8>>>> {
        self.0.decrypt(key, enc, effort)
    }
}
