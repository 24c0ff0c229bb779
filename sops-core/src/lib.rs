//! Lossless SOPS documents.
