//! Links the program so that it starts fast.

fn main() {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set == value);
    // A third of a megabyte of relocations becomes 2 KB.
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
