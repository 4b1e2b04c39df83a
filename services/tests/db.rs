//! The connections to the database.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

use futures::poll;
use services::db;
use sqlx::{PgPool, postgres::PgPoolOptions};

/// Browsers go away in the middle of anything: what is written next on the same connection is committed at once.
#[sqlx::test(migrations = "../migrations")]
async fn who_begins_and_goes_away_leaves_no_transaction_open(db: PgPool) {
    sqlx::query("CREATE TABLE written (time INTEGER)").execute(&db).await.expect("a table");
    let options = PgPoolOptions::new().max_connections(1);
    let one = options.connect_with((*db.connect_options()).clone()).await.expect("a pool");
    let begun =
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query = 'BEGIN')";
    for time in 1..=5 {
        // Until Postgres has begun, and its answer is still on the way.
        let halfway = 'halfway: {
            for _ in 0..100 {
                let mut begins = Box::pin(db::begin(&one));
                while poll!(&mut begins).is_pending() {
                    if sqlx::query_scalar(begun).fetch_one(&db).await.expect("read") {
                        break 'halfway begins;
                    }
                }
            }
            panic!("it is always there at once");
        };
        drop(halfway);
        let insert = sqlx::query("INSERT INTO written VALUES ($1)").bind(time);
        insert.execute(&one).await.expect("written");
        let seen = sqlx::query_scalar::<_, Option<i32>>("SELECT max(time) FROM written").fetch_one(&db);
        assert_eq!(seen.await.expect("read"), Some(time));
    }
}
