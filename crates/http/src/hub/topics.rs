//! Which people's topics this node listens to. One task asks the bus, so that what is asked for and what is left stay in
//! balance however quickly people come and go; those who come while it waits are asked for together.

use std::{collections::HashSet, sync::Arc};

use rondo_domain::bus::{Bus, Topic};
use tokio::sync::mpsc;

use super::people::People;

/// Listens for whoever has a connection here, until the last waker is dropped.
pub(super) async fn listen_for_people(bus: Arc<dyn Bus>, people: Arc<People>, mut woken: mpsc::Receiver<()>) {
    let mut heard = HashSet::new();
    while woken.recv().await.is_some() {
        let mut came = Vec::new();
        for (user, here) in people.take_changed() {
            if here {
                if heard.insert(user) {
                    came.push(Topic::Person(user));
                }
            } else if heard.remove(&user) {
                bus.leave(Topic::Person(user));
            }
        }
        if !came.is_empty() {
            bus.listen(&came).await;
        }
    }
}
