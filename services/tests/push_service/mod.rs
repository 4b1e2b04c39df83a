//! A push service for tests (RFC 8030), and browsers that can read what it is given (RFC 8291, RFC 8188).
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
};

use aes_gcm::{Aes128Gcm, KeyInit as _, aead::Aead as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use p256::{PublicKey, SecretKey, ecdh::diffie_hellman, elliptic_curve::sec1::ToEncodedPoint as _};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// What was posted.
#[derive(Clone, Debug)]
pub struct Call {
    pub line: String,
    headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Call {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// A push service, in this process, on a port of its own.
pub struct PushService {
    addr: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    status: Arc<AtomicU16>,
}

impl PushService {
    /// Takes what is posted, until the test ends.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let service = PushService { addr, calls: Arc::default(), status: Arc::new(AtomicU16::new(201)) };
        let (calls, status) = (Arc::clone(&service.calls), Arc::clone(&service.status));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let call = take(stream, status.load(Ordering::SeqCst)).await.expect("a call");
                calls.lock().expect("no panic").push(call);
            }
        });
        service
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What it answers from now on.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no panic").clone()
    }

    /// A browser that it reaches.
    pub fn browser(&self, name: &str) -> Browser {
        let hash = Sha256::digest(name);
        Browser { endpoint: format!("{}/{name}", self.origin()), ..Browser::with(&hash, &hash[..16]) }
    }
}

async fn take(stream: TcpStream, status: u16) -> std::io::Result<Call> {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.remove(0);
    let pairs = lines.iter().filter_map(|line| line.split_once(": "));
    let headers: HashMap<_, _> = pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let mut body = vec![0; headers["content-length"].parse().expect("a length")];
    stream.read_exact(&mut body).await?;
    let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(Call { line, headers, body })
}

/// A browser.
pub struct Browser {
    pub endpoint: String,
    key: SecretKey,
    auth: Vec<u8>,
}

impl Browser {
    /// With a key and a secret.
    pub fn with(key: &[u8], auth: &[u8]) -> Self {
        Browser {
            endpoint: String::new(),
            key: SecretKey::from_slice(key).expect("a key"),
            auth: auth.to_vec(),
        }
    }

    pub fn p256dh(&self) -> String {
        URL_SAFE_NO_PAD.encode(point(&self.key.public_key()))
    }

    pub fn auth(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.auth)
    }
}

fn point(key: &PublicKey) -> Vec<u8> {
    key.to_encoded_point(false).as_bytes().to_vec()
}

/// What was sent, as its browser reads it. Panics where it is for another one.
pub fn decrypt(browser: &Browser, body: &[u8]) -> Vec<u8> {
    let (salt, rest) = body.split_at(16);
    let (record, rest) = rest.split_at(4);
    let record = u32::from_be_bytes(record.try_into().expect("four bytes")) as usize;
    let (sender, sealed) = rest[1..].split_at(rest[0].into());
    assert!(sealed.len() <= record, "one record");
    let sender_key = PublicKey::from_sec1_bytes(sender).expect("a point");
    let shared = diffie_hellman(browser.key.to_nonzero_scalar(), sender_key.as_affine());
    let info = [b"WebPush: info\0", &*point(&browser.key.public_key()), sender].concat();
    let secret: [u8; 32] = expand(&browser.auth, shared.raw_secret_bytes(), &info);
    let key: [u8; 16] = expand(salt, &secret, b"Content-Encoding: aes128gcm\0");
    let nonce: [u8; 12] = expand(salt, &secret, b"Content-Encoding: nonce\0");
    let mut text = Aes128Gcm::new(&key.into()).decrypt(&nonce.into(), sealed).expect("for this browser");
    while text.pop().expect("a delimiter") != 2 {}
    text
}

fn expand<const N: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut out).expect("short enough");
    out
}
