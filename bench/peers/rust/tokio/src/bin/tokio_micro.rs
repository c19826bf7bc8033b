//! Tokio's micro-benchmarks. All but block_on_ready run in a task of the runtime.
//!
//!     tokio_micro list
//!     tokio_micro MEASURE N [--runtime current_thread|multi_thread:N]

use common::measuring::{self, opaque, timer_delay, Figures, Order, Parked, PollFn, Stopwatch};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::runtime::Runtime;
use tokio::sync::{oneshot, Notify};
use tokio::task::{self, JoinSet};
use tokio::time::{sleep, sleep_until, Sleep};

const MEASURES: &[&str] = &[
    "spawn_await",
    "spawn_many",
    "join_set_1000",
    "yield_1",
    "yield_1000",
    "block_on_ready",
    "notify_ping_pong",
    "oneshot_ping_pong",
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
async fn spawn_await(n: u64) -> Figures {
    let watch = Stopwatch::start();
    for i in 0..n {
        assert_eq!(tokio::spawn(number(i)).await.unwrap(), i);
    }
    watch.stop()
}

/// Spawns all, then awaits all.
async fn spawn_many(n: u64) -> Figures {
    let mut handles = Vec::with_capacity(n as usize);
    let watch = Stopwatch::start();
    handles.extend((0..n).map(|i| tokio::spawn(number(i))));
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.unwrap();
    }
    let figures = watch.stop();
    assert_eq!(sum, (0..n).sum());
    figures
}

/// Fills a JoinSet with a thousand tasks and empties it, again and again.
async fn join_set_1000(n: u64) -> Figures {
    let watch = Stopwatch::start();
    let mut sum = 0;
    let mut begin = 0;
    while begin < n {
        let end = n.min(begin + 1000);
        let mut set = JoinSet::new();
        for i in begin..end {
            set.spawn(number(i));
        }
        while let Some(i) = set.join_next().await {
            sum += i.unwrap();
        }
        begin = end;
    }
    let figures = watch.stop();
    assert_eq!(sum, (0..n).sum());
    figures
}

async fn yields(n: u64) {
    for _ in 0..n {
        task::yield_now().await;
    }
}

async fn yield_1(n: u64) -> Figures {
    let watch = Stopwatch::start();
    tokio::spawn(yields(n)).await.unwrap();
    watch.stop()
}

/// A thousand tasks share the yields.
async fn yield_1000(n: u64) -> Figures {
    let mut tasks = Vec::with_capacity(1000);
    let watch = Stopwatch::start();
    tasks.extend((0..1000).map(|i| tokio::spawn(yields(n / 1000 + u64::from(i < n % 1000)))));
    for task in tasks {
        task.await.unwrap();
    }
    watch.stop()
}

/// Two tasks wake each other through a Notify each; counted are round trips.
async fn notify_ping_pong(n: u64) -> Figures {
    let ping = Arc::new(Notify::new());
    let pong = Arc::new(Notify::new());
    let watch = Stopwatch::start();
    let other = tokio::spawn({
        let (ping, pong) = (ping.clone(), pong.clone());
        async move {
            for _ in 0..n {
                ping.notified().await;
                pong.notify_one();
            }
        }
    });
    for _ in 0..n {
        ping.notify_one();
        pong.notified().await;
    }
    other.await.unwrap();
    watch.stop()
}

/// What goes to and fro: where to send it next.
struct Ball {
    next: oneshot::Sender<Ball>,
    hits: u64,
}

/// Awaits the ball, and sends it back with a new channel for the next; until it has been hit `n` times.
async fn play(mut coming: oneshot::Receiver<Ball>, n: u64) -> u64 {
    loop {
        let ball = match coming.await {
            Ok(ball) => ball,
            Err(_) => return n,
        };
        if ball.hits == n {
            return ball.hits;
        }
        let (next, receiver) = oneshot::channel();
        let _ = ball.next.send(Ball { next, hits: ball.hits + 1 });
        coming = receiver;
    }
}

/// Two tasks throw a ball; each throw goes through a oneshot channel made for it. Counted are round trips.
async fn oneshot_ping_pong(n: u64) -> Figures {
    let watch = Stopwatch::start();
    let (serve, first) = oneshot::channel();
    let other = tokio::spawn(play(first, 2 * n));
    let (next, receiver) = oneshot::channel();
    let _ = serve.send(Ball { next, hits: 1 });
    let hits = play(receiver, 2 * n).await.max(other.await.unwrap());
    let figures = watch.stop();
    assert_eq!(hits, 2 * n);
    figures
}

