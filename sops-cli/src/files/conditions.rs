//! What must be at a path before a file is written there, and who may read the file.

/// What must be at the path when the file is written.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// The file with this content, as it was read.
    Content(&'a [u8]),
    /// No file.
    Nothing,
    /// Either.
    Anything,
}

/// Who may read a new file. A file that is replaced keeps its mode and owner, except that plaintext goes to no other user.
#[derive(Clone, Copy)]
pub(crate) enum Readers {
    /// Everyone that the umask allows.
    Usual,
    /// The same users, who may also run it: it is a script.
    Executable,
    /// Only the user who runs the program, since it holds plaintext or a private key.
    Owner,
}
