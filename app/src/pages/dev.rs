//! What only development has: the bar that shows and moves the clock, and the page of components.

use chrono::{NaiveDateTime, TimeDelta};
use domain::{Code, Refusal};
use leptos::prelude::*;
use leptos_meta::Title;
use services::{AppError, Result, jobs, sweep};

use super::{
    context::{Visit, answer, visit},
    gate::refuse,
    i18n::td_string,
};
use crate::{
    error::WireError,
    ui::{DevBar, gallery::Gallery},
};

/// Moves the clock.
///
/// # Errors
/// `NOT_FOUND` outside of development, `INVALID_REQUEST` for what is no time.
pub async fn move_clock(by: Option<i64>, to: Option<&str>, real: bool) -> Result<(), WireError> {
    let visit = visit();
    let moving = async {
        require_development(&visit)?;
        let malformed = || AppError::from(Refusal::on(Code::InvalidRequest, "malformed", "to"));
        let now = match (real, by, to) {
            (true, ..) => None,
            (_, Some(seconds), _) => {
                let by = TimeDelta::try_seconds(seconds).ok_or_else(malformed)?;
                Some(visit.now.checked_add_signed(by).ok_or_else(malformed)?)
            }
            (.., to) => {
                let to = to.unwrap_or_default();
                let wall = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
                let wall = wall.iter().find_map(|form| NaiveDateTime::parse_from_str(to, form).ok());
                Some(wall.ok_or_else(malformed)?.and_utc())
            }
        };
        visit.services.clock.set(&visit.services.db, now).await
    };
    answer(&visit, moving).await
}

/// Does everything that is due now.
///
/// # Errors
/// `NOT_FOUND` outside of development.
pub async fn tick() -> Result<(), WireError> {
    let visit = visit();
    let ticking = async {
        require_development(&visit)?;
        sweep::run(&visit.services).await?;
        jobs::hand_out(&visit.services).await?;
        jobs::retry_now(&visit.services).await?;
        jobs::drain(&visit.services).await?;
        Ok(())
    };
    answer(&visit, ticking).await
}

fn require_development(visit: &Visit) -> Result<()> {
    if visit.services.config.is_development() {
        return Ok(());
    }
    Err(Refusal::new(Code::NotFound, "not_found").into())
}

/// The bar at the foot of every page in development.
#[component]
pub fn Bar() -> impl IntoView {
    let visit = visit();
    if !visit.services.config.is_development() {
        return ().into_any();
    }
    let locale = visit.locale();
    let now = visit.now.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let stands = visit.services.clock.stands();
    let steps = [
        ("300", td_string!(locale, dev.plus_5m)),
        ("3600", td_string!(locale, dev.plus_1h)),
        ("86400", td_string!(locale, dev.plus_1d)),
    ];
    let steps = steps.map(|(by, label)| view! { <button name="by" value=by>{label}</button> }).collect_view();
    view! {
        <DevBar label=td_string!(locale, site.development)>
            <span class="tabular">
                {now} {stands.then(|| view! { " (" {td_string!(locale, dev.stands)} ")" })}
            </span>
            <form method="post" action="/do/dev_clock" class="dev-form">{steps}<button name="real" value="1">{td_string!(locale, dev.real)}</button></form>
            <form method="post" action="/do/dev_clock" class="dev-form">
                <input
                    type="datetime-local" name="to" class="input" required=true aria-label=td_string!(locale, dev.set_label)
                    value=visit.now.format("%Y-%m-%dT%H:%M").to_string()
                />
                <button>{td_string!(locale, dev.set)}</button>
            </form>
            <form method="post" action="/do/dev_tick" class="dev-form"><button>{td_string!(locale, dev.tick)}</button></form>
            <a href="/dev/mail">{td_string!(locale, dev.mail)}</a>
            <a href="/api/docs">{td_string!(locale, dev.api)}</a>
            <a href="/dev/components">{td_string!(locale, dev.components)}</a>
        </DevBar>
    }
    .into_any()
}

/// `/dev/components`
#[component]
pub fn Components() -> impl IntoView {
    let visit = visit();
    if !visit.services.config.is_development() {
        return refuse(&visit, Refusal::new(Code::NotFound, "not_found"));
    }
    let title = td_string!(visit.locale(), dev.components).to_string();
    view! { <Title text=title/> <Gallery/> }.into_any()
}
