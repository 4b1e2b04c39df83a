//! Comparing all that moved in a time, on both sides at once.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::{judge::key, run::Run},
    Key,
};
use crate::Result;

/// All that moved after an instant and until another.
pub(in crate::reconcile) struct Window {
    pub after: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// What a look at a window gave.
pub(in crate::reconcile) struct Compared {
    /// How many lines and movements there are in it.
    pub looked_at: i64,
    /// Movements of which the two sides do not say the same there. What one of them tells of at another time is among
    /// them.
    pub unequal: Vec<Key>,
}

/// The time that is to be judged next: with at most so many lines and so many events of the ledger, but for those that
/// share its last instant.
pub(in crate::reconcile) async fn find_window(
    db: &mut PgConnection,
    run: &Run,
    limit: i64,
) -> Result<Window> {
    let until = sqlx::query_scalar!(
        "SELECT least($2,
             (SELECT created_at FROM provider_lines WHERE created_at > $1 ORDER BY created_at OFFSET $3 LIMIT 1),
             (SELECT at FROM ledger_events WHERE at > $1 ORDER BY at OFFSET $3 LIMIT 1)) AS \"until!\"",
        run.at.0,
        run.judged_until,
        limit - 1
    );
    Ok(Window { after: run.at.0, until: until.fetch_one(db).await? })
}

/// Compares what both sides say of a window. They agree on a movement that the provider tells of once and the ledger too,
/// where it comes to nothing once one is taken off the other.
pub(in crate::reconcile) async fn compare(db: &mut PgConnection, window: &Window) -> Result<Compared> {
    let row = sqlx::query!(
        "SELECT coalesce(sum(lines), 0)::bigint AS \"looked_at!\",
                coalesce(array_agg(kind) FILTER (WHERE differs), '{}') AS \"kinds!\",
                coalesce(array_agg(reference) FILTER (WHERE differs), '{}') AS \"references!\"
         FROM (
             SELECT kind, reference, count(*) AS lines,
                    sum(told) <> 1 OR count(*) = sum(told) OR sum(amount) <> 0 OR min(currency) <> max(currency) AS differs
             FROM (
                 SELECT kind, reference, currency, amount_minor AS amount, 1 AS told FROM provider_lines
                 WHERE created_at > $1 AND created_at <= $2 AND kind NOT IN ('fee', 'own')
                 UNION ALL
                 SELECT kind, reference, currency, -amount_minor, 0 FROM ledger_moves WHERE at > $1 AND at <= $2
             ) moved
             GROUP BY kind, reference
         ) movements",
        window.after,
        window.until
    )
    .fetch_one(db)
    .await?;
    let keys = row.references.into_iter().zip(&row.kinds);
    let unequal = keys.filter_map(|(reference, kind)| key(reference, kind)).collect();
    Ok(Compared { looked_at: row.looked_at, unequal })
}
