//! `/tutor/earnings/statement.csv`: the lessons of a month as a file, for the tutor; for admins with the tutor's id.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::{
    Code, Refusal,
    money::{Currency, Money},
    payout::Month,
};
use services::{
    Services,
    payout::{self, Progress, StatementRow},
};

use crate::{
    api::error::{ApiError, ApiResult},
    auth::Caller,
};

/// The first line of the file: names that do not change with the reader's language.
const HEADINGS: [&str; 11] = [
    "start",
    "booking_id",
    "lesson",
    "student",
    "currency",
    "charge",
    "platform_fee",
    "tutor_part",
    "given_back",
    "status",
    "paid_out_at",
];

/// The lessons of the month that the query names, of the tutor who is signed in, or whom it names.
pub async fn file(State(services): State<Services>, caller: Caller, request: Request) -> ApiResult<Response> {
    let actor = caller.actor.ok_or_else(ApiError::unauthenticated)?;
    let refused = |code, key| ApiError::from(Refusal::new(code, key));
    let query = request.uri().query().unwrap_or_default();
    let value = |name| query.split('&').find_map(|pair| pair.strip_prefix(name));
    let tutor = match value("tutor=") {
        Some(id) => id.parse().map_err(|_| refused(Code::NotFound, "not_found"))?,
        None => actor.tutor.ok_or_else(|| refused(Code::InsufficientPermissions, "forbidden"))?,
    };
    let month = value("month=").and_then(Month::parse);
    let month =
        month.ok_or_else(|| ApiError::from(Refusal::on(Code::InvalidRequest, "malformed", "month")))?;
    let rows = payout::statement(&services, &actor, tutor, month).await?;
    let name = format!("attachment; filename=\"statement-{}.csv\"", month.name());
    let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], text(&rows)).into_response())
}

/// The file (RFC 4180).
fn text(rows: &[StatementRow]) -> String {
    let mut out = line(HEADINGS.map(str::to_owned));
    for row in rows {
        let currency: Currency = row.charge.currency;
        let decimal = |minor| Money { minor, currency }.decimal();
        let paid_at = match row.progress {
            Progress::Paid(at) => at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            _ => String::new(),
        };
        out.push_str(&line([
            row.start.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            row.booking.to_string(),
            row.title.clone(),
            row.student.clone(),
            currency.code().to_owned(),
            decimal(row.charge.minor),
            decimal(row.fee),
            decimal(row.part),
            decimal(row.given_back),
            row.progress.name().to_owned(),
            paid_at,
        ]));
    }
    out
}

fn line(cells: [String; 11]) -> String {
    format!("{}\r\n", cells.map(|cell| quoted(&cell)).join(","))
}

/// A cell. What people wrote must not be read as a formula by a program for tables: an apostrophe before it says so.
fn quoted(text: &str) -> String {
    let plain =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if plain.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", plain.replace('"', "\"\"")) } else { plain }
}

#[cfg(test)]
mod tests {
    use domain::ids::BookingId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_statement_is_a_table_that_runs_nothing() {
        let row = StatementRow {
            booking: BookingId(Uuid::from_u128(7)),
            title: "Maths, \"hard\"".to_owned(),
            student: "=HYPERLINK(\"x\")".to_owned(),
            start: "2027-03-01T14:00:00Z".parse().expect("an instant"),
            charge: Money { minor: 2500, currency: Currency::Eur },
            fee: 250,
            part: 2250,
            given_back: 900,
            progress: Progress::Paid("2027-03-04T15:00:01.5Z".parse().expect("an instant")),
        };
        let file = text(&[row]);
        let lines: Vec<_> = file.split("\r\n").collect();
        assert_eq!(lines[0], HEADINGS.join(","));
        assert_eq!(
            lines[1],
            "2027-03-01T14:00:00Z,00000000-0000-0000-0000-000000000007,\"Maths, \"\"hard\"\"\",\
             \"'=HYPERLINK(\"\"x\"\")\",EUR,25.00,2.50,22.50,9.00,paid,2027-03-04T15:00:01Z"
        );
        assert_eq!(lines.len(), 3, "nothing after the last line");
    }
}
