//! Tutors as they are searched for.

use std::collections::HashMap;

use domain::{Code, Refusal, ids::TutorId, money::Currency, tutor::Field};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{SearchQuery, order::Price};
use crate::{AppError, Result};

/// Longer texts are not looked for, characters.
const MOST_TEXT: usize = 200;

/// What is looked for in texts, without accents and in lower case: `geneve` finds Genève.
pub(super) struct Words {
    /// Each must occur.
    words: Vec<String>,
    /// Part of the university's name; empty where any will do.
    university: String,
}

/// A text as it is compared.
fn fold(text: &str) -> String {
    deunicode::deunicode(text).to_lowercase()
}

impl Words {
    /// Reads the texts of a query; blank ones are none.
    ///
    /// # Errors
    /// `INVALID_REQUEST` on `q` or `university`.
    pub(super) fn read(query: &SearchQuery) -> Result<Self, Refusal> {
        let text = check(query.text.as_deref(), "q")?;
        let university = check(query.university.as_deref(), "university")?;
        Ok(Words {
            words: text.split_whitespace().map(str::to_owned).collect(),
            university: university.trim().to_owned(),
        })
    }

    /// Whether texts must be read at all.
    pub(super) fn are_wanted(&self) -> bool {
        !self.words.is_empty() || !self.university.is_empty()
    }

    /// Whether a tutor's texts have everything that is looked for.
    pub(super) fn occur_in(&self, texts: &Texts) -> bool {
        let all = fold(&texts.all);
        self.words.iter().all(|word| all.contains(word)) && fold(&texts.university).contains(&self.university)
    }
}

fn check(text: Option<&str>, field: &'static str) -> Result<String, Refusal> {
    let text = text.unwrap_or_default().trim();
    // No text of ours has a NUL.
    if text.chars().count() > MOST_TEXT || text.contains('\0') {
        return Err(Refusal::on(Code::InvalidRequest, "search_text", field));
    }
    Ok(fold(text))
}

/// A tutor who satisfies the filters that the database knows.
pub(super) struct Candidate {
    pub tutor: TutorId,
    /// The name as it is put in order: without accents, in lower case.
    pub sort_name: String,
    pub rating_count: i32,
    pub rating_sum: i32,
    /// How many slots are free in the next seven days, where that was counted.
    pub free_slots: usize,
    /// The cheapest lesson, where that was read.
    pub price: Option<Price>,
}

/// Every tutor who can be booked and satisfies the filters on field, rating and price.
pub(super) async fn list(
    db: &mut PgConnection,
    query: &SearchQuery,
    accepted: &[String],
) -> Result<Vec<Candidate>> {
    let (price, currency) = query.max_price.unzip();
    let rows = sqlx::query!(
        "SELECT t.id, u.name, t.rating_count, t.rating_sum
         FROM tutors t JOIN users u ON u.id = t.user_id
         WHERE t.bio IS NOT NULL AND t.is_active AND t.provider = ANY($1) AND provider_works(t.id, t.provider)
           AND u.deleted_at IS NULL
           AND ($2::text IS NULL OR t.field = $2)
           AND ($3::bigint IS NULL
                OR t.rating_count > 0 AND (20 * t.rating_sum::bigint + t.rating_count) / (2 * t.rating_count) >= $3)
           AND ($4::bigint IS NULL OR EXISTS (
                SELECT FROM offerings o, unnest(o.prices) AS price
                WHERE o.tutor_id = t.id AND o.archived_at IS NULL AND o.currency = $5 AND price <= $4))",
        accepted,
        query.field.map(Field::name),
        query.min_rating_tenths.map(i64::from),
        price,
        currency.map(Currency::code)
    )
    .fetch_all(db)
    .await?;
    let candidate = |id, name: &str, rating_count, rating_sum| Candidate {
        tutor: TutorId(id),
        sort_name: fold(name),
        rating_count,
        rating_sum,
        free_slots: 0,
        price: None,
    };
    Ok(rows.iter().map(|row| candidate(row.id, &row.name, row.rating_count, row.rating_sum)).collect())
}

