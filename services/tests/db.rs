//! The connections to the database.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

use futures::poll;
use services::db;
use sqlx::{PgPool, postgres::PgPoolOptions};

/// Browsers go away in the middle of anything: what is written next on the same connection is committed at once.
#[sqlx::test(migrations = "../migrations")]
async fn who_begins_and_goes_away_leaves_no_transaction_open(db: PgPool) {
    sqlx::query("CREATE TABLE written (at_poll INTEGER)").execute(&db).await.expect("a table");
    let options = PgPoolOptions::new().max_connections(1);
    let one = options.connect_with((*db.connect_options()).clone()).await.expect("a pool");
    for polls in 1..=5 {
        let mut begins = Box::pin(db::begin(&one));
        for _ in 0..polls {
            if poll!(&mut begins).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(begins);
        let insert = sqlx::query("INSERT INTO written VALUES ($1)").bind(polls);
        insert.execute(&one).await.expect("written");
        let seen = sqlx::query_scalar::<_, Option<i32>>("SELECT max(at_poll) FROM written").fetch_one(&db);
        assert_eq!(seen.await.expect("read"), Some(polls));
    }
}
