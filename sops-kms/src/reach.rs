//! Which servers may be contacted.

/// Which servers may be contacted. Whoever can write to a repository chooses the servers that its
/// files name, and a request can carry the user's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Also the servers that only a file names, as with `sops`: the user chose the file.
    AnyServer,
    /// Only the servers that the user or a cloud provider names: the files were found in a
    /// directory or in a branch.
    KnownServers,
}
