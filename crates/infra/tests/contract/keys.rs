use std::sync::Arc;

use futures_util::future::join_all;
use rondo_domain::{
    clock::Clock as _,
    idempotency::{IdempotencyKey, Memo, Remembered, StoredAnswer},
    ids::UserId,
    store::{Conflict, Store as _, StoreError},
};

use crate::harness::{House, on_both, soon};

const HOUR: i64 = 3_600_000;

fn memo(user: UserId, key: &str, body: &str) -> Memo {
    let answer = StoredAnswer {
        status: 201,
        location: Some("/api/sessions/1".to_owned()),
        body: format!(r#"{{"ñ":"{body}"}}"#),
    };
    Memo { user, key: IdempotencyKey::parse(key).unwrap(), fingerprint: [7; 32], answer }
}

async fn remember(house: &House, memo: &Memo) -> Result<(), StoreError> {
    let mut tx = house.store.begin().await?;
    tx.remember(Some(memo.clone())).await?;
    tx.commit().await
}

async fn remembered(house: &House, memo: &Memo) -> Option<Remembered> {
    house.store.remembered(memo.user, &memo.key, house.clock.now()).await.unwrap()
}

fn of(memo: &Memo) -> Remembered {
    Remembered { fingerprint: memo.fingerprint, answer: memo.answer.clone() }
}

on_both! {
    async fn an_answer_is_remembered_with_its_transaction(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let hers = memo(ada.id, "key", "one");
        let mut tx = house.store.begin().await.unwrap();
        tx.remember(Some(hers.clone())).await.unwrap();
        drop(tx);
        assert_eq!(remembered(house, &hers).await, None);

        remember(house, &hers).await.unwrap();
        assert_eq!(remembered(house, &hers).await, Some(of(&hers)));
        assert_eq!(remembered(house, &memo(grace.id, "key", "one")).await, None);
        assert_eq!(remembered(house, &memo(ada.id, "Key", "one")).await, None);

        let mut bare = memo(grace.id, "key", "");
        bare.answer = StoredAnswer { status: 204, location: None, body: String::new() };
        remember(house, &bare).await.unwrap();
        assert_eq!(remembered(house, &bare).await, Some(of(&bare)));
        let mut tx = house.store.begin().await.unwrap();
        tx.remember(None).await.unwrap();
    }

    async fn a_key_stands_for_one_request_for_a_day(house: &House) {
        let ada = house.person("Ada").await;
        let (first, second) = (memo(ada.id, "key", "one"), memo(ada.id, "key", "two"));
        remember(house, &first).await.unwrap();
        house.clock.advance(24 * HOUR);
        assert_eq!(remembered(house, &first).await, Some(of(&first)));
        let refused = remember(house, &second).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Conflict::IdempotencyKey))));

        house.clock.advance(1);
        assert_eq!(remembered(house, &first).await, None);
        remember(house, &second).await.unwrap();
        assert_eq!(remembered(house, &second).await, Some(of(&second)));
        let refused = remember(house, &first).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Conflict::IdempotencyKey))));
    }

    async fn of_many_at_once_one_is_remembered(house: &House) {
        let ada = house.person("Ada").await;
        let tasks = (0..8).map(|n| {
            let (store, memo) = (Arc::clone(&house.store), memo(ada.id, "key", &n.to_string()));
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                tx.remember(Some(memo.clone())).await?;
                tx.commit().await.map(|()| memo)
            })
        });
        let outcomes: Vec<_> = soon(join_all(tasks)).await.into_iter().map(Result::unwrap).collect();
        let (kept, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!((kept.len(), refused.len()), (1, 7));
        assert!(refused.iter().all(|outcome| matches!(outcome, Err(StoreError::Conflict(Conflict::IdempotencyKey)))));
        let kept = kept[0].as_ref().unwrap();
        assert_eq!(remembered(house, kept).await, Some(of(kept)));
    }
}
