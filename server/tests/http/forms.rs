//! Forms that a browser posts by itself, without JavaScript.

use sqlx::PgPool;

use crate::support::{Answer, Site, send, start};

/// Posts a form of the page `from` as a browser does.
async fn post(site: &Site, action: &str, from: &str, fields: &[(&str, &str)]) -> Answer {
    let request = site
        .request("POST", action)
        .header("Accept", "text/html,application/xhtml+xml")
        .header("Origin", &site.base)
        .header("Referer", format!("{}{from}", site.base));
    send(request.form(fields)).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failure_is_told_by_the_page_and_not_by_its_address(pool: PgPool) {
    let site = start(&pool).await;
    let fields = [("email", "nobody@example.org"), ("password", "wrong horse"), ("next", "/dashboard")];
    let mut from = "/login?next=%2Fdashboard".to_owned();
    // The second time the form is posted from the page that tells of the first failure.
    for _ in 0..2 {
        let answer = post(&site, "/do/sign_in", &from, &fields).await;
        assert_eq!(answer.status, 302, "{answer:?}");
        let place = answer.header("location").expect("a place").to_owned();
        let expected = format!("{}/login?next=%2Fdashboard&__path=%2Fdo%2Fsign_in", site.base);
        assert_eq!(place, expected);
        let cookie =
            answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a flash");
        let page = site.request("GET", place.trim_start_matches(&*site.base)).header("Cookie", cookie);
        let page = send(page.header("Accept", "text/html")).await;
        assert!(
            page.text.contains("nobody@example.org") && page.text.contains("role=\"alert\""),
            "{}",
            page.text
        );
        from = place.trim_start_matches(&*site.base).to_owned();
    }
    site.stop().await;
}
