//! Protects the memory of a program that handles secrets: it disables core dumps, keeps other
//! processes of the same user from reading the memory (on Linux), and keeps secrets out of panic
//! messages. The programs also wipe memory when it is freed, with the allocator in their `main.rs`.

mod memory;

use std::panic;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub use memory::lock_memory;

/// Hardens the process. Call it first in `main`; `program` is the name in panic messages.
pub fn harden(program: &'static str) {
    // Child processes inherit the soft limit and may raise it again.
    let nothing = Rlimit {
        current: Some(0),
        maximum: getrlimit(Resource::Core).maximum,
    };
    // Lowering a limit can't fail; if it does anyway, the program can't do anything about it.
    let _ = setrlimit(Resource::Core, nothing);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    panic::set_hook(Box::new(move |info| {
        // The panic's payload may contain a secret.
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

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
