//! Tutors as they are searched for.

use domain::{Code, Refusal, ids::TutorId, money::Currency, tutor::Field};
use sqlx::PgConnection;

use super::{SearchQuery, order::Price};
use crate::{AppError, Result};

/// Longer texts are not looked for, characters.
const MOST_TEXT: usize = 200;

/// What is looked for in texts.
pub(super) struct Words {
    /// Each must occur; in lower case.
    words: Vec<String>,
    /// Part of the university's name, in lower case.
    university: Option<String>,
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
            university: Some(university).filter(|name| !name.is_empty()),
        })
    }
}

fn check(text: Option<&str>, field: &'static str) -> Result<String, Refusal> {
    let text = text.unwrap_or_default().trim();
    // A character of control is in no text of ours, and Postgres knows no NUL.
    if text.chars().count() > MOST_TEXT || text.contains('\0') {
        return Err(Refusal::on(Code::InvalidRequest, "search_text", field));
    }
    Ok(text.to_lowercase())
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

/// Every tutor who can be booked and satisfies the filters on text, field, rating and price.
pub(super) async fn list(
    db: &mut PgConnection,
    query: &SearchQuery,
    words: &Words,
    accepted: &[String],
) -> Result<Vec<Candidate>> {
    let (price, currency) = query.max_price.unzip();
    let rows = sqlx::query!(
        "SELECT t.id, u.name, t.rating_count, t.rating_sum
         FROM tutors t JOIN users u ON u.id = t.user_id
         WHERE t.bio IS NOT NULL AND t.is_active AND t.provider = ANY($1) AND u.deleted_at IS NULL
           AND EXISTS (SELECT FROM offerings o WHERE o.tutor_id = t.id AND o.archived_at IS NULL)
           AND ($2::text IS NULL OR t.field = $2)
           AND ($3::text IS NULL OR position($3 IN lower(t.university)) > 0)
           AND ($4::bigint IS NULL
                OR t.rating_count > 0 AND (20 * t.rating_sum::bigint + t.rating_count) / (2 * t.rating_count) >= $4)
           AND ($5::bigint IS NULL OR EXISTS (
                SELECT FROM offerings o, unnest(o.prices) AS price
                WHERE o.tutor_id = t.id AND o.archived_at IS NULL AND o.currency = $6 AND price <= $5))
           AND ($7::text[] = '{}' OR NOT EXISTS (
                SELECT FROM unnest($7) AS word
                WHERE position(word IN lower(concat_ws(' ', u.name, t.headline, t.bio, t.university, t.degree,
                          array_to_string(t.goals, ' '),
                          (SELECT string_agg(o.title, ' ') FROM offerings o
                           WHERE o.tutor_id = t.id AND o.archived_at IS NULL)))) = 0))",
        accepted,
        query.field.map(Field::name),
        words.university,
        query.min_rating_tenths.map(i64::from),
        price,
        currency.map(Currency::code),
        &words.words
    )
    .fetch_all(db)
    .await?;
    let candidate = |id, name: &str, rating_count, rating_sum| Candidate {
        tutor: TutorId(id),
        sort_name: deunicode::deunicode(name).to_lowercase(),
        rating_count,
        rating_sum,
        free_slots: 0,
        price: None,
    };
    Ok(rows.iter().map(|row| candidate(row.id, &row.name, row.rating_count, row.rating_sum)).collect())
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
           WHERE t.bio IS NOT NULL AND t.is_active AND t.provider = ANY($1) AND u.deleted_at IS NULL
             AND EXISTS (SELECT FROM offerings o WHERE o.tutor_id = t.id AND o.archived_at IS NULL)
           GROUP BY t.university
           ORDER BY count(*) DESC, t.university"#,
        accepted
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.university, row.count)).collect())
}
