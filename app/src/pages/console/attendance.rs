//! How the tutor's lessons were attended.

use leptos::prelude::*;
use services::lesson::Whose;

use super::{Desk, Section, section};
use crate::pages::{
    context::Visit,
    presences::{ReportView, ask},
};

/// Its address.
pub const PAGE: &str = "/tutor/attendance";

/// `/tutor/attendance`
#[component]
pub fn AttendancePage() -> impl IntoView {
    section(
        Section::Attendance,
        |visit: Visit, desk: Desk| async move { ask(&visit, &desk.actor, Whose::Tutor(desk.id)).await },
        |visit, _, asked| view! { <ReportView visit asked page=PAGE/> },
    )
}
