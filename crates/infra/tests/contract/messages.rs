use rondo_domain::{
    ids::SessionId,
    meter::metered,
    page::{Limit, MessageKey},
    policy::Role,
    session::Visibility,
    store::{MessageReads as _, MessageWriter as _},
};
use rondo_infra::db::writer::{Writer, WriterSettings};

use crate::harness::{House, on_both, soon};

on_both! {
    async fn messages_page_both_ways_with_their_authors_in_one_statement(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let members = [(&ada, Role::Owner), (&grace, Role::Member)];
        let room = house.session("Room", Visibility::Private, &members).await;
        let (writer, _task) = Writer::start(&house.store, WriterSettings::default());
        let mut written = Vec::new();
        for n in 1..=10 {
            house.clock.advance(1);
            let author = if n % 2 == 0 { &ada } else { &grace };
            let mut post = house.named_post(room.id, author, &format!("ñ {n} 🦤"), &format!("name {n}"));
            post.post.reply_to = written.last().map(|last: &rondo_domain::message::Message| last.id);
            let posted = soon(writer.post(post)).await.unwrap();
            assert_eq!((posted.repeated, posted.message.author.as_ref()), (false, author));
            written.push(posted.message);
        }

        let limit = Limit::parse(4).unwrap();
        let (mut seen, mut key) = (Vec::new(), Some(MessageKey::After(0)));
        while let Some(after) = key {
            let (page, sent) = metered(house.store.messages(room.id, after, limit)).await;
            let page = page.unwrap();
            assert_eq!(sent, 1);
            seen.extend(page.items);
            key = page.next;
        }
        assert_eq!(seen, written);

        let (mut seen, mut key) = (Vec::new(), Some(MessageKey::Before(None)));
        while let Some(before) = key {
            let page = house.store.messages(room.id, before, limit).await.unwrap();
            seen.extend(page.items);
            key = page.next;
        }
        seen.reverse();
        assert_eq!(seen, written);

        let none = house.store.messages(SessionId::generate(), MessageKey::Before(None), limit).await.unwrap();
        assert!(none.items.is_empty() && none.next.is_none());
        writer.close().await;
    }
}
