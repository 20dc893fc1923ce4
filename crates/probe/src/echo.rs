//! `echo`: any acknowledged event, the same one from every socket.

use crate::{
    Outcome,
    event_load::{self, Lane, Pace},
    report::Measured,
    socket_client::Socket,
    target::Target,
};
use clap::Args;
use serde_json::Value;
use std::{net::SocketAddr, sync::Arc, time::Duration};

#[derive(Args, Clone, Debug)]
pub(crate) struct Echo {
    /// The server; a loopback address.
    #[arg(long)]
    url: Target,
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    sockets: u32,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Unacknowledged events that each socket keeps under way.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    in_flight: u16,
    #[arg(long, default_value = "echo")]
    event: String,
    /// JSON, sent with every event.
    #[arg(long, default_value = "{}", value_parser = json)]
    payload: Value,
    /// An access token for the handshake.
    #[arg(long)]
    token: Option<String>,
    /// The server's process, to tell its CPU time and memory.
    #[arg(long)]
    pid: Option<u32>,
}

/// One event for a number of sockets, each with its token or all with none.
#[derive(Clone, Debug)]
pub(crate) struct Emit {
    pub(crate) addr: SocketAddr,
    pub(crate) pid: Option<u32>,
    /// Who each socket is, and what it sends.
    pub(crate) lanes: Vec<(Option<String>, String)>,
    pub(crate) in_flight: usize,
    pub(crate) time: Duration,
}

struct Same(Arc<str>);

impl Lane for Same {
    fn event(&mut self, buffer: &mut String) {
        buffer.push_str(&self.0);
    }

    fn acknowledged(&mut self, _answer: &[u8]) -> bool {
        true
    }
}

impl Echo {
    pub(crate) async fn run(self) -> Outcome<()> {
        println!("{} on {} sockets to http://{}", self.event, self.sockets, self.url.addr);
        let lane = (self.token, event(&self.event, &self.payload));
        let emit = Emit {
            addr: self.url.addr,
            pid: self.pid,
            lanes: vec![lane; usize::try_from(self.sockets)?],
            in_flight: self.in_flight.into(),
            time: Duration::from_secs(self.seconds),
        };
        // What the answer says is for the reader to judge, once.
        if let Some((token, event)) = emit.lanes.first() {
            let mut socket = Socket::connect(emit.addr, token.as_deref()).await?;
            println!("acknowledged with: {}", socket.ask(0, event).await?);
            socket.close().await;
        }
        print!("{}", emit.measure().await?.told("acknowledgements"));
        Ok(())
    }
}

impl Emit {
    pub(crate) async fn measure(&self) -> Outcome<Measured> {
        let mut lanes = Vec::with_capacity(self.lanes.len());
        for (token, event) in &self.lanes {
            lanes.push((Socket::connect(self.addr, token.as_deref()).await?, Same(event.as_str().into())));
        }
        let pace = Pace::Closed { in_flight: self.in_flight };
        Ok(event_load::run(lanes, pace, self.time, self.pid).await?.0)
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))
}

/// `["name",{…}]`.
pub(crate) fn event(name: &str, payload: &Value) -> String {
    Value::from(vec![Value::from(name), payload.clone()]).to_string()
}
