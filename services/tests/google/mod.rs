//! Google and Zoom for tests: the programs that LECTERN_TEST_GOOGLE and LECTERN_TEST_ZOOM name, each on a port of its
//! own, and a browser that goes through their pages.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, Response, redirect::Policy};
use serde_json::{Value, json};
use services::testing::ports::free_port;
use url::Url;

/// A server that stands for Google, or for Zoom.
pub struct Google {
    program: &'static str,
    port: u16,
    process: Option<Child>,
    way_back: String,
    http: Client,
}

/// What a person answers on the page that asks for permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    Yes,
    No,
}

impl Google {
    /// Starts it for a client that people are sent back to at this address.
    ///
    /// # Panics
    /// Where the program is missing: nothing that needs it is skipped.
    pub async fn open(way_back: &str) -> Self {
        Google::open_at(free_port(), way_back).await
    }

    /// Starts it at a port that was free.
    pub async fn open_at(port: u16, way_back: &str) -> Self {
        Google::open_program("LECTERN_TEST_GOOGLE", port, way_back).await
    }

    /// Starts one that stands for Zoom.
    pub async fn zoom(way_back: &str) -> Self {
        Google::zoom_at(free_port(), way_back).await
    }

    /// The same at a port that was free.
    pub async fn zoom_at(port: u16, way_back: &str) -> Self {
        Google::open_program("LECTERN_TEST_ZOOM", port, way_back).await
    }

    async fn open_program(program: &'static str, port: u16, way_back: &str) -> Self {
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        let mut google = Google { program, port, process: None, way_back: way_back.to_owned(), http };
        google.start().await;
        google
    }

    /// Starts it again; it remembers nothing.
    pub async fn start(&mut self) {
        let script = std::env::var(self.program)
            .unwrap_or_else(|_| panic!("{} names no program: eval \"$(scripts/stand-ins)\"", self.program));
        let process = Command::new("node")
            .args([&script, &self.port.to_string(), &self.way_back])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("node");
        self.process = Some(process);
        let began = Instant::now();
        while self.http.post(format!("{}/test/state", self.url())).send().await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "{} does not answer", self.program);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops it.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it runs");
            process.wait().expect("it ended");
        }
    }

    /// Its address, also that of its issuer.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Goes through the pages from that to which somebody was sent, and answers with the address to which the browser
    /// is sent back.
    pub async fn visit(&self, page: &Url, login: &str, consent: Consent) -> Url {
        let browser = Client::builder().no_proxy().cookie_store(true).redirect(Policy::none()).build();
        let browser = browser.expect("a client");
        let mut answer = browser.get(page.clone()).send().await.expect("a page");
        for _ in 0..20 {
            let here = answer.url().clone();
            if answer.status().is_redirection() {
                let location = answer.headers()["location"].to_str().expect("an address");
                let next = here.join(location).expect("an address");
                if next.as_str().starts_with(&self.way_back) {
                    return next;
                }
                answer = browser.get(next).send().await.expect("a page");
                continue;
            }
            assert_eq!(answer.status(), 200, "{here}");
            answer = answer_page(&browser, &here, answer, login, consent).await;
        }
        panic!("the pages never end");
    }

    /// Changes or shows what is there: `/test/{path}`.
    pub async fn test(&self, path: &str, body: &Value) -> Value {
        let asked = self.http.post(format!("{}/test/{path}", self.url())).json(body).send().await;
        asked.expect("an answer").json().await.expect("JSON")
    }

    /// The events of a calendar that are not removed.
    pub async fn events(&self, calendar: &str) -> Vec<Value> {
        let state = self.test("look", &json!({})).await;
        let events = state["calendars"][calendar].as_array().expect("a calendar").clone();
        events.into_iter().filter(|event| event["status"] != "cancelled").collect()
    }
}

/// Signs in or consents, whichever the page asks for.
async fn answer_page(
    browser: &Client,
    here: &Url,
    page: Response,
    login: &str,
    consent: Consent,
) -> Response {
    let text = page.text().await.expect("a page");
    let signing_in = text.contains(r#"value="login""#);
    if !signing_in && consent == Consent::No {
        let abort = here.join(&format!("{}/abort", here.path())).expect("an address");
        return browser.get(abort).send().await.expect("a page");
    }
    let form: &[(&str, &str)] = if signing_in {
        &[("prompt", "login"), ("login", login), ("password", "any")]
    } else {
        &[("prompt", "consent")]
    };
    browser.post(here.clone()).form(form).send().await.expect("a page")
}

impl Drop for Google {
    fn drop(&mut self) {
        self.stop();
    }
}
