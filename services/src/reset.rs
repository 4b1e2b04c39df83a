//! A fresh start. Development only.

use crate::{Result, Services, jobs, seed};

/// Deletes every row of every table but the record of migrations and the place of the payment sandbox, and every file, gives real time back, and fills in the
/// demonstration again where it was. Says whether it was.
///
/// # Errors
/// Where the database cannot be written.
pub async fn start_over(services: &Services) -> Result<bool> {
    let shown = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM users WHERE email = 'student@demo.test') AS \"shown!\""
    );
    let shown = shown.fetch_one(&services.db).await?;
    for left in (0..10).rev() {
        match empty(services).await {
            Ok(()) => break,
            // Someone else works on the tables in another order: the database asks one of the two to try again.
            Err(error) if error.wants_retry() && left > 0 => {}
            Err(error) => return Err(error),
        }
    }
    services.storage.clear().await?;
    services.clock.set(&services.db, None).await?;
    if shown {
        seed::demonstration(services).await?;
    }
    Ok(shown)
}

async fn empty(services: &Services) -> Result<()> {
    // One statement, so that nobody sees it half done. The clock's single row stays, and is set afterwards. Ids go on
    // where they were: open streams, and the looks at the table that wake them, stand behind those that they have seen.
    sqlx::query(
        "DO $$ BEGIN EXECUTE (
             SELECT 'TRUNCATE ' || string_agg(format('%I', tablename), ', ') || ' CASCADE'
             FROM pg_tables
             WHERE schemaname = current_schema() AND tablename NOT IN ('_sqlx_migrations', 'dev_clock', 'dev_sandbox')
         ); END $$",
    )
    .execute(&services.db)
    .await?;
    jobs::forget_all(&services.db).await
}
