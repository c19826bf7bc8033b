//! How the micro programs measure, and the parts of their measures that are the same in Tokio's and smol's.
//!
//! All measures of a runtime run in a task of it, so that a multi-threaded one is measured on its workers.

use crate::options::{self, Argument, Flavor};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// What one run of a measure came to: nanoseconds of the wall clock and of CPU, or bytes, twice.
#[derive(Clone, Copy)]
pub struct Figures {
    first: u64,
    second: u64,
}

impl Figures {
    pub fn wall_and_cpu(self) -> (u64, u64) {
        (self.first, self.second)
    }

    /// Of one of so many repetitions.
    pub fn share(self, times: u64) -> Self {
        Figures { first: self.first / times, second: self.second / times }
    }
}

/// Runs from `start` to `stop`.
pub struct Stopwatch {
    wall: Instant,
    cpu: u64,
}

impl Stopwatch {
    pub fn start() -> Self {
        Stopwatch { cpu: cpu_ns(), wall: Instant::now() }
    }

    pub fn stop(self) -> Figures {
        let wall = self.wall.elapsed().as_nanos() as u64;
        Figures { first: wall, second: cpu_ns() - self.cpu }
    }
}

/// CPU time that all threads of this process have used.
fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// What a micro program was asked to do.
pub struct Order {
    pub measure: String,
    pub n: u64,
    pub flavor: Flavor,
}

impl Order {
    /// Operations before the stopwatch starts; of timers that fire one is enough, as they take a second.
    pub fn warm_up(&self) -> u64 {
        self.n.min(if self.measure == "timers_run" { 1 } else { 1000 })
    }

    /// From the command line; answers `list` itself, and refuses what is not in `measures`, and
    /// `--runtime` in words that `runtime` refuses.
    pub fn parse(measures: &[&str], runtime: fn(Flavor)) -> Self {
        let mut words = Vec::new();
        let mut flavor = Flavor::CurrentThread;
        for argument in options::arguments() {
            match argument {
                Argument::Word(word) => words.push(word),
                Argument::Option(name, value) if name == "runtime" => flavor = options::flavor(&value),
                Argument::Option(name, _) => {
                    options::refuse(&format!("--{name} is not understood: there is --runtime"))
                }
            }
        }
        runtime(flavor);
        if words == ["list"] {
            measures.iter().for_each(|measure| println!("{measure}"));
            std::process::exit(0)
        }
        match words.as_slice() {
            [measure, n] if measures.contains(&measure.as_str()) => {
                Order { measure: measure.clone(), n: options::number("N", n, 1, 1 << 40), flavor }
            }
            [measure, _] => options::refuse(&format!("there is no measure '{measure}' here: see list")),
            _ => options::refuse("say what to measure and how often, MEASURE N, or list"),
        }
    }

    pub fn print(&self, figures: Figures) {
        println!("{} {} {} {}", self.measure, self.n, figures.first, figures.second);
    }
}

/// The value, which the compiler now knows nothing of.
pub fn opaque<T: Copy>(value: T) -> T {
    unsafe { std::ptr::read_volatile(&value) }
}

/// A future of one function, as `std::future::poll_fn` is from Rust 1.64 on.
pub struct PollFn<F>(pub F);

impl<T, F: FnMut(&mut Context<'_>) -> Poll<T> + Unpin> Future for PollFn<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        (self.0)(cx)
    }
}

/// When the timer `i` is to fire, from the measure's start: all over one second, in no order, after a time in which all
/// of them can be made. Those of timers_create and timers_cancel are not to fire at all.
pub fn timer_delay(i: u64, n: u64, fires: bool) -> Duration {
    let spread = (i.wrapping_mul(2_654_435_761) & 0xffff_ffff) * 1_000_000_000 >> 32;
    lead(n, fires) + Duration::from_nanos(spread)
}

/// When a timer fires that was there before all these: so none of them is the first to be waited for, as it is in a
/// program at work, and no peer has to tell its driver of each.
pub fn first_timer_delay(n: u64, fires: bool) -> Duration {
    lead(n, fires) / 2
}

fn lead(n: u64, fires: bool) -> Duration {
    if fires {
        Duration::from_nanos(200_000_000 + 3_000 * n)
    } else {
        Duration::from_secs(3600)
    }
}

/// How long that first timer has been waited for when the others come.
pub const SETTLED: Duration = Duration::from_millis(5);

/// A future that waits for ever: it keeps its waker, and counts its polls.
pub struct Parked {
    waker: Option<Waker>,
    polls: u64,
}

/// How many polls all `Parked` have had.
pub static PARKED_POLLS: AtomicU64 = AtomicU64::new(0);

impl Parked {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Parked { waker: None, polls: 0 }
    }
}

impl Future for Parked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.polls += 1;
        self.waker = Some(cx.waker().clone());
        PARKED_POLLS.fetch_add(1, Relaxed);
        Poll::Pending
    }
}

/// The same, in an async function with one number that lives across the wait.
pub async fn parked_coroutine() {
    let count: u64 = opaque(1);
    Parked::new().await;
    opaque(count);
}

/// Bytes of malloc's memory that are in use: its own rounding and the 8 bytes in front of each block included.
fn heap_in_use() -> usize {
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}

/// How many bytes more are in use at the end of `work` than at its begin.
pub async fn counted(work: impl Future<Output = ()>) -> Figures {
    let before = heap_in_use();
    work.await;
    let bytes = (heap_in_use() - before) as u64;
    Figures { first: bytes, second: bytes }
}
