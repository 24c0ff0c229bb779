//! Dockerfiles: their instructions, and the files that are copied into an image.

mod files;
mod instructions;

pub(crate) use files::holds_secrets;
pub(crate) use instructions::{Instruction, instructions, is_dockerfile};
