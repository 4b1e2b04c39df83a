//! Values of bodies and queries: instants, pages, decimals, parsed at the edge.

use chrono::{DateTime, Datelike as _, Utc};
use domain::{
    Code,
    account::{line, paragraph},
};

use super::error::{ApiError, ApiResult};

/// The years for which the zone data speaks.
const YEARS: std::ops::Range<i32> = 1970..2200;

/// An instant in RFC 3339, with its offset, within 1970 to 2199.
///
/// # Errors
/// `INVALID_REQUEST` (`timestamp`) on the field.
pub fn instant(text: &str, field: &str) -> ApiResult<DateTime<Utc>> {
    let instant = rfc3339(text).ok_or_else(|| ApiError::invalid("timestamp", field))?;
    if YEARS.contains(&instant.year()) { Ok(instant) } else { Err(ApiError::invalid("timestamp", field)) }
}

/// The start of a lesson: before our time it is too soon, beyond it too far ahead.
///
/// # Errors
/// `INVALID_REQUEST`, `MINIMUM_NOTICE_REQUIRED`, `OUTSIDE_HORIZON` on `start`.
pub fn start(text: &str) -> ApiResult<DateTime<Utc>> {
    let instant = rfc3339(text).ok_or_else(|| ApiError::invalid("timestamp", "start"))?;
    match instant.year() {
        year if year < YEARS.start => Err(ApiError::coded(Code::MinimumNoticeRequired, "notice", "start")),
        year if year >= YEARS.end => Err(ApiError::coded(Code::OutsideHorizon, "horizon", "start")),
        _ => Ok(instant),
    }
}

/// A `+` that was not encoded arrives as a blank in a query: it is read as what was meant.
fn rfc3339(text: &str) -> Option<DateTime<Utc>> {
    let text = match text.rsplit_once(' ') {
        Some((time, offset)) if time.contains('T') => format!("{time}+{offset}"),
        _ => text.to_owned(),
    };
    if text.len() > 40 || !text.contains(['T', 't']) {
        return None;
    }
    let instant = DateTime::parse_from_rfc3339(&text).ok()?.to_utc();
    // A leap second is no start of anything here, and Postgres has none.
    (instant.timestamp_subsec_nanos() < 1_000_000_000).then_some(instant)
}

/// A page (from 1) and its size (1–100, default 20).
///
/// # Errors
/// `INVALID_REQUEST` on `page` or `page_size`.
pub fn page(page: Option<i64>, page_size: Option<i64>) -> ApiResult<(i64, i64)> {
    let (page, size) = (page.unwrap_or(1), page_size.unwrap_or(20));
    if !(1..=1_000_000).contains(&page) {
        return Err(ApiError::invalid("page", "page"));
    }
    if !(1..=100).contains(&size) {
        return Err(ApiError::invalid("page_size", "page_size"));
    }
    Ok((page, size))
}

/// A lowest mean rating such as `4` or `4.5`, 0–5, in tenths. Means have one decimal, so that a finer
/// wish is rounded up to the next tenth.
///
/// # Errors
/// `INVALID_REQUEST` on `min_rating`.
pub fn rating_tenths(text: &str) -> ApiResult<u32> {
    let fault = || ApiError::invalid("min_rating", "min_rating");
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 1 || decimals.len() > 6 || !digits(whole) || !digits(decimals) {
        return Err(fault());
    }
    let (tenth, rest) = decimals.split_at(1);
    let number = |part: &str| part.parse::<u32>().map_err(|_| fault());
    let finer = rest.bytes().any(|byte| byte != b'0');
    let tenths = number(whole)? * 10 + number(tenth)? + u32::from(finer);
    if tenths <= 50 { Ok(tenths) } else { Err(fault()) }
}

/// A line of at most `most` characters in a query.
///
/// # Errors
/// `INVALID_REQUEST` on the field.
pub fn words(text: Option<String>, most: usize, field: &'static str) -> ApiResult<Option<String>> {
    match text.filter(|text| !text.trim().is_empty()) {
        None => Ok(None),
        Some(text) => line(&text, 1, most).map(Some).ok_or_else(|| ApiError::invalid("text_length", field)),
    }
}

/// Why something is called off: at most 500 characters.
///
/// # Errors
/// `INVALID_REQUEST` on `reason`.
pub fn reason(text: Option<String>) -> ApiResult<Option<String>> {
    match text.filter(|text| !text.trim().is_empty()) {
        None => Ok(None),
        Some(text) => paragraph(&text, 1, 500).map(Some).ok_or_else(|| ApiError::invalid("reason", "reason")),
    }
}

/// A mean in tenths as a number with one decimal.
pub fn mean(tenths: Option<u32>) -> Option<f64> {
    tenths.map(|tenths| f64::from(tenths) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_rfc_3339_within_the_years_of_the_zone_data() {
        for (text, expected) in [
            ("2026-11-21T10:00:00Z", Some("2026-11-21T10:00:00+00:00")),
            ("2026-11-21T10:00:00+01:00", Some("2026-11-21T09:00:00+00:00")),
            ("2026-11-21T10:00:00 01:00", Some("2026-11-21T09:00:00+00:00")),
            ("2026-11-21T10:00:00", None),
            ("2026-11-21 10:00:00Z", None),
            ("2026-11-21", None),
            ("2026-02-30T10:00:00Z", None),
            ("2026-11-21T25:00:00Z", None),
            ("2016-12-31T23:59:60Z", None),
            ("1969-12-31T23:59:59Z", None),
            ("2200-01-01T00:00:00Z", None),
            ("+12026-11-21T10:00:00Z", None),
            ("1732181000", None),
            ("", None),
        ] {
            let read = instant(text, "from").ok().map(|instant| instant.to_rfc3339());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_start_out_of_time_says_on_which_side() {
        for (text, code) in [
            ("1200-01-01T00:00:00Z", Code::MinimumNoticeRequired),
            ("9999-01-01T00:00:00Z", Code::OutsideHorizon),
            ("tomorrow", Code::InvalidRequest),
        ] {
            assert_eq!(start(text).err().map(|error| error.code()), Some(code), "{text}");
        }
    }

    #[test]
    fn a_rating_is_read_in_tenths() {
        for (text, expected) in [
            ("4", Some(40)),
            ("4.5", Some(45)),
            ("4.25", Some(43)),
            ("0", Some(0)),
            ("5.0", Some(50)),
            ("5.1", None),
            ("5.01", None),
            ("-1", None),
            ("4.", None),
            (".5", None),
            ("4,5", None),
            ("NaN", None),
            ("1e1", None),
            ("", None),
        ] {
            assert_eq!(rating_tenths(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn pages_are_bounded() {
        assert_eq!(page(None, None).ok(), Some((1, 20)));
        assert_eq!(page(Some(3), Some(100)).ok(), Some((3, 100)));
        for (number, size) in [(0, 20), (-1, 20), (i64::MAX, 20), (1, 0), (1, 101), (1, -5)] {
            assert!(page(Some(number), Some(size)).is_err(), "{number} {size}");
        }
    }
}
