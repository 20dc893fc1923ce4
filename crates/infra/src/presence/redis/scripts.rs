//! The scripts: each is one step that no other node can come between.
//!
//! A stay is written as `node:connection` in its session, and as `session:connection` among what its node holds. Whoever
//! writes shows the lease under which it writes; without it, or with an older one, nothing is done.

use std::sync::LazyLock;

use redis::Script;

/// Takes a lease. Answers whether it is noted that the node was swept.
///
/// Keys: lease, nodes, swept. Arguments: node, lease, time to live.
pub(super) static TAKE_LEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
         redis.call('SADD', KEYS[2], ARGV[1])
         return redis.call('EXISTS', KEYS[3])",
    )
});

/// Forgets that the node was swept.
///
/// Keys: lease, swept. Arguments: lease.
pub(super) static FORGET_SWEEP: LazyLock<Script> =
    LazyLock::new(|| Script::new("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[2]) end"));

/// Renews a lease. Answers whether it was still there.
///
/// Keys: lease. Arguments: lease, time to live.
pub(super) static RENEW_LEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});

/// Ends a lease: after a time when other nodes are there to sweep, else at once. Answers whether there are others.
///
/// Keys: lease, nodes. Arguments: node, what the leases' keys begin and end with, time to live.
pub(super) static END_LEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "for _, node in ipairs(redis.call('SMEMBERS', KEYS[2])) do
             if node ~= ARGV[1] and redis.call('EXISTS', ARGV[2] .. node .. ARGV[3]) == 1 then
                 redis.call('SET', KEYS[1], 'ended', 'PX', ARGV[4])
                 return 1
             end
         end
         redis.call('DEL', KEYS[1])
         return 0",
    )
});

/// A connection comes. Answers its person's connections and time of coming, whether it is the first, and how many people
/// there are. What is written again keeps the earliest time.
///
/// Keys: lease, held, stays, people, order. Arguments: lease, stay, holding, user, time, whether it is written again.
pub(super) static ENTER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
         local user, first, count = ARGV[4], 0, nil
         if redis.call('HSETNX', KEYS[3], ARGV[2], user) == 1 then
             redis.call('SADD', KEYS[2], ARGV[3])
             count = redis.call('HINCRBY', KEYS[4], user, 1)
             if count == 1 then
                 first = 1
                 redis.call('ZADD', KEYS[5], ARGV[5], user)
             end
         else
             count = redis.call('HGET', KEYS[4], user)
         end
         if ARGV[6] == '1' then redis.call('ZADD', KEYS[5], 'LT', ARGV[5], user) end
         return {count, redis.call('ZSCORE', KEYS[5], user), first, redis.call('ZCARD', KEYS[5])}",
    )
});

/// A connection goes. Answers whose it was, whether it was the last, and how many people there are; or nothing but an
/// empty name when it was not there.
///
/// Keys: lease, held, stays, people, order. Arguments: lease, stay, holding.
pub(super) static EXIT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
         redis.call('SREM', KEYS[2], ARGV[3])
         local user, last = redis.call('HGET', KEYS[3], ARGV[2]), 0
         if not user then return {'', 0, 0} end
         redis.call('HDEL', KEYS[3], ARGV[2])
         if redis.call('HINCRBY', KEYS[4], user, -1) <= 0 then
             last = 1
             redis.call('HDEL', KEYS[4], user)
             redis.call('ZREM', KEYS[5], user)
         end
         return {user, last, redis.call('ZCARD', KEYS[5])}",
    )
});

/// A page of those who are there, with their connections and times of coming, and how many people there are.
///
/// Keys: lease, people, order. Arguments: lease, limit, and after whom: time and user, both empty for the first page.
pub(super) static ROLL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
         local from, since, after = 0, ARGV[3], ARGV[4]
         if since ~= '' then
             local score = redis.call('ZSCORE', KEYS[3], after)
             if score and tonumber(score) == tonumber(since) then
                 from = redis.call('ZRANK', KEYS[3], after) + 1
             else
                 from = redis.call('ZCOUNT', KEYS[3], '-inf', '(' .. since)
                 for _, user in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], since, since)) do
                     if user <= after then from = from + 1 end
                 end
             end
         end
         local order = redis.call('ZRANGE', KEYS[3], from, from + ARGV[2] - 1, 'WITHSCORES')
         local listed = {}
         for i = 1, #order, 2 do
             listed[#listed + 1] = {order[i], redis.call('HGET', KEYS[2], order[i]) or 1, order[i + 1]}
         end
         return {redis.call('ZCARD', KEYS[3]), listed}",
    )
});

/// Takes away some of what a node without a lease left behind. Answers how much is left, -1 when the node has a lease, and
/// those who are gone with it: session, user, and how many people are still there.
///
/// Keys: lease, held, nodes, swept. Arguments: node, what presence keys begin with, how many stays, how long it is noted.
pub(super) static SWEEP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('EXISTS', KEYS[1]) == 1 then return {-1, {}} end
         local gone = {}
         local held = redis.call('SPOP', KEYS[2], ARGV[3])
         for _, holding in ipairs(held) do
             local colon = string.find(holding, ':', 1, true)
             local session = string.sub(holding, 1, colon - 1)
             local stay, room = ARGV[1] .. string.sub(holding, colon), ARGV[2] .. session
             local user = redis.call('HGET', room .. ':stays', stay)
             if user then
                 redis.call('HDEL', room .. ':stays', stay)
                 if redis.call('HINCRBY', room .. ':people', user, -1) <= 0 then
                     redis.call('HDEL', room .. ':people', user)
                     redis.call('ZREM', room .. ':order', user)
                     gone[#gone + 1] = {session, user, redis.call('ZCARD', room .. ':order')}
                 end
             end
         end
         if #held > 0 then redis.call('SET', KEYS[4], 1, 'PX', ARGV[4]) end
         local left = redis.call('SCARD', KEYS[2])
         if left == 0 then redis.call('SREM', KEYS[3], ARGV[1]) end
         return {left, gone}",
    )
});
