use std::time::Duration;

use rondo_domain::account::ports::{AccountReads as _, LoginStatus as _};
use rondo_domain::{
    account::{DisplayName, Login, LoginOrigin, PasswordHash, ProfileChange, RefreshToken, TokenDigest, User},
    bus::Signal,
    clock::Clock as _,
    ids::{LoginId, UserId},
    meter::metered,
    page::Limit,
    store::{Conflict, Store as _, StoreError},
};
use rondo_infra::auth::CachedLoginStatus;

use crate::harness::{House, on_both};

/// A login of somebody, in force.
pub(crate) async fn login(house: &House, user: &User) -> Login {
    let login = Login {
        id: LoginId::generate(),
        user_id: user.id,
        origin: LoginOrigin { user_agent: Some("tests".to_owned()), address: Some("127.0.0.1".to_owned()) },
        created_at: house.clock.now(),
        revoked_at: None,
    };
    let mut tx = house.store.begin().await.unwrap();
    tx.insert_login(&login).await.unwrap();
    tx.commit().await.unwrap();
    login
}

fn token(house: &House, login: &Login, digest: TokenDigest, parent: Option<TokenDigest>) -> RefreshToken {
    RefreshToken {
        digest,
        login_id: login.id,
        parent,
        created_at: house.clock.now(),
        expires_at: house.clock.now(),
        spent_at: None,
        voided_at: None,
    }
}

