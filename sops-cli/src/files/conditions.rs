//! Preconditions for writing a file, and the readers of the new file.

/// What must be at the path when the file is written.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// The file with the content that was read.
    Content(&'a [u8]),
    /// No file.
    Nothing,
    /// A file or nothing.
    Anything,
}

/// Who may read a new file. A file that is replaced keeps its mode and owner, except that plaintext
/// is never left to another user.
#[derive(Clone, Copy)]
pub(crate) enum Readers {
    /// All users that the umask allows.
    Usual,
    /// The same users, with permission to execute the file, because it is a script.
    Executable,
    /// Only the user who runs the program, because the file contains plaintext or a private key.
    Owner,
}
