//! The connections to the database.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

use futures::poll;
use services::{
    db,
    testing::wire::{connect, listen_before},
};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::TcpListener,
    sync::watch,
};

/// Browsers go away in the middle of anything: what is written next on the same connection is committed at once.
#[sqlx::test(migrations = "../migrations")]
async fn who_begins_and_goes_away_leaves_no_transaction_open(db: PgPool) {
    sqlx::query("CREATE TABLE written (time INTEGER)").execute(&db).await.expect("a table");
    let (answers_pass, may_pass) = watch::channel(true);
    let (listener, url) = listen_before(&db.connect_options()).await;
    tokio::spawn(relay_one(listener, (*db.connect_options()).clone(), may_pass));
    let one = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
    let one = one.connect(&url).await.expect("a pool");
    let has_begun = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                                    AND state = 'idle in transaction')";
    for time in 1..=5 {
        while one.num_idle() == 0 {
            tokio::task::yield_now().await;
        }
        // Postgres has begun, and its answer is still on the way.
        answers_pass.send_replace(false);
        let mut begins = Box::pin(db::begin(&one));
        assert!(poll!(&mut begins).is_pending(), "nobody has answered");
        while !sqlx::query_scalar::<_, bool>(has_begun).fetch_one(&db).await.expect("read") {
            assert!(poll!(&mut begins).is_pending(), "nobody has answered");
        }
        drop(begins);
        answers_pass.send_replace(true);
        let insert = sqlx::query("INSERT INTO written VALUES ($1)").bind(time);
        insert.execute(&one).await.expect("written");
        let seen = sqlx::query_scalar::<_, Option<i32>>("SELECT max(time) FROM written").fetch_one(&db);
        assert_eq!(seen.await.expect("read"), Some(time));
    }
}

/// Passes on one connection to Postgres, and the answers when they may pass.
async fn relay_one(listener: TcpListener, options: PgConnectOptions, mut may_pass: watch::Receiver<bool>) {
    let (mut client, _) = listener.accept().await.expect("a connection");
    let (mut asked, mut answered) = client.split();
    let (mut from_postgres, mut to_postgres) = connect(&options).await;
    let answers = async {
        let mut part = Vec::new();
        while from_postgres.read_buf(&mut part).await.is_ok_and(|read| read > 0) {
            may_pass.wait_for(|may| *may).await.expect("the test goes on");
            answered.write_all(&part).await.expect("passed on");
            part.clear();
        }
    };
    tokio::select! {
        _ = copy(&mut asked, &mut to_postgres) => {}
        () = answers => {}
    }
}
