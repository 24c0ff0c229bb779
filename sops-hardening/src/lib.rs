//! What a program that handles secrets does first, to keep its memory from ending up elsewhere: no core dumps, no other process that reads it, and
//! panics that do not print what was worked on. The programs also wipe each block of memory when it is freed, with an allocator in `main.rs`.

use std::panic;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

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

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
