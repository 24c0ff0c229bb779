//! Keeps what is in the memory of a program from ending up elsewhere: no core dumps, freed memory wiped, panics without their payload,
//! words without private keys and without characters that a terminal acts on.
//!
//! A program that links this crate has its allocator.

mod masking;
mod showing;

use std::alloc::System;
use std::panic;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use zeroizing_alloc::ZeroAlloc;

pub use masking::masked;
pub use showing::{lines, one_line};

#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// What a process that handles secrets does first; `program` is the name in its messages.
pub fn harden(program: &'static str) {
    // Commands that are run inherit it, and may take it back for themselves.
    let nothing = Rlimit {
        current: Some(0),
        maximum: getrlimit(Resource::Core).maximum,
    };
    // Neither can fail for a process that only gives something up; if it does, there is nothing better to do.
    let _ = setrlimit(Resource::Core, nothing);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    panic::set_hook(Box::new(move |info| {
        // The payload may hold a piece of what was worked on.
        match info.location() {
            Some(place) => eprintln!(
                "internal error at {}:{}; this is a bug in {program}",
                place.file(),
                place.line()
            ),
            None => eprintln!("internal error; this is a bug in {program}"),
        }
    }));
}
