//! What the Rust peers share: their command lines, and how they measure. None of it runs inside of what is measured.

pub mod measuring;
pub mod options;

pub use options::{EchoOptions, Flavor};

/// Bytes that one read takes at most, for every echo server.
pub const BUFFER: usize = 16384;

/// As many connections as the system allows: raises the soft limit of open files to the hard one.
pub fn raise_descriptor_limit() {
    unsafe {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}

/// The most memory that this process has had in use at once, in kB, as the kernel counts it for this program alone.
pub fn peak_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|kb| kb.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}