/// A job on the blocking pool and its result, then the next.
async fn spawn_blocking(n: u64) -> Figures {
    let watch = Stopwatch::start();
    for i in 0..n {
        assert_eq!(task::spawn_blocking(move || opaque(i)).await.unwrap(), i);
    }
    watch.stop()
}

/// Sleeps, one behind the other in memory. None is moved once it has been polled.
struct Timers {
    sleeps: Vec<Sleep>,
    n: u64,
    fires: bool,
}

impl Timers {
    /// Room for them, and the first timer of all.
    async fn prepare(n: u64, fires: bool) -> Self {
        tokio::spawn(sleep(measuring::first_timer_delay(n, fires)));
        sleep(measuring::SETTLED).await;
        Timers { sleeps: Vec::with_capacity(n as usize), n, fires }
    }

    /// Makes them and polls each once, which registers it.
    async fn create(&mut self) {
        let start = Instant::now();
        self.sleeps.extend((0..self.n).map(|i| sleep_until((start + timer_delay(i, self.n, self.fires)).into())));
        PollFn(|cx: &mut Context<'_>| {
            for sleep in self.pinned() {
                assert!(sleep.poll(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await
    }

    fn pinned(&mut self) -> impl Iterator<Item = Pin<&mut Sleep>> {
        self.sleeps.iter_mut().map(|sleep| unsafe { Pin::new_unchecked(sleep) })
    }
}

async fn timers_create(n: u64) -> Figures {
    let mut timers = Timers::prepare(n, false).await;
    let watch = Stopwatch::start();
    timers.create().await;
    watch.stop()
}

async fn timers_cancel(n: u64) -> Figures {
    let mut timers = Timers::prepare(n, false).await;
    timers.create().await;
    let watch = Stopwatch::start();
    drop(timers);
    watch.stop()
}

/// The whole life of timers that fire: they are created, and one task awaits one after another.
async fn timers_run(n: u64) -> Figures {
    let mut timers = Timers::prepare(n, true).await;
    let watch = Stopwatch::start();
    timers.create().await;
    for sleep in timers.pinned() {
        sleep.await;
    }
    watch.stop()
}

/// Spawns tasks that wait for ever, no more than a few before they are polled: the queue is not what is counted.
async fn parked<F: Future<Output = ()> + Send + 'static>(n: u64, wait: impl Fn() -> F) -> Figures {
    let before = measuring::PARKED_POLLS.load(Relaxed);
    measuring::counted(async {
        for i in 0..n {
            drop(tokio::spawn(wait()));
            while i + 1 - (measuring::PARKED_POLLS.load(Relaxed) - before) >= 16 {
                task::yield_now().await;
            }
        }
        while measuring::PARKED_POLLS.load(Relaxed) - before < n {
            task::yield_now().await;
        }
    })
    .await
}

async fn measure(name: &str, n: u64) -> Figures {
    match name {
        "spawn_await" => spawn_await(n).await,
        "spawn_many" => spawn_many(n).await,
        "join_set_1000" => join_set_1000(n).await,
        "yield_1" => yield_1(n).await,
        "yield_1000" => yield_1000(n).await,
        "notify_ping_pong" => notify_ping_pong(n).await,
        "oneshot_ping_pong" => oneshot_ping_pong(n).await,
        "spawn_blocking" => spawn_blocking(n).await,
        "timers_create" => timers_create(n).await,
        "timers_cancel" => timers_cancel(n).await,
        "timers_run" => timers_run(n).await,
        "parked_bytes_future" => parked(n, Parked::new).await,
        "parked_bytes_coroutine" => parked(n, measuring::parked_coroutine).await,
        _ => unreachable!("{name} is in the list"),
    }
}

/// From outside: a future that is ready at once.
fn block_on_ready(runtime: &Runtime, n: u64) -> Figures {
    let watch = Stopwatch::start();
    for i in 0..n {
        assert_eq!(runtime.block_on(number(i)), i);
    }
    watch.stop()
}

fn main() -> io::Result<()> {
    let order = Arc::new(Order::parse(MEASURES, |_| ()));
    let runtime = tokio_peers::runtime(order.flavor)?;
    let run = |n| {
        if order.measure == "block_on_ready" {
            return block_on_ready(&runtime, n);
        }
        let order = order.clone();
        runtime.block_on(runtime.spawn(async move { measure(&order.measure, n).await })).unwrap()
    };
    run(order.warm_up());
    order.print(run(order.n));
    // Without a farewell to the tasks that wait for ever.
    std::process::exit(0)
}
