//! The mail that a provider lets us in no more: to who had permitted it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Kind,
    layout::Body,
    letter::{Letter, Reader},
    store, tell,
    texts::{Texts, fill},
};
use crate::{Result, Services, jobs::Job, notice::Subject, video};

/// The job that writes to somebody whose permission ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TellOfPermission {
    /// Which.
    pub permission: Uuid,
}

impl Job for TellOfPermission {
    const NAME: &'static str = "tell_of_permission";

    async fn run(self, services: &Services) -> Result<()> {
        write(services, self.permission).await
    }
}

/// What the mail is written from.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub reader: Reader,
    /// What the reader knows the account by.
    pub login: String,
    /// Whose meetings are made with it; `None` for calendars at Google.
    pub video: Option<video::Kind>,
    /// Since when it was permitted, or last renewed.
    pub since: DateTime<Utc>,
}

/// Writes mail and notice, once for each permission that ended. Where it was given again meanwhile, or the account is
/// connected no more, nobody is told.
async fn write(services: &Services, permission: Uuid) -> Result<()> {
    let mut tx = services.begin().await?;
    let Some(about) = store::find_about_permission(&mut tx, permission).await? else { return Ok(()) };
    let letter = compose(&about, &services.config.web.public_url)?;
    let told = format!("{permission}/{}", about.since.timestamp_micros());
    let what = (Kind::PermissionEnded, &*told, Subject::Permission(permission));
    tell(services, tx, what, &about.reader, &letter).await
}

fn compose(about: &About, public_url: &str) -> Result<Letter> {
    let texts = Texts::of(about.reader.language)?;
    let own = &texts.permission_ended;
    let (name, follows, part) = match about.video {
        Some(video::Kind::Zoom) => (&own.zoom, &own.video, "video"),
        Some(video::Kind::GoogleMeet) => (&own.google_meet, &own.video, "video"),
        None => (&own.google_calendar, &own.calendar, "accounts"),
    };
    let values = [("name", &**name), ("login", &*about.login)];
    let body = Body {
        language: about.reader.language,
        greeting: fill(&texts.greeting, &[("name", &about.reader.name)]),
        paragraphs: vec![fill(&own.lead, &values), follows.clone()],
        rows: Vec::new(),
        button: (fill(&own.link, &values), format!("{public_url}/tutor/settings#{part}")),
        links: Vec::new(),
        reason: texts.reason.account.clone(),
    };
    Letter::lay_out(&texts, fill(&own.subject, &values), &body, public_url)
}

#[cfg(test)]
mod tests {
    use domain::{account::Language, ids::UserId, zone::Zone};

    use super::*;

    fn told(language: Language, video: Option<video::Kind>) -> String {
        let reader = Reader {
            user: UserId(Uuid::from_u128(3)),
            email: "tina@example.org".into(),
            name: "Tina".into(),
            language,
            zone: Zone::parse("Europe/Paris").expect("a zone"),
        };
        let about = About { reader, login: "tina@zoom.test".into(), video, since: DateTime::UNIX_EPOCH };
        let letter = compose(&about, "https://x.test").expect("sentences");
        format!("{}\n\n{}", letter.subject, letter.text)
    }

    #[test]
    fn a_tutor_reads_whose_permission_ended_and_what_follows() {
        for language in Language::ALL {
            insta::assert_snapshot!(
                format!("permission_{}", language.tag()),
                told(language, Some(video::Kind::Zoom))
            );
        }
        let calendar = told(Language::En, None);
        assert!(calendar.starts_with("Google Calendar ") && calendar.contains("#accounts"), "{calendar}");
        assert!(told(Language::En, Some(video::Kind::GoogleMeet)).starts_with("Google Meet "));
    }
}
