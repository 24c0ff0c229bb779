//! Locks memory, so that it is never written to the swap space.

use std::io;

/// Locks the writable memory that the process uses now, except mapped files. Memory that it
/// allocates later needs another call.
///
/// # Errors
///
/// `RLIMIT_MEMLOCK` allows less, or this is not Linux.
#[cfg(target_os = "linux")]
pub fn lock_memory() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Memlock);
    // The process may use all that it is allowed.
    let _ = setrlimit(
        Resource::Memlock,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    );
    // If a thread ends meanwhile, its stack is gone, which causes the same error as the limit.
    let mut outcome = lock_mappings();
    for _ in 0..ATTEMPTS {
        if outcome.is_ok() {
            break;
        }
        outcome = lock_mappings();
    }
    outcome
}

/// How many times the mappings are read again after an error.
#[cfg(target_os = "linux")]
const ATTEMPTS: usize = 3;

#[cfg(target_os = "linux")]
fn lock_mappings() -> io::Result<()> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    for mapping in maps.lines().filter_map(Mapping::parse) {
        let address = std::ptr::without_provenance::<u8>(mapping.start);
        match region::lock(address, mapping.end - mapping.start) {
            // The memory stays locked until it is unmapped.
            Ok(guard) => std::mem::forget(guard),
            Err(region::Error::SystemCall(error)) => {
                return Err(io::Error::from_raw_os_error(error));
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub fn lock_memory() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A part of the address space with data of the process.
#[cfg(target_os = "linux")]
#[derive(Debug, PartialEq)]
struct Mapping {
    start: usize,
    end: usize,
}

#[cfg(target_os = "linux")]
impl Mapping {
    /// Parses a line of `/proc/self/maps`: `START-END PERMISSIONS OFFSET DEVICE INODE [NAME]`.
    /// `None` for a mapping that cannot be written, or belongs to a file.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let permissions = fields.next()?;
        let inode = fields.nth(2)?;
        if !permissions.starts_with("rw") || inode != "0" {
            return None;
        }
        Some(Self {
            start: usize::from_str_radix(start, 16).ok()?,
            end: usize::from_str_radix(end, 16).ok()?,
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_data_of_the_process_is_locked() {
        for (line, is_data) in [
            (
                "55d0c000-55d0d000 rw-p 00000000 00:00 0          [heap]",
                true,
            ),
            ("7f30c000-7f30d000 rw-p 00000000 00:00 0 ", true),
            ("7f30c000-7f30d000 ---p 00000000 00:00 0 ", false),
            (
                "7f30c000-7f30d000 r-xp 00000000 fe:01 42  /usr/bin/sops-rs",
                false,
            ),
            (
                "7f30c000-7f30d000 rw-p 00001000 fe:01 42  /usr/bin/sops-rs",
                false,
            ),
            ("unreadable", false),
        ] {
            assert_eq!(Mapping::parse(line).is_some(), is_data, "{line}");
        }
    }

    #[test]
    fn a_secret_on_the_heap_is_in_locked_memory() {
        let secret = vec![1_u8; 4096];
        if let Err(error) = lock_memory() {
            panic!("this test needs some locked memory (`ulimit -l`): {error}");
        }
        let address = secret.as_ptr().addr();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        let locked = maps.lines().find_map(|line| {
            let range = line.split_whitespace().next()?.split_once('-');
            if let Some((start, end)) = range {
                let [start, end] =
                    [start, end].map(|text| usize::from_str_radix(text, 16).unwrap_or_default());
                inside = (start..end).contains(&address);
            }
            line.strip_prefix("Locked:").filter(|_| inside)
        });
        assert!(!locked.unwrap().trim().starts_with("0 "), "{locked:?}");
    }
}
