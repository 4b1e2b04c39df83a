//! What the island of joining needs of the server's page.

use leptos::prelude::*;

use super::{context::Visit, i18n::td_string};
use crate::lesson::{Join, JoinTexts};

/// Joins that are told of afterwards, and where the page has the form that joins, joining though the server is away.
#[component]
pub fn JoinAwake(
    /// The request.
    visit: Visit,
) -> impl IntoView {
    let locale = visit.locale();
    let texts = JoinTexts {
        opening: td_string!(locale, lesson.join_opening).to_owned(),
        unreachable: td_string!(locale, site.unreachable).to_owned(),
        not_joined: td_string!(locale, lesson.join_not).to_owned(),
        opened: td_string!(locale, lesson.join_ahead).to_owned(),
        opened_text: td_string!(locale, lesson.join_ahead_text).to_owned(),
        again: td_string!(locale, lesson.meeting_link).to_owned(),
        told: td_string!(locale, lesson.join_told).to_owned(),
        not_told: td_string!(locale, lesson.join_not_told).to_owned(),
    };
    let user = visit.actor().map(|actor| actor.user.to_string()).ok();
    user.map(|user| view! { <Join user texts/> })
}
