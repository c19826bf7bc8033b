//! The echo server on Tokio: a task per connection.
//!
//!     tokio_echo --port P [--runtime current_thread|multi_thread:N]

use common::EchoOptions;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

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

async fn serve(options: EchoOptions) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)))?;
    let listener = socket.listen(4096)?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            // What goes wrong on a connection ends that connection, and is nobody else's business.
            Ok((stream, _)) => drop(tokio::spawn(echo(stream))),
            // Out of descriptors, for one: some will be closed.
            Err(error) => {
                eprintln!("accept: {error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

fn main() -> io::Result<()> {
    let options = EchoOptions::parse();
    common::raise_descriptor_limit();
    tokio_peers::runtime(options.flavor)?.block_on(serve(options))
}
