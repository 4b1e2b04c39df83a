//! The mail that a copy of one's data can be downloaded.

use chrono::{DateTime, Utc};
use domain::ids::{ExportId, UserId};
use sqlx::PgConnection;

use super::{
    Kind,
    layout::Body,
    letter::{Letter, Reader},
    note, store,
    texts::{Texts, fill},
};
use crate::{Result, Services, notice::Subject};

/// An export whose file is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished {
    pub id: ExportId,
    /// When it is removed.
    pub ends_at: DateTime<Utc>,
}

/// Writes mail and notice, once for each export. Whom to wake after the commit.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn tell_of_export(
    services: &Services,
    tx: &mut PgConnection,
    user: UserId,
    export: &Finished,
) -> Result<Vec<UserId>> {
    let Some(reader) = store::find_reader(tx, user).await? else { return Ok(Vec::new()) };
    let letter = compose(&reader, export, &services.config.web.public_url)?;
    let told = export.id.to_string();
    note(services, tx, (Kind::ExportReady, &told, Subject::Export(export.id)), &reader, &letter).await
}

fn compose(reader: &Reader, export: &Finished, public_url: &str) -> Result<Letter> {
    let texts = Texts::of(reader.language)?;
    let own = &texts.export_ready;
    let body = Body {
        language: reader.language,
        greeting: fill(&texts.greeting, &[("name", &reader.name)]),
        paragraphs: vec![own.lead.clone(), own.once.clone(), own.unasked.clone()],
        rows: vec![(texts.good_until.clone(), reader.moment(export.ends_at))],
        button: (own.link.clone(), format!("{public_url}/settings#your-data")),
        links: Vec::new(),
        reason: texts.reason.account.clone(),
    };
    Letter::lay_out(&texts, own.subject.clone(), &body, public_url)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::{account::Language, zone::Zone};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_person_reads_where_the_copy_is_and_how_long() {
        for language in Language::ALL {
            let reader = Reader {
                user: UserId(Uuid::from_u128(3)),
                email: "sam@example.org".into(),
                name: "Sam".into(),
                language,
                zone: Zone::parse("Europe/Paris").expect("a zone"),
            };
            let ends_at = crate::testing::now() + TimeDelta::days(7);
            let export = Finished { id: ExportId(Uuid::from_u128(7)), ends_at };
            let letter = compose(&reader, &export, "https://x.test").expect("sentences");
            insta::assert_snapshot!(
                format!("export_{}", language.tag()),
                format!("{}\n\n{}", letter.subject, letter.text)
            );
        }
    }
}
