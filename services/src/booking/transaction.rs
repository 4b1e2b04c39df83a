//! What the transactions of bookings have in common.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Code, Refusal, booking::Context, ids::TutorId, interval::Interval};
use sqlx::PgConnection;

use crate::{
    AppError, Result, Services,
    availability::store::{self, TutorContext},
    settings,
};

/// How often a transaction is tried that the database asks to try again.
const ATTEMPTS: u32 = 5;

/// Counts how often a transaction was tried.
#[derive(Debug, Default)]
pub(crate) struct Retries(u32);

impl Retries {
    /// Whether to try anew: after a deadlock or a serialization failure, a little later, some times.
    pub async fn again<T: Sync>(&mut self, outcome: &Result<T>) -> bool {
        let Err(error) = outcome else { return false };
        self.0 += 1;
        if !error.wants_retry() || self.0 >= ATTEMPTS {
            return false;
        }
        tracing::warn!(attempt = self.0, %error, "the database asks to try again");
        tokio::time::sleep(Duration::from_millis(u64::from(self.0) * 10)).await;
        true
    }
}

/// Everything about a tutor that decides whether a slot near `start` can be booked.
///
/// # Errors
/// `PROFILE_NOT_FOUND`.
pub(crate) async fn tutor(
    services: &Services,
    db: &mut PgConnection,
    tutor: TutorId,
    start: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<TutorContext> {
    let settings = settings::load_here(services, db).await?;
    let mut found = store::load(db, &[tutor], Interval::new(start, start), &settings, now).await?;
    Ok(found.remove(&tutor).ok_or(Refusal::new(Code::ProfileNotFound, "profile_not_found"))?)
}

impl From<TutorContext> for Context {
    fn from(tutor: TutorContext) -> Context {
        Context {
            readiness: tutor.readiness,
            policy: tutor.policy,
            availability: tutor.availability,
            offerings: tutor.offerings,
            busy: tutor.busy,
        }
    }
}

/// What takes a tutor's time but for one's own claim. A busy time that is just as long stays: it is another's.
pub(crate) fn without(mut busy: Vec<Interval>, own: Option<Interval>) -> Vec<Interval> {
    if let Some(place) = busy.iter().position(|taken| Some(*taken) == own) {
        busy.swap_remove(place);
    }
    busy
}

/// Commits what succeeded and rolls back what did not, before anything else takes a connection.
///
/// # Errors
/// The outcome's, or the commit's.
pub(crate) async fn finish<T>(tx: sqlx::Transaction<'_, sqlx::Postgres>, outcome: Result<T>) -> Result<T> {
    match outcome {
        Ok(value) => tx.commit().await.map(|()| value).map_err(AppError::from),
        Err(error) => {
            if let Err(fault) = tx.rollback().await {
                tracing::warn!(%fault, "could not roll back");
            }
            Err(error)
        }
    }
}
