//! Making an export: all of one person, as of one moment, into one file.

use chrono::{DateTime, Utc};
use domain::{
    account::Language,
    ids::{AttachmentId, ExportId, UserId},
    manners::{self, Manners},
    privacy::KEPT_FOR,
    zone::Zone,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncSeekExt as _, SeekFrom};

use super::{archive::Archive, file, store};
use crate::{
    AppError, Result, Services, db,
    files::{self, Home},
    jobs::Job,
    mail::{Finished, tell_of_export},
};

/// The job that makes an export and tells its person. Run again, it is the same export, told once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WriteExport {
    /// Which.
    pub export: ExportId,
}

impl Job for WriteExport {
    const NAME: &'static str = "write_export";

    async fn run(self, services: &Services) -> Result<()> {
        let Some((person, read)) = read(services, self.export).await? else { return Ok(()) };
        let size = keep(services, self.export, &person, read).await?;
        finish(services, self.export, person.user, size).await
    }
}

/// Whose export it is.
pub(super) struct Person {
    pub user: UserId,
    pub name: String,
    pub language: Language,
    pub zone: Zone,
}

/// What is kept about a person.
pub(super) struct Read {
    /// Names of files, and what stands in them. What a person has nothing of is left out.
    pub subjects: Vec<(&'static str, Value)>,
    /// Uploads of theirs.
    pub uploads: Vec<Upload>,
    /// The photo of their profile, JPEG.
    pub photo: Option<Vec<u8>>,
}

/// An upload, and its path in the export.
pub(super) struct Upload {
    pub home: Home,
    pub id: AttachmentId,
    pub path: String,
}

/// Reads all of a person as of one moment; `None` where the export is not to be made any more.
async fn read(services: &Services, id: ExportId) -> Result<Option<(Person, Read)>> {
    let mut tx = db::begin_with(&services.db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let Some(person) = store::find_person(&mut tx, id).await? else { return Ok(None) };
    let user = person.user;
    let mut subjects = vec![
        ("account.json", store::person::account(&mut tx, user).await?),
        ("preferences.json", store::person::preferences(&mut tx, user).await?),
        ("sign-ins.json", store::person::sign_ins(&mut tx, user).await?),
        ("connections.json", store::person::connections(&mut tx, user).await?),
        ("mails.json", store::person::mails(&mut tx, user).await?),
        ("notices.json", store::person::notices(&mut tx, user).await?),
        ("messages.json", store::talk::messages(&mut tx, user).await?),
        ("reports.json", store::talk::reports(&mut tx, user).await?),
        ("bookings.json", store::lessons::bookings(&mut tx, user).await?),
        ("lessons.json", store::lessons::lessons(&mut tx, user).await?),
        ("ratings.json", store::lessons::ratings(&mut tx, user).await?),
        ("disputes.json", store::lessons::disputes(&mut tx, user).await?),
        ("payments.json", store::money::payments(&mut tx, user).await?),
        ("ledger.json", store::money::ledger(&mut tx, user).await?),
    ];
    if let Some(tutor) = store::lessons::tutor(&mut tx, user).await? {
        subjects.push(("tutor.json", tutor));
        subjects.push(("payouts.json", store::money::payouts(&mut tx, user).await?));
    }
    let uploads = store::talk::uploads(&mut tx, user).await?;
    let photo = store::lessons::photo(&mut tx, user).await?;
    Ok(Some((person, Read { subjects, uploads, photo })))
}

/// Makes the file and keeps it; its size. An upload whose file is not in the store is left out.
async fn keep(services: &Services, id: ExportId, person: &Person, read: Read) -> Result<i64> {
    let now = services.clock.now();
    let mut archive = Archive::begin(now)?;
    archive = archive.add_text("README.txt", readme(person, now).into_bytes()).await?;
    for (name, subject) in read.subjects {
        archive =
            archive.add_text(name, serde_json::to_vec_pretty(&subject).map_err(AppError::fault)?).await?;
    }
    if let Some(photo) = read.photo {
        archive = archive.add_upload("files/photo.jpg", photo).await?;
    }
    for Upload { home, id, path } in read.uploads {
        if let Some(content) = files::whole(services, home, id).await? {
            archive = archive.add_upload(&path, content).await?;
        }
    }
    let mut made = tokio::fs::File::from_std(archive.finish().await?);
    made.seek(SeekFrom::Start(0)).await.map_err(AppError::fault)?;
    let size = made.metadata().await.map_err(AppError::fault)?.len();
    services.storage.put_from(&file(id), &mut made).await?;
    i64::try_from(size).map_err(AppError::fault)
}

/// Notes that the file is there, and tells its person: once.
async fn finish(services: &Services, id: ExportId, user: UserId, size: i64) -> Result<()> {
    let now = services.clock.now();
    let ends_at = now + KEPT_FOR;
    let mut tx = services.begin().await?;
    if !store::set_ready(&mut tx, id, size, now, ends_at).await? {
        drop(tx);
        return forget_late(services, id, user).await;
    }
    let noticed = tell_of_export(services, &mut tx, user, &Finished { id, ends_at }).await?;
    tx.commit().await?;
    services.live.wake(&noticed);
    Ok(())
}

/// Removes a file that came after its export was over. Where another try of the same job was quicker, it is that one's.
async fn forget_late(services: &Services, id: ExportId, user: UserId) -> Result<()> {
    let found = store::find(&mut *services.db.acquire().await?, id, user).await?;
    if found.is_some_and(|export| export.ready_at.is_some() && export.ends_at > services.clock.now()) {
        return Ok(());
    }
    services.storage.delete(&file(id)).await
}

/// What the export is and what stands where, in its person's language.
fn readme(person: &Person, now: DateTime<Utc>) -> String {
    let text = match person.language {
        Language::En => include_str!("readme/en.txt"),
        Language::Fr => include_str!("readme/fr.txt"),
    };
    let moment = Manners::of(person.language).moment(person.zone, now);
    let at = format!("{moment}, {}", manners::zone(person.zone, now));
    text.replace("{{ at }}", &at).replace("{{ name }}", &person.name)
}
