//! Files of messages: the form that sends one, with and without JavaScript, and the address under which they are read.

use std::collections::BTreeMap;

use app::pages::query;
use axum::{
    extract::{Request, State},
    response::Response,
};
use domain::{
    chat::{ClientId, MessageBody},
    ids::ThreadId,
};
use services::{Services, chat};

use crate::{
    api::{
        error::ApiResult,
        extract::{ApiPath, ApiQuery},
    },
    photo_form::{kept, refused, wants_page},
    router::{AppState, visit},
    uploads::{self, LinkQuery, answer},
};

/// The address of the form.
pub const ACTION: &str = "/do/send_file";

/// Sends a message with a file, and words where there are any, and shows its thread.
pub async fn send(State(state): State<AppState>, request: Request) -> Response {
    let visit = visit(&state, &request);
    let page_follows = wants_page(&request);
    let form = uploads::read(request, visit.actor.is_some()).await;
    let page = format!("/messages/{}", query::encode(form.text("thread")));
    let sending = async {
        let (actor, thread): (_, ThreadId) = (visit.actor()?, form.text("thread").parse()?);
        let (name, body) = (form.text("form").to_owned(), form.text("body").to_owned());
        let file = form.into_files()?.pop().ok_or_else(uploads::missing)?;
        let text = MessageBody::parse_with_files(&body)?;
        let upload = chat::upload(&visit.services, actor, thread, &file.name, file.content).await?;
        // Of one form, another text is another message; without any, another file is.
        let told = if text.as_str().is_empty() { &upload.name } else { &body };
        let name = ClientId::of_form(&name, told);
        chat::send_with(&visit.services, actor, thread, &text, Some(&name), &[upload.id]).await
    };
    match sending.await {
        Ok(_) => kept(page_follows, &format!("{page}?sent=1")),
        Err(error) => refused(visit.wire(&error), page_follows, &page, ACTION, BTreeMap::new()),
    }
}

/// `/files/{id}`: a file by a link of ours. What is not one is 404, one that is too old 410.
pub async fn open(
    State(services): State<Services>,
    path: ApiPath,
    ApiQuery(query): ApiQuery<LinkQuery>,
) -> ApiResult<Response> {
    let (id, size, reader) = query.asked(&path)?;
    let (file, content) = chat::open_file(&services, id, size, reader, query.until, &query.seal).await?;
    answer(&file, content)
}
