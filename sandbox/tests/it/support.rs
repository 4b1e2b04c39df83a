//! A started sandbox and a caller of it.

use reqwest::{Client, Method, Response};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// A sandbox and who calls it with the secret key.
pub struct Stand {
    pub sandbox: Sandbox,
    pub client: Client,
}

/// Status and body of an answer.
pub struct Got {
    pub status: u16,
    pub body: Value,
    pub replayed: bool,
}

impl Got {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// `error` of a refusal with this status.
    #[track_caller]
    pub fn error(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body["error"].clone()
    }

    /// Asserts a refusal by status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        let error = self.error(status);
        assert_eq!(error["code"], code, "{error}");
        error
    }
}

impl Stand {
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        Self { sandbox, client: Client::new() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.url())
    }

    /// Sends form pairs with the secret key; an idempotency key may be among the headers.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Got> {
        let mut request = self.client.request(method.clone(), self.url(path)).bearer_auth("sk_test_sandbox");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request = if method == Method::POST { request.form(form) } else { request.query(form) };
        got(request.send().await?).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Got {
        self.send(Method::POST, path, form, &[]).await.unwrap()
    }

    pub async fn keyed(&self, key: &str, path: &str, form: &[(&str, &str)]) -> reqwest::Result<Got> {
        self.send(Method::POST, path, form, &[("idempotency-key", key)]).await
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Got {
        self.send(Method::GET, path, query, &[]).await.unwrap()
    }

    pub async fn delete(&self, path: &str) -> Got {
        self.send(Method::DELETE, path, &[], &[]).await.unwrap()
    }

    /// Calls the control address.
    pub async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = self.url(&format!("/_control{path}"));
        let response = self.client.request(method, url).json(&body).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap_or(Value::Null)
    }

    pub async fn clock(&self, now: &str) {
        self.control(Method::PUT, "/clock", json!({ "now": now })).await;
    }

    pub async fn fault(&self, fault: Value) {
        self.control(Method::POST, "/faults", fault).await;
    }

    pub async fn state(&self) -> Value {
        self.control(Method::GET, "/state", Value::Null).await
    }

    pub async fn customer(&self) -> String {
        id(&self.post("/v1/customers", &[("email", "ada@example.org")]).await.ok())
    }

    /// Saves a card for a customer by a SetupIntent, answering the bank where it asks.
    pub async fn save(&self, customer: &str, card: &str) -> String {
        let form = [
            ("customer", customer),
            ("payment_method", card),
            ("confirm", "true"),
            NO_REDIRECT[0],
            NO_REDIRECT[1],
        ];
        let mut intent = self.post("/v1/setup_intents", &form).await.ok();
        if intent["status"] == "requires_action" {
            self.answer_bank(&intent, "complete").await;
            intent = self.get(&format!("/v1/setup_intents/{}", id(&intent)), &[]).await.ok();
        }
        assert_eq!(intent["status"], "succeeded", "{intent}");
        intent["payment_method"].as_str().unwrap().to_owned()
    }

    /// The owner's answer on the bank's page.
    pub async fn answer_bank(&self, intent: &Value, outcome: &str) {
        let (id, secret) = (id(intent), intent["client_secret"].as_str().unwrap());
        let url = self.url(&format!("/_pages/authenticate/{id}?client_secret={secret}&embedded=true"));
        let page = self.client.get(&url).send().await.unwrap();
        assert!(page.status().is_success());
        let sent = self.client.post(&url).form(&[("outcome", outcome)]).send().await.unwrap();
        assert!(sent.status().is_success(), "{}", sent.status());
    }

    /// Charges 50.00 EUR on a card in its owner's presence.
    pub async fn pay(&self, card: &str, more: &[(&str, &str)]) -> Got {
        let mut form =
            vec![("amount", "5000"), ("currency", "eur"), ("payment_method", card), ("confirm", "true")];
        form.extend(NO_REDIRECT);
        form.extend(more);
        self.post("/v1/payment_intents", &form).await
    }

    /// Charges 50.00 EUR on a saved card in its owner's absence.
    pub async fn pay_absent(&self, customer: &str, method: &str) -> Got {
        let more = [("customer", customer), ("off_session", "true")];
        self.pay(method, &more).await
    }

    /// A connected account that went through onboarding.
    pub async fn account(&self) -> String {
        let form = [("type", "express"), ("country", "FR"), ("capabilities[transfers][requested]", "true")];
        let account = id(&self.post("/v1/accounts", &form).await.ok());
        self.onboard(&account, "complete").await;
        account
    }

    /// Sends an account's owner through onboarding; answers where it leads.
    pub async fn onboard(&self, account: &str, outcome: &str) -> String {
        let form = [
            ("account", account),
            ("type", "account_onboarding"),
            ("refresh_url", "http://localhost:9/refresh"),
            ("return_url", "http://localhost:9/return"),
        ];
        let link = self.post("/v1/account_links", &form).await.ok();
        let url = link["url"].as_str().unwrap();
        let straight = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let page = straight.get(url).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let sent = straight.post(url).form(&[("outcome", outcome)]).send().await.unwrap();
        sent.headers()["location"].to_str().unwrap().to_owned()
    }
}

/// Confirming without a `return_url`.
pub const NO_REDIRECT: [(&str, &str); 2] =
    [("automatic_payment_methods[enabled]", "true"), ("automatic_payment_methods[allow_redirects]", "never")];

async fn got(response: Response) -> reqwest::Result<Got> {
    let status = response.status().as_u16();
    let replayed = response.headers().contains_key("idempotent-replayed");
    assert!(response.headers().contains_key("request-id"));
    Ok(Got { status, body: response.json().await?, replayed })
}

pub fn id(object: &Value) -> String {
    object["id"].as_str().unwrap_or_else(|| panic!("no id: {object}")).to_owned()
}
