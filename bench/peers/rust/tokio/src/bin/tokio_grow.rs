//! How Tokio's cost grows. What is counted: bench/peers/grow/rt.cpp.
//!
//!     tokio_grow list
//!     tokio_grow MEASURE N [--runtime current_thread|multi_thread:N]

use common::measuring::{self, opaque, timer_delay, Figures, Order, PollFn, Stopwatch};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::time::{sleep, sleep_until, Sleep};

const MEASURES: &[&str] = &["tasks", "timers", "deep_wake"];
const WAKES: u64 = 20_000;
const WAKES_TOLD: u64 = 1_000;

fn repetitions(n: u64) -> u64 {
    (200_000 / n).max(1)
}

async fn number(i: u64) -> u64 {
    opaque(i)
}

async fn tasks(n: u64) -> Figures {
    let mut handles = Vec::with_capacity(n as usize);
    let times = repetitions(n);
    let watch = Stopwatch::start();
    for _ in 0..times {
        handles.extend((0..n).map(|i| tokio::spawn(number(i))));
        let mut sum = 0;
        for handle in handles.drain(..) {
            sum += handle.await.unwrap();
        }
        assert_eq!(sum, (0..n).sum());
    }
    watch.stop().share(times)
}

async fn timers(n: u64) -> Figures {
    tokio::spawn(sleep(measuring::first_timer_delay(n, false)));
    sleep(measuring::SETTLED).await;
    let mut sleeps: Vec<Sleep> = Vec::with_capacity(n as usize);
    let times = repetitions(n);
    let watch = Stopwatch::start();
    for _ in 0..times {
        let start = Instant::now();
        sleeps.extend((0..n).map(|i| sleep_until((start + timer_delay(i, n, false)).into())));
        PollFn(|cx: &mut Context<'_>| {
            for sleep in sleeps.iter_mut() {
                // None is moved once it has been polled: there is room for all, and they are dropped where they are.
                assert!(unsafe { Pin::new_unchecked(sleep) }.poll(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        sleeps.clear();
    }
    watch.stop().share(times)
}

/// Pending once, and woken at once.
struct SelfWake {
    polled: bool,
}

impl Future for SelfWake {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// So many async functions, one awaiting the next; boxed, as one that calls itself must be.
fn deep_wake(depth: u64) -> Pin<Box<dyn Future<Output = Figures> + Send>> {
    Box::pin(async move {
        if depth > 1 {
            return deep_wake(depth - 1).await;
        }
        SelfWake { polled: false }.await;
        let watch = Stopwatch::start();
        for _ in 0..WAKES {
            SelfWake { polled: false }.await;
        }
        watch.stop().share(WAKES / WAKES_TOLD)
    })
}

async fn measure(name: &str, n: u64) -> Figures {
    match name {
        "tasks" => tasks(n).await,
        "timers" => timers(n).await,
        "deep_wake" => deep_wake(n).await,
        _ => unreachable!("{name} is in the list"),
    }
}

fn main() -> io::Result<()> {
    let order = Arc::new(Order::parse(MEASURES, |_| ()));
    let runtime = tokio_peers::runtime(order.flavor)?;
    let run = |n| {
        let order = order.clone();
        runtime.block_on(runtime.spawn(async move { measure(&order.measure, n).await })).unwrap()
    };
    run(order.warm_up());
    order.print(run(order.n));
    // The earlier timer need not be waited for.
    std::process::exit(0)
}
