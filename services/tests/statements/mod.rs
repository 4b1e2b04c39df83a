//! Counts the statements that are sent to the database.

use std::{cell::Cell, sync::Once};

use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
};

thread_local! {
    /// The statements of this thread's test: a test with a database stays on its thread.
    static SENT: Cell<usize> = const { Cell::new(0) };
}

struct Statements;

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            SENT.set(SENT.get() + 1);
        }
    }
}

/// What a call gives, and how many statements it sends.
pub async fn counted<T>(call: impl Future<Output = T>) -> (T, usize) {
    // One subscriber for all tests of the program: with one for each, another test's end could turn the events off.
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Statements);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    });
    let before = SENT.get();
    let given = call.await;
    (given, SENT.get() - before)
}