/// What is searched of a tutor.
pub(super) struct Texts {
    tutor: Uuid,
    /// Name, headline, bio, university, degree, goals and titles of offerings.
    all: String,
    university: String,
}

/// The texts of tutors.
pub(super) async fn list_texts(db: &mut PgConnection, tutors: &[TutorId]) -> Result<HashMap<TutorId, Texts>> {
    let ids: Vec<_> = tutors.iter().map(|tutor| tutor.0).collect();
    let texts = sqlx::query_as!(
        Texts,
        r#"SELECT t.id AS tutor, t.university AS "university!",
                  concat_ws(' ', u.name, t.headline, t.bio, t.university, t.degree, array_to_string(t.goals, ' '),
                            (SELECT string_agg(o.title, ' ') FROM offerings o
                             WHERE o.tutor_id = t.id AND o.archived_at IS NULL)) AS "all!"
           FROM tutors t JOIN users u ON u.id = t.user_id
           WHERE t.id = ANY($1) AND t.bio IS NOT NULL"#,
        &ids
    )
    .fetch_all(db)
    .await?;
    Ok(texts.into_iter().map(|texts| (TutorId(texts.tutor), texts)).collect())
}

/// What a list shows of a tutor.
pub(super) struct Card {
    pub tutor: TutorId,
    pub slug: String,
    pub name: String,
    pub headline: Option<String>,
    pub bio: String,
    pub field: Field,
    pub university: String,
    pub degree: String,
    pub languages: Vec<String>,
    pub photo_etag: Option<String>,
    pub rating_count: i32,
    pub rating_sum: i32,
}

pub(super) async fn list_cards(db: &mut PgConnection, tutors: &[TutorId]) -> Result<Vec<Card>> {
    let ids: Vec<_> = tutors.iter().map(|tutor| tutor.0).collect();
    let rows = sqlx::query!(
        r#"SELECT t.id, t.slug, u.name, t.headline, t.bio AS "bio!", t.field AS "field!",
                  t.university AS "university!", t.degree AS "degree!", t.languages, t.photo_etag,
                  t.rating_count, t.rating_sum
           FROM tutors t JOIN users u ON u.id = t.user_id
           WHERE t.id = ANY($1) AND t.bio IS NOT NULL"#,
        &ids
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Card {
                tutor: row.id.into(),
                slug: row.slug,
                name: row.name,
                headline: row.headline,
                bio: row.bio,
                field: row.field.parse::<Field>().map_err(AppError::fault)?,
                university: row.university,
                degree: row.degree,
                languages: row.languages,
                photo_etag: row.photo_etag,
                rating_count: row.rating_count,
                rating_sum: row.rating_sum,
            })
        })
        .collect()
}

pub(super) async fn list_universities(
    db: &mut PgConnection,
    accepted: &[String],
) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT t.university AS "university!", count(*) AS "count!"
           FROM tutors t JOIN users u ON u.id = t.user_id
           WHERE t.bio IS NOT NULL AND t.is_active AND t.provider = ANY($1) AND provider_works(t.id, t.provider)
             AND u.deleted_at IS NULL
           GROUP BY t.university
           ORDER BY count(*) DESC, t.university"#,
        accepted
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.university, row.count)).collect())
}

pub(super) async fn list_fields(db: &mut PgConnection, accepted: &[String]) -> Result<Vec<(Field, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT t.field AS "field!", count(*) AS "count!"
           FROM tutors t JOIN users u ON u.id = t.user_id
           WHERE t.bio IS NOT NULL AND t.is_active AND t.provider = ANY($1) AND provider_works(t.id, t.provider)
             AND u.deleted_at IS NULL
           GROUP BY t.field
           ORDER BY t.field"#,
        accepted
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.field.parse::<Field>().map_err(AppError::fault)?, row.count)))
        .collect()
}
