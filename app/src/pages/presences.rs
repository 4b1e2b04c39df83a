//! How lessons were attended: the report for a tutor and for admins, and `/admin/attendance`.

use domain::{
    account::Role,
    ids::{TutorId, UserId},
    presence::{Coming, Tally},
};
use leptos::prelude::*;
use leptos_meta::Title;
use services::{
    Actor,
    lesson::{self, MOST_PEOPLE, Person, Report, Whose},
    tutor,
};
use uuid::Uuid;

use super::{
    context::Visit,
    format,
    gate::only,
    i18n::{Locale, td_string},
    load::load,
    query,
};
use crate::ui::{
    ButtonLink, ButtonSize, ButtonVariant, Card, Cell, Column, EmptyState, Glyph, PageHeader, Stat, TabItem,
    Table, Tabs,
};

/// Its address for admins.
pub const ADMIN_PAGE: &str = "/admin/attendance";

/// The periods that can be chosen, in weeks; the second unless another is.
const PERIODS: [u32; 3] = [4, 12, 26];

/// A report with what was asked for.
#[derive(Clone)]
pub struct Asked {
    whose: Whose,
    weeks: u32,
    report: Report,
}

/// Reads the report that the address asks for.
///
/// # Errors
/// As `lesson::presences`.
pub async fn ask(visit: &Visit, actor: &Actor, whose: Whose) -> services::Result<Asked> {
    let chosen = query::parse(&visit.query, "weeks").filter(|weeks| PERIODS.contains(weeks));
    let weeks = chosen.unwrap_or(PERIODS[1]);
    Ok(Asked { whose, weeks, report: lesson::presences(&visit.services, actor, whose, weeks).await? })
}

/// `/admin/attendance`
#[component]
pub fn AdminAttendance() -> impl IntoView {
    only(Role::Admin, |_, actor| {
        load(
            move |visit| async move {
                let (whose, name) = chosen(&visit, &actor).await?;
                Ok((ask(&visit, &actor, whose).await?, name))
            },
            |visit, (asked, name)| view! { <ForAdmins visit asked name/> },
        )
    })
}

/// The tutor or the student whom the address names, and their name.
async fn chosen(visit: &Visit, actor: &Actor) -> services::Result<(Whose, Option<String>)> {
    if let Some(id) = query::get(&visit.query, "tutor") {
        let tutor = tutor::find(&visit.services, Some(actor), &id).await?;
        return Ok((Whose::Tutor(tutor.id), Some(tutor.name)));
    }
    match query::get(&visit.query, "student") {
        Some(id) => {
            // What is no id is nobody's.
            let id = UserId(id.parse().unwrap_or_default());
            let name = lesson::student_name(&visit.services, actor, id).await?;
            Ok((Whose::Student(id), Some(name)))
        }
        None => Ok((Whose::Everybody, None)),
    }
}

#[component]
fn ForAdmins(visit: Visit, asked: Asked, name: Option<String>) -> impl IntoView {
    let locale = visit.locale();
    let title = td_string!(locale, presence.title);
    let heading = name.as_ref().map_or_else(|| title.to_owned(), |name| format::named(locale, title, name));
    view! {
        <Title text=heading.clone()/>
        <div class="page flow">
            <PageHeader title=heading lead=td_string!(locale, presence.lead_admin)>
                {name.map(|_| view! {
                    <ButtonLink href=ADMIN_PAGE variant=ButtonVariant::Secondary size=ButtonSize::Small>{td_string!(locale, presence.everybody)}</ButtonLink>
                })}
            </PageHeader>
            <ReportView visit asked page=ADMIN_PAGE/>
        </div>
    }
}

/// The choice of a period, the sums, the weeks, the people.
#[component]
pub fn ReportView(
    /// The request.
    visit: Visit,
    /// What is shown.
    asked: Asked,
    /// The page's own address.
    page: &'static str,
) -> impl IntoView {
    let locale = visit.locale();
    let Asked { whose, weeks, report } = asked;
    let periods = PERIODS.map(|period| TabItem {
        href: if page == ADMIN_PAGE { address(whose, period) } else { format!("{page}?weeks={period}") },
        label: td_string!(locale, presence.weeks, count = period).to_string(),
        count: String::new(),
        current: period == weeks,
    });
    let words = Words::of(locale, page);
    let list = move |title, who, rows: Vec<Person>, report: fn(Uuid) -> Whose| {
        let href = move |id| (page == ADMIN_PAGE).then(|| address(report(id), weeks));
        let people = rows.into_iter().map(|row| (href(row.id), row)).collect();
        view! { <People locale words title who people/> }
    };
    let tutors = (!matches!(whose, Whose::Tutor(_))).then(|| {
        let title = td_string!(locale, presence.by_tutor);
        list(title, td_string!(locale, presence.tutor), report.tutors, |id| Whose::Tutor(TutorId(id)))
    });
    let students = (!matches!(whose, Whose::Student(_))).then(|| {
        let title = td_string!(locale, presence.by_student);
        list(title, td_string!(locale, presence.student), report.students, |id| Whose::Student(UserId(id)))
    });
    let content = if report.total.lessons == 0 {
        view! { <EmptyState glyph=Glyph::Calendar title=td_string!(locale, presence.none) text=td_string!(locale, presence.none_text)/> }.into_any()
    } else {
        view! {
            <Sums locale words tally=report.total/>
            <Card title=td_string!(locale, presence.by_week)><Weeks locale words rows=report.weeks/></Card>
            {tutors}
            {students}
        }
        .into_any()
    };
    view! {
        <Tabs label=td_string!(locale, presence.period) items=periods.to_vec()/>
        {content}
        <p class="quiet small">{td_string!(locale, presence.how)}</p>
    }
}

