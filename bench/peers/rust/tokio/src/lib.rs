//! What the Tokio peers share.

use common::Flavor;
use std::io;
use tokio::runtime::{Builder, Runtime};

/// The runtime that `#[tokio::main(flavor = "…")]` would build.
pub fn runtime(flavor: Flavor) -> io::Result<Runtime> {
    match flavor {
        Flavor::CurrentThread => Builder::new_current_thread().enable_all().build(),
        Flavor::MultiThread(workers) => Builder::new_multi_thread().worker_threads(workers).enable_all().build(),
    }
}
