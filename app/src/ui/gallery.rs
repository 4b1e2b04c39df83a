//! Every part in its states, for the development page `/dev/components`. Its sentences are samples, never shown
//! to anyone else, and so stand here and not with the translations.

use leptos::prelude::*;

use super::gallery_booking::BookingParts;
use super::gallery_forms::FormParts;
use super::*;

/// Shows every part in its states.
#[component]
pub fn Gallery() -> impl IntoView {
    view! {
        <SkipLink text="Skip to the content" />
        <SampleHeader />
        <main id="content">
            <SampleHero />
            <div class="page flow">
            <PageHeader
                kicker="Development"
                title="Components"
                lead="Every part of the interface in its states. Look at it at 320 and 1280 pixels, light and dark."
            >
                <Button variant=ButtonVariant::Secondary kind="button" icon=Glyph::Refresh>"Reload"</Button>
            </PageHeader>
            <Group title="Buttons"><ButtonParts /></Group>
            <Group title="Forms"><FormParts /></Group>
            <Group title="Booking"><BookingParts /></Group>
            <Group title="Notices and waiting"><FeedbackParts /></Group>
            <Group title="Tables and figures"><DataParts /></Group>
            <Group title="Ways"><NavigationParts /></Group>
            <Group title="Symbols"><SymbolParts /></Group>
            </div>
        </main>
        <SampleFooter />
        <DevBar label="Development">
            <span class="tabular">"2026-11-20 10:30 UTC"</span>
            <a href="/dev/mail">"Mail"</a>
            <button type="button">"+ 1 hour"</button>
            <button type="button">"Real time"</button>
        </DevBar>
    }
}

/// A part of the gallery under its heading.
#[component]
fn Group(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <section class="section">
            <h2>{title}</h2>
            <div class="flow">{children()}</div>
        </section>
    }
}

fn sample_links() -> Vec<NavLink> {
    vec![
        NavLink::new("/tutors", "Find a tutor").at("/tutors"),
        NavLink::new("/dashboard", "My lessons"),
        NavLink { count: "2".into(), ..NavLink::new("/messages", "Messages") },
    ]
}

#[component]
fn SampleHeader() -> impl IntoView {
    let extra = || view! { <ButtonLink href="/login" variant=ButtonVariant::Secondary>"Log in"</ButtonLink> };
    view! {
        <SiteHeader brand="Lectern" nav_label="Main" menu_label="Menu" nav=sample_links() menu_extra=extra>
            <ButtonLink href="/login" variant=ButtonVariant::Ghost class="only-wide">"Log in"</ButtonLink>
            <ButtonLink href="/signup">"Sign up"</ButtonLink>
        </SiteHeader>
    }
}

#[component]
fn SampleHero() -> impl IntoView {
    view! {
        <div class="hero">
            <div class="hero-inner">
                <span class="hero-shape" aria-hidden="true"></span>
                <div class="hero-text">
                    <h1>"Learn from someone who sat the same exam last year"</h1>
                    <p class="lead">
                        "Find a student tutor, book a time that is right in your own time zone, and pay after the lesson."
                    </p>
                    <div class="row hero-actions">
                        <ButtonLink href="/tutors" size=ButtonSize::Large icon=Glyph::Search>"Find a tutor"</ButtonLink>
                        <ButtonLink href="/signup" size=ButtonSize::Large variant=ButtonVariant::Secondary>"Teach"</ButtonLink>
                    </div>
                </div>
            </div>
        </div>
    }
}

#[component]
fn SampleFooter() -> impl IntoView {
    let group = |title: &str, links: [(&str, &str); 2]| FooterGroup {
        title: title.to_owned(),
        links: links.map(|(href, label)| NavLink::new(href, label)).to_vec(),
    };
    let groups = vec![
        group("Learn", [("/tutors", "Find a tutor"), ("/signup", "Sign up")]),
        group("Teach", [("/signup", "Become a tutor"), ("/api/docs", "API")]),
        group("About", [("/privacy", "Privacy"), ("/legal", "Legal notice")]),
    ];
    view! {
        <SiteFooter brand="Lectern" tagline="Tutoring that keeps its times and its prices." groups small_print="Lectern, open source.">
            <Button kind="button" variant=ButtonVariant::Ghost size=ButtonSize::Small icon=Glyph::Globe>"Français"</Button>
            <Button kind="button" variant=ButtonVariant::Ghost size=ButtonSize::Small icon=Glyph::Moon>"Dark"</Button>
        </SiteFooter>
    }
}

#[component]
fn ButtonParts() -> impl IntoView {
    view! {
        <div class="row">
            <Button kind="button">"Book this lesson"</Button>
            <Button kind="button" variant=ButtonVariant::Secondary>"Reschedule"</Button>
            <Button kind="button" variant=ButtonVariant::Ghost>"Not now"</Button>
            <Button kind="button" variant=ButtonVariant::Danger icon=Glyph::Trash>"Cancel the lesson"</Button>
        </div>
        <div class="row">
            <Button kind="button" size=ButtonSize::Small>"Small"</Button>
            <Button kind="button">"Medium"</Button>
            <Button kind="button" size=ButtonSize::Large icon=Glyph::Video>"Join the lesson"</Button>
            <Button kind="button" variant=ButtonVariant::Secondary icon=Glyph::Settings label="Settings" />
        </div>
        <div class="row">
            <Button kind="button" disabled=true>"Opens at 14:55"</Button>
            <Button kind="button" loading=true>"Booking"</Button>
            <Button kind="button" variant=ButtonVariant::Secondary loading=true>"Saving"</Button>
            <ButtonLink href="#" variant=ButtonVariant::Ghost icon=Glyph::External>"As a link"</ButtonLink>
        </div>
    }
}

