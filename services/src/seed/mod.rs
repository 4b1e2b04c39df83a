//! The demonstration: people, hours, bookings, ratings and
//! conversations with which every page has something to show.
//!
//! Who appears is told in files beside this one; what happens to them follows from dice that fall the
//! same way each time, relative to the clock. The accounts `student@demo.test`, `tutor@demo.test` and
//! `admin@demo.test`, and everybody else's, have one password.

mod cast;
mod dice;
mod lessons;
mod money;
mod portrait;
mod rows;
mod store;
mod talks;

use chrono::{DateTime, Utc};
use tokio::task::spawn_blocking;

use crate::{AppError, Result, Services, account::password, tutor::photo};
use cast::Cast;
use dice::Dice;
use lessons::Lessons;
use portrait::Look;
use rows::{People, Rows, Student, Tutor};

/// The password of everybody in the demonstration.
pub const PASSWORD: &str = "demo-password";

/// Fills an empty database; does nothing to one that has people, and nothing outside development.
/// True when it was filled.
///
/// # Errors
/// Where the database cannot be written.
pub async fn demonstration(services: &Services) -> Result<bool> {
    if !services.config.is_development() {
        return Ok(false);
    }
    let mut tx = services.begin().await?;
    if store::has_people(&mut tx).await? {
        return Ok(false);
    }
    let now = services.clock.now();
    let password_hash = password::hash(PASSWORD).await?;
    let plan = spawn_blocking(move || Plan::new(now, &password_hash)).await.map_err(AppError::fault)??;
    store::insert(&mut tx, plan.rows).await?;
    store::insert_photos(&mut tx, &plan.tutors, &plan.photos, now).await?;
    tx.commit().await?;
    // A real account's test mode is not filled with people who do not exist.
    if services.payments.as_ref().is_some_and(|provider| provider.config().api_base.is_some()) {
        money::settle(services).await?;
    }
    Ok(true)
}

/// Everything that is written.
struct Plan {
    rows: Rows,
    /// Ids of tutors, and the photo of each at the same place.
    tutors: Vec<uuid::Uuid>,
    photos: Vec<Vec<u8>>,
}

impl Plan {
    fn new(now: DateTime<Utc>, password_hash: &str) -> Result<Self> {
        let cast = Cast::read()?;
        let photos = draw(&cast)?;
        let (mut rows, mut dice) = (Rows::default(), Dice::new(2026));
        let mut people = People::new(now, password_hash);
        people.admin(&mut rows, &mut dice);
        let students: Vec<Student> = cast
            .students
            .iter()
            .enumerate()
            .map(|(number, part)| people.student(&mut rows, &mut dice, part, number))
            .collect();
        let mut tutors: Vec<Tutor> = Vec::new();
        for (number, (part, photo)) in cast.tutors.iter().zip(&photos).enumerate() {
            tutors.push(people.tutor(&mut rows, &mut dice, part, number, &photo::version(photo))?);
        }
        let mut lessons = Lessons::new(now, &students, &cast.feedback);
        for (number, tutor) in tutors.iter().enumerate() {
            if number == 0 {
                lessons.today(&mut rows, &mut dice, tutor)?;
                lessons.coming(&mut rows, &mut dice, tutor, 3, students.first())?;
            }
            let coming = if number == 0 { 3 } else { dice.below(4) };
            lessons.coming(&mut rows, &mut dice, tutor, coming, None)?;
            let past = if number == 0 { 40 } else { 4 + dice.below(12) };
            lessons.past(&mut rows, &mut dice, tutor, past)?;
        }
        talks::write(&mut rows, &mut dice, &cast.talks, (&tutors, &students), now)?;
        Ok(Plan { rows, tutors: tutors.iter().map(|tutor| tutor.id.0).collect(), photos })
    }
}

/// The portraits of all tutors, drawn on every core.
fn draw(cast: &Cast) -> Result<Vec<Vec<u8>>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let looks: Vec<_> = cast.tutors.iter().map(|part| part.look.as_str()).enumerate().collect();
    let share = looks.len().div_ceil(cores).max(1);
    let drawn: Option<Vec<Vec<u8>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = looks
            .chunks(share)
            .map(|part| {
                scope.spawn(move || {
                    part.iter()
                        .map(|(number, look)| portrait::draw(&Look::read(look), *number))
                        .collect::<Option<Vec<_>>>()
                })
            })
            .collect();
        let parts: Option<Vec<_>> = threads.into_iter().map(|thread| thread.join().ok().flatten()).collect();
        parts.map(|parts| parts.into_iter().flatten().collect())
    });
    drawn.ok_or_else(|| AppError::fault("a portrait could not be drawn"))
}
