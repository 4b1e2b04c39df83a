//! Which calendars somebody has, and when they are busy.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::interval::{Interval, IntervalSet};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::Client;
use crate::{
    busy::{Problem, zone_of},
    diary::client::Found,
};

/// How many calendars are offered.
const MOST: usize = 50;

/// How many pages of the list are read.
const PAGES: usize = 10;

/// The longest name that is kept, characters.
const LONGEST_NAME: usize = 100;

/// The longest time for which Google says in one answer when somebody is busy.
const SPAN: TimeDelta = TimeDelta::days(60);

/// The calendars of an account, and whose it is.
pub(crate) struct Listed {
    /// The address of the account's owner, which is the name of their first calendar.
    pub owner: String,
    /// By name.
    pub(in crate::diary) calendars: Vec<Found>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    items: Vec<Item>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    summary: Option<String>,
    summary_override: Option<String>,
    time_zone: Option<String>,
    access_role: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    deleted: bool,
}

#[derive(Deserialize)]
struct FreeBusy {
    calendars: std::collections::BTreeMap<String, Times>,
}

#[derive(Deserialize)]
struct Times {
    #[serde(default)]
    errors: Vec<serde_json::Value>,
    #[serde(default)]
    busy: Vec<Time>,
}

#[derive(Deserialize)]
struct Time {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Client<'_> {
    /// The calendars of the account.
    ///
    /// # Errors
    /// What keeps Google from telling; `Unreadable` where there is none that is its owner's.
    pub(crate) async fn list(&self) -> Result<Listed, Problem> {
        let mut items: Vec<Item> = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let mut url = self.address("users/me/calendarList")?;
            url.query_pairs_mut()
                .append_pair("minAccessRole", "freeBusyReader")
                .append_pair("maxResults", "250");
            if let Some(token) = &next {
                url.query_pairs_mut().append_pair("pageToken", token);
            }
            let page: Page = self.ask(Method::GET, url, None, None).await?.read()?;
            items.extend(page.items);
            next = page.next_page_token;
            if next.is_none() {
                break;
            }
        }
        let owner = items.iter().find(|item| item.primary).map(|item| item.id.clone());
        let owner = owner.filter(|owner| owner.len() <= 320).ok_or(Problem::Unreadable)?;
        let mut calendars = Vec::new();
        for item in items.into_iter().filter(|item| !item.deleted) {
            calendars.extend(self.found(item)?);
        }
        calendars.sort_by(|a, b| (&a.name, &a.url).cmp(&(&b.name, &b.url)));
        calendars.truncate(MOST);
        Ok(Listed { owner, calendars })
    }

    fn found(&self, item: Item) -> Result<Option<Found>, Problem> {
        let id = utf8_percent_encode(&item.id, NON_ALPHANUMERIC);
        let url = self.address(&format!("calendars/{id}"))?;
        if url.as_str().len() > 2000 {
            return Ok(None);
        }
        let name = item.summary_override.or(item.summary).unwrap_or(item.id);
        Ok(Some(Found {
            url,
            name: name.chars().filter(|sign| !sign.is_control()).take(LONGEST_NAME).collect(),
            time_zone: item.time_zone.as_deref().and_then(zone_of),
            writable: matches!(item.access_role.as_str(), "owner" | "writer"),
        }))
    }

    /// When the owner of a calendar is busy within a window.
    ///
    /// # Errors
    /// What keeps Google from telling.
    pub(crate) async fn busy(&self, calendar: &Url, window: Interval) -> Result<IntervalSet, Problem> {
        let id = calendar.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let id = percent_decode_str(id).decode_utf8().map_err(|_| Problem::Unreachable)?;
        let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut found = Vec::new();
        let mut start = window.start;
        while start < window.end {
            let end = window.end.min(start + SPAN);
            let body = json!({ "timeMin": stamp(start), "timeMax": stamp(end), "items": [{ "id": id }] });
            let url = self.address("freeBusy")?;
            let mut answer: FreeBusy = self.ask(Method::POST, url, Some(body), None).await?.read()?;
            let times = answer.calendars.remove(id.as_ref()).ok_or(Problem::Unreadable)?;
            if !times.errors.is_empty() {
                return Err(Problem::Unreachable);
            }
            let busy = times.busy.into_iter().filter(|time| time.start < time.end);
            found.extend(busy.map(|time| Interval::new(time.start, time.end)));
            start = end;
        }
        Ok(found.into_iter().collect())
    }
}
