//! `rondo serve`: serves until SIGTERM or Ctrl-C.

use std::sync::Arc;

use rondo_domain::clock::SystemClock;
use tokio::signal::unix::{SignalKind, signal};

use crate::{VERSION, config::Settings, demo, node::Node};

pub(super) fn run(settings: &Settings) -> Result<(), String> {
    super::block_on_tracked(&settings.log, &settings.tracking, settings.http.workers, serve(settings))
}

async fn serve(settings: &Settings) -> Result<(), String> {
    let unheard = |error: std::io::Error| format!("signals cannot be heard: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
    let node = Node::start(settings, Arc::new(SystemClock)).await.map_err(|error| error.to_string())?;
    greet(settings, &node);
    let stop = async {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping");
    };
    node.run_until(stop).await.map_err(|error| error.to_string())?;
    tracing::info!("stopped");
    Ok(())
}

/// Says where to go next.
fn greet(settings: &Settings, node: &Node) {
    let address = node.address();
    println!("Rondo {VERSION} is listening on http://{address}");
    if settings.http.docs {
        println!("  documentation  http://{address}/docs");
    }
    if let Some(operators) = node.operators_address() {
        println!("  operators      http://{operators}");
    }
    if settings.demo && node.has_demo_login() {
        println!("  demo login     {} / {}", demo::LOGIN.0, demo::LOGIN.1);
    }
    tracing::info!(%address, version = VERSION, "listening");
}
