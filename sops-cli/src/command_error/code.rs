//! The exit codes.

/// The exit codes of `sops` that are in use here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Generic = 1,
    CannotReadInput = 2,
    CannotWriteOutput = 3,
    CannotWriteTree = 4,
    InvalidKmsContext = 6,
    InvalidSetFormat = 7,
    ConflictingParameters = 8,
    CannotEncryptTree = 23,
    CannotDecryptTree = 25,
    CannotChangeKeysOfMissingFile = 49,
    MacMismatch = 51,
    InvalidTreePath = 91,
    NeedsOneDocument = 92,
    NoFileSpecified = 100,
    DuplicateKeyType = 112,
    CannotRetrieveDataKey = 128,
    /// The code that a shell reports for a program that writes to a closed pipe.
    BrokenPipe = 141,
    FileNotModified = 200,
    NoEditor = 201,
    AlreadyEncrypted = 203,
}
