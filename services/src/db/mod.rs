//! The connection to Postgres, and the cluster that the server keeps for itself when it is given none.

pub mod cluster;

use std::time::Duration;

use sqlx::{
    PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{AppError, Result};

/// The migrations, part of the binary.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Opens a pool of at most `connections`.
///
/// # Errors
/// Where the database does not answer within ten seconds.
pub async fn connect(options: PgConnectOptions, connections: u32) -> Result<PgPool> {
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options.application_name("lectern"))
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
