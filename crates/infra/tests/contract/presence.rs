//! What every presence book promises. A backend runs all of it through [`keeps_its_promises`]; the sessions are new each
//! time, so a shared book will do.

use std::sync::Arc;

use futures_util::future::join_all;
use rondo_domain::{
    Timestamp,
    ids::{SessionId, UserId},
    page::Limit,
    presence::{Entered, Gone, PresenceBook, Present, Roll},
};
use rondo_infra::presence::MemoryPresence;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn ids(count: usize) -> Vec<UserId> {
    (0..count).map(|_| UserId::generate()).collect()
}

/// All promises, one after the other.
pub(crate) async fn keeps_its_promises(book: Arc<dyn PresenceBook>) {
    people_are_counted_by_their_connections(&*book).await;
    the_same_connection_comes_once_and_goes_once(&*book).await;
    whoever_comes_back_is_new(&*book).await;
    sessions_know_nothing_of_each_other(&*book).await;
    the_roll_pages_by_the_time_of_coming(&*book).await;
    a_crowd_that_comes_and_goes_at_once_is_counted_right(book).await;
}

async fn people_are_counted_by_their_connections(book: &dyn PresenceBook) {
    let (room, people) = (SessionId::generate(), ids(2));
    let (ada, grace) = (people[0], people[1]);
    let present = |user, connections, seconds| Present { user, connections, since: at(seconds) };
    let came = book.enter(room, 1, ada, at(1)).await.unwrap();
    assert_eq!(came, Entered { present: present(ada, 1, 1), first: true, count: 1 });
    let second = book.enter(room, 2, ada, at(5)).await.unwrap();
    assert_eq!(second, Entered { present: present(ada, 2, 1), first: false, count: 1 });
    let other = book.enter(room, 3, grace, at(6)).await.unwrap();
    assert_eq!(other, Entered { present: present(grace, 1, 6), first: true, count: 2 });

    assert_eq!(book.exit(room, 1).await.unwrap(), Some(Gone { user: ada, last: false, count: 2 }));
    let roll = book.roll(room, None, Limit::PRESENCE).await.unwrap();
    let expected = vec![present(ada, 1, 1), present(grace, 1, 6)];
    assert_eq!(roll, Roll { people: expected, count: 2 }, "since stands for as long as somebody is there");
    assert_eq!(book.exit(room, 2).await.unwrap(), Some(Gone { user: ada, last: true, count: 1 }));
    assert_eq!(book.exit(room, 3).await.unwrap(), Some(Gone { user: grace, last: true, count: 0 }));
    assert_eq!(book.roll(room, None, Limit::PRESENCE).await.unwrap(), Roll::default());
}

async fn the_same_connection_comes_once_and_goes_once(book: &dyn PresenceBook) {
    let (room, ada) = (SessionId::generate(), UserId::generate());
    assert_eq!(book.exit(room, 1).await.unwrap(), None);
    book.enter(room, 1, ada, at(1)).await.unwrap();
    let again = book.enter(room, 1, ada, at(9)).await.unwrap();
    let present = Present { user: ada, connections: 1, since: at(1) };
    assert_eq!(again, Entered { present, first: false, count: 1 });
    assert_eq!(book.exit(room, 2).await.unwrap(), None);
    assert_eq!(book.exit(room, 1).await.unwrap(), Some(Gone { user: ada, last: true, count: 0 }));
    assert_eq!(book.exit(room, 1).await.unwrap(), None);
}

async fn whoever_comes_back_is_new(book: &dyn PresenceBook) {
    let (room, ada) = (SessionId::generate(), UserId::generate());
    book.enter(room, 1, ada, at(1)).await.unwrap();
    book.exit(room, 1).await.unwrap();
    let back = book.enter(room, 2, ada, at(7)).await.unwrap();
    let present = Present { user: ada, connections: 1, since: at(7) };
    assert_eq!(back, Entered { present, first: true, count: 1 });
    book.exit(room, 2).await.unwrap();
}

