//! How a mail looks: plain text, and HTML that mail programs of all ages show.

use super::compose::{Body, Texts};

/// The text part.
pub(super) fn text(texts: &Texts, body: &Body) -> String {
    let mut out = format!("{}\n", body.greeting);
    for paragraph in &body.paragraphs {
        out.push_str(&format!("\n{paragraph}\n"));
    }
    out.push('\n');
    for (label, value) in &body.rows {
        out.push_str(&format!("{} {value}\n", texts.labelled(label)));
    }
    let (label, address) = &body.link;
    let footer = format!("-- \n{}\n{}\n", texts.platform, texts.reason);
    out.push_str(&format!("\n{}\n{address}\n\n{footer}", texts.labelled(label)));
    out
}

/// The HTML part. Styles stand in attributes, because many programs drop style sheets.
pub(super) fn html(texts: &Texts, body: &Body, subject: &str) -> String {
    let paragraphs: String = body
        .paragraphs
        .iter()
        .map(|paragraph| format!("<p style=\"margin:0 0 16px\">{}</p>\n", escape(paragraph)))
        .collect();
    let rows: String = body.rows.iter().map(row).collect();
    let (label, address) = &body.link;
    format!(
        "<!DOCTYPE html>\n\
         <html lang=\"{language}\">\n\
         <head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light\"><title>{subject}</title></head>\n\
         <body style=\"margin:0;padding:24px;background:#f6f7f9;color:#1c2530;\
         font:16px/1.5 Inter,'Helvetica Neue',Arial,sans-serif\">\n\
         <div style=\"max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px\">\n\
         <p style=\"margin:0 0 16px\">{greeting}</p>\n\
         {paragraphs}\
         <table style=\"border-collapse:collapse;margin:0 0 24px;width:100%\">\n\
         {rows}\
         </table>\n\
         <p style=\"margin:0\"><a href=\"{address}\" style=\"display:inline-block;padding:12px 16px;\
         background:#004E89;color:#ffffff;border-radius:8px;text-decoration:none\">{label}</a></p>\n\
         </div>\n\
         <p style=\"max-width:560px;margin:16px auto 0;padding:0 24px;color:#56606b;font-size:14px\">\
         {platform}<br>{reason}</p>\n\
         </body>\n\
         </html>\n",
        language = body.language.tag(),
        subject = escape(subject),
        greeting = escape(&body.greeting),
        address = escape(address),
        label = escape(label),
        platform = escape(&texts.platform),
        reason = escape(&texts.reason),
    )
}

fn row((label, value): &(String, String)) -> String {
    format!(
        "<tr><th scope=\"row\" style=\"padding:4px 16px 4px 0;color:#56606b;font-weight:400;text-align:left;\
         vertical-align:top\">{}</th>\
         <td style=\"padding:4px 0\">{}</td></tr>\n",
        escape(label),
        escape(value)
    )
}

/// A text as it stands in HTML or XML, in attributes too.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
