//! What `solution-20 demo` does, on Tokio: an echo server and its clients in one process. Each client says hello, ends
//! its sending side, and checks what comes back.
//!
//!     tokio_demo [--clients 1000] [--runtime current_thread|multi_thread:N]

use common::measuring::Stopwatch;
use common::options::{self, Argument};
use common::Flavor;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = vec![0; 4096];
    loop {
        let n = stream.read(&mut bytes).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&bytes[..n]).await?;
    }
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(echo(stream));
    }
}

/// Says hello, and checks that it comes back; yields how many bytes that were.
async fn client(server: SocketAddr, n: u64) -> io::Result<usize> {
    let mut stream = TcpStream::connect(server).await?;
    let hello = format!("Hello, world! from client {n}");
    stream.write_all(hello.as_bytes()).await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    if answer != hello {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("client {n} said '{hello}' and heard '{answer}'"),
        ));
    }
    Ok(answer.len())
}

async fn demo(count: u64) -> io::Result<usize> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = listener.local_addr()?;
    tokio::spawn(serve(listener));
    let mut clients = JoinSet::new();
    for n in 0..count {
        clients.spawn(client(server, n));
    }
    let mut bytes = 0;
    while let Some(echoed) = clients.join_next().await {
        bytes += echoed??;
    }
    Ok(bytes)
}

fn main() -> io::Result<()> {
    let mut clients = 1000;
    let mut flavor = Flavor::CurrentThread;
    for argument in options::arguments() {
        match argument {
            Argument::Option(name, value) if name == "clients" => {
                clients = options::number(&name, &value, 1, 1_000_000)
            }
            Argument::Option(name, value) if name == "runtime" => flavor = options::flavor(&value),
            _ => options::refuse("there are only the options --clients and --runtime"),
        }
    }
    common::raise_descriptor_limit();
    let watch = Stopwatch::start();
    let bytes = tokio_peers::runtime(flavor)?.block_on(demo(clients))?;
    let (wall, cpu) = watch.stop().wall_and_cpu();
    println!(
        "{clients} clients, {bytes} bytes, {:.1} ms, CPU {:.0} %, peak memory {} kB",
        wall as f64 / 1e6,
        100.0 * cpu as f64 / wall as f64,
        common::peak_memory_kb()
    );
    Ok(())
}