#[component]
fn FeedbackParts() -> impl IntoView {
    view! {
        <Alert title="Your profile is not visible yet">"Add your university and a short biography, then switch it on."</Alert>
        <Alert tone=Tone::Success title="Lesson booked">"We have sent the details to ada@example.org."</Alert>
        <Alert tone=Tone::Warning title="Clocks change on 29 March">"Lessons after that day keep the tutor's wall time."</Alert>
        <Alert tone=Tone::Danger title="This slot has just been taken">"Choose another: the list below is fresh."</Alert>
        <div class="row">
            <DialogOpener target="sample-dialog" icon=Glyph::Calendar>"Open a dialog"</DialogOpener>
        </div>
        <Dialog
            id="sample-dialog"
            title="Cancel this lesson?"
            close_label="Close"
            actions=|| view! {
                <Button kind="button" variant=ButtonVariant::Ghost>"Keep it"</Button>
                <Button kind="button" variant=ButtonVariant::Danger class="btn-solid">"Cancel the lesson"</Button>
            }
        >
            <p>"Nothing is charged, as the lesson starts in more than two hours. Grace Obi will be told."</p>
        </Dialog>
        <div class="grid-cards">
            <Toast tone=Tone::Success text="Hours saved" dismiss_label="Dismiss" />
            <Toast tone=Tone::Danger text="You are offline. We keep trying." dismiss_label="Dismiss" />
        </div>
        <div class="grid-cards">
            <SkeletonCard />
            <Card title="Waiting"><Skeleton label="Loading lessons" lines=4 /></Card>
        </div>
        <div class="grid-cards">
            <Card>
                <EmptyState glyph=Glyph::Calendar title="No lessons yet" text="Find a tutor and book a first lesson: most have a free slot this week.">
                    <ButtonLink href="/tutors">"Find a tutor"</ButtonLink>
                </EmptyState>
            </Card>
            <Card>
                <ErrorPanel
                    title="The page could not be loaded"
                    text="Nothing you entered is lost. Try again in a moment."
                    request_label="Request"
                    request_id="5f0c9a1e"
                    retry_href="#"
                    retry_label="Try again"
                />
            </Card>
        </div>
        <ToastRegion label="Messages" />
    }
}

#[component]
fn DataParts() -> impl IntoView {
    let columns =
        vec![Column::text("Student"), Column::text("When"), Column::text("State"), Column::number("Price")];
    let lessons = [
        ("Amara Diallo", "Fri 20 Nov, 15:00", "confirmed", "Confirmed", "€25.00"),
        ("Jonas Weber", "Fri 20 Nov, 16:30", "pending_review", "Under review", "€37.50"),
        ("Léa Fontaine", "Thu 19 Nov, 10:00", "COMPLETED_ASSUMED", "Completed", "€25.00"),
        ("Mateo Ruiz", "Wed 18 Nov, 09:00", "NO_SHOW_STUDENT", "Student absent", "€12.50"),
        ("Yuki Tanaka", "Tue 17 Nov, 08:00", "cancelled", "Cancelled", "€0.00"),
    ];
    let rows = lessons
        .into_iter()
        .map(|(name, when, state, text, price)| {
            view! {
                <tr>
                    <Cell><span class="row"><Avatar name size=AvatarSize::Small /> {name}</span></Cell>
                    <Cell label="When">{when}</Cell>
                    <Cell label="State"><StateBadge state text /></Cell>
                    <Cell label="Price" numeric=true>{price}</Cell>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="grid-tiles">
            <Stat label="Lessons this month" value="42" note="6 more than in October" icon=Glyph::Calendar />
            <Stat label="Earned" value="€1,050.00" note="after fees" icon=Glyph::Wallet />
            <Stat label="Rating" value="4.8" note="31 ratings" icon=Glyph::Star />
            <Stat label="No-shows" value="2.3%" icon=Glyph::User />
        </div>
        <Card title="Lessons" actions=|| view! { <ButtonLink href="#" variant=ButtonVariant::Ghost size=ButtonSize::Small icon=Glyph::Download>"CSV"</ButtonLink> }>
            <Table caption="Lessons of this week" caption_hidden=true columns>{rows}</Table>
        </Card>
        <div class="row">
            <Avatar name="Grace Obi" size=AvatarSize::Small />
            <Avatar name="Jonas Weber" />
            <Avatar name="Léa Fontaine" size=AvatarSize::Large />
            <Avatar name="Mateo Ruiz" size=AvatarSize::Huge />
        </div>
    }
}

#[component]
fn NavigationParts() -> impl IntoView {
    let crumbs = [("/", "Home"), ("/tutors", "Tutors"), ("", "Grace Obi")]
        .map(|(href, label)| Crumb { href: href.into(), label: label.into() })
        .to_vec();
    let tabs =
        [("Today", "", true), ("Requests", "3", false), ("Availability", "", false), ("Earnings", "", false)]
            .map(|(label, count, current)| TabItem {
                href: "#".into(),
                label: label.into(),
                count: count.into(),
                current,
            })
            .to_vec();
    view! {
        <Breadcrumb label="Path" crumbs />
        <Tabs label="Console" items=tabs />
        <Pagination
            label="Pages"
            page=4
            pages=12
            href=|page| format!("?page={page}")
            previous_label="Previous"
            next_label="Next"
            page_label="Page"
        />
    }
}

#[component]
fn SymbolParts() -> impl IntoView {
    let symbols = Glyph::ALL
        .iter()
        .map(|(glyph, name)| view! { <li class="symbol"><Icon glyph=*glyph />{*name}</li> })
        .collect_view();
    view! { <ul class="grid-tiles small">{symbols}</ul> }
}
