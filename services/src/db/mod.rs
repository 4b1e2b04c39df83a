//! The connection to Postgres, and the cluster that the server keeps for itself when it is given none.

pub mod cluster;

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use sqlx::{
    Connection as _, PgPool, PgTransaction, SqlSafeStr as _,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::runtime::Handle;

use crate::{AppError, Result};

/// The migrations, part of the binary.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// A connection that rested longer is asked whether it still holds before it is used: Postgres may have been
/// started anew meanwhile. Asking each time would cost a round trip for every statement outside a transaction.
const RESTED: Duration = Duration::from_secs(1);

/// Every statement is prepared once for each connection; planning some of them anew for each call, because
/// the values of the day promise a slightly cheaper plan, took a quarter of Postgres's time for a booking.
const PLANS: [(&str, &str); 1] = [("plan_cache_mode", "force_generic_plan")];

/// Opens a pool of at most `connections`.
///
/// # Errors
/// Where the database does not answer within ten seconds.
pub async fn connect(options: PgConnectOptions, connections: u32) -> Result<PgPool> {
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .before_acquire(|connection, rest| {
            Box::pin(async move {
                if rest.idle_for >= RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options.application_name("lectern").options(PLANS))
        .await?)
}

/// Begins a transaction. Who asks for it may go away at any moment, as a browser does that leaves a page: the rest is
/// then done without them, and rolled back. A `BEGIN` that is cancelled halfway would leave its connection inside a
/// transaction of which sqlx 0.9.0 knows nothing (transact-rs/sqlx#4393): what is next written on it would not be
/// committed, or with what others write.
///
/// # Errors
/// Where the database does not answer.
pub async fn begin(db: &PgPool) -> sqlx::Result<PgTransaction<'static>> {
    let connection = db.acquire().await?;
    ToTheEnd(Some(PgTransaction::begin(connection, None))).await
}

/// The same by a statement of one's own, such as one for a snapshot that is only read.
///
/// # Errors
/// Where the database does not answer.
pub async fn begin_with(db: &PgPool, statement: &'static str) -> sqlx::Result<PgTransaction<'static>> {
    let connection = db.acquire().await?;
    ToTheEnd(Some(PgTransaction::begin(connection, Some(statement.into_sql_str())))).await
}

/// Work that is done to its end also where nobody waits for it any more.
struct ToTheEnd<T: Send + 'static>(Option<BoxFuture<'static, T>>);

impl<T: Send + 'static> Future for ToTheEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let done = work.poll_unpin(context);
        if done.is_ready() {
            self.0 = None;
        }
        done
    }
}

impl<T: Send + 'static> Drop for ToTheEnd<T> {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(rest.map(drop));
        }
    }
}

/// Brings the schema up to this binary's.
///
/// # Errors
/// Where a migration fails or the schema is newer than the binary.
pub async fn migrate(db: &PgPool) -> Result<()> {
    MIGRATIONS.run(db).await.map_err(AppError::fault)
}

/// Whether the schema is this binary's: every migration of it is applied.
///
/// # Errors
/// Where the database does not answer.
pub async fn is_migrated(db: &PgPool) -> Result<bool> {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max();
    let applied =
        sqlx::query_scalar::<_, Option<i64>>("SELECT max(version) FROM _sqlx_migrations WHERE success");
    Ok(applied.fetch_one(db).await? >= newest)
}