/// An admin's report.
fn address(whose: Whose, weeks: u32) -> String {
    let whose = match whose {
        Whose::Tutor(id) => Some(("tutor", id.to_string())),
        Whose::Student(id) => Some(("student", id.to_string())),
        Whose::Everybody => None,
    };
    format!("{ADMIN_PAGE}?{}", query::write(whose.into_iter().chain([("weeks", weeks.to_string())])))
}

/// What the columns are called: tutors read of themselves, admins of tutors.
#[derive(Clone, Copy)]
struct Words {
    tutor_in_time: &'static str,
    student_in_time: &'static str,
    together: &'static str,
    absent: &'static str,
    lessons: &'static str,
}

impl Words {
    fn of(locale: Locale, page: &str) -> Words {
        Words {
            tutor_in_time: if page == ADMIN_PAGE {
                td_string!(locale, presence.tutors_in_time)
            } else {
                td_string!(locale, presence.you_in_time)
            },
            student_in_time: td_string!(locale, presence.students_in_time),
            together: td_string!(locale, presence.together),
            absent: if page == ADMIN_PAGE {
                td_string!(locale, presence.absent_admin)
            } else {
                td_string!(locale, presence.absent)
            },
            lessons: td_string!(locale, presence.lessons),
        }
    }

    fn columns(self, first: &'static str) -> Vec<Column> {
        let numbers = [self.lessons, self.tutor_in_time, self.student_in_time, self.together, self.absent];
        [Column::text(first)].into_iter().chain(numbers.map(Column::number)).collect()
    }

    /// The cells of a tally, behind what it is of.
    fn cells(self, locale: Locale, tally: Tally) -> impl IntoView + use<> {
        let absences = format!("{} / {}", tally.tutor.absent, tally.student.absent);
        view! {
            <Cell label=self.lessons numeric=true>{format::number(locale, tally.lessons.into())}</Cell>
            <Cell label=self.tutor_in_time numeric=true>{percent(locale, tally.tutor.in_time_percent())}</Cell>
            <Cell label=self.student_in_time numeric=true>{percent(locale, tally.student.in_time_percent())}</Cell>
            <Cell label=self.together numeric=true>{percent(locale, tally.together_percent())}</Cell>
            <Cell label=self.absent numeric=true>{absences}</Cell>
        }
    }
}

fn percent(locale: Locale, value: Option<i64>) -> String {
    value.map_or_else(
        || "–".to_owned(),
        |value| td_string!(locale, presence.percent, value = value).to_string(),
    )
}

#[component]
fn Sums(locale: Locale, words: Words, tally: Tally) -> impl IntoView {
    let late = |coming: Coming| match coming.late_minutes() {
        Some(minutes) => {
            let minutes = format::minutes(locale, minutes);
            td_string!(locale, presence.late_note, count = coming.late, minutes = minutes).to_string()
        }
        None => td_string!(locale, presence.never_late).to_owned(),
    };
    let [together, agreed] =
        [tally.together_seconds, tally.scheduled_seconds].map(|seconds| hours(locale, seconds));
    let together =
        td_string!(locale, presence.together_note, together = together, agreed = agreed).to_string();
    let absences = format!("{} / {}", tally.tutor.absent, tally.student.absent);
    view! {
        <div class="grid-tiles">
            <Stat label=words.lessons value=format::number(locale, tally.lessons.into()) note=td_string!(locale, presence.lessons_note) icon=Glyph::Calendar/>
            <Stat label=words.tutor_in_time value=percent(locale, tally.tutor.in_time_percent()) note=late(tally.tutor) icon=Glyph::Degree/>
            <Stat label=words.student_in_time value=percent(locale, tally.student.in_time_percent()) note=late(tally.student) icon=Glyph::Users/>
            <Stat label=words.together value=percent(locale, tally.together_percent()) note=together icon=Glyph::Clock/>
            <Stat label=words.absent value=absences note=td_string!(locale, presence.absent_note) icon=Glyph::Ban/>
        </div>
    }
}

/// Hours with one decimal.
fn hours(locale: Locale, seconds: i64) -> String {
    let tenths = u32::try_from((seconds + 180) / 360).unwrap_or_default();
    td_string!(locale, presence.hours, count = format::tenths(locale, tenths)).to_string()
}

#[component]
fn Weeks(locale: Locale, words: Words, rows: Vec<(chrono::NaiveDate, Tally)>) -> impl IntoView {
    let week = td_string!(locale, presence.week);
    let rows = rows.into_iter().map(|(monday, tally)| {
        view! { <tr><Cell label=week>{format::date(locale, monday)}</Cell>{words.cells(locale, tally)}</tr> }
    });
    let rows = rows.collect_view();
    view! { <Table caption=td_string!(locale, presence.by_week) caption_hidden=true columns=words.columns(week)>{rows}</Table> }
}

/// A line for each person, with the way to the report on them where there is one.
#[component]
fn People(
    locale: Locale,
    words: Words,
    title: &'static str,
    who: &'static str,
    people: Vec<(Option<String>, Person)>,
) -> impl IntoView {
    let most = (people.len() == MOST_PEOPLE).then(|| {
        view! { <p class="quiet small">{td_string!(locale, presence.most, count = MOST_PEOPLE)}</p> }
    });
    let rows = people.into_iter().map(|(href, person)| {
        let name = match href {
            Some(href) => view! { <a class="link hit" href=href>{person.name}</a> }.into_any(),
            None => person.name.into_any(),
        };
        view! { <tr><Cell label=who>{name}</Cell>{words.cells(locale, person.tally)}</tr> }
    });
    let rows = rows.collect_view();
    view! {
        <Card title>
            <Table caption=title caption_hidden=true columns=words.columns(who)>{rows}</Table>
            {most}
        </Card>
    }
}
