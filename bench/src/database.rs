//! The Postgres of the benchmarks: the product's own cluster in a fresh folder, durable as in production.

use std::path::{Path, PathBuf};

use services::db::{self, cluster::Cluster};
use sqlx::{AssertSqlSafe, PgPool, postgres::PgConnectOptions};

use crate::Outcome;

/// A cluster that is deleted in the end.
pub struct Databases {
    cluster: Cluster,
    folder: PathBuf,
    admin: PgPool,
}

/// A database of the cluster. Its names are this crate's own constants.
pub type Name = &'static str;

impl Databases {
    /// Starts a cluster in a new folder.
    pub async fn start(folder: &Path) -> Outcome<Self> {
        let cluster = Cluster::start(folder).await?;
        let admin = db::connect(cluster.connect_options(), 1).await?;
        Ok(Databases { cluster, folder: folder.to_owned(), admin })
    }

    /// How to reach a database.
    pub fn options(&self, name: Name) -> PgConnectOptions {
        self.cluster.connect_options().database(name)
    }

    /// The same as a `DATABASE_URL`.
    pub fn url(&self, name: Name) -> String {
        self.cluster.url().replacen("///lectern?", &format!("///{name}?"), 1)
    }

    /// The postmaster's process id.
    pub fn pid(&self) -> i32 {
        self.cluster.pid()
    }

    /// Makes an empty database, migrated.
    pub async fn create(&self, name: Name) -> Outcome {
        self.execute(format!("CREATE DATABASE {name}")).await?;
        let pool = self.pool(name).await?;
        db::migrate(&pool).await?;
        pool.close().await;
        Ok(())
    }

    /// Copies a database that nobody is connected to.
    pub async fn copy(&self, from: Name, to: Name) -> Outcome {
        self.execute(format!("CREATE DATABASE {to} TEMPLATE {from}")).await
    }

    /// A pool for fixtures and checks.
    pub async fn pool(&self, name: Name) -> Outcome<PgPool> {
        Ok(db::connect(self.options(name), 2).await?)
    }

    /// Puts tables and statistics in order and the dirty pages on disk, so that no measurement pays for
    /// the fixtures.
    pub async fn settle(&self, name: Name) -> Outcome {
        let pool = self.pool(name).await?;
        sqlx::query("VACUUM ANALYZE").execute(&pool).await?;
        sqlx::query("CHECKPOINT").execute(&pool).await?;
        pool.close().await;
        Ok(())
    }

    /// Transactions that a database has committed, as far as its processes have reported.
    pub async fn commits(&self, name: Name) -> Outcome<i64> {
        Ok(sqlx::query_scalar("SELECT xact_commit FROM pg_stat_database WHERE datname = $1")
            .bind(name)
            .fetch_one(&self.admin)
            .await?)
    }

    /// Such as `15.14`, and whether a commit waits for the disk.
    pub async fn version(&self) -> Outcome<(String, bool)> {
        let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&self.admin).await?;
        let durable = sqlx::query_scalar(
            "SELECT bool_and(setting = 'on') FROM pg_settings
             WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')",
        );
        let number = version.split_whitespace().next().unwrap_or_default().to_owned();
        Ok((number, durable.fetch_one(&self.admin).await?))
    }

    /// Stops Postgres and deletes its data.
    pub async fn stop(self) -> Outcome {
        self.admin.close().await;
        self.cluster.stop().await?;
        Ok(std::fs::remove_dir_all(&self.folder)?)
    }

    async fn execute(&self, statement: String) -> Outcome {
        sqlx::query(AssertSqlSafe(statement)).execute(&self.admin).await?;
        Ok(())
    }
}
