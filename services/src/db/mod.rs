//! The connection to Postgres, and the cluster that the server keeps for itself when it is given none.

pub mod cluster;

use std::time::Duration;

use sqlx::{
    Connection as _, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

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
