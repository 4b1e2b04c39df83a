//! How much there is of everything, for admins.

use serde::Serialize;

use crate::{Actor, Result, Services};

/// Counts of the whole platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// People who take lessons.
    pub students: i64,
    /// People who teach.
    pub tutors: i64,
    /// Tutors with a complete profile who take bookings.
    pub active_tutors: i64,
    /// Ratings given.
    pub ratings: i64,
    /// Bookings by the name of their state.
    pub bookings: Vec<(String, i64)>,
}

/// Counts.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but an admin.
pub async fn load(services: &Services, actor: &Actor) -> Result<Overview> {
    actor.require_admin()?;
    let mut db = services.db.acquire().await?;
    store::load(&mut db).await
}

mod store {
    use sqlx::PgConnection;

    use super::Overview;
    use crate::Result;

    /// Reads the counts.
    pub async fn load(db: &mut PgConnection) -> Result<Overview> {
        let people = sqlx::query!(
            "SELECT count(*) FILTER (WHERE role = 'student') AS \"students!\",
                    count(*) FILTER (WHERE role = 'tutor') AS \"tutors!\",
                    (SELECT count(*) FROM tutors WHERE is_active AND bio IS NOT NULL) AS \"active_tutors!\",
                    (SELECT count(*) FROM ratings) AS \"ratings!\"
             FROM users"
        )
        .fetch_one(&mut *db)
        .await?;
        let bookings = sqlx::query!(
            "SELECT state, count(*) AS \"count!\" FROM bookings GROUP BY state ORDER BY count(*) DESC, state"
        )
        .fetch_all(db)
        .await?;
        Ok(Overview {
            students: people.students,
            tutors: people.tutors,
            active_tutors: people.active_tutors,
            ratings: people.ratings,
            bookings: bookings.into_iter().map(|row| (row.state, row.count)).collect(),
        })
    }
}
