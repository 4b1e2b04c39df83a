//! Where the sandbox of a database is, so that all servers on it share one. Development only.

use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::{Result, chance};

/// The sandbox of a database. While this lives, nobody else starts or looks for one.
pub struct Place {
    tx: Transaction<'static, Postgres>,
    /// What it is called: no other database's has this name.
    pub name: Uuid,
    /// The port of this machine on which it listens, or did.
    pub port: Option<u16>,
}

/// Finds the place of the database's sandbox, and keeps others out of it.
///
/// # Errors
/// Where the database cannot be read.
pub async fn place(db: &PgPool) -> Result<Place> {
    let mut tx = crate::db::begin(db).await?;
    sqlx::query!(
        "INSERT INTO dev_sandbox (name) VALUES ($1) ON CONFLICT (singleton) DO NOTHING",
        chance::id::<Uuid>()
    )
    .execute(&mut *tx)
    .await?;
    let row = sqlx::query!("SELECT name, port FROM dev_sandbox FOR UPDATE").fetch_one(&mut *tx).await?;
    let port = row.port.and_then(|port| u16::try_from(port).ok());
    Ok(Place { tx, name: row.name, port })
}

impl Place {
    /// Notes the port, and lets others in.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn settle(mut self, port: u16) -> Result<()> {
        sqlx::query!("UPDATE dev_sandbox SET port = $1", i32::from(port)).execute(&mut *self.tx).await?;
        Ok(self.tx.commit().await?)
    }
}
