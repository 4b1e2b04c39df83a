//! The programs themselves: the server and the provider's stand-in, started, killed and started again.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::points::PATIENCE;

/// Between two looks at something that is waited for.
pub const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The bearer of an outside scheduler.
pub const CRON: &str = "a scheduler outside, at least 16 bytes";

/// Who signs the provider's messages.
pub const WEBHOOK_SECRET: &str = "whsec_of_this_test";

/// A process that ends with the test.
struct Process(Child);

impl Process {
    /// SIGKILL: nothing of it runs any more.
    fn kill(&mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The provider's stand-in.
pub struct Sandbox {
    /// Where it listens.
    pub url: String,
    client: reqwest::Client,
    _process: Process,
}

impl Sandbox {
    /// Starts one that tells its events to a server, signed.
    pub fn start(server: &str) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_server")).with_file_name("sandbox");
        assert!(program.exists(), "{} is missing: cargo build -p sandbox", program.display());
        let mut process = Command::new(program)
            .args(["--addr", "127.0.0.1:0", "--webhook-url", &format!("http://{server}/api/stripe/webhook")])
            .args(["--webhook-secret", WEBHOOK_SECRET, "--webhook-retry-ms", "50", "--exit-with-parent"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the sandbox");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let url = line.trim().rsplit(' ').next().expect("an address").to_owned();
        assert!(url.starts_with("http://"), "{line}");
        Sandbox { url, client: reqwest::Client::new(), _process: Process(process) }
    }

    /// Tells the sandbox something.
    pub async fn control(&self, method: &str, path: &str, body: &Value) {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, format!("{}/_control/{path}", self.url));
        let answer = request.json(body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// What there is, counted.
    pub async fn state(&self) -> Value {
        let answer = self.client.get(format!("{}/_control/state", self.url)).send().await;
        answer.expect("an answer").json().await.expect("an object")
    }

    /// How its messages fare.
    pub async fn report(&self) -> Value {
        let answer = self.client.get(format!("{}/_control/webhooks", self.url)).send().await;
        answer.expect("an answer").json().await.expect("an object")
    }

    /// Has the provider's own staff do something.
    pub async fn tell(&self, path: &str, form: &[(&str, &str)]) {
        let request = self.client.post(format!("{}/v1/{path}", self.url)).bearer_auth("sk_test_sandbox");
        let answer = request.form(form).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// Asks the sandbox as the provider.
    pub async fn ask(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}/v1/{path}", self.url)).bearer_auth("sk_test_sandbox");
        request.send().await.expect("an answer").json().await.expect("an object")
    }
}

/// Where a server finds what it needs.
#[derive(Clone)]
pub struct Environment {
    pub address: String,
    pub database: String,
    pub provider: String,
    /// What its servers say.
    pub log: PathBuf,
    /// More of its variables.
    pub more: Vec<(String, String)>,
}

/// A server.
pub struct Server {
    process: Process,
    /// Where it listens.
    pub base: String,
}

impl Server {
    /// Starts `server serve` and waits until it is ready.
    pub async fn start(environment: &Environment, options: &[&str]) -> Self {
        let output = File::options().append(true).create(true).open(&environment.log).expect("a log");
        let process = Command::new(env!("CARGO_BIN_EXE_server"))
            .arg("serve")
            .args(options)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .env("LECTERN_ENV", "development")
            .env("LECTERN_ADDR", &environment.address)
            .env("DATABASE_URL", &environment.database)
            .env("STRIPE_API_BASE", &environment.provider)
            .env("STRIPE_SECRET_KEY", "sk_test_sandbox")
            .env("STRIPE_PUBLISHABLE_KEY", "pk_test_sandbox")
            .env("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .env("CRON_SECRET", CRON)
            .env("RATE_LIMITS", "off")
            .env_remove("SMTP_URL")
            .envs(environment.more.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stderr(output.try_clone().expect("a log"))
            .stdout(output)
            .spawn()
            .expect("the server");
        let base = format!("http://{}", environment.address);
        let mut server = Server { process: Process(process), base };
        server.wait_until_ready(&environment.log).await;
        server
    }

    async fn wait_until_ready(&mut self, log: &Path) {
        let url = format!("{}/readyz", self.base);
        let began = Instant::now();
        while !reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
            let said = || fs::read_to_string(log).unwrap_or_default();
            assert!(self.process.0.try_wait().expect("its status").is_none(), "it ended:\n{}", said());
            assert!(began.elapsed() < PATIENCE, "the server is not ready:\n{}", said());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}
