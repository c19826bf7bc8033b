//! The echo server on smol: a task per connection, all on this thread.
//!
//!     smol_echo --port P [--runtime current_thread]

use common::EchoOptions;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use smol::{Async, LocalExecutor, Timer};
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = vec![0; common::BUFFER];
    loop {
        let n = stream.read(&mut bytes).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&bytes[..n]).await?;
    }
}

/// smol's own `bind` has no say in the backlog.
fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    socket.listen(4096)?;
    Ok(Async::new(std::net::TcpListener::from(socket))?.into())
}

async fn serve(executor: &LocalExecutor<'_>, options: EchoOptions) -> io::Result<()> {
    let listener = listen(options.port)?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            // What goes wrong on a connection ends that connection, and is nobody else's business.
            Ok((stream, _)) => executor.spawn(echo(stream)).detach(),
            // Out of descriptors, for one: some will be closed.
            Err(error) => {
                eprintln!("accept: {error}");
                Timer::after(Duration::from_millis(10)).await;
            }
        }
    }
}

fn main() -> io::Result<()> {
    let options = EchoOptions::parse();
    options.flavor.expect_current_thread();
    common::raise_descriptor_limit();
    let executor = LocalExecutor::new();
    smol::block_on(executor.run(serve(&executor, options)))
}
