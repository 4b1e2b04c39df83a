//! What the forms of accounts do on the server.

use std::net::IpAddr;

use axum::http::request::Parts;
use domain::{
    Code, Refusal,
    account::{Email, Language, Password, PersonName, Role},
    zone::Zone,
};
use leptos::prelude::use_context;
use services::{
    Result, Services,
    account::{self, Browser, Entered, MeChange, Registration},
};

use super::{
    context::{Visit, answer_form, visit},
    flash::{cookie, set_cookie},
};
use crate::error::WireError;

/// How long a browser stays signed in, seconds: 30 days.
const SIGNED_IN_FOR: i64 = 30 * 24 * 60 * 60;

/// The cookies of a sign-in, and of a browser that is known at the next.
const SIGNED_IN: &str = "lectern_session";
const DEVICE: &str = "lectern_device";

/// How often an address may try to sign in or up in an hour, as on the API.
const TRIES_PER_HOUR: i32 = 100;

/// How long a browser remembers language and theme, seconds: a year.
const REMEMBERED_FOR: u32 = 365 * 24 * 60 * 60;

/// A filled-in sign-up form.
pub struct SignUp {
    /// `student` or `tutor`.
    pub role: Option<String>,
    /// The name that others see.
    pub name: String,
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
    /// IANA name.
    pub time_zone: String,
    /// Language tag.
    pub locale: String,
    /// `yes`, `no`, or nothing where the question was not answered.
    pub marketing_opt_in: Option<String>,
    /// Where to go then.
    pub next: Option<String>,
}

/// A filled-in settings form.
pub struct Settings {
    /// The name that others see.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// Language tag.
    pub locale: String,
    /// Languages spoken, separated by commas.
    pub languages: Option<String>,
    /// Goals, one on a line.
    pub goals: Option<String>,
    /// `yes`, `no`, or nothing where the question was not answered.
    pub marketing_opt_in: Option<String>,
}

/// Signs in.
///
/// # Errors
/// `INVALID_TOKEN` (key `credentials`).
pub async fn sign_in(email: &str, password: &str, next: Option<&str>) -> Result<(), WireError> {
    let visit = visit();
    let next = next.unwrap_or_default();
    let entering = async {
        count(&visit).await?;
        enter(&visit, email, password, next).await
    };
    answer_form(&visit, &[("email", email), ("next", next)], entering).await
}

/// Registers, and signs in.
///
/// # Errors
/// `INVALID_REQUEST` with the field.
pub async fn sign_up(form: SignUp) -> Result<(), WireError> {
    let visit = visit();
    let kept = [
        ("role", form.role.as_deref().unwrap_or_default()),
        ("name", &form.name),
        ("email", &form.email),
        ("time_zone", &form.time_zone),
        ("locale", &form.locale),
        ("marketing_opt_in", form.marketing_opt_in.as_deref().unwrap_or_default()),
    ];
    answer_form(&visit, &kept, register(&visit, &form)).await
}

/// Counts a try to sign in or up. Where it cannot be counted, nobody gets in.
pub(super) async fn count(visit: &Visit) -> Result<()> {
    let address = visit.ip.map(|ip| ip.to_string()).unwrap_or_default();
    services::limit::count(&visit.services, &format!("sign_in:{address}"), TRIES_PER_HOUR).await
}

async fn register(visit: &Visit, form: &SignUp) -> Result<()> {
    count(visit).await?;
    let registration = Registration {
        role: form.role.as_deref().unwrap_or_default().parse()?,
        name: PersonName::parse(&form.name)?,
        email: Email::parse(&form.email)?,
        password: Password::parse(&form.password)?,
        zone: Zone::parse(&form.time_zone)?,
        language: form.locale.parse()?,
        marketing_opt_in: answered(form.marketing_opt_in.as_deref())?,
    };
    let language = registration.language;
    account::register(&visit.services, registration).await?;
    remember("lang", language.tag());
    let next = form.next.as_deref().unwrap_or_default();
    enter(visit, &form.email, &form.password, next).await
}

/// Signs in and sends the browser on.
async fn enter(visit: &Visit, email: &str, password: &str, next: &str) -> Result<()> {
    let (ip, agent, device) = browser_of(visit);
    let browser = Browser { ip, agent, device: device.as_deref() };
    let entered = account::sign_in(&visit.services, email, password, browser).await?;
    keep_signed_in(visit, &entered, next).await
}

/// Its address, what it says that it is, and the token by which it is known.
pub(super) fn browser_of(visit: &Visit) -> (Option<IpAddr>, Option<&str>, Option<String>) {
    let device = use_context::<Parts>().and_then(|parts| cookie(&parts.headers, DEVICE));
    (visit.ip, visit.user_agent.as_deref(), device)
}

/// Gives a browser that signed in its cookies, and sends it on.
pub(super) async fn keep_signed_in(visit: &Visit, entered: &Entered, next: &str) -> Result<()> {
    let actor = account::actor_by_cookie(&visit.services, &entered.token).await?;
    set_cookie(&secret_cookie(&visit.services, SIGNED_IN, &entered.token, SIGNED_IN_FOR));
    let known_for = account::KNOWN_FOR.num_seconds();
    set_cookie(&secret_cookie(&visit.services, DEVICE, &entered.device, known_for));
    let start = actor.map_or("/", |actor| start_of(actor.role));
    leptos_axum::redirect(own_path(next).unwrap_or(start));
    Ok(())
}

