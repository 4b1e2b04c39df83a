//! How a mail looks: plain text, and HTML from `layout.mjml`, which mail programs of all ages show.

use std::sync::LazyLock;

use domain::account::Language;

use super::texts::{Texts, fill};
use crate::{AppError, Result};

/// The HTML of every mail, with `{{ names }}` where values go and `<!-- parts -->` that are repeated. MJML is
/// translated once, before any value is in it.
static FRAME: LazyLock<Result<String, String>> = LazyLock::new(|| {
    let parsed = mrml::parse(include_str!("layout.mjml")).map_err(|error| error.to_string())?;
    parsed.element.render(&mrml::prelude::render::RenderOptions::default()).map_err(|error| error.to_string())
});

/// What leads somewhere: its label and its address.
pub(super) type Link = (String, String);

/// What stands in a mail, before it is laid out.
pub(super) struct Body {
    pub language: Language,
    pub greeting: String,
    pub paragraphs: Vec<String>,
    /// Labels with what they name.
    pub rows: Vec<(String, String)>,
    /// What the reader most likely wants to do: a button.
    pub button: Link,
    /// Where else one may want to go.
    pub links: Vec<Link>,
    /// Why the reader gets it.
    pub reason: String,
}

/// The text part.
pub(super) fn text(texts: &Texts, body: &Body) -> String {
    let mut out = format!("{}\n", body.greeting);
    for paragraph in &body.paragraphs {
        out.push_str(&format!("\n{paragraph}\n"));
    }
    if !body.rows.is_empty() {
        out.push('\n');
    }
    for (label, value) in &body.rows {
        out.push_str(&format!("{} {value}\n", texts.labelled(label)));
    }
    for (label, address) in std::iter::once(&body.button).chain(&body.links) {
        out.push_str(&format!("\n{}\n{address}\n", texts.labelled(label)));
    }
    out.push_str(&format!("\n-- \n{}\n{}\n", texts.platform, body.reason));
    out
}

/// The HTML part.
///
/// # Errors
/// Where the layout cannot be read.
pub(super) fn html(texts: &Texts, body: &Body, subject: &str, public_url: &str) -> Result<String> {
    let frame = FRAME.as_ref().map_err(|error| AppError::fault(error.as_str()))?;
    let logo = format!("{public_url}/apple-touch-icon.png");
    let preview = body.paragraphs.first().map_or("", String::as_str);
    let once = Values::of(&[
        ("language", body.language.tag()),
        ("subject", subject),
        ("preview", preview),
        ("logo", &logo),
        ("platform", &texts.platform),
        ("greeting", &body.greeting),
        ("label", &body.button.0),
        ("address", &body.button.1),
        ("reason", &body.reason),
    ]);
    let paragraphs = body.paragraphs.iter().map(|paragraph| Values::of(&[("paragraph", paragraph)]));
    let rows = body.rows.iter().map(|(name, value)| Values::of(&[("name", name), ("value", value)]));
    let links =
        body.links.iter().map(|(label, address)| Values::of(&[("label", label), ("address", address)]));
    let mut out = String::with_capacity(frame.len() * 2);
    let rest = repeat(&mut out, frame, "paragraph", &once, paragraphs)?;
    let rest = repeat(&mut out, rest, "row", &once, rows)?;
    let rest = repeat(&mut out, rest, "link", &once, links)?;
    out.push_str(&once.fill(rest));
    Ok(out)
}

/// Writes a part as often as there are values for it, after all that stands before it; what stands after it.
fn repeat<'a>(
    out: &mut String,
    frame: &'a str,
    part: &str,
    once: &Values<'_>,
    each: impl Iterator<Item = Values<'a>>,
) -> Result<&'a str> {
    let missing = || AppError::fault(format!("the layout of mails has no part {part}"));
    let (before, rest) = frame.split_once(&format!("<!-- {part} -->")).ok_or_else(missing)?;
    let (inner, after) = rest.split_once(&format!("<!-- /{part} -->")).ok_or_else(missing)?;
    out.push_str(&once.fill(before));
    each.for_each(|values| out.push_str(&values.fill(inner)));
    Ok(after)
}

/// Names with their values as they stand in HTML.
struct Values<'a>(Vec<(&'a str, String)>);

impl<'a> Values<'a> {
    fn of(values: &[(&'a str, &str)]) -> Self {
        Values(values.iter().map(|(name, value)| (*name, escape(value))).collect())
    }

    fn fill(&self, frame: &str) -> String {
        let values: Vec<_> = self.0.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fill(frame, &values)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name in the layout, with the parts that repeat.
    #[test]
    fn the_layout_has_a_place_for_everything_and_asks_for_nothing_else() {
        let frame = FRAME.as_ref().expect("the layout is MJML");
        let parsed = mrml::parse(include_str!("layout.mjml")).expect("MJML");
        assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
        let names: std::collections::BTreeSet<_> = frame
            .split("{{")
            .skip(1)
            .filter_map(|rest| rest.split_once("}}"))
            .map(|it| it.0.trim())
            .collect();
        let known = [
            "address",
            "greeting",
            "label",
            "language",
            "logo",
            "name",
            "paragraph",
            "platform",
            "preview",
            "reason",
            "subject",
            "value",
        ];
        assert_eq!(names, known.into());
        assert!(
            !frame.contains("<mj-") && !frame.contains("fonts.googleapis"),
            "nothing is loaded from elsewhere"
        );
    }
}
