//! smol's micro-benchmarks, as far as it has the means: neither a JoinSet nor a Notify nor oneshot channels. All but
//! block_on_ready run in a task of a LocalExecutor.
//!
//!     smol_micro list
//!     smol_micro MEASURE N [--runtime current_thread]

use common::measuring::{self, opaque, timer_delay, Figures, Order, Parked, PollFn, Stopwatch};
use common::Flavor;
use smol::future::yield_now;
use smol::{LocalExecutor, Timer};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Instant;

type Executor = Rc<LocalExecutor<'static>>;

const MEASURES: &[&str] = &[
    "spawn_await",
    "spawn_many",
    "yield_1",
    "yield_1000",
    "block_on_ready",
    "spawn_blocking",
    "timers_create",
    "timers_cancel",
    "timers_run",
    "parked_bytes_future",
    "parked_bytes_coroutine",
];

async fn number(i: u64) -> u64 {
    opaque(i)
}

/// Spawns a task and awaits it, then the next.
async fn spawn_await(executor: Executor, n: u64) -> Figures {
    let watch = Stopwatch::start();
    for i in 0..n {
        assert_eq!(executor.spawn(number(i)).await, i);
    }
    watch.stop()
}

/// Spawns all, then awaits all.
async fn spawn_many(executor: Executor, n: u64) -> Figures {
    let mut tasks = Vec::with_capacity(n as usize);
    let watch = Stopwatch::start();
    tasks.extend((0..n).map(|i| executor.spawn(number(i))));
    let mut sum = 0;
    for task in tasks {
        sum += task.await;
    }
    let figures = watch.stop();
    assert_eq!(sum, (0..n).sum());
    figures
}

async fn yields(n: u64) {
    for _ in 0..n {
        yield_now().await;
    }
}

async fn yield_1(executor: Executor, n: u64) -> Figures {
    let watch = Stopwatch::start();
    executor.spawn(yields(n)).await;
    watch.stop()
}

/// A thousand tasks share the yields.
async fn yield_1000(executor: Executor, n: u64) -> Figures {
    let mut tasks = Vec::with_capacity(1000);
    let watch = Stopwatch::start();
    tasks.extend((0..1000).map(|i| executor.spawn(yields(n / 1000 + u64::from(i < n % 1000)))));
    for task in tasks {
        task.await;
    }
    watch.stop()
}

/// A job on the blocking pool and its result, then the next.
async fn spawn_blocking(n: u64) -> Figures {
    let watch = Stopwatch::start();
    for i in 0..n {
        assert_eq!(smol::unblock(move || opaque(i)).await, i);
    }
    watch.stop()
}

/// Timers, one behind the other in memory.
struct Timers {
    timers: Vec<Timer>,
    n: u64,
    fires: bool,
}

impl Timers {
    /// Room for them, and the first timer of all.
    async fn prepare(executor: Executor, n: u64, fires: bool) -> Self {
        executor.spawn(Timer::after(measuring::first_timer_delay(n, fires))).detach();
        Timer::after(measuring::SETTLED).await;
        Timers { timers: Vec::with_capacity(n as usize), n, fires }
    }

    /// Makes them and polls each once, which registers it.
    async fn create(&mut self) {
        let start = Instant::now();
        self.timers.extend((0..self.n).map(|i| Timer::at(start + timer_delay(i, self.n, self.fires))));
        PollFn(|cx: &mut Context<'_>| {
            for timer in &mut self.timers {
                assert!(Pin::new(timer).poll(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await
    }
}

async fn timers_create(executor: Executor, n: u64) -> Figures {
    let mut timers = Timers::prepare(executor, n, false).await;
    let watch = Stopwatch::start();
    timers.create().await;
    watch.stop()
}

async fn timers_cancel(executor: Executor, n: u64) -> Figures {
    let mut timers = Timers::prepare(executor, n, false).await;
    timers.create().await;
    let watch = Stopwatch::start();
    drop(timers);
    watch.stop()
}

/// The whole life of timers that fire: they are created, and one task awaits one after another.
async fn timers_run(executor: Executor, n: u64) -> Figures {
    let mut timers = Timers::prepare(executor, n, true).await;
    let watch = Stopwatch::start();
    timers.create().await;
    for timer in &mut timers.timers {
        timer.await;
    }
    watch.stop()
}

/// Spawns tasks that wait for ever, no more than a few before they are polled: the queue is not what is counted.
async fn parked<F: Future<Output = ()> + 'static>(executor: Executor, n: u64, wait: impl Fn() -> F) -> Figures {
    let before = measuring::PARKED_POLLS.load(Relaxed);
    measuring::counted(async {
        for i in 0..n {
            executor.spawn(wait()).detach();
            while i + 1 - (measuring::PARKED_POLLS.load(Relaxed) - before) >= 16 {
                yield_now().await;
            }
        }
        while measuring::PARKED_POLLS.load(Relaxed) - before < n {
            yield_now().await;
        }
    })
    .await
}

async fn measure(executor: Executor, name: &str, n: u64) -> Figures {
    match name {
        "spawn_await" => spawn_await(executor, n).await,
        "spawn_many" => spawn_many(executor, n).await,
        "yield_1" => yield_1(executor, n).await,
        "yield_1000" => yield_1000(executor, n).await,
        "spawn_blocking" => spawn_blocking(n).await,
        "timers_create" => timers_create(executor, n).await,
        "timers_cancel" => timers_cancel(executor, n).await,
        "timers_run" => timers_run(executor, n).await,
        "parked_bytes_future" => parked(executor, n, Parked::new).await,
        "parked_bytes_coroutine" => parked(executor, n, measuring::parked_coroutine).await,
        _ => unreachable!("{name} is in the list"),
    }
}

/// From outside: a future that is ready at once.
fn block_on_ready(n: u64) -> Figures {
    let watch = Stopwatch::start();
    for i in 0..n {
        assert_eq!(smol::block_on(number(i)), i);
    }
    watch.stop()
}

fn main() {
    let order = Rc::new(Order::parse(MEASURES, Flavor::expect_current_thread));
    let executor = Rc::new(LocalExecutor::new());
    let run = |n| {
        if order.measure == "block_on_ready" {
            return block_on_ready(n);
        }
        let (order, for_task) = (order.clone(), executor.clone());
        let task = executor.spawn(async move { measure(for_task, &order.measure, n).await });
        smol::block_on(executor.run(task))
    };
    run(order.warm_up());
    order.print(run(order.n));
    // Without a farewell to the tasks that wait for ever.
    std::process::exit(0)
}
