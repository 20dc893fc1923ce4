//! `baseline`: the bare libraries under Rondo, each doing one small thing, as what Rondo is compared with.

use crate::{Failure, Outcome, scan::position_at};
use actix_web::{App, HttpResponse, HttpServer, http::header::ContentType, web};
use clap::Subcommand;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use socketioxide::{
    SocketIo,
    extract::{AckSender, Data, SocketRef},
    handler::ConnectHandler,
};
use std::{convert::Infallible, net::Ipv4Addr, str::FromStr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, runtime::Builder, time::sleep};

const THREADS: usize = 2;
const LIVE: &str = r#"{"status":"ok","version":"0.1.0","checks":{}}"#;
const HEARD: &str = r#"42["message:create",{"content":"Something","position":1}]"#;
const MESSAGE: &str = "message:create";

#[derive(Subcommand, Clone, Debug)]
pub(crate) enum Baseline {
    /// actix-web with two workers, and one constant as the answer to everything.
    Actix {
        /// 0 takes a free one; the address is printed.
        #[arg(long)]
        port: u16,
        /// What to answer with.
        #[arg(long, default_value = LIVE)]
        body: String,
    },
    /// socketioxide on hyper with two threads: an `echo` that acknowledges with its payload, and rooms.
    Socketio {
        /// 0 takes a free one; the address is printed.
        #[arg(long)]
        port: u16,
        /// What a room hears: the packet of a `message:create` as Rondo sent it, given back with positions of its own.
        #[arg(long, default_value = HEARD)]
        heard: String,
    },
}

impl Baseline {
    /// Serves until a signal ends it.
    pub(crate) fn serve(self) -> Outcome<()> {
        match self {
            Self::Actix { port, body } => actix(port, body),
            Self::Socketio { port, heard } => socketio(port, heard.parse()?),
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
            App::new().default_service(web::to(live))
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

fn socketio(port: u16, heard: Heard) -> Outcome<()> {
    let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|error| format!("cannot listen on port {port}: {error}"))?;
        println!("listening on http://{}", listener.local_addr()?);
        serve_sockets(listener, heard).await
    })
}

/// The payload of an event, before and after its position.
#[derive(Clone, Debug)]
struct Heard {
    before: Arc<str>,
    after: Arc<str>,
}

impl FromStr for Heard {
    type Err = Failure;

    fn from_str(packet: &str) -> Outcome<Self> {
        let start = packet.find('{').ok_or("the event has no payload")?;
        let payload = packet[start..].strip_suffix(']').ok_or("the event has no end")?;
        let at = position_at(payload.as_bytes()).ok_or("the event has no position")?;
        let (before, rest) = payload.split_at(at);
        Ok(Self { before: before.into(), after: rest.trim_start_matches(|c: char| c.is_ascii_digit()).into() })
    }
}

impl Heard {
    fn at(&self, position: u64) -> serde_json::Result<Box<RawValue>> {
        RawValue::from_string(format!("{}{position}{}", self.before, self.after))
    }
}

#[derive(Deserialize)]
struct Join {
    room: String,
}

#[derive(Deserialize)]
struct Say {
    room: String,
    position: u64,
}

async fn serve_sockets(listener: TcpListener, heard: Heard) -> Outcome<()> {
    let (service, io) = SocketIo::builder().ws_read_buffer_size(1024).max_buffer_size(4096).build_svc();
    // A middleware runs before the client is told that it is connected; the connect handler runs after, and would lose
    // the events of a client that is quick. Of a client that has gone, nothing more is wanted: sends may fail.
    let listen = async move |socket: SocketRef| {
        socket.on("echo", async |Data::<Value>(payload), ack: AckSender| {
            drop(ack.send(&payload));
        });
        socket.on("join", async |socket: SocketRef, Data::<Join>(join), ack: AckSender| {
            socket.join(join.room);
            drop(ack.send(&Done { ok: true }));
        });
        socket.on("say", async move |socket: SocketRef, Data::<Say>(say), ack: AckSender| {
            if let Ok(payload) = heard.at(say.position) {
                drop(socket.within(say.room).emit(MESSAGE, &payload).await);
                drop(ack.send(&Done { ok: true }));
            }
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

#[derive(Serialize)]
struct Done {
    ok: bool,
}

#[cfg(test)]
mod tests {
    use super::{HEARD, Heard, serve_sockets};
    use crate::{
        Outcome,
        echo::{Emit, event},
        http_client::Request,
        http_load::HttpLoad,
        scan::{is_message, position_of},
        socket_client::{Packet, Socket},
    };
    use serde_json::json;
    use std::{net::SocketAddr, time::Duration};
    use tokio::net::TcpListener;

    async fn server() -> Outcome<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        tokio::spawn(serve_sockets(listener, HEARD.parse()?));
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
        let addr = server().await?;
        let nothing = HttpLoad::same(addr, None, &Request::get("/nothing").bytes(addr), 2);
        let measured = nothing.measure().await?;
        assert_eq!((measured.answers(), measured.tally.refused > 0), (0, true));
        assert!(measured.sound("GET").is_err_and(|failure| failure.to_string().contains("status 404")));
        Ok(())
    }

    #[tokio::test]
    async fn a_room_hears_what_is_said_in_it() -> Outcome<()> {
        let addr = server().await?;
        let mut socket = Socket::connect(addr, None).await?;
        assert_eq!(socket.ask(0, r#"["join",{"room":"a"}]"#).await?, r#"{"ok":true}"#);
        socket.feed(1, r#"["say",{"room":"a","position":7}]"#);
        socket.flush().await?;
        loop {
            let Packet::Event(event) = socket.packet().await? else { continue };
            let event = socket.bytes(&event);
            assert!(is_message(event));
            assert_eq!(position_of(event), Some(7));
            return Ok(());
        }
    }

    #[test]
    fn the_same_bytes_are_given_back() -> Outcome<()> {
        let heard: Heard = r#"42["message:create",{"seq":4,"position":12}]"#.parse()?;
        assert_eq!(heard.at(3)?.get(), r#"{"seq":4,"position":3}"#);
        assert!("42[]".parse::<Heard>().is_err());
        Ok(())
    }
}
