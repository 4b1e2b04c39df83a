//! The forms with which the two of a lesson say what is wrong, with files, with and without JavaScript; and the address
//! under which the files are read.

use std::collections::BTreeMap;

use app::pages::query;
use axum::{
    extract::{Request, State},
    response::Response,
};
use domain::{
    dispute::{Reason, Statement},
    ids::{AttachmentId, BookingId, DisputeId},
};
use services::{Actor, Result, Services, dispute};

use crate::{
    api::{
        error::ApiResult,
        extract::{ApiPath, ApiQuery},
    },
    photo_form::{kept, refused, wants_page},
    router::{AppState, visit},
    uploads::{self, Form, LinkQuery},
};

/// The address of the form that opens a dispute.
pub const OPEN: &str = "/do/open_dispute";

/// The address of the form that adds to one.
pub const ANSWER: &str = "/do/answer_dispute";

/// The fields whose texts are kept where something is wrong with what was sent.
const TYPED: [&str; 2] = ["reason", "statement"];

/// Opens a dispute and shows it on the page of its lesson.
pub async fn open(State(state): State<AppState>, request: Request) -> Response {
    let visit = visit(&state, &request);
    let page_follows = wants_page(&request);
    let form = uploads::read(request, visit.actor.is_some()).await;
    let (typed, page) = (typed(&form), lesson(&form));
    let opening = async {
        let (actor, booking): (_, BookingId) = (visit.actor()?, form.text("booking").parse()?);
        let (reason, statement) = (Reason::parse(form.text("reason"))?, words(&form)?);
        let files = attach(&visit.services, actor, booking, form).await?;
        dispute::open(&visit.services, actor, booking, reason, &statement, &files).await
    };
    match opening.await {
        Ok(_) => kept(page_follows, &format!("{page}#dispute")),
        Err(error) => refused(visit.wire(&error), page_follows, &format!("{page}/dispute"), OPEN, typed),
    }
}

/// Adds a statement and shows the page of the lesson.
pub async fn answer(State(state): State<AppState>, request: Request) -> Response {
    let visit = visit(&state, &request);
    let page_follows = wants_page(&request);
    let form = uploads::read(request, visit.actor.is_some()).await;
    let (typed, page) = (typed(&form), lesson(&form));
    let answering = async {
        let (actor, booking): (_, BookingId) = (visit.actor()?, form.text("booking").parse()?);
        let (id, statement): (DisputeId, _) = (form.text("dispute").parse()?, words(&form)?);
        let files = attach(&visit.services, actor, booking, form).await?;
        dispute::answer(&visit.services, actor, id, &statement, &files).await
    };
    match answering.await {
        // Without the place on it: the page on which one is would not be loaded again.
        Ok(_) => kept(page_follows, &page),
        Err(error) => refused(visit.wire(&error), page_follows, &page, ANSWER, typed),
    }
}

/// The page of the lesson. An id that is none leads nowhere else.
fn lesson(form: &Form) -> String {
    format!("/lessons/{}", query::encode(form.text("booking")))
}

fn typed(form: &Form) -> BTreeMap<String, String> {
    TYPED.map(|name| (name.to_owned(), form.text(name).to_owned())).into()
}

fn words(form: &Form) -> Result<Statement> {
    Ok(Statement::parse(form.text("statement"))?)
}

/// Keeps the files of a form. Where a browser has to send the form again, they have to be chosen again.
async fn attach(
    services: &Services,
    actor: &Actor,
    booking: BookingId,
    form: Form,
) -> Result<Vec<AttachmentId>> {
    let files = form.into_files()?;
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let kept = dispute::attach(services, actor, booking, files).await?;
    Ok(kept.into_iter().map(|file| file.id).collect())
}

/// `/evidence/{id}`: a file by a link of ours. What is not one is 404, one that is too old 410.
pub async fn file(
    State(services): State<Services>,
    path: ApiPath,
    ApiQuery(query): ApiQuery<LinkQuery>,
) -> ApiResult<Response> {
    let (id, size, reader) = query.asked(&path)?;
    let (file, content) = dispute::open_file(&services, id, size, reader, query.until, &query.seal).await?;
    uploads::answer(&file, content)
}
