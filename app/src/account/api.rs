//! Server functions of accounts.

#![expect(missing_docs, reason = "the macro makes structs of the arguments, which the functions name")]
#![expect(clippy::too_many_arguments, reason = "a form's fields are the arguments")]

use leptos::prelude::*;

use crate::error::WireError;

/// Signs a browser in and sends it on to `next`, or to the person's own start.
///
/// # Errors
/// `INVALID_TOKEN` (key `credentials`).
#[server(prefix = "/do", endpoint = "sign_in")]
pub async fn sign_in(email: String, password: String, next: Option<String>) -> Result<(), WireError> {
    crate::pages::account::sign_in(&email, &password, next.as_deref()).await
}

/// Sends a link that signs in to an address.
///
/// # Errors
/// `INVALID_REQUEST` for what is no address, `RATE_LIMITED`.
#[server(prefix = "/do", endpoint = "ask_sign_in_link")]
pub async fn ask_sign_in_link(email: String) -> Result<(), WireError> {
    crate::pages::account_links::ask_sign_in(&email).await
}

/// Signs a browser in by a link.
///
/// # Errors
/// `LINK_EXPIRED`.
#[server(prefix = "/do", endpoint = "use_sign_in_link")]
pub async fn use_sign_in_link(token: String) -> Result<(), WireError> {
    crate::pages::account_links::use_sign_in_link(&token).await
}

/// Sends the link again that confirms one's address.
///
/// # Errors
/// `RATE_LIMITED`.
#[server(prefix = "/do", endpoint = "ask_verification")]
pub async fn ask_verification() -> Result<(), WireError> {
    crate::pages::account_links::ask_verification().await
}

/// Confirms an address by a link.
///
/// # Errors
/// `LINK_EXPIRED`.
#[server(prefix = "/do", endpoint = "verify_email")]
pub async fn verify_email(token: String) -> Result<(), WireError> {
    crate::pages::account_links::verify_email(&token).await
}

/// Makes an account and signs it in at once.
///
/// # Errors
/// `INVALID_REQUEST` with the field.
#[server(prefix = "/do", endpoint = "sign_up")]
pub async fn sign_up(
    role: Option<String>,
    name: String,
    email: String,
    password: String,
    time_zone: String,
    locale: String,
    marketing_opt_in: Option<String>,
    next: Option<String>,
) -> Result<(), WireError> {
    let form = crate::pages::account::SignUp {
        role,
        name,
        email,
        password,
        time_zone,
        locale,
        marketing_opt_in,
        next,
    };
    crate::pages::account::sign_up(form).await
}

/// Ends the sign-in of this browser.
///
/// # Errors
/// Where the database cannot be written.
#[server(prefix = "/do", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), WireError> {
    crate::pages::account::sign_out().await
}

/// Changes one's own data.
///
/// # Errors
/// `INVALID_REQUEST` with the field.
#[server(prefix = "/do", endpoint = "change_settings")]
pub async fn change_settings(
    name: String,
    time_zone: String,
    locale: String,
    languages: Option<String>,
    goals: Option<String>,
    marketing_opt_in: Option<String>,
) -> Result<(), WireError> {
    let form =
        crate::pages::account::Settings { name, time_zone, locale, languages, goals, marketing_opt_in };
    crate::pages::account::change_settings(form).await
}

/// Chooses another password, which ends all other sign-ins.
///
/// # Errors
/// `INVALID_REQUEST` with the field.
#[server(prefix = "/do", endpoint = "change_password")]
pub async fn change_password(current: String, password: String) -> Result<(), WireError> {
    crate::pages::account::change_password(&current, &password).await
}

/// Remembers the language of the pages in this browser.
///
/// # Errors
/// `INVALID_REQUEST` for one that we do not speak.
#[server(prefix = "/do", endpoint = "set_language")]
pub async fn set_language(locale: String) -> Result<(), WireError> {
    crate::pages::account::set_language(&locale).await
}

/// Remembers light or dark in this browser; anything else is "as the device".
///
/// # Errors
/// None of its own.
#[server(prefix = "/do", endpoint = "set_theme")]
pub async fn set_theme(theme: String) -> Result<(), WireError> {
    crate::pages::account::set_theme(&theme);
    Ok(())
}