async fn sessions_know_nothing_of_each_other(book: &dyn PresenceBook) {
    let (one, other, ada) = (SessionId::generate(), SessionId::generate(), UserId::generate());
    book.enter(one, 1, ada, at(1)).await.unwrap();
    assert!(book.enter(other, 1, ada, at(2)).await.unwrap().first);
    assert_eq!(book.exit(one, 1).await.unwrap(), Some(Gone { user: ada, last: true, count: 0 }));
    assert_eq!(book.roll(other, None, Limit::PRESENCE).await.unwrap().count, 1);
    book.exit(other, 1).await.unwrap();
}

async fn the_roll_pages_by_the_time_of_coming(book: &dyn PresenceBook) {
    let (room, people) = (SessionId::generate(), ids(11));
    let mut expected = Vec::new();
    for (n, user) in (0..).zip(people.iter().rev()) {
        let since = at(n / 3); // several at the same moment: the id decides
        book.enter(room, u64::try_from(n).unwrap(), *user, since).await.unwrap();
        expected.push(Present { user: *user, connections: 1, since });
    }
    expected.sort_by_key(|present| (present.since, present.user));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let roll = book.roll(room, after, Limit::parse(4).unwrap()).await.unwrap();
        assert_eq!(roll.count, 11);
        let Some(last) = roll.people.last() else { break };
        after = Some((last.since, last.user));
        seen.extend(roll.people);
    }
    assert_eq!(seen, expected);

    let (gone, next) = (expected[3], expected[4]);
    let key = (gone.since, gone.user);
    let seat = people.iter().rev().position(|user| *user == gone.user).unwrap();
    book.exit(room, u64::try_from(seat).unwrap()).await.unwrap();
    let roll = book.roll(room, Some(key), Limit::parse(1).unwrap()).await.unwrap();
    assert_eq!((roll.people, roll.count), (vec![next], 10), "a page begins after somebody who went meanwhile");
    for n in 0..11 {
        book.exit(room, n).await.unwrap();
    }
}

async fn a_crowd_that_comes_and_goes_at_once_is_counted_right(book: Arc<dyn PresenceBook>) {
    let (room, people) = (SessionId::generate(), ids(10));
    let tasks = (0..8_u64).map(|task| {
        let (book, people) = (Arc::clone(&book), people.clone());
        tokio::spawn(async move {
            let (mut firsts, mut lasts) = (0, 0);
            for n in 0..200 {
                let (seat, user) = (task * 1_000 + n, people[usize::try_from(n).unwrap() % people.len()]);
                firsts += u32::from(book.enter(room, seat, user, at(1)).await.unwrap().first);
                if n % 2 == 0 {
                    lasts += u32::from(book.exit(room, seat).await.unwrap().unwrap().last);
                }
            }
            (firsts, lasts)
        })
    });
    let (mut firsts, mut lasts) = (0, 0);
    for outcome in join_all(tasks).await {
        let (came, went) = outcome.unwrap();
        firsts += came;
        lasts += went;
    }
    let roll = book.roll(room, None, Limit::PRESENCE).await.unwrap();
    assert_eq!(roll.people.iter().map(|present| present.connections).sum::<usize>(), 800);
    assert_eq!(roll.count, roll.people.len());
    assert_eq!(firsts - lasts, u32::try_from(roll.count).unwrap(), "each coming and going was announced once");
    for seat in (0..8).flat_map(|task| (0..200).map(move |n| task * 1_000 + n)) {
        book.exit(room, seat).await.unwrap();
    }
    assert_eq!(book.roll(room, None, Limit::PRESENCE).await.unwrap(), Roll::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_keeps_its_promises_and_forgets_empty_sessions() {
    let book = Arc::new(MemoryPresence::new());
    keeps_its_promises(book.clone()).await;
    assert_eq!(book.sessions(), 0);
}
