//! `/dev/mail`: the kept mails, as a page or as JSON.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
};
use services::{
    Services,
    mail::{self, Mail, escape},
};

use crate::{api::error::ApiResult, auth};

/// The page has its style with it, and so have the mails that it shows; nothing else is loaded, nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "body{max-width:48rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 sans-serif;\
    color:#1c2530;background:#fff}h2{font-size:1.125rem;margin:0}article{margin:2rem 0;padding:1rem;\
    border:1px solid #c5ccd3;border-radius:.5rem}pre{white-space:pre-wrap;overflow-wrap:anywhere}\
    iframe{width:100%;height:32rem;border:1px solid #c5ccd3}a,summary{color:#004e89}\
    summary{padding:.625rem 0;cursor:pointer}";

/// The kept mails, newest first.
pub async fn list(State(services): State<Services>, headers: HeaderMap) -> ApiResult<Response> {
    let mails = mail::list(&services).await?;
    if !auth::wants_html(&headers) {
        return Ok(Json(mails).into_response());
    }
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page(&mails))).into_response())
}

fn page(mails: &[Mail]) -> String {
    let shown: String = mails.iter().map(article).collect();
    let shown = if mails.is_empty() { "<p>No mail was written yet.</p>".to_owned() } else { shown };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Mails</title><style>{STYLE}</style></head>\n\
         <body><main>\n<h1>Mails</h1>\n<p><a href=\"/\">Back to the site</a></p>\n{shown}</main></body>\n</html>\n"
    )
}

fn article(mail: &Mail) -> String {
    let sent = mail.sent_at.map_or("kept, not sent".to_owned(), |at| format!("sent {}", instant(at)));
    let calendar = mail.calendar.as_ref().map(|file| {
        let file = escape(file);
        format!("<details><summary lang=\"en\">Calendar file</summary><pre>{file}</pre></details>\n")
    });
    format!(
        "<article lang=\"{locale}\">\n<h2>{subject}</h2>\n\
         <p lang=\"en\">To {to} · {kind} · {locale} · written {written} · {sent}</p>\n\
         <iframe sandbox title=\"{subject}\" srcdoc=\"{html}\"></iframe>\n\
         <details><summary lang=\"en\">Text part</summary><pre>{text}</pre></details>\n{calendar}</article>\n",
        locale = escape(&mail.locale),
        subject = escape(&mail.subject),
        to = escape(&mail.to),
        kind = escape(&mail.kind),
        written = instant(mail.created_at),
        html = escape(&mail.html),
        text = escape(&mail.text),
        calendar = calendar.unwrap_or_default(),
    )
}

fn instant(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