/// Ends the sign-in of this browser.
///
/// # Errors
/// Where the database cannot be written.
pub async fn sign_out() -> Result<(), WireError> {
    let visit = visit();
    let ending = async {
        if let Some(token) = &visit.cookie {
            account::sign_out(&visit.services, token).await?;
        }
        set_cookie(&secret_cookie(&visit.services, SIGNED_IN, "", 0));
        leptos_axum::redirect("/");
        Ok(())
    };
    answer_form(&visit, &[], ending).await
}

/// Chooses another password.
///
/// # Errors
/// As `services::account::change_password`.
pub async fn change_password(current: &str, new: &str) -> Result<(), WireError> {
    let visit = visit();
    let changing = async {
        count(&visit).await?;
        let (actor, new) = (visit.actor()?, Password::parse(new)?);
        account::change_password(&visit.services, actor, visit.cookie.as_deref(), current, &new).await?;
        leptos_axum::redirect("/settings?saved=1");
        Ok(())
    };
    answer_form(&visit, &[], changing).await
}

/// Changes one's own data.
///
/// # Errors
/// `INVALID_REQUEST` with the field.
pub async fn change_settings(form: Settings) -> Result<(), WireError> {
    let visit = visit();
    let kept = [
        ("name", form.name.as_str()),
        ("time_zone", &form.time_zone),
        ("locale", &form.locale),
        ("languages", form.languages.as_deref().unwrap_or_default()),
        ("goals", form.goals.as_deref().unwrap_or_default()),
        ("marketing_opt_in", form.marketing_opt_in.as_deref().unwrap_or_default()),
    ];
    answer_form(&visit, &kept, change(&visit, &form)).await
}

async fn change(visit: &Visit, form: &Settings) -> Result<()> {
    let language: Language = form.locale.parse()?;
    let change = MeChange {
        name: Some(PersonName::parse(&form.name)?),
        zone: Some(Zone::parse(&form.time_zone)?),
        language: Some(language),
        languages: form.languages.as_deref().map(|text| items(text, &[',', '\n'])),
        goals: form.goals.as_deref().map(|text| items(text, &['\n'])),
        marketing_opt_in: answered(form.marketing_opt_in.as_deref())?,
    };
    account::change_me(&visit.services, visit.actor()?, change).await?;
    remember("lang", language.tag());
    leptos_axum::redirect("/settings?saved=1");
    Ok(())
}

/// Remembers the language of the pages in this browser.
///
/// # Errors
/// `INVALID_REQUEST` for one that we do not speak.
pub async fn set_language(tag: &str) -> Result<(), WireError> {
    let setting = async {
        let language: Language = tag.parse()?;
        remember("lang", language.tag());
        Ok(())
    };
    answer_form(&visit(), &[], setting).await
}

/// Remembers light or dark in this browser; anything else forgets it.
pub fn set_theme(theme: &str) {
    match theme {
        "light" | "dark" => remember("theme", theme),
        _ => set_cookie("theme=; Path=/; Max-Age=0; SameSite=Lax"),
    }
}

fn remember(name: &str, value: &str) {
    set_cookie(&format!("{name}={value}; Path=/; Max-Age={REMEMBERED_FOR}; SameSite=Lax"));
}

fn secret_cookie(services: &Services, name: &str, token: &str, seconds: i64) -> String {
    let secure = if services.config.is_development() { "" } else { "; Secure" };
    format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// Where a person starts after signing in.
#[must_use]
pub const fn start_of(role: Role) -> &'static str {
    match role {
        Role::Student => "/dashboard",
        Role::Tutor => "/tutor",
        Role::Admin => "/admin",
    }
}

/// A path of this site, `None` for anything that could lead elsewhere.
#[must_use]
pub fn own_path(path: &str) -> Option<&str> {
    let ours = path.starts_with('/')
        && !path.starts_with("//")
        && path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    ours.then_some(path)
}

/// Yes, no, or not answered.
fn answered(text: Option<&str>) -> Result<Option<bool>, Refusal> {
    match text.unwrap_or_default() {
        "yes" => Ok(Some(true)),
        "no" => Ok(Some(false)),
        "" => Ok(None),
        _ => Err(Refusal::on(Code::InvalidRequest, "malformed", "marketing_opt_in")),
    }
}

/// The items of a list as a person types it.
#[must_use]
pub fn items(text: &str, separators: &[char]) -> Vec<String> {
    text.split(separators).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (path, ours) in [
            ("/book/ana?start=2027-01-01T10:00:00Z", true),
            ("/", true),
            ("", false),
            ("//evil.test", false),
            ("/\\evil.test", false),
            ("https://evil.test", false),
            ("/a\r\nset-cookie: x", false),
            ("evil", false),
        ] {
            assert_eq!(own_path(path).is_some(), ours, "{path}");
        }
    }

    #[test]
    fn lists_are_read_as_typed() {
        assert_eq!(items(" French, English ,,\nWolof", &[',', '\n']), ["French", "English", "Wolof"]);
        assert_eq!(items("Pass the bar, at last\r\n\r\nSpeak", &['\n']), ["Pass the bar, at last", "Speak"]);
    }
}
