//! `get`: one path, over and over.

use crate::{Outcome, http_client::Request, http_load::HttpLoad, target::Target};
use clap::Args;
use std::time::Duration;

#[derive(Args, Clone, Debug)]
pub(crate) struct Get {
    /// What to ask for; a loopback address.
    #[arg(long)]
    url: Target,
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// An access token, sent as `Authorization: Bearer`.
    #[arg(long)]
    token: Option<String>,
    /// The server's process, to tell its CPU time and memory.
    #[arg(long)]
    pid: Option<u32>,
}

impl Get {
    pub(crate) async fn run(self) -> Outcome<()> {
        println!("GET http://{}{} on {} connections", self.url.addr, self.url.path, self.connections);
        let request = Request { token: self.token.as_deref(), ..Request::get(&self.url.path) };
        let load = HttpLoad::same(self.url.addr, self.pid, &request.bytes(self.url.addr), self.connections);
        let measured = load.lasting(Duration::from_secs(self.seconds)).measure().await?;
        print!("{}", measured.told("requests"));
        measured.sound("GET")
    }
}
