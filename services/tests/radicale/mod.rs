//! Radicale, a CalDAV server of others, for tests: a process on a port of its own, over a folder of its own.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, Method, Response};
use services::testing::ports::free_port;
use tempfile::TempDir;

/// A CalDAV server with one account, `tina`.
pub struct Radicale {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
    password: String,
    http: Client,
}

impl Radicale {
    /// Starts it with a calendar that is called Work.
    ///
    /// # Panics
    /// Where the program is missing: nothing that needs it is skipped.
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut server = Radicale {
            folder,
            port: free_port(),
            process: None,
            password: String::new(),
            http: Client::builder().no_proxy().build().expect("a client"),
        };
        server.set_password("geheim");
        server.set_rights("RrWw");
        server.start().await;
        server.make("work", "Work", "VEVENT").await;
        server
    }

    /// Starts it again, over what it kept.
    pub async fn start(&mut self) {
        let program = std::env::var("LECTERN_TEST_RADICALE")
            .expect("LECTERN_TEST_RADICALE names no Radicale: eval \"$(scripts/stand-ins)\"");
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let config = format!(
            "[server]\nhosts = 127.0.0.1:{}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {}\n\
             htpasswd_encryption = plain\ndelay = 0\n[rights]\ntype = from_file\nfile = {}\n[storage]\n\
             filesystem_folder = {}\n[logging]\nlevel = error\n",
            self.port,
            path("users"),
            path("rights"),
            path("data")
        );
        fs::write(path("config"), config).expect("a file");
        let process = Command::new(program)
            .args(["--config", &path("config")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Radicale");
        self.process = Some(process);
        let began = Instant::now();
        while self.http.get(self.url()).send().await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "Radicale does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops it; what it kept stays.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it runs");
            process.wait().expect("it ended");
        }
    }

    /// The address of the server.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Takes another password from now on, and no more the one before.
    pub fn set_password(&mut self, password: &str) {
        fs::write(self.folder.path().join("users"), format!("tina:{password}\n")).expect("a file");
        password.clone_into(&mut self.password);
    }

    /// Starts it anew. Its account may do what these letters of Radicale's say: `R` and `r` read, `W` and `w` write.
    pub async fn restart(&mut self, rights: &str) {
        self.stop();
        self.set_rights(rights);
        self.start().await;
    }

    fn set_rights(&self, rights: &str) {
        let all = format!(
            "[root]\nuser = .+\ncollection =\npermissions = R\n[own]\nuser = .+\ncollection = {{user}}(/.*)?\npermissions = {rights}\n"
        );
        fs::write(self.folder.path().join("rights"), all).expect("a file");
    }

    /// Makes a calendar of one kind of entries.
    pub async fn make(&self, path: &str, name: &str, kind: &str) {
        let body = format!(
            "<C:mkcalendar xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><D:set><D:prop>\
             <D:displayname>{name}</D:displayname><C:supported-calendar-component-set><C:comp name='{kind}'/>\
             </C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>"
        );
        assert_eq!(self.ask("MKCALENDAR", &format!("{path}/"), &body).await.status(), 201);
    }

    /// Writes an entry under a name.
    pub async fn put(&self, path: &str, text: &str) {
        assert!(self.ask("PUT", path, text).await.status().is_success());
    }

    /// The file of an entry; `None` where there is none.
    pub async fn get(&self, path: &str) -> Option<String> {
        let answer = self.ask("GET", path, "").await;
        if answer.status() == 404 {
            return None;
        }
        assert_eq!(answer.status(), 200);
        Some(answer.text().await.expect("a file"))
    }

    /// Removes an entry, as its owner does in a calendar program.
    pub async fn delete(&self, path: &str) {
        assert_eq!(self.ask("DELETE", path, "").await.status(), 200);
    }

    /// The whole calendar as one file.
    pub async fn calendar(&self, path: &str) -> String {
        self.get(&format!("{path}/")).await.expect("a calendar")
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> Response {
        let url = format!("{}tina/{path}", self.url());
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.http.request(method, url).basic_auth("tina", Some(&self.password));
        request.body(body.to_owned()).send().await.expect("an answer")
    }
}

impl Drop for Radicale {
    fn drop(&mut self) {
        self.stop();
    }
}