on_both! {
    async fn a_person_reads_back_as_they_were_written(house: &House) {
        let ada = User {
            avatar_url: Some("https://example.org/ada.png".to_owned()),
            bio: Some("Ñandú 🦤 'quoted'".to_owned()),
            ..house.person("Ada").await
        };
        let grace = User { id: UserId::generate(), email: "grace@example.org".to_owned(), ..ada.clone() };
        let hash = PasswordHash("$2b$04$hash".to_owned());
        let mut tx = house.store.begin().await.unwrap();
        tx.insert_user(&grace, Some(&hash)).await.unwrap();
        tx.commit().await.unwrap();

        assert_eq!(house.store.user(grace.id).await.unwrap(), Some(grace.clone()));
        assert_eq!(house.store.user(UserId::generate()).await.unwrap(), None);
        let credentials = house.store.credentials("grace@example.org").await.unwrap();
        assert!(credentials == Some((grace, Some(hash))));
        assert!(matches!(house.store.credentials("ada@example.org").await.unwrap(), Some((_, None))));
        assert!(house.store.credentials("nobody@example.org").await.unwrap().is_none());
    }

    async fn a_dropped_transaction_leaves_nothing(house: &House) {
        let ada = User { id: UserId::generate(), ..house.person("Ada").await };
        let nobody = User { email: "nobody@example.org".to_owned(), ..ada };
        let mut tx = house.store.begin().await.unwrap();
        tx.insert_user(&nobody, None).await.unwrap();
        drop(tx);
        assert_eq!(house.store.user(nobody.id).await.unwrap(), None);
        house.person("Grace").await;
    }

    async fn an_address_has_one_account(house: &House) {
        let ada = house.person("Ada").await;
        let mut tx = house.store.begin().await.unwrap();
        let again = User { id: UserId::generate(), ..ada.clone() };
        assert!(matches!(tx.insert_user(&again, None).await, Err(StoreError::Conflict(Conflict::Email))));
        drop(tx);
        let mut tx = house.store.begin().await.unwrap();
        let same_id = User { email: "other@example.org".to_owned(), ..ada };
        assert!(matches!(tx.insert_user(&same_id, None).await, Err(StoreError::Conflict(Conflict::Other))));
    }

    async fn many_people_are_read_in_one_statement(house: &House) {
        let people = house.people(70).await;
        let mut ids: Vec<_> = people.iter().map(|user| user.id).collect();
        ids.extend((0..430).map(|_| UserId::generate()));
        for count in [1, 8, 9, 65, 500] {
            let (found, sent) = metered(house.store.users(&ids[..count])).await;
            let mut found: Vec<_> = found.unwrap();
            found.sort_by_key(|user| user.id);
            assert_eq!(found, people[..count.min(70)]);
            assert_eq!(sent, 1);
        }
        assert!(house.store.users(&[]).await.unwrap().is_empty());
    }

    async fn a_profile_changes_by_field(house: &House) {
        let ada = house.person("Ada").await;
        let change = ProfileChange {
            display_name: Some(DisplayName::parse("Ada L.").unwrap()),
            bio: Some(Some("first".to_owned())),
            ..ProfileChange::default()
        };
        let update = async |id, change: &ProfileChange| {
            let mut tx = house.store.begin().await.unwrap();
            let user = tx.update_profile(id, change).await.unwrap();
            tx.commit().await.unwrap();
            user
        };
        let changed = update(ada.id, &change).await.unwrap();
        assert_eq!(changed, User { display_name: "Ada L.".to_owned(), bio: Some("first".to_owned()), ..ada.clone() });
        let emptied = ProfileChange { bio: Some(None), ..ProfileChange::default() };
        assert_eq!(update(ada.id, &emptied).await.unwrap().bio, None);
        assert_eq!(update(ada.id, &ProfileChange::default()).await.unwrap().display_name, "Ada L.");
        assert_eq!(update(UserId::generate(), &change).await, None);
    }

    async fn a_family_of_refresh_tokens_reads_back(house: &House) {
        let ada = house.person("Ada").await;
        let login = login(house, &ada).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.insert_refresh_token(&token(house, &login, [1; 32], None)).await.unwrap();
        let (found, first) = tx.lock_refresh_token(&[1; 32]).await.unwrap().unwrap();
        assert_eq!((found, &first), (login.clone(), &token(house, &login, [1; 32], None)));
        assert!(tx.lock_refresh_token(&[9; 32]).await.unwrap().is_none());
        assert!(tx.successor(&[1; 32]).await.unwrap().is_none());

        let at = house.clock.now();
        tx.spend(&[1; 32], at).await.unwrap();
        tx.insert_refresh_token(&token(house, &login, [2; 32], Some([1; 32]))).await.unwrap();
        assert_eq!(tx.lock_refresh_token(&[1; 32]).await.unwrap().unwrap().1.spent_at, Some(at));
        assert_eq!(tx.successor(&[1; 32]).await.unwrap().unwrap().digest, [2; 32]);

        tx.void(&[2; 32], at).await.unwrap();
        assert!(tx.successor(&[1; 32]).await.unwrap().is_none());
        tx.insert_refresh_token(&token(house, &login, [3; 32], Some([1; 32]))).await.unwrap();
        assert_eq!(tx.successor(&[1; 32]).await.unwrap().unwrap().digest, [3; 32]);
        tx.commit().await.unwrap();

        let mut tx = house.store.begin().await.unwrap();
        let second_in_force = token(house, &login, [4; 32], Some([1; 32]));
        assert!(matches!(tx.insert_refresh_token(&second_in_force).await, Err(StoreError::Conflict(Conflict::Other))));
    }

    async fn of_two_who_spend_a_token_the_second_sees_it_spent(house: &House) {
        let ada = house.person("Ada").await;
        let login = login(house, &ada).await;
        let mut tx = house.store.begin().await.unwrap();
        tx.insert_refresh_token(&token(house, &login, [1; 32], None)).await.unwrap();
        tx.commit().await.unwrap();

        let mut first = house.store.begin().await.unwrap();
        first.lock_refresh_token(&[1; 32]).await.unwrap().unwrap();
        first.spend(&[1; 32], house.clock.now()).await.unwrap();
        let store = house.store.clone();
        let second = tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            tx.lock_refresh_token(&[1; 32]).await.unwrap().unwrap().1
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        first.commit().await.unwrap();
        assert!(second.await.unwrap().spent_at.is_some());
    }

    async fn a_cut_login_is_dead_at_once(house: &House) {
        let ada = house.person("Ada").await;
        let (one, other) = (login(house, &ada).await, login(house, &ada).await);
        let status = CachedLoginStatus::new(house.store.clone(), house.bus.clone());
        let (live, sent) = metered(async {
            (status.is_live(one.id).await.unwrap(), status.is_live(one.id).await.unwrap())
        })
        .await;
        assert_eq!((live, sent), ((true, true), 1));
        assert!(!status.is_live(LoginId::generate()).await.unwrap());

        let mut tx = house.store.begin().await.unwrap();
        tx.revoke_login(one.id, house.clock.now()).await.unwrap();
        tx.revoke_login(one.id, house.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        status.revoked(ada.id, one.id).await;
        assert!(!status.is_live(one.id).await.unwrap());
        let signals = house.bus.signals();
        assert!(matches!(&signals[..], [Signal::LoginEnded { user, login }] if (*user, *login) == (ada.id, one.id)));
        assert!(status.is_live(other.id).await.unwrap());
        assert!(!house.store.login_is_live(one.id).await.unwrap());
        assert!(house.store.login_is_live(other.id).await.unwrap());
    }

    async fn what_ended_elsewhere_is_dead_here_and_told_to_nobody(house: &House) {
        let ada = house.person("Ada").await;
        let login = login(house, &ada).await;
        let status = CachedLoginStatus::new(house.store.clone(), house.bus.clone());
        assert!(status.is_live(login.id).await.unwrap());
        status.ended(login.id).await;
        assert!(!status.is_live(login.id).await.unwrap());
        assert!(house.bus.signals().is_empty());
    }

    async fn logins_that_are_in_force_are_listed_and_cut_together(house: &House) {
        let (ada, grace) = (house.person("Ada").await, house.person("Grace").await);
        let now = house.clock.now();
        let (mut mine, until) = (Vec::new(), now + Duration::from_mins(1));
        for n in 1..=4 {
            let login = login(house, &ada).await;
            let token = RefreshToken { expires_at: until, ..token(house, &login, [n; 32], None) };
            let mut tx = house.store.begin().await.unwrap();
            tx.insert_refresh_token(&token).await.unwrap();
            tx.commit().await.unwrap();
            mine.push(login);
        }
        let hers = login(house, &grace).await;
        let listed = async |at| {
            let (mut listed, mut after) = (Vec::new(), None);
            loop {
                let page = house.store.logins(ada.id, at, after, Limit::parse(3).unwrap()).await.unwrap();
                listed.extend(page.items.into_iter().map(|(login, _)| login.id));
                after = page.next;
                if after.is_none() {
                    return listed;
                }
            }
        };
        let all = async |user: &User| house.store.logins(user.id, now, None, Limit::default()).await.unwrap().items;
        assert_eq!(listed(now).await, [mine[3].id, mine[2].id, mine[1].id, mine[0].id]);
        assert!(listed(until).await.is_empty(), "no token can be spent any more");
        assert!(all(&grace).await.is_empty(), "there never was a token");
        for (user, login, at, has) in [
            (&ada, &mine[0], now, true),
            (&ada, &mine[0], until, false),
            (&ada, &hers, now, false),
            (&grace, &hers, now, false),
            (&grace, &mine[0], now, false),
        ] {
            assert_eq!(house.store.has_login(user.id, login.id, at).await.unwrap(), has);
        }

        let mut tx = house.store.begin().await.unwrap();
        let later = now + Duration::from_secs(5);
        tx.spend(&[1; 32], later).await.unwrap();
        tx.insert_refresh_token(&RefreshToken { expires_at: until, ..token(house, &mine[0], [9; 32], Some([1; 32])) })
            .await
            .unwrap();
        tx.touch_login(mine[0].id, later).await.unwrap();
        tx.revoke_login(mine[1].id, now).await.unwrap();
        let mut cut = tx.revoke_logins(ada.id, Some(mine[3].id), now).await.unwrap();
        cut.sort();
        assert_eq!(cut, [mine[0].id, mine[2].id], "neither the spared one, nor what was cut before");
        tx.commit().await.unwrap();
        assert_eq!(all(&ada).await, [(mine[3].clone(), now)]);
        assert!(!house.store.has_login(ada.id, mine[1].id, now).await.unwrap());
        assert!(house.store.login_is_live(hers.id).await.unwrap());

        let mut tx = house.store.begin().await.unwrap();
        assert_eq!(tx.revoke_logins(ada.id, None, now).await.unwrap(), [mine[3].id]);
    }

    async fn a_login_tells_when_it_was_last_used(house: &House) {
        let ada = house.person("Ada").await;
        let login = login(house, &ada).await;
        let now = house.clock.now();
        let later = now + Duration::from_secs(5);
        let mut tx = house.store.begin().await.unwrap();
        let token = RefreshToken { expires_at: later, ..token(house, &login, [1; 32], None) };
        tx.insert_refresh_token(&token).await.unwrap();
        tx.touch_login(login.id, later).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(house.store.logins(ada.id, now, None, Limit::default()).await.unwrap().items, [(login, later)]);
    }

    async fn a_password_is_changed(house: &House) {
        let ada = house.person("Ada").await;
        assert_eq!(house.store.password(ada.id).await.unwrap(), None);
        assert_eq!(house.store.password(UserId::generate()).await.unwrap(), None);
        let hash = PasswordHash("$2b$04$other".to_owned());
        let mut tx = house.store.begin().await.unwrap();
        tx.set_password(ada.id, &hash).await.unwrap();
        let nobody = tx.set_password(UserId::generate(), &hash).await;
        assert!(matches!(nobody, Err(StoreError::Corrupt(_))));
        assert!(tx.password_stands(ada.id, &hash).await.unwrap());
        assert!(!tx.password_stands(ada.id, &PasswordHash("$2b$04$before".to_owned())).await.unwrap());
        tx.commit().await.unwrap();
        assert!(house.store.password(ada.id).await.unwrap() == Some(hash));
    }
}
