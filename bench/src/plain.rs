//! The baseline of the tutor page: a plain axum handler that asks the same questions of the same services and
//! answers with JSON. No page, no middleware, no compression.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing,
    serve::ListenerExt as _,
};
use chrono::{Months, NaiveDate, NaiveTime};
use domain::interval::Interval;
use serde::Deserialize;
use serde_json::{Value, json};
use services::{
    AppError, Services,
    availability::{self, SlotQuery},
    clock::Clock,
    config::Config,
    db, live, review, tutor,
};
use tokio::{net::TcpListener, signal::unix};

use crate::Outcome;

/// Serves until it is told to stop; configured as the server is.
pub async fn serve() -> Outcome {
    let config = Config::from_env()?;
    let url = config.database.url.clone().ok_or("DATABASE_URL: the baseline needs a database")?;
    let pool = db::connect(url.parse()?, config.database.connections).await?;
    let bus = live::Bus::start(pool.clone(), None).await?;
    let addr = config.web.addr;
    let services = Services::new(pool, Clock::real(), config, Arc::new(bus), None);
    let router = Router::new()
        .route("/healthz", routing::get(|| async { "ok" }))
        .route("/tutors/{slug}", routing::get(tutor))
        .with_state(services);
    let listener = TcpListener::bind(addr).await?.tap_io(|stream| {
        // Where it is refused, an answer is slower, not wrong.
        let _ = stream.set_nodelay(true);
    });
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move {
            let _ = terminate.recv().await;
        })
        .await?;
    Ok(())
}

/// The month of the calendar, such as `2026-12`.
#[derive(Deserialize)]
struct Wanted {
    month: String,
}

async fn tutor(
    State(services): State<Services>,
    Path(slug): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let Some(range) = month(&wanted.month) else { return StatusCode::BAD_REQUEST.into_response() };
    match load(&services, &slug, range).await {
        Ok(value) => Json(value).into_response(),
        Err(error) => StatusCode::from_u16(error.code().status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response(),
    }
}

/// A month in UTC, the zone of a reader of whom nothing is known.
fn month(text: &str) -> Option<Interval> {
    let first: NaiveDate = format!("{text}-01").parse().ok()?;
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    Some(Interval::new(midnight(first), midnight(first + Months::new(1))))
}

/// What the page `/tutors/{slug}` loads: the tutor, the first five ratings, the free slots of the month.
async fn load(services: &Services, slug: &str, range: Interval) -> Result<Value, AppError> {
    let tutor = tutor::find(services, None, slug).await?;
    let ratings = review::list(services, slug, 1, 5).await?;
    let first = tutor.offerings.first();
    let query = SlotQuery {
        tutor: tutor.id.to_string(),
        range,
        offering: first.map(|offered| offered.id),
        duration: first.and_then(|offered| Some(i64::from(offered.offering.durations.first()?.minutes))),
    };
    let free = availability::free_slots(services, &query).await?;
    Ok(json!({ "tutor": tutor, "ratings": ratings, "slots": free.slots }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let december = month("2026-12").expect("a month");
        assert_eq!(december.start.to_rfc3339(), "2026-12-01T00:00:00+00:00");
        assert_eq!(december.end.to_rfc3339(), "2027-01-01T00:00:00+00:00");
        assert_eq!(month("2026-13"), None);
    }
}
