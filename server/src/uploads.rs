//! Forms with files, as browsers and programs send them, and the addresses under which files are read.

use axum::{
    RequestExt as _,
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, Multipart, Request, multipart::Field},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::{
    Code, Refusal,
    ids::{AttachmentId, UserId},
};
use serde::Deserialize;
use services::{
    AppError, Result,
    files::{Attachment, MAX_FILE, Size, Upload},
};

use crate::api::{
    error::{ApiError, ApiResult},
    extract::ApiPath,
};

/// The most bytes of what is kept of a form: a file of the largest size, and what is around it. Files that are sent
/// together have this room together.
const MAX_FORM: usize = MAX_FILE + 1024 * 1024;

/// The most bytes of a form's texts where nobody is signed in, and of a form without files.
const MAX_TEXTS: usize = 64 * 1024;

/// The type of a form without files.
const PLAIN: &str = "application/x-www-form-urlencoded";

/// The most bytes of a form that are read at all. What is too large is read to its end, so that the browser listens to
/// the answer; of what is larger than this, it hears that the connection ended.
const MAX_READ: usize = 64 * 1024 * 1024;

/// A form with files.
#[derive(Default)]
pub struct Form {
    texts: Vec<(String, String)>,
    files: Vec<Upload>,
    /// What is wrong with it. What came before is there.
    fault: Option<AppError>,
}

impl Form {
    /// What a field says; nothing where there is none.
    pub fn text(&self, name: &str) -> &str {
        let found = self.texts.iter().find(|(field, _)| field == name);
        found.map(|(_, text)| &**text).unwrap_or_default()
    }

    /// The files, in the order of the form. A field that was left empty is none.
    ///
    /// # Errors
    /// On `file`: `PAYLOAD_TOO_LARGE` (`file_too_large`), and `INVALID_REQUEST` (`attachment_kind`) for what is no such
    /// form.
    pub fn into_files(self) -> Result<Vec<Upload>> {
        self.fault.map_or(Ok(self.files), Err)
    }
}

/// Lets a form of any size through that is [`read`].
pub fn limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(MAX_READ)
}

/// Reads a form. Nobody's files are read to their end too, so that the answer is heard, but not kept.
pub async fn read(request: Request, signed_in: bool) -> Form {
    let mut form = Form::default();
    let read = if is_plain(&request) {
        fill_plain(&mut form, request.into_body()).await
    } else {
        match request.extract::<Multipart, _>().await {
            Ok(sent) => fill(&mut form, sent, signed_in).await,
            Err(_) => Err(missing()),
        }
    };
    form.fault = read.err();
    form
}

fn is_plain(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.and_then(|kind| kind.split(';').next()).is_some_and(|kind| kind.trim().eq_ignore_ascii_case(PLAIN))
}

/// A form of texts alone, as pages sent it before it took files, and as programs do.
async fn fill_plain(form: &mut Form, body: Body) -> Result<()> {
    let sent = to_bytes(body, MAX_TEXTS).await.map_err(|_| too_large())?;
    form.texts = serde_urlencoded::from_bytes(&sent).map_err(|_| missing())?;
    Ok(())
}

async fn fill(form: &mut Form, mut sent: Multipart, signed_in: bool) -> Result<()> {
    let (mut room, mut fits) = (if signed_in { MAX_FORM } else { MAX_TEXTS }, true);
    let mut dropped = 0;
    while let Some(field) = sent.next_field().await.map_err(|error| broken(error.status()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let kept = signed_in || file_name.is_none();
        let Some(content) = content(field, if kept { &mut room } else { &mut dropped }).await? else {
            fits = false;
            continue;
        };
        match file_name {
            Some(name) if !content.is_empty() => form.files.push(Upload { name, content }),
            Some(_) => {}
            None => form.texts.push((name, String::from_utf8_lossy(&content).into_owned())),
        }
    }
    if fits { Ok(()) } else { Err(too_large()) }
}

/// All of a field; `None`, but read to its end, where there is no room for it.
async fn content(mut field: Field<'_>, room: &mut usize) -> Result<Option<Vec<u8>>> {
    let mut content = Some(Vec::new());
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(error.status()))? {
        *room = room.saturating_sub(chunk.len());
        match &mut content {
            Some(content) if *room > 0 => content.extend_from_slice(&chunk),
            _ => content = None,
        }
    }
    Ok(content)
}

fn broken(status: StatusCode) -> AppError {
    if status == StatusCode::PAYLOAD_TOO_LARGE { too_large() } else { missing() }
}

