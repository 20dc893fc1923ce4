use std::{collections::BTreeSet, sync::Arc};

use rondo_domain::{
    account::User,
    ids::SessionId,
    page::{Limit, MessageKey},
    policy::Role,
    session::Visibility,
    store::{EventLog as _, MessageReads as _, MessageWriter as _, SessionReads as _},
};
use rondo_infra::db::writer::{Writer, WriterSettings};

use crate::harness::{House, on_both, soon};

const WRITERS: usize = 200;

/// Everybody posts `each` messages at once, person `n` into room `n % rooms`; every number must be there once.
async fn crowd(house: &House, rooms: usize, each: usize, writers: &[Arc<Writer>]) {
    let people = house.people(8).await;
    let members: Vec<(&User, Role)> = people.iter().map(|user| (user, Role::Member)).collect();
    let mut ids = Vec::new();
    for _ in 0..rooms {
        ids.push(house.session("Room", Visibility::Private, &members).await.id);
    }
    let tasks = (0..WRITERS).map(|n| {
        let writer = Arc::clone(&writers[n % writers.len()]);
        let posts: Vec<_> = (0..each)
            .map(|m| {
                house.named_post(ids[n % rooms], &people[n % people.len()], &format!("{n}.{m}"), &format!("{n}.{m}"))
            })
            .collect();
        tokio::spawn(async move {
            let mut numbers = Vec::new();
            for post in posts {
                let posted = writer.post(post).await.unwrap();
                assert!(!posted.repeated);
                numbers.push((posted.message.session_id, posted.message.seq));
            }
            assert!(numbers.is_sorted(), "what one person sends in turn is numbered in turn");
            numbers
        })
    });
    let mut numbers: Vec<(SessionId, i64)> = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        numbers.extend(soon(task).await.unwrap());
    }
    let per_room = i64::try_from(WRITERS / rooms * each).unwrap();
    let heard = house.bus.positions();
    for id in ids {
        let mine: BTreeSet<i64> = numbers.iter().filter(|(room, _)| *room == id).map(|(_, seq)| *seq).collect();
        assert!(mine.iter().copied().eq(1..=per_room), "acknowledged numbers have no gap and no repeat");
        assert_told(house, id, per_room, &heard[&id], writers.len() == 1).await;
    }
}

async fn assert_told(house: &House, id: SessionId, count: i64, heard: &[i64], in_order: bool) {
    if in_order {
        assert!(heard.iter().copied().eq(1..=count), "the bus heard every position once, in order");
    } else {
        assert!(heard.iter().copied().collect::<BTreeSet<_>>().into_iter().eq(1..=count));
    }
    let access = house.store.access(id, rondo_domain::UserId::generate()).await.unwrap().unwrap();
    assert_eq!(access.last_position, count);
    let (mut after, mut positions) = (0, Vec::new());
    while after < count {
        let page = house.store.events(id, after, count, Limit::EVENTS_MAX).await.unwrap();
        after = page.last().unwrap().position;
        positions.extend(page.iter().map(|event| event.position));
    }
    assert!(positions.into_iter().eq(1..=count), "the log has no gap and no repeat");
    let (mut key, mut seqs) = (Some(MessageKey::After(0)), Vec::new());
    while let Some(from) = key {
        let page = house.store.messages(id, from, Limit::parse(100).unwrap()).await.unwrap();
        seqs.extend(page.items.iter().map(|message| message.seq));
        key = page.next;
    }
    assert!(seqs.into_iter().eq(1..=count), "the messages have no gap and no repeat");
}

on_both! {
    async fn two_hundred_write_in_one_session(house: &House) {
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        crowd(house, 1, 5, &[writer]).await;
    }

    async fn two_hundred_write_in_fifty_sessions(house: &House) {
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        crowd(house, 50, 5, &[writer]).await;
    }

    async fn two_nodes_write_in_the_same_sessions(house: &House) {
        let small = WriterSettings { batch_posts: 16, ..WriterSettings::default() };
        let (one, _one) = Writer::start(&house.store, small);
        let (other, _other) = Writer::start(&house.store, small);
        crowd(house, 10, 5, &[one, other]).await;
    }

    async fn batches_are_bounded_in_bytes(house: &House) {
        let small = WriterSettings { batch_bytes: 10, ..WriterSettings::default() };
        let (writer, _task) = Writer::start(&house.store, small);
        crowd(house, 2, 1, &[writer]).await;
    }
}
