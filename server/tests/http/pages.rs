//! Pages as a browser asks for them.

use sqlx::PgPool;

use crate::{
    disputes::taught,
    money,
    support::{Answer, PASSWORD, Person, Site, send, start},
};

/// The page at `path` as the person sees it.
pub async fn page(site: &Site, person: &Person<'_>, path: &str) -> Answer {
    let request = site.request("GET", path).header("Accept", "text/html");
    send(request.header("Cookie", cookie_of(site, person).await)).await
}

/// The cookie of a browser in which the person signs in.
pub async fn cookie_of(site: &Site, person: &Person<'_>) -> String {
    let email = person.me["email"].as_str().expect("an address");
    let token =
        services::account::sign_in(&site.services, email, PASSWORD, services::account::Browser::default())
            .await
            .expect("a sign-in")
            .token;
    format!("{}={token}", server::auth::COOKIE)
}

#[sqlx::test(migrations = "../migrations")]
async fn who_cannot_book_is_told_why_and_how_to_go_on(pool: PgPool) {
    let site = start(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let student = site.person("Sam Student", "student").await;
    let path = "/book/tia-tutor?start=2027-03-01T12:00:00Z";
    let refused = page(&site, &tutor, path).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    for part in ["<h1>Only students can book", "action=\"/do/sign_out\"", "href=\"/tutors\""] {
        assert!(refused.text.contains(part), "{part} is missing: {}", refused.text);
    }
    let shown = page(&site, &student, path).await;
    assert!(shown.status == 200 && shown.text.contains("action=\"/do/hold_slot\""), "{}", shown.text);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_bar_of_development_leads_to_what_helps_developers(pool: PgPool) {
    let site = start(&pool).await;
    let start_page = send(site.request("GET", "/").header("Accept", "text/html")).await.text;
    for path in ["/api/docs", "/dev/components"] {
        assert!(start_page.contains(&format!("href=\"{path}\"")), "{path} is not linked");
        let there = send(site.request("GET", path).header("Accept", "text/html")).await;
        assert_eq!(there.status, 200, "{path}");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn admins_read_how_a_tutor_and_a_student_attended(pool: PgPool) {
    let (site, _sandbox) = money::start(&pool).await;
    let (tutor, student, _) = taught(&site).await;
    let admin = money::admin(&site).await;
    let [of_tutor, of_student] = [("tutor", tutor.tutor_id()), ("student", student.id())]
        .map(|(who, id)| format!("/admin/attendance?{who}={id}"));
    let links = [(&of_tutor, "Tina"), (&of_student, "Sam")]
        .map(|(path, name)| format!("href=\"{path}&amp;weeks=12\" class=\"link hit\">{name}<"));
    let shows = async |path: &str, whom: [bool; 2]| {
        let shown = page(&site, &admin, path).await;
        assert_eq!(shown.status, 200, "{path}");
        assert_eq!(links.each_ref().map(|link| shown.text.contains(link)), whom, "{path}: {}", shown.text);
    };
    // Everybody of whom a report tells leads to a report of their own.
    shows("/admin/attendance", [true, true]).await;
    shows(&of_tutor, [false, true]).await;
    shows(&of_student, [true, false]).await;
    for unknown in ["student=nobody", "tutor=nobody", &format!("student={}", tutor.id())] {
        assert_eq!(
            page(&site, &admin, &format!("/admin/attendance?{unknown}")).await.status,
            404,
            "{unknown}"
        );
    }
    assert_eq!(page(&site, &student, &of_student).await.status, 403);
    site.stop().await;
}
