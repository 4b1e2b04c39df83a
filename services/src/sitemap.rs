//! What search engines are told of the tutors.

use chrono::{DateTime, Utc};

use crate::{Result, Services, settings};

/// The slugs of all tutors that can be booked, each with the last change of its page.
///
/// # Errors
/// Where the database cannot be read.
pub async fn tutors(services: &Services) -> Result<Vec<(String, DateTime<Utc>)>> {
    let mut db = services.db.acquire().await?;
    let accepted = settings::load_here(services, &mut db).await?.accepted_providers;
    let rows = sqlx::query!(
        "SELECT slug, updated_at FROM tutors
         WHERE bio IS NOT NULL AND is_active AND provider = ANY($1) AND provider_works(id, provider)
           AND EXISTS (SELECT FROM users WHERE users.id = tutors.user_id AND users.deleted_at IS NULL)
         ORDER BY slug LIMIT 49000",
        &accepted
    );
    let rows = rows.fetch_all(&mut *db).await?;
    Ok(rows.into_iter().map(|row| (row.slug, row.updated_at)).collect())
}
