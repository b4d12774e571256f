//! How the `fence` program is linked.

/// On Linux a release is linked to a fixed address. A hook is a new process for every call, and the
/// 54 000 addresses in this program that would have to be set at each start, in 350 pages, cost it
/// one of the three milliseconds that a start takes. The price is that its own code is not moved at
/// random; heap, stack and libraries still are. Libraries made of this package, the bindings among
/// them, are not concerned.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("PROFILE", "release") {
        println!("cargo::rustc-link-arg-bin=fence=-no-pie");
    }
}
