//! `sends`: acknowledged `message:create`, each socket in a session of its own, with every `seq` accounted for.

use crate::{
    Outcome,
    accounts::{Owner, Rest},
    echo::event,
    event_load::{self, Lane, Pace},
    figures::Figures,
    scan::{is_message, seq_of},
    seq_set::SeqSet,
    socket_client::Socket,
    subject::Subject,
};
use clap::Args;
use serde_json::json;
use std::{fmt::Write as _, time::Duration};

#[derive(Args, Clone, Debug)]
pub(crate) struct Sends {
    #[command(flatten)]
    subject: Subject,
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    sockets: u32,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Messages per second and socket; without it, each acknowledgement brings the next message.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    rate: Option<u16>,
    /// Unacknowledged messages that each socket keeps under way where there is no rate.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    in_flight: u16,
    /// Join the sessions first, and count what comes back live as well.
    #[arg(long)]
    join: bool,
    /// Give each message a `clientMessageId`.
    #[arg(long)]
    client_ids: bool,
}

struct Messages {
    owner: Owner,
    client_ids: bool,
    joined: bool,
    sent: u64,
    refused: u64,
    acked: SeqSet,
    heard: SeqSet,
}

impl Lane for Messages {
    fn event(&mut self, buffer: &mut String) {
        self.sent += 1;
        let (session, sent) = (&self.owner.session, self.sent);
        // Writing to a String cannot fail.
        let _ =
            write!(buffer, r#"["message:create",{{"sessionId":"{session}","content":"Message {sent} of a load test""#);
        if self.client_ids {
            let _ = write!(buffer, r#","clientMessageId":"probe-{sent}""#);
        }
        buffer.push_str("}]");
    }

    fn acknowledged(&mut self, answer: &[u8]) -> bool {
        let seq = seq_of(answer).filter(|_| answer.starts_with(b"[{\"ok\":true"));
        match seq {
            Some(seq) => self.acked.insert(seq),
            None => self.refused += 1,
        }
        seq.is_some()
    }

    fn heard(&mut self, event: &[u8]) {
        if is_message(event)
            && let Some(seq) = seq_of(event)
        {
            self.heard.insert(seq);
        }
    }

    fn settled(&self) -> bool {
        !self.joined || self.heard.len() >= self.acked.len()
    }
}

/// What the sessions hold, against what was sent and acknowledged.
#[derive(Debug, Default)]
struct Account {
    acked_twice: u64,
    heard_twice: u64,
    stored_too_often: u64,
    acked_not_stored: usize,
    acked_not_heard: usize,
}

impl Sends {
    pub(crate) async fn run(self, figures: &Figures) -> Outcome<()> {
        let stand = self.subject.stand().await?;
        let addr = stand.addr;
        let mut rest = Rest::open(addr).await?;
        let mut lanes = Vec::new();
        for owner in rest.owners(self.sockets).await? {
            let mut socket = Socket::connect(addr, Some(&owner.token)).await?;
            if self.join {
                socket.ask_well(0, &event("session:join", &json!({ "sessionId": owner.session }))).await?;
            }
            lanes.push((socket, self.lane(owner)));
        }
        stand.settle()?;
        let pace = match self.rate {
            Some(rate) => Pace::Fixed { every: Duration::from_secs(1) / u32::from(rate) },
            None => Pace::Closed { in_flight: self.in_flight.into() },
        };
        println!("message:create on {} sockets to http://{addr}, {pace:?}", self.sockets);
        let (measured, lanes) = event_load::run(lanes, pace, Duration::from_secs(self.seconds), stand.pid).await?;
        print!("{}", measured.told("acks"));
        let kind = match self.rate {
            Some(rate) => format!("sends.rate{rate}"),
            None => format!("sends.closed{}", self.in_flight),
        };
        figures.measured(&kind, &measured)?;

        // The first connection may have been idle for too long.
        let account = account(&mut Rest::open(addr).await?, &lanes).await?;
        let Account { acked_twice, heard_twice, stored_too_often, acked_not_stored, acked_not_heard } = &account;
        println!("repeats: {acked_twice} seqs acknowledged twice, {stored_too_often} messages stored too often");
        println!("losses: {acked_not_stored} acknowledged messages not stored");
        if self.join {
            println!("live: {heard_twice} heard twice, {acked_not_heard} acknowledged and not heard");
        }
        measured.sound("message:create")?;
        let faults = acked_twice + heard_twice + stored_too_often;
        if faults > 0 || acked_not_stored + acked_not_heard > 0 {
            return Err("messages were lost or repeated".into());
        }
        Ok(())
    }

    fn lane(&self, owner: Owner) -> Messages {
        Messages {
            owner,
            client_ids: self.client_ids,
            joined: self.join,
            sent: 0,
            refused: 0,
            acked: SeqSet::default(),
            heard: SeqSet::default(),
        }
    }
}

async fn account(rest: &mut Rest, lanes: &[Messages]) -> Outcome<Account> {
    let mut account = Account::default();
    for lane in lanes {
        let last = rest.last_seq(&lane.owner).await?;
        account.acked_twice += lane.acked.repeats();
        account.heard_twice += lane.heard.repeats();
        // A message whose acknowledgement was lost may be stored; a refused one may not.
        account.stored_too_often += last.saturating_sub(lane.sent - lane.refused);
        account.acked_not_stored += lane.acked.beyond(last);
        if lane.joined {
            account.acked_not_heard += lane.acked.missing_from(&lane.heard);
        }
    }
    Ok(account)
}
