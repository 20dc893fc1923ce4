//! Presence as it stands in Redis: every read and write of it, under the lease that is shown.

use std::time::Duration;

use rondo_domain::{
    Timestamp,
    ids::{NodeId, SessionId, UserId},
    page::Limit,
    presence::{ConnectionId, Entered, Gone, Noticed, Present, Roll, RollKey},
};

use super::scripts;
use crate::redis::{Keys, Redis, RedisFault};

/// How many stays are swept in one step.
const SWEPT: usize = 100;
/// How long it is noted that a node was swept.
const NOTED: Duration = Duration::from_hours(1);
/// How many holdings are read in one step.
const SCANNED: usize = 1_000;

/// A lease of this node. Each is another, so that what was asked under an old one is refused when it comes late.
pub(super) type Lease = u64;
/// A connection's stay in a session.
pub(super) type Stay = (SessionId, ConnectionId);
/// What Redis gave; `None` when the lease that was shown is no more.
pub(super) type Held<T> = Result<Option<T>, RedisFault>;

/// Somebody on a page of those who are there: who, with how many connections, since when.
type Listed = (String, usize, i64);
/// Somebody who is gone: where, who, and how many are still there.
type Swept = (String, String, usize);

/// What presence of this node's is in Redis.
pub(super) struct Shelf {
    redis: Redis,
    node: NodeId,
    lease: String,
    held: String,
}

impl Shelf {
    pub(super) fn new(redis: Redis, node: NodeId) -> Self {
        let (lease, held) = (redis.keys().lease(node), redis.keys().held(node));
        Self { redis, node, lease, held }
    }

    pub(super) const fn redis(&self) -> &Redis {
        &self.redis
    }

    fn keys(&self) -> &Keys {
        self.redis.keys()
    }

    /// Takes a new lease. `true` when the node's stays were swept, and announced as gone, since all was well last.
    pub(super) async fn take_lease(&self, lease: Lease, lasting: Duration) -> Result<bool, RedisFault> {
        let mut call = scripts::TAKE_LEASE.key(&self.lease);
        call.key(self.keys().nodes()).key(self.keys().swept(self.node));
        self.redis.script(call.arg(self.node.to_string()).arg(lease).arg(millis(lasting))).await
    }

    /// Renews the lease. `false` when it is no more.
    pub(super) async fn renew_lease(&self, lease: Lease, lasting: Duration) -> Result<bool, RedisFault> {
        self.redis.script(scripts::RENEW_LEASE.key(&self.lease).arg(lease).arg(millis(lasting))).await
    }

    /// All is well again: that the node was swept is forgotten.
    pub(super) async fn forget_sweep(&self, lease: Lease) -> Result<(), RedisFault> {
        let mut call = scripts::FORGET_SWEEP.key(&self.lease);
        self.redis.script(call.key(self.keys().swept(self.node)).arg(lease)).await
    }

    /// Lets the lease end after a while, so that other nodes sweep; `false` when there are none, and it ends at once.
    pub(super) async fn end_lease(&self, lasting: Duration) -> Result<bool, RedisFault> {
        let (before, after) = self.keys().lease_affixes();
        let mut call = scripts::END_LEASE.key(&self.lease);
        call.key(self.keys().nodes()).arg(self.node.to_string()).arg(before).arg(after).arg(millis(lasting));
        self.redis.script(&call).await
    }

    /// Writes a stay; `again` when it had been there before.
    pub(super) async fn enter(
        &self,
        lease: Lease,
        (session, connection): Stay,
        user: UserId,
        at: Timestamp,
        again: bool,
    ) -> Held<Entered> {
        let room = self.keys().presence(session);
        let mut call = scripts::ENTER.key(&self.lease);
        call.key(&self.held).key(room.stays).key(room.people).key(room.order);
        call.arg(lease).arg(stay(self.node, connection)).arg(holding((session, connection)));
        call.arg(user.to_string()).arg(at.timestamp_millis()).arg(u8::from(again));
        let answer: Option<(usize, i64, bool, usize)> = self.redis.script(&call).await?;
        Ok(answer.map(|(connections, since, first, count)| {
            let since = Timestamp::from_timestamp_millis(since).unwrap_or(at);
            Entered { present: Present { user, connections, since }, first, count }
        }))
    }