fn too_large() -> AppError {
    Refusal::on(Code::PayloadTooLarge, "file_too_large", "file").into()
}

/// There is no file, or nothing that is one.
pub fn missing() -> AppError {
    Refusal::on(Code::InvalidRequest, "attachment_kind", "file").into()
}

/// The field `file` of an upload by a program that is signed in.
///
/// # Errors
/// As [`Form::into_files`]; `INVALID_REQUEST` (`attachment_kind`) on `file` where there is none.
pub async fn file_of(request: Request) -> Result<Upload> {
    read(request, true).await.into_files()?.into_iter().next().ok_or_else(missing)
}

/// What a link says.
#[derive(Deserialize)]
pub struct LinkQuery {
    #[serde(rename = "for")]
    reader: String,
    /// When it ends, seconds since 1970.
    pub until: i64,
    /// That it is one of ours.
    pub seal: String,
    small: Option<String>,
}

impl LinkQuery {
    /// Which file it leads to, in which size, and whose it is.
    pub fn asked(&self, path: &ApiPath) -> ApiResult<(AttachmentId, Size, UserId)> {
        let id = path.id(Code::NotFound, "not_found")?;
        let reader = self.reader.parse().map_err(|_| ApiError::not_found())?;
        Ok((id, if self.small.is_some() { Size::Thumbnail } else { Size::Whole }, reader))
    }
}

/// A file as an answer. It is never a page: it runs nothing, and is of no type but its own.
///
/// # Errors
/// Where a header cannot be written.
pub fn answer(file: &Attachment, content: Vec<u8>) -> ApiResult<Response> {
    let disposition = HeaderValue::from_str(&disposition(file)).map_err(AppError::fault)?;
    let kind = HeaderValue::from_str(&file.content_type).map_err(AppError::fault)?;
    let mut response = content.into_response();
    let told = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    for (name, value) in told {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// Images are shown, all else is taken. The name is encoded (RFC 8187), so that it can say nothing else.
fn disposition(file: &Attachment) -> String {
    let way = if file.is_image() { "inline" } else { "attachment" };
    let name: String = file
        .name
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("{way}; filename*=UTF-8''{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A form as a browser sends it: a text, a file of so many bytes, and another text.
    fn form(bytes: usize) -> Request {
        let field = |name: &str, content: &str| {
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
        };
        let file = "a\"; filename=\"a.pdf";
        let body = [
            field("booking", "7"),
            field(file, &" ".repeat(bytes)),
            field("said", "Look."),
            "--x--\r\n".to_owned(),
        ];
        sent("multipart/form-data; boundary=x", body.concat())
    }

    fn sent(kind: &str, body: String) -> Request {
        let mut request = Request::new(Body::from(body));
        let kind = HeaderValue::from_str(kind).expect("a type");
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
        request
    }

    #[tokio::test]
    async fn of_a_form_of_nobody_small_texts_are_kept_alone() {
        for (bytes, signed_in, kept) in
            [(0, true, 0), (1, true, 1), (100_000, true, 1), (1, false, 0), (100_000, false, 0)]
        {
            let form = read(form(bytes), signed_in).await;
            assert_eq!((form.text("booking"), form.text("said")), ("7", "Look."), "{bytes} {signed_in}");
            assert_eq!(form.files.len(), kept, "{bytes} {signed_in}");
        }
        let long = |signed_in| {
            let body = "--x\r\nContent-Disposition: form-data; name=\"said\"\r\n\r\n";
            let body = format!("{body}{}\r\n--x--\r\n", "a".repeat(MAX_TEXTS));
            read(sent("multipart/form-data; boundary=x", body), signed_in)
        };
        assert_eq!(long(true).await.text("said").len(), MAX_TEXTS);
        let refused = long(false).await;
        assert_eq!((refused.text("said"), refused.fault.is_some()), ("", true));
    }

    #[tokio::test]
    async fn a_form_without_files_has_its_texts() {
        for kind in [PLAIN, "application/x-www-form-urlencoded; charset=UTF-8"] {
            let form =
                read(sent(kind, "booking=7&said=It+was+%C3%A9t%C3%A9%26+more.".to_owned()), true).await;
            assert_eq!((form.text("booking"), form.text("said")), ("7", "It was été& more."));
            assert!(form.into_files().expect("no fault").is_empty());
        }
        let long = read(sent(PLAIN, format!("said={}", "a".repeat(MAX_TEXTS))), true).await;
        assert_eq!((long.text("said"), long.fault.is_some()), ("", true));
    }
}
