//! Writing and removing calendar files, each under a name of its own (RFC 4791, 5.3.2).

use reqwest::{
    StatusCode,
    header::{HeaderName, IF_MATCH, IF_NONE_MATCH},
};
use url::Url;

use super::{Client, Question};
use crate::{
    busy::Problem,
    diary::client::{Standing, Written},
};

impl Client<'_> {
    /// What is at a place.
    ///
    /// # Errors
    /// What keeps the server from telling.
    pub(in crate::diary) async fn standing(&self, url: &Url) -> Result<Standing, Problem> {
        let body = r#"<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>"#;
        let question = Question { method: "PROPFIND", depth: Some("0"), body, ..Question::default() };
        let answer = self.in_time(self.follow(url.clone(), &question)).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Standing::Missing),
            _ => {
                let places = answer.places().await?;
                Ok(Standing::There(places.into_iter().next().and_then(|place| place.etag)))
            }
        }
    }

    /// Writes a file where all is still as it was when we looked.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub(in crate::diary) async fn put(
        &self,
        url: &Url,
        text: &str,
        seen: &Standing,
    ) -> Result<Written, Problem> {
        let condition: Option<(HeaderName, &str)> = match seen {
            Standing::Missing => Some((IF_NONE_MATCH, "*")),
            Standing::There(Some(etag)) => Some((IF_MATCH, etag)),
            Standing::There(None) => None,
        };
        let question = Question {
            method: "PUT",
            content_type: "text/calendar; charset=utf-8",
            body: text,
            condition,
            ..Question::default()
        };
        let answer = self.in_time(self.follow(url.clone(), &question)).await?;
        match answer.status {
            StatusCode::PRECONDITION_FAILED => Ok(Written::Overtaken),
            _ => answer.succeeded().map(|()| Written::Done),
        }
    }

    /// Removes a file, whatever its version; one that is gone already is fine.
    ///
    /// # Errors
    /// What keeps it from being removed.
    pub(in crate::diary) async fn delete(&self, url: &Url) -> Result<(), Problem> {
        let question = Question { method: "DELETE", ..Question::default() };
        let answer = self.in_time(self.follow(url.clone(), &question)).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
            _ => answer.succeeded(),
        }
    }
}