    /// Removes a stay; the inner `None` when it was not there.
    pub(super) async fn exit(&self, lease: Lease, (session, connection): Stay) -> Held<Option<Gone>> {
        let room = self.keys().presence(session);
        let mut call = scripts::EXIT.key(&self.lease);
        call.key(&self.held).key(room.stays).key(room.people).key(room.order);
        call.arg(lease).arg(stay(self.node, connection)).arg(holding((session, connection)));
        let answer: Option<(String, bool, usize)> = self.redis.script(&call).await?;
        Ok(answer.map(|(user, last, count)| Some(Gone { user: user.parse().ok()?, last, count })))
    }

    /// Who is there on all nodes.
    pub(super) async fn roll(
        &self,
        lease: Lease,
        session: SessionId,
        after: Option<RollKey>,
        limit: Limit,
    ) -> Held<Roll> {
        let room = self.keys().presence(session);
        let (since, user) =
            after.map(|(since, user)| (since.timestamp_millis().to_string(), user.to_string())).unwrap_or_default();
        let mut call = scripts::ROLL.key(&self.lease);
        call.key(room.people).key(room.order).arg(lease).arg(limit.get()).arg(since).arg(user);
        let answer: Option<(usize, Vec<Listed>)> = self.redis.script(&call).await?;
        Ok(answer.map(|(count, listed)| {
            let present = |(user, connections, since): Listed| {
                let since = Timestamp::from_timestamp_millis(since)?;
                Some(Present { user: user.parse().ok()?, connections, since })
            };
            Roll { people: listed.into_iter().filter_map(present).collect(), count }
        }))
    }

    /// All stays that this node holds in Redis.
    pub(super) async fn holdings(&self) -> Result<Vec<Stay>, RedisFault> {
        let (mut stays, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let mut command = redis::cmd("SSCAN");
            command.arg(&self.held).arg(cursor).arg("COUNT").arg(SCANNED);
            let (next, found): (u64, Vec<String>) = self.redis.run(&command).await?;
            stays.extend(found.iter().filter_map(|holding| parse_holding(holding)));
            cursor = next;
            if cursor == 0 {
                return Ok(stays);
            }
        }
    }

    /// The nodes that hold stays and have no lease.
    pub(super) async fn dead_nodes(&self) -> Result<Vec<NodeId>, RedisFault> {
        let nodes: Vec<String> = self.redis.run(redis::cmd("SMEMBERS").arg(self.keys().nodes())).await?;
        let mut nodes: Vec<NodeId> = nodes.iter().filter_map(|node| node.parse().ok()).collect();
        nodes.retain(|node| *node != self.node);
        if nodes.is_empty() {
            return Ok(nodes);
        }
        let mut asked = redis::Pipeline::with_capacity(nodes.len());
        for node in &nodes {
            asked.cmd("EXISTS").arg(self.keys().lease(*node));
        }
        let alive: Vec<bool> = self.redis.run_all(&asked).await?;
        Ok(nodes.into_iter().zip(alive).filter(|(_, alive)| !alive).map(|(node, _)| node).collect())
    }

    /// Takes away some of what a node without a lease left, and whether there is more.
    pub(super) async fn sweep(&self, node: NodeId) -> Result<(Vec<Noticed>, bool), RedisFault> {
        let keys = self.keys();
        let mut call = scripts::SWEEP.key(keys.lease(node));
        call.key(keys.held(node)).key(keys.nodes()).key(keys.swept(node));
        call.arg(node.to_string()).arg(keys.presence_base()).arg(SWEPT).arg(millis(NOTED));
        let (left, gone): (i64, Vec<Swept>) = self.redis.script(&call).await?;
        let noticed = |(session, user, count): Swept| {
            let gone = Gone { user: user.parse().ok()?, last: true, count };
            Some(Noticed::Went { session: session.parse().ok()?, gone })
        };
        Ok((gone.into_iter().filter_map(noticed).collect(), left > 0))
    }

    /// Takes away what is left of this node, of which nobody needs to hear.
    pub(super) async fn clear(&self) -> Result<(), RedisFault> {
        while self.sweep(self.node).await?.1 {}
        self.redis.run(redis::cmd("DEL").arg(self.keys().swept(self.node))).await
    }
}

fn stay(node: NodeId, connection: ConnectionId) -> String {
    format!("{node}:{connection}")
}

fn holding((session, connection): Stay) -> String {
    format!("{session}:{connection}")
}

fn parse_holding(holding: &str) -> Option<Stay> {
    let (session, connection) = holding.split_once(':')?;
    Some((session.parse().ok()?, connection.parse().ok()?))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
