//! The links in mails that stand for a person, as a browser without script follows them.

use services::jobs;
use sqlx::PgPool;

use crate::support::{Answer, Site, send, start};

/// The path of the link in the newest mail of a kind.
async fn link(site: &Site, kind: &str) -> String {
    let mails = site.get("/dev/mail").await.json();
    let mail =
        mails.as_array().expect("a list").iter().find(|mail| mail["kind"] == kind).expect("a mail").clone();
    let text = mail["text"].as_str().expect("a text").to_owned();
    text.lines().find_map(|line| line.strip_prefix(&site.base)).expect("a link").to_owned()
}

async fn post(site: &Site, action: &str, form: &[(&str, &str)]) -> Answer {
    send(site.request("POST", action).header("Accept", "text/html").form(form)).await
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_is_confirmed_and_a_link_signs_in(pool: PgPool) {
    let site = start(&pool).await;
    site.person("Ada Lovelace", "student").await;
    let path = link(&site, "verify_email").await;
    let token = path.strip_prefix("/verify/").expect("its address").to_owned();
    let page = site.get(&path).await;
    assert!(page.status == 200 && page.text.contains("action=\"/do/verify_email\""), "it asks");
    let confirmed = post(&site, "/do/verify_email", &[("token", &token)]).await;
    assert_eq!(confirmed.header("location"), Some("/verify/done?done=1"));
    assert_eq!(site.get("/verify/done?done=1").await.status, 200);
    assert_eq!(site.get(&path).await.status, 410, "it works once");

    let asked = post(&site, "/do/ask_sign_in_link", &[("email", "ada.lovelace@example.org")]).await;
    assert_eq!(asked.header("location"), Some("/login?sent=1"));
    jobs::drain(&site.services).await.expect("worked off");
    let path = link(&site, "sign_in_link").await;
    assert!(site.get(&path).await.text.contains("action=\"/do/use_sign_in_link\""), "it asks");
    let token = path.strip_prefix("/login/").expect("its address").to_owned();
    let entered = post(&site, "/do/use_sign_in_link", &[("token", &token)]).await;
    assert_eq!(entered.header("location"), Some("/dashboard"));
    let cookies: Vec<_> =
        entered.headers.get_all("set-cookie").iter().map(|it| it.to_str().expect("text")).collect();
    for name in ["lectern_session=", "lectern_device="] {
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(name)).expect(name);
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
    assert_eq!(site.get(&path).await.status, 410, "it works once");
    site.stop().await;
}
