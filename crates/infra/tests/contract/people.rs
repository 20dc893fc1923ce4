use rondo_domain::{
    account::{DisplayName, NameKey, ProfileChange, User, ports::AccountReads as _},
    clock::Clock as _,
    ids::UserId,
    meter::metered,
    page::Limit,
    store::Store as _,
};

use crate::harness::{House, on_both};

async fn named(house: &House, name: &str, email: &str) -> User {
    let user = User {
        id: UserId::generate(),
        email: email.to_owned(),
        display_name: name.to_owned(),
        avatar_url: None,
        bio: None,
        created_at: house.clock.now(),
    };
    let mut tx = house.store.begin().await.unwrap();
    tx.insert_user(&user, None).await.unwrap();
    tx.commit().await.unwrap();
    user
}

async fn found(house: &House, query: &str) -> Vec<String> {
    let page = house.store.search(Some(query), None, Limit::parse(100).unwrap()).await.unwrap();
    page.items.into_iter().map(|user| user.display_name).collect()
}

on_both! {
    async fn people_are_found_by_a_part_of_their_name_without_case(house: &House) {
        for (name, email) in [
            ("ÑANDÚ Pérez", "one@n.org"),
            ("nandu perez", "two@n.org"),
            ("100% Ada", "three@n.org"),
            ("100 Ada", "four@n.org"),
            ("snake_case", "five@n.org"),
            ("snakecase", "six@n.org"),
            (r"back\slash", "seven@n.org"),
        ] {
            named(house, name, email).await;
        }
        assert_eq!(found(house, "ñandú").await, ["ÑANDÚ Pérez"]);
        assert_eq!(found(house, "pérez").await, ["ÑANDÚ Pérez"]);
        assert_eq!(found(house, "nandu").await, ["nandu perez"]);
        assert_eq!(found(house, "100%").await, ["100% Ada"]);
        assert_eq!(found(house, "_c").await, ["snake_case"]);
        assert_eq!(found(house, r"k\s").await, [r"back\slash"]);
        assert!(found(house, "nothing of the kind").await.is_empty());
        assert_eq!(house.store.search(None, None, Limit::parse(100).unwrap()).await.unwrap().items.len(), 7);
    }

    async fn people_are_found_by_their_whole_address_alone(house: &House) {
        named(house, "Ada", "ada@lovelace.org").await;
        assert_eq!(found(house, "ada@lovelace.org").await, ["Ada"]);
        assert!(found(house, "ada@lovelace").await.is_empty());
        assert!(found(house, "lovelace.org").await.is_empty());
        assert!(found(house, "%@lovelace.org").await.is_empty());
    }

    async fn people_page_by_name_and_whoever_changes_theirs_is_found_by_the_new_one(house: &House) {
        let mut all = Vec::new();
        for n in 0..12 {
            let name = ["carla", "Bruno", "ALMA"][n % 3]; // several of one name: the id decides
            all.push(named(house, name, &format!("{n}@n.org")).await);
        }
        all.sort_by_key(|user| (user.display_name.to_lowercase(), user.id));
        let (mut seen, mut after): (Vec<User>, Option<NameKey>) = (Vec::new(), None);
        loop {
            let limit = Limit::parse(5).unwrap();
            let (page, sent) = metered(house.store.search(Some("a"), after.as_ref(), limit)).await;
            let page = page.unwrap();
            assert_eq!(sent, 1);
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        all.retain(|user| user.display_name != "Bruno");
        assert_eq!(seen, all);

        let change = ProfileChange { display_name: Some(DisplayName::parse("ZOË").unwrap()), ..ProfileChange::default() };
        let mut tx = house.store.begin().await.unwrap();
        tx.update_profile(all[0].id, &change).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(found(house, "zoë").await, ["ZOË"]);
    }
}
