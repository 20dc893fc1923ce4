//! `stand`: a server with somebody who has sessions and messages, for another load tool.

use crate::{
    Outcome,
    accounts::{Owner, Rest},
    subject::Subject,
};
use clap::Args;
use std::{io, thread};
use tokio::sync::oneshot;

const SESSIONS: u32 = 20;
const MESSAGES: u32 = 100;

#[derive(Args, Clone, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    subject: Subject,
}

impl Serve {
    /// Prints what is needed as `name<TAB>value`, then serves until standard input ends.
    pub(crate) async fn run(self) -> Outcome<()> {
        let stand = self.subject.stand().await?;
        let mut rest = Rest::open(stand.addr).await?;
        let token = rest.register("probe").await?;
        let mut session = String::new();
        for number in 1..=SESSIONS {
            session = rest.create_session(&token, &format!("Probe {number}")).await?;
        }
        let owner = Owner { token, session };
        for number in 1..=MESSAGES {
            rest.say(&owner, &format!("Message {number} of a load test")).await?;
        }
        stand.settle()?;
        println!("url\thttp://{}", stand.addr);
        println!("token\t{}", owner.token);
        println!("session\t{}", owner.session);
        println!("ready\tyes");
        let (gone, ended) = oneshot::channel();
        // A thread of its own, since a read of standard input cannot be called off.
        thread::spawn(move || gone.send(io::copy(&mut io::stdin(), &mut io::sink()).map(drop)));
        Ok(ended.await??)
    }
}
