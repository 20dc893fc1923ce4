//! `baseline`: the bare libraries under Rondo, each doing one small thing, as what Rondo is compared with.

use crate::Outcome;
use actix_web::{App, HttpResponse, HttpServer, http::header::ContentType, web};
use clap::Subcommand;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use socketioxide::{
    SocketIo,
    extract::{AckSender, Data, SocketRef},
    handler::ConnectHandler,
};
use std::{convert::Infallible, net::Ipv4Addr, time::Duration};
use tokio::{net::TcpListener, runtime::Builder, time::sleep};

const THREADS: usize = 2;
const LIVE: &str = r#"{"status":"ok","version":"0.1.0","checks":{}}"#;

#[derive(Subcommand, Clone, Debug)]
pub(crate) enum Baseline {
    /// actix-web with two workers, and a constant at GET /health/live.
    Actix {
        /// 0 takes a free one; the address is printed.
        #[arg(long)]
        port: u16,
        /// What to answer with.
        #[arg(long, default_value = LIVE)]
        body: String,
    },
    /// socketioxide on hyper with two threads, and an `echo` that acknowledges with its payload.
    Socketio {
        /// 0 takes a free one; the address is printed.
        #[arg(long)]
        port: u16,
    },
}

impl Baseline {
    /// Serves until a signal ends it.
    pub(crate) fn serve(self) -> Outcome<()> {
        match self {
            Self::Actix { port, body } => actix(port, body),
            Self::Socketio { port } => socketio(port),
        }
    }
}

fn actix(port: u16, body: String) -> Outcome<()> {
    let body = web::Bytes::from(body);
    actix_web::rt::System::new().block_on(async move {
        let app = move || {
            let body = body.clone();
            let live = move || {
                let body = body.clone();
                async move { HttpResponse::Ok().content_type(ContentType::json()).body(body) }
            };
            App::new().route("/health/live", web::get().to(live))
        };
        let server = HttpServer::new(app)
            .workers(THREADS)
            .tcp_nodelay(true)
            .shutdown_timeout(1)
            .bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|error| format!("cannot listen on port {port}: {error}"))?;
        for addr in server.addrs() {
            println!("listening on http://{addr}");
        }
        Ok(server.run().await?)
    })
}

fn socketio(port: u16) -> Outcome<()> {
    let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|error| format!("cannot listen on port {port}: {error}"))?;
        println!("listening on http://{}", listener.local_addr()?);
        echo_sockets(listener).await
    })
}

async fn echo_sockets(listener: TcpListener) -> Outcome<()> {
    let (service, io) = SocketIo::builder().ws_read_buffer_size(1024).max_buffer_size(4096).build_svc();
    // A middleware runs before the client is told that it is connected; the connect handler runs after, and would lose
    // the events of a client that is quick.
    let listen = async |socket: SocketRef| {
        socket.on("echo", async |Data::<Value>(payload), ack: AckSender| {
            // A client that has gone needs no acknowledgement.
            drop(ack.send(&payload));
        });
        Ok::<(), Infallible>(())
    };
    io.ns("/", (async || {}).with(listen));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files; some will be closed.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        drop(stream.set_nodelay(true));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
        tokio::spawn(connection.with_upgrades());
    }
}

#[cfg(test)]
mod tests {
    use super::echo_sockets;
    use crate::{
        Outcome,
        echo::{Emit, event},
        http_load::Get,
        socket_client::Socket,
        target::Target,
    };
    use serde_json::json;
    use std::{net::SocketAddr, time::Duration};
    use tokio::net::TcpListener;

    async fn server() -> Outcome<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        tokio::spawn(echo_sockets(listener));
        Ok(addr)
    }

    #[tokio::test]
    async fn every_event_is_acknowledged_with_its_payload() -> Outcome<()> {
        let addr = server().await?;
        let event = event("echo", &json!({ "a": ["b"] }));
        let mut socket = Socket::connect(addr, None).await?;
        assert_eq!(socket.ask(0, &event).await?, r#"{"a":["b"]}"#);
        socket.close().await;

        let (lanes, time) = (vec![(None, event); 3], Duration::from_millis(300));
        let measured = Emit { addr, pid: Some(std::process::id()), lanes, in_flight: 4, time }.measure().await?;
        measured.sound("echo")
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_event_right_after_the_connect_is_acknowledged() -> Outcome<()> {
        let addr = server().await?;
        for _ in 0..1_000 {
            assert_eq!(Socket::connect(addr, None).await?.ask(0, r#"["echo",{}]"#).await?, "{}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn an_answer_that_is_no_success_is_counted() -> Outcome<()> {
        let url = Target { addr: server().await?, path: "/nothing".to_owned() };
        let measured = Get { url, connections: 2, seconds: 1, token: None, pid: None }.measure().await?;
        assert_eq!(measured.tally.refused, measured.answers());
        assert!(measured.sound("GET").is_err_and(|failure| failure.to_string().contains("status 404")));
        Ok(())
    }
}
